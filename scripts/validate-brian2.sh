#!/bin/sh
# Runs a network in Brian2 with ever shorter time steps and compares the spikes with punctum's.
# Usage: scripts/validate-brian2.sh PROGRAM NETWORK.yaml DIR [STEP...]      (steps in ms; default 0.1 0.05 0.02 0.01 0.005)
set -eu
program=$1
network=$2
folder=$3
shift 3
[ $# -gt 0 ] || set -- 0.1 0.05 0.02 0.01 0.005

# Debian's Brian2 belongs to Debian's Python, which need not be the first one in the path.
python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -W ignore -c 'import brian2' > /dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Brian2 is not installed (Debian package python3-brian)" >&2
    exit 1
fi

"$program" run "$network" -o "$folder/punctum" --quiet
"$program" export "$network" --to brian2 -o "$folder/network.py" > /dev/null
printf '%-16s %8s %12s %12s %8s %6s\n' population dt/ms median/ms largest/ms missing extra
for dt in "$@"; do
    "$python" -W ignore "$folder/network.py" --dt "$dt" --output "$folder/dt-$dt"
    for file in "$folder/dt-$dt"/spikes-*.dat; do
        name=$(basename "$file" .dat)
        [ -f "$folder/punctum/$name.dat" ] || continue
        "$program" compare "$folder/punctum/$name.dat" "$file" | awk -v population="${name#spikes-}" -v dt="$dt" '
            { value[$1] = $2 }
            END { printf "%-16s %8s %12s %12s %8s %6s\n", population, dt, value["median_difference_ms"],
                  value["largest_difference_ms"], value["missing"], value["extra"] }'
    done
done
