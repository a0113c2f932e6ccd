#!/bin/sh
# The networks of scripts/bench-peer.py in every simulator, one after the other on one thread: NEST and Brian2 from their wheels in
# virtual environments below build/, GeNN from its sources in the folder $GENN, Auryn where it is installed below $AURYN. Those that
# are not there or cannot be installed are left out. Usage: scripts/bench-peers.sh [REPETITIONS]
set -eu
cd "$(dirname "$0")/.."

# peer NAME ARGUMENTS...: a row
peer() {
    python=python3
    case $1 in brian2 | genn | nest) python=build/python-$1/bin/python ;; esac
    if "$python" -W ignore scripts/bench-peer.py "$@" > build/bench-peers.log; then tail -n 1 build/bench-peers.log; else echo "$*: failed"; fi
}

here=punctum
for name in nest brian2 genn; do
    if scripts/peer-environment.sh $name; then here="$here $name"; fi
done
if [ -n "${AURYN-}" ]; then here="$here auryn"; else echo "auryn is left out: name the folder of its include and lib as AURYN" >&2; fi
for repetition in $(seq "${1:-1}"); do
    for name in $here; do
        peer "$name" B1
        [ "$name" != nest ] || peer nest B1 --model iaf_psc_exp_ps_lossless
        [ "$name" != auryn ] || continue
        peer "$name" B7 --duration 500
        peer "$name" microcircuit
    done
done
