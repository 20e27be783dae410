# Both keys are rotated while tips flow through the agent's unit, as docs/operators-guide.md has it; after the window the old ones are refused.
# shellcheck shell=bash disable=SC2154 — read by container.sh, whose words it uses

daemon_key() { in_ watchpost keys show | sed -n 's/^daemon.s public key: //p'; }
old_link() { in_ watchpost spool status --config /etc/watchpost/agent@old.yaml --json | sed -n 's/.*"link":"\([^"]*\)".*/\1/p'; }
old_link_is() { [ "$(old_link 2>/dev/null)" = "$1" ]; }
section_keys() {
    local before key next
    before=$(accepted)
    # The post's old bundle stays in use in an instance: it is what somebody copied.
    in_ sh -c 'install -o watchpost-agent -g watchpost-agent -m 600 /etc/watchpost/post.bundle /etc/watchpost/old.bundle
        sed -e "s|/var/lib/watchpost-agent|/var/lib/watchpost-agent/old|; s|/run/watchpost-agent|/run/watchpost-agent/old|; s|7410|7413|; s|post.bundle|old.bundle|" /etc/watchpost/agent.yaml >/etc/watchpost/agent@old.yaml'
    key=$(daemon_key)
    load_begin
    check "tips come" until_ 20 loaded 10
    check "the post's key is rotated" in_ watchpost keys rotate post gate-dongyuan-01 --out /root/new.bundle --keep-days 1
    in_ install -o watchpost-agent -g watchpost-agent -m 600 /root/new.bundle /etc/watchpost/post.bundle
    check "the agent starts with it" in_ systemctl restart watchpost-agent
    check "tips come with the new key" until_ 20 loaded $(($(wc -l <"$root/root/load") + 10))
    in_ systemctl start watchpost-agent@old
    check "within the window the old key is let in" until_ 20 old_link_is connected

    next=$(in_ watchpost keys rotate daemon /var/lib/watchpost/daemon.key --json | python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["public_key"])')
    [ ${#next} = 40 ] || fail "the daemon's next key: '$next'"
    check "the post trusts the daemon's next key" in_ watchpost keys trust /etc/watchpost/post.bundle --key "$next"
    check "the agent starts with it" in_ systemctl restart watchpost-agent
    check "the key is changed" in_ watchpost keys rotate daemon /var/lib/watchpost/daemon.key --finish
    check "the daemon starts with it" in_ systemctl restart watchpostd
    same "its key" "$next" "$(daemon_key)"
    same "mode of the key" "600 watchpost:watchpost" "$(in_ stat -c '%a %U:%G' /var/lib/watchpost/daemon.key)"
    check "tips come with it" until_ 30 loaded $(($(wc -l <"$root/root/load") + 10))
    until_ 30 old_link_is wrong_daemon || true
    same "who was not told is shut out, in words" wrong_daemon "$(old_link)"
    in_ watchpost keys trust /etc/watchpost/post.bundle --key "$next" --only >/dev/null
    check "without the daemon's old key the agent starts, too" in_ systemctl restart watchpost-agent
    check "and tips come" until_ 30 loaded $(($(wc -l <"$root/root/load") + 10))
    load_end
    check "every tip arrives once" until_ 60 has_accepted $((before + $(kept "$root/root/load")))
    same "and none is given up" 0 "$(dead_letters)"

    # A day later, on a copy of the journal with a clock of its own. The old bundle gets the daemon's key, so that it is refused for its own.
    in_ watchpost keys trust /etc/watchpost/old.bundle --key "$next" --only >/dev/null
    in_ sed -i 's|:7401|:8401|' /etc/watchpost/old.bundle
    in_ systemctl start watchpost-backup
    make_clock
    check "a copy runs" elsewhere "$(newest_backup)" LD_PRELOAD=/usr/lib/clock.so
    in_ systemctl restart watchpost-agent@old
    until_ 30 old_link_is connected || true
    same "there the old key is let in" connected "$(old_link)"
    in_ systemctl stop elsewhere
    clock 90000
    in_ systemd-run -q --unit=elsewhere -p User=watchpost -p Environment=LD_PRELOAD=/usr/lib/clock.so watchpostd --config /etc/watchpost/elsewhere.yaml
    until_ 40 old_link_is refused || true
    same "after the window it is refused" refused "$(old_link)"
    says "and the log tells" elsewhere "not enrolled"
    in_ systemctl stop watchpost-agent@old
    in_ rm -rf /etc/watchpost/agent@old.yaml /etc/watchpost/old.bundle /var/lib/watchpost-agent/old /root/new.bundle
    no_elsewhere
    whole_journal "after the rotations" "$root/root/load" any
}
