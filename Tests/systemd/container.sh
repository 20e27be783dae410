#!/usr/bin/env bash
# Tries the Debian packages and the units under a real systemd as PID 1, in a container on a Debian 12 root that debootstrap makes once
# (kept in .build/systemd). Prints ok and FAIL lines; exits 1 if one failed, 77 if this machine cannot run it.
# Usage: container.sh [SECTION ...]     as root, after `make deb`; sections: see the end. All of it takes a minute and a half.
# Without -e: a check that fails is told, and the next one goes on.
set -uo pipefail
cd "$(dirname "$0")/../.."
debs=.build/deb
cache=.build/systemd/bookworm.tar
cannot() {
    echo "################################################################"
    echo "CANNOT RUN Tests/systemd/container.sh HERE: $*"
    echo "The units and the packages were NOT tried under systemd."
    echo "################################################################"
    exit 77
}
[ "$(id -u)" = 0 ] || cannot "not root"
for tool in systemd-nspawn nsenter dpkg-deb python3; do command -v $tool >/dev/null || cannot "$tool is missing (.ci/packages deb)"; done
ls $debs/watchpostd_*.deb >/dev/null 2>&1 || cannot "no packages in $debs: make deb"
if [ ! -s $cache ]; then
    command -v debootstrap >/dev/null || cannot "debootstrap is missing (.ci/packages deb)"
    mkdir -p "$(dirname $cache)"
    first=$(mktemp -d)
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,init-system-helpers,libzmq5,libsqlite3-0,openssl,procps,curl \
        bookworm "$first" >"$first.log" 2>&1 || { tail -n 5 "$first.log"; cannot "debootstrap failed"; }
    tar -C "$first" -cf $cache.new . && mv $cache.new $cache
    rm -rf "$first" "$first.log"
fi

work=$(mktemp -d)
root=$work/root
mkdir "$root"
tar -C "$root" -xf $cache || cannot "$cache cannot be unpacked: delete it"
# It was made in a folder of mktemp's, which only root may enter: as / of the container it would keep out every other user.
chmod 755 "$root"
rm -f "$root/etc/machine-id" && : >"$root/etc/machine-id"
systemd-nspawn -q -D "$root" --register=no --keep-unit --private-network --console=pipe -b >"$work/console" 2>&1 </dev/null &
nspawn=$!
child=""
finish() {
    if [ -n "$child" ]; then kill -9 "$child" 2>/dev/null || true; fi
    kill "$nspawn" 2>/dev/null || true
    wait "$nspawn" 2>/dev/null || true
    [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
}
trap finish EXIT INT TERM
for _ in $(seq 100); do
    # Its first children only prepare; the one that stays is the container's PID 1.
    child=$(pgrep -P "$nspawn" -x systemd | head -n 1)
    [ -z "$child" ] || break
    kill -0 "$nspawn" 2>/dev/null || { tail -n 5 "$work/console"; cannot "systemd-nspawn ended"; }
    sleep 0.2
done
[ -n "$child" ] || cannot "systemd-nspawn started nothing"

# --- Words of this script ---
failed=0
ok() { echo "ok    $*"; }
fail() { echo "FAIL  $*"; failed=1; }
in_() { nsenter -a -t "$child" -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
quietly() { "$@" >"$work/said" 2>&1; }
# check WORDS COMMAND...: succeeds; refuse WORDS COMMAND...: fails
check() { local words=$1; shift; if quietly "$@"; then ok "$words"; else fail "$words: $(tail -n 3 "$work/said" | tr '\n' ' ')"; fi; }
refuse() { local words=$1; shift; if quietly "$@"; then fail "$words"; else ok "$words"; fi; }
same() { if [ "$2" = "$3" ]; then ok "$1: $3"; else fail "$1: is '$3', must be '$2'"; fi; }
since=0
# What was logged since then only: an earlier failure must not answer for a later one.
says() { if in_ journalctl -u "$2" -o cat --no-pager --since "@$since" | grep -- "$3" >/dev/null; then ok "$1"; else fail "$1: the log of $2 has no '$3'"; in_ journalctl -u "$2" -o cat --no-pager -n 4; fi; }
property() { in_ systemctl show -P "$2" "$1"; }
# until_ SECONDS COMMAND...: waits for what must come
until_() { local end=$((SECONDS + $1)); shift; while ! quietly "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.2; done; }
status() { in_ watchpost status --json | python3 -c "import json,sys; d=json.loads(sys.stdin.readline()); print($1)"; }
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
section_install() {
    check "systemd runs as PID 1" until_ 30 in_ systemctl is-active --quiet multi-user.target
    mkdir "$root/debs"
    cp $debs/*.deb "$root/debs"
    check "the packages install" in_ sh -c 'dpkg -i /debs/*.deb'
    for program in watchpost watchpostd; do
        if in_ ldd /usr/bin/$program | grep -q "not found"; then fail "$program misses a library"; else ok "$program has its libraries"; fi
    done
    check "the daemon runs after the installation" is_active watchpostd
    refuse "the agent waits for its bundle" is_active watchpost-agent
    same "what verify says of the installed units (systemd $(in_ systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p'))" "" \
        "$(in_ systemd-analyze verify --man=no watchpostd.service watchpostd.socket watchpost-agent.service watchpost-agent@x.service watchpost.slice 2>&1)"
    for page in man8/watchpostd.8 man1/watchpost.1 man5/watchpost.yaml.5; do check "$page is there" in_ test -s /usr/share/man/$page.gz; done
    for unit in watchpostd watchpost-agent watchpost-agent@; do
        figure=$(in_ systemd-analyze security --offline=true --no-pager /usr/lib/systemd/system/$unit.service | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
        if awk "BEGIN { exit !(\"$figure\" != \"\" && $figure + 0 <= 1.5) }"; then ok "$unit: exposure $figure"; else fail "$unit: exposure '$figure'"; fi
    done
}
section_start() {
    in_ systemctl restart watchpostd
    check "after the start the admin socket answers at once" in_ watchpost status
    check "and the board" in_ curl -sS -m 5 -o /dev/null http://127.0.0.1:7420/
    check "and the tips' port" in_ bash -c ': </dev/tcp/127.0.0.1/7401'
    check "the status line tells where" grep -q "taking tips at" <(property watchpostd StatusText)
    same "it runs as" watchpost "$(in_ ps -o user= -C watchpostd | head -n 1)"
    same "it is in the slice" watchpost.slice "$(property watchpostd Slice)"
    same "the data directory" "700 watchpost:watchpost" "$(in_ stat -c '%a %U:%G' /var/lib/watchpost)"
    for file in journal.sqlite daemon.key accounts.sqlite; do
        same "mode of $file" "600 watchpost:watchpost" "$(in_ stat -c '%a %U:%G' /var/lib/watchpost/$file)"
    done
    same "mode of admin.sock" "600" "$(in_ stat -c %a /run/watchpost/admin.sock)"
    check "a post is enrolled" in_ watchpost post add gate-dongyuan-01 --zone dongyuan --out /etc/watchpost/post.bundle
    in_ chown watchpost-agent:watchpost-agent /etc/watchpost/post.bundle
    check "the agent starts" in_ systemctl start watchpost-agent
    check "a tip arrives" tip first 10
    check "and is counted" until_ 10 has_accepted 1
    same "the spool's directory" "700 watchpost-agent:watchpost-agent" "$(in_ stat -c '%a %U:%G' /var/lib/watchpost-agent)"
    check "the agent's status line tells the link" grep -q "spooled" <(property watchpost-agent StatusText)
}
section_restart() {
    local before; before=$(accepted)
    (tips 40) &
    local sender=$!
    for _ in 1 2 3; do in_ systemctl restart watchpostd; done
    wait $sender
    check "40 tips during 3 restarts, none lost or doubled" until_ 30 has_accepted $((before + 40))
    in_ systemctl kill -s KILL watchpostd
    check "after kill -9 it comes back by itself" until_ 20 in_ watchpost status
    same "with every tip" "$((before + 40))" "$(accepted)"
    check "the journal's chain is whole" in_ watchpost journal verify --data /var/lib/watchpost
    in_ systemctl kill -s KILL watchpost-agent
    check "the agent comes back by itself" until_ 20 is_active watchpost-agent
}
section_watchdog() {
    in_ mkdir -p /run/systemd/system/watchpostd.service.d
    printf '[Service]\nWatchdogSec=4s\nTimeoutAbortSec=4s\n' >"$work/dropin"
    in_ sh -c 'cat >/run/systemd/system/watchpostd.service.d/short.conf' <"$work/dropin"
    in_ systemctl daemon-reload
    in_ systemctl restart watchpostd
    local before; before=$(accepted)
    in_ systemctl kill -s STOP watchpostd
    refuse "a stopped daemon does not answer" in_ timeout 2 watchpost status
    check "the watchdog kills it and it comes back" until_ 30 in_ timeout 2 watchpost status
    says "systemd says that it was the watchdog" watchpostd "Watchdog timeout"
    same "no tip is lost" "$before" "$(accepted)"
    in_ rm /run/systemd/system/watchpostd.service.d/short.conf
    in_ systemctl daemon-reload
    in_ systemctl restart watchpostd
}
section_reload() {
    local pid; pid=$(property watchpostd MainPID)
    in_ cp /etc/watchpost/triage.yaml /root/triage.yaml
    in_ sh -c 'echo "nonsense_key: 1" >>/etc/watchpost/triage.yaml'
    refuse "a reload with a bad file is refused" in_ systemctl reload watchpostd
    same "and the daemon runs on" "$pid" "$(property watchpostd MainPID)"
    says "and says what is wrong" watchpostd nonsense_key
    in_ cp /root/triage.yaml /etc/watchpost/triage.yaml
    check "a reload with a good file is done" in_ systemctl reload watchpostd
    says "and told" watchpostd "configuration reloaded"
    same "by the same process" "$pid" "$(property watchpostd MainPID)"
}
daemon_key() { in_ watchpost keys show | sed -n 's/^daemon.s public key: //p'; }
section_credentials() {
    local key; key=$(daemon_key)
    in_ sh -c 'mkdir -p -m 700 /etc/credstore /etc/credstore.encrypted; mv /var/lib/watchpost/daemon.key /etc/credstore/watchpostd.key; chmod 600 /etc/credstore/watchpostd.key'
    in_ systemctl restart watchpostd
    same "a key from /etc/credstore is the daemon's" "$key" "$(daemon_key)"
    refuse "and no other is made" in_ test -e /var/lib/watchpost/daemon.key
    if quietly in_ sh -c 'systemd-creds encrypt --with-key=host --name=watchpostd.sealed-key /etc/credstore/watchpostd.key /etc/credstore.encrypted/watchpostd.sealed-key'; then
        in_ mv /etc/credstore/watchpostd.key /root/daemon.key
        in_ systemctl restart watchpostd
        same "a key encrypted for this machine, too" "$key" "$(daemon_key)"
        in_ rm /etc/credstore.encrypted/watchpostd.sealed-key
        in_ mv /root/daemon.key /etc/credstore/watchpostd.key
    else
        fail "systemd-creds encrypt: $(cat "$work/said")"
    fi
    in_ install -o watchpost -g watchpost -m 600 /etc/credstore/watchpostd.key /var/lib/watchpost/daemon.key
    in_ rm /etc/credstore/watchpostd.key
    in_ systemctl restart watchpostd
    in_ sh -c 'mv /etc/watchpost/post.bundle /etc/credstore/post.bundle; chown root:root /etc/credstore/post.bundle'
    check "the agent takes its bundle as a credential" in_ systemctl restart watchpost-agent
    local before; before=$(accepted)
    check "and delivers with it" tip credential 10
    check "and it is counted" until_ 10 has_accepted $((before + 1))
    in_ sh -c 'mv /etc/credstore/post.bundle /etc/watchpost/post.bundle; chown watchpost-agent:watchpost-agent /etc/watchpost/post.bundle'
    in_ systemctl restart watchpost-agent
}
section_instance() {
    in_ watchpost post add gate-dongyuan-02 --zone dongyuan --out /etc/watchpost/gate-2.bundle >/dev/null
    in_ sh -c 'chown watchpost-agent: /etc/watchpost/gate-2.bundle
        sed -e "s|/var/lib/watchpost-agent|/var/lib/watchpost-agent/gate-2|; s|/run/watchpost-agent|/run/watchpost-agent/gate-2|; s|7410|7412|; s|post.bundle|gate-2.bundle|" /etc/watchpost/agent.yaml >/etc/watchpost/agent@gate-2.yaml'
    check "an instance of the agent runs beside the other" in_ systemctl start watchpost-agent@gate-2
    local before; before=$(accepted)
    check "and delivers" in_ watchpost tip --config /etc/watchpost/agent@gate-2.yaml -c other --wait 10 "from the second gate"
    check "and it is counted" until_ 10 has_accepted $((before + 1))
    check "the first one still runs" is_active watchpost-agent
    in_ systemctl stop watchpost-agent@gate-2
    in_ rm -rf /etc/watchpost/agent@gate-2.yaml /etc/watchpost/gate-2.bundle /var/lib/watchpost-agent/gate-2
}
section_socket() {
    in_ systemctl stop watchpostd
    check "the socket unit starts" in_ systemctl enable --now watchpostd.socket
    check "and the daemon with it" in_ systemctl start watchpostd
    same "mode of admin.sock" "600 watchpost" "$(in_ stat -c '%a %U' /run/watchpost/admin.sock)"
    # While it restarts, every connection to every listener is taken.
    cat >"$root/root/knock" <<'KNOCK'
# Refused: nobody listens (7 is curl's). Cut: taken by a server that was just ending, before it read the request; the client asks again.
refused=0; cut=0; done=0; which=
count() { case $1 in 0) ;; 7) refused=$((refused + 1)); which="$which $2" ;; *) cut=$((cut + 1)) ;; esac; }
while [ ! -e /root/enough ]; do
    for port in 7401 7402 7420; do (: </dev/tcp/127.0.0.1/$port) 2>/root/why || { refused=$((refused + 1)); which="$which $port: $(cat /root/why)"; }; done
    curl -s -m 20 -o /dev/null http://127.0.0.1:7420/; count $? board
    curl -s -m 20 -o /dev/null --unix-socket /run/watchpost/admin.sock http://localhost/; count $? admin.sock
    done=$((done + 1))
done
echo "$refused refused$which"; echo "$done rounds, $cut cut" >&2
KNOCK
    in_ bash /root/knock >"$work/knock" 2>"$work/rounds" &
    local knocking=$!
    sleep 0.5
    for _ in 1 2 3; do in_ systemctl restart watchpostd; sleep 0.3; done
    in_ touch /root/enough
    wait $knocking || true
    same "connections during 3 restarts ($(cat "$work/rounds"))" "0 refused" "$(cat "$work/knock")"
    local before; before=$(accepted)
    check "a tip arrives through an inherited socket" tip inherited 10
    check "and is counted" until_ 10 has_accepted $((before + 1))
    in_ sh -c 'sed -i "s|^tips_endpoint: .*|tips_endpoint: tcp://127.0.0.1:7411|" /etc/watchpost/watchpostd.yaml'
    in_ systemctl restart watchpostd
    says "an address that only the socket unit has is told" watchpostd "systemd listens where the configuration does not"
    in_ sh -c 'sed -i "s|^tips_endpoint: .*|tips_endpoint: tcp://127.0.0.1:7401|" /etc/watchpost/watchpostd.yaml'
    # Whoever connects starts a daemon that cannot start, but not for ever.
    in_ sh -c 'cp /etc/watchpost/watchpostd.yaml /root/good; echo "nonsense_key: 1" >>/etc/watchpost/watchpostd.yaml'
    in_ systemctl restart watchpostd >/dev/null 2>&1
    in_ timeout 20 bash -c 'while : </dev/tcp/127.0.0.1/7401; do sleep 0.2; done' >/dev/null 2>&1
    check "a daemon that cannot start is not started for ever by those that connect" until_ 30 in_ systemctl is-failed --quiet watchpostd.socket
    in_ sh -c 'cat /root/good >/etc/watchpost/watchpostd.yaml'
    in_ systemctl stop watchpostd >/dev/null 2>&1
    check "corrected, the daemon starts and listens by itself" in_ systemctl start watchpostd
    in_ systemctl disable --now watchpostd.socket watchpostd.service >/dev/null 2>&1
    in_ systemctl enable --now watchpostd.service >/dev/null 2>&1
    in_ rm -f /root/enough /root/knock /root/why
    check "without the socket unit it listens by itself again" in_ watchpost status
}
section_failures() {
    local key=/var/lib/watchpost/daemon.key journal=/var/lib/watchpost/journal.sqlite config=/etc/watchpost/watchpostd.yaml
    local before; before=$(accepted)
    in_ systemctl stop watchpostd
    local port
    for port in 7401 7402 7420; do
        in_ systemd-run -q --unit=taken --service-type=exec systemd-socket-activate -a -l 127.0.0.1:$port /bin/cat
        until_ 5 in_ bash -c "grep -qi ':$(printf %04X $port) ' /proc/net/tcp" || true
        bad_start "port $port taken" 69 "$port.*in use"
        in_ systemctl stop taken
    done
    in_ chmod 644 $key; bad_start "key with mode 0644" 78 "mode 0644, must be 0600"; in_ chmod 600 $key
    in_ chmod 600 $config; bad_start "configuration that cannot be read" 78 "watchpostd.yaml.*ermission"; in_ chmod 644 $config
    in_ sh -c "cp $config /root/good; echo 'nonsense_key: 1' >>$config"; bad_start "wrong configuration" 78 nonsense_key; in_ sh -c "cat /root/good >$config"
    # user_version and application_id are in the header of the file.
    in_ sh -c "cp -p $journal /root/journal; printf '\0\0\0\143' | dd of=$journal bs=1 seek=60 conv=notrunc status=none"
    bad_start "newer schema" 74 "schema"
    in_ sh -c "cat /root/journal >$journal; rm -f $journal-wal $journal-shm"
    in_ systemctl reset-failed watchpostd >/dev/null 2>&1 || true
    check "after all that it starts" in_ systemctl start watchpostd
    same "and has lost nothing" "$before" "$(accepted)"
    # The agent never stays down: once the file is right it is back without anybody.
    in_ sh -c 'cp -p /etc/watchpost/agent.yaml /root/agent.yaml; echo "nonsense_key: 1" >>/etc/watchpost/agent.yaml'
    in_ systemctl restart watchpost-agent >/dev/null 2>&1 || true
    says "an agent with a wrong file says why" watchpost-agent nonsense_key
    in_ sh -c 'cat /root/agent.yaml >/etc/watchpost/agent.yaml'
    check "and is back once it is right" until_ 30 is_active watchpost-agent
}
# repack VERSION [SCHEMA]: the same packages under another version
repack() {
    local deb tree
    rm -rf "$root/debs/other"; mkdir "$root/debs/other"
    for deb in $debs/*.deb; do
        tree=$work/tree
        rm -rf "$tree"
        dpkg-deb -R "$deb" "$tree"
        sed -i -e "s/^Version: .*/Version: $1/" -e "s/(= [^)]*)/(= $1)/g" "$tree/DEBIAN/control"
        if [ -n "${2:-}" ] && [ -f "$tree/DEBIAN/preinst" ]; then sed -i "s/^known=.*/known=$2/" "$tree/DEBIAN/preinst"; fi
        dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$root/debs/other" >/dev/null
    done
}
section_upgrade() {
    local before pid
    before=$(accepted)
    in_ systemctl stop watchpostd
    in_ sh -c 'sed -i -e "s/^  max_tips: .*/  max_tips: 100/" -e "s/^  emergency_reserve: .*/  emergency_reserve: 10/" /etc/watchpost/agent.yaml'
    in_ systemctl restart watchpost-agent
    tips 100
    same "the spool is full" 90 "$(spooled)"
    refuse "one more is refused" tip more
    repack 99.0-1
    in_ systemctl start watchpostd
    pid=$(property watchpostd MainPID)
    check "upgrade with a running daemon and a full spool" in_ sh -c 'dpkg --force-confold -i /debs/other/*.deb'
    check "the new daemon runs" is_active watchpostd
    refuse "and is a new process" test "$pid" = "$(property watchpostd MainPID)"
    check "every tip of the spool arrives once" until_ 30 has_accepted $((before + 90))
    same "the spool is empty" 0 "$(spooled)"
    same "the edited conffile stays" "  max_tips: 100" "$(in_ grep '^  max_tips' /etc/watchpost/agent.yaml)"

    pid=$(property watchpostd MainPID)
    repack 0.0.1-1 1
    refuse "a downgrade below the journal's schema is refused" in_ sh -c 'dpkg -i /debs/other/watchpostd_*.deb'
    cp "$work/said" "$work/refusal"
    check "and says why" grep "has schema" "$work/refusal"
    same "the installed version stays" 99.0-1 "$(in_ dpkg-query -W -f '${Version}' watchpostd)"
    same "and the daemon runs on" "$pid" "$(property watchpostd MainPID)"

    # A new version that does not take the configuration must not end the daemon that runs.
    in_ sh -c 'echo "nonsense_key: 1" >>/etc/watchpost/watchpostd.yaml'
    repack 99.0-2
    check "upgrade with a configuration that is wrong" in_ sh -c 'dpkg --force-confold -i /debs/other/*.deb'
    same "leaves the daemon running" "$pid" "$(property watchpostd MainPID)"
    in_ sed -i '/nonsense_key/d' /etc/watchpost/watchpostd.yaml
}
section_purge() {
    check "the packages are removed" in_ dpkg -r watchpostd watchpost-agent watchpost
    refuse "nothing runs any more" in_ pgrep watchpost
    check "remove keeps the journal" in_ test -s /var/lib/watchpost/journal.sqlite
    check "and the configuration" in_ test -s /etc/watchpost/watchpostd.yaml
    check "and the spool" in_ test -s /var/lib/watchpost-agent/spool.sqlite
    check "they are purged" in_ dpkg -P watchpostd watchpost-agent watchpost
    same "what is left of them" "" "$(in_ find /etc /var/lib /usr /run -xdev -iname '*watchpost*' -not -path '/var/lib/dpkg/*' -not -path '/run/credentials*' -not -path '/run/systemd/*' 2>/dev/null | tr '\n' ' ')"
    same "and of their processes' units" "0 loaded units listed." "$(in_ systemctl list-units --all 'watchpost*.service' --no-pager | sed -n 's/^\(0 loaded units listed.\).*/\1/p')"
}

begun=$SECONDS
for section in install start ${*:-restart watchdog reload credentials instance socket failures upgrade purge}; do
    echo "--- $section"
    since=$(date +%s)
    "section_$section"
done
echo "$((SECONDS - begun)) s, failed: $failed"
exit $failed
