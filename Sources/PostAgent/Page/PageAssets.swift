import Crypto
import FoundationEssentials
import TipModel

/// The files of Sources/PostAgent/Web, which are part of the program.
enum PageAssets {
    struct Asset: Sendable {
        let bytes: [UInt8]
        let type: String
        /// Names the content: a browser may keep it for good.
        let version: String

        init(_ bytes: [UInt8], _ type: String) {
            self.bytes = bytes
            self.type = type
            version = hexadecimal(SHA256.hash(data: Data(bytes)).prefix(6))
        }
    }

    static let scripts = ["page.js", "panic.js", "photo.js", "live.js"]

    static let files: [String: Asset] = [
        "page.css": Asset(PackageResources.page_css, "text/css; charset=utf-8"),
        "page.js": Asset(PackageResources.page_js, "text/javascript; charset=utf-8"),
        "panic.js": Asset(PackageResources.panic_js, "text/javascript; charset=utf-8"),
        "photo.js": Asset(PackageResources.photo_js, "text/javascript; charset=utf-8"),
        "live.js": Asset(PackageResources.live_js, "text/javascript; charset=utf-8"),
        "icon.svg": Asset(PackageResources.icon_svg, "image/svg+xml"),
    ]

    static let templates: [String: String] = [
        "page": text(PackageResources.page_mustache), "reports": text(PackageResources.reports_mustache),
        "report": text(PackageResources.report_mustache), "open": text(PackageResources.open_mustache),
        "panic": text(PackageResources.panic_mustache), "head": text(PackageResources.head_mustache),
    ]

    static func url(_ name: String) -> String { "/page/\(name)?v=\(files[name]?.version ?? "")" }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
