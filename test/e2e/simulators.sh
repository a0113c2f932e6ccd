# Validation against time steps, export to other simulators, counts. Part of test/e2e.sh.

# --- validation, and other simulators ----------------------------------------------------------------------------------

small=$here/test/reference/recurrent/network.yaml
for scheme in exact rk; do
    check "time-stepped, $scheme" "$program" run "$small" -o stepped --engine clock --dt 0.01 --scheme $scheme --interpolate -q
    check "time-stepped, $scheme: the spikes of the reference within 1e-6 ms" \
        "$program" compare --tolerance 1e-6 "$here/test/reference/recurrent/spikes-cells.dat" stepped/spikes-cells.dat
done
check "the summary names the scheme" grep -q '"scheme": "rk"' stepped/summary.json
check "time-stepped potentials" "$program" run "$demo" -o stepped --engine clock --dt 0.1 -d 50 -q
check "plot of a time-stepped run" "$program" plot stepped
refuse 2 "belong to --engine clock" run "$demo" -o new --dt 0.1
refuse 2 "there is no 'euler'" run "$demo" -o new --engine clock --scheme euler
check "validate" "$program" validate "$small" -o validation --smallest 0.01
check "order of the cubic scheme" awk '/"scheme": "exact-cubic"/ { getline; split($2, w, ","); exit !(w[1] > 3.5 && w[1] < 4.5) }' \
    validation/summary.json
check "potentials within 1e-9 mV" awk '/largest_difference_mV/ { exit !($2 < 1e-9) }' validation/summary.json
check "plot of a validation" "$program" plot validation
check "validation.png" sh -c "head -c 8 validation/validation.png | grep -q PNG"
refuse 2 "no such file" validate missing.yaml -o new
refuse 2 "there is no 'euler'" validate "$small" --schemes euler
check "export to Brian2" "$program" export "$demo" --to brian2 -o exported/demo.py
check "export to NEST" "$program" export "$small" --to nest -o exported/small.py
check "all synapses are exported" sh -c \
    "grep -v '#' $here/test/reference/recurrent/synapses-cells-cells.dat | wc -l > a; \
     grep -v '#' exported/small-synapses-cells+cells.dat | wc -l > b; cmp a b"
if command -v python3 > /dev/null; then
    for script in demo small; do
        check "$script.py is Python" python3 -c "compile(open('exported/$script.py').read(), '$script.py', 'exec')"
    done
fi
refuse 2 "is no multiple of 0.001 ms" export "$demo" --to nest -o new/demo.py
refuse 2 "must end with .py" export "$demo" --to brian2 -o new/demo
refuse 2 "brian2 or nest" export "$demo" --to neuron -o new/demo.py
for command in validate export; do
    prints "help of '$command'" Example "$command" --help
done

# --- counts: a private drive, another source, and an end within a slab ---------------------------------------------------

cat > counts.yaml << 'END'
duration: 10.3
populations:
  - {name: drive, size: 50, source: {poisson: {rate: 9000.0}}}
  - {name: input, size: 1, source: {poisson: {rate: 1000.0}}}
  - {name: cells, size: 50}
projections:
  - {from: drive, to: cells, connect: one_to_one, weight: 35.0, delay: 0.5}
  - {from: input, to: cells, connect: all_to_all, weight: 35.0}
END
check "counts of the exact engine" "$program" run counts.yaml -o counts-exact
check "counts of the clock" "$program" run counts.yaml -o counts-clock --engine clock --dt 0.01 --interpolate
for name in source_spikes synaptic_events; do
    check "$name" sh -c "grep $name counts-exact/summary.json > a; grep $name counts-clock/summary.json > b; \
        grep -q '[1-9]' a && cmp a b"
done
