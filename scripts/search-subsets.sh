#!/bin/sh
# Quick judges of what helps two classifiers of MNIST: variations of mnist-first-spike-800, trained on 4,000 images for three
# epochs and judged by 1,000 others (first-...), and of mnist-convolution, trained on 1,000 and judged by 500 (maps-...).
# The test set plays no part. Prints a line per epoch: spikes per image, accuracy in training, accuracy and loss in
# validation. Twenty to forty seconds of one core each. What is complete in DIR (default build/search-subsets) stays as it
# is. The names below are all there are.
# Usage: scripts/search-subsets.sh [DIR [VARIATION...]]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/search-subsets}
[ $# -gt 0 ] && shift
program=${PM_PROGRAM:-build/punctum}
mkdir -p "$folder"

small='s/^seed:.*/seed: 101/; s/average: 0.99[0-9]*/average: 0.99/; s/, opposition: [0-9.]*//; s/, dropout: [0-9.]*//'
first="$small; s/duration: .*/duration: 30.0/; s/  validation: 5000/  train: 4000\n  validation: 1000\n  test: 10/; s/epochs: .*/epochs: 3/; s/batch: .*/batch: 50/; s/rate: .*/rate: 4.0/; s/factor: [0-9.]*/factor: 0.7/"
maps="$small; s/  validation: 5000/  train: 1000\n  validation: 500\n  test: 10/; s/epochs: .*/epochs: 12/; s/batch: .*/batch: 10/; s/factor: [0-9.]*/factor: 0.75/"
twice='s/train: 1000/train: 2000/; s/validation: 500/validation: 1000/; s/batch: 10/batch: 20/; s/epochs: 12/epochs: 5/'
bias='s/to: 12.5}}/to: 12.5}, bias: 0.0}/'
opposed='s/to: 12.5}, bias: 0.0/&, opposition'
[ $# -gt 0 ] || set -- first-base first-silent first-discounted maps-base
for name in "$@"; do
    case $name in # what sed makes of the lines of the base
    first-base | maps-base) edit= ;;
    first-silent) edit='s/, climb: 3.0//' ;;
    first-discounted) edit='s/first_spike: .*/discounted: {scale: 0.6, tau: 5.0}}/; s/\[100.0, 60.0\]/[0.0, 50.0]/; /^readout/d' ;;
    first-scale-1) edit='s/\[100.0, 60.0\]/[40.0, 60.0]/; s/scale: 0.3, climb: 3.0/scale: 1.0, climb: 1.0/' ;;
    first-scale-3) edit='s/\[100.0, 60.0\]/[40.0, 60.0]/; s/scale: 0.3, climb: 3.0/scale: 3.0, climb: 0.5/' ;;
    first-mean-200) edit='s/\[100.0, 60.0\]/[200.0, 60.0]/' ;;
    first-mean-40) edit='s/\[100.0, 60.0\]/[40.0, 60.0]/' ;;
    first-mean-10) edit='s/\[100.0, 60.0\]/[10.0, 40.0]/' ;;
    first-slow) edit='s/\[100.0, 60.0\]}/[50.0, 25.0]}, rate: 0.5/' ;;
    first-opposed) edit="$opposed: 2.0/; s/\[0.0, 240.0\]}/&, dropout: 0.2/" ;;
    first-current | first-current-silent) edit='s/\[100.0, 60.0\]/[0.0, 30.0]/; s/V_reset: -70.0}$/V_reset: -70.0, I_e: 240.0}/; s/^neuron\(.*\), I_e: 240.0/neuron\1/; s/scale: 0.3, climb: 3.0/scale: 1.0, climb: 1.0/'
        [ $name = first-current ] || edit="$edit; s/, climb: 1.0//" ;;
    maps-scale-0.2) edit='s/scale: 0.6/scale: 0.2/' ;;
    maps-scale-1.8) edit='s/scale: 0.6/scale: 1.8/' ;;
    maps-no-pool-2) edit='s/{channels: 24, size: 5, pool: 2}/{channels: 24, size: 5}/; s/\[0.0, 20.0\]/[0.0, 10.0]/' ;;
    maps-2000) edit="$twice" ;;
    maps-2000-bias) edit="$twice; $bias" ;;
    maps-2000-slow) edit="$twice; $bias; s/400.0\]}/&, rate: 0.2/; s/120.0\]}/&, rate: 0.2/" ;;
    maps-2000-wider) edit="$twice; s/channels: 8/channels: 16/; s/channels: 24/channels: 48/; s/\[40.0, 120.0\]/[20.0, 85.0]/" ;;
    maps-2000-dense) edit="$twice; $bias; s/^  - {size: 10, .*/  - {size: 200, weight: {normal: [20.0, 150.0]}}\n  - {size: 10, weight: {normal: [0.0, 50.0]}}/" ;;
    maps-tau-15) edit='s/tau: 5.0/tau: 15.0/' ;;
    maps-stronger-1) edit='s/\[200.0, 400.0\]/[400.0, 600.0]/' ;;
    maps-stronger-2) edit='s/\[40.0, 120.0\]/[80.0, 200.0]/' ;;
    maps-weaker-2) edit='s/\[40.0, 120.0\]/[20.0, 70.0]/' ;;
    maps-opposed) edit='s/to: 12.5}}/to: 12.5}, opposition: 1.0}/' ;;
    *) echo "$0: no variation '$name'" >&2 && exit 2 ;;
    esac
    case $name in
    first-*) of=mnist-first-spike-800 base=$first ;;
    *) of=mnist-convolution base=$maps ;;
    esac
    if [ ! -s "$folder/$name/summary.json" ]; then
        sed -e "s#\.\./mnist#$PWD/data/mnist#g" -e "$base" -e "$edit" "data/experiments/$of.yaml" > "$folder/$name.yaml"
        "$program" train "$folder/$name.yaml" -o "$folder/$name" --jobs 1 --quiet
    fi
    awk -v name="$name" '/^[^#]/ { printf "%-18s %2d  %4.0f spikes  %6.2f %%  %5.1f %%  loss %.3f\n", name, $1, $7, $3, $5, $4 }' \
        "$folder/$name/learning.dat"
done
