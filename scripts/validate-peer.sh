#!/bin/sh
# Runs a network in Brian2 or NEST, with ever shorter time steps, and compares the spikes with punctum's. The simulator is installed
# from its wheel, in a virtual environment below build/. Where NEST has spikes at their times and no current that it makes of steps
# (sines), they are compared one by one: they must agree within 1e-9 ms up to the first crossing of each neuron that NEST misses;
# these are listed. Usage: scripts/validate-peer.sh brian2|nest PROGRAM NETWORK.yaml DIR STEP...      (steps in ms)
set -eu
peer=$1
program=$2
network=$3
folder=$4
shift 4

scripts/peer-environment.sh "$peer"
python=build/python-$peer/bin/python

# followed POPULATION: whether its spikes in NEST are those of the same equations.
followed() {
    grep -q "^$1: .*spikes at their times" "$folder/models" && ! awk -v name="$1" '
        index($0, "    \047" name "\047:") == 1 { inside = 1 } inside && /sines=/ { exit !/sines=\[\(/ }' "$folder/network.py"
}

"$program" run "$network" -o "$folder/punctum" --quiet
"$program" export "$network" --to "$peer" -o "$folder/network.py" > "$folder/models"
sed 1d "$folder/models"
printf '%-16s %8s %8s %12s %12s %8s %6s\n' population dt/ms matched median/ms largest/ms missing extra
for dt in "$@"; do
    "$python" -W ignore "$folder/network.py" --dt "$dt" --output "$folder/dt-$dt" > "$folder/log"
    for file in "$folder/dt-$dt"/spikes-*.dat; do
        name=$(basename "$file" .dat)
        [ -f "$folder/punctum/$name.dat" ] || continue
        "$program" compare "$folder/punctum/$name.dat" "$file" > "$folder/log"
        awk -v population="${name#spikes-}" -v dt="$dt" '
            { value[$1] = $2 }
            END { printf "%-16s %8s %8s %12s %12s %8s %6s\n", population, dt, value["matched"],
                  value["median_difference_ms"], value["largest_difference_ms"], value["missing"], value["extra"] }' "$folder/log"
        followed "${name#spikes-}" || continue
        sort -k1,1n -k2,2g "$folder/punctum/$name.dat" > "$folder/ours"
        sort -k1,1n -k2,2g "$file" | awk '
            /^#/ { next }
            NR == FNR { peer[$1, ++n[$1]] = $2; next }
            lost[$1] { next }
            {
                other = peer[$1, ++k[$1]]
                if (other != "" && other < $2 - 1e-9) {
                    printf "  neuron %d fires at %.12g ms where punctum does not\n", $1, other
                    wrong = lost[$1] = 1
                } else if (other == "" || other > $2 + 1e-9) {
                    printf "  missed: neuron %d at %.12g ms, dV/dt %.3g mV/ms\n", $1, $2, $3
                    missed += lost[$1] = 1
                } else
                    same++
            }
            END { printf "  %d spikes within 1e-9 ms, %d crossings missed\n", same, missed; exit wrong }' - "$folder/ours"
    done
done
