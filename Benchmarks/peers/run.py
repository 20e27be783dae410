#!/usr/bin/python3
"""Runs message brokers and Watchpost in turn on this machine and prints how they compare.

Each round runs ours, ours in batches, and every peer once (A B C D, A B C D, …), each with a server of its own in a fresh
folder, so that what else the machine does falls on all alike. Payload, connections and messages in flight are the same for
all. What each does and does not do for a message stands under the table: they do not do the same.

    Benchmarks/peers/run.py                                    # everything, five rounds
    Benchmarks/peers/run.py --strace --json peers.json         # and count who syncs, and keep the figures
    Benchmarks/peers/run.py --peers redis,jetstream --rounds 3 --payload 250
    Benchmarks/peers/run.py --list
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import report  # noqa: E402
import servers  # noqa: E402
from ours import Ours  # noqa: E402
from servers import PEERS, PeerError, Strace  # noqa: E402

OURS_FACTS = {
    "acknowledges": "receipt: on disk in the journal, correlated, scored, and sent to one patrol",
    "fsync": "yes: each group before its receipts",
    "identity": "yes: the sender is the enrolled key; a tip sent twice counts once",
    "encryption": "yes: CURVE, enrolled keys only",
}
# Raw libzmq is done in a moment with what takes a broker seconds.
RAW_SCALE = 5
MOST_PAYLOAD = 64 << 10
STRACE_MESSAGES, STRACE_WARMUP, STRACE_TIPS = 5_000, 500, 20_000


def progress(text):
    print(text, file=sys.stderr, flush=True)


def build(out):
    made = subprocess.run(
        ["make", "-s", "-C", HERE, f"OUT={out}"], capture_output=True, text=True, timeout=120)
    if made.returncode != 0:
        raise PeerError(f"the clients do not build (as root: .ci/packages peers):\n{made.stderr[-2000:]}")


def submit_message():
    """A SUBMIT with one tip, header and body: the worked example of docs/protocol.md, whose bytes its test checks."""
    with open(os.path.join(ROOT, "docs", "protocol.md"), encoding="utf-8") as file:
        text = file.read()
    found = b""
    for name in ("submit-header", "submit-body"):
        block = re.search(rf"^```hex {name}\n(.*?)^```$", text, re.M | re.S)
        if not block:
            raise PeerError(f"docs/protocol.md has no block {name}")
        found += bytes.fromhex("".join(line.split(";")[0] for line in block.group(1).splitlines()))
    return found


def payload_arguments(payload, folder):
    """(arguments of peer-load, bytes) of a number of bytes, `tip`, or a file."""
    if payload.isdigit():
        if not 1 <= int(payload) <= MOST_PAYLOAD:
            raise PeerError(f"--payload must be 1 to {MOST_PAYLOAD} bytes, and is {payload}")
        return ["--size", payload], int(payload)
    path = payload
    if payload == "tip":
        path = os.path.join(folder, "tip")
        with open(path, "wb") as file:
            file.write(submit_message())
    if not os.path.isfile(path):
        raise PeerError(f"--payload {payload}: neither a number of bytes, nor tip, nor a file")
    return ["--payload", os.path.abspath(path)], os.path.getsize(path)


def load(peer, arguments, deadline):
    """One run of peer-load against a started peer; everything must be acknowledged, and held where the peer can tell."""
    command = [os.path.join(servers.RawZeroMQ.programs, "peer-load"), *peer.arguments(), *arguments,
               "--server", str(peer.process.pid), "--deadline", str(deadline)]
    try:
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=deadline + 10,
            preexec_fn=servers.die_with_parent)
    except subprocess.TimeoutExpired:
        raise PeerError(f"{peer.name}: peer-load does not end") from None
    if ran.returncode != 0:
        raise PeerError(f"{peer.name}: {ran.stderr.strip()}\nthe server's log:\n{peer.tail()}")
    result = json.loads(ran.stdout)
    for count in ("stored", "delivered"):
        if result[count] is not None and result[count] != result["acknowledged_in_all"]:
            raise PeerError(f"{peer.name}: {result['acknowledged_in_all']} acknowledged, {result[count]} {count}")
    return result


@contextlib.contextmanager
def started(kind, base):
    """A peer with a server of its own, in a folder that is gone afterwards."""
    folder = tempfile.mkdtemp(prefix=f"{kind.name}-", dir=base)
    peer = kind(folder)
    try:
        peer.start()
        yield peer
    finally:
        peer.end()
        shutil.rmtree(folder, ignore_errors=True)


def scaled(kind, messages):
    return messages * RAW_SCALE if issubclass(kind, servers.RawZeroMQ) else messages


def shape(options):
    return ["--connections", str(options.connections), "--window", str(options.window)]


def run_peer(kind, payload, options, base, is_timed):
    arguments, size = payload_arguments(payload, base)
    # One way there is no answer to a message, so no latency.
    timed = options.latency_messages if is_timed and not issubclass(kind, servers.OneWay) else 0
    with started(kind, base) as peer:
        result = load(peer, [
            *shape(options), *arguments, "--messages", str(scaled(kind, options.messages)), "--warmup",
            str(scaled(kind, options.warmup)), "--latency-messages", str(timed), "--rate", str(options.rate)], options.deadline)
    return {"who": kind.name, "payload": payload, "payload_bytes": size, "messages_per_second": result["messages_per_second"],
            "latency_ms": result["latency_ms"], "server_cpu_us_per_message": result["server_cpu_us_per_message"], "detail": result}


def run_ours(ours, name, batch, options):
    found = ours.throughput(options, batch, options.messages, options.deadline)
    latency = ours.latency(options, options.deadline) if name == report.OURS else None
    cpu = found.get("cpu_microseconds_per_tip")
    return {"who": name, "payload": "tips", "payload_bytes": None, "messages_per_second": found["tips_per_second"],
            "latency_ms": latency, "server_cpu_us_per_message": cpu, "detail": found}


def strace_all(kinds, ours, options, base):
    """One short round each, slowed by strace, for the count alone."""
    counted = {}
    if ours:
        progress("strace: ours")
        found = ours.throughput(options, 1, STRACE_TIPS, options.deadline, strace=True)
        if found.get("strace_syncs") is None:
            raise PeerError("watchpost bench --strace gave no strace_syncs")
        counted[report.OURS] = {
            "messages": STRACE_TIPS, "calls": {"fdatasync or fsync": found["strace_syncs"]},
            "syncs_per_1000": found["strace_syncs"] * 1000 / STRACE_TIPS, "files_synced_by_writes": [],
            "told_by_the_daemon": found.get("fsyncs")}
    for kind in kinds:
        progress(f"strace: {kind.name}")
        with started(kind, base) as peer:
            strace = Strace(peer.process.pid, peer.folder)
            try:
                result = load(peer, [
                    *shape(options), "--size", "250", "--messages", str(STRACE_MESSAGES), "--warmup", str(STRACE_WARMUP)],
                    options.deadline)
            finally:
                calls = strace.end()
            counted[kind.name] = {
                "messages": result["acknowledged_in_all"], "calls": calls,
                "syncs_per_1000": sum(calls.values()) * 1000 / result["acknowledged_in_all"],
                "files_synced_by_writes": peer.files_synced_by_writes()}
    return counted


def filesystem(folder):
    best = ("", "unknown")
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, mount, kind = line.split()[:3]
            if os.path.commonpath([mount, folder]) == mount and len(mount) >= len(best[0]):
                best = (mount, kind)
    return best[1]


def machine(folder):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.M)
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = re.search(r"^MemTotal:\s*(\d+)", file.read(), re.M)
    return {"processor": model.group(1) if model else "unknown", "cores": len(os.sched_getaffinity(0)),
            "memory_mib": int(memory.group(1)) // 1024 if memory else None, "kernel": os.uname().release,
            "filesystem": filesystem(folder), "load_before": os.getloadavg()[0]}


def compare(options, base):
    kinds, left_out = [], {}
    for name in options.peers:
        kind = PEERS[name]
        if kind.program:
            servers.program(kind.program, kind.package)
        why = kind.why_not(base) if hasattr(kind, "why_not") else None
        if why:
            left_out[name] = why
            progress(f"{name} is left out: {kind.program} {kind.version()} says: {why}")
        else:
            kinds.append(kind)
    if options.latency_messages / options.rate > options.deadline - 5:
        raise PeerError("the latency run takes longer than --deadline")
    if options.strace:
        servers.program("strace", "strace")
    for payload in options.payload:
        payload_arguments(payload, base)
    ours = Ours(options.bin_dir, ROOT, base) if options.ours else None
    place = machine(base)
    if place["filesystem"] in ("tmpfs", "ramfs"):
        raise PeerError(f"{base} is on {place['filesystem']}, where syncing costs nothing; name a folder on a disk with --folder")
    if place["load_before"] > place["cores"] / 2:
        progress(f"the machine is busy (load {place['load_before']:.1f} on {place['cores']} cores): these figures are not for publishing")
    timed = "tip" if "tip" in options.payload else options.payload[0]
    results = []
    for number in range(1, options.rounds + 1):
        turns = []
        if ours:
            turns.append((report.OURS, lambda: run_ours(ours, report.OURS, 1, options)))
            turns.append((report.OURS_BATCH, lambda: run_ours(ours, report.OURS_BATCH, options.batch, options)))
        for kind in kinds:
            for payload in options.payload:
                turns.append((f"{kind.name} {payload}", lambda kind=kind, payload=payload: run_peer(
                    kind, payload, options, base, payload == timed)))
        for name, turn in turns:
            begun = time.monotonic()
            result = {"round": number, "load_before": os.getloadavg()[0], **turn()}
            results.append(result)
            progress(f"round {number}/{options.rounds}  {name:24} {result['messages_per_second']:>12,.0f}/s"
                     f"  ({time.monotonic() - begun:.0f} s)")
    straced = strace_all(kinds, ours, options, base) if options.strace else {}
    facts = {name: OURS_FACTS for name in (report.OURS,) if ours}
    facts.update({kind.name: {
        "version": f"{kind.package} {kind.version()}", "acknowledges": kind.acknowledges, "fsync": kind.fsync,
        "identity": kind.identity, "encryption": kind.encryption} for kind in kinds})
    return {
        "machine": place, "options": {key: getattr(options, key) for key in (
            "messages", "warmup", "connections", "window", "batch", "rounds", "rate", "latency_messages", "payload")},
        "raw_libzmq_messages": options.messages * RAW_SCALE, "facts": facts, "left_out": left_out,
        "summary": report.summarize(results), "strace": straced, "results": results}


def bounded(least, most):
    def read(text):
        if not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be {least} to {most}, and is {text}")
        return int(text)
    return read


def peer_names(text):
    names = text.split(",")
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(PEERS)}")
    return names


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="say what the peers are and do, and end")
    parser.add_argument("--peers", type=peer_names, default=list(PEERS), help="names with commas between (default: all)")
    parser.add_argument("--no-ours", dest="ours", action="store_false", help="leave Watchpost out")
    parser.add_argument("--bin-dir", default=os.path.join(ROOT, ".build", "release"), help="where watchpost and watchpostd lie")
    parser.add_argument("--rounds", type=bounded(1, 50), default=5)
    parser.add_argument("--messages", type=bounded(1_000, 2_000_000), default=200_000,
                        help=f"of one run (default 200000; raw libzmq {RAW_SCALE} times as many)")
    parser.add_argument("--warmup", type=bounded(0, 200_000), default=20_000, help="before it, not counted (ours has its own)")
    parser.add_argument("--connections", type=bounded(1, 256), default=8, help="and posts of ours (default 8)")
    parser.add_argument("--window", type=bounded(1, 8_192), default=512, help="messages in flight on each (default 512)")
    parser.add_argument("--batch", type=bounded(2, 512), default=64, help="tips in a message of ours-batch (default 64)")
    parser.add_argument("--payload", type=lambda text: text.split(","), default=["250", "tip"],
                        help="of the peers: bytes, tip (a SUBMIT with one tip), or files, with commas between (default 250,tip)")
    parser.add_argument("--latency-messages", type=bounded(0, 100_000), default=5_000,
                        help="of the open loop of each round, with one payload (default 5000; 0: none)")
    parser.add_argument("--rate", type=bounded(1, 100_000), default=1_000, help="messages a second in it (default 1000)")
    parser.add_argument("--deadline", type=bounded(5, 3_600), default=180, help="seconds for one run (default 180)")
    parser.add_argument("--strace", action="store_true", help="then count syncs, in one short round each")
    parser.add_argument("--folder", help="where the servers write (default: $TMPDIR or /tmp); a folder on a disk")
    parser.add_argument("--json", metavar="FILE", help="write everything there")
    return parser.parse_args()


def main():
    options = read_options()
    if options.list:
        for kind in PEERS.values():
            print(f"{kind.name}: {kind.package} {kind.version()}\n    acknowledges  {kind.acknowledges}\n    fsync         {kind.fsync}")
        return 0
    # So that every `finally` runs and no child is left.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        # Short, for Unix sockets under it.
        with tempfile.TemporaryDirectory(prefix="peers-", dir=options.folder, ignore_cleanup_errors=True) as base:
            base = os.path.realpath(base)
            servers.RawZeroMQ.programs = os.path.join(ROOT, ".build", "peers")
            build(servers.RawZeroMQ.programs)
            found = compare(options, base)
    except (PeerError, OSError) as error:
        progress(f"run.py: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, ensure_ascii=False, indent=1)
            file.write("\n")
    print(report.render(found["summary"], found["strace"], found["facts"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
