#!/bin/sh
# Looks for what lets a classifier of MNIST generalise: variations of mnist-1600 with 800 hidden neurons and a dropout of
# 0.1, trained on the first 50,000 training images and judged by the last 10,000; the test set plays no part. Prints a line
# per variation: accuracy and loss in validation after the last epoch, processor seconds of that epoch; those of every epoch
# are in learning.dat. Seven to twenty minutes of one core each. What is complete in DIR (default build/search-mnist) stays
# as it is. The names below are all there are.
# Usage: scripts/search-mnist.sh [DIR [VARIATION...]]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/search-mnist}
[ $# -gt 0 ] && shift
program=${PM_PROGRAM:-build/punctum}
mkdir -p "$folder"

base='s/size: 1600/size: 800/; s/dropout: 0.2/dropout: 0.1/; s/^seed:.*/seed: 101/'
averaged='s/dropout: 0.1/dropout: 0.2/; s/factor: 0.8/factor: 0.9/; s/average: 0.998/average: 0.9995/'
fields='s/size: 800, weight: {normal: \[0.0, 120.0\]}/size: 800, field: 6, weight: {normal: [0.0, 240.0]}/'
[ $# -gt 0 ] || set -- base slower dropout-0.2 opposition-6 averaged averaged-202 two-layers fields fields-1600
for name in "$@"; do
    case $name in # what sed makes of the lines of the base
    base) edit= ;;
    slower) edit='s/epochs: 16/epochs: 24/; s/factor: 0.8/factor: 0.86/' ;;
    opposition-2) edit='s/opposition: 4.0/opposition: 2.0/' ;;
    opposition-6) edit='s/opposition: 4.0/opposition: 6.0/' ;;
    dropout-0.2) edit='s/dropout: 0.1/dropout: 0.2/' ;;
    input-dropout-0.1) edit='s/opposition: 4.0/opposition: 4.0, dropout: 0.1/' ;;
    threshold-0.2) edit='s/threshold: 0.05/threshold: 0.2/' ;;
    scale-1.0) edit='s/scale: 0.6/scale: 1.0/' ;;
    batch-50) edit='s/batch: 100/batch: 50/; s/rate: 6.0/rate: 4.0/; s/average: 0.998/average: 0.999/' ;;
    rate-9) edit='s/rate: 6.0/rate: 9.0/' ;;
    averaged) edit=$averaged ;;
    averaged-202) edit="$averaged; s/^seed:.*/seed: 202/" ;;
    averaged-dropout-0.4) edit="$averaged; s/dropout: 0.2/dropout: 0.4/" ;;
    averaged-input-dropout) edit="$averaged; s/opposition: 4.0/opposition: 4.0, dropout: 0.1/" ;;
    averaged-early) edit="$averaged; s/to: 12.5/to: 7.5/; s/opposition: 4.0/opposition: 2.5/" ;;
    averaged-later) edit="$averaged; s/to: 12.5/to: 17.5/; s/duration: 30.0/duration: 35.0/; s/opposition: 4.0/opposition: 5.0/" ;;
    averaged-tau-8) edit="$averaged; s/tau: 5.0/tau: 8.0/; s/scale: 0.6/scale: 1.0/" ;;
    averaged-leak) edit="$averaged; s/g_L: 20.0/g_L: 30.0/" ;;
    two-layers) # dropout only below the outputs: they do not fire, so that scaled weights give them the mean of the scores
        second='  - {size: 400, weight: {normal: [0.0, 100.0]}, dropout: 0.25}'
        edit="s/dropout: 0.1/dropout: 0.0/; s/^  - {size: 10,/$second\n&/; s/opposition: 4.0/opposition: 2.0/; s/^batch: 100/&\nweight_decay: 2e-4/; s/factor: 0.8/factor: 0.82/; s/epochs: 16/epochs: 12/" ;;
    fields) edit="$averaged; $fields" ;;
    fields-5) edit="$averaged; $fields; s/field: 6/field: 5/; s/240.0/264.0/" ;;
    fields-8) edit="$averaged; $fields; s/field: 6/field: 8/; s/240.0/190.0/" ;;
    fields-1600) edit="$averaged; $fields; s/size: 800/size: 1600/; s/factor: 0.9/factor: 0.89/; s/epochs: 16/epochs: 20/" ;;
    fields-two-layers)
        second='  - {size: 400, weight: {normal: [0.0, 100.0]}, dropout: 0.3}'
        edit="$fields; s/field: 6/field: 5/; s/240.0/264.0/; s/dropout: 0.1/dropout: 0.0/; s/^  - {size: 10,/$second\n&/; s/opposition: 4.0/opposition: 3.0/; s/^batch: 100/&\nweight_decay: 2e-4/; s/factor: 0.8/factor: 0.85/; s/average: 0.998/average: 0.999/; s/epochs: 16/epochs: 14/" ;;
    weight-decay) edit='s/^batch: 100/&\nweight_decay: 3e-4/' ;;
    *) echo "$0: no variation '$name'" >&2 && exit 2 ;;
    esac
    if [ ! -s "$folder/$name/summary.json" ]; then
        sed -e "s#\.\./mnist#$PWD/data/mnist#g" -e 's/^coding:/  validation: 10000\n&/' -e "$base" -e "$edit" \
            data/experiments/mnist-1600.yaml > "$folder/$name.yaml"
        "$program" train "$folder/$name.yaml" -o "$folder/$name" --jobs 1 --quiet
    fi
    tail -n 1 "$folder/$name/learning.dat" | awk -v name="$name" '{ printf "%-26s %.2f %%  loss %.4f  %.1f s\n", name, $5, $4, $8 }'
done
