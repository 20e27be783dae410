# Words for the sections that follow: tips without a pause, and what became of them.
# shellcheck shell=bash disable=SC2154 — read by container.sh, whose words it uses

# load_begin [SECONDS] [BYTES]: tips one after the other through the agent, until load_end; each waits so long for its receipt. What was
# answered is a line of $root/root/load.
loading=""
load_begin() {
    rm -f "$root/root/enough" "$root/root/load"
    : >"$root/root/load"
    # shellcheck disable=SC2016 — the container's shell expands it
    in_ bash -c 'text=$(head -c "$1" /dev/zero | tr "\0" x)
        for n in $(seq 20000); do
            [ ! -e /root/enough ] || exit 0
            watchpost tip --config /etc/watchpost/agent.yaml -c other --json --wait "$0" "load $n $text" >>/root/load 2>>/root/load.refused || sleep 0.1
        done' "${1:-2}" "${2:-1}" &
    loading=$!
}
load_end() { touch "$root/root/enough"; wait "$loading"; loading=""; rm -f "$root/root/enough"; }
loaded() { [ "$(wc -l <"$root/root/load")" -ge "$1" ]; }
tip_state() { in_ watchpost tip --config /etc/watchpost/agent.yaml --json "$@" | sed -n 's/.*"state":"\([^"]*\)".*/\1/p'; }
status_line() { property watchpostd StatusText | grep -q "$1"; }
dead_letters() { in_ watchpost spool status --config /etc/watchpost/agent.yaml --json | python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["dead_letters"])'; }
# kept FILE: how many of its tips the agent took, acknowledged or not
kept() { wc -l <"$1"; }
# missing JOURNAL FILE [STATE]: how many of the file's tips that were answered with that state the journal does not have
missing() {
    python3 - "$1" "$2" "${3:-accepted}" <<'CHECK'
import json, sqlite3, sys
digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
def raw(ulid):
    number = 0
    for digit in ulid: number = number * 32 + digits.index(digit)
    return number.to_bytes(16, "big")
tips = [json.loads(line) for line in open(sys.argv[2])]
wanted = [raw(tip["tip"]) for tip in tips if sys.argv[3] in ("any", tip["state"])]
there = {row[0] for row in sqlite3.connect(f"file:{sys.argv[1]}?immutable=1", uri=True).execute("SELECT tip FROM record WHERE tip IS NOT NULL")}
print(sum(tip not in there for tip in wanted), "of", "some" if wanted else "none", "missing")
CHECK
}
# The journal, as its own daemon left it: stopped, so that the file is whole by itself.
whole_journal() { # WORDS [FILE [STATE]]
    in_ systemctl stop watchpostd
    # Read from outside of the container, where only what is in the file itself counts.
    in_ cp /var/lib/watchpost/journal.sqlite /root/whole.sqlite
    check "$1: the chain is whole" in_ watchpost journal verify --data /var/lib/watchpost
    if [ -n "${2:-}" ]; then same "$1: of the tips" "0 of some missing" "$(missing "$root/root/whole.sqlite" "$2" "${3:-accepted}")"; fi
    in_ systemctl start watchpostd
}
# set_key FILE KEY VALUE: a key of two blanks' depth
set_key() { in_ sed -i "s|^  $2: .*|  $2: $3|" "$1"; }
# A unit, its configuration, and somebody of it who is signed in at the board: $patrol is the token.
patrol=""
make_patrol() {
    [ -z "$patrol" ] || return 0
    in_ watchpost patrol-unit add patrol-dongyuan --zone dongyuan --out /etc/watchpost/patrol.bundle >/dev/null
    in_ cp /usr/share/doc/watchpost/examples/patrol.yaml /etc/watchpost/patrol.yaml
    in_ sh -c 'echo "two taps at the wall" | watchpost user add walker --role patrol --unit patrol-dongyuan --password-stdin' >/dev/null
    patrol=$(in_ curl -sS http://127.0.0.1:7420/api/v1/session -H 'Content-Type: application/json' \
        -d '{"name":"walker","password":"two taps at the wall"}' | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
    [ -n "$patrol" ] || fail "walker cannot sign in"
}
# act NUMBER ACTION: what the patrol's page does; prints the status
act() { in_ curl -sS -m 10 -o /root/acted -w '%{http_code}' -X POST -H "Authorization: Bearer $patrol" -H 'Content-Type: application/json' -d '{}' "http://127.0.0.1:7420/api/v1/incidents/$1/$2"; }
