"""Starts the sample district, puts some incidents on its board, and lets schemathesis loose on the API, once as the desk and once as a patrol."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "Tests", "browser"))
sys.dont_write_bytecode = True

from station import PASSWORD, Station  # noqa: E402

TIPS = [
    ("fire", "3号楼5楼阳台着火"), ("theft", "电动车被偷了"), ("suspicious_person", "a man is trying car doors"),
    ("service_request", "孩子上户口需要什么材料"), ("medical", "old man fell at the gate, bleeding"),
]


def ask(address, body, token=None):
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    if token:
        request.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def main():
    bin_dir, schemathesis, examples = sys.argv[1:]
    folder = tempfile.mkdtemp(prefix="wp-")
    station = Station(bin_dir, folder, ROOT)
    failed = 0
    try:
        station.set_up()
        for category, text in TIPS:
            station.run("tip", "--config", station.agent_config, "--category", category, text)
        for user in ("duty", "walker"):
            token = ask(station.address + "/api/v1/session", {"name": user, "password": PASSWORD})["token"]
            # Excluded: what a schema cannot say (a zone that there is not, an action that is not possible now) is refused with 4xx.
            # Signing out would end the run's own session; a live stream does not end.
            done = subprocess.run([
                schemathesis, "run", station.address + "/api/v1/openapi.json", "--header", "Authorization: Bearer " + token,
                "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                "--max-examples", examples, "--exclude-path", "/session", "--exclude-path", "/api/v1/session",
                "--exclude-path-regex", ".*/events$", "--seed", "20261127", "--request-timeout", "10", "--no-color"], cwd=folder)
            print(f"{'ok   ' if done.returncode == 0 else 'FAIL '} schemathesis as {user}: exit {done.returncode}", flush=True)
            failed += done.returncode != 0
            if station.processes["watchpostd"].poll() is not None:
                print("FAIL  the daemon ended")
                failed += 1
                break
        if failed:
            print(station.logs())
    finally:
        station.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
