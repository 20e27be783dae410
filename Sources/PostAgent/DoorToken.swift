import Access
import Glibc

/// The token that HTTP requests over loopback must carry. Programs at the post read it from the file.
enum DoorToken {
    /// Reads the file, or makes it with 32 random bytes in hexadecimal on the first run.
    /// - Throws: ``PostAgentError`` for a mode that lets others read it, or content that is no token.
    static func load(path: String) throws(PostAgentError) -> String {
        let token: String
        do throws(SecretFile.Failure) {
            if access(path, F_OK) != 0, errno == ENOENT {
                let new = PageSessions.random(32)
                try SecretFile.create(path, Array((new + "\n").utf8))
                return new
            }
            token = String(decoding: try SecretFile.read(path), as: UTF8.self).filter { !$0.isWhitespace }
        } catch {
            throw PostAgentError(message: "\(error)")
        }
        guard (32...256).contains(token.utf8.count), token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw PostAgentError(message: "\(path): is not a token (32 to 256 printable characters); delete it and a new one is made")
        }
        return token
    }
}
