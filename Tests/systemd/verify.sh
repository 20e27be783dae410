#!/bin/sh
# Holds the units to what systemd itself says of them: no complaint from `systemd-analyze verify`, and an exposure of at
# most 1.5. Usage: verify.sh [folder of the binaries]
set -eu
cd "$(dirname "$0")/../.."
bin=${1:-.build/debug}
if ! command -v systemd-analyze >/dev/null; then
    echo "FAIL  systemd-analyze is missing: .ci/packages test installs it"
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
failed=0
complain() {
    echo "FAIL  $1"
    failed=1
}

cp systemd/*.socket systemd/*.slice "$work"
for name in watchpostd watchpost-agent watchpost-agent@ watchpost-backup; do
    unit=systemd/$name.service
    # The programs are not installed, so the copy that is checked names a program that exists: verify looks.
    program=$(sed -n 's|^ExecStart=/usr/bin/\([a-z]*\) .*|\1|p' "$unit")
    path=$(realpath "$bin")/$program
    [ -x "$path" ] || path=/bin/true
    sed -e "s|/usr/bin/$program |$path |" "$unit" >"$work/$name.service"

    checked=$work/$name.service
    case $name in *@) checked=$work/${name}post-1.service ;; watchpostd) checked="$checked $work/watchpostd.socket $work/watchpost.slice" ;; esac
    # shellcheck disable=SC2086 — two paths
    said=$(systemd-analyze verify --man=no $checked 2>&1 | grep -F "$work/" || true)
    if [ -n "$said" ]; then complain "$unit: $said"; else echo "ok    $unit: verify has nothing to say"; fi

    figure=$(systemd-analyze security --offline=true --no-pager "$work/$name.service" | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
    if awk "BEGIN { exit !(\"$figure\" != \"\" && $figure + 0 <= 1.5) }"; then
        echo "ok    $unit: exposure $figure"
    else
        complain "$unit: exposure $figure is over 1.5"
    fi

    # What verify does not see: a line that mixes allowed and ~ groups is cut silently by some versions.
    if grep -E '^SystemCallFilter=(~.* [^~@]|[^~].* ~)' "$unit"; then complain "$unit: a SystemCallFilter line mixes both kinds"; fi
    # 252 does not know these.
    if grep -E '^(Type=notify-reload|ReloadSignal=|RestartSteps=|RestartMode=|ImportCredential=)' "$unit"; then
        complain "$unit: needs a newer systemd than 252"
    fi
done

# The instance differs from the agent in what carries its name, and in nothing else.
same=$(grep -v '^#' systemd/watchpost-agent@.service | sed -e 's|agent@%i|agent|' -e 's|post agent %i:|post agent:|' -e 's|:post-%i\.[a-z-]*$||' -e 's|/%i$||')
if [ "$same" = "$(grep -v '^#' systemd/watchpost-agent.service)" ]; then
    echo "ok    systemd/watchpost-agent@.service is watchpost-agent.service for one of several"
else
    complain "systemd/watchpost-agent@.service and watchpost-agent.service differ"
fi

# The socket unit listens where the shipped configuration does, but for metrics: who reads those asks again in a moment.
for address in $(sed -n -e 's|^tips_endpoint: tcp://||p' -e 's|^feed_endpoint: tcp://||p' -e '/^board:/,/^$/s|^  listen: ||p' config/watchpostd.yaml) /run/watchpost/admin.sock; do
    grep -qx "ListenStream=$address" systemd/watchpostd.socket || complain "watchpostd.socket does not listen on $address"
done

# The paths in the units are those that the programs use.
for flag in $(grep -hoE -- '--[a-z-]+' systemd/watchpostd.service | sort -u); do
    case $flag in
    --config | --check-config) ;;
    *) complain "watchpostd.service uses $flag, which this test does not know" ;;
    esac
done
exit $failed
