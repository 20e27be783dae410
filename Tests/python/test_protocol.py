#!/usr/bin/python3
"""Holds docs/protocol.md to what the daemon does.

Starts the built watchpostd on a temporary folder and runs the document's exchanges against it with the client of
client.py, which shares no code with the daemon. Prints one line for each check; exits 1 when one fails.

    /usr/bin/python3 Tests/python/test_protocol.py [--bin-dir .build/debug] [--print-example]
"""

import argparse
import faulthandler
import os
import re
import shutil
import signal
import sys
import tempfile
import time

import zmq

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import client  # noqa: E402
from daemon import Daemon  # noqa: E402

POST, OTHER_POST, UNIT = "gate-dongyuan-01", "gate-dongyuan-02", "patrol-dongyuan"
ZONE, OTHER_ZONE = "dongyuan", "xuefu"
DAY = 86_400_000


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


class Document:
    """docs/protocol.md: its tables and its hexadecimal blocks."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.text = file.read()

    def blocks(self):
        """Blocks fenced as ```hex NAME; `;` begins a comment."""
        found = {}
        for name, body in re.findall(r"^```hex ([a-z-]+)\n(.*?)^```$", self.text, re.M | re.S):
            found[name] = bytes.fromhex("".join(line.split(";")[0] for line in body.splitlines()))
        return found

    def table(self, first, second):
        """Rows of the table whose header begins with these two cells."""
        lines = iter(self.text.splitlines())
        for line in lines:
            if line.startswith(f"| {first} | {second} |"):
                break
        next(lines)
        rows = []
        for line in lines:
            if not line.startswith("|"):
                break
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        return rows


def now_ms():
    return int(time.time() * 1000)


class Run:
    def __init__(self, bin_dir, folder):
        self.check = Checks()
        self.folder = folder
        self.context = zmq.Context()
        self.pb = client.load_messages(os.path.join(ROOT, "proto"), folder)
        self.document = Document(os.path.join(ROOT, "docs", "protocol.md"))
        self.daemon = Daemon(os.path.join(bin_dir, "watchpostd"), folder, ROOT)
        self.open = []

    # ---- parts

    def post(self, keys, endpoint=None, **more):
        return self.connect(client.Post, endpoint or self.daemon.tips, keys, **more)

    def patrol(self, keys, endpoint=None, **more):
        return self.connect(client.Patrol, endpoint or self.daemon.feed, keys, **more)

    def connect(self, kind, endpoint, keys, **more):
        connection = kind(self.context, self.pb, endpoint, self.daemon_key, keys, **more)
        self.open.append(connection)
        return connection

    def code(self, name):
        return self.pb.RejectionCode.Value("REJECTION_CODE_" + name.upper())

    def refused(self, name, rejection, code, field=None):
        found = (rejection.code, rejection.field if field is not None else None)
        self.check.equal(f"{name}: {code}", found, (self.code(code), field))

    # ---- the document by itself

    def check_document(self):
        rows = self.document.table("verb", "number")
        self.check.equal("the verbs table is the client's", {row[0]: int(row[1], 16) for row in rows}, client.VERBS)
        rows = self.document.table("code", "number")
        enum = self.pb.RejectionCode.DESCRIPTOR.values
        self.check.equal(
            "the codes table is the proto file's", {row[0].upper(): int(row[1]) for row in rows},
            {value.name[len("REJECTION_CODE_"):]: value.number for value in enum if value.number})
        self.retriable = {row[0] for row in rows if row[3] == "yes"}

        blocks = self.blocks = self.document.blocks()
        tip = self.pb.Tip(
            id=blocks["tip"][2:18], observed_at_ms=1795197730000, category="suspicious_person", text="男子在东墙外徘徊",
            place="3号楼东墙外", reporter="G-07", language="zh-CN", series=0x1122334455667788, number=1)
        submit = self.pb.Submit(tips=[blocks["tip"]], sent_at_ms=1795197731600)
        self.check.equal("hex tip is its encoding", blocks["tip"].hex(), tip.SerializeToString().hex())
        self.check.equal("hex submit-header is its encoding", blocks["submit-header"], client.encode_header(0x01, 7))
        self.check.equal("hex submit-body is its encoding", blocks["submit-body"].hex(), submit.SerializeToString().hex())
        self.check.equal("hex receipts-header is its encoding", blocks["receipts-header"], client.encode_header(0x81, 0))
        for name in ("receipts-body", "repeat-body"):
            body = self.pb.Receipts.FromString(blocks[name])
            self.check.equal(f"hex {name} is its encoding", blocks[name].hex(), body.SerializeToString().hex())
            self.check(
                f"hex {name} is durable and about the tip",
                body.receipts[0].durable and body.receipts[0].tip_id == tip.id)
        self.check.equal("no other hex block", len(blocks), 6)

    # ---- enrolment and the handshake

    def enrol(self):
        self.post_keys, self.other_keys, self.unit_keys = (zmq.curve_keypair() for _ in range(3))

        def enrol(path, body, keys):
            return self.daemon.ask("POST", path, {**body, "public_key": keys[0].decode(), "replace": False})

        def post(name):
            return {"id": name, "name": name, "zone": ZONE, "kind": "compound", "members": 12}

        status, body = enrol("/v1/posts", post(POST), self.post_keys)
        self.check.equal("a post is enrolled by the first record", (status, body.get("sequence")), (201, 1))
        status, unit = enrol("/v1/units", {"id": UNIT, "name": "东苑巡组", "zones": [ZONE]}, self.unit_keys)
        self.check.equal("a unit is enrolled by the second", (status, unit.get("sequence")), (201, 2))
        self.daemon_key = body["daemon_public_key"].encode()
        self.check.equal(
            "the answer names both endpoints", (body["tips_endpoint"], body["feed_endpoint"]),
            (self.daemon.tips, self.daemon.feed))
        status, _ = enrol("/v1/posts", post(POST), self.post_keys)
        self.check.equal("a second enrolment of a name is a conflict", status, 409)
        self.enrol_other = lambda: enrol("/v1/posts", post(OTHER_POST), self.other_keys)

    def check_files(self):
        folder = os.path.join(self.folder, "data")
        modes = {name: os.stat(os.path.join(folder, name)).st_mode & 0o777 for name in os.listdir(folder)}
        modes["admin.sock"] = os.stat(self.daemon.socket).st_mode & 0o777
        self.check.equal("what the daemon makes is its user's alone", {oct(mode) for mode in modes.values()}, {"0o600"})

    def check_handshake(self):
        for name, endpoint in (("tips", self.daemon.tips), ("feed", self.daemon.feed)):
            stranger = self.post(zmq.curve_keypair(), endpoint)
            self.check.equal(f"an unknown key is refused at the {name} endpoint", stranger.handshake(), ("refused", 400))
            stranger.close()
        self.a = self.post(self.post_keys)
        self.check.equal("an enrolled post is let in", self.a.handshake(), ("succeeded", 0))

    # ---- tips

    def example(self):
        """The blocks with today's time in the id, as the document says."""
        old = self.blocks["tip"][2:8]
        new = now_ms().to_bytes(6, "big")
        return {name: block.replace(b"\x0a\x10" + old, b"\x0a\x10" + new) for name, block in self.blocks.items()}

    def check_example(self):
        blocks = self.example()
        self.example_tip = blocks["tip"]
        for name in ("receipts-body", "repeat-body"):
            self.a.send_frames([blocks["submit-header"], blocks["submit-body"]])
            answer = self.a.receive()
            self.example_receipt = answer.parsed.receipts[0] if answer.name == "RECEIPTS" else None
            self.check.equal(f"the worked example is answered as {name} says", answer.body.hex(), blocks[name].hex())
            self.check.equal(f"its header is receipts-header ({name})", (answer.name, answer.request), ("RECEIPTS", 0))
        if not -1 <= (now_ms() - int.from_bytes(self.blocks["tip"][2:8], "big")) / DAY <= 30:
            request = self.a.submit([self.blocks["tip"]])
            code = self.a.rejection(request).code
            self.check("the example as printed is too old or in the future by now",
                       code in (self.code("too_old"), self.code("in_future")))

    def check_tips(self):
        a, pb = self.a, self.pb
        changed = pb.Tip.FromString(self.example_tip)
        changed.text += "。"
        self.refused("the same id with another body", a.rejection(a.submit([changed.SerializeToString()])), "conflict", "tip.id")

        tips = [a.tip(category="other", text=f"第 {number} 件事", place=f"{number} 号楼") for number in range(200)]
        tips[50] = a.tip(category="weapon", text="有人持刀")
        ids = [pb.Tip.FromString(tip).id for tip in tips]
        a.submit(tips)
        first = a.receipts(ids)
        self.check.equal("a batch of 200 is receipted, in whatever groups", len(first), 200)
        self.check("every receipt is durable", all(receipt.durable for receipt in first.values()))
        self.check.equal("every tip has a sequence of its own", len({receipt.sequence for receipt in first.values()}), 200)
        self.check.equal("a weapon is an emergency", first[ids[50]].level, pb.URGENCY_LEVEL_EMERGENCY)
        a.submit(tips)
        again = a.receipts(ids)
        same = all(
            again[tip].verdict == pb.VERDICT_REPEAT
            and (again[tip].sequence, again[tip].incident_id, again[tip].level, again[tip].score)
            == (first[tip].sequence, first[tip].incident_id, first[tip].level, first[tip].score) for tip in ids)
        self.check("the batch again is 200 repeats of the first receipts", same)

        mixed = [a.tip(category="other", text="好"), a.tip(category="nonsense"), b"\xff\xff\xff", a.tip(category="")]
        request = a.submit(mixed)
        good = pb.Tip.FromString(mixed[0]).id
        self.check("a batch may be accepted in part", good in a.receipts([good]))
        found = {}
        while len(found) < 3:
            for item in a.wait("REJECTIONS", request).parsed.rejections:
                found[item.index] = item
        self.check.equal(
            "each refused tip has its index and code", {index: item.code for index, item in found.items()},
            {1: self.code("unknown_category"), 2: self.code("malformed"), 3: self.code("invalid_field")})
        self.check("and its id where it could be read", found[1].tip_id == pb.Tip.FromString(mixed[1]).id and not found[2].tip_id)

    def check_limits(self):
        a, pb = self.a, self.pb

        def tip(**fields):
            return a.rejection(a.submit([a.tip(**{"category": "other", **fields})]))

        self.refused("text of 4,001 bytes", tip(text="a" * 4001), "too_large", "tip.text")
        self.refused("place of 241 bytes", tip(place="a" * 241), "too_large", "tip.place")
        self.refused("reporter of 65 bytes", tip(reporter="a" * 65), "too_large", "tip.reporter")
        self.refused("language of 36 bytes", tip(language="a" * 36), "too_large", "tip.language")
        self.refused("category of 33 bytes", tip(category="a" * 33), "too_large", "tip.category")
        self.refused("nine attachments", tip(attachment_sha256=[b"a" * 32] * 9), "too_large", "tip.attachment_sha256")
        self.refused("an attachment of 31 bytes", tip(attachment_sha256=[b"a" * 31]), "invalid_field", "tip.attachment_sha256")
        self.refused("an id of 15 bytes", tip(id=b"a" * 15), "invalid_field", "tip.id")
        self.refused("latitude 91", tip(position=pb.Position(latitude=91)), "invalid_field", "tip.position")
        self.refused("an accuracy that is no number", tip(position=pb.Position(accuracy_m=float("nan"))), "invalid_field")
        self.refused("an id made 31 days ago", tip(id=client.make_tip_id(now_ms() - 31 * DAY)), "too_old", "tip.id")
        self.refused("an id made 25 hours ahead", tip(id=client.make_tip_id(now_ms() + DAY * 25 // 24)), "in_future", "tip.id")
        full = a.tip(category="other", text="a" * 4000, place="b" * 240, reporter="c" * 64, language="d" * 35)
        self.check("a tip at the limits is accepted", a.accepted(full).durable)
        unknown = a.tip(category="other", text="x") + b"\xf8\x07\x01"  # field 127
        self.check("an unknown field is ignored", a.accepted(unknown).durable)
        self.refused("513 tips", a.rejection(a.submit([b""] * 513)), "too_large", "submit.tips")
        self.refused("no tips", a.rejection(a.submit([])), "invalid_field", "submit.tips")

    def check_framing(self):
        for name in client.RESERVED:
            self.refused(f"{name} is reserved", self.a.rejection(self.a.send(name)), "unsupported", "header.verb")
        for verb, name in ((0x7F, "an unknown verb"), (client.VERBS["RECEIPTS"], "a verb of the daemon's"),
                           (client.VERBS["SUBSCRIBE"], "SUBSCRIBE at the tips endpoint")):
            self.refused(name, self.a.rejection(self.a.send(verb)), "unsupported", "header.verb")
        self.a.send_frames([client.encode_header(0x01, 77, version=2), b""])
        self.refused("version 2 is answered under its number", self.a.rejection(77), "version", "header.version")
        for name, frames, request in (
            ("a header of 7 bytes", [b"WP\x01\x01\x00\x00\x00", b""], 0),
            ("a header of another magic", [b"XX\x01\x01\x00\x00\x00\x05", b""], 0),
            ("a header alone", [client.encode_header(0x01, 78)], 78),
            ("three frames", [client.encode_header(0x01, 79), b"", b""], 79),
            ("a hundred frames", [client.encode_header(0x01, 80)] + [b"x"] * 100, 80),
            ("a body that is no protobuf", [client.encode_header(0x01, 81), b"\xff" * 64], 81),
            ("an empty frame alone", [b""], 0),
        ):
            self.a.send_frames(frames)
            self.refused(name, self.a.rejection(request), "malformed")
        huge = self.post(self.post_keys)
        huge.handshake()
        huge.send_frames([client.encode_header(0x01, 1), b"\0" * ((1 << 20) + 1)])
        ended = self.wait_event(huge, zmq.EVENT_DISCONNECTED)
        self.check("a frame over 1 MiB ends the connection", ended)
        huge.close()
        self.check("and the others do not notice", self.a.accepted(self.a.tip(category="other", text="还在")).durable)

    @staticmethod
    def wait_event(connection, event, timeout=10):
        deadline = time.monotonic() + timeout
        while connection.monitor.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            if client.recv_monitor_message(connection.monitor)["event"] == event:
                return True
        return False

    def check_post_heartbeat(self):
        request = self.a.send("POST_HEARTBEAT", self.pb.PostHeartbeat(
            sent_at_ms=now_ms(), series=0x1122334455667788, next_number=2, lowest_unsent=2, software="test 1.0"))
        reply = self.a.wait("HEARTBEAT_REPLY", request).parsed
        self.check("a heartbeat is answered with the daemon's clock", abs(reply.daemon_time_ms - now_ms()) < 10_000)
        self.check.equal("and with the id window", reply.id_window_ms, 30 * DAY)
        _, status = self.daemon.ask("GET", "/v1/status")
        report = next(post for post in status["posts"] if post["id"] == POST)
        self.check.equal(
            "status shows the post online with its numbers", (report["state"], report["highest_number"], report["software"]),
            ("online", 1, "test 1.0"))

    def check_identity(self):
        self.enrol_other()
        b = self.post(self.other_keys, routing_id=b"gate-dongyuan-01")
        b.handshake()
        receipt = b.accepted(self.example_tip)
        self.check(
            "another post's tip with the same id and bytes is another tip",
            receipt.verdict != self.pb.VERDICT_REPEAT and receipt.sequence != self.example_receipt.sequence)
        _, detail = self.daemon.ask("GET", f"/v1/incidents/{receipt.incident_id}")
        posts = {tip["post"] for tip in detail["tips"] if tip["sequence"] == receipt.sequence}
        self.check.equal("it is filed under its key's post, whatever its routing id says", posts, {OTHER_POST})
        at_feed = self.post(self.post_keys, self.daemon.feed)
        self.refused("a post at the feed endpoint", at_feed.rejection(at_feed.send("SUBSCRIBE")), "forbidden")
        at_tips = self.patrol(self.unit_keys, self.daemon.tips)
        self.refused("a patrol at the tips endpoint", at_tips.rejection(at_tips.send("SUBMIT")), "forbidden")
        for connection in (at_feed, at_tips):
            connection.close()

    # ---- the feed

    def check_subscribe(self):
        p = self.p = self.patrol(self.unit_keys)
        self.refused("a heartbeat without a subscription", p.rejection(p.send("PATROL_HEARTBEAT")), "not_found", "subscription")
        self.refused("credit without a subscription", p.rejection(p.send("CREDIT", self.pb.Credit(lane=1))), "not_found", "subscription")
        self.refused("a zone of others", p.subscribe(zones=[OTHER_ZONE]).parsed.rejections[0], "forbidden", "subscribe.zones")
        self.refused("65 zones", p.subscribe(zones=[ZONE] * 65).parsed.rejections[0], "too_large", "subscribe.zones")
        self.refused(
            "a cursor ahead of the journal", p.subscribe(after=(1 << 40, 0)).parsed.rejections[0], "invalid_field",
            "subscribe.after")
        self.refused("SUBMIT at the feed", p.rejection(p.send("SUBMIT")), "unsupported", "header.verb")
        self.refused("a reserved verb at the feed", p.rejection(p.send("NOTICE")), "unsupported", "header.verb")
        subscribed = p.subscribe().parsed
        self.check.equal("SUBSCRIBED says which zones", list(subscribed.zones), [ZONE])
        self.check("and the heads", subscribed.alert_head > 0 and subscribed.main_head > 0)
        reply = p.heartbeat()
        self.check.equal(
            "a heartbeat tells the same heads", (reply.alert_head, reply.main_head),
            (subscribed.alert_head, subscribed.main_head))
        self.heads = {1: reply.alert_head, 2: reply.main_head}

    def drain(self, patrol):
        """What has come by the time that three heartbeats are answered: whatever the daemon could send, it has.

        It answers a heartbeat as it reads it and sends events when it has read all there was, so two that it reads
        together are answered before either; the pause puts a round between them and the third."""
        patrol.heartbeat()
        patrol.heartbeat()
        time.sleep(0.1)
        patrol.heartbeat()
        events = []
        while any(message.name == "FEED" for message in patrol.kept):
            events += patrol.take(patrol.wait("FEED"))
        return events

    def follow(self, patrol, lane, step, size=1 << 20, limit=10_000):
        """Grants `step` events at a time until the lane's head is reached."""
        events = []
        while patrol.cursor[lane] < self.heads[lane] and len(events) < limit:
            want = len(events) + step
            patrol.grant(lane, step, size)
            while len(events) < want and patrol.cursor[lane] < self.heads[lane]:
                events += patrol.take(patrol.wait("FEED"))
            if len(events) > want:
                raise ValueError("more events than the credit allows")
        return events

    def check_credit(self):
        p = self.p
        self.check.equal("without credit nothing is sent", self.drain(p), [])
        p.grant(2, 3, 1 << 20)
        self.check.equal("credit of three events gives three", len(self.drain(p)), 3)
        p.subscribe()
        p.grant(2, 10, 1)
        self.check.equal("credit of one byte gives nothing", self.drain(p), [])
        p.subscribe(main=(1, 1 << 20))
        size = self.drain(p)[0].ByteSize()
        p.subscribe(main=(10, size - 1))
        self.check.equal("one byte less than the encoded FeedEvent gives nothing", self.drain(p), [])
        p.grant(2, 0, 1)
        self.check.equal("one byte more gives the event", len(self.drain(p)), 1)

    def check_feed(self):
        p, pb = self.p, self.pb
        p.subscribe()
        main = self.follow(p, 2, 7)
        alert = self.follow(p, 1, 1)
        self.events = {1: alert, 2: main}
        self.check("the chain of previous holds in both lanes, by small steps", True)
        sequences = [event.sequence for event in main + alert]
        self.check("no event comes twice or in both lanes", len(set(sequences)) == len(sequences))
        urgent = (pb.URGENCY_LEVEL_URGENT, pb.URGENCY_LEVEL_EMERGENCY)
        self.check("emergencies are in the alert lane", any(event.incident.level in urgent for event in alert))
        self.check("and nothing urgent is in the main lane", not any(event.incident.level in urgent for event in main))
        opened = next(event for event in main + alert if event.sequence == self.example_receipt.sequence)
        self.check.equal(
            "the example's event tells the tip", (opened.kind, opened.tip.text, opened.tip.post, opened.incident.id),
            (pb.EVENT_KIND_OPENED, "男子在东墙外徘徊", POST, self.example_receipt.incident_id))
        self.check("the reporter is in no event", not any(b"G-07" in event.SerializeToString() for event in main + alert))
        middle = main[len(main) // 2].sequence
        p.subscribe(after=(self.heads[1], middle), main=(1000, 8 << 20))
        rest = []
        while p.cursor[2] < self.heads[2]:
            rest += p.take(p.wait("FEED"))
        self.check.equal(
            "resuming from a cursor gives what comes after it", [event.sequence for event in rest],
            [event.sequence for event in main if event.sequence > middle])
        p.subscribe(least_level=pb.URGENCY_LEVEL_EMERGENCY, alert=(1000, 8 << 20), main=(1000, 8 << 20))
        levels = {event.incident.level for event in self.drain(p)}
        self.check.equal("a least level leaves the rest out", levels, {pb.URGENCY_LEVEL_EMERGENCY})
        p.subscribe(from_now=True, alert=(100, 1 << 20), main=(100, 1 << 20))
        self.check.equal("from_now begins at the heads", (p.cursor[1], p.cursor[2]), (self.heads[1], self.heads[2]))
        receipt = self.a.accepted(self.a.tip(category="fire", text="三号楼起火"))
        event = p.take(p.wait("FEED"))[0]
        self.check.equal("a new fire arrives in the alert lane", (event.sequence, event.lane), (receipt.sequence, pb.LANE_ALERT))
        self.fire = receipt

    def check_acknowledge(self):
        p = self.p
        request = p.send("ACKNOWLEDGE", self.pb.Acknowledge(alert_through=1 << 40))
        self.refused("acknowledging what was not sent", p.rejection(request), "invalid_field", "acknowledge.alert_through")
        p.send("ACKNOWLEDGE", self.pb.Acknowledge(alert_through=p.cursor[1], main_through=p.cursor[2]))
        deadline, found = time.monotonic() + 10, None
        while found != p.cursor[1] and time.monotonic() < deadline:
            p.heartbeat()
            patrols = self.daemon.ask("GET", "/v1/status")[1]["patrols"]
            found = next((one["alert"]["acknowledged"] for one in patrols if one["unit"] == UNIT), None)
        self.check.equal("status shows what was acknowledged", found, p.cursor[1])

    def check_actions(self):
        p, pb, fire = self.p, self.pb, self.fire.incident_id
        self.check.equal(
            "en route before a claim is an illegal step", p.act("EN_ROUTE", fire).refusal.code, self.code("illegal_step"))
        claimed = p.act("CLAIM", fire)
        self.check("a claim is done and says who holds it", claimed.done and claimed.incident.holder == UNIT and claimed.sequence > 0)
        self.check.equal("the feed tells of it", p.take(p.wait("FEED"))[0].sequence, claimed.sequence)
        again = p.act("CLAIM", fire)
        self.check("a claim again is done and changes nothing", again.done and again.sequence == 0)
        for verb, phase in (("EN_ROUTE", pb.PHASE_EN_ROUTE), ("ON_SCENE", pb.PHASE_ON_SCENE)):
            self.check.equal(f"{verb} moves it", p.act(verb, fire).incident.phase, phase)
        self.check.equal("a release on scene is refused", p.act("RELEASE", fire).refusal.code, self.code("illegal_step"))
        self.check.equal("a clear needs a disposition", p.act("CLEAR", fire).refusal.code, self.code("invalid_field"))
        cleared = p.act("CLEAR", fire, disposition=pb.DISPOSITION_FALSE_ALARM, note="油烟")
        self.check.equal("CLEAR ends it", (cleared.done, cleared.incident.phase), (True, pb.PHASE_CLEARED))
        self.check.equal("an unknown incident is not found", p.act("CLAIM", 999_999).refusal.code, self.code("not_found"))
        request = p.send("CLAIM", pb.Action(incident_id=fire, note="a" * 1001))
        self.refused("a note of 1,001 bytes", p.rejection(request), "too_large", "action.note")

    def check_crew(self):
        """Several units: one joins, one comes from another zone because the desk sends it."""
        p, pb = self.p, self.pb
        second_keys, far_keys = zmq.curve_keypair(), zmq.curve_keypair()
        for name, zone, keys in (("patrol-second", ZONE, second_keys), ("patrol-far", OTHER_ZONE, far_keys)):
            status, _ = self.daemon.ask("POST", "/v1/units", {
                "id": name, "name": name, "zones": [zone], "public_key": keys[0].decode(), "replace": False})
            self.check.equal(f"{name} is enrolled", status, 201)
        second, far = self.patrol(second_keys), self.patrol(far_keys)
        far.subscribe(from_now=True, alert=(100, 1 << 20), main=(100, 1 << 20))
        incident = self.a.accepted(self.a.tip(category="fire", text="七号楼起火")).incident_id
        seen = second.act("SEEN", incident)
        self.check.equal(
            "SEEN says who has seen it", (seen.done, seen.incident.acknowledgement.by.role, seen.incident.acknowledgement.by.name),
            (True, pb.ROLE_UNIT, "patrol-second"))
        self.check.equal("SEEN again changes nothing", p.act("SEEN", incident).sequence, 0)
        self.check.equal("JOIN needs somebody to help", second.act("JOIN", incident).refusal.code, self.code("illegal_step"))
        p.act("CLAIM", incident)
        self.check.equal("a claim of a held incident is refused", second.act("CLAIM", incident).refusal.code, self.code("held_by_other"))
        joined = second.act("JOIN", incident).incident
        self.check.equal("JOIN makes a crew, and the first one leads",
                         (joined.holder, [one.unit for one in joined.crew]), (UNIT, [UNIT, "patrol-second"]))
        self.check.equal("the incident is where the furthest is",
                         second.act("EN_ROUTE", incident).incident.phase, pb.PHASE_EN_ROUTE)
        self.check.equal("only the lead clears", second.act(
            "CLEAR", incident, disposition=pb.DISPOSITION_RESOLVED).refusal.code, self.code("held_by_other"))
        self.check.equal("beyond its zones a unit sees nothing", far.act("CLAIM", incident).refusal.code, self.code("not_found"))
        self.check.equal("HAND_OVER goes to a unit of the zone", p.act("HAND_OVER", incident, to="patrol-far").refusal.field, "action.to")
        status, _ = self.daemon.ask("POST", f"/v1/incidents/{incident}/assign", {"unit": "patrol-far"})
        self.check.equal("the desk sends a unit from anywhere", status, 200)
        for step, body, expected, field in (
            ("assign", {}, 422, "unit"), ("assign", {"unit": "Not A Unit"}, 422, "unit"), ("assign", {"unit": "nobody"}, 404, "unit"),
            ("assign", {"unit": UNIT, "to": UNIT}, 422, "to"), ("hand-over", {}, 422, "to"),
            ("hand-over", {"to": "patrol-second"}, 409, None), ("recall", {"unit": "patrol-nobody"}, 409, None),
            ("clear", {"disposition": "well"}, 422, "disposition"), ("clear", {}, 422, "disposition"),
            ("reopen", {"reason": "why"}, 409, None), ("reopen", {}, 422, "reason"),
            ("acknowledge", {"unit": UNIT}, 422, "unit"),
        ):
            status, answer = self.daemon.ask("POST", f"/v1/incidents/{incident}/{step}", body)
            self.check.equal(f"{step} {body} is refused", (status, answer["error"].get("field")), (expected, field))
        # The claim ended what SEEN had let rest, so this one is a record; the next one is not.
        first, second_time = (self.daemon.ask("POST", f"/v1/incidents/{incident}/acknowledge", {}) for _ in range(2))
        self.check("the desk acknowledges too, and twice is once", first[1]["sequence"] > 0 and second_time[1]["sequence"] == 0)
        event = far.take(far.wait("FEED"))[0]
        self.check.equal("it hears of it, with the whole incident",
                         (event.kind, event.unit, event.by.role, event.incident.headline),
                         (pb.EVENT_KIND_ASSIGNED, "patrol-far", pb.ROLE_DESK, "七号楼起火"))
        self.check.equal("and may act", far.act("EN_ROUTE", incident).done, True)
        other = self.a.accepted(self.a.tip(category="fire", text="九号楼车库起火")).incident_id
        second.act("CLAIM", other)
        self.check.equal("a unit is active on one incident", second.act("EN_ROUTE", other).refusal.code, self.code("illegal_step"))
        self.check.equal("unless it diverts", second.act("EN_ROUTE", other, divert=True).incident.phase, pb.PHASE_EN_ROUTE)
        left = far.act("RELEASE", incident)
        self.check.equal("a unit that leaves is done", left.done, True)
        kinds = [event.kind for event in self.drain(far)]
        self.check.equal("its feed has every event until it left, and no more",
                         (kinds[:2], kinds[-1], pb.EVENT_KIND_DIVERTED in kinds),
                         ([pb.EVENT_KIND_ACKNOWLEDGED, pb.EVENT_KIND_EN_ROUTE], pb.EVENT_KIND_LEFT, True))
        p.act("CLEAR", incident, disposition=pb.DISPOSITION_RESOLVED)
        self.check.equal("and nothing after it", self.drain(far), [])
        self.check.equal("it is not found again", far.act("JOIN", incident).refusal.code, self.code("not_found"))
        far.subscribe(after=(0, 0), alert=(1000, 8 << 20), main=(1000, 8 << 20))
        again = [event.kind for event in self.drain(far) if event.incident.id == incident]
        self.check.equal("resuming from the beginning gives the same", again, [pb.EVENT_KIND_ASSIGNED] + kinds)
        for one in (second, far):
            one.close()

    def check_subscription_bounds(self):
        second, third = self.patrol(self.unit_keys), self.patrol(self.unit_keys)
        self.check.equal("a unit may subscribe twice here", second.subscribe().name, "SUBSCRIBED")
        self.p.heartbeat()
        refused = third.subscribe()
        self.check.equal("and a third time is refused", refused.name, "REJECTIONS")
        rejection = refused.parsed.rejections[0]
        self.refused("with a reason", rejection, "busy", "subscription")
        self.check("busy is retriable and says when", rejection.retriable and rejection.retry_after_ms > 0)
        self.check.equal("the table of codes says so too", self.retriable, {"busy", "unavailable"})
        second.close()
        third.close()

    # ---- the daemon ends and comes back

    def check_restart(self):
        self.daemon.kill()
        for connection in self.open:
            if not connection.socket.closed:
                connection.close()
        self.open = []
        self.daemon.start()
        self.a, p = self.post(self.post_keys), self.patrol(self.unit_keys)
        again = self.a.accepted(self.example_tip)
        self.check.equal(
            "after kill -9 the example is a repeat with its first sequence and incident",
            (again.verdict, again.sequence, again.incident_id, again.score),
            (self.pb.VERDICT_REPEAT, self.example_receipt.sequence, self.example_receipt.incident_id, self.example_receipt.score))
        middle = self.events[2][10].sequence
        p.subscribe(after=(0, middle))
        self.check.equal(
            "the feed goes on from a cursor, now from the journal",
            [event.sequence for event in self.follow(p, 2, 50)],
            [event.sequence for event in self.events[2] if event.sequence > middle])
        self.p = p

    def check_revocation(self):
        status, _ = self.daemon.ask("POST", "/v1/revocations", {"kind": "unit", "id": UNIT, "reason": "test"})
        self.check.equal("a unit is revoked", status, 200)
        told = self.p.wait("REJECTIONS").parsed.rejections[0]
        self.refused("a connected patrol is told", told, "revoked")
        self.refused("and is not heard any more", self.p.rejection(self.p.send("SUBSCRIBE")), "revoked")
        stranger = self.patrol(self.unit_keys)
        self.check.equal("its key is refused at the next handshake", stranger.handshake(), ("refused", 400))
        self.daemon.ask("POST", "/v1/revocations", {"kind": "post", "id": POST, "reason": "test"})
        self.refused("a connected post is refused too", self.a.rejection(self.a.submit([self.example_tip])), "revoked")

    def check_stop(self):
        self.check.equal("SIGTERM ends the daemon with 0", self.daemon.end(signal.SIGTERM), 0)

    # ---- all

    def print_example(self):
        self.daemon.start()
        self.enrol()
        self.a = self.post(self.post_keys)
        self.blocks = self.document.blocks()
        blocks = self.example()
        for _ in range(2):
            self.a.send_frames([blocks["submit-header"], blocks["submit-body"]])
            body = self.a.receive().body.replace(blocks["tip"][2:8], self.blocks["tip"][2:8])
            print(body.hex(" "))
            print(self.pb.Receipts.FromString(body))

    def all(self):
        self.check_document()
        self.daemon.start()
        for step in (
            self.enrol, self.check_files, self.check_handshake, self.check_example, self.check_tips, self.check_limits, self.check_framing,
            self.check_post_heartbeat, self.check_identity, self.check_subscribe, self.check_credit, self.check_feed,
            self.check_acknowledge, self.check_actions, self.check_crew, self.check_subscription_bounds, self.check_restart,
            self.check_revocation, self.check_stop,
        ):
            step()

    def close(self):
        for connection in self.open:
            if not connection.socket.closed:
                connection.close()
        self.daemon.kill()
        self.context.destroy(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", default=os.path.join(ROOT, ".build", "debug"), help="where watchpostd lies")
    parser.add_argument("--print-example", action="store_true", help="print the receipts of the worked example and exit")
    arguments = parser.parse_args()
    # Whatever hangs in spite of the deadlines ends here, with a trace.
    faulthandler.dump_traceback_later(300, exit=True)
    # A short path: a Unix socket's may have 100 bytes.
    folder = tempfile.mkdtemp(prefix="wp-", dir="/tmp")
    run = Run(arguments.bin_dir, folder)
    try:
        if arguments.print_example:
            run.print_example()
            return 0
        run.all()
    except Exception as error:  # one failure more, with what the daemon said
        import traceback
        traceback.print_exc()
        run.check("the run came to its end", False, f"{type(error).__name__}: {error}")
        print(run.daemon.tail(), file=sys.stderr)
    finally:
        run.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{run.check.passed} passed, {run.check.failed} failed")
    return 1 if run.check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
