#!/bin/sh
# Looks for the learning rate (and, where there is one that matters, a parameter) with which each rule learns best, on problems
# of another seed than those of data/experiments: the most converged trials, then the fewest iterations, or the largest
# correlation where none converges. Prints a line per setting: problem, rule, setting, converged, iterations in the mean of the
# converged, largest correlation of a trial in the mean.
# Usage: scripts/search-rules.sh [DIR [RULE...]]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/search}
[ $# -gt 0 ] && shift
program=${PM_PROGRAM:-build/punctum}
seed=7
hidden=
mkdir -p "$folder"

# PROBLEM RULE PARAMETERS ITERATIONS, rates of the output layer; the hidden layer learns at the rate $hidden, or at the same
attempt() {
    problem=$1 rule=$2 parameters=$3 iterations=$4
    shift 4
    [ "$problem" = single ] && trials=20 || trials=10
    for rate in "$@"; do
        sed -e '/^#/d' -e "s/^rule:.*/rule: {$rule: {$parameters}}/" -e "s/^iterations:.*/iterations: $iterations/" \
            -e "s/{name: output, size: 1}/{name: output, size: 1, rate: $rate}/" \
            -e "s/^    size: 54/    size: 54\n    rate: ${hidden:-$rate}/" "data/experiments/$problem.yaml" > "$folder/attempt.yaml"
        "$program" train "$folder/attempt.yaml" -o "$folder/attempt" --seed $seed --trials $trials --jobs 1 --quiet
        field() { sed -n "s/^ *\"$1\": \([^,{]*\),*$/\1/p" "$folder/attempt/summary.json" | head -n 1; }
        printf '%-16s %-17s %-40s rate %-9s %3s of %s  mean %-5s C %s\n' "$problem" "$rule" "$parameters" "$rate" \
            "$(field converged)" $trials "$(field mean | cut -d. -f1)" \
            "$(awk '!/^#/ { c += $6; n++ } END { printf "%.3f", c / n }' "$folder/attempt/trials.dat")"
        rm -r "$folder/attempt"
    done
}

wanted=${*:-resume span psd chronotron finite_precision multilayer_resume spikeprop exact_gradient fixed}
for rule in $wanted; do
    case $rule in
    resume) for tau in 5.0 10.0; do attempt single resume "tau: $tau" 1000 10 30 100; done ;;
    span) for tau in 2.0 5.0; do attempt single span "tau: $tau" 1000 1 3 10 100; done ;;
    psd) for tau in 5.0 10.0; do attempt single psd "tau_m: $tau" 1000 10 30 100 300; done ;;
    chronotron)
        for slope in constant exact; do
            for tau in 2.0 5.0; do attempt single chronotron "tau_q: $tau, slope: $slope" 1000 1000 3000 10000; done
        done
        ;;
    finite_precision)
        for tolerance in 0.1 0.2; do attempt single finite_precision "tolerance: $tolerance" 10000 1000 3000; done
        ;;
    exact_gradient)
        attempt single exact_gradient "recruit: 10.0" 1000 3 10 30
        attempt single exact_gradient "optimiser: sgd, recruit: 10.0" 1000 10000 30000
        attempt single exact_gradient "optimiser: momentum, recruit: 10.0" 1000 3000
        attempt xor exact_gradient "recruit: 10.0" 1000 10 30 100
        hidden=3
        attempt xor exact_gradient "recruit: 10.0" 1000 30 100
        hidden=
        ;;
    multilayer_resume)
        for tau in 5.0 10.0; do
            attempt single multilayer_resume "a: 0.0, a_minus: 0.0, tau_plus: $tau" 1000 3000 10000 30000
        done
        for sign in signed absolute; do
            attempt xor multilayer_resume "sign: $sign, a: 0.05" 1000 1000 3000 10000 30000 100000
        done
        ;;
    fixed) # the rules of the output layer, on XOR with a hidden layer that stays as it was drawn
        attempt xor-fixed-hidden resume "tau: 5.0" 1000 30 100 300
        attempt xor-fixed-hidden span "tau: 2.0" 1000 30 100 300
        attempt xor-fixed-hidden psd "tau_m: 5.0" 1000 30 100 300
        attempt xor-fixed-hidden chronotron "tau_q: 2.0" 1000 3000 10000 30000
        attempt xor-fixed-hidden finite_precision "tolerance: 0.05" 1000 3000 10000 30000
        ;;
    spikeprop)
        for spikes in first all; do
            for recruit in 3.0 10.0; do
                attempt single spikeprop "spikes: $spikes, recruit: $recruit" 1000 3000 30000 300000
                attempt xor spikeprop "spikes: $spikes, recruit: $recruit" 1000 3000 30000 300000
            done
        done
        ;;
    *) echo "there is no search for '$rule'" >&2 && exit 2 ;;
    esac
done
