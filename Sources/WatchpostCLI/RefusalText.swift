import LocalHTTP
import Localization
import TipModel

/// A refusal in the user's language: the server's own words where they are known, else those of its code with the
/// server's for the detail.
///
/// - Parameter asked: whether the server itself refused what it was asked, and not a tip: some codes then mean less.
func describe(_ error: JSONError, _ words: Words, asked: Bool = false) -> String {
    let message = clean(error.message)
    guard words.language == .zh else {
        // Without the field before it where the message begins with it anyway.
        guard let field = error.field, !message.hasPrefix(field) else { return message }
        return "\(clean(field)): \(message)"
    }
    let field = error.field.map { RefusalText.fields[$0] ?? clean($0) }
    let detail = error.field.map { message.hasPrefix($0 + ": ") ? String(message.dropFirst($0.count + 2)) : message } ?? message
    if let known = RefusalText.chinese(detail) { return (field.map { "\($0)：" } ?? "") + known }
    let name =
        switch error.code {
        case "not_found" where asked: "没有找到"
        case "conflict" where asked: "冲突"
        case "too_many": "数量已满"
        case "spool_full": "本机待送队列已满"
        case "disk_full": "本机磁盘已满"
        case "spool_in_use": "本机队列被另一进程占用"
        case "expired": "存放过久，已停止自动上报"
        case "unknown_field", "missing_field", "wrong_type", "bad_json": "内容有误"
        default: RejectionCode.allCases.first { $0.name == error.code }.map { words.catalogue.name($0) } ?? clean(error.code)
        }
    return name + (field.map { "（\($0)）" } ?? "") + "：" + detail
}

/// What daemon and agent say in English, for those who read Chinese. The wire has codes and fields; these are the sentences
/// that people meet most. One that is worded otherwise is shown as it is.
private enum RefusalText {
    static let fields = [
        "tip.category": "类别", "category": "类别", "text": "内容", "tip.text": "内容", "place": "地点", "tip.place": "地点",
        "reporter": "上报人", "tip.reporter": "上报人", "zone": "责任区", "zones": "责任区", "members": "人数", "name": "名称",
        "position": "位置", "position.latitude": "纬度", "position.longitude": "经度", "position.accuracy_m": "精度",
        "reason": "原因", "unit": "巡组", "to": "接替的巡组", "from": "交出的巡组", "disposition": "处置结果", "into": "并入", "tips": "线索", "tip": "线索", "observed_at": "时间", "tip.id": "编号", "id": "编号", "public_key": "公钥", "level": "级别", "number": "编号",
    ]

    /// Of the desk's actions.
    private static func desk(_ sentence: String) -> String? {
        if let parts = phrase(sentence, "there is no open incident ", "") { return "没有未结警情 \(parts[0])" }
        if let parts = phrase(sentence, "", " was merged into ", "; nothing more is possible") { return "\(parts[0]) 已并入 \(parts[1])" }
        if let parts = phrase(sentence, "", " is cleared; nothing more is possible") { return "\(parts[0]) 已处置完毕" }
        if let parts = phrase(sentence, "", " is cleared; possible: reopen") { return "\(parts[0]) 已处置完毕；可以重新打开" }
        if let parts = phrase(sentence, "", " is not cleared; nothing is to be opened again") { return "\(parts[0]) 没有结案，不必重新打开" }
        if let parts = phrase(sentence, "", " is cleared; nothing is to be acknowledged") { return "\(parts[0]) 已处置完毕，不必已阅" }
        if let parts = phrase(sentence, "no unit ", " is enrolled") { return "没有登记巡组 \(parts[0])" }
        if let parts = phrase(sentence, "", " does not have ", "; nobody does") { return "\(parts[0]) 没有接 \(parts[1])，无人接单" }
        if let parts = phrase(sentence, "", " does not have ", "; ", " does") {
            return "\(parts[0]) 没有接 \(parts[1])，现由 \(parts[2]) 负责"
        }
        if let parts = phrase(sentence, "", " has ", " already; possible: release") { return "\(parts[0]) 已在处置 \(parts[1])" }
        if let parts = phrase(sentence, "", " is with nobody; possible: assign") { return "\(parts[0]) 无人接单；可以指派" }
        if let parts = phrase(sentence, "", " has ", " units, the most; possible: recall one first") {
            return "\(parts[0]) 已有 \(parts[1]) 个巡组，达到上限；先召回一个"
        }
        if let parts = phrase(sentence, "", " was merged into ", "; act on that one") { return "\(parts[0]) 已并入 \(parts[1])，请处理后者" }
        if let parts = phrase(sentence, "", " cannot be merged into itself") { return "\(parts[0]) 不能并入自己" }
        if let parts = phrase(sentence, "", " is a drill and the other one is not") { return "\(parts[0]) 是演练，另一条不是" }
        if let parts = phrase(sentence, "not a tip of ", ": ", "") { return "不是 \(parts[0]) 的线索：\(parts[1])" }
        if let parts = phrase(sentence, "at least one tip of ", " must stay; it has ", "") {
            return "\(parts[0]) 至少要留一条线索，现有 \(parts[1]) 条"
        }
        if let parts = phrase(sentence, "", " was not regraded; there is nothing to lift") { return "\(parts[0]) 没有定级可撤" }
        return nil
    }

    static func chinese(_ sentence: String) -> String? {
        if let parts = phrase(sentence, "there is no incident ", "") { return "没有警情 \(parts[0])" }
        if let parts = phrase(sentence, "there is no dead letter with number ", "") { return "没有第 \(parts[0]) 号被拒线索" }
        if let parts = phrase(sentence, "", " is enrolled already; ", "") { return "\(parts[0]) 已登记：先吊销，或用 --replace 换新密钥" }
        if let parts = phrase(sentence, "", " is not enrolled") { return "\(parts[0]) 没有登记" }
        if let parts = phrase(sentence, "", " is not configured; there are ", "") { return "没有 \(parts[0])，现有 \(parts[1])" }
        if let parts = phrase(sentence, "", " is not one of the configured categories") { return "没有 \(parts[0]) 这个类别" }
        if let parts = phrase(sentence, "", " posts are enrolled, the most that ", " allows") {
            return "已登记 \(parts[0]) 个哨点，达到 \(parts[1]) 的上限"
        }
        if let parts = phrase(sentence, "may have at most ", " bytes of UTF-8, has ", ""), let most = Int(parts[0]) {
            return "最多 \(most) 字节（约 \(most / 3) 个汉字），现有 \(parts[1]) 字节"
        }
        if let parts = phrase(sentence, "must be ", "…", "") { return "须在 \(parts[0])–\(parts[1]) 之间" }
        if let known = desk(sentence) { return known }
        if sentence == "must not be empty" { return "不能为空" }
        return nil
    }
}
