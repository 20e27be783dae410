"""Watchpost in the comparison: `watchpost bench` of a release build, which starts its own daemon, posts and patrol."""

import json
import os
import signal
import subprocess
import tempfile

from servers import PeerError, end_with_parent, stop


class Ours:
    """Runs `watchpost bench throughput` and `watchpost bench latency`."""

    def __init__(self, bin_dir, root, folder):
        self.program, self.root, self.folder = os.path.join(bin_dir, "watchpost"), root, folder
        for name in ("watchpost", "watchpostd"):
            if not os.access(os.path.join(bin_dir, name), os.X_OK):
                raise PeerError(f"{bin_dir}/{name} is missing; make build, or name its folder with --bin-dir")

    def run(self, verb, wanted, deadline):
        """`wanted`: {option: value}, True for a flag."""
        with tempfile.TemporaryDirectory(prefix="ours-", dir=self.folder, ignore_cleanup_errors=True) as data:
            command = [self.program, "bench", verb]
            for option, value in {"--json": True, "--data": data, **wanted}.items():
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
        wanted = {"--posts": options.connections, "--window": options.window, "--batch": batch, "--tips": tips, "--rounds": 1}
        if strace:
            wanted["--strace"] = True
        report = self.run("throughput", wanted, deadline)
        rate = report.get("tips_per_second")
        if not isinstance(rate, (int, float)) or rate <= 0:
            raise PeerError("watchpost bench gave no tips_per_second")
        return report

    def latency(self, options, deadline):
        """Milliseconds of submit to receipt, at a fixed rate."""
        if not options.latency_messages:
            return None
        report = self.run("latency", {"--posts": options.connections, "--rate": options.rate}, deadline)
        found = report.get("submit_to_receipt_ms")
        if not isinstance(found, dict) or not {"p50", "p99"} <= found.keys():
            raise PeerError("watchpost bench gave no submit_to_receipt_ms with p50 and p99; --latency-messages 0 does without")
        return found
