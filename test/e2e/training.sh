# Training to fire at given instants: experiments, resumed ones, weights, bad experiments. Part of test/e2e.sh.

# --- training ----------------------------------------------------------------------------------------------------------

check "training, one job" "$program" train "$xor" -o train1 --trials 4 --jobs 1 --quiet
check "training, two jobs" "$program" train "$xor" -o train2 --trials 4 --jobs 2 --quiet
for file in trials.dat correlation.dat trials/trial-0003.bin trial-0/outputs.dat trial-0/weights-after-hidden.dat; do
    check "$file is the same for two jobs" cmp "train1/$file" "train2/$file"
done
check "all XOR trials converge" grep -q '"converged": 4' train1/summary.json
for pattern in 0 1 2 3; do
    check "the trained network runs on pattern $pattern" \
        "$program" run "train1/trial-0/network-after-$pattern.yaml" -o trained --quiet
    check "potentials of the hidden layer are recorded on pattern $pattern" test -s trained/potential-hidden-7.dat
    check "the trained network fires at the desired instant of pattern $pattern" \
        "$program" compare --tolerance 0.05 "train1/trial-0/pattern-$pattern-target.dat" trained/spikes-output.dat
    check "the layered and the general engine agree on pattern $pattern" \
        "$program" compare --tolerance 1e-10 "train1/trial-0/spikes-after-$pattern-hidden.dat" trained/spikes-hidden.dat
done
check "plots of training" "$program" plot train1
for picture in learning trial-0/outputs trial-0/spikes-before-0 trial-0/spikes-after-3; do
    check "$picture.svg" grep -q '</svg>' "train1/$picture.svg"
done
check "a comparison" "$program" plot train1 train2 -o compared
check "its picture" grep -q '</svg>' compared/learning.svg

# an interruption: some trials are done, --resume does the others
cp -r train1 resumed
rm resumed/trials/trial-0001.bin resumed/trials/trial-0003.bin resumed/trials.dat resumed/summary.json
check "training goes on" "$program" train "$xor" -o resumed --trials 4 --resume --quiet
check "with the same results" cmp resumed/trials.dat train1/trials.dat
check "and the same correlations" cmp resumed/correlation.dat train1/correlation.dat
head -c 500 train1/trials/trial-0002.bin > resumed/trials/trial-0002.bin
refuse 2 'trial-0002\.bin: the checkpoint is cut short or damaged; begin anew without --resume' train "$xor" -o resumed --trials 4 --resume
rm resumed/trials/trial-0002.bin
printf '# trial 2 of 0123456789abcdef\n' > resumed/trials/trial-0002.dat
refuse 2 'trial-0002\.dat: the trial was written by another version; begin anew without --resume' \
    train "$xor" -o resumed --trials 4 --resume
check "training begins anew" "$program" train "$xor" -o resumed --trials 4 --quiet
check "trials of earlier versions go" test ! -e resumed/trials/trial-0002.dat
refuse 2 'trial-0000\.bin: the checkpoint belongs to another experiment or seed' train "$xor" -o resumed --trials 4 --jobs 1 --resume --seed 5
"$program" train "$here/data/experiments/layers-3.yaml" -o stopped --trials 50 --jobs 1 > out 2> message &
child=$!
while ! [ -s stopped/trials/trial-0000.bin ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
kill -INT $child
wait $child
check "interrupted training ends with status 1" test $? -eq 1
check "it says how to go on" grep -q -- '--resume' message
check "its summary says so" grep -q '"complete": false' stopped/summary.json

for n in 2 3; do
    check "training on $n ranks" ranks $n train "$xor" -o "trained$n" --trials 4 --jobs 1 --quiet
    for file in trials.dat correlation.dat trials/trial-0003.bin trial-0/outputs.dat trial-0/weights-after-hidden.dat; do
        check "$file is the same for $n ranks" cmp "train1/$file" "trained$n/$file"
    done
done
rm trained3/trials/trial-0001.bin trained3/trials/trial-0002.bin trained3/trials.dat trained3/summary.json
check "training on 3 ranks goes on with 2" ranks 2 train "$xor" -o trained3 --trials 4 --resume --quiet
check "with the same results" cmp trained3/trials.dat train1/trials.dat
head -c 500 train1/trials/trial-0002.bin > trained3/trials/trial-0002.bin
ranks 3 train "$xor" -o trained3 --trials 4 --resume > out 2> message
check "a rank that fails ends the run" test $? -eq 2
check "it says why" grep -q 'trial-0002\.bin: the checkpoint is cut short or damaged' message
ranks 2 train missing.yaml -o new > out 2> message
check "bad input ends a run on two ranks" test $? -eq 2
check "it is told once" test "$(grep -c 'missing.yaml: ' message)" -eq 1
# The layers experiment takes minutes; a rank dies as soon as one trial is over.
ASAN_OPTIONS=detect_leaks=0 mpirun -n 2 --oversubscribe "$program" train "$here/data/experiments/layers-3.yaml" -o died \
    --trials 50 --jobs 1 > out 2> message &
child=$!
while ! [ -s died/trials/trial-0000.bin ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
kill -KILL "$(rank_of_child)"
wait $child
check "a rank that dies ends the run" test $? -ne 0
check "with a message" grep -qi 'killed' message

# the comparison of the learning rules, one trial each
check "comparison of rules" env PM_PROGRAM="$program" "$here/scripts/compare-rules.sh" "$PWD/compared-rules" 1 20
for rule in span psd chronotron finite_precision spikeprop-first spikeprop-all exact_gradient multilayer_resume; do
    check "its row of $rule" test -s "compared-rules/single-$rule/summary.json"
done
for rule in spikeprop-first spikeprop-all exact_gradient multilayer_resume; do
    check "its row of XOR with $rule" test -s "compared-rules/xor-$rule/summary.json"
done

# bad experiments
experiment() {
    pattern=$1
    cat > experiment.yaml
    refuse 2 "$pattern" train experiment.yaml -o new
}
layers='layers: [{name: input, size: 2}, {name: output, size: 1}]'
printf '0 1.0\n1 2.0\n' > in.dat
printf '0 5.0\n' > target.dat
printf '0 0.5\n' > early.dat
printf '1 5.0\n' > other.dat
printf '0 5.0\n0 5.5\n' > close.dat
printf '0 5.0\n0 5.0\n' > twice.dat
: > nothing.dat
given='{patterns: [{input: in.dat, target: target.dat}]}'
printf 'duration: 20.0\n%s\nproblem: %s\ngoal: {within: 1.0}\n' "$layers" "$given" > experiment.yaml
check "given patterns are learnt" "$program" train experiment.yaml -o given --quiet
check "the goal is reached" grep -q '"converged": 1' given/summary.json
for rule in resume:300 multilayer_resume:300 span:30 psd:1000 chronotron:300000 finite_precision:100000 spikeprop:300000 exact_gradient:100; do
    printf 'duration: 20.0\nlayers: [{name: input, size: 2}, {name: output, size: 1, rate: %s}]\n' "${rule#*:}" > experiment.yaml
    printf 'problem: %s\ngoal: {within: 1.0}\nrule: %s\n' "$given" "${rule%:*}" >> experiment.yaml
    check "training with ${rule%:*}" "$program" train experiment.yaml -o "rule-${rule%:*}" --quiet
    check "${rule%:*} reaches the goal" grep -q '"converged": 1' "rule-${rule%:*}/summary.json"
done
experiment "experiment\.yaml:[0-9]+: unknown key 'goall'; did you mean 'goal'" << EOF
duration: 20.0
$layers
problem: $given
goall: {within: 1.0}
EOF
experiment "other\.dat:1: there is no neuron 1: 'output' has 1 neurons" << EOF
duration: 20.0
$layers
problem: {patterns: [{input: in.dat, target: other.dat}]}
goal: {within: 1.0}
EOF
experiment "pattern 0 has no input spikes" << EOF
duration: 20.0
$layers
problem: {patterns: [{input: nothing.dat, target: target.dat}]}
goal: {within: 1.0}
EOF
experiment "a spike is desired at 0.5 ms, but the first input comes at 1 ms" << EOF
duration: 20.0
$layers
problem: {patterns: [{input: in.dat, target: early.dat}]}
goal: {within: 1.0}
EOF
experiment "desired 0.5 ms apart, within the refractory time of 1 ms" << EOF
duration: 20.0
neuron: {t_ref: 1.0}
$layers
problem: {patterns: [{input: in.dat, target: close.dat}]}
goal: {within: 1.0}
EOF
experiment "problem: no pattern has a desired spike" << EOF
duration: 20.0
$layers
problem: {patterns: [{input: in.dat, target: nothing.dat}]}
goal: {within: 1.0}
EOF
experiment "desired at the same instant, 5 ms" << EOF
duration: 20.0
$layers
problem: {patterns: [{input: in.dat, target: twice.dat}]}
goal: {within: 1.0}
EOF
experiment "experiment\.yaml:6: problem\.patterns\[1\]: pattern 1: a spike is desired at 0\.5 ms" << EOF
duration: 20.0
$layers
problem:
  patterns:
    - {target: target.dat, input: in.dat}
    - {target: early.dat, input: in.dat}
goal: {within: 1.0}
EOF
experiment "experiment\.yaml:3: problem: .* 4\.8e-13 desired ones" << EOF
duration: 500.0
$layers
problem: {poisson: {target_rate: 1e-12}}
goal: {correlation: 0.98}
EOF
experiment "experiment\.yaml:4: momentum: momentum is 1; it must be at least 0 and below 1" << EOF
duration: 20.0
$layers
problem: $given
momentum: 1.0
goal: {within: 1.0}
EOF
experiment "'foo'; one of these is wanted: normad, resume" << EOF
duration: 20.0
$layers
problem: $given
goal: {within: 1.0}
rule: foo
EOF
experiment "one learning rule; here are 2" << EOF
duration: 20.0
$layers
problem: $given
goal: {within: 1.0}
rule: {normad: {}, resume: {}}
EOF
experiment "experiment\.yaml:[0-9]+: rule\.psd\.tau_s: tau_s is [0-9.]+ ms; it must be below tau_m" << EOF
duration: 20.0
$layers
problem: $given
goal: {within: 1.0}
rule: {psd: {tau_s: 20.0}}
EOF
experiment "'5th' may hold .* begins with a letter" << EOF
duration: 20.0
layers: [{name: input, size: 2}, {name: 5th, size: 1}]
problem: $given
goal: {within: 1.0}
EOF
experiment "problem\.patterns: the list has 0 items" << EOF
duration: 20.0
$layers
problem: {patterns: []}
goal: {within: 1.0}
EOF
for rate in 0.0 -1.0; do
    experiment "the learning rate of layer 'output' is" << EOF
duration: 20.0
layers: [{name: input, size: 2}, {name: output, size: 1, rate: $rate}]
problem: $given
goal: {within: 1.0}
EOF
done
experiment "rate: '.nan' is not a learning rate" << EOF
duration: 20.0
layers: [{name: input, size: 2}, {name: output, size: 1, rate: .nan}]
problem: $given
goal: {within: 1.0}
EOF
experiment "no layer is plastic" << EOF
duration: 20.0
layers: [{name: input, size: 2}, {name: output, size: 1, plastic: false}]
problem: $given
goal: {within: 1.0}
EOF
experiment "unknown key 'norm'; did you mean|the keys here are normad" << EOF
duration: 20.0
$layers
problem: $given
goal: {within: 1.0}
rule: {norm: {tau_hat: 5.0}}
EOF
experiment "'grams' is none of none, per_layer, joint, gram" << EOF
duration: 20.0
$layers
problem: $given
goal: {within: 1.0}
rule: {normad: {normalisation: grams}}
EOF
experiment "tau_hat is 0 ms; it must be positive" << EOF
duration: 20.0
$layers
problem: $given
goal: {within: 1.0}
rule: {normad: {tau_hat: 0.0}}
EOF
# bad luck: a hidden layer that is silent, weights that run away; the trial fails, the run does not
cat > experiment.yaml << EOF
duration: 20.0
trials: 2
layers: [{name: input, size: 2}, {name: hidden, size: 2, plastic: false, weight: 1.0}, {name: output, size: 1}]
problem: $given
goal: {within: 1.0}
EOF
check "a silent hidden layer" "$program" train experiment.yaml -o silent --quiet
check "the trial says so" grep -q 'the layer before the output is silent' silent/trials.dat
sed -e 's/, plastic: false//' -e '$a rule: {normad: {recruit: 0.0}}' experiment.yaml > silent.yaml
check "a silent hidden layer that is plastic" "$program" train silent.yaml -o silent --quiet
check "the trial says so, too" grep -q 'the layer before the output is silent' silent/trials.dat
sed -e 's/weight: 1.0/weight: [{share: 1.0, uniform: [-30000.0, 60000.0]}]/' -e 's/hidden, size: 2/hidden, size: 3/' \
    -e 's/trials: 2/trials: 8/' experiment.yaml > mixed.yaml
"$program" train mixed.yaml -o mixed --iterations 300 > message 2>&1
check "a trial that fails does not stop the others" test $? -eq 0
check "it is told" grep -q '1 failed; trial 3: the rule asks for no change in iteration 1' message
check "it is counted" grep -q '"failed": 1' mixed/summary.json
check "there are all trials" test "$(grep -vc '^#' mixed/trials.dat)" -eq 8
check "others converge" grep -Eq '"converged": [1-9]' mixed/summary.json
# wild RULE RATE WHY: every trial of a rate that is far too large fails, and says why
wild() {
    printf 'duration: 20.0\ntrials: 2\nlayers: [{name: input, size: 2}, {name: output, size: 1, rate: %s}]\n' "$2" > wild.yaml
    printf 'problem: %s\ngoal: {within: 1.0}\nrule: %s\n' "$given" "$1" >> wild.yaml
    rm -rf wild
    "$program" train wild.yaml -o wild > message 2>&1
    check "$1 at a rate of $2" test $? -eq 0
    check "it is told why it fails" grep -q "2 failed; trial 0: .*$3" message
    check "the weights that are left are numbers" sh -c '! grep -q -e inf -e nan wild/trial-0/weights-after-output.dat'
}
for rule in resume span psd chronotron finite_precision multilayer_resume spikeprop exact_gradient; do
    wild $rule 1e160 'the weights have run away in iteration [0-9]'
done
wild resume 1e30 'layer [12]: runaway activity: more than 200000 spikes in one layer; neuron 0 at 1\.0'
printf 'duration: 20.0\nlayers: [{name: input, size: 2}, {name: hidden, size: 1, plastic: false, weight: 1e15}, {name: output, size: 1}]\n' > wild.yaml
printf 'problem: %s\ngoal: {within: 1.0}\n' "$given" >> wild.yaml
"$program" train wild.yaml -o burst > message 2>&1
check "a network that runs away from the beginning" test $? -eq 0
check "it is told why" grep -q '1 failed; trial 0: layer 1: runaway activity' message
check "there are no spikes of it" test -z "$(find burst -name 'spikes-*')"

# weights in files
"$program" train "$xor" -o again --trials 2 --weights train1/trial-0/weights > message 2>&1
check "training begins with weights that were saved" test $? -eq 0
check "they had converged" grep -q '2 of 2 trials converged, 0 iterations' message
for layer in hidden output; do
    check "the weights of $layer are the same" cmp train1/trial-0/weights-after-$layer.dat again/trial-0/weights-before-$layer.dat
done
refuse 2 'trial-0000\.bin: the checkpoint belongs to another experiment or seed' train "$xor" -o again --trials 2 --jobs 1 --resume
refuse 2 'weights belong to another network: its layers are 54-54-1, those here 300-1' \
    train "$here/data/experiments/single.yaml" -o new --weights train1/trial-0/weights
sed 's/^duration.*/&\nneuron: {t_ref: 0.5}/' "$xor" > slow.yaml
refuse 2 'its neurons have other parameters' train slow.yaml -o new --weights train1/trial-0/weights
head -c 9999 train1/trial-0/weights > cut
refuse 2 'cut: the weights are cut short' train "$xor" -o new --weights cut
(head -c 9999 train1/trial-0/weights && printf 'damaged' && tail -c +10007 train1/trial-0/weights) > damaged
refuse 2 'damaged: the weights are damaged' train "$xor" -o new --weights damaged
refuse 2 'no weights that were saved' train "$xor" -o new --weights train1/trial-0/weights-after-output.dat
refuse 2 'nowhere: there is no such file' train "$xor" -o new --weights nowhere
