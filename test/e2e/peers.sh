# Export of general neurons: which of NEST's models plays them, what is refused, and the data beside the scripts. Part of test/e2e.sh.

# models NETWORK LINES...: the models that an export to NEST names.
models() {
    network=$1
    shift
    printf '%s\n' "$@" > expected
    check "export of $network to NEST" "$program" export "$network" --to nest -o exported-peers/net.py
    sed 1d out > got
    check "the models of $network" diff expected got
}
models "$here/data/validation/precise.yaml" "exponential: iaf_psc_exp_ps, spikes at their times" \
    "alpha: iaf_psc_alpha_ps, spikes at their times" "delta: iaf_psc_delta_ps, spikes at their times"
models "$here/data/validation/grid.yaml" "receptors: iaf_psc_exp_multisynapse, spikes on the grid" \
    "mat: mat2_psc_exp, spikes on the grid" "glif: glif_psc, spikes on the grid" \
    "injected: iaf_psc_exp_ps, spikes at their times"
check "each receptor has its synapses" test "$(cat exported-peers/net-synapses-excitation+receptors+nmda.dat | grep -vc '#')" -eq 2000
check "export of everything to Brian2" "$program" export "$here/test/reference/general/everything/network.yaml" --to brian2 -o exported-peers/all.py
check "export of a grid to Brian2" "$program" export "$here/data/validation/grid.yaml" --to brian2 -o exported-peers/grid.py
if command -v python3 > /dev/null; then
    for script in net all grid; do
        check "$script.py is Python" python3 -c "compile(open('exported-peers/$script.py').read(), '$script.py', 'exec')"
    done
fi

# Parameters as they are drawn, and the sum of steps and noise, only where it changes.
cat > peers.yaml << 'END'
duration: 50.0
neuron: {t_ref: 2.0, I_e: {file: exported-peers/drive.dat}}
populations:
  - {name: cells, size: 2, initial: {V_m: {uniform: [-60.0, -50.0, 10.0]}}}
currents:
  - {population: cells, neurons: [1], steps: [[0.0, 1.5], [10.0, -2.0], [20.0, -2.0]]}
  - {population: cells, steps: [[10.0, 4.0], [30.0, 0.0]]}
  - {population: cells, noise: {mean: 1.0, std: 0.0, interval: 5.0, from: 40.0}}
END
printf '7.25\n8.5\n' > exported-peers/drive.dat
check "export of currents" "$program" export peers.yaml --to nest -o exported-peers/own.py
printf '0 10 4\n0 30 0\n0 40 1\n1 0 1.5\n1 10 2\n1 30 -2\n1 40 -1\n' > expected
check "currents are added up" sh -c "grep -v '#' exported-peers/own-currents-cells.dat | diff expected -"
check "parameters of each neuron" awk '/#/ { next } { n++; bad += $7 != (n == 1 ? 7.25 : 8.5) || ($10 != -60 && $10 != -50) }
    END { exit bad || n != 2 }' exported-peers/own-neurons-cells.dat

# refuse_nest PATTERN CELLS [LINES...]: what no model of NEST has, by its key; Brian2 has it.
refuse_nest() {
    pattern=$1
    printf 'duration: 10.0\nneuron: {t_ref: 2.0}\npopulations:\n  - {name: in, size: 2, source: {poisson: {rate: 10.0}}}\n' > network.yaml
    printf '  - {name: cells, size: 2, %s}\n' "$2" >> network.yaml
    shift 2
    printf '%s\n' "$@" >> network.yaml
    refuse 2 "network\.yaml: $pattern" export network.yaml --to nest -o new/net.py
    check "Brian2 has it: $pattern" "$program" export network.yaml --to brian2 -o exported-peers/has.py
}
refuse_nest "receptors: 'cells' has impulses \('j'\) beside currents" 'receptors: {a: {tau: 2.0}, j: impulse}'
refuse_nest "receptors: 'cells' has alpha currents \('b'\) beside exponential ones \('a'\)" 'receptors: {a: {tau: 2.0}, b: {alpha: 3.0}}'
refuse_nest "receptors: 'cells' has adaptation .* not with 'j'" 'receptors: {j: impulse}, threshold: [{jump: 1.0, tau: 9.0}]'
refuse_nest "after_spike: 'cells' has currents after spikes and exponential receptors" \
    'receptors: {a: {tau: 2.0}}, after_spike: [{jump: 1.0, tau: 9.0}]'
refuse_nest "reset of 'cells'" 'receptors: {a: {tau: 2.0}}, threshold: [{jump: 1.0, tau: 9.0}]'
refuse_nest "t_ref of 'cells' is not 0 ms" 'receptors: {a: {tau: 2.0}}, threshold: [{jump: 1.0, tau: 9.0}], reset: {fraction: 1.0}'
refuse_nest "threshold: 'cells' has 2 jumps" \
    'receptors: {a: {alpha: 2.0}}, threshold: [{jump: 1.0, tau: 9.0}, {jump: 1.0, tau: 8.0}]'
refuse_nest "threshold: 'cells' has 3 jumps" 'receptors: {a: {tau: 2.0}}, reset: {fraction: 1.0},
    threshold: [{jump: 1.0, tau: 9.0}, {jump: 1.0, tau: 8.0}, {jump: 1.0, tau: 7.0}]'
refuse_nest "receptors: 'cells' needs more time constants" \
    'receptors: {a: {tau: 2.0}, b: {tau: 3.0}}, reset: {fraction: 1.0}, neuron: {t_ref: 0.0}' \
    'projections:' '  - {from: in, to: cells, connect: all_to_all, weight: 1.0, delay: 1.0, receptor: a}' \
    '  - {from: in, to: cells, connect: all_to_all, weight: 1.0, delay: 1.0, receptor: b}'
refuse_nest "receptors: a time constant of neuron cells\[0\] is that of its membrane" \
    'receptors: {a: {tau: 10.0}}, reset: {fraction: 1.0}, neuron: {t_ref: 0.0}'
refuse_nest "'cells' has t_ref = 0 ms; NEST's glif_psc needs a positive" \
    'receptors: {a: {alpha: 2.0}}, reset: {fraction: 0.5}, neuron: {t_ref: 0.0}'
refuse_nest "currents: a current of 'cells' changes at an instant" 'receptors: {a: {alpha: 2.0}}' \
    'currents: [{population: cells, steps: [[0.12345, 1.0]]}]'
refuse_nest "tau_1: the time constants of 'cells' differ" 'neuron: {tau_1: {uniform: [3.0, 4.0]}}' \
    'projections:' '  - {from: in, to: cells, connect: all_to_all, weight: 1.0, delay: 1.0}' \
    '  - {from: in, to: cells, connect: all_to_all, weight: -1.0, delay: 1.0}'

# An impulse that carries V over the threshold fires, wherever V goes from there: time steps find what the exact engine finds.
sed 's/^duration: .*/duration: 100.0/' "$here/data/validation/precise.yaml" > precise.yaml
check "a network with impulses" "$program" run precise.yaml -o exported-peers/exact -q
check "the same in time steps" "$program" run precise.yaml -o exported-peers/clock -q --engine clock --dt 0.1 --interpolate
check "impulses fire at the same instants" "$program" compare --tolerance 1e-9 exported-peers/exact/spikes-delta.dat exported-peers/clock/spikes-delta.dat
