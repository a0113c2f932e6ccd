# Models of synapses: network files, results, both engines, ranks, checkpoints, what does not take them. Part of test/e2e.sh.

cat > plastic.yaml << END
duration: 80.0
seed: 3
neuron: {t_ref: 2.0}
populations:
  - {name: in, size: 20, source: {poisson: {rate: 300.0}}}
  - {name: cells, size: 60}
projections:
  - {from: in, to: cells, connect: all_to_all, weight: {normal: [2900.0, 90.0]}, delay: 1.0, synapse: {tsodyks: {U: 0.3, u: 0.2, tau_rec: 80.0, tau_fac: 50.0}}}
  - {from: cells, to: cells, connect: {fixed_indegree: 10}, weight: -200.0, delay: {uniform: [0.3, 2.0]}, synapse: tsodyks}
  - {from: cells, to: cells, connect: {fixed_indegree: 10}, weight: 30.0, delay: {uniform: [0.3, 2.0]}, synapse: static}
END
check "a network with synapses that are not static" "$program" run plastic.yaml -o plastic -q --threads 1
check "it fires" sh -c 'test "$(grep -vc "^#" plastic/spikes-cells.dat)" -gt 100'
check "the summary has the model and its parameters" grep -A3 '"tsodyks": {' plastic/summary.json
check "static synapses are left out of it" sh -c '! grep -q "\"static\"" plastic/summary.json'
check "on three ranks" ranks 3 run plastic.yaml -o ranks -q
check "they fire alike" cmp plastic/spikes-cells.dat ranks/spikes-cells.dat
check "in slices" "$program" run plastic.yaml -o sliced -q --checkpoint-every 7.3
check "they fire alike" cmp plastic/spikes-cells.dat sliced/spikes-cells.dat
check "the time-stepped simulator" "$program" run plastic.yaml -o stepped -q --engine clock --dt 0.01 --interpolate=cubic
prints "it finds the same spikes" '^missing 0$' compare plastic/spikes-cells.dat stepped/spikes-cells.dat
check "to 1e-6 ms" awk '/^largest/ { exit !($2 < 1e-6) }' out
check "validation" "$program" validate plastic.yaml -o validated -q
sed 's/, synapse: {.*/}/; s/, synapse: [a-z]*}/}/' plastic.yaml > plain.yaml
check "static without the key" "$program" run plain.yaml -o plain -q
check "synapses matter" sh -c '! cmp -s plain/spikes-cells.dat plastic/spikes-cells.dat'
sed 's/}$/, synapse: static}/; /name:/s/, synapse: static}/}/; /^neuron/s/, synapse: static}/}/' plain.yaml > named.yaml
check "static with it" "$program" run named.yaml -o named -q
check "that is the same" cmp plain/spikes-cells.dat named/spikes-cells.dat

bad() { # PATTERN SED
    sed "$2" plastic.yaml > bad.yaml
    refuse 2 "bad\.yaml:$1" run bad.yaml -o new
}
bad "8: projections\[0\]\.synapse: unknown key 'tsodiks'; did you mean 'tsodyks'" 's/{tsodyks/{tsodiks/'
bad "9: projections\[1\]\.synapse: there is no model of synapses 'statik'; did you mean 'static'" 's/synapse: tsodyks/synapse: statik/'
bad "8: projections\[0\]\.synapse.tsodyks: unknown key 'tau_req'; did you mean 'tau_rec'" 's/tau_rec/tau_req/'
bad "8: projections\[0\]\.synapse.tsodyks.tau_rec: tau_rec is -80 ms; it must be from" 's/tau_rec: 80/tau_rec: -80/'
bad "8: projections\[0\]\.synapse.tsodyks.tau_fac: tau_fac is 1e-12 ms; it must be 0 or at least 1e-09 ms" 's/tau_fac: 50.0/tau_fac: 1e-12/'
bad "8: projections\[0\]\.synapse.tsodyks.U: U is 1.5; it must be from 0 to 1" 's/U: 0.3/U: 1.5/'
bad "10: projections\[2\]\.synapse.static: unknown key 'U'; the keys here are none" 's/synapse: static/synapse: {static: {U: 1}}/'
refuse 2 "plastic.yaml: synapse: the synapses from 'in' to 'cells' are tsodyks; scripts have static ones only" \
    export plastic.yaml --to nest -o nest.py
refuse 2 "plastic.yaml: synapse: the synapses from 'in' to 'cells' are tsodyks; scripts have static ones only" \
    export plastic.yaml --to brian2 -o brian.py
sed -e 's/^duration.*/duration: 40.0/' -e 's/source: .*/source: {spikes: []}}/' -e 's/size: 60/size: 3/' plastic.yaml > learning.yaml
cat > learn.yaml << END
network: learning.yaml
input: in
output: cells
data: {yin_yang: {}, train: 8, validation: 4, test: 4}
learn: [{from: in, to: cells}]
epochs: 1
END
refuse 2 "learn.yaml:[0-9]+: .*are tsodyks; a network that learns has static ones only" train learn.yaml -o new
