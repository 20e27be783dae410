# Every start that must fail, with its exit code and its words.
# shellcheck shell=bash disable=SC2154 — read by container.sh, whose words it uses

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
