"""A client of the Watchpost wire protocol, written from docs/protocol.md and proto/watchpost.proto alone.

It shares no code with the daemon: what works here works for any client that follows the document. Needs pyzmq with
CURVE and protobuf (Debian: python3-zmq, python3-protobuf, protobuf-compiler).
"""

import hashlib
import importlib
import os
import struct
import subprocess
import sys
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

VERSION = 1

VERBS = {
    "SUBMIT": 0x01, "POST_HEARTBEAT": 0x02, "PHOTO": 0x22, "HANDLED": 0x27,
    "SUBSCRIBE": 0x10, "CREDIT": 0x11, "ACKNOWLEDGE": 0x12, "PATROL_HEARTBEAT": 0x13,
    "CLAIM": 0x14, "EN_ROUTE": 0x15, "ON_SCENE": 0x16, "CLEAR": 0x17, "RELEASE": 0x18,
    "JOIN": 0x19, "HAND_OVER": 0x1A, "SEEN": 0x1B,
    "POST_STATUS": 0x20, "NOTICE": 0x21, "REGRADE": 0x23, "MERGE": 0x24, "SPLIT": 0x25, "ASSIGN": 0x26,
    "RECEIPTS": 0x81, "REJECTIONS": 0x82, "HEARTBEAT_REPLY": 0x83, "PROGRESS": 0x84, "PHOTO_STATE": 0x85,
    "SUBSCRIBED": 0x90, "FEED": 0x91, "ACTION_RESULT": 0x92,
}
NAMES = {number: name for name, number in VERBS.items()}
RESERVED = ("POST_STATUS", "NOTICE", "REGRADE", "MERGE", "SPLIT", "ASSIGN")


def load_messages(proto_folder, into):
    """Compiles watchpost.proto into `into` and gives the module with its message classes."""
    subprocess.run(
        ["protoc", "--proto_path", proto_folder, "--python_out", into, "watchpost.proto"], check=True, timeout=60)
    sys.path.insert(0, into)
    return importlib.import_module("watchpost_pb2")


class Timeout(Exception):
    """The daemon did not say in time what was waited for."""


def encode_header(verb, request=0, version=VERSION):
    return struct.pack(">2sBBI", b"WP", version, verb, request)


def decode_header(frame):
    if len(frame) != 8 or frame[:2] != b"WP":
        raise ValueError(f"not a header: {frame.hex()}")
    _, version, verb, request = struct.unpack(">2sBBI", frame)
    if version != VERSION:
        raise ValueError(f"version {version}")
    return verb, request


def make_tip_id(at_ms=None):
    """A ULID: 48 bits of milliseconds, 80 random bits."""
    at_ms = int(time.time() * 1000) if at_ms is None else at_ms
    return at_ms.to_bytes(6, "big") + os.urandom(10)


class Message:
    """One message of the daemon's."""

    def __init__(self, verb, request, body):
        self.name = NAMES.get(verb, f"0x{verb:02x}")
        self.request = request
        self.body = body

    def __repr__(self):
        return f"{self.name} request={self.request} {len(self.body)} bytes"


class Connection:
    """A DEALER with CURVE to one of the daemon's two endpoints. Every wait has a deadline."""

    PARSED = {
        "RECEIPTS": "Receipts", "REJECTIONS": "Rejections", "HEARTBEAT_REPLY": "HeartbeatReply",
        "PROGRESS": "Progress", "PHOTO_STATE": "PhotoState",
        "SUBSCRIBED": "Subscribed", "FEED": "Feed", "ACTION_RESULT": "ActionResult",
    }

    def __init__(self, context, messages, endpoint, daemon_key, keys, routing_id=None):
        self.messages = messages
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.MAXMSGSIZE, 4 << 20)
        self.socket.curve_serverkey = daemon_key
        self.socket.curve_publickey, self.socket.curve_secretkey = keys
        if routing_id is not None:
            self.socket.setsockopt(zmq.ROUTING_ID, routing_id)
        self.monitor = self.socket.get_monitor_socket()
        self.socket.connect(endpoint)
        self.last_request = 0
        self.kept = []

    def close(self):
        self.socket.disable_monitor()
        self.monitor.close(0)
        self.socket.close(0)

    # ---- the handshake

    def handshake(self, timeout=10.0):
        """How the handshake ended: "succeeded", or "refused" with ZAP's status code."""
        deadline = time.monotonic() + timeout
        while self.monitor.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            event = recv_monitor_message(self.monitor)
            if event["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return "succeeded", 0
            if event["event"] == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                return "refused", event["value"]
            if event["event"] == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                return "protocol error", event["value"]
        raise Timeout("the handshake did not end")

    # ---- messages

    def send_frames(self, frames):
        if not self.socket.poll(10_000, zmq.POLLOUT):
            raise Timeout("no room to send")
        self.socket.send_multipart(frames, zmq.DONTWAIT)

    def send(self, verb, body=b"", request=None):
        """Sends one message under a fresh request number."""
        if request is None:
            self.last_request += 1
            request = self.last_request
        if hasattr(body, "SerializeToString"):
            body = body.SerializeToString()
        self.send_frames([encode_header(VERBS[verb] if isinstance(verb, str) else verb, request), body])
        return request

    def receive(self, timeout=10.0):
        """The next message; raises Timeout."""
        if self.kept:
            return self.kept.pop(0)
        if not self.socket.poll(int(timeout * 1000)):
            raise Timeout(f"nothing within {timeout} s")
        frames = self.socket.recv_multipart(zmq.DONTWAIT)
        if len(frames) != 2:
            raise ValueError(f"{len(frames)} frames")
        verb, request = decode_header(frames[0])
        message = Message(verb, request, frames[1])
        if message.name in self.PARSED:
            message.parsed = getattr(self.messages, self.PARSED[message.name])()
            message.parsed.ParseFromString(frames[1])
        return message

    def wait(self, names, request=None, timeout=10.0):
        """The next message with one of these names, and this request number where given; others are kept for later."""
        names = (names,) if isinstance(names, str) else names
        passed, deadline = [], time.monotonic() + timeout
        try:
            while True:
                message = self.receive(max(0.0, deadline - time.monotonic()))
                if message.name in names and request in (None, message.request):
                    return message
                passed.append(message)
        finally:
            self.kept = passed + self.kept

    def rejection(self, request, timeout=10.0):
        """The one rejection that answers `request`."""
        items = self.wait("REJECTIONS", request, timeout).parsed.rejections
        if len(items) != 1:
            raise ValueError(f"{len(items)} rejections")
        return items[0]


class Post(Connection):
    """A post: submits tips and keeps the bytes it sent."""

    def tip(self, **fields):
        tip = self.messages.Tip(**fields)
        tip.id = tip.id or make_tip_id()
        tip.observed_at_ms = tip.observed_at_ms or int(time.time() * 1000)
        return tip.SerializeToString()

    def submit(self, tips):
        return self.send("SUBMIT", self.messages.Submit(tips=tips, sent_at_ms=int(time.time() * 1000)))

    def receipts(self, ids, timeout=20.0):
        """Receipts for these ids, however the daemon groups them."""
        found, deadline = {}, time.monotonic() + timeout
        while set(found) != set(ids):
            message = self.wait("RECEIPTS", None, max(0.0, deadline - time.monotonic()))
            if message.request != 0:
                raise ValueError("RECEIPTS carry request 0")
            for receipt in message.parsed.receipts:
                found[receipt.tip_id] = receipt
        return found

    def accepted(self, tip):
        """Submits one tip and gives its receipt."""
        self.submit([tip])
        tip_id = self.messages.Tip.FromString(tip).id
        return self.receipts([tip_id])[tip_id]


    def heartbeat(self, **fields):
        """Sends a heartbeat and gives its request number and the answer."""
        request = self.send("POST_HEARTBEAT", self.messages.PostHeartbeat(sent_at_ms=int(time.time() * 1000), **fields))
        return request, self.wait("HEARTBEAT_REPLY", request).parsed

    def send_photo(self, tip_id, photo, sha256=None, stop_after=None):
        """Sends a photo part by part, from where the daemon has it, and gives the last PHOTO_STATE."""
        sha256 = sha256 or hashlib.sha256(photo).digest()
        state, sent = None, 0
        while state is None or not (state.complete or state.HasField("refusal")):
            if stop_after is not None and sent > stop_after:
                return state
            offset = 0 if state is None else state.next_offset
            data = b"" if state is None else photo[offset:offset + 65_536]
            sent += len(data)
            request = self.send(
                "PHOTO", self.messages.Photo(tip_id=tip_id, sha256=sha256, total=len(photo), offset=offset, data=data))
            state = self.wait("PHOTO_STATE", request).parsed
        return state


class Patrol(Connection):
    """A patrol unit: follows its feed by credit and checks the chain of `previous`."""

    LANES = {1: "alert", 2: "main"}

    def subscribe(self, alert=(0, 0), main=(0, 0), after=(0, 0), **fields):
        """Credits are (events, bytes), `after` is (alert, main)."""
        subscribe = self.messages.Subscribe(alert_after=after[0], main_after=after[1], **fields)
        subscribe.alert_credit.events, subscribe.alert_credit.bytes = alert
        subscribe.main_credit.events, subscribe.main_credit.bytes = main
        request = self.send("SUBSCRIBE", subscribe)
        message = self.wait(("SUBSCRIBED", "REJECTIONS"), request)
        if message.name == "SUBSCRIBED":
            self.cursor = {1: message.parsed.alert_after, 2: message.parsed.main_after}
        return message

    def grant(self, lane, events, size):
        credit = self.messages.Credit(lane=lane)
        credit.credit.events, credit.credit.bytes = events, size
        self.send("CREDIT", credit)

    def take(self, message):
        """Checks one FEED message against the cursor and gives its events."""
        feed, events = message.parsed, []
        for item in feed.items:
            if item.previous != self.cursor[feed.lane]:
                raise ValueError(
                    f"gap in {self.LANES[feed.lane]}: {item.previous} before {item.event.sequence}, "
                    f"the cursor is {self.cursor[feed.lane]}")
            if item.event.sequence <= item.previous or item.event.lane != feed.lane:
                raise ValueError("an event out of order or of another lane")
            self.cursor[feed.lane] = item.event.sequence
            events.append(item.event)
        return events

    def heartbeat(self):
        request = self.send("PATROL_HEARTBEAT", self.messages.PatrolHeartbeat(sent_at_ms=int(time.time() * 1000)))
        return self.wait("HEARTBEAT_REPLY", request).parsed

    def act(self, verb, incident, **fields):
        """Sends an action and gives its ACTION_RESULT."""
        request = self.send(verb, self.messages.Action(incident_id=incident, **fields))
        return self.wait("ACTION_RESULT", request).parsed
