#!/bin/sh
# Classifiers of Yin-Yang and MNIST: trains each experiment with seeds 1 to SEEDS into DIR/NAME-SEED (default build/classification)
# on one thread each, and prints the table of docs/classification.md. What was interrupted goes on with the next call; what
# is complete stays as it is until its experiment changes.
# Usage: scripts/classification.sh [DIR [SEEDS [EXPERIMENT...]]]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/classification}
seeds=${2:-3}
program=${PM_PROGRAM:-build/punctum}
[ $# -gt 2 ] && shift 2 || set -- yin-yang yin-yang-30 yin-yang-30-axonal yin-yang-30-synaptic yin-yang-5-synaptic yin-yang-200 mnist-normad mnist-normad-output mnist-350 mnist-first-spike mnist-first-spike-800 mnist-400-400 mnist-800 mnist-1600 mnist-fields mnist-convolution mnist-deformed mnist-stbp mnist-lee mnist-lee-800

train() {
    [ -s "$2/summary.json" ] && [ "$2/summary.json" -nt "$1" ] && return
    mkdir -p "$2"
    [ "$2/checkpoint.bin" -nt "$1" ] && resume=--resume || resume=
    "$program" train "$1" -o "$2" --seed "$3" --jobs 1 --quiet $resume
}

field() { sed -n "s/^ *\"$2\": \([^,{]*\),*$/\1/p" "$1/summary.json" | head -n 1; }

mkdir -p "$folder"
printf '| experiment | seeds | test accuracy (%%): mean | standard deviation | spikes per example | epochs | processor seconds per epoch | minutes of training |\n'
printf '|---|---|---|---|---|---|---|---|\n'
for name in "$@"; do
    for seed in $(seq "$seeds"); do
        train "data/experiments/$name.yaml" "$folder/$name-$seed" "$seed"
        results=$folder/$name-$seed
        printf '%s %s %s %s\n' "$(field "$results" percent)" "$(field "$results" spikes_per_example)" \
            "$(grep -vc '^#' "$results/learning.dat")" "$(field "$results" training_cpu_seconds)"
    done > "$folder/$name.rows"
    awk -v name="$name" '
        { sum += $1; squares += $1 * $1; spikes += $2; epochs += $3; seconds += $4 }
        END {
            mean = sum / NR
            deviation = NR > 1 ? sprintf("%.2f", sqrt((squares - NR * mean * mean) / (NR - 1) + 1e-12)) : "-"
            printf "| `%s` | %d | %.2f | %s | %.0f | %.0f | %.1f | %.1f |\n", name, NR, mean, deviation, spikes / NR, epochs / NR,
                   seconds / epochs, seconds / NR / 60
        }' "$folder/$name.rows"
done
