# A full disk: the data directory on a small tmpfs. Tips are refused early and in words, claims and the feed go on, and all comes back.
# shellcheck shell=bash disable=SC2154 — read by container.sh, whose words it uses

disk_is() { [ "$(status 'd["disk"]["state"]' 2>/dev/null)" = "$1" ]; }
disk_in() { local state; state=$(status 'd["disk"]["state"]' 2>/dev/null); case " $* " in *" $state "*) [ -n "$state" ] ;; *) false ;; esac; }
# fill [MIB]: takes all room but so many MiB
fill() { in_ bash -c 'free=$(($(stat -f -c "%a * %S" /var/lib/watchpost))); take=$((free - $0 * 1048576)); [ $take -le 0 ] || head -c $take /dev/zero >>/var/lib/watchpost/ballast' "${1:-0}"; }
section_disk() {
    local config=/etc/watchpost/watchpostd.yaml before
    make_patrol
    in_ systemctl stop watchpostd
    in_ cp -p $config /root/watchpostd.yaml
    set_key $config low_water 12MiB
    set_key $config reserve 6MiB
    in_ sh -c 'rm -f /var/lib/watchpost/reserve; cp -a /var/lib/watchpost /root/aside && mount -t tmpfs -o size=48m,mode=700,uid=$(id -u watchpost),gid=$(id -g watchpost) tmpfs /var/lib/watchpost &&
        cp -a /root/aside/. /var/lib/watchpost'
    check "the daemon starts on a disk of 48 MiB" in_ systemctl start watchpostd
    check "which is enough" until_ 10 disk_is enough
    before=$(accepted)
    # The patrol's feed; as a unit, so that it ends with the section.
    in_ systemd-run -q --unit=feed -p StandardOutput=file:/root/feed watchpost patrol --config /etc/watchpost/patrol.yaml --json --from-now
    tip "before the disk is full" 10 >/dev/null
    local incident; incident=$(in_ watchpost incidents list --json | sed -n '1s/.*"id":\([0-9]*\).*/\1/p')

    fill 14
    since=$(date +%s)
    load_begin 1 3900
    check "tips are taken until little room is left" until_ 60 disk_is low
    says "which the log tells" watchpostd "the disk is nearly full"
    check "then they wait at their post" until_ 10 grep -q '"state":"spooled"' "$root/root/load"
    says "with the reason" watchpost-agent "disk is nearly full"
    check "which its status has" grep "cannot take.*nearly full" <(in_ watchpost spool status --config /etc/watchpost/agent.yaml)
    same "an emergency is taken" accepted "$(tip_state -c weapon --panic --wait 10 "a knife")"
    check "and fed" until_ 10 grep -q 'a knife' "$root/root/feed"

    # Nothing is left: the reserve is given up, and what has begun goes on with it.
    fill
    check "at the end the reserve is given up" until_ 10 in_ test ! -e /var/lib/watchpost/reserve
    same "a claim" 200 "$(act "$incident" claim)"
    check "is fed" until_ 10 grep -q '"claimed"' "$root/root/feed"
    same "and the step after it" 200 "$(act "$incident" en_route)"
    same "an emergency, too" accepted "$(tip_state -c weapon --panic --wait 10 "another knife")"

    # And that goes too.
    until_ 20 fill_until_full || true
    check "without any room no tip is taken" disk_is full
    same "not even an emergency" spooled "$(tip_state -c weapon --panic --wait 3 "a third knife")"
    check "the daemon answers" in_ watchpost incidents show "$incident"
    check "and the board" in_ curl -fsS -m 5 -o /dev/null -H "Authorization: Bearer $patrol" http://127.0.0.1:7420/api/v1/overview
    check "and systemd's status line tells" until_ 15 status_line "DISK FULL"
    check "and the watchdog is content" is_active watchpostd

    in_ mount -o remount,size=128m /var/lib/watchpost
    check "more room, and it takes tips by itself" until_ 20 disk_is enough
    load_end
    check "and has its reserve again" until_ 10 in_ test -s /var/lib/watchpost/reserve
    # One before, the load, three emergencies.
    check "every tip that the post kept arrives once" until_ 60 has_accepted $((before + 4 + $(kept "$root/root/load")))
    same "and none is given up" 0 "$(dead_letters)"
    in_ systemctl stop feed
    whole_journal "after a full disk" "$root/root/load" any

    in_ systemctl stop watchpostd
    in_ sh -c "rm -rf /root/aside /var/lib/watchpost/ballast /var/lib/watchpost/reserve && cp -a /var/lib/watchpost /root/aside && umount /var/lib/watchpost && rm -rf /var/lib/watchpost/* &&
        cp -a /root/aside/. /var/lib/watchpost && rm -rf /root/aside && cat /root/watchpostd.yaml >$config"
    check "back on its own disk it starts" in_ systemctl start watchpostd
}
fill_until_full() { fill; disk_is full; }
