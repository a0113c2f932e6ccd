#!/bin/sh
# Measures how runs grow with ranks and size, fits a model of time and memory to the measurements, and says what it
# predicts for large machines; docs/scaling.md explains the terms. Prints tables. The fastest run of each kind is kept in
# DIR/runs.dat: more repetitions, in the same call or later ones, bring quieter moments of the machine.
# Usage: scripts/scaling.sh [DIR [REPETITIONS [LATENCY_US [BANDWIDTH_GB_PER_S]]]]: the latter two of the network in the
# predictions; defaults build/scaling 3 2 10; with 0 repetitions what is in DIR is evaluated again
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/scaling}
repetitions=${2:-3}
latency=${3:-2}
bandwidth=${4:-10}
mkdir -p "$folder"
runs=$folder/runs.dat
cores=$(nproc)
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

field() { sed -n "s/^ *\"$1\": \([^,]*\),*$/\1/p" "$folder/run/summary.json"; }
# measure NAME NEURONS MS RANKS: a row, unless there is a faster one from before: by wall time, or by processor time where
# ranks share cores.
measure() {
    column=5
    [ "$4" -le "$cores" ] || [ "$2" -ge 10000 ] || column=14
    mpirun -n "$4" --oversubscribe build/punctum bench "$1" --neurons "$2" --duration "$3" -o "$folder/run" > "$folder/log"
    row="$1 $2 $3 $4 $(field wall_seconds) $(field build_seconds) $(field peak_megabytes) $(field synaptic_events) \
$(field spikes) $(field synapses) $(field exchanges) $(field exchanged_bytes) $(field exchange_seconds) $(field cpu_seconds)"
    before=$(grep "^$1 $2 $3 $4 " "$runs" || true)
    { grep -v "^$1 $2 $3 $4 " "$runs"; printf '%s\n%s\n' "$row" "$before" | sed '/^$/d' | sort -g -k $column | head -n 1; } > "$runs.new"
    mv "$runs.new" "$runs"
}
[ -s "$runs" ] || echo "# name neurons ms ranks wall_s build_s peak_MB events spikes synapses exchanges bytes exchange_s cpu_s" > "$runs"

for repetition in $(seq "$repetitions"); do
    for ranks in 1 2 4; do
        measure B1c 20000 100 $ranks
        measure B1 20000 100 $ranks
    done
    for size in 10000:1 14142:2 20000:4; do # synapses of each rank: 10^7
        measure B1c "${size%:*}" 200 "${size#*:}"
        measure B1 "${size%:*}" 200 "${size#*:}"
    done
    for ranks in 1 2 4 8 16; do
        measure B1c 1000 1000 $ranks
        measure B1c 5000 200 $ranks
        measure B1 1000 500 $ranks
        measure B1 5000 100 $ranks
    done
    for ranks in 2 4; do
        mpirun -n $ranks --oversubscribe build/punctum bench exchange > "$folder/log"
        sed 's/^ranks/# &/' "$folder/log" >> "$folder/exchanges.dat"
    done
done

strong() {
    printf '\n| network | ranks | wall time, s | speed-up | synaptic events per second | waiting and exchanging, s | peak memory of a rank, MB | building, s |\n'
    printf '|---|---|---|---|---|---|---|---|\n'
    awk -v name="$1" '$1 == name && $2 == 20000 && $3 == 100 {
        if ($4 == 1) one = $5
        printf "| %s | %d | %.2f | %.2f | %.0f million | %.3f | %.0f | %.2f |\n", $1, $4, $5, one / $5, $8 / $5 * 1e-6, $13, $7, $6
    }' "$runs"
}
weak() {
    printf '\n| network | neurons | ranks | synapses | wall time per synaptic event and rank, ns | peak memory of a rank, MB |\n'
    printf '|---|---|---|---|---|---|\n'
    awk -v name="$1" '$1 == name && $3 == 200 && $2 >= 10000 {
        printf "| %s | %d | %d | %.1f million | %.2f | %.0f |\n", $1, $2, $4, $10 * 1e-6, $5 * $4 / $8 * 1e9, $7
    }' "$runs"
}
echo "Strong scaling, 20,000 neurons, 100 ms, on $cores cores:"
strong B1c
strong B1
echo
echo "Weak scaling, 10^7 synapses of each rank, 200 ms:"
weak B1c
weak B1

# Columns for the fits: recurrent events of a rank, spikes of a rank and of all, cells times slabs of a rank, external
# events of a rank, processor time; synapses of a rank, neurons of all, memory of a rank.
awk '!/^#/ {
    recurrent = $9 * $10 / $2
    if ($1 == "B1") recurrent = $9 * ($10 - $2) / $2
    external = $1 == "B1" ? $8 - recurrent : 0
    print recurrent / $4, $9 / $4, $9, $2 / $4 * $3 / 0.25, external / $4, $14, $10 / $4, $2, $7
}' "$runs" > "$folder/fit.dat"
awk -v cores="$cores" '!/^#/ && $1 <= cores {
    key = $1 " " $2
    if (!(key in best) || $3 < best[key]) best[key] = $3
} END { for (key in best) print key, best[key] }' "$folder/exchanges.dat" > "$folder/fit-exchanges.dat"
cat > "$folder/fit.gp" << 'EOF'
set fit quiet nolog
set dummy events, own, all, cells, external
seconds(events, own, all, cells, external) = \
    1e-9 * (a**2 * events + b**2 * own + c**2 * all + d**2 * cells + e**2 * external)
a = 2.0; b = 20.0; c = 10.0; d = 3.0; e = 3.0
fit seconds(events, own, all, cells, external) 'fit.dat' using 1:2:3:4:5:6:($6) errors z via a, b, c, d, e
set dummy x, y
memory(synapses, neurons) = m0 + 1e-6 * (m1 * synapses + m2**2 * neurons)
m0 = 10.0; m1 = 20.0; m2 = 10.0
fit memory(x, y) 'fit.dat' using 7:8:9:($9) zerrors via m0, m1, m2
# bytes of a rank come from every other rank
exchange(ranks, bytes) = l * log(ranks) / log(2) + 1e-3 * (ranks - 1) * bytes / w
l = 1.0; w = 10.0
fit exchange(x, y) 'fit-exchanges.dat' using 1:2:3:($3) zerrors via l, w
set print 'model.dat'
print a**2, b**2, c**2, d**2, e**2, m0, m1, m2**2, l, w
EOF
(cd -- "$folder" && gnuplot fit.gp) # no path is a word of gnuplot's
awk '{
    print "\nThe model:\n\n| term | |\n|---|---|"
    printf "| recurrent synaptic event of a rank | %.2f ns |\n| spike of a rank | %.0f ns |\n", $1, $2
    printf "| spike of all ranks | %.0f ns |\n| cell of a rank and slab | %.1f ns |\n", $3, $4
    printf "| external event of a rank | %.2f ns |\n| memory | %.1f MB |\n| synapse of a rank | %.1f bytes |\n", $5, $6, $7
    printf "| neuron of all ranks | %.0f bytes |\n| exchange within the machine | %.2f us log2(ranks) |\n", $8, $9
    printf "| its bandwidth | %.1f GB/s |\n", $10
}' "$folder/model.dat"
echo
echo "Measured over fitted processor time:"
awk 'NR == FNR { split($0, m, " "); next } {
    r = $6 / (1e-9 * (m[1] * $1 + m[2] * $2 + m[3] * $3 + m[4] * $4 + m[5] * $5))
    sum += r; n++
    if (r > most) most = r
    if (least == "" || r < least) least = r
} END { printf "mean %.2f, from %.2f to %.2f in %d runs\n", sum / n, least, most, n }' "$folder/model.dat" "$folder/fit.dat"

printf '\nPredictions for 10^9 synapses (10^5 neurons of 10^4 inputs, 10 spikes/s, shortest delay 1.5 ms), network of %s us\n' "$latency"
printf 'per message and %s GB/s; seconds of a second of model time:\n\n' "$bandwidth"
printf '| ranks | synaptic events | own spikes | all spikes | cells | exchange | sum | memory of a rank, MB |\n'
printf '|---|---|---|---|---|---|---|---|\n'
for ranks in 1 10 100 1000 10000; do
    awk -v R=$ranks -v latency="$latency" -v bandwidth="$bandwidth" '{
        N = 1e5; K = 1e4; rate = 10; windows = 1000 / 1.5
        spikes = N * rate
        events = 1e-9 * $1 * spikes * K / R
        own = 1e-9 * $2 * spikes / R
        all = 1e-9 * $3 * spikes
        cells = 1e-9 * $4 * N / R * 4000
        steps = log(R) / log(2); steps = steps > int(steps) ? int(steps) + 1 : steps
        exchange = R > 1 ? windows * 2 * steps * latency * 1e-6 + 24 * spikes * (R - 1) / R / (bandwidth * 1e9) : 0
        printf "| %d | %.3g | %.3g | %.3g | %.3g | %.3g | %.3g | %.0f |\n", R, events, own, all, cells, exchange, \
            events + own + all + cells + exchange, $6 + 1e-6 * ($7 * N * K / R + $8 * N)
    }' "$folder/model.dat"
done
