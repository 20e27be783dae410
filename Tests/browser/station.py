"""The sample district for browser tests: the built daemon, one post's agent, accounts; all on free ports of loopback."""

import json
import os
import signal
import socket
import subprocess
import time

POST, UNIT, ZONE = "gate-dongyuan-01", "patrol-dongyuan", "dongyuan"
PASSWORD = "correct horse battery"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Station:
    def __init__(self, bin_dir, folder, root):
        self.bin, self.folder, self.root = os.path.abspath(bin_dir), folder, root
        self.tips, self.feed, self.board, self.door = (free_port() for _ in range(4))
        self.processes = {}
        self.config = self.write("watchpostd.yaml", f"""\
data_directory: {folder}/data
tips_endpoint: tcp://127.0.0.1:{self.tips}
feed_endpoint: tcp://127.0.0.1:{self.feed}
triage_file: {root}/config/triage.yaml
dispatch_file: {root}/config/dispatch.yaml
zones_file: {root}/config/district/zones.yaml
board: {{listen: '127.0.0.1:{self.board}'}}
""")
        self.agent_config = self.write("agent.yaml", f"""\
bundle_file: {folder}/keys/{POST}.yaml
data_directory: {folder}/agent
http_listen: 127.0.0.1:{self.door}
sending: {{reconnect_min: 100ms, reconnect_max: 500ms, heartbeat_interval: 1s, failover_after: 5s}}
""")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run(self, *arguments, stdin=None):
        done = subprocess.run(
            [self.bin + "/watchpost", *arguments], input=stdin, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"watchpost {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, name, *command):
        with open(os.path.join(self.folder, name + ".log"), "ab") as log:
            # The district's own time, so that pages of post and station tell the same hour.
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "TZ": "Asia/Shanghai"})

    def until(self, *arguments, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.run(*arguments)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def start_daemon(self):
        self.start("watchpostd", self.bin + "/watchpostd", "--config", self.config)
        self.until("status", "--config", self.config)

    def stop_daemon(self):
        process = self.processes.pop("watchpostd")
        process.send_signal(signal.SIGTERM)
        process.wait(20)

    def set_up(self):
        self.start_daemon()
        keys = os.path.join(self.folder, "keys")
        for group, file in (("post", "posts"), ("patrol-unit", "units")):
            self.run(group, "add", "--config", self.config, "--from", f"{self.root}/config/district/{file}.yaml", "--out-dir", keys)
        for name, role in (("duty", ["desk"]), ("walker", ["patrol", "--unit", UNIT]), ("boss", ["admin"])):
            self.run("user", "add", name, "--role", *role, "--config", self.config, "--password-stdin", stdin=PASSWORD + "\n")
        self.start("agent", self.bin + "/watchpost", "agent", "--config", self.agent_config)
        self.until("spool", "status", "--config", self.agent_config)

    def page_link(self):
        return json.loads(self.run("agent-page", "--config", self.agent_config, "--json"))["local"]

    @property
    def address(self):
        return f"http://127.0.0.1:{self.board}"

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()

    def logs(self):
        text = ""
        for name in ("watchpostd", "agent"):
            with open(os.path.join(self.folder, name + ".log"), encoding="utf-8", errors="replace") as file:
                text += f"--- {name}\n" + "".join(file.readlines()[-15:])
        return text
