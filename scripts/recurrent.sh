#!/bin/sh
# Trains the experiments that need memory from 20 initialisations (or FIRST to LAST, those of the two arguments), and
# variations of them; prints a table. An initialisation is solved when all 1,000 test examples are decided rightly. What
# is there already in build/recurrent is not trained again.
set -eu
cd "$(dirname "$0")/.."
first=${1:-1}
last=${2:-20}
out=build/recurrent
experiments=data/experiments
mkdir -p $out

# vary NAME EXPERIMENT SED-OF-EXPERIMENT SED-OF-NETWORK: a copy with other lines.
vary() {
    sed "s#$2-network#$1-network#; $3" $experiments/$2.yaml > $out/$1.yaml
    sed "$4" $experiments/$2-network.yaml > $out/$1-network.yaml
}
vary delayed-xor delayed-xor '' ''
vary fixed-delays delayed-xor 's/, delays: {[^}]*}//' ''
vary no-recurrence delayed-xor '/from: hidden, to: hidden/d' '/from: hidden, to: hidden/d'
vary gap-1000 delayed-xor 's/gap: 200/gap: 1000/; s/from: 230/from: 1030/; s/to: 240/to: 1040/' 's/duration: 240/duration: 1040/'
sed '/from: hidden, to: hidden/d' $out/gap-1000.yaml | sed 's#gap-1000-network#gap-1000-alone-network#' > $out/gap-1000-alone.yaml
sed '/from: hidden, to: hidden/d' $out/gap-1000-network.yaml > $out/gap-1000-alone-network.yaml
vary resting delayed-xor '' 's/I_e: 205.0/I_e: 0.0/; s/0.0, 60.0/0.0, 300.0/; s/0.0, 5.0/0.0, 50.0/'
vary store-recall store-recall '' ''

echo "| experiment | solved | test accuracy (%): mean | lowest | spikes per example | processor seconds of training |"
echo "|---|---|---|---|---|---|"
for name in ${NAMES:-delayed-xor fixed-delays no-recurrence gap-1000 gap-1000-alone resting store-recall}; do
    for seed in $(seq "$first" "$last"); do
        [ -f $out/$name-$seed/summary.json ] ||
            build/punctum train $out/$name.yaml -o $out/$name-$seed --seed "$seed" --quiet --jobs "${JOBS:-2}"
        tr -d ' ,"' < $out/$name-$seed/summary.json | awk -F: '
            /^test:[{]/ {test = 1}
            test && $1 == "percent" {percent = $2}
            test && $1 == "spikes_per_example" {spikes = $2; test = 0}
            $1 == "training_cpu_seconds" {cpu = $2}
            END {print percent, spikes, cpu}'
    done > $out/$name.rows
    awk -v name=$name 'NR == 1 {low = $1} {n++; solved += $1 == 100; sum += $1; low = $1 < low ? $1 : low; spikes += $2; cpu += $3}
        END {printf "| `%s` | %d of %d | %.2f | %.2f | %.0f | %.1f |\n", name, solved, n, sum / n, low, spikes / n, cpu / n}' $out/$name.rows
done
