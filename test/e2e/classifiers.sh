# Classification: models of others, tests and pictures of trained networks, desired trains. Part of test/e2e.sh.

# --- classification by the models of others, and impulse synapses ------------------------------------------------------

mkdir peers
stbp_experiment > peers/stbp.yaml
sed -e 's/^model.*/model: {lee: {input_spikes: 500}}/' -e 's/^rate.*/rate: 0.003/' peers/stbp.yaml > peers/lee.yaml
for model in stbp lee; do
    check "$model trains" "$program" train peers/$model.yaml -o peers-$model --jobs 1 -q
    check "$model has learnt" awk '!/^#/ { last = $5 } END { exit !(last > 60) }' peers-$model/learning.dat # 10 by chance
    check "$model counts spikes" grep -q '"input_spikes_per_example"' peers-$model/summary.json
    check "$model on two threads" "$program" train peers/$model.yaml -o peers-$model-2 --jobs 2 -q
    check "$model: the same weights" cmp peers-$model/weights-1.dat peers-$model-2/weights-1.dat
    sed 's/^epochs.*/epochs: 2/' peers/$model.yaml > peers/part.yaml
    check "$model, the first epochs" "$program" train peers/part.yaml -o peers-$model-3 -q
    check "$model goes on" "$program" train peers/$model.yaml -o peers-$model-3 --resume -q
    check "$model: the same weights again" cmp peers-$model/weights-1.dat peers-$model-3/weights-1.dat
done
sed 's/^layers/  deform: {shift: 1.0, elastic: {strength: 30.0, smoothness: 5.0}}\nlayers/' peers/stbp.yaml > peers/deform.yaml
printf 'average: 0.9\nkeep: best\n' >> peers/deform.yaml
check "another model on deformed images" "$program" train peers/deform.yaml -o peers-deform -j 1 -q
check "with a running mean" grep -q '"average": 0.9' peers-deform/summary.json
check "on two threads" "$program" train peers/deform.yaml -o peers-deform-2 -j 2 -q
same_training peers-deform peers-deform-2
check "its first epochs" "$program" train peers/deform.yaml -o peers-deform-3 -i 2 -q
check "go on" "$program" train peers/deform.yaml -o peers-deform-3 --resume -q
same_training peers-deform peers-deform-3
check "deformation makes a difference to it" sh -c '! cmp -s peers-deform/weights-1.dat peers-stbp/weights-1.dat'
sed 's/steps: 6/steps: 6.5/' peers/stbp.yaml > peers/wrong.yaml
refuse 2 'wrong.yaml:1: model.stbp.steps: steps is 6.5; it must be a whole number from 1 to 1000' train peers/wrong.yaml -o new
sed 's/steps: 6/stepps: 6/' peers/stbp.yaml > peers/wrong.yaml
refuse 2 "wrong.yaml:1: .*'stepps'" train peers/wrong.yaml -o new
sed 's/input_spikes: 500/relative: maybe/' peers/lee.yaml > peers/wrong.yaml
refuse 2 "wrong.yaml:1: .*relative: 'maybe' is none of no, yes" train peers/wrong.yaml -o new
sed 's/input_spikes: 500/inhibition_output: 1/' peers/lee.yaml > peers/wrong.yaml
refuse 2 'inhibition_output is 1; it must be from 0 to below 1' train peers/wrong.yaml -o new

# --- trained classifiers: tests of them, pictures -----------------------------------------------------------------------

mkdir classes
sed -e "s|\.\./mnist|$here/data/mnist|g" -e 's/^  validation.*/  train: 800\n  validation: 100\n  test: 100/' \
    -e 's/^epochs.*/epochs: 6/' -e 's/^batch.*/batch: 20/' -e 's/size: 350/size: 40/' "$here/data/experiments/mnist-350.yaml" \
    > classes/digits.yaml
sed -e 's/{yin_yang.*/{yin_yang: {}, train: 300, validation: 100, test: 100}/' -e 's/size: 200/size: 30/' \
    -e 's/^epochs.*/epochs: 2/' "$here/data/experiments/yin-yang.yaml" > classes/points.yaml
# verdict FOLDER: what summary.json says of the test set.
verdict() { sed -n '/^  "test": {/,/}/{ s/},/}/; p; }' "$1/summary.json"; }
check "digits" "$program" train classes/digits.yaml -o digits -q
check "digits have been learnt" awk '!/^#/ { last = $5 } END { exit !(last > 50) }' digits/learning.dat # 10 by chance
check "points" "$program" train classes/points.yaml -o points -q
# What one training has left is where another one begins.
check "a training that begins with weights" "$program" train classes/points.yaml -o begun -q --weights points/weights
check "goes on from what they know" awk '
    !/^#/ && !loss[FILENAME] { loss[FILENAME] = $2 }
    END { exit !(loss["begun/learning.dat"] < loss["points/learning.dat"]) }' points/learning.dat begun/learning.dat
refuse 2 'these weights belong to another network' train classes/digits.yaml -o new --weights points/weights
refuse 2 'weights: only networks of layers' train peers/stbp.yaml -o new --weights points/weights
(head -c 300 points/weights && printf 'damaged' && tail -c +308 points/weights) > damaged
refuse 2 'damaged: the weights are damaged' train classes/points.yaml -o new --weights damaged
# Outputs without weights are all alike, and the first one gets every example.
sed -e 's/size: 3, weight.*/size: 3, weight: {normal: [0.0, 0.0]}, rate: 0}/' -e 's/^epochs.*/epochs: 1/' classes/points.yaml > classes/alike.yaml
check "outputs that are alike" "$program" train classes/alike.yaml -o alike
check "classes that are never decided for are named" \
    test "$(grep -c 'no test example was taken for class [12], of which there are [0-9]' err)" -eq 2
"$program" train classes/points.yaml -o points-again 2> message > out
check "nothing to say of the others" test $? -eq 0
check "not a word of them" cmp message /dev/null
for case in classes/digits:digits classes/points:points peers/stbp:peers-stbp; do
    name=${case#*:}
    verdict "$name" > trained.verdict
    check "test of $name" "$program" test "${case%%:*}.yaml" "$name" -o "$name-test" --jobs 1
    verdict "$name-test" > tested.verdict
    check "the test of $name has a verdict" grep -q '"examples": [0-9]' tested.verdict
    check "the verdict on $name is that of the training" cmp trained.verdict tested.verdict
    check "so is the confusion matrix of $name" cmp "$name/confusion.dat" "$name-test/confusion.dat"
done
# The first 100 images of the test set as files of their own; and their labels moved by one image.
images=$here/data/mnist/t10k-images-idx3-ubyte.gz
labels=$here/data/mnist/t10k-labels-idx1-ubyte.gz
{
    printf '\0\0\010\003\0\0\0\144\0\0\0\034\0\0\0\034'
    gunzip -c "$images" | tail -c +17 | head -c 78400
} > classes/images
for shift in 0 1; do
    {
        printf '\0\0\010\001\0\0\0\144'
        gunzip -c "$labels" | tail -c +$((9 + shift)) | head -c 100
    } > classes/labels-$shift
    "$program" test classes/digits.yaml digits --images classes/images --labels classes/labels-$shift -o moved-$shift -q \
        > message 2>&1
    check "other images, labels moved by $shift" test $? -eq 0
    check "quiet prints nothing" cmp message /dev/null
done
verdict digits > trained.verdict
verdict moved-0 > tested.verdict
check "the same images give the same verdict" cmp trained.verdict tested.verdict
check "labels of other images do not fit" awk '{ for (k = 1; k <= NF && !/#/; k++) if (++n && k == NR - 1) right += $k }
    END { exit !(right < 30) }' moved-1/confusion.dat

refuse 2 'which experiment file' test
refuse 2 'which folder holds the checkpoint' test classes/digits.yaml
refuse 2 'go together' test classes/digits.yaml digits --images classes/images
refuse 2 'missing.yaml' test missing.yaml digits -o new
refuse 2 'classes/checkpoint.bin: there is no such file' test classes/digits.yaml classes -o new
refuse 2 'digits/checkpoint.bin: .*belongs to another experiment or seed' test classes/points.yaml digits -o new
refuse 2 'digits/checkpoint.bin: .*belongs to another experiment or seed' test classes/digits.yaml digits --seed 9 -o new
sed 's/size: 40/size: 41/' classes/digits.yaml > classes/wider.yaml
refuse 2 'digits/checkpoint.bin: .*belongs to another experiment or seed' test classes/wider.yaml digits -o new
refuse 2 'for experiments with data in IDX files' test classes/points.yaml points -i classes/images -l classes/labels-0 -o new
head -c 50 classes/labels-0 > classes/labels-cut
refuse 2 'classes/labels-cut: ' test classes/digits.yaml digits -i classes/images -l classes/labels-cut -o new
mkdir digits-cut
head -c 20 digits/checkpoint.bin > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: the checkpoint is cut short' test classes/digits.yaml digits-cut -o new
head -c 100 digits/checkpoint.bin > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: the checkpoint is cut short' test classes/digits.yaml digits-cut -o new
head -c 5000 digits/checkpoint.bin > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: the checkpoint is cut short' test classes/digits.yaml digits-cut -o new
(head -c 3000 digits/checkpoint.bin && printf 'damaged' && tail -c +3008 digits/checkpoint.bin) > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: .*the checkpoint is damaged: its checksum does not fit' test classes/digits.yaml digits-cut -o new
(cat digits/checkpoint.bin && echo more) > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: .*the checkpoint is damaged: its checksum does not fit' test classes/digits.yaml digits-cut -o new
cp classes/images digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: .*this is no checkpoint' test classes/digits.yaml digits-cut -o new
printf 'PMCKC1\0\0 of another version' > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: the checkpoint was written by another version' test classes/digits.yaml digits-cut -o new

for case in digits:learning,confusion,raster,latency,weights points:learning,confusion,raster,latency \
    peers-stbp:learning,confusion,weights digits-test:confusion; do
    folder=${case%%:*}
    "$program" plot "$folder" > out 2> message
    check "pictures of $folder" test $? -eq 0
    check "gnuplot warns of nothing in $folder" cmp message /dev/null
    for picture in $(echo "${case#*:}" | tr , ' '); do
        check "$folder/$picture.svg" grep -q '</svg>' "$folder/$picture.svg"
        check "$folder/$picture.png" sh -c "head -c 8 $folder/$picture.png | grep -q PNG"
    done
    check "no other pictures of $folder" test "$(find "$folder" -name '*.png' | wc -l)" -eq \
        "$(echo "${case#*:}" | tr , '\n' | wc -l)"
done
mkdir digits-bare
cp digits/summary.json digits-bare
refuse 2 'digits-bare: none of the files is there' plot digits-bare

printf '0 1\n0 2\n0 30\n' > jumps.dat
cat > jumps.yaml << END
duration: 40
neuron: {E_L: -70, V_th: -60, V_reset: -70, tau_1: 0, tau_2: 0}
populations:
  - {name: in, size: 1, source: {spikes: jumps.dat}}
  - {name: cells, size: 1}
projections:
  - {from: in, to: cells, connect: all_to_all, weight: 6, delay: 0.5}
END
check "impulse synapses" "$program" run jumps.yaml -o jumps -q
check "the second one fires at its arrival" test "$(grep -v '^#' jumps/spikes-cells.dat)" = "0 2.5 0"
check "impulses in time steps" "$program" run jumps.yaml --engine clock --interpolate -o jumps-clock -q
check "the same spike" cmp jumps/spikes-cells.dat jumps-clock/spikes-cells.dat
check "impulses are exported" "$program" export jumps.yaml --to brian2 -o jumps.py
sed 's/tau_2: 0/tau_2: 1/' jumps.yaml > wrong.yaml
refuse 2 'wrong.yaml:2: neuron.tau_2: tau_2 is 1 ms; it must be 0 where tau_1 is 0' run wrong.yaml -o new
{
    grep -v '^neuron' "$here/data/experiments/xor.yaml"
    echo 'neuron: {tau_1: 0, tau_2: 0}'
} > wrong.yaml
refuse 2 'tau_1 is 0 ms; training wants synaptic currents' train wrong.yaml -o new

# --- classification by desired spike trains -----------------------------------------------------------------------------

cat > trains.yaml << 'END'
duration: 40.0
data: {yin_yang: {}, train: 1000, validation: 100, test: 300}
coding: {latency: {threshold: -1.0, to: 20.0}, bias: 0.0}
neuron: {V_th: -50.0}
layers: [{size: 60, weight: {normal: [900.0, 600.0]}}, {size: 3, weight: {normal: [50.0, 30.0]}}]
loss: {trains: {from: 16.0, to: 28.0, interval: 4.0}}
epochs: 6
batch: 20
rate: 10.0
activity: {lowest: 0.5, lift: 20.0}
END
check "training with desired trains" "$program" train trains.yaml -o trains --quiet --jobs 1
check "it learns" awk '!/#/ { last = $5 } END { exit !(last > 60) }' trains/learning.dat # 33 by chance
check "the summary says what was desired" grep -q '"tau_hat": 0.0' trains/summary.json
sed 's/^epochs.*/epochs: 3/; s/^loss.*/loss: {trains: {times: [16, 20, 24, 28]}}/' trains.yaml > part.yaml
check "the same times as a list, half the epochs, other threads" "$program" train part.yaml -o trains-part --quiet --jobs 2
check "training goes on" "$program" train trains.yaml -o trains-part --resume --quiet
check "and gives the same weights" cmp trains/weights-1.dat trains-part/weights-1.dat
sed '/^activity/d; s/900.0, 600.0.}/900.0, 600.0]}, rate: 0/; s/^epochs.*/epochs: 2/' trains.yaml > fixed.yaml
check "training of the outputs alone" "$program" train fixed.yaml -o trains-fixed --quiet
sed 's/^epochs.*/epochs: 0/' fixed.yaml > none.yaml
check "no training" "$program" train none.yaml -o trains-none --quiet
check "hidden weights stay" cmp trains-fixed/weights-1.dat trains-none/weights-1.dat
check "output weights do not" sh -c "! cmp -s trains-fixed/weights-2.dat trains-none/weights-2.dat"
# desired LOSS PATTERN: a loss that is refused.
desired() {
    sed "s/^loss.*/loss: {trains: {$1}}/" trains.yaml > wrong.yaml
    refuse 2 "$2" train wrong.yaml -o new
}
desired 'times: [5], from: 3' 'wrong.yaml:6: loss.trains: give either times, or all of from, to and interval'
desired 'from: 5, to: 9' 'give either times, or all of'
desired 'from: 5, to: 9, interval: 0' 'interval: from 5 to 9 ms in steps of 0 ms is no train'
desired 'from: 5, to: 3, interval: 1' 'interval: from 5 to 3 ms'
desired 'times: []' 'times'
desired 'times: [5, 41]' 'loss.trains: 41 is not possible'
desired 'times: [5, 4]' 'later than the time before it'
desired 'times: [5], tau: 0' 'loss.trains.tau: tau is 0 ms; it must be positive'
desired 'times: [5], tau_hat: -1' 'loss.trains.tau_hat: tau_hat is -1 ms; it must be 0 or more'
desired 'times: [5], scale: 1' "unknown key 'scale'"
sed 's/^rate.*/rate: 1.0e+300/' trains.yaml > wrong.yaml
refuse 1 'runaway activity: more than 200000 spikes in one layer; neuron' train wrong.yaml -o new
sed 's/normal: .900.0, 600.0/normal: [-900.0, 6.0/; /^activity/d' trains.yaml > wrong.yaml
refuse 1 'no neuron of the network fired' train wrong.yaml -o new
