#!/usr/bin/env bash
# Tries the Debian packages and the units under a real systemd as PID 1, in a container on a Debian 12 root that debootstrap makes once
# (kept in .build/systemd). Prints ok and FAIL lines; exits 1 if one failed or something is missing, 77 if it is not run by root or the
# machine refuses namespaces.
# Usage: container.sh [SECTION ...]     as root, after `make deb`; sections: see the end. All of them took 3.5 minutes on two cores, the
# first time 4: it loads the root.
# Without -e: a check that fails is told, and the next one goes on.
set -uo pipefail
cd "$(dirname "$0")/../.."
debs=.build/deb
cache=.build/systemd/bookworm.tar
for file in Tests/systemd/sections/*.sh; do
    # shellcheck disable=SC1090 — all that lie there
    . "$file"
done
for section in "$@"; do
    declare -F "section_$section" >/dev/null || { echo "no section '$section'; there are: $(declare -F | sed -n 's/^declare -f section_//p' | tr '\n' ' ')" >&2; exit 64; }
done
broken() { echo "FAIL  Tests/systemd/container.sh: $*" >&2; exit 1; }
cannot() {
    echo "################################################################"
    echo "CANNOT RUN Tests/systemd/container.sh HERE: $*"
    echo "The units and the packages were NOT tried under systemd."
    echo "################################################################"
    exit 77
}
[ "$(id -u)" = 0 ] || cannot "not root"
for tool in systemd-nspawn nsenter unshare pgrep dpkg-deb python3 clang; do command -v $tool >/dev/null || broken "$tool is missing (.ci/packages deb; clang comes with Swift)"; done
for package in watchpost watchpostd watchpost-agent; do ls $debs/${package}_*.deb >/dev/null 2>&1 || broken "no $package in $debs: make deb"; done
refused=$(unshare --mount --pid --net --ipc --uts --fork mount -t proc none /proc 2>&1) || cannot "namespaces are refused: $refused"

work=$(mktemp -d)
nspawn="" child=""
finish() {
    if [ -n "$child" ]; then kill -9 "$child" 2>/dev/null || true; fi
    if [ -n "$nspawn" ]; then kill "$nspawn" 2>/dev/null; wait "$nspawn" 2>/dev/null; fi
    [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
# Root of a user namespace, as in many a container, may not; nor could debootstrap and tar.
refused=$(mknod "$work/null" c 1 3 2>&1) || cannot "device files are refused: $refused"
if [ ! -s $cache ]; then
    command -v debootstrap >/dev/null || broken "debootstrap is missing (.ci/packages deb)"
    mkdir -p "$(dirname $cache)"
    first=$work/first
    mkdir "$first"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,init-system-helpers,libzmq5,libsqlite3-0,openssl,procps,curl \
        bookworm "$first" >"$first.log" 2>&1 || { tail -n 5 "$first.log" >&2; broken "debootstrap failed"; }
    tar -C "$first" -cf $cache.new . && mv $cache.new $cache || broken "$cache cannot be written"
    rm -rf "$first"
fi

root=$work/root
mkdir "$root"
tar -C "$root" -xf $cache || broken "$cache cannot be unpacked: delete it"
# A root that only root may enter would keep out every other user of the container.
chmod 755 "$root"
rm -f "$root/etc/machine-id" && : >"$root/etc/machine-id"
systemd-nspawn -q -D "$root" --register=no --keep-unit --private-network --console=pipe -b >"$work/console" 2>&1 </dev/null &
nspawn=$!
for _ in $(seq 100); do
    # Its first children only prepare; the one that stays is the container's PID 1.
    child=$(pgrep -P "$nspawn" -x systemd | head -n 1)
    [ -z "$child" ] || break
    if ! kill -0 "$nspawn" 2>/dev/null; then
        tail -n 5 "$work/console" >&2
        # What a machine says that is a container itself, or locked down.
        if grep -qE "Operation not permitted|Permission denied|Read-only file system|Function not implemented|Operation not supported" "$work/console"; then
            cannot "systemd-nspawn is refused"
        fi
        broken "systemd-nspawn ended"
    fi
    sleep 0.2
done
[ -n "$child" ] || broken "systemd-nspawn started nothing in 20 s"

# --- Words of this script ---
passed=0 failed=0
ok() { echo "ok    $*"; passed=$((passed + 1)); }
fail() { echo "FAIL  $*"; failed=$((failed + 1)); }
in_() { nsenter -a -t "$child" -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
quietly() { "$@" >"$work/said" 2>&1; }
# check WORDS COMMAND...: succeeds; refuse WORDS COMMAND...: fails; denied WORDS STATUS REASON COMMAND...: fails with this status and says so
check() { local words=$1; shift; if quietly "$@"; then ok "$words"; else fail "$words: $(tail -n 3 "$work/said" | tr '\n' ' ')"; fi; }
refuse() { local words=$1; shift; if quietly "$@"; then fail "$words"; else ok "$words"; fi; }
denied() {
    local words=$1 status=$2 reason=$3 got=0
    shift 3
    quietly "$@" || got=$?
    if [ "$got" = "$status" ] && { [ -z "$reason" ] || grep -q -- "$reason" "$work/said"; }; then ok "$words"; else fail "$words: exit status $got, must be $status with '$reason': $(tail -n 3 "$work/said" | tr '\n' ' ')"; fi
}
same() { if [ "$2" = "$3" ]; then ok "$1: $3"; else fail "$1: is '$3', must be '$2'"; fi; }
since=0
# What was logged since then only: an earlier failure must not answer for a later one.
logged() { in_ journalctl -u "$1" -o cat --no-pager --since "@$since" | grep -- "$2" >/dev/null; }
says() { if logged "$2" "$3"; then ok "$1"; else fail "$1: the log of $2 has no '$3'"; in_ journalctl -u "$2" -o cat --no-pager -n 4; fi; }
property() { in_ systemctl show -P "$2" "$1"; }
# until_ SECONDS COMMAND...: waits for what must come
until_() { local end=$((SECONDS + $1)); shift; while ! quietly "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.2; done; }
status() { in_ watchpost status --json | python3 -c "import json,sys,time; d=json.loads(sys.stdin.readline()); print($1)"; }
accepted() { status 'd["totals"]["tips"]' 2>/dev/null || echo none; }
has_accepted() { [ "$(accepted)" = "$1" ]; }
spooled() { in_ watchpost spool status --config /etc/watchpost/agent.yaml --json | python3 -c 'import json,sys; d=json.loads(sys.stdin.readline()); print(d["spool"]["depth"])'; }
tip() { in_ watchpost tip --config /etc/watchpost/agent.yaml -c other --wait "${2:-0}" "tip $1"; }
tips() { local n; for n in $(seq "$1"); do tip "$n" >/dev/null 2>&1 || true; done; }
is_active() { in_ systemctl is-active --quiet "$1"; }
# a start that must fail, with its exit status, words of its log, and no second try where the code says so
bad_start() { # WORDS STATUS LOG
    in_ systemctl reset-failed watchpostd >/dev/null 2>&1 || true
    sleep 1
    since=$(date +%s)
    refuse "$1: the start fails" in_ timeout 20 systemctl start watchpostd
    same "$1: exit status" "$2" "$(property watchpostd ExecMainStatus)"
    says "$1: the log says why" watchpostd "$3"
    if [ "$2" = 78 ]; then
        sleep 3
        same "$1: it is not tried again" failed "$(in_ systemctl is-active watchpostd || true)"
    fi
    in_ systemctl stop watchpostd >/dev/null 2>&1 || true
}

# --- The sections ---
begun=$SECONDS
for section in install start ${*:-restart watchdog reload credentials instance disk clock backup damage keys socket failures upgrade purge}; do
    echo "--- $section"
    since=$(date +%s)
    "section_$section"
done
echo "$((SECONDS - begun)) s, $passed ok, $failed failed"
[ $failed = 0 ]
