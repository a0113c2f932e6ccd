# Bad networks and bad data files. Part of test/e2e.sh.

# --- bad network files -------------------------------------------------------------------------------------------------

refuse_network "did you mean 'populations'" << 'EOF'
duration: 10.0
poulations: [{name: a, size: 1}]
EOF
refuse_network "'ten' is not a duration in ms" << 'EOF'
duration: ten
populations: [{name: a, size: 1}]
EOF
refuse_network "'\.nan' is not a duration" << 'EOF'
duration: .nan
populations: [{name: a, size: 1}]
EOF
refuse_network "'populations' is missing" << 'EOF'
duration: 10.0
EOF
refuse_network "size: 'many' is not a number of neurons" << 'EOF'
duration: 10.0
populations: [{name: a, size: many}]
EOF
refuse_network "size: '0' is not a number of neurons: it must be a whole number from 1" << 'EOF'
duration: 10.0
populations: [{name: a, size: 0}]
EOF
refuse_network "size: '1e12'" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1e12}]
EOF
refuse_network "tau_2 is 6 ms; it must be smaller than tau_1" << 'EOF'
duration: 10.0
neuron: {tau_2: 6.0}
populations: [{name: a, size: 1}]
EOF
refuse_network "V_reset is 20 mV; it must be below V_th" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1, neuron: {V_reset: 20.0}}]
EOF
refuse_network "C_m: '300 pF' is not a finite number in pF" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1, neuron: {C_m: 300 pF}}]
EOF
refuse_network "C_m: '300' is not" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1, neuron: {C_m: "300"}}]
EOF
refuse_network "there are two populations named 'a'" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1}, {name: a, size: 1}]
EOF
refuse_network "no population 'cell'; did you mean 'cells'" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1}]
projections: [{from: cell, to: cells, connect: all_to_all, weight: 1.0}]
EOF
refuse_network "unknown rule 'all_to_none'" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1}]
projections: [{from: cells, to: cells, connect: all_to_none, weight: 1.0}]
EOF
refuse_network "'weight' is missing" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1}]
projections: [{from: cells, to: cells, connect: all_to_all, delay: 1.0}]
EOF
refuse_network "a delay of -1 ms" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1}]
projections: [{from: cells, to: cells, connect: all_to_all, weight: 1.0, delay: -1.0}]
EOF
refuse_network "the key 'size' stands here twice" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1, size: 2}]
EOF
refuse_network "this is a list; it must be a map" << 'EOF'
- duration: 10.0
EOF
refuse_network "not YAML" << 'EOF'
duration: [10.0
EOF
refuse_network "a neuron" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 3}]
record: {potential: [{population: cells, neurons: [3], interval: 0.1}]}
EOF
refuse_network "recorded twice" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 3}]
record: {potential: [{population: cells, neurons: [1, 1], interval: 0.1}]}
EOF
refuse_network "rate: rate is -5 spikes/s; it must be from 0" << 'EOF'
duration: 10.0
populations: [{name: in, size: 3, source: {poisson: {rate: -5.0}}}]
EOF
: > network.yaml
refuse 2 "network.yaml: the file is empty" run network.yaml -o new

# more synapses than there is memory for: told before they are counted
cat > network.yaml << 'EOF'
duration: 10.0
populations: [{name: in, size: 4000000, source: {poisson: {rate: 1.0}}}, {name: cells, size: 4000000}]
projections: [{from: in, to: cells, connect: all_to_all, weight: 1.0, delay: 1.0}]
EOF
refuse 1 "not enough memory for 1.6e.13 synapses" run network.yaml -o new

# a cycle of impulses without delay, and activity without end
cat > network.yaml << 'EOF'
duration: 10.0
populations: [{name: cells, size: 2, neuron: {tau_1: 0.0, tau_2: 0.0}}]
projections: [{from: cells, to: cells, connect: all_to_all, weight: 1.0}]
EOF
refuse 2 "cells\[[01]\]" run network.yaml -o new

# a delay in a cycle that is lost in the rounding of times
cat > network.yaml << 'EOF'
duration: 10.0
populations: [{name: in, size: 1}, {name: cells, size: 2}]
projections:
  - {from: in, to: cells, connect: all_to_all, weight: 1.0, delay: 1e-14}
  - {from: cells, to: cells, connect: all_to_all, weight: 1.0, delay: 1e-13}
EOF
refuse 2 "projections\[1\]: a delay of 1e-13 ms in a cycle of synapses; there it must be 0 or at least 1e-12 ms" run network.yaml -o new

# --- bad data files ----------------------------------------------------------------------------------------------------

cat > network.yaml << 'EOF'
duration: 10.0
populations:
  - {name: in, size: 3, source: {spikes: input.dat}}
  - {name: cells, size: 2}
projections:
  - {from: in, to: cells, connect: {file: synapses.dat}}
  - {from: in, to: cells, connect: all_to_all, weight: {file: w.dat}, delay: 1.0}
EOF
good() {
    printf '# spikes\n0 1.5\n2 0.5\n' > input.dat
    printf '0 1 100 1.5\n2 0 -50 0\n' > synapses.dat
    printf '1 2 3\n4 5 6\n' > w.dat
}
# bad FILE TEXT PATTERN: that file among the good ones; TEXT as for printf
bad() {
    good
    # shellcheck disable=SC2059
    printf "$2" > "$1"
    refuse 2 "$3" run network.yaml -o new
}
good
check "the same network with good files" "$program" run network.yaml -o good
bad input.dat '1.5 0\n' 'input\.dat:1: .*swapped'
bad input.dat '0 1.0\n0 -1\n' 'input\.dat:2: column 2: -1 ms; times must not be negative'
bad input.dat '0 nan\n' "input\.dat:1: column 2: 'nan' is not a finite number"
bad input.dat '0 inf\n' "input\.dat:1: column 2: 'inf' is not a finite number"
bad input.dat '3 1.0\n' "input\.dat:1: there is no neuron 3: 'in' has 3 neurons"
bad input.dat '1\n' 'input\.dat:1: one column only'
bad input.dat '0 1.0 # good\n0 one\n' "input\.dat:2: column 2: 'one'"
bad synapses.dat '0 0 1 1\0' 'synapses\.dat:1: a zero byte'
bad synapses.dat '0 0 1\n' 'synapses\.dat:1: 3 columns'
bad synapses.dat '0 2 1 1\n' "synapses\.dat:1: column 2: there is no neuron 2: 'cells' has 2 neurons"
bad synapses.dat '0 1 1 -1\n' 'synapses\.dat:1: column 4: -1 ms; delays must not be negative'
bad w.dat '1 2\n3 4\n' "w\.dat:1: 2 columns; one per source is wanted, and 'in' has 3 neurons"
bad w.dat '1 2 3\n' 'w\.dat:1: the file ends after 1 rows; one per target'
bad w.dat '1 2 3\n1 2 3\n1 2 3\n' 'w\.dat:3: one row too many'
good
rm input.dat
refuse 2 'input\.dat: there is no such file' run network.yaml -o new
mkdir input.dat
refuse 2 'input\.dat: this is a folder' run network.yaml -o new
