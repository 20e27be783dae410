import LocalHTTP
import Measurement
import Supervision
import TipModel
import ZeroMQ

/// What the agent tells a monitoring system at the post.
struct AgentMonitoring: Sendable {
    let spool: Spool
    let clock: PostClock
    let board: AgentBoard
    let limits: Spool.Limits
    let directory: String
    let software: String
    let startedAt: Timestamp

    var probes: Probes { Probes(metrics: { metrics() }, unhealthy: { [] }, unready: { unready() }) }

    /// Ready means that tips are taken: the daemon may be away for days.
    func unready() -> [String] {
        let counts = spool.counts
        return counts.depth >= limits.maxTips - limits.emergencyReserve || counts.bytes >= limits.maxBytes - limits.reservedBytes
            ? ["the spool is full: only emergencies are taken"] : []
    }

    func metrics() -> String {
        var out = Exposition()
        let (counts, link, now) = (spool.counts, board.link, clock.time.now())
        func age(_ moment: Timestamp?) -> Double? { moment.map { Double(max(0, now.milliseconds(since: $0))) / 1_000 } }
        out.gauge("watchpost_agent_build_info", "Always 1; its label is the software.", [([("software", software)], 1)])
        out.gauge("watchpost_agent_spool_tips", "Tips that wait for a receipt.", Double(counts.depth))
        out.gauge("watchpost_agent_spool_limit_tips", "Most tips that may wait.", Double(limits.maxTips))
        out.gauge("watchpost_agent_spool_bytes", "Bytes of those tips.", Double(counts.bytes))
        out.gauge("watchpost_agent_spool_oldest_seconds", "Age of the oldest of them; 0 for none.", age(counts.oldest) ?? 0)
        out.gauge("watchpost_agent_dead_letters", "Tips that were refused for good and are kept.", Double(counts.deadLetters))
        // Of this series: another one begins where the spool was lost.
        out.counter("watchpost_agent_tips_total", "Tips that this spool has numbered.", counts.nextNumber &- 1)
        out.gauge(
            "watchpost_agent_link_up", "1 while the daemon answers. The label tells how the link stands.",
            [([("condition", link.condition.code)], link.condition == .connected ? 1 : 0)])
        if let heard = age(link.lastHeard) { out.gauge("watchpost_agent_daemon_last_seen_seconds", "How long ago the daemon was heard.", heard) }
        if let receipt = age(link.lastReceipt) { out.gauge("watchpost_agent_last_receipt_seconds", "How long ago the last receipt came.", receipt) }
        if let skew = link.skew { out.gauge("watchpost_agent_clock_skew_seconds", "The daemon's clock less this machine's.", Double(skew) / 1_000) }
        if let disk = DiskSpace(at: directory) { out.gauge("watchpost_agent_disk_free_bytes", "Space that the spool may still use.", Double(disk.free)) }
        ProcessFigures().write(into: &out, startedAt: startedAt.milliseconds)
        return out.text
    }
}
