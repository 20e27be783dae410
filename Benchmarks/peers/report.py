"""Medians, spread and ratios of the rounds, and the tables."""

import statistics

OURS, OURS_BATCH = "ours", "ours-batch"


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "rounds": len(values)}


def ratios(ours, peer):
    """Of each round by itself, since what the machine does changes from one to the next: {round: rate} of both."""
    both = [ours[number] / peer[number] for number in sorted(ours.keys() & peer.keys())]
    return spread(both) if both else None


def summarize(results):
    """`results`: one dict for each run. Gives one row for each participant and payload, in the order of their first run."""
    groups = {}
    for result in results:
        groups.setdefault((result["who"], result["payload"]), []).append(result)
    rates = {key: {run["round"]: run["messages_per_second"] for run in runs} for key, runs in groups.items()}
    by_name = {who: rates[who, payload] for who, payload in rates if who in (OURS, OURS_BATCH)}
    rows = []
    for (who, payload), runs in groups.items():
        row = {"who": who, "payload": payload, "payload_bytes": runs[0]["payload_bytes"],
               "messages_per_second": spread([run["messages_per_second"] for run in runs])}
        cpu = [run["server_cpu_us_per_message"] for run in runs if run.get("server_cpu_us_per_message") is not None]
        row["server_cpu_us_per_message"] = spread(cpu) if cpu else None
        timed = [run["latency_ms"] for run in runs if run.get("latency_ms")]
        row["latency_ms"] = {name: spread([run[name] for run in timed]) for name in ("p50", "p99")} if timed else None
        if who not in by_name:
            for name in by_name:
                row[name.replace("-", "_") + "_ratio"] = ratios(by_name[name], rates[who, payload])
        rows.append(row)
    return rows


def table(header, rows):
    """Text columns; the first two are words, the others stand right."""
    cells = [header, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for row in cells:
        lines.append("  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))).rstrip())
    return "\n".join(lines)


def render(rows, straced, facts):
    def number(value, digits=0):
        return f"{value:,.{digits}f}"

    def between(found, write=number):
        if not found:
            return "–"
        text = write(found["median"])
        return text if found["rounds"] == 1 else f"{text} ({write(found['least'])}–{write(found['most'])})"

    def two(value):
        return number(value, 2)

    def ratio(value):
        return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"

    body = []
    for row in rows:
        latency = row["latency_ms"] or {}
        syncs = straced.get(row["who"])
        body.append([
            row["who"], f"{row['payload']} ({row['payload_bytes']} B)" if row["payload_bytes"] else row["payload"],
            between(row["messages_per_second"]), between(row.get("ours_ratio"), ratio), between(row.get("ours_batch_ratio"), ratio),
            between(latency.get("p50"), two), between(latency.get("p99"), two), between(row["server_cpu_us_per_message"], two),
            number(syncs["syncs_per_1000"], 2) if syncs else "–"])
    header = ["who", "payload", "acknowledged/s", "ours/peer", "ours-batch/peer", "p50 ms", "p99 ms", "server µs/msg", "syncs/1,000"]
    lines = [table(header, body), "", "Median of the rounds (least–most); a ratio is taken within each round.", ""]
    lines += [name + (f" ({fact['version']})" if "version" in fact else "") + f":\n    acknowledges  {fact['acknowledges']}\n    fsync         {fact['fsync']}\n"
              f"    identity      {fact['identity']}\n    encryption    {fact['encryption']}" for name, fact in facts.items()]
    for name, counted in straced.items():
        calls = ", ".join(f"{count} {call}" for call, count in sorted(counted["calls"].items())) or "none"
        by_writes = f"; opened to sync each write: {', '.join(counted['files_synced_by_writes'])}" if counted["files_synced_by_writes"] else ""
        told = f"; the daemon tells of {counted['told_by_the_daemon']}" if counted.get("told_by_the_daemon") is not None else ""
        lines.append(f"strace of {name}: {calls} in {counted['messages']:,} messages{told}{by_writes}")
    return "\n".join(lines)
