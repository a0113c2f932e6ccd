# Training of layers whose neurons have several receptors: experiments and classification, their results and refusals.

two=$here/data/experiments/receptors-xor.yaml
check "training" "$program" train "$two" -o one --trials 2 --jobs 1 --quiet
check "training, two jobs" "$program" train "$two" -o twice --trials 2 --jobs 2 --quiet
check "the trials do not depend on the jobs" cmp one/trials.dat twice/trials.dat
check "XOR is learnt" grep -Eq '"converged": [12],' one/summary.json
check "the summary says the receptors" grep -q '"gaba": 10' one/summary.json
check "the trained network runs" "$program" run one/trial-0/network-after-2.yaml -o run -q
check "the engine's spikes are those of training, to 1e-9 ms" sh -c '
    grep -v "^#" one/trial-0/spikes-after-2-hidden.dat | sort -g > a
    grep -v "^#" run/spikes-hidden.dat | sort -g > b
    paste a b | awk "{ d = \$2 - \$5; if (NF != 6 || \$1 != \$4 || d > 1e-9 || d < -1e-9) exit 1; n++ } END { exit n < 50 }"'
check "training goes on with its weights" "$program" train "$two" -o again --trials 1 --weights one/trial-0/weights --quiet
check "they had converged" grep -Eq '^0 1 0 ' again/trials.dat
sed 's/gaba: {tau: 8.0}/gaba: {tau: 9.0}/' "$two" > other.yaml
refuse 2 'its neurons have other parameters' train other.yaml -o new --weights one/trial-0/weights
sed 's/{ampa: 44, gaba: 10}/{ampa: 45, gaba: 9}/' "$two" > other.yaml
refuse 2 'its neurons have other parameters' train other.yaml -o new --weights one/trial-0/weights
refuse 2 'the checkpoint belongs to another experiment or seed' train other.yaml -o one --trials 2 --jobs 1 --resume
sed -e 's/^rule:.*/rule: {normad: {resets: exact, tau_hat: 3.0}}/' -e 's/^iterations:.*/iterations: 5/' "$two" > exact.yaml
check "exact resets" "$program" train exact.yaml -o exact --trials 1 --quiet
sed -e 's/^rule:.*/rule: exact_gradient/' -e 's/^iterations:.*/iterations: 5/' "$two" > exact.yaml
check "the exact gradient" "$program" train exact.yaml -o gradient --trials 1 --quiet
for rule in resume multilayer_resume span psd chronotron finite_precision spikeprop; do
    rate=300
    case $rule in chronotron | finite_precision | spikeprop) rate=10000 ;; esac
    sed -e "s/^rule:.*/rule: $rule/" -e 's/^iterations:.*/iterations: 20/' -e "s/size: 1\$/&\n    rate: $rate/" "$two" > rule.yaml
    case $rule in
    resume | span | psd | chronotron | finite_precision) sed -i 's/^    size: 54$/&\n    plastic: no/' rule.yaml ;;
    esac
    check "the rule $rule" "$program" train rule.yaml -o "rule-$rule" --trials 1 --quiet
    check "and it moves weights over both receptors" sh -c "
        paste rule-$rule/trial-0/weights-before-output.dat rule-$rule/trial-0/weights-after-output.dat > w
        awk '!/^#/ { n = NF / 2; for (k = 1; k <= n; k++) if (\$k != \$(k + n)) moved[k > 44]++ } END { exit !(moved[0] && moved[1]) }' w"
done
# A layer with a receptor that is but the neuron's tau_1 and tau_2 is the one without, to the bit.
xor=$here/data/experiments/xor.yaml
sed 's/^layers:/receptors: {only: {tau_1: 5.0, tau_2: 1.25}}\nlayers:/' "$xor" > only.yaml
check "without receptors" "$program" train "$xor" -o without --trials 2 --quiet
check "with the same one by name" "$program" train only.yaml -o only --trials 2 --quiet
check "they have the same trials" cmp without/trials.dat only/trials.dat

bad() {
    pattern=$1
    sed "$2" "$two" > bad.yaml
    refuse 2 "bad\.yaml:[0-9]+: .*$pattern" train bad.yaml -o new
}
bad "there is no receptor 'gabba'; did you mean 'gaba'" 's/receptor: gaba/receptor: gabba/'
bad "there is no receptor 'nmda'" 's/size: 1$/&\n    plastic: yes/; s/{ampa: 44, gaba: 10}/{ampa: 44, nmda: 10}/'
bad "receptors for 55 sources; they must be as many as 'input' has neurons, 54" '0,/{ampa: 44, gaba: 10}/s//{ampa: 44, gaba: 11}/'
bad "there are 2 receptors; receptor: has to name" '/receptor: {ampa/d'
bad "no weight for what comes over receptor 'gaba'" 's/, {receptor: gaba, .*/]/'
bad "receptor 'gaba' is impulse; training wants synaptic currents" 's/gaba: {tau: 8.0}/gaba: impulse/'
bad "'-8' is|tau is -8" 's/tau: 8.0/tau: -8.0/'
bad "there are no receptors" 's/^receptors:.*//'

# --- classification ---

sed -e 's/train: 5000, validation: 1000, test: 1000/train: 300, validation: 100, test: 100/' -e 's/^epochs.*/epochs: 4/' \
    "$here/data/experiments/yin-yang-receptors.yaml" > points.yaml
check "classification" "$program" train points.yaml -o points -q --jobs 1
check "classification, two threads" "$program" train points.yaml -o points-2 -q --jobs 2
check "the weights do not depend on the threads" cmp points/weights-1.dat points-2/weights-1.dat
check "it learns" awk '!/^#/ { if (!n++) first = $2; last = $2 } END { exit !(last < 0.9 * first) }' points/learning.dat
check "the summary says the receptors" grep -q '"slow": 2' points/summary.json
check "a trained network is tested" "$program" test points.yaml points -o tested
sed 's/epochs: 4/epochs: 2/' points.yaml > short.yaml
check "the first epochs" "$program" train short.yaml -o resumed -q
check "classification goes on" "$program" train points.yaml -o resumed -q --resume
check "to the same bits" cmp points/weights-2.dat resumed/weights-2.dat
sed 's/fast: 3, slow: 2/fast: 2, slow: 3/' points.yaml > other.yaml
refuse 2 'another experiment' test other.yaml points -o new
# Every loss, with receptors and trained delays of synapses in all layers; on any number of threads.
for loss in 'maximum: {scale: 1.0}' 'first_spike: {scale: 1.0, climb: 1.0}' 'discounted: {scale: 0.3, tau: 5.0}' 'trains: {times: [15.0, 25.0]}'; do
    name=${loss%%:*}
    sed -e "s/^loss.*/loss: {$loss}/" -e 's/{normal: \[50.0, 30.0\]}/&, receptor: {fast: 20, slow: 10}/' \
        -e 's/receptor:/delays: {initial: {uniform: [0.0, 5.0]}, rate: 0.05}, &/' -e 's/^epochs.*/epochs: 1/' points.yaml > "$name.yaml"
    check "outputs have receptors and delays with the loss $name" "$program" train "$name.yaml" -o "$name" -q --jobs 1
    check "and the same bits on two threads" "$program" train "$name.yaml" -o "$name-2" -q --jobs 2
    check "of weights" cmp "$name/weights-2.dat" "$name-2/weights-2.dat"
    check "and of delays" cmp "$name/delays-1.dat" "$name-2/delays-1.dat"
    check "which have changed" awk '!/^#/ { for (k = 1; k <= NF; k++) n += $k != 0 && $k != 5 } END { exit n < 10 }' "$name/delays-2.dat"
done
# Thresholds are learnt, too: with receptors, with delays of synapses, and in outputs that fire.
sed -e 's/receptor: {fast: 3, slow: 2}/&, parameters: {V_th: {rate: 0.05, min: -60.0, max: -45.0}}/' points.yaml > levels.yaml
check "thresholds are learnt" "$program" train levels.yaml -o levels -q --jobs 1
check "the same bits on two threads" "$program" train levels.yaml -o levels-2 -q --jobs 2
check "of thresholds" cmp levels/V_th-1.dat levels-2/V_th-1.dat
check "each neuron has its own" awk '!/^#/ { n++; bad = bad || $1 < -60 || $1 > -45 || NF != 1; moved += $1 != -50 }
    END { exit bad || n != 30 || moved < 20 }' levels/V_th-1.dat
sed 's/epochs: 4/epochs: 2/' levels.yaml > short.yaml
check "the first epochs" "$program" train short.yaml -o levels-resumed -q
check "it goes on" "$program" train levels.yaml -o levels-resumed -q --resume
check "to the same thresholds" cmp levels/V_th-1.dat levels-resumed/V_th-1.dat
check "the test has the verdict of the training" "$program" test levels.yaml levels -o levels-test -q
check "and its confusions" cmp levels/confusion.dat levels-test/confusion.dat
# The network that is left runs in the event engine, where the spikes of the first test example are those of training.
engine() {
    check "the network of $1 is left" "$program" test "$1.yaml" "$1" -q --network "$1-network"
    check "and runs" "$program" run "$1-network/network.yaml" -o "$1-run" -q
    check "with the same spikes, to 1e-10 ms" sh -c "
        awk '!/^#/ && \$1 == 0 && \$2 == $2 { print \$3, \$4 }' $1/raster.dat | sort -g > a
        grep -v '^#' $1-run/spikes-layer-$2.dat | sort -g > b
        paste -d' ' a b | awk '{ d = \$2 - \$4; if (NF != 5 || \$1 != \$3 || d > 1e-10 || d < -1e-10) exit 1; n++ } END { exit !n }'"
}
engine levels 1
engine trains 1
engine discounted 1
sed -e '/^receptors/d' -e 's/receptor: {fast: 20, slow: 10}/parameters: {V_th: {rate: 0.05, min: -60.0}}/' \
    -e 's/receptor: {fast: 3, slow: 2}/parameters: {V_th: {rate: 0.05, min: -60.0}}/' -e 's/\[50.0, 30.0\]/[600.0, 300.0]/' \
    first_spike.yaml > fired.yaml
check "without receptors, of outputs that fire" "$program" train fired.yaml -o fired -q
check "they have changed" awk '!/^#/ { n += $1 != -50 } END { exit !n }' fired/V_th-2.dat
engine fired 2
bad_class() {
    pattern=$1
    sed "$2" points.yaml > bad.yaml
    refuse 2 "bad\.yaml(:[0-9]+)?: .*$pattern" train bad.yaml -o new
}
bad_class "layers\[0\]\.receptor: 6 neurons; the layer before has 5" 's/slow: 2/slow: 3/'
bad_class "there are 2 receptors; receptor: has to name" 's/, receptor: {fast: 3, slow: 2}//'
bad_level() {
    bad_class "$1" "s/receptor: {fast: 3, slow: 2}/&, parameters: {$2}/"
}
bad_level "'V_reset'" 'V_reset: {rate: 0.1, min: -60.0}'
bad_level "rate" 'V_th: {min: -60.0}'
bad_level "layers\[0\]\.parameters: V_th\.min is -70 mV; it must be above E_L and V_reset, -70 mV" 'V_th: {rate: 0.1, min: -70.0}'
bad_level "V_th is -50 mV at first; it must be from min to max, -45 to -40 mV" 'V_th: {rate: 0.1, min: -45.0, max: -40.0}'
bad_class "layers\[1\]\.parameters: with the loss discounted thresholds of outputs have no gradient" \
    's/{normal: \[50.0, 30.0\]}/&, parameters: {V_th: {rate: 0.1, min: -60.0}}/'
bad_class "receptor 'slow' is impulse" 's/{alpha: 4.0}/impulse/'
sed 's/^epochs/receptors: {fast: {tau: 5.0}}\nepochs/' "$here/data/experiments/mnist-stbp.yaml" > bad.yaml
refuse 2 'bad\.yaml:[0-9]+: receptors: a model has synapses of its own kind; receptors are for networks of exact spike times' train bad.yaml -o new
