import Foundation
import LocalHTTP
import TestSupport
import Testing
import TipModel

@testable import Accounts
@testable import Board

@Suite("Signing in by pages")
struct PageTests {
    @Test("the first link makes an admin who is signed in, by plain forms")
    func first() async throws {
        let harness = try BoardHarness()
        try await harness.serve { port in
            let link = try harness.accounts.firstLink()
            let form = try await HTTPPeer.ask(port, "GET", "/first?token=\(link)")
            #expect(form.status == 200 && form.body.contains("value=\"\(link)\""))
            let differs = try await HTTPPeer.ask(
                port, "POST", "/first", body: "token=\(link)&name=boss&password=correct+horse&again=correct+hors", json: false)
            #expect(differs.status == 422 && differs.body.contains("两次输入的密码不一致"))
            let short = try await HTTPPeer.ask(port, "POST", "/first", body: "token=\(link)&name=boss&password=short&again=short", json: false)
            #expect(short.status == 422 && short.body.contains("至少 10 个字符"))
            let made = try await HTTPPeer.ask(
                port, "POST", "/first", body: "token=\(link)&name=boss&password=correct+horse&again=correct+horse", json: false)
            #expect(made.status == 303)
            let cookie = try #require(made.cookie)
            let session = try await HTTPPeer.ask(port, "GET", "/api/v1/session", ["Cookie": cookie])
            #expect(try session.json()["role"] as? String == "admin")
            #expect(try await HTTPPeer.ask(port, "GET", "/first?token=\(link)").status == 410)
        }
    }

    @Test("the cookie is for this site and for HTTP only; signing out ends the session and needs the page's token")
    func cookie() async throws {
        let harness = try BoardHarness()
        _ = try await harness.accounts.add(NewAccount(name: "duty", role: .desk, password: password), by: "root")
        try await harness.serve { port in
            let entered = try await HTTPPeer.ask(port, "POST", "/login", body: "name=duty&password=correct+horse&next=%2Fstatistics", json: false)
            #expect(entered.status == 303 && entered.headers["location"] == "/statistics")
            let set = try #require(entered.headers["set-cookie"])
            for word in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] { #expect(set.contains(word)) }
            #expect(!set.contains("Secure"))
            let cookie = try #require(entered.cookie)
            let csrf = try #require(
                try await HTTPPeer.ask(port, "GET", "/api/v1/session", ["Cookie": cookie]).json()["csrf_token"] as? String)
            #expect(try await HTTPPeer.ask(port, "POST", "/logout", ["Cookie": cookie], body: "x=1", json: false).status == 403)
            let out = try await HTTPPeer.ask(port, "POST", "/logout", ["Cookie": cookie], body: "csrf=\(csrf)", json: false)
            #expect(out.status == 303 && out.headers["set-cookie"]?.contains("Max-Age=0") == true)
            #expect(try await HTTPPeer.ask(port, "GET", "/api/v1/session", ["Cookie": cookie]).status == 401)
        }
    }

    @Test("a password is changed with the old one, and the other sessions end")
    func changes() async throws {
        let harness = try BoardHarness()
        _ = try await harness.accounts.add(NewAccount(name: "duty", role: .desk, password: password), by: "root")
        let other = try await harness.token("duty")
        try await harness.serve { port in
            let cookie = try #require(try await HTTPPeer.ask(port, "POST", "/login", body: "name=duty&password=correct+horse", json: false).cookie)
            let csrf = try #require(
                try await HTTPPeer.ask(port, "GET", "/api/v1/session", ["Cookie": cookie]).json()["csrf_token"] as? String)
            let page = try await HTTPPeer.ask(port, "GET", "/password", ["Cookie": cookie])
            #expect(page.body.contains(csrf))
            let changed = try await HTTPPeer.ask(
                port, "POST", "/password", ["Cookie": cookie],
                body: "csrf=\(csrf)&old_password=correct+horse&password=battery+staple&again=battery+staple", json: false)
            #expect(changed.status == 303)
            #expect(try await HTTPPeer.ask(port, "GET", "/api/v1/session", ["Cookie": cookie]).status == 200)
            #expect(try await HTTPPeer.ask(port, "GET", "/api/v1/session", ["Authorization": "Bearer \(other)"]).status == 401)
        }
    }

    @Test("every answer carries the policy, also one that is an error")
    func headers() async throws {
        let harness = try BoardHarness()
        try await harness.serve { port in
            for path in ["/login", "/nothing", "/api/v1/nothing", "/api/v1/openapi.json"] {
                let reply = try await HTTPPeer.ask(port, "GET", path)
                let policy = try #require(reply.headers["content-security-policy"])
                #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'") && !policy.contains("unsafe"))
                #expect(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"))
                #expect(reply.headers["referrer-policy"] == "same-origin" && reply.headers["cache-control"] == "no-store")
            }
            let login = try await HTTPPeer.ask(port, "GET", "/login?next=%22%3E%3Cscript%3E")
            #expect(!login.body.contains("<script"))
        }
    }

    @Test("the language is the browser's, until one is chosen")
    func language() async throws {
        let harness = try BoardHarness()
        try await harness.serve { port in
            #expect(try await HTTPPeer.ask(port, "GET", "/login").body.contains("lang=\"zh-CN\""))
            let english = try await HTTPPeer.ask(port, "GET", "/login", ["Accept-Language": "fr, en-GB;q=0.8, zh;q=0.5"])
            #expect(english.body.contains("lang=\"en\""))
            let chosen = try await HTTPPeer.ask(port, "POST", "/language", body: "language=en&next=%2Flogin", json: false)
            #expect(chosen.status == 303 && chosen.headers["location"] == "/login")
            #expect(try await HTTPPeer.ask(port, "GET", "/login", ["Cookie": try #require(chosen.cookie)]).body.contains("lang=\"en\""))
        }
    }

    @Test("with a certificate the board speaks TLS, and the cookie is bound to it")
    func tls() async throws {
        let folder = try TemporaryDirectory()
        try await tool(
            "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            "/CN=board", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder.file("key.pem"), "-out", folder.file("cert.pem"))
        func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: folder.file(name)))) }
        let identity = try TLSIdentity(certificate: try bytes("cert.pem"), key: try bytes("key.pem"))
        let harness = try BoardHarness()
        _ = try await harness.accounts.add(NewAccount(name: "duty", role: .desk, password: password), by: "root")
        try await harness.serve(tls: identity) { port in
            let text = try await tool(
                "/usr/bin/curl", "-s", "-i", "--cacert", folder.file("cert.pem"), "https://127.0.0.1:\(port)/login", "-d",
                "name=duty&password=correct horse")
            let reply = try #require(Reply(text))
            #expect(reply.status == 303)
            #expect(reply.cookie?.hasPrefix("__Host-watchpost=") == true && reply.headers["set-cookie"]?.contains("; Secure") == true)
            #expect(reply.headers["strict-transport-security"] != nil)
            // Plain HTTP gets nothing there.
            let plain = try HTTPPeer(port: port)
            try plain.send("GET /login HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(!(await plain.read()).contains("HTTP/1.1 200"))
        }
        try await tool("/usr/bin/openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder.file("other.pem"))
        let (certificate, other) = (try bytes("cert.pem"), try bytes("other.pem"))
        #expect(throws: TLSIdentity.Failure.mismatch) { try TLSIdentity(certificate: certificate, key: other) }
        #expect(throws: TLSIdentity.Failure.certificate) { try TLSIdentity(certificate: [1], key: other) }
        #expect(throws: TLSIdentity.Failure.key) { try TLSIdentity(certificate: certificate, key: []) }
    }
}

/// Runs a program and gives its output.
@discardableResult
func tool(_ path: String, _ arguments: String...) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            let process = Process()
            process.executableURL = URL(filePath: path)
            process.arguments = arguments
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            do {
                try process.run()
                let data = output.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
