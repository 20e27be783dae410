"""The peers: how each is started on loopback in a folder of its own, what it does and what it does not."""

import ctypes
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import time

START_SECONDS = 15
STOP_SECONDS = 10
SYNC_CALLS = ("fsync", "fdatasync", "msync", "sync_file_range", "sync", "syncfs")
# Files opened with these are synced by every write, without a call that strace would count.
O_SYNC_BITS = os.O_SYNC | os.O_DSYNC


class PeerError(Exception):
    """What cannot be done, in words for the person who runs this."""


# Loaded here: between fork and exec nothing should be.
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """Runs in the child: it ends with this process, even where that one is killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_parent():
    """As die_with_parent, for a program that has children of its own to end."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def program(name, package):
    # Servers of Debian lie in /usr/sbin, which is not on everybody's path.
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    if not found:
        raise PeerError(f"{name} is missing; as root: .ci/packages peers (Debian's package {package})")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process, seconds=STOP_SECONDS, number=signal.SIGTERM):
    """Ends a child, whatever it takes, and gives its exit status."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(seconds)
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
    return process.returncode


class Peer:
    """A server on a free port. A subclass says its program and package, writes its configuration, and states its facts."""

    name = program = package = protocol = None
    # For the table: what an acknowledgement means, and what Watchpost does for each tip that this one does not.
    acknowledges = fsync = identity = encryption = None
    load_arguments = ()

    def __init__(self, folder):
        self.folder, self.log, self.process, self.port = folder, os.path.join(folder, "log"), None, None

    def command(self):
        raise NotImplementedError

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start(self):
        # Somebody else may take the free port before the server does.
        for attempt in range(3):
            self.port = free_port()
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
            if self.is_up():
                return
            self.end()
        raise PeerError(f"{self.name} did not start:\n{self.tail()}")

    def is_up(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self.process.poll() is None
            except OSError:
                time.sleep(0.02)
        return False

    def end(self):
        if self.process:
            stop(self.process)
            self.process = None

    def arguments(self):
        return ["--protocol", self.protocol, "--port", str(self.port), *self.load_arguments]

    def tail(self):
        try:
            with open(self.log, errors="replace", encoding="utf-8") as log:
                return "".join(log.readlines()[-15:])
        except OSError:
            return ""

    def files_synced_by_writes(self):
        """Regular files that the server holds open with O_SYNC or O_DSYNC."""
        found, base = [], f"/proc/{self.process.pid}"
        for number in os.listdir(f"{base}/fd"):
            try:
                path = os.readlink(f"{base}/fd/{number}")
                with open(f"{base}/fdinfo/{number}", encoding="utf-8") as file:
                    flags = int(re.search(r"^flags:\s*([0-7]+)", file.read(), re.M).group(1), 8)
            except OSError:
                continue
            if flags & O_SYNC_BITS and path.startswith(self.folder):
                found.append(os.path.relpath(path, self.folder))
        return sorted(found)

    @classmethod
    def version(cls):
        wanted = ["dpkg-query", "-W", "-f", "${Version}", cls.package]
        found = subprocess.run(wanted, capture_output=True, text=True, timeout=20)
        return found.stdout.strip() if found.returncode == 0 else "unknown"


class JetStream(Peer):
    name, program, package, protocol = "jetstream", "nats-server", "nats-server", "nats"
    acknowledges = "PubAck: written to the stream's file"
    fsync = "no: every two minutes, by itself"
    identity = "no: it can have users, none here; a message sent twice counts twice"
    encryption = "no: it can do TLS, not here"
    options = ""

    def command(self):
        path = self.write("nats.conf", (
            f'host: "127.0.0.1"\nport: {self.port}\nmax_payload: 1MB\n'
            f'jetstream {{ store_dir: "{self.folder}/data"{self.options} }}\n'))
        return [program(self.program, self.package), "-c", path]

    def is_up(self):
        # It listens before JetStream has its answer ready; the log tells when both are.
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with open(self.log, errors="replace", encoding="utf-8") as log:
                if "Server is ready" in log.read():
                    return True
            time.sleep(0.02)
        return False


class JetStreamSubscribed(JetStream):
    """As above; each message has an id, by which a repeat counts once, and one consumer receives everything, as our patrol does."""

    name = "jetstream-sub"
    acknowledges = "PubAck: written to the stream's file; one consumer gets everything"
    identity = "no users here; a message sent twice within two minutes counts once (Nats-Msg-Id)"
    load_arguments = ("--subscriber", "--message-ids")


class JetStreamSync(JetStream):
    """Only where this version knows the setting (2.10 and later; 2.9 does not)."""

    name = "jetstream-sync"
    fsync = "each message (sync_interval: always)"
    options = ", sync_interval: always"

    @classmethod
    def why_not(cls, folder):
        """What the server says against the setting, or None."""
        path = os.path.join(folder, "sync.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'jetstream {{ store_dir: "{folder}/none"{cls.options} }}\n')
        checked = subprocess.run(
            [program(cls.program, cls.package), "-t", "-c", path], capture_output=True, text=True, timeout=20)
        if checked.returncode == 0:
            return None
        said = (checked.stdout + checked.stderr).strip().splitlines()
        return said[-1].split(f"{path}:")[-1] if said else f"exit {checked.returncode}"


class Redis(Peer):
    name, program, package, protocol = "redis", "redis-server", "redis-server", "redis"
    acknowledges = "reply of XADD: in memory and in the append-only file"
    fsync = "yes: appendfsync always, one for each round of its event loop"
    identity = JetStream.identity
    encryption = JetStream.encryption

    def command(self):
        # No rewrite of the append-only file in a run: it would cost Redis, and says nothing about an acknowledgement.
        path = self.write("redis.conf", (
            f'bind 127.0.0.1\nport {self.port}\ndir "{self.folder}"\nsave ""\nappendonly yes\nappendfsync always\n'
            "auto-aof-rewrite-percentage 0\n"))
        return [program(self.program, self.package), path]


class RedisSubscribed(Redis):
    """As above, and one reader receives everything by XREAD."""

    name = "redis-sub"
    acknowledges = "reply of XADD: in memory and in the append-only file; one reader gets everything"
    load_arguments = ("--subscriber",)


class Mosquitto(Peer):
    name, program, package, protocol = "mosquitto", "mosquitto", "mosquitto", "mqtt"
    acknowledges = "PUBACK: in the broker's memory; nobody subscribes"
    fsync = "no: persistence as packaged, a file every 30 minutes and at the end"
    identity = JetStream.identity
    encryption = JetStream.encryption
    limits = ""

    def command(self):
        path = self.write("mosquitto.conf", (
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser {pwd.getpwuid(os.getuid()).pw_name}\n"
            f"persistence true\npersistence_location {self.folder}/\n{self.limits}"))
        return [program(self.program, self.package), "-c", path]


class MosquittoSubscribed(Mosquitto):
    """As above, and one subscriber receives everything with QoS 1, as our patrol does."""

    name = "mosquitto-sub"
    acknowledges = "PUBACK: in the broker's memory; one subscriber gets everything"
    # As packaged a subscriber that is 1,020 behind loses messages silently.
    limits = "max_inflight_messages 0\nmax_queued_messages 0\n"
    load_arguments = ("--subscriber",)


class RawZeroMQ(Peer):
    """DEALER to ROUTER, and a receiver of ours that counts and forgets."""

    name, package, protocol = "zmq", "libzmq5", "zmq"
    acknowledges = "a count from the receiver, once for each round of its loop"
    fsync = "no: keeps nothing"
    identity = "no: the name of a connection proves nothing"
    encryption = "no"
    sink_arguments = ()
    # Where the Makefile puts the programs; run.py sets it.
    programs = None

    def start(self):
        with open(self.log, "ab") as log:
            # Its standard input ends with us, and so does it.
            self.process = subprocess.Popen(
                [os.path.join(self.programs, "zmq-sink"), "--deadline", "3600", *self.sink_arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, preexec_fn=die_with_parent, text=True)
        is_readable, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        words = self.process.stdout.readline().split() if is_readable else []
        if len(words) != 2:
            self.end()
            raise PeerError(f"{self.name} did not start:\n{self.tail()}")
        self.endpoint, self.key = words

    def arguments(self):
        key = ["--server-key", self.key] if self.key != "-" else []
        return ["--protocol", "zmq", "--endpoint", self.endpoint, *key, *self.load_arguments]


class RawCurve(RawZeroMQ):
    name = "zmq-curve"
    encryption = "yes: CURVE, but any key is let in"
    sink_arguments = ("--curve",)


class OneWay(RawZeroMQ):
    name = "zmq-oneway"
    acknowledges = "one count at the end; nothing bounds what is in flight but queues"
    sink_arguments = ("--count-only",)
    load_arguments = ("--one-way",)


class OneWayCurve(OneWay):
    name = "zmq-curve-oneway"
    encryption = RawCurve.encryption
    sink_arguments = ("--count-only", "--curve")


PEERS = {peer.name: peer for peer in (
    JetStream, JetStreamSubscribed, JetStreamSync, Redis, RedisSubscribed, Mosquitto, MosquittoSubscribed, RawZeroMQ, RawCurve, OneWay, OneWayCurve)}


class Strace:
    """Counts the calls of a process and its threads that sync a file."""

    def __init__(self, process_id, folder):
        self.summary, messages = os.path.join(folder, "strace"), os.path.join(folder, "strace.messages")
        with open(messages, "wb") as file:
            self.process = subprocess.Popen(
                [program("strace", "strace"), "-f", "-c", "-e", "trace=" + ",".join(SYNC_CALLS), "-o", self.summary,
                 "-p", str(process_id)], stdin=subprocess.DEVNULL, stdout=file, stderr=file, preexec_fn=die_with_parent)
        # Before it says that it has attached it counts nothing.
        deadline = time.monotonic() + 10
        while True:
            with open(messages, errors="replace", encoding="utf-8") as file:
                said = file.read()
            if "attached" in said:
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                stop(self.process)
                raise PeerError(f"strace did not attach (root may): {said.strip()}")
            time.sleep(0.01)

    def end(self):
        """Detaches. Gives {call: how often}."""
        stop(self.process, number=signal.SIGINT)
        counts = {}
        try:
            with open(self.summary, encoding="utf-8") as file:
                for line in file:
                    # % time, seconds, usecs/call, calls, [errors], syscall
                    words = line.split()
                    if len(words) >= 5 and words[-1] in SYNC_CALLS:
                        counts[words[-1]] = int(words[3])
        except OSError as error:
            raise PeerError(f"strace left no summary: {error}") from None
        return counts
