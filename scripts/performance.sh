#!/bin/sh
# Measures the whole set of punctum bench, every network in a process of its own so that its peak memory is its own, and
# prints the tables of docs/performance.md. Times are processor time: whatever else the machine does counts as little as
# it can. Kept is the fastest run of each kind, in DIR/runs.dat: more repetitions, in the
# same call or later ones, bring quieter moments of the machine.
# Usage: scripts/performance.sh [DIR [REPETITIONS]]: defaults build/performance 3; with 0 repetitions what is in DIR is
# printed again
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/performance}
repetitions=${2:-3}
mkdir -p "$folder"
runs=$folder/runs.dat
[ -s "$runs" ] || echo "# name neurons ns limit_ns rate_hz synapses bytes build_s peak_MB | spikes pattern_s limit_s grid_s" > "$runs"

field() { sed -n "s/^ *\"$1\": \([^,]*\),*$/\1/p" "$folder/run/summary.json"; }
# keep NAME NEURONS COLUMNS...: a row, unless there is a faster one; the limit is the least of all runs.
keep() {
    before=$(grep "^$1 $2 " "$runs" || true)
    { grep -v "^$1 $2 " "$runs"; printf '%s\n%s\n' "$*" "$before" | awk 'NF == 0 { next }
        !n++ || $3 < fastest { fastest = $3; row = $0 }
        n == 1 || $4 < limit { limit = $4 }
        END { $0 = row; $4 = limit; print }'; } > "$runs.new"
    mv "$runs.new" "$runs"
}

for repetition in $(seq "$repetitions"); do
    for name in B1 B1c B2; do
        for neurons in 1000 5000 10000 20000; do
            duration=100
            [ $neurons != 1000 ] || duration=1000
            [ $neurons != 5000 ] || duration=200
            build/punctum bench $name --neurons $neurons --duration $duration -o "$folder/run" > "$folder/log"
            ns=$(echo "$(field cpu_seconds) $(field synaptic_events)" | awk '{ print $1 * 1e9 / $2 }')
            keep $name $neurons "$ns" "$(field stream_ns_per_synaptic_event)" \
                "$(field rate_hz)" "$(field synapses)" "$(field bytes_per_synapse)" "$(field build_seconds)" \
                "$(field peak_megabytes)"
        done
    done
    for name in B3 B4; do
        build/punctum bench $name -o "$folder/run" > "$folder/log"
        keep $name - "$(field pattern_seconds)" "$(field stream_seconds)" "$(field spikes)" "$(field grid_seconds)"
    done
done

awk 'BEGIN {
    print "| | neurons | synapses | rate (Hz) | million events/s | ns per event | limit (ns) | over the limit | bytes per synapse | built in (s) | peak memory (MB) |"
    print "|---|---|---|---|---|---|---|---|---|---|---|"
}
$1 == "B1" || $1 == "B1c" || $1 == "B2" {
    row[$1 " " $2] = sprintf("| %s | %d | %.3g million | %.1f | %.0f | %.1f | %.2f | %.1f | %.1f | %.2f | %.0f |", \
        $1, $2, $6 * 1e-6, $5, 1000 / $3, $3, $4, $3 / $4, $7, $8, $9)
}
$1 == "B3" || $1 == "B4" {
    layers[$1] = sprintf("| %s | %.0f | %.0f | %.1f | %.1f | %.0f |", $1, $5, $3 * 1e6, $4 * 1e6, $3 / $4, $6 * 1e6)
}
END {
    split("B1 B1c B2", names); split("1000 5000 10000 20000", sizes)
    for (n = 1; n <= 3; n++)
        for (s = 1; s <= 4; s++)
            print row[names[n] " " sizes[s]]
    print "\n| | spikes per pattern | time per pattern (us) | limit (us) | over the limit | the same on a 0.1 ms grid (us) |"
    print "|---|---|---|---|---|---|"
    print layers["B3"] "\n" layers["B4"]
}' "$runs"
