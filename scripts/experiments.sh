#!/bin/sh
# Runs every experiment of data/experiments into DIR (default build/figures), draws the figures, and prints the table of
# docs/experiments.md. What was interrupted goes on with the next call.
# Usage: scripts/experiments.sh [DIR [JOBS]]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/figures}
jobs=${2:-$(nproc)}

field() { sed -n "s/^ *\"$2\": \([^,{]*\),*$/\1/p" "$folder/$1/summary.json" | head -n 1; }
names="xor xor-fixed-hidden xor-paper xor-paper-fixed-hidden precise layers-1 layers-2 layers-3 layers-3-gap layers-1-paper
    layers-2-paper single single-paper single-resume"
for name in $names; do
    build/punctum train "data/experiments/$name.yaml" -o "$folder/$name" --jobs "$jobs" --resume
    build/punctum plot "$folder/$name"
    if [ -e "$folder/$name/trial-0" ]; then
        for when in before after; do
            build/punctum run "$folder/$name/trial-0/network-$when-0.yaml" -o "$folder/$name/$when" --quiet
            build/punctum plot "$folder/$name/$when"
        done
    fi
done
build/punctum plot "$folder/xor" "$folder/xor-fixed-hidden" -o "$folder/comparison-xor"
build/punctum plot "$folder/xor-paper" "$folder/xor-paper-fixed-hidden" "$folder/xor" "$folder/xor-fixed-hidden" \
    -o "$folder/comparison-xor-paper"
build/punctum plot "$folder/layers-1" "$folder/layers-2" "$folder/layers-3" -o "$folder/comparison-layers"
build/punctum plot "$folder/single" "$folder/single-paper" "$folder/single-resume" -o "$folder/comparison-single"

printf '\n| experiment | converged | iterations: mean | median | largest |\n|---|---|---|---|---|\n'
for name in $names; do
    printf '| `%s` | %s of %s | %.0f | %.0f | %.0f |\n' "$name" "$(field "$name" converged)" "$(field "$name" trials)" \
        "$(field "$name" mean)" "$(field "$name" median)" "$(field "$name" max)"
done
