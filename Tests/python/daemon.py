"""Starts the built daemon on a folder of its own and talks to its admin socket."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """`watchpostd` with a configuration for the test: free ports, a fresh data folder, the shipped rules."""

    def __init__(self, binary, folder, root):
        self.binary, self.folder = binary, folder
        self.socket = os.path.join(folder, "admin.sock")
        self.log = os.path.join(folder, "log")
        self.config = os.path.join(folder, "watchpostd.yaml")
        self.process = None
        with open(os.path.join(folder, "dispatch.yaml"), "w") as file:
            # Nothing is escalated, however slow the machine is: what is fed follows from what the checks do.
            never = ", ".join(f"{key}_after: never" for key in (
                "officer", "desk", "neighbours", "unit_idle", "unit_idle_desk", "en_route_long", "on_scene_long"))
            file.write("levels:\n" + "".join(
                f"  {level}: {{ {never} }}\n" for level in ("emergency", "urgent", "priority", "routine")))
        with open(self.config, "w") as file:
            file.write(
                f"data_directory: {folder}/data\n"
                "tips_endpoint: tcp://127.0.0.1:*\n"
                "feed_endpoint: tcp://127.0.0.1:*\n"
                "board: {listen: off}\n"
                "metrics: {listen: off}\n"
                f"admin_socket: {self.socket}\n"
                f"triage_file: {root}/config/triage.yaml\n"
                f"dispatch_file: {folder}/dispatch.yaml\n"
                f"zones_file: {root}/config/district/zones.yaml\n"
                "log_level: info\n"
                "feed:\n"
                "  per_unit_subscriptions: 2\n")

    def start(self, timeout=60):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "--config", self.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + timeout
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the daemon ended with {self.process.returncode}; its log:\n{self.tail()}")
            try:
                status, body = self.ask("GET", "/v1/status")
                if status == 200:
                    self.tips, self.feed = body["ingest"]["endpoint"], body["feed"]["endpoint"]
                    return body
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > deadline:
                raise RuntimeError(f"the daemon did not open its admin socket; its log:\n{self.tail()}")
            time.sleep(0.05)

    def end(self, number, timeout=15):
        """Sends the signal and gives the exit status."""
        if self.process is None:
            return None
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout)
            raise
        finally:
            self.process = None

    def kill(self):
        return self.end(signal.SIGKILL)

    def ask(self, method, path, body=None, timeout=20):
        connection = UnixHTTP(self.socket, timeout)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    def tail(self):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-20:])
