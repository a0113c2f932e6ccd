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
refuse 2 "no 'B9'" bench B9
