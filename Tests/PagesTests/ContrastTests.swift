@testable import Board
import Foundation
import Testing

/// WCAG 2.2 AA: text has at least 4.5:1 to what it stands on, in light and in dark.
struct ContrastTests {
    private static let pairs = [
        ("text", "ground"), ("text", "panel"), ("text", "raised"), ("muted", "ground"), ("muted", "panel"), ("muted", "raised"),
        ("link", "ground"), ("link", "panel"), ("routine", "panel"), ("good", "panel"), ("warn-text", "warn-ground"),
        ("alarm-text", "alarm-ground"), ("alarm-text", "panel"), ("on-urgent", "urgent-ground"), ("text", "flash"), ("muted", "flash"),
    ]
    /// Those that are the same in light and dark.
    private static let fixed = [("ffffff", "b3161b"), ("ffffff", "1d5fd0"), ("1c1000", "f29a2e"), ("ffffff", "14202b"), ("ffffff", "7c1014")]

    /// The colours of each block of the style sheet that sets them: light, dark by the machine, dark by choice.
    private var themes: [[String: String]] {
        let css = String(decoding: PackageResources.base_css, as: UTF8.self)
        return css.split(separator: "}").compactMap { block in
            var colours: [String: String] = [:]
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ":")
                guard parts.count == 2, let name = parts.first?.trimmingCharacters(in: .whitespaces), name.hasPrefix("--") else { continue }
                colours[String(name.dropFirst(2))] = parts[1].trimmingCharacters(in: CharacterSet(charactersIn: " #;"))
            }
            return colours.isEmpty ? nil : colours
        }
    }

    private func luminance(_ hex: String) throws -> Double {
        let value = try #require(Int(hex, radix: 16), "\(hex)")
        let channels = [value >> 16, value >> 8 & 255, value & 255].map { channel -> Double in
            let part = Double(channel) / 255
            return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }

    private func contrast(_ one: String, _ other: String) throws -> Double {
        let (a, b) = (try luminance(one), try luminance(other))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    @Test func everyTextCanBeRead() throws {
        #expect(themes.count == 3)
        for theme in themes {
            for (text, ground) in Self.pairs {
                let ratio = try contrast(try #require(theme[text]), try #require(theme[ground]))
                #expect(ratio >= 4.5, "\(text) on \(ground): \(ratio)")
            }
        }
        for (text, ground) in Self.fixed { #expect(try contrast(text, ground) >= 4.5, "\(text) on \(ground)") }
    }

    /// Dark by choice is the dark that the machine prefers.
    @Test func bothDarksAreTheSame() { #expect(themes.count == 3 && themes[1] == themes[2]) }
}
