import HTTPTypes
import Hummingbird
import NIOCore

extension Board {
    /// Style sheets, scripts and the icon: the same for everybody, signed in or not.
    func addAssets(to group: some RouterMethods<BoardContext>) {
        let files: [(name: String, type: String, bytes: [UInt8])] = [
            ("base.css", "text/css; charset=utf-8", PackageResources.base_css),
            ("desk.css", "text/css; charset=utf-8", PackageResources.desk_css),
            ("patrol.css", "text/css; charset=utf-8", PackageResources.patrol_css),
            ("live.js", "text/javascript; charset=utf-8", PackageResources.live_js),
            ("alarm.js", "text/javascript; charset=utf-8", PackageResources.alarm_js),
            ("icon.svg", "image/svg+xml", PackageResources.icon_svg),
        ]
        for file in files {
            let buffer = ByteBuffer(bytes: file.bytes)
            let headers: HTTPFields = [.contentType: file.type, .cacheControl: "private, max-age=300"]
            group.get(RouterPath("/assets/\(file.name)")) { _, _ in
                Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: buffer))
            }
        }
    }
}
