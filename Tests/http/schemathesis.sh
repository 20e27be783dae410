#!/bin/sh
# Runs schemathesis (PyPI) against the OpenAPI document that the built daemon serves: no input may give a server error, and no
# status may occur that the document does not name. Needs python3-venv, and PyPI once: the packages stay in .build/schemathesis.
#
#     Tests/http/schemathesis.sh [BIN_DIR [EXAMPLES]]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=${1:-$root/.build/debug}
examples=${2:-25}
venv=$root/.build/schemathesis
[ -x "$venv/bin/schemathesis" ] || {
    python=/usr/bin/python3
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check schemathesis==4.32.5
}
exec /usr/bin/python3 "$root/Tests/http/run.py" "$bin" "$venv/bin/schemathesis" "$examples"
