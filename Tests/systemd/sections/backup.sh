# Backups: one made while tips keep coming, restored elsewhere; and one that mends a journal with a damaged page.
# shellcheck shell=bash disable=SC2154 — read by container.sh, whose words it uses

newest_backup() { in_ sh -c 'ls -d /var/lib/watchpost-backup/watchpost-* | tail -n 1'; }
# elsewhere BACKUP [ENVIRONMENT]: a daemon on a copy, on other ports, beside the one that runs
elsewhere() {
    in_ watchpost restore "$1" --to /srv/elsewhere >/dev/null
    in_ sh -c 'chown -R watchpost: /srv/elsewhere
        sed -e "s|/var/lib/watchpost$|/srv/elsewhere|; s|/run/watchpost/admin.sock|/srv/elsewhere/admin.sock|; s|:7401|:8401|; s|:7402|:8402|; s|:7420|:8420|; s|:9465|:8465|" \
            /etc/watchpost/watchpostd.yaml >/etc/watchpost/elsewhere.yaml'
    in_ systemd-run -q --unit=elsewhere -p User=watchpost -p Environment="${2:-A=1}" watchpostd --config /etc/watchpost/elsewhere.yaml
    until_ 20 in_ watchpost status --admin /srv/elsewhere/admin.sock
}
no_elsewhere() {
    in_ systemctl stop elsewhere 2>/dev/null
    in_ rm -rf /etc/watchpost/elsewhere.yaml /srv/elsewhere
}
section_backup() {
    local name
    load_begin
    check "tips come" until_ 20 loaded 20
    # What was acknowledged before it began must be in it.
    cp "$root/root/load" "$work/before"
    check "a backup by its unit, under load" in_ systemctl start watchpost-backup
    check "which did not stop them" until_ 20 loaded $(($(wc -l <"$work/before") + 20))
    load_end
    name=$(newest_backup)
    same "mode of the backup" 700 "$(in_ stat -c %a "$name")"

    # More than a file: a daemon runs on it, with the key that the posts know.
    check "it is restored elsewhere, and a daemon runs on it" elsewhere "$name"
    same "with the same key" "$(daemon_key)" "$(in_ watchpost keys show --admin /srv/elsewhere/admin.sock | sed -n 's/^daemon.s public key: //p')"
    in_ systemctl stop elsewhere
    check "there the chain is whole" in_ watchpost journal verify --data /srv/elsewhere
    in_ cp /srv/elsewhere/journal.sqlite /root/whole.sqlite
    same "of the tips acknowledged before it began" "0 of some missing" "$(missing "$root/root/whole.sqlite" "$work/before")"
    no_elsewhere
}
section_damage() {
    local before name journal=/var/lib/watchpost/journal.sqlite
    # In order: with the last one the others have arrived.
    tips 25
    check "tips arrive" tip "before the damage" 20
    before=$(accepted)
    check "a backup" in_ systemctl start watchpost-backup
    name=$(newest_backup)
    in_ systemctl stop watchpostd
    # The page that holds the 21st newest tip, as a disk would lose it.
    in_ cp -p $journal /root/whole.sqlite
    python3 - "$root/root/whole.sqlite" "$root/root/page" <<'MIDDLE'
import sqlite3, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack(">H", data[16:18])[0]
size = 65536 if size == 1 else size
last = sqlite3.connect(f"file:{sys.argv[1]}?immutable=1", uri=True).execute("SELECT payload FROM record WHERE tip IS NOT NULL ORDER BY sequence DESC LIMIT 1 OFFSET 20").fetchone()[0]
at = data.find(last[:64])
assert at > 0
open(sys.argv[2], "w").write(f"{size} {at // size}")
MIDDLE
    in_ bash -c 'read -r size page </root/page; head -c "$size" /dev/urandom | dd of='$journal' bs="$size" seek="$page" conv=notrunc status=none'
    bad_start "a damaged page" 74 "damaged"
    denied "verify finds it" 1 "damaged" in_ watchpost journal verify --data /var/lib/watchpost
    denied "a restore into it needs --force" 1 "is not empty.*--force" in_ watchpost restore "$name" --to /var/lib/watchpost
    check "the backup is restored" in_ watchpost restore "$name" --to /var/lib/watchpost --force
    check "the daemon starts" in_ systemctl start watchpostd
    same "with every tip up to the backup" "$before" "$(accepted)"
    check "the damaged journal is kept" in_ sh -c 'test -s /var/lib/watchpost/replaced-*/journal.sqlite'
    check "the post goes on" tip "after the damage" 20
    check "and is counted" until_ 20 has_accepted $((before + 1))
    in_ sh -c 'rm -rf /var/lib/watchpost/replaced-*'
}
