#!/usr/bin/python3
"""Holds the peers' load generator (Benchmarks/peers) to what it says that it counts.

First against a server of this file's own, which misbehaves on purpose: answers late, too much, with an error or not at all. Then,
where their packages are installed, against the real peers. Prints one line for each check; exits 1 when one fails.

    /usr/bin/python3 Tests/python/test_peers.py
"""

import faulthandler
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PEERS_FOLDER = os.path.join(ROOT, "Benchmarks", "peers")
sys.path.insert(0, PEERS_FOLDER)
sys.dont_write_bytecode = True

import report  # noqa: E402
import run  # noqa: E402
import servers  # noqa: E402

MESSAGES, WARMUP, LATENCY = 2_000, 200, 200
CONNECTIONS, WINDOW = 4, 64


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def __call__(self, name, holds, found=""):
        if holds:
            self.passed += 1
            print(f"ok    {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {name}" + (f": {found}" if found != "" else ""), flush=True)

    def equal(self, name, found, expected):
        self(name, found == expected, f"{found!r} is not {expected!r}")


class FakeRedis(threading.Thread):
    """One connection of something like Redis. `behave(server, entries)` is told how many XADDs are unanswered."""

    ENTRY = b"$3\r\n1-0\r\n"

    def __init__(self, behave):
        super().__init__(daemon=True)
        self.behave, self.most_unanswered, self.answered, self.stalled = behave, 0, 0, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        try:
            self.connection, _ = self.listener.accept()
            with self.connection:
                self.connection.settimeout(20)
                self.serve()
        except OSError:
            pass

    def serve(self):
        pending = b""
        while data := self.connection.recv(1 << 16):
            pending += data
            for question, reply in ((b"PING\r\n", b"+PONG\r\n"), (b"XLEN tips\r\n", b":%d\r\n" % self.answered)):
                if pending.startswith(question):
                    pending = pending[len(question):]
                    self.connection.sendall(reply)
            entries = [match.end() for match in re.finditer(rb"\*5\r\n.*?\$10\r\n.{10}\r\n", pending, re.S)]
            self.most_unanswered = max(self.most_unanswered, len(entries))
            if entries:
                taken = self.behave(self, len(entries))
                if taken:
                    pending = pending[entries[taken - 1]:]

    def answer(self, count):
        self.connection.sendall(self.ENTRY * count)
        self.answered += count
        return count


def against(behave, *arguments):
    server = FakeRedis(behave)
    server.start()
    with tempfile.NamedTemporaryFile() as payload:
        payload.write(b"0123456789")
        payload.flush()
        ran = subprocess.run(
            [os.path.join(servers.RawZeroMQ.programs, "peer-load"), "--protocol", "redis", "--port", str(server.port),
             "--connections", "1", "--payload", payload.name, *arguments],
            capture_output=True, text=True, timeout=40)
    server.listener.close()
    return server, ran


def check_generator(check):
    def patient(server, entries):
        # Nothing is answered until the window is full, or nothing more comes.
        if entries == 7 or server.answered + entries == 700:
            return server.answer(entries)
        return 0

    server, ran = against(patient, "--messages", "700", "--warmup", "0", "--window", "7")
    check.equal("window: never more than it in flight, and as many", (ran.returncode, server.most_unanswered), (0, 7))
    check.equal("window: everything is counted", json.loads(ran.stdout or "{}").get("acknowledged_in_all"), 700)

    _, ran = against(lambda server, entries: server.answer(entries) and server.answer(1), "--messages", "10", "--warmup", "0")
    check("an answer too many ends the run", ran.returncode == 1 and "never sent" in ran.stderr, ran.stderr)

    def refuse(server, entries):
        server.connection.sendall(b"-OOM command not allowed\r\n")
        return entries

    _, ran = against(refuse, "--messages", "10", "--warmup", "0")
    check("a refusal ends the run with its words", ran.returncode == 1 and "OOM" in ran.stderr, ran.stderr)

    begun = time.monotonic()
    _, ran = against(lambda server, entries: 0, "--messages", "10", "--warmup", "0", "--deadline", "1")
    check("no answer: ended by the deadline, by name", ran.returncode == 1 and "throughput: not done after 1 s" in ran.stderr, ran.stderr)
    check("and soon after it", time.monotonic() - begun < 10, time.monotonic() - begun)

    def hang_up(server, entries):
        server.connection.close()
        return entries

    _, ran = against(hang_up, "--messages", "10", "--warmup", "0")
    check("a peer that goes away ends the run", ran.returncode == 1 and "redis: " in ran.stderr, ran.stderr)

    def stall(server, entries):
        # Once, for 0.3 s: the 300 messages that were due in it waited on average half of it.
        if server.answered > 300 and not server.stalled:
            server.stalled = True
            time.sleep(0.3)
        return server.answer(entries)

    _, ran = against(stall, "--messages", "0", "--warmup", "0", "--latency-messages", "1000", "--rate", "1000")
    found = (json.loads(ran.stdout or "{}").get("latency_ms") or {"samples": 0, "p99": 0, "max": 0})
    check("a stall is in the latency of everything that was due in it",
          found["samples"] == 1000 and found["p99"] > 200 and found["max"] >= 290, found)

    for name, arguments in {
            "too many connections": ["--connections", "1000"], "a window of 0": ["--window", "0"],
            "a port that is none": ["--port", "x"], "a payload of 0 bytes": ["--size", "0"]}.items():
        ran = subprocess.run(
            [os.path.join(servers.RawZeroMQ.programs, "peer-load"), "--protocol", "nats", "--port", "1", *arguments],
            capture_output=True, text=True, timeout=20)
        check(f"{name}: refused with its bound", ran.returncode == 64 and " to " in ran.stderr, ran.stderr)


def check_report(check):
    def result(number, who, rate, payload="250", **more):
        return {"round": number, "who": who, "payload": payload, "payload_bytes": 250, "messages_per_second": rate, **more}

    rows = report.summarize([
        result(1, "ours", 100, "tips"), result(1, "ours-batch", 300, "tips"), result(1, "redis", 200, latency_ms={"p50": 1, "p99": 4}),
        result(2, "ours", 300, "tips"), result(2, "ours-batch", 300, "tips"), result(2, "redis", 100, latency_ms={"p50": 3, "p99": 6}),
    ])
    redis = next(row for row in rows if row["who"] == "redis")
    check.equal("a ratio is taken within each round", redis["ours_ratio"], {"median": 1.75, "least": 0.5, "most": 3.0, "rounds": 2})
    check.equal("and for batches too", redis["ours_batch_ratio"]["median"], 2.25)
    check.equal("latencies are medians of the rounds", redis["latency_ms"]["p50"]["median"], 2)
    check("ours has no ratio to itself", all("ours_ratio" not in row for row in rows if row["who"].startswith("ours")))
    text = report.render(rows, {}, {"redis": {"version": "7", "acknowledges": "a", "fsync": "b", "identity": "c", "encryption": "d"}})
    check("the table names every participant", all(f"\n{who} " in "\n" + text for who in ("ours", "ours-batch", "redis")), text)
    message = run.submit_message()
    check("the tip is a SUBMIT of docs/protocol.md", message.startswith(b"WP\x01\x01") and b"suspicious_person" in message, message)


def check_peer(check, kind, base):
    """Everything is acknowledged once and held; who syncs is seen by strace."""
    try:
        with run.started(kind, base) as peer:
            try:
                strace = servers.Strace(peer.process.pid, peer.folder)
            except servers.PeerError as error:
                print(f"SKIPPED  {kind.name}: counting its syncs: {error}", flush=True)
                strace = None
            try:
                timed = LATENCY if not issubclass(kind, servers.OneWay) else 0
                arguments, _ = run.payload_arguments("tip", base)
                found = run.load(peer, [
                    *arguments, "--messages", str(MESSAGES), "--warmup", str(WARMUP), "--connections",
                    str(CONNECTIONS), "--window", str(WINDOW), "--latency-messages", str(timed)], 60)
            finally:
                calls = strace.end() if strace else None
            check.equal(f"{kind.name}: all are acknowledged", found["acknowledged_in_all"], MESSAGES + WARMUP + timed)
            if kind.protocol in ("nats", "redis"):
                check.equal(f"{kind.name}: all are stored", found["stored"], MESSAGES + WARMUP + timed)
            if "--subscriber" in kind.load_arguments:
                check.equal(f"{kind.name}: all reach the subscriber", found["delivered"], MESSAGES + WARMUP + timed)
            if calls is None:
                pass
            elif kind.fsync.startswith("no"):
                check.equal(f"{kind.name}: strace sees no sync", (calls, peer.files_synced_by_writes()), ({}, []))
            else:
                # One sync can stand for no more messages than are in flight.
                least = (MESSAGES + WARMUP) / (CONNECTIONS * WINDOW)
                check(f"{kind.name}: strace sees a sync for what is in flight, at least", sum(calls.values()) >= least, calls)
            process = peer.process
        check(f"{kind.name}: the server is ended, its folder gone", process.poll() is not None and not os.path.exists(peer.folder))
    except servers.PeerError as error:
        check(f"{kind.name}: runs", False, str(error))


def check_failures(check, base):
    with run.started(servers.Redis, base) as peer:
        found = []

        def load():
            try:
                run.load(peer, ["--messages", "2000000", "--warmup", "0"], 60)
            except servers.PeerError as error:
                found.append(str(error))

        thread = threading.Thread(target=load)
        thread.start()
        time.sleep(0.5)
        peer.process.send_signal(signal.SIGKILL)
        thread.join(20)
        check("a server that dies in a run is told with its log",
              not thread.is_alive() and found and "redis: " in found[0] and "the server's log" in found[0], found)
    try:
        servers.program("no-such-server", "no-such-package")
        check("a missing package is named", False)
    except servers.PeerError as error:
        check("a missing package is named", "no-such-package" in str(error) and ".ci/packages peers" in str(error), error)


def runs(process_id):
    """Whether there is such a process that has not ended (one that nobody has waited for yet has)."""
    try:
        with open(f"/proc/{process_id}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def check_command(check):
    """The whole command, ended in the middle: no child stays."""
    ran = subprocess.run([sys.executable, os.path.join(PEERS_FOLDER, "run.py"), "--peers", "rabbit"],
                         capture_output=True, text=True, timeout=30)
    check("run.py names the peers that there are", ran.returncode == 2 and "jetstream" in ran.stderr, ran.stderr)
    folder = tempfile.mkdtemp(prefix="peers-test-", dir="/tmp")
    try:
        process = subprocess.Popen(
            [sys.executable, os.path.join(PEERS_FOLDER, "run.py"), "--no-ours", "--peers", "redis,zmq", "--rounds", "1",
             "--messages", "2000", "--latency-messages", "60000", "--folder", folder],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        children = []
        while len(children) < 2 and time.monotonic() < deadline:
            listed = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, timeout=10)
            children = listed.stdout.split()
            time.sleep(0.05)
        process.terminate()
        process.communicate(timeout=30)
        # Where the signal came in the middle of a fork, the kernel ends the child, a moment after its parent.
        deadline = time.monotonic() + 5
        while (left := [child for child in children if runs(child)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        check.equal("run.py ended in the middle ends server and load", (len(children), left), (2, []))
        check.equal("and leaves no folder", os.listdir(folder), [])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def missing_packages():
    names = {kind.program: kind.package for kind in servers.PEERS.values() if kind.program}
    names["strace"] = "strace"
    missing = []
    for name, package in names.items():
        try:
            servers.program(name, package)
        except servers.PeerError:
            missing.append(package)
    return missing


def main():
    # Whatever hangs in spite of the deadlines ends here, with a trace.
    faulthandler.dump_traceback_later(240, exit=True)
    check = Checks()
    check_report(check)
    base = tempfile.mkdtemp(prefix="peers-test-", dir="/tmp")
    try:
        servers.RawZeroMQ.programs = os.path.join(base, "bin")
        try:
            run.build(servers.RawZeroMQ.programs)
        except servers.PeerError as error:
            if shutil.which("gcc") and os.path.exists("/usr/include/zmq.h"):
                check("the clients build", False, error)
            else:
                print("SKIPPED  every check of a client: gcc or zmq.h is missing (as root: .ci/packages peers)", flush=True)
        else:
            check_generator(check)
            if missing := missing_packages():
                print(f"SKIPPED  every check against a real peer: {', '.join(missing)} missing (as root: .ci/packages peers)", flush=True)
            else:
                for kind in servers.PEERS.values():
                    if why := kind.why_not(base) if hasattr(kind, "why_not") else None:
                        print(f"SKIPPED  {kind.name}: {why}", flush=True)
                    else:
                        check_peer(check, kind, base)
                check_failures(check, base)
                check_command(check)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
