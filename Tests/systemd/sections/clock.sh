# A clock that leaps by ten years, forwards and back, under the running daemon and at its start: tips wait, nothing is given up, and all is
# well once the clock is right. Tests/systemd/clock.c gives the daemon its wall clock; the monotonic one stays the kernel's.
# shellcheck shell=bash disable=SC2154 — read by container.sh, whose words it uses

# years NUMBER: in seconds from now, leap days and all
years() { echo $(($(date -u -d "$1 years" +%s) - $(date -u +%s))); }
# clock SECONDS: by so much the daemon's wall clock is ahead
clock() { echo "$1" >"$root/root/clock.new" && in_ mv /root/clock.new /run/clock; }
make_clock() {
    clock 0
    # The compiler that comes with Swift.
    clang -O2 -Wall -Werror -shared -fPIC -o "$root/usr/lib/clock.so" Tests/systemd/clock.c || fail "clock.c does not compile"
}
fake_clock() {
    make_clock
    in_ mkdir -p /run/systemd/system/watchpostd.service.d
    printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock.so\n' >"$root/root/dropin"
    in_ cp /root/dropin /run/systemd/system/watchpostd.service.d/clock.conf
    in_ systemctl daemon-reload
}
real_clock() {
    in_ rm -f /run/systemd/system/watchpostd.service.d/clock.conf
    in_ systemctl daemon-reload
}
daemons_year() { status 'time.gmtime(d["now_ms"] / 1000).tm_year'; }
year_is() { [ "$(daemons_year 2>/dev/null)" = "$1" ]; }
section_clock() {
    local leap before started incident
    make_patrol
    fake_clock
    # No heartbeat between the leap and the tip: the post must not take over the daemon's time first.
    in_ cp -p /etc/watchpost/agent.yaml /root/agent.yaml
    set_key /etc/watchpost/agent.yaml heartbeat_interval 20s
    set_key /etc/watchpost/agent.yaml failover_after 60s
    in_ systemctl restart watchpost-agent
    in_ systemctl restart watchpostd
    check "with a clock of its own the daemon takes tips" tip "by its own clock" 20
    incident=$(in_ watchpost incidents list --json | sed -n '1s/.*"id":\([0-9]*\).*/\1/p')
    [ -n "$incident" ] || fail "no incident has a number"
    for leap in 10 -10; do
        before=$(accepted)
        started=$(property watchpostd MainPID)
        since=$(date +%s)
        clock "$(years $leap)"
        check "the daemon's clock leaps by $leap years" until_ 5 year_is "$(date -u -d "$leap years" +%Y)"
        same "a tip waits at its post" spooled "$(tip_state -c other --wait 2 "in another year")"
        says "which is told there" watchpost-agent "clock leapt"
        check "the incident from before it is shown" grep "\"id\":$incident[,}]" <(in_ watchpost incidents list --json)
        check "and the feed goes on, with news" grep '"incident":{' <(in_ timeout 20 watchpost patrol --config /etc/watchpost/patrol.yaml --once --json)
        clock 0
        check "set right, the tip arrives by itself" until_ 30 has_accepted $((before + 1))
        same "in the same process" "$started" "$(property watchpostd MainPID)"

        # And the clock of a machine that starts in another year.
        in_ systemctl stop watchpostd
        before=$((before + 1))
        tips 3
        clock "$(years $leap)"
        since=$(date +%s)
        check "it starts $leap years away" in_ systemctl start watchpostd
        # They were refused, not just not yet sent.
        until_ 30 logged watchpost-agent "clock leapt" || true
        says "which is told at the post" watchpost-agent "clock leapt"
        same "what the post kept waits" 3 "$(spooled)"
        clock 0
        check "set right, it arrives by itself" until_ 30 has_accepted $((before + 3))
        same "and nothing was given up" 0 "$(dead_letters)"
    done
    in_ cp /root/agent.yaml /etc/watchpost/agent.yaml
    in_ systemctl restart watchpost-agent

    # With heartbeats, too: a post does not follow the daemon's clock through a leap (decision 40).
    before=$(accepted)
    load_begin 1
    sleep 2; clock "$(years 10)"; sleep 12; clock 0; sleep 12
    load_end
    check "tips during a leap there and back all arrive" until_ 60 has_accepted $((before + $(kept "$root/root/load")))
    same "and none is given up" 0 "$(dead_letters)"
    real_clock
    whole_journal "after the leaps" "$root/root/load" any
}
