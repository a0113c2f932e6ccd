# Messages say what would be right, also where the nearest spelling would mislead; numbers are the decimal ones of the file.

hint() { # PATTERN NEURON
    refuse_network "$1" << EOF
duration: 10.0
neuron: $2
populations: [{name: a, size: 1}]
EOF
}
connect() { # PATTERN CONNECT
    refuse_network "$1" << EOF
duration: 10.0
populations: [{name: a, size: 1}]
projections: [{from: a, to: a, connect: $2, weight: 1}]
EOF
}
hint "unknown key 'tau_m'; the membrane's time constant is C_m / g_L" '{tau_m: 10}'
hint "unknown key 'V_m'; V begins at E_L" '{V_m: -70}'
hint "unknown key 'tau_syn_ex'; .*tau_1, with tau_2: 0" '{tau_syn_ex: 2}'
hint "unknown key 'tau_ref'; the refractory time is t_ref" '{tau_ref: 2}'
hint "tau_2 is 1.25 ms; it must be smaller than tau_1 = 1 ms \(tau_2 is not given; that is its default\)" '{tau_1: 1}'
hint "V_reset is -70 mV; .* \(V_reset is not given; that is its default\)" '{V_th: -80}'
hint "neuron.tau_2: tau_2 is 2 ms; it must be smaller than tau_1 = 1 ms$" '{tau_1: 1, tau_2: 2}'
hint "t_ref is 1e\+16.* 1e\+?15" '{t_ref: 1e16}'
hint "unknown key 'V_tj'; did you mean 'V_th'" '{V_tj: 2}'
connect "unknown key 'all_to_all'; .*'connect: all_to_all'" '{all_to_all: true}'

sed 's/^goal: .*/goal: {within: 0}/' "$here/data/experiments/xor.yaml" > goal.yaml
refuse 2 "goal.yaml:[0-9]+: goal.within: 0 is no goal; it must be positive" train goal.yaml -o new
sed 's/^goal: .*/goal: {correlation: 0}/' "$here/data/experiments/xor.yaml" > goal.yaml
refuse 2 "goal.yaml:[0-9]+: goal.correlation: 0 is no goal" train goal.yaml -o new

# A byte-order mark at the beginning of a file is no part of its first number.
printf '\357\273\2770 1.5\n0 3.5\n' > marked.dat
printf '\357\273\277duration: 10.0\npopulations: [{name: in, size: 1, source: {spikes: marked.dat}}]\nrecord: {spikes: [in]}\n' \
    > marked.yaml
check "files with a byte-order mark are read" "$program" run marked.yaml -o marked --quiet
check "their first number too" grep -q '^0 1.5 ' marked/spikes-in.dat

# {uniform: [low, high, step]}: the doubles of the decimal numbers, none above the last.
cat > steps.yaml << 'EOF'
duration: 1.0
populations: [{name: a, size: 1, source: {poisson: {rate: 1.0}}}, {name: b, size: 200, neuron: {tau_2: 0.0}}]
projections: [{from: a, to: b, connect: all_to_all, weight: 1.0, delay: {uniform: [0.1, 0.7, 0.1]}}]
EOF
check "steps are exported" "$program" export steps.yaml --to brian2 -o steps/brian.py
find steps -type f ! -name '*.py' -exec cat {} + | awk '!/^#/ && NF == 4 { print $4 + 0 == $4 ? $4 : "?" }' | sort -u > delays
check "delays in steps are 0.1, 0.2, ... as written" sh -c 'for d in 0.1 0.2 0.3 0.4 0.5 0.6 0.7; do printf "%.17g\n" $d; done | sort | diff - delays'

# A cut IDX file: what is missing of the whole, not of the piece that was being read.
if [ -f "$here/data/mnist/train-images-idx3-ubyte.gz" ]; then
    gzip -dc "$here/data/mnist/train-images-idx3-ubyte.gz" 2> err | head -c 2000000 > cut-images
    refuse 2 "cut-images: byte 2000000: the file ends within the images; 45040016 more bytes are missing" camera -i cut-images \
        -l "$here/data/mnist/train-labels-idx1-ubyte.gz" -o new
    refuse 2 "cut-images: byte 2000000: .*; 45040016 more bytes are missing" camera -i cut-images -n 2 \
        -l "$here/data/mnist/train-labels-idx1-ubyte.gz" -o new
fi

# An empty file of spikes or synapses is no error, but said.
: > nothing.dat
cat > nothing.yaml << 'EOF'
duration: 10.0
populations: [{name: in, size: 1, source: {spikes: nothing.dat}}, {name: out, size: 1}]
projections: [{from: in, to: out, connect: {file: nothing.dat}}]
EOF
for call in "run nothing.yaml -o nothing --quiet" "validate nothing.yaml --smallest 1 --quiet" "export nothing.yaml --to brian2 -o nothing/brian.py"; do
    # shellcheck disable=SC2086
    check "'punctum $call' succeeds" "$program" $call
    mv err said
    check "'punctum $call' warns of an empty file of spikes" grep -q "warning: nothing.yaml: the spike file of 'in' holds no spike" said
    check "'punctum $call' warns of an empty file of synapses" grep -q "synapses from 'in' to 'out' holds no synapse" said
done
check "two empty files are the same" "$program" compare nothing.dat nothing.dat
mv err said
check "compare warns of empty files" grep -q 'warning: nothing.dat holds no spike' said
