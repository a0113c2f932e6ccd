#!/bin/sh
# The learning rules on the same problems: runs data/experiments/single-*.yaml and xor-*.yaml into DIR (default build/rules) and
# prints the tables of docs/learning-rules.md. What was interrupted goes on with the next call.
# Usage: scripts/compare-rules.sh [DIR [TRIALS [ITERATIONS]]]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/rules}
trials=${2:-50}
iterations=${3:-1000}
program=${PM_PROGRAM:-build/punctum}

field() { sed -n "s/^ *\"$2\": \([^,{]*\),*$/\1/p" "$folder/$1/summary.json" | head -n 1; }
# NULL, where nothing converged, becomes a dash.
number() { awk -v x="$(field "$1" "$2")" -v digits="$3" 'BEGIN { if (x == "null" || x == "") print "-"; else printf "%.*f\n", digits, x }'; }

row() {
    "$program" train "data/experiments/$1.yaml" -o "$folder/$1" --trials "$trials" --iterations "$iterations" --jobs 1 --quiet --resume
    converged=$(field "$1" converged)
    [ "$converged" -gt 0 ] && mean=$(number "$1" mean 0) median=$(number "$1" median 0) || mean=- median=-
    printf '| `%s` | %s of %s | %s | %s | %s |\n' "$1" "$converged" "$trials" "$mean" "$median" "$(number "$1" wall_seconds 1)"
}

for problem in single xor; do
    printf '\n| %s | converged | iterations: mean | median | seconds |\n|---|---|---|---|---|\n' "$problem"
    for file in "data/experiments/$problem.yaml" "data/experiments/$problem"-*.yaml; do
        name=$(basename "$file" .yaml)
        [ "$name" = xor-fixed-hidden ] || row "$name"
    done
done
