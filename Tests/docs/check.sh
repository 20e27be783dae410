#!/bin/sh
# Finds what the documents name and the tree no longer has: paths, command-line flags, configuration keys, Swift tests and
# checks of the Python test. Looks only at `code` spans and fenced blocks, so prose is free. Usage: check.sh
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
failed=0
miss() {
    echo "FAIL  $1"
    failed=1
}
documents=$(ls README.md docs/*.md docs/decisions/*.md Benchmarks/*/README.md 2>/dev/null)

# Code spans, and fenced lines without their comments.
for document in $documents; do
    awk '/^```/ { fenced = !fenced; next } fenced { sub(/ +#.*/, ""); print; next }
         { line = $0; while (match(line, /`[^`]+`/)) { print substr(line, RSTART + 1, RLENGTH - 2); line = substr(line, RSTART + RLENGTH) } }' \
        "$document" >"$work/code"
    # Words that look like a path of this tree.
    grep -oE '(^|[ (])(Sources|Tests|Benchmarks|config|docs|proto|systemd)/[A-Za-z0-9_+./-]*[A-Za-z0-9_]' "$work/code" | tr -d ' (' | sort -u |
        while read -r path; do
            [ -e "$path" ] || echo "$document names $path, which does not exist"
        done >>"$work/missing"
    # Links to other documents.
    grep -oE '\]\([A-Za-z0-9_./-]+\)' "$document" | sed 's/^](\(.*\))$/\1/' | sort -u |
        while read -r link; do
            [ -e "$(dirname "$document")/$link" ] || echo "$document links to $link, which does not exist"
        done >>"$work/missing"
    # --flag of watchpostd or watchpost: declared by ArgumentParser as a property of that name, in camelCase.
    grep -E 'watchpost|^ *--' "$work/code" | grep -oE -- '--[a-z][a-z-]+' | sort -u |
        while read -r flag; do
            name=$(echo "${flag#--}" | awk -F- '{ printf $1; for (i = 2; i <= NF; i++) printf toupper(substr($i, 1, 1)) substr($i, 2) }')
            case $flag in --help | --version) continue ;; esac
            grep -rqE "var $name\b" Sources/watchpostd Sources/WatchpostCLI || echo "$document names $flag, which no command has"
        done >>"$work/missing"
    # section.key of a configuration file: its last word must stand in a shipped file, commented out or not.
    grep -oE '^(ingest|feed|journal|presence|board|spool|sending|correlation|urgency)\.[a-z_]+$' "$work/code" | sort -u |
        while read -r key; do
            grep -qE "^ *#? *${key#*.}:" config/*.yaml || [ "$key" = journal.sqlite ] || [ "$key" = spool.sqlite ] ||
                echo "$document names the key $key, which no shipped file has"
        done >>"$work/missing"
done
# `name_with_underscore` keys of the top level in the operations manual.
for key in data_directory tips_endpoint feed_endpoint admin_socket secret_key_file triage_file dispatch_file zones_file log_level bundle_file \
    socket_path token_file http_listen dead_letter_max express_categories alert_credit main_credit; do
    grep -qE "^#?$key:" config/*.yaml || echo "the key $key is in no shipped file" >>"$work/missing"
done

# docs/guarantees.md: `File.swift`: name, name. Each name must stand in that file.
grep -oE '`Tests/[A-Za-z/]+\.swift`: [A-Za-z, ]+' docs/guarantees.md |
    while IFS= read -r line; do
        file=$(echo "$line" | cut -d'`' -f2)
        for name in $(echo "$line" | sed 's/.*`: //' | tr ',' ' '); do
            grep -q "func $name\b" "$file" 2>/dev/null || echo "docs/guarantees.md: $file has no test $name"
        done
    done >>"$work/missing"
# `test_protocol.py`: "words". The words, up to an ellipsis, must be a check there.
grep -oE '"[^"]+"' docs/guarantees.md | tr -d '"' | sed 's/ *….*//' | sort -u |
    while IFS= read -r words; do
        grep -rqF -- "$words" Tests/python/test_protocol.py Tests/TriageTests || echo "docs/guarantees.md: no check is called \"$words\""
    done >>"$work/missing"

while IFS= read -r line; do miss "$line"; done <"$work/missing"
[ "$failed" = 0 ] && echo "ok    $(echo "$documents" | wc -w) documents name nothing that is not there"
exit "$failed"
