// Enrolment is the same for posts and units: make the key pair here, send the public key, write the bundle. The order is
// what matters: everything that can be checked is checked before the daemon is told, because an enrolment whose
// secret could not be written is a key that nobody has.

import Access
import Administration
import ArgumentParser
import FoundationEssentials
import Glibc
import LocalHTTP
import Localization
import Settings
import TipModel
import Workbench
import ZeroMQ

/// What `post add` and `patrol-unit add` share.
struct EnrolOptions: ParsableArguments {
    @Option(help: hint("密钥包写到哪里，- 为标准输出；默认 ./ID.yaml", "Where the bundle goes, - for standard output. (default: ./ID.yaml)", "file"))
    var out: String?

    @Option(help: hint("批量登记的清单", "Enrol all in this file.", "file"))
    var from: String?

    @Option(help: hint("批量登记时密钥包的目录", "With --from: the folder for the bundles.", "folder"))
    var outDir: String?

    // A key may begin with a dash.
    @Option(parsing: .unconditional, help: hint("只登记这个公钥（Z85），密钥由对方保管", "Enrol this public key (Z85); whoever made it keeps the secret.", "key"))
    var publicKey: String?

    @Option(help: hint("写进密钥包的地址，可重复；默认守护进程自己的", "Address for the bundle; may be repeated. (default: the daemon's own)", "endpoint"))
    var endpoint: [String] = []

    @Flag(help: hint("换新密钥：旧密钥立即失效", "Replace the key: the old one is refused from now on."))
    var replace = false

    func validate(id: String?) throws {
        switch (id, from) {
        case (nil, nil): throw ValidationError(tell("须给出编号，或用 --from 批量登记", "give an id, or --from FILE"))
        case (_?, _?): throw ValidationError(tell("编号和 --from 只能选一个", "give an id or --from, not both"))
        case (nil, _?):
            guard outDir != nil else { throw ValidationError(tell("--from 须配 --out-dir", "--from needs --out-dir")) }
            guard out == nil, publicKey == nil else {
                throw ValidationError(tell("--from 不能与 --out、--public-key 同用", "--from goes with neither --out nor --public-key"))
            }
        case (_?, nil):
            guard outDir == nil else { throw ValidationError(tell("--out-dir 只用于 --from", "--out-dir is for --from only")) }
        }
        if publicKey != nil, out != nil {
            throw ValidationError(tell("--public-key 没有密钥可写，不能用 --out", "with --public-key there is no secret to write: leave out --out"))
        }
    }
}

/// What became of one enrolment, as `--json` prints it.
struct EnrolmentOutcome: Codable, Hashable {
    /// `enrolled`, `present` (it was enrolled with this very bundle) or `failed`.
    var state: String
    var principal: String
    var publicKey: String?
    var sequence: UInt64?
    var bundle: String?
    var daemonPublicKey: String?
    var endpoints: [String]?
    var error: String?

    enum CodingKeys: String, CodingKey {
        case state, principal, sequence, bundle, endpoints, error
        case publicKey = "public_key"
        case daemonPublicKey = "daemon_public_key"
    }
}

/// Enrols one or many.
struct Enroller {
    let admin: AdminOptions
    let options: EnrolOptions
    let output: OutputOptions
    var words: Words { output.words }

    // MARK: One

    func enrol(_ subject: EnrolmentSubject) async throws {
        if let text = options.publicKey {
            guard let key = CurveKey(z85: text) else {
                throw CLIFailure(words("--public-key 须为 40 个字符的 Z85", "--public-key must be 40 characters of Z85"), code: 64)
            }
            let enrolled = try await send(subject, key)
            let outcome = EnrolmentOutcome(
                state: "enrolled", principal: enrolled.principal, publicKey: text, sequence: enrolled.sequence,
                daemonPublicKey: enrolled.daemonPublicKey, endpoints: endpoints(subject, enrolled))
            return try output.print(outcome) {
                words(
                    "已登记 \(enrolled.principal)。对方的密钥包还需要：\ndaemon_public_key: '\(enrolled.daemonPublicKey)'\n地址：",
                    "\(enrolled.principal) is enrolled. Its bundle also needs:\ndaemon_public_key: '\(enrolled.daemonPublicKey)'\nendpoints: ")
                    + endpoints(subject, enrolled).joined(separator: ", ")
            }
        }
        let path = options.out ?? "./\(subject.id).yaml"
        if path != "-" { try checkFree(path) }
        let keys = try pair()
        let enrolled = try await send(subject, keys.publicKey)
        let bundle = KeyBundle(subject, keys: keys, enrolled: enrolled, endpoints: endpoints(subject, enrolled))
        if path == "-" { return Output.write(bundle.render(), to: STDOUT_FILENO) }
        try write(bundle, path, subject)
        let outcome = EnrolmentOutcome(
            state: "enrolled", principal: enrolled.principal, publicKey: bundle.publicKey, sequence: enrolled.sequence,
            bundle: path, daemonPublicKey: enrolled.daemonPublicKey, endpoints: bundle.endpoints)
        try output.print(outcome) {
            words(
                "已登记 \(enrolled.principal)，密钥包 \(path)（权限 0600）。请用安全的方式交给对方，并在本机删除。",
                "\(enrolled.principal) is enrolled; its bundle is \(path) (mode 0600). Hand it over safely and delete it here.")
        }
        for endpoint in bundle.endpoints { warnIfUnreachable(endpoint) }
    }

    // MARK: Many

    func enrolAll(_ subjects: [EnrolmentSubject], folder: String) async throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CLIFailure(words("无法建立目录 \(folder)：\(error)", "\(folder) cannot be made: \(error)"))
        }
        let list = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.enrolments() }
        var counts: [String: Int] = [:]
        for (index, subject) in subjects.enumerated() {
            let outcome = try await enrolOne(subject, folder: folder, list)
            counts[outcome.state, default: 0] += 1
            if output.json { try printJSON(outcome) }
            let place = "[\(index + 1)/\(subjects.count)] \(outcome.principal) "
            switch outcome.state {
            case "enrolled": progress(place + words("已登记", "enrolled"))
            case "present": progress(place + words("已登记过，密钥包在，跳过", "is enrolled with its bundle: skipped"))
            default: Output.errorLine(place + words("失败：", "failed: ") + (outcome.error ?? ""))
            }
        }
        let (new, present, failed) = (counts["enrolled"] ?? 0, counts["present"] ?? 0, counts["failed"] ?? 0)
        if !output.json {
            Output.line(
                words(
                    "新登记 \(new)，跳过 \(present)，失败 \(failed)。密钥包在 \(folder)，权限 0600。",
                    "\(new) enrolled, \(present) skipped, \(failed) failed. The bundles are in \(folder), mode 0600."))
        }
        if failed > 0 { throw ExitCode(ExitStatusCode.failed) }
    }

    /// - Throws: only when the daemon cannot be asked at all: what is wrong with one must not stop the others.
    private func enrolOne(_ subject: EnrolmentSubject, folder: String, _ list: EnrolmentList) async throws(CLIFailure) -> EnrolmentOutcome {
        let path = folder + "/" + subject.id + ".yaml"
        let principal = "\(subject.kind):\(subject.id)"
        let known = list.enrolments.first { $0.kind == subject.kind && $0.id == subject.id && !$0.revoked }
        do throws(CLIFailure) {
            if access(path, F_OK) == 0 {
                let bundle = try existing(path, subject, list)
                if known?.publicKey == bundle.publicKey {
                    return EnrolmentOutcome(state: "present", principal: principal, publicKey: bundle.publicKey, bundle: path)
                }
                // The bundle of an earlier run that broke off before the daemon had it, or of a journal that is gone.
                guard let key = CurveKey(z85: bundle.publicKey) else { throw CLIFailure(words("\(path) 里没有公钥", "\(path) has no public key")) }
                let enrolled = try await send(subject, key)
                return EnrolmentOutcome(
                    state: "enrolled", principal: principal, publicKey: bundle.publicKey, sequence: enrolled.sequence, bundle: path)
            }
            guard known == nil || options.replace else {
                throw CLIFailure(
                    words(
                        "已登记，但 \(path) 不存在：找回密钥包，或用 --replace 换新密钥",
                        "is enrolled, but \(path) is not there: find the bundle, or make a new key with --replace"))
            }
            let keys = try pair()
            let enrolled = try await send(subject, keys.publicKey)
            let bundle = KeyBundle(subject, keys: keys, enrolled: enrolled, endpoints: endpoints(subject, enrolled))
            try write(bundle, path, subject)
            return EnrolmentOutcome(
                state: "enrolled", principal: principal, publicKey: bundle.publicKey, sequence: enrolled.sequence, bundle: path)
        } catch {
            guard error.code == ExitStatusCode.failed else { throw error }
            return EnrolmentOutcome(state: "failed", principal: principal, error: error.message)
        }
    }

    private func existing(_ path: String, _ subject: EnrolmentSubject, _ list: EnrolmentList) throws(CLIFailure) -> KeyBundle {
        let bundle: KeyBundle
        do throws(SettingsError) { bundle = try KeyBundle.load(path: path) } catch { throw CLIFailure(error.description) }
        let holder =
            switch bundle.holder {
            case .post(let id, _): "post:\(id)"
            case .unit(let id, _): "unit:\(id)"
            }
        guard holder == "\(subject.kind):\(subject.id)" else {
            throw CLIFailure(words("\(path) 是 \(holder) 的密钥包", "\(path) is the bundle of \(holder)"))
        }
        guard bundle.daemonPublicKey == list.daemonPublicKey else {
            throw CLIFailure(
                words("\(path) 属于另一个守护进程：移走后再登记", "\(path) belongs to another daemon: move it away and enrol again"))
        }
        return bundle
    }

    // MARK: Parts

    private func send(_ subject: EnrolmentSubject, _ key: CurveKey) async throws(CLIFailure) -> Enrolled {
        try await admin.ask(words) { (client) throws(LocalHTTPClientError) in
            try await client.enrol(subject, publicKey: key.z85, replace: options.replace)
        }
    }

    private func pair() throws(CLIFailure) -> CurveKeyPair {
        do throws(ZeroMQError) { return try CurveKeyPair.generate() } catch {
            throw CLIFailure(words("无法生成密钥：\(error)", "no key can be made: \(error)"))
        }
    }

    private func endpoints(_ subject: EnrolmentSubject, _ enrolled: Enrolled) -> [String] {
        if !options.endpoint.isEmpty { return options.endpoint }
        return [subject.kind == "post" ? enrolled.tipsEndpoint : enrolled.feedEndpoint]
    }

    private func checkFree(_ path: String) throws(CLIFailure) {
        guard access(path, F_OK) != 0 else {
            throw CLIFailure(
                words("\(path) 已存在，不会覆盖：移走它，或用 --out 写到别处", "\(path) exists and is never overwritten: move it away, or write elsewhere with --out"))
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard access(folder, W_OK) == 0 else {
            throw CLIFailure(words("无法写入目录 \(folder)", "the folder \(folder) cannot be written"))
        }
    }

    private func write(_ bundle: KeyBundle, _ path: String, _ subject: EnrolmentSubject) throws(CLIFailure) {
        do throws(SecretFile.Failure) {
            try SecretFile.create(path, Array(bundle.render().utf8))
        } catch {
            throw CLIFailure(
                words(
                    "已登记，但密钥包没有写成（\(error)）：排除原因后加 --replace 重新登记",
                    "it is enrolled, but its bundle was not written (\(error)): mend that and enrol it again with --replace"))
        }
    }

    /// An address that means "all of this machine" leads a client nowhere.
    private func warnIfUnreachable(_ endpoint: String) {
        guard endpoint.hasPrefix("tcp://0.0.0.0:") || endpoint.hasPrefix("tcp://*:") || endpoint.hasPrefix("tcp://[::]:") else {
            return
        }
        Output.errorLine(
            words.catalogue.text(
                .warningPrefix,
                words(
                    "地址 \(endpoint) 别的机器连不上：用 --endpoint tcp://本站地址:端口 --replace 重新登记，或改密钥包里的地址",
                    "\(endpoint) leads other machines nowhere: edit the bundle's address, or name it with --endpoint")))
    }

    private func progress(_ line: String) {
        if !output.json { Output.errorLine(line) }
    }
}

// MARK: - Listing and revoking

/// Prints the enrolments of one kind.
func listEnrolments(_ kind: String, _ admin: AdminOptions, _ output: OutputOptions) async throws {
    let words = output.words
    let list = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in try await client.enrolments() }
    let chosen = list.enrolments.filter { $0.kind == kind }
    if output.json {
        for enrolment in chosen { try printJSON(enrolment) }
    } else {
        Output.line(enrolmentTable(chosen, words).text)
    }
}

func enrolmentTable(_ enrolments: [EnrolmentReport], _ words: Words) -> Table {
    let catalogue = words.catalogue
    var table = Table([
        .init(words("编号", "ID")), .init(words("名称", "NAME"), most: 44, narrow: .goes), .init(catalogue.text(.headingZone), narrow: .shrinks),
        .init(catalogue.text(.headingState)), .init(words("公钥", "PUBLIC KEY")),
    ])
    for enrolment in enrolments {
        table.add(
            enrolment.id, enrolment.name, enrolment.zones.joined(separator: " "),
            enrolment.revoked ? catalogue.text(.stateRevoked) : words("已登记", "enrolled"), enrolment.publicKey)
    }
    return table
}

func revoke(_ kind: String, _ id: String, reason: String, _ admin: AdminOptions, _ output: OutputOptions) async throws {
    let words = output.words
    let revocation = try await admin.ask(words) { (client) throws(LocalHTTPClientError) in
        try await client.revoke(Revoke(kind: kind, id: id, reason: reason))
    }
    try output.print(revocation) {
        words("已吊销 \(revocation.principal)，立即生效（第 \(revocation.sequence) 条记录）。", "\(revocation.principal) is revoked from now on (record \(revocation.sequence)).")
    }
}
