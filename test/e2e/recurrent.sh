# Networks of network files that learn: training, tests, pictures, resumption, what is refused. Part of test/e2e.sh.

mkdir memory-task
sed 's/size: 16/size: 8/' "$here/data/experiments/delayed-xor-network.yaml" > memory-task/delayed-xor-network.yaml
sed -e 's/train: 1600, validation: 200, test: 1000/train: 160, validation: 20, test: 40/' -e 's/^epochs.*/epochs: 3/' \
    "$here/data/experiments/delayed-xor.yaml" > memory-task/xor.yaml
check "a recurrent network trains" "$program" train memory-task/xor.yaml -o memory-1 --jobs 1 -q
check "on two threads" "$program" train memory-task/xor.yaml -o memory-2 --jobs 2 -q
for k in 1 2 3; do
    check "the same synapses, $k" cmp memory-1/synapses-$k.dat memory-2/synapses-$k.dat
done
sed 's/^epochs.*/epochs: 2/' memory-task/xor.yaml > memory-task/part.yaml
check "the first epochs" "$program" train memory-task/part.yaml -o memory-3 -q
check "it goes on" "$program" train memory-task/xor.yaml -o memory-3 --resume -q
check "the same synapses again" cmp memory-1/synapses-2.dat memory-3/synapses-2.dat
check "it is tested" "$program" test memory-task/xor.yaml memory-1 -o memory-test -q
check "with the same decisions" cmp memory-1/confusion.dat memory-test/confusion.dat
check "delays keep their bound" awk '!/^#/ && $4 < 0.5 { exit 1 }' memory-1/synapses-1.dat
check "pictures of it" "$program" plot memory-1
check "its spikes among them" test -s memory-1/raster.svg

# What was learnt is a list of synapses that a network file takes.
sed -e "s#connect: all_to_all, weight: {normal: \[0.0, 60.0\]}, delay: {uniform: \[1.0, 10.0\]}#connect: {file: $PWD/memory-1/synapses-1.dat}#" \
    memory-task/delayed-xor-network.yaml > memory-task/trained.yaml
check "trained synapses in a network file" grep -q synapses-1 memory-task/trained.yaml
check "it runs" "$program" run memory-task/trained.yaml -o memory-run -q

# Examples of a file.
printf '# two examples\n0\n3 1.5\n1 0.5\n1\n2 2.25\n0\n0 1\n1\n' > memory-task/examples.dat
sed "s#^data.*#data: {examples: {train: examples.dat, test: examples.dat}}#; s/^batch.*/batch: 2/" memory-task/xor.yaml > memory-task/file.yaml
check "examples of a file" "$program" train memory-task/file.yaml -o memory-4 -q
check "as many as there are" grep -q '"examples": 4' memory-4/summary.json

# Two bits, 30 ms apart, one of them to be stored.
sed -e 's/duration: 240.0/duration: 100.0/; s/size: 32/size: 16/' "$here/data/experiments/store-recall-network.yaml" \
    > memory-task/store-recall-network.yaml
sed -e 's/steps: 4, interval: 50.0/steps: 2, interval: 30.0/; s/from: 230.0, to: 240.0/from: 90.0, to: 100.0/' \
    -e 's/train: [0-9]*, validation: 200, test: 1000/train: 800, test: 200/; s/^epochs.*/epochs: 4/; s/^average.*/average: 0.98/' \
    "$here/data/experiments/store-recall.yaml" > memory-task/store.yaml
check "store and recall is learnt" "$program" train memory-task/store.yaml -o memory-5 -q
check "by more than 190 of 200 examples" awk -F: '/"percent"/ { exit !($2 + 0 > 95) }' memory-5/summary.json

# wrong SED MESSAGE: an experiment with another line is refused.
wrong() {
    sed "$1" memory-task/file.yaml > memory-task/wrong.yaml
    refuse 2 "$2" train memory-task/wrong.yaml -o new
}
wrong 's/^input.*/input: inputs/' "wrong.yaml:[0-9]*: input: the network has no population 'inputs'"
wrong 's/^input.*/input: hidden/' "input: 'hidden' must be a population of given spikes: source: "
wrong 's/^output.*/output: input/' "output: 'input' must be LIF neurons"
wrong 's/weights: {}, delays: {[^}]*}//' 'learn\[0\]: say what is learnt'
wrong 's/min: 0.5/min: -1/' 'min is -1 ms; it must be 0 or more'
wrong 's/min: 0.5/min: 5, max: 4/' 'max is 4; it must be at least min, 5'
wrong 's/from: hidden, to: output/from: input, to: output/' 'there is no projection from input to output'
wrong 's/^learn:.*/learn: [{neurons: hidden, parameters: {V_thr: {rate: 1.0}}}]/; /^  - /d' "V_thr is no parameter of a neuron"
wrong 's/^learn:.*/learn: [{neurons: output, parameters: {V_th: {rate: 0.1}}}]/; /^  - /d' "it does not fire"
wrong 's/^loss.*/loss: {potential: {from: 300.0, to: 20.0}}/' 'the window ends at 20 ms; it must end after 300 ms'
wrong 's/^loss.*/loss: potentials/' "loss: .*potential"
wrong '/^network/d' "wrong.yaml"
wrong 's/^network.*/network: none.yaml/' 'none.yaml'
wrong 's/examples: {/delayed_xor: {}, &/' 'give one of'
printf '0\n3 1.5\n2\n' > memory-task/examples.dat
wrong '' 'examples.dat:3: 2 is no label; there are 0 to 1'
printf '3 1.5\n' > memory-task/examples.dat
wrong '' 'examples.dat:1: a spike before the first example'
printf '0\n20 1.5\n' > memory-task/examples.dat
wrong '' 'examples.dat:2: there is no input 20: the network has 20'
printf '# nothing\n' > memory-task/examples.dat
wrong '' 'examples.dat: there are no examples'
printf '0\n1 240\n1\n' > memory-task/examples.dat
wrong '' 'an input spike at 240 ms; the duration of the network is 240 ms'
