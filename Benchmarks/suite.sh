#!/bin/bash
# Runs the whole suite of the release build and leaves its figures (JSON) and charts (SVG) in a folder. An hour or so with
# ten million tips; QUICK=1 stops at a hundred thousand and takes minutes.
#   Benchmarks/suite.sh [folder, default .build/bench] [folder for journals, on the disk to be measured]
set -eu -o pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "${1:-.build/bench}" && cd "${1:-.build/bench}" && pwd)
disk=${2:-}
data=()
if [ -n "$disk" ]; then data=(--data "$disk"); fi
bench() {
    local name=$1
    shift
    echo "== $name: bench $*" >&2
    .build/release/watchpost bench "$@" --json >"$out/$name.json"
}
agents=(10 100 1000 5000) patrols=(1 10 100 1000) journals=(10000 100000 1000000 10000000)
if [ -n "${QUICK:-}" ]; then agents=(10 100) patrols=(1 10) journals=(10000 100000); fi

bench throughput throughput
bench throughput-64 throughput --batch 64
bench throughput-flood throughput --open 0
bench latency latency --plot "$out/latency.svg"
bench latency-direct latency --direct --plot "$out/latency-direct.svg"
bench latency-agent latency --agent --plot "$out/latency-agent.svg"
bench overtake overtake
bench fanin fanin --agents "${agents[@]}" --plot "$out/fanin.svg"
bench fanout fanout --patrols "${patrols[@]}" --plot "$out/fanout.svg"
bench memory memory "${data[@]}"
bench triage triage
bench recovery recovery --tips-in-journal "${journals[@]}" "${data[@]}" --plot "$out/recovery.svg"
echo "$out"
