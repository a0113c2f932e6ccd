# Benchmarks run and report. Part of test/e2e.sh.

# --- speed, of which nothing is asserted ------------------------------------------------------------------------------

check "bench" "$program" bench B1c --neurons 100 --duration 20 -o bench
for key in synaptic_events wall_seconds ns_per_synaptic_event rate_hz; do
    check "bench writes $key" grep -q "\"$key\"" bench/summary.json
done
check "bench of training" "$program" bench xor -o bench-xor
for key in pattern_seconds stream_seconds grid_seconds spikes; do
    check "bench of training writes $key" grep -q "\"$key\"" bench-xor/summary.json
done
check "bench of classifiers" "$program" bench images -o bench-images
for key in forward_images_per_second training_images_per_second spikes; do
    check "bench of classifiers writes $key" grep -q "\"$key\"" bench-images/summary.json
done
check "bench of dense layers" "$program" bench B3
mv out dense
check "it compares them with the time-stepped ones" grep -Eq '^B3 +forward +[0-9]+ ' dense
check "bench of two ranks" ranks 2 bench B1 --neurons 50 --duration 1 -o bench-ranks
check "bench counts what both have" sh -c 'grep -q "\"ranks\": 2" bench-ranks/summary.json && grep -q "\"exchanges\": [1-9]" bench-ranks/summary.json'
check "bench of exchanges" ranks 2 bench exchange
mv out exchanges
check "exchanges are timed up to 1 MiB" grep -Eq '^ +2 +[0-9]{6,} +[0-9.]+$' exchanges
refuse 2 'an exchange takes several ranks: mpirun -n 2 punctum bench exchange' bench exchange
refuse 2 "no 'B29'" bench B29
# Networks at a small size, beside what was printed for the first.
check "bench B1" "$program" bench B1 --neurons 50 --duration 1
mv out before
for name in B2 B6 B7 B8 B9 B11 B12 B14 B15 B17 B22 B23 B28; do
    check "bench $name" "$program" bench $name --neurons 50 --duration 1 --against before
done
refuse 1 "nowhere: No such file" bench B1 --neurons 50 --duration 1 --against nowhere
check "bench beside earlier figures" "$program" bench B1 --neurons 50 --duration 1 --against before
mv out after
check "bench prints their ratio" grep -Eq '^B1 .* [0-9]+\.[0-9]+  balanced' after
