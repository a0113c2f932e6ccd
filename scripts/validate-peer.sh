#!/bin/sh
# Runs a network in Brian2 or NEST, with ever shorter time steps, and compares the spikes with punctum's.
# Usage: scripts/validate-peer.sh brian2|nest PROGRAM NETWORK.yaml DIR STEP...      (steps in ms)
set -eu
peer=$1
program=$2
network=$3
folder=$4
shift 4

# Debian's Brian2 belongs to Debian's Python, which need not be the first one in the path.
case $peer in
brian2) module=brian2 where='Debian package python3-brian' ;;
nest) module=nest where='https://nest-simulator.readthedocs.io' ;;
*)
    echo "brian2 or nest, not '$peer'" >&2
    exit 2
    ;;
esac
python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -W ignore -c "import $module" > /dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "no Python here knows the module $module ($where)" >&2
    exit 1
fi

"$program" run "$network" -o "$folder/punctum" --quiet
"$program" export "$network" --to "$peer" -o "$folder/network.py" > /dev/null
printf '%-16s %8s %8s %12s %12s %8s %6s\n' population dt/ms matched median/ms largest/ms missing extra
for dt in "$@"; do
    "$python" -W ignore "$folder/network.py" --dt "$dt" --output "$folder/dt-$dt" > "$folder/log"
    for file in "$folder/dt-$dt"/spikes-*.dat; do
        name=$(basename "$file" .dat)
        [ -f "$folder/punctum/$name.dat" ] || continue
        "$program" compare "$folder/punctum/$name.dat" "$file" | awk -v population="${name#spikes-}" -v dt="$dt" '
            { value[$1] = $2 }
            END { printf "%-16s %8s %8s %12s %12s %8s %6s\n", population, dt, value["matched"],
                  value["median_difference_ms"], value["largest_difference_ms"], value["missing"], value["extra"] }'
    done
done
