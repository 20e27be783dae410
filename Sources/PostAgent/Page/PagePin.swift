import Access
import Glibc

/// The PIN that opens the page over HTTPS.
enum PagePin {
    static let digits = 6...12

    /// Reads the file, or makes it with eight random digits on the first run.
    /// - Throws: ``PostAgentError`` for a mode that lets others read it, or content that is no PIN.
    static func load(path: String) throws(PostAgentError) -> String {
        let pin: String
        do throws(SecretFile.Failure) {
            if access(path, F_OK) != 0, errno == ENOENT {
                var random = SystemRandomNumberGenerator()
                let new = String((0..<8).map { _ in Character(String(Int.random(in: 0...9, using: &random))) })
                try SecretFile.create(path, Array((new + "\n").utf8))
                return new
            }
            pin = String(decoding: try SecretFile.read(path), as: UTF8.self).filter { !$0.isWhitespace }
        } catch {
            throw PostAgentError(message: "\(error)")
        }
        guard digits.contains(pin.utf8.count), pin.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw PostAgentError(
                message: "\(path): a PIN has \(digits.lowerBound) to \(digits.upperBound) digits; delete the file and a new one is made")
        }
        return pin
    }
}
