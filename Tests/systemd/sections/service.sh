# The installed units: start, restart, watchdog, reload, credentials, an instance, the socket unit.
# shellcheck shell=bash disable=SC2154 — read by container.sh, whose words it uses

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
    check "encrypted for this machine" in_ sh -c 'systemd-creds encrypt --with-key=host --name=post.sealed-bundle /etc/credstore/post.bundle /etc/credstore.encrypted/post.sealed-bundle'
    in_ mv /etc/credstore/post.bundle /root/post.bundle
    check "it is taken, too" in_ systemctl restart watchpost-agent
    check "and delivers" tip sealed 10
    check "and it is counted" until_ 10 has_accepted $((before + 2))
    in_ rm /etc/credstore.encrypted/post.sealed-bundle
    in_ mv /root/post.bundle /etc/credstore/post.bundle
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
# knocked ROUNDS: so many are done; $rounds tells how many
rounds=0
knocked() { rounds=$(cat "$root/root/rounds" 2>/dev/null || echo 0); [ "${rounds:-0}" -ge "$1" ]; }
section_socket() {
    in_ systemctl stop watchpostd
    check "the socket unit starts" in_ systemctl enable --now watchpostd.socket
    check "and the daemon with it" in_ systemctl start watchpostd
    same "mode of admin.sock" "600 watchpost" "$(in_ stat -c '%a %U' /run/watchpost/admin.sock)"
    # While it restarts, every connection to every listener is taken.
    in_ rm -f /root/enough /root/rounds
    cat >"$root/root/knock" <<'KNOCK'
# Refused: nobody listens. Cut: taken by a server that was just ending, before it read the request; the client asks again. Of a Unix
# socket curl says 7, "could not connect", for both: a peer that has gone already shows as an error in its poll. A refusal names its reason.
refused=0; cut=0; done=0; which=
count() { case $1 in 0) ;; 7) if ! grep -qiE "refused|no such file|temporarily|permission" /root/why; then cut=$((cut + 1)); return; fi; refused=$((refused + 1)); which="$which $2: $(grep -iE "refused|no such file|temporarily|permission" /root/why | head -n 1)" ;; *) cut=$((cut + 1)) ;; esac; }
while [ ! -e /root/enough ]; do
    for port in 7401 7402 7420; do (: </dev/tcp/127.0.0.1/$port) 2>/root/why || { refused=$((refused + 1)); which="$which $port: $(cat /root/why)"; }; done
    curl -sv -m 20 -o /dev/null http://127.0.0.1:7420/ 2>/root/why; count $? board
    curl -sv -m 20 -o /dev/null --unix-socket /run/watchpost/admin.sock http://localhost/ 2>/root/why; count $? admin.sock
    done=$((done + 1)); echo $done >/root/rounds
done
echo "$refused refused$which"; echo "$done rounds, $cut cut" >&2
KNOCK
    in_ bash /root/knock >"$work/knock" 2>"$work/rounds" &
    local knocking=$! n
    # Without a knock before, between and after the restarts their number says nothing.
    check "before the restarts it is knocked" until_ 20 knocked 1
    for n in 1 2 3; do in_ systemctl restart watchpostd; check "and over restart $n" until_ 20 knocked $((rounds + 1)); done
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
    in_ rm -f /root/enough /root/rounds /root/knock /root/why
    check "without the socket unit it listens by itself again" in_ watchpost status
}
