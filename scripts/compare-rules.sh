#!/bin/sh
# The learning rules on the same problems: runs data/experiments/single*.yaml and xor*.yaml into DIR (default build/rules) and
# prints the tables of docs/learning-rules.md. What was interrupted goes on with the next call; what is complete stays as it
# is until its experiment changes.
# Usage: scripts/compare-rules.sh [DIR [TRIALS [ITERATIONS]]]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/rules}
trials=${2:-50}
iterations=${3:-}
program=${PM_PROGRAM:-build/punctum}

field() { sed -n "s/^ *\"$2\": \([^,{]*\),*$/\1/p" "$folder/$1/summary.json" | head -n 1; }

row() {
    experiment=data/experiments/$1.yaml summary=$folder/$1/summary.json
    [ -s "$summary" ] && [ "$summary" -nt "$experiment" ] && grep -q '"complete": true' "$summary" ||
        "$program" train "$experiment" -o "$folder/$1" --trials "$trials" ${iterations:+--iterations "$iterations"} --jobs 1 \
            --keep 0 --quiet
    awk -v name="$1" -v cpu="$(field "$1" cpu_seconds)" -v mean="$(field "$1" mean)" -v median="$(field "$1" median)" '
        !/^#/ { trials++; converged += $2; iterations += $3; best += $6 }
        END {
            printf "| `%s` | %d of %d | ", name, converged, trials
            if (converged) printf "%.0f | %.0f | %.3g | ", mean, median, mean * cpu / iterations
            else printf "- | - | - | "
            printf "%.3g | %.3f |\n", 1000 * cpu / iterations, best / trials
        }' "$folder/$1/trials.dat"
}

for problem in single xor; do
    printf '\n| %s | converged | iterations: mean | median | CPU seconds: mean | ms per iteration | largest C: mean |\n' $problem
    printf '|---|---|---|---|---|---|---|\n'
    for file in "data/experiments/$problem.yaml" "data/experiments/$problem"-*.yaml; do
        row "$(basename "$file" .yaml)"
    done
done
