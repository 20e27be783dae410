"""Watchpost in the comparison: `watchpost bench` of a release build, which starts its own daemon, posts and patrol."""

import json
import os
import re
import signal
import subprocess
import tempfile

from servers import PeerError, end_with_parent, stop

NEEDED = ("--json", "--tips", "--posts", "--window", "--batch")


class Ours:
    """Runs one `watchpost bench`. The suite has verbs (`bench throughput`, `bench latency`); a build before it has none."""

    def __init__(self, bin_dir, root, folder):
        self.program, self.root, self.folder = os.path.join(bin_dir, "watchpost"), root, folder
        for name in ("watchpost", "watchpostd"):
            if not os.access(os.path.join(bin_dir, name), os.X_OK):
                raise PeerError(f"{bin_dir}/{name} is missing; make build, or name its folder with --bin-dir")
        verbs = set(re.findall(r"^\s+(throughput|latency)\b", self.help("bench"), re.M))
        self.throughput_verb = ["bench", "throughput"] if "throughput" in verbs else ["bench"]
        self.latency_verb = ["bench", "latency"] if "latency" in verbs else None
        self.options = {verb: set(re.findall(r"--[a-z][a-z-]*", self.help(*verb.split())))
                        for verb in (" ".join(words) for words in (self.throughput_verb, self.latency_verb) if words)}
        missing = [option for option in NEEDED if option not in self.options[" ".join(self.throughput_verb)]]
        if missing:
            raise PeerError(f"watchpost {' '.join(self.throughput_verb)} has no {', '.join(missing)}")

    def help(self, *words):
        try:
            said = subprocess.run(
                [self.program, *words, "--help"], capture_output=True, text=True, timeout=30,
                env={**os.environ, "LC_ALL": "C.UTF-8"})
        except subprocess.TimeoutExpired:
            raise PeerError(f"watchpost {' '.join(words)} --help gives no answer") from None
        return said.stdout + said.stderr

    def run(self, verb, wanted, deadline):
        """`wanted`: {option: value}, True for a flag. Those that this build does not know are left out."""
        with tempfile.TemporaryDirectory(prefix="ours-", dir=self.folder, ignore_cleanup_errors=True) as data:
            command = [self.program, *verb]
            for option, value in {"--json": True, "--data": data, **wanted}.items():
                if option in self.options[" ".join(verb)]:
                    command += [option] if value is True else [option, str(value)]
            return self.run_command(command, deadline)

    def run_command(self, command, deadline):
        # A session of its own, so that whatever it leaves behind can be ended as one.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.root,
            start_new_session=True, preexec_fn=end_with_parent)
        try:
            out, errors = process.communicate(timeout=deadline)
        except subprocess.TimeoutExpired:
            raise PeerError(f"{' '.join(command)}: not done after {deadline} s") from None
        finally:
            stop(process, 20)
            if process.stderr:
                process.stderr.close()
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if process.returncode != 0:
            raise PeerError(f"{' '.join(command)}: exit {process.returncode}: {errors.strip()[-1000:]}")
        try:
            return json.loads(out.strip().splitlines()[-1])
        except (ValueError, IndexError):
            raise PeerError(f"{' '.join(command)}: no JSON in {out[-500:]!r}") from None

    def throughput(self, options, batch, tips, deadline, strace=False):
        wanted = {"--posts": options.connections, "--window": options.window, "--batch": batch, "--tips": tips, "--rounds": 1,
                  "--latency-tips": max(1, options.latency_messages if not strace else 1), "--rate": options.rate}
        if strace:
            wanted["--strace"] = True
        report = self.run(self.throughput_verb, wanted, deadline)
        rate = report.get("tips_per_second")
        if not isinstance(rate, (int, float)) or rate <= 0:
            raise PeerError("watchpost bench gave no tips_per_second")
        return report

    def latency(self, options, report, deadline):
        """Milliseconds of submit to receipt: of a run of its own, or of the throughput run where the build has one verb."""
        if not options.latency_messages:
            return None
        if self.latency_verb:
            report = self.run(self.latency_verb, {"--posts": options.connections, "--rate": options.rate}, deadline)
        elif self.throughput_verb != ["bench"]:
            # The throughput verb tells latencies too, of full windows: those are others.
            return None
        found = report.get("submit_to_receipt_ms")
        if not isinstance(found, dict) or not {"p50", "p99"} <= found.keys():
            raise PeerError("watchpost bench gave no submit_to_receipt_ms with p50 and p99; --latency-messages 0 does without")
        return found
