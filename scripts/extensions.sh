#!/bin/sh
# What each extension of NormAD buys on the problems of layers-3.yaml, without restarts: the full rule, and without each
# extension alone; the rule as printed, and with each alone. Into DIR (default build/extensions); prints the table of
# docs/experiments.md. What was interrupted goes on with the next call.
# Usage: scripts/extensions.sh [DIR [TRIALS [ITERATIONS [SEED]]]]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/extensions}
trials=${2:-10}
iterations=${3:-300}
seed=${4:-41}
program=${PM_PROGRAM:-build/punctum}
full='tau_hat: 4.0, tau_hat_hidden: 7.0, damping: 0.05'
full="$full, normalisation: gram, errors: paired, resets: held, closest: 0.5, anneal: 600, recruit: 1.0"
printed='tau_hat: 1.5, tau_hat_hidden: 1.5, window: 100.0, most_events: 1.0e+6'
printed="$printed, normalisation: per_layer, errors: plain, resets: ignored, closest: 0.0, anneal: 0, recruit: 0.0"
mkdir -p "$folder"

# row NAME WHAT PARAMETERS CHANGE: trains with PARAMETERS after the sed command CHANGE (rates of gram are relative).
row() {
    parameters=$(printf '%s' "$3" | sed "$4")
    case $parameters in
    *': gram'*) hidden1=0.1 hidden2=1.0 output=1.0 ;;
    *) hidden1=30.0 hidden2=30.0 output=100.0 ;;
    esac
    sed -e '/^restart/d' -e "s/rate: 0.1$/rate: $hidden1/" -e "s/^    size: 25/&\n    rate: $hidden2/" \
        -e "s/{name: output, size: 1}/{name: output, size: 1, rate: $output}/" \
        -e "s/^rule: .*/rule: {normad: {$parameters}}/" data/experiments/layers-3.yaml > "$folder/$1.yaml"
    "$program" train "$folder/$1.yaml" -o "$folder/$1" --trials "$trials" --iterations "$iterations" --seed "$seed" \
        --jobs 1 --keep 0 --resume --quiet
    awk -v what="$2" '
        !/^#/ { trials++; converged += $2; if ($2) iterations += $3; best += $6 }
        END {
            printf "| %s | %d of %d | ", what, converged, trials
            if (converged) printf "%.0f | ", iterations / converged
            else printf "- | "
            printf "%.3f |\n", best / trials
        }' "$folder/$1/trials.dat"
}

# each NAME WHAT PARAMETERS and six values: each extension alone is given its value.
each() {
    row "$1-gram" "$2 \`gram\`" "$3" "s/normalisation: [a-z_]*/normalisation: $4/"
    row "$1-paired" "$2 paired errors" "$3" "s/errors: [a-z]*/errors: $5/"
    row "$1-held" "$2 held resets" "$3" "s/resets: [a-z]*/resets: $6/"
    row "$1-closest" "$2 \`closest\`" "$3" "s/closest: [0-9.]*/closest: $7/"
    row "$1-anneal" "$2 \`anneal\`" "$3" "s/anneal: [0-9]*/anneal: $8/"
    row "$1-recruit" "$2 \`recruit\`" "$3" "s/recruit: [0-9.]*/recruit: $9/"
}

printf '| rule | converged | iterations: mean of the converged | largest C: mean |\n|---|---|---|---|\n'
row full 'full' "$full" ''
each without 'full without' "$full" per_layer plain ignored 0.0 0 0.0
row printed 'as printed' "$printed" ''
each with 'as printed, with' "$printed" gram paired held 0.5 600 1.0
