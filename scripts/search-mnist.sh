#!/bin/sh
# Looks for what lets a classifier of MNIST generalise: variations of mnist-800, trained on the first 50,000 training images and
# judged by the last 10,000; the test set plays no part. Prints a line per variation: accuracy and loss in validation after the
# last epoch, processor seconds of that epoch. Six minutes of one core each (1600 neurons: twelve).
# What is complete in DIR (default build/search-mnist) stays as it is.
# Usage: scripts/search-mnist.sh [DIR [VARIATION...]]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/search-mnist}
[ $# -gt 0 ] && shift
program=${PM_PROGRAM:-build/punctum}
mkdir -p "$folder"

hidden=', dropout: 0.1}' opposed='opposition: 2.0'
faster='s/C_m: 300.0, g_L: 15.0/C_m: 200.0, g_L: 20.0/'
[ $# -gt 0 ] || set -- as-it-is dropout-0.3 input-dropout-0.2 opposition-3 opposition-4 opposition-3-dropout-0.3 opposition-4-faster \
    weight-decay 1600-opposition-6
for name in "$@"; do
    case $name in # what sed makes of the lines of mnist-800
    as-it-is) edit= ;;
    dropout-0.3) edit="s/$hidden/, dropout: 0.3}/" ;;
    input-dropout-0.2) edit="s/$opposed/$opposed, dropout: 0.2/" ;;
    opposition-3) edit="s/$opposed/opposition: 3.0/" ;;
    opposition-4) edit="s/$opposed/opposition: 4.0/" ;;
    opposition-3-dropout-0.3) edit="s/$opposed/opposition: 3.0/; s/$hidden/, dropout: 0.3}/" ;;
    opposition-4-faster) edit="s/$opposed/opposition: 4.0/; $faster" ;;
    weight-decay) edit="s/$opposed/opposition: 4.0/; $faster; s/epochs: 15/epochs: 13/; s/^batch: 100/&\\nweight_decay: 3e-4/" ;;
    1600-opposition-6) edit="s/$opposed/opposition: 6.0/; s/size: 800/size: 1600/; s/epochs: 15/epochs: 13/; s/factor: 0.8/factor: 0.78/" ;;
    *) echo "$0: no variation '$name'" >&2 && exit 2 ;;
    esac
    if [ ! -s "$folder/$name/summary.json" ]; then
        sed -e "s#\.\./mnist#$PWD/data/mnist#g" -e 's/validation: 5000/validation: 10000/' -e "$edit" \
            data/experiments/mnist-800.yaml > "$folder/$name.yaml"
        "$program" train "$folder/$name.yaml" -o "$folder/$name" --seed 101 --jobs 1 --quiet
    fi
    tail -n 1 "$folder/$name/learning.dat" | awk -v name="$name" '{ printf "%-26s %.2f %%  loss %.4f  %.1f s\n", name, $5, $4, $8 }'
done
