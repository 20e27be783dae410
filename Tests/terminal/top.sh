#!/usr/bin/env bash
# Looks at `watchpost top` in a terminal as people see it, in tmux: 80x24, 200x50, and made small to 60x15 while it runs, with more posts
# than fit. No line may be wrapped or left over from the page before. Usage: top.sh [folder of the binaries]; 77 without tmux.
set -uo pipefail
cd "$(dirname "$0")/../.."
bin=$(realpath "${1:-.build/debug}")
command -v tmux >/dev/null || { echo "CANNOT RUN Tests/terminal/top.sh HERE: tmux is missing (.ci/packages test)"; exit 77; }
work=$(mktemp -d)
terminal() { tmux -u -S "$work/tmux" -f /dev/null "$@"; }
daemon=""
finish() {
    terminal kill-server 2>/dev/null
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null
    wait
    rm -rf "$work"
}
trap finish EXIT
failed=0
ok() { echo "ok    $*"; }
fail() { echo "FAIL  $*"; failed=1; }
# A daemon of its own, on ports that the system chooses.
sed -e "s|^data_directory: .*|data_directory: $work/data|" -e "s|^#admin_socket: .*|admin_socket: $work/admin.sock|" \
    -e 's|^\(tips\|feed\)_endpoint: .*|\1_endpoint: tcp://127.0.0.1:*|' -e '/^board:/,/^$/s|^  listen: .*|  listen: off|' -e '/^metrics:/,/^$/s|^  listen: .*|  listen: off|' \
    -e 's|^  silent_after: .*|  silent_after: 10s|' \
    config/watchpostd.yaml >"$work/watchpostd.yaml"
cp -r config/triage.yaml config/urgency-words.tsv config/dispatch.yaml config/district "$work"
"$bin/watchpostd" --config "$work/watchpostd.yaml" 2>"$work/log" &
daemon=$!
for _ in $(seq 100); do [ -S "$work/admin.sock" ] && break; sleep 0.1; done
admin="--admin $work/admin.sock"
# shellcheck disable=SC2086 — an option and its value
"$bin/watchpost" post add $admin --from config/district/posts.yaml --out-dir "$work/keys" >/dev/null || { tail -n 3 "$work/log"; fail "no post could be enrolled"; exit 1; }
# Twelve posts are heard once and fall silent: the page has more lines than a small window.
posts=$(cd "$work/keys" && ls | head -n 12)
agents=""
for post in $posts; do
    mkdir "$work/${post%.yaml}"
    sed -e "s|^data_directory: .*|data_directory: $work/${post%.yaml}|" -e "s|^bundle_file: .*|bundle_file: $work/keys/$post|" \
        -e 's|^http_listen: .*|http_listen: 127.0.0.1:0|' config/agent.yaml >"$work/agent-$post"
    "$bin/watchpost" agent --config "$work/agent-$post" 2>"$work/agent.log" &
    agents="$agents $!"
done
status() { "$bin/watchpost" status $admin --json | python3 -c "import json,sys; print(sum(p['state'] == '$1' for p in json.load(sys.stdin)['posts']))"; }
# until_ SECONDS STATE: twelve posts are in that state
until_() { local end=$((SECONDS + $1)); until [ "$(status "$2")" = 12 ]; do [ $SECONDS -lt $end ] || { fail "$(status "$2") posts are $2: $(tail -n 1 "$work/agent.log")"; return 1; }; sleep 0.3; done; }
until_ 60 online
# shellcheck disable=SC2086 — a list
kill -9 $agents; wait $agents 2>/dev/null
until_ 60 silent

# page WORDS COLUMNS ROWS POSTS: looks at each line, until it is right: a page comes every two seconds
page() {
    local said=""
    for _ in $(seq 50); do
        terminal capture-pane -p -t top >"$work/page"
        terminal capture-pane -p -J -t top >"$work/joined"
        said=$(python3 - "$work" "$2" "$3" "$4" <<'LOOK'
import re, sys, unicodedata
folder, columns, rows, posts = sys.argv[1], *map(int, sys.argv[2:])
def read(name):
    lines = [line.rstrip() for line in open(f"{folder}/{name}", encoding="utf-8").read().split("\n")]
    while lines and not lines[-1]: lines.pop()
    return lines
def width(text): return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
lines, faults = read("page"), []
# tmux knows which lines it wrapped itself.
if len(read("joined")) != len(lines): faults.append("a line is wrapped")
if len(lines) > rows - 1: faults.append(f"{len(lines)} lines in a window of {rows}")
faults += [f"too wide: {line!r}" for line in lines if width(line) > columns]
if not lines or not lines[0].startswith("watchpost top"): faults.append(f"the first line is not the page's: {lines[:1]}")
def only(pattern):
    found = [number for number, line in enumerate(lines) if re.search(pattern, line)]
    if len(found) != 1: faults.append(f"{pattern} is there {len(found)} times")
    return found[0] if found else len(lines)
for head in ("^watchpost top", "^(open|未结)", "^(a second|每秒)", "^(queues|队列)", "^(disk|磁盘)", "^(Patrols|巡组)"): only(head)
begin = only("^(Posts to look at|需要关注)")
rest = lines[begin + 2:] if posts else lines[begin + 1:]
shown = [line for line in rest if re.match(r"[a-z]+-[a-z]", line)]
more = [int(m.group(1)) for line in rest[-1:] if (m := re.search(r"(\d+) (more|条)", line))]
if len(shown) + len(more) != len(rest) - (0 if posts else 1): faults.append(f"left over below: {rest}")
if len(shown) + sum(more) != posts: faults.append(f"{len(shown)} posts and {more} more of {posts}")
print("; ".join(faults))
LOOK
        )
        [ -n "$said" ] || { ok "$1"; return; }
        sleep 0.1
    done
    fail "$1: $said"
    cat "$work/page"
}
start() { terminal new-session -d -s top -x "$1" -y "$2" "LANG=C.UTF-8 '$bin/watchpost' top --lang $3 $admin 2>'$work/top.log'; cat '$work/top.log'; sleep 60"; }
for lang in en zh-CN; do
    start 80 24 $lang
    terminal set-option -g window-size manual
    page "$lang: 80x24" 80 24 12
    terminal resize-window -t top -x 200 -y 50
    page "$lang: grown to 200x50" 200 50 12
    terminal resize-window -t top -x 60 -y 15
    page "$lang: shrunk to 60x15" 60 15 12
    terminal resize-window -t top -x 80 -y 24
    page "$lang: and back" 80 24 12
    terminal kill-session -t top
done
# The page becomes shorter in a window that stays as it is.
start 80 24 en
page "all are shown" 80 24 12
for post in $posts; do "$bin/watchpost" post revoke $admin "${post%.yaml}" >/dev/null; done
page "what is no more is erased" 80 24 0
exit $failed
