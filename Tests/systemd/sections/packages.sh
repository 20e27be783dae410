# Upgrade, refused downgrade, removal and purge.
# shellcheck shell=bash disable=SC2154 — read by container.sh, whose words it uses

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
    denied "one more is refused" 1 "the spool is full" tip more
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
    denied "a downgrade below the journal's schema is refused" 1 "has schema" in_ sh -c 'dpkg -i /debs/other/watchpostd_*.deb'
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
    # What the other sections made is no package's: a patrol's files, and backups, which a purge must not take.
    in_ rm -rf /etc/watchpost/patrol.yaml /etc/watchpost/patrol.bundle /var/lib/watchpost-patrol
    in_ mkdir -p /var/lib/watchpost-backup/watchpost-20260101T000000Z
    check "the packages are removed" in_ dpkg -r watchpostd watchpost-agent watchpost
    # 1: none found; 2 and more: it could not look.
    denied "nothing runs any more" 1 "" in_ pgrep watchpost
    check "remove keeps the journal" in_ test -s /var/lib/watchpost/journal.sqlite
    check "and the configuration" in_ test -s /etc/watchpost/watchpostd.yaml
    check "and the spool" in_ test -s /var/lib/watchpost-agent/spool.sqlite
    check "they are purged" in_ dpkg -P watchpostd watchpost-agent watchpost
    check "backups stay" in_ test -d /var/lib/watchpost-backup/watchpost-20260101T000000Z
    in_ rm -rf /var/lib/watchpost-backup
    check "it is looked for what is left of them" in_ find /etc /var/lib /usr /run -ignore_readdir_race -xdev -iname '*watchpost*' -not -path '/var/lib/dpkg/*' \
        -not -path '/run/credentials*' -not -path '/run/systemd/*'
    same "which is" "" "$(tr '\n' ' ' <"$work/said")"
    same "and of their processes' units" "0 loaded units listed." "$(in_ systemctl list-units --all 'watchpost*.service' --no-pager | sed -n 's/^\(0 loaded units listed.\).*/\1/p')"
}
