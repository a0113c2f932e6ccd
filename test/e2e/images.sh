# Classifiers of images: deformations, training shared by several processes. Part of test/e2e.sh.

# --- classification: deformed images, several processes -----------------------------------------------------------------

mkdir images
# The first 400 = 256 * 1 + 144 digits.
{
    printf '\0\0\010\003\0\0\001\220\0\0\0\034\0\0\0\034'
    gzip -dc "$here/data/mnist/train-images-idx3-ubyte.gz" | tail -c +17 | head -c $((400 * 784))
} > images/pictures
{
    printf '\0\0\010\001\0\0\001\220'
    gzip -dc "$here/data/mnist/train-labels-idx1-ubyte.gz" | tail -c +9 | head -c 400
} > images/labels
cat > images/exact.yaml << END
duration: 30.0
data:
  idx: {images: pictures, labels: labels,
        test_images: pictures, test_labels: labels}
  deform: {shift: 1.0, rotate: 10.0, scale: 0.1, elastic: {strength: 30.0, smoothness: 5.0}}
  train: 300
  validation: 100
  test: 100
coding: {latency: {threshold: 0.2, from: 2.0, to: 12.0}, bias: 0.0, dropout: 0.1, opposition: 0.5}
neuron: {C_m: 300.0, g_L: 15.0, E_L: -70.0, V_th: -50.0, V_reset: -70.0}
layers:
  - {size: 30, weight: {normal: [20.0, 100.0]}, dropout: 0.2}
  - {size: 10, weight: {normal: [0.0, 50.0]}}
loss: {discounted: {scale: 0.3, tau: 5.0}}
epochs: 3
batch: 50
rate: 6.0
slope_floor: 2.0
average: 0.9
activity: {lowest: 1.0, highest: 3.0, lift: 1.0}
END
check "training on deformed images" "$program" train images/exact.yaml -o images-1 -j 1 -q
check "the summary names the deformation" grep -q '"smoothness": 5' images-1/summary.json
check "on three threads" "$program" train images/exact.yaml -o images-threads -j 3 -q
same_training images-1 images-threads
check "two epochs" "$program" train images/exact.yaml -o images-resumed -i 2 -q
check "go on" "$program" train images/exact.yaml -o images-resumed --resume -q
same_training images-1 images-resumed
grep -v deform images/exact.yaml > images/plain.yaml
sed 's/deform:.*/deform: {shift: 0.0, elastic: {smoothness: 4.0}}/' images/exact.yaml > images/idle.yaml
check "without deformation" "$program" train images/plain.yaml -o images-plain -q
check "a deformation of 0" "$program" train images/idle.yaml -o images-idle -q
same_training images-plain images-idle
check "deformation makes a difference" sh -c '! cmp -s images-1/weights-1.dat images-plain/weights-1.dat'
cp -r images-1 images-other
"$program" train images/plain.yaml -o images-other --resume -q > out 2> message
check "a checkpoint with another deformation is refused" test $? -eq 2
deformed() {
    pattern=$1
    sed "s/deform:.*/deform: $2/" images/exact.yaml > wrong.yaml
    refuse 2 "wrong\.yaml:5: data\.deform$pattern" train wrong.yaml -o new
}
deformed '\.shift: shift is -1 pixels; it must be from 0 to 1000' '{shift: -1.0}'
deformed '\.shift: ' '{shift: .nan}'
deformed '\.rotate: ' '{rotate: much}'
deformed '\.rotate: rotate is 200 degrees' '{rotate: 200}'
deformed '\.scale: scale is 1; it must be from 0 to below 1' '{scale: 1.0}'
deformed '\.elastic.strength: elastic.strength is -3 pixels' '{elastic: {strength: -3.0, smoothness: 2.0}}'
deformed ': elastic.smoothness is 0 pixels; it must be positive where' '{elastic: {strength: 3.0}}'
deformed ": unknown key 'shifts'; did you mean 'shift'" '{shifts: 1.0}'
deformed "\.elastic: unknown key 'sigma'" '{elastic: {sigma: 1.0}}'
deformed ': this is a single value' '3.0'
sed '/^  idx/,/test_images/d; s/^data:/data:\n  yin_yang: {}/' images/exact.yaml > wrong.yaml
refuse 2 "wrong\.yaml:4: data\.deform: the examples of yin_yang are no pictures" train wrong.yaml -o new

# Several processes share each batch.
same_results() {
    same_training "$1" "$2"
    for file in latency.dat raster.dat; do check "$2/$file is that of $1" cmp "$1/$file" "$2/$file"; done
    for folder in "$1" "$2"; do sed '/seconds/d' "$folder/summary.json" > "$folder.summary"; done
    check "$2: the summary of $1" cmp "$1.summary" "$2.summary"
    check "$2: nothing temporary" test -z "$(find "$2" -name '.*' -type f)"
}
for n in 2 3; do
    check "a classifier on $n ranks" ranks $n train images/exact.yaml -o images-ranks$n -j 1 -q
    same_results images-1 images-ranks$n
done
check "one epoch on one rank" "$program" train images/exact.yaml -o images-on -i 1 -j 1 -q
check "another one on two ranks" ranks 2 train images/exact.yaml -o images-on -i 2 --resume -q
check "the last one on three ranks" ranks 3 train images/exact.yaml -o images-on --resume -q
same_results images-1 images-on
check "two ranks of two threads" ranks 2 train images/exact.yaml -o images-threads2 -j 2 -q
same_results images-1 images-threads2
check "two ranks train two hidden layers, the first one fixed" sh -c \
    "sed '/^layers/a\\  - {size: 20, weight: {normal: [20.0, 100.0]}, rate: 0}' images/exact.yaml > images/deep.yaml && grep -q 'rate: 0}' images/deep.yaml"
check "on one rank" "$program" train images/deep.yaml -o deep-1 -i 1 -q
check "on two ranks" ranks 2 train images/deep.yaml -o deep-2 -i 1 -q
same_results deep-1 deep-2
# Receptive fields.
sed 's/size: 30,/size: 30, field: 2,/' images/exact.yaml > images/fields.yaml
check "training with receptive fields" "$program" train images/fields.yaml -o fields-1 -j 1 -q
check "the summary names them" grep -q '"field": 2' fields-1/summary.json
check "nine of ten weights from pixels are 0, none from the bias is" awk '!/^#/ {
    for (k = 1; k <= 784; k++) zeros += $k == 0
    rows++
    ended += NF == 785 && $785 != 0
} END { exit !(rows == 30 && ended == 30 && zeros > 0.9 * 784 * rows && zeros <= 783 * rows) }' fields-1/weights-1.dat
check "an epoch of it" "$program" train images/fields.yaml -o fields-on -i 1 -j 3 -q
check "the others on two ranks" ranks 2 train images/fields.yaml -o fields-on --resume -q
same_training fields-1 fields-on
sed 's/size: 30,/size: 30, field: 3,/' images/exact.yaml > images/wider.yaml
"$program" train images/wider.yaml -o fields-on --resume -q > out 2> message
check "a checkpoint with other fields is refused" test $? -eq 2
field() {
    pattern=$1
    sed "s/size: $2,/size: $2, field: $3,/" images/exact.yaml > wrong.yaml
    refuse 2 "wrong\.yaml:$pattern" train wrong.yaml -o new
}
field '12: layers\[0\]\.field: field is 0 ties; it must be a whole number from 1' 30 0
field '12: layers\[0\]\.field: .wide. is not a whole number' 30 wide
field '1: layers\[1\]: only the first hidden layer has receptive fields' 10 2
# Convolutions.
kernels='{convolution: {channels: 4, size: 5, stride: 2, pool: 2}, weight: {normal: [200.0, 400.0]}, dropout: 0.2}'
others='{convolution: {channels: 3, size: 3, stride: 2}, weight: {normal: [200.0, 400.0]}}'
sed "s/^  - {size: 30.*/  - $kernels\n  - $others/" images/exact.yaml > images/kernels.yaml
check "training with convolutions" "$program" train images/kernels.yaml -o kernels-1 -j 1 -q
check "the summary names them" grep -q '"stride": 2' kernels-1/summary.json
check "weights are those of kernels and the bias" awk '!/^#/ { n += NF == 26 } END { exit n != 4 || NR != 5 }' kernels-1/weights-1.dat
check "on three threads" "$program" train images/kernels.yaml -o kernels-threads -j 3 -q
same_training kernels-1 kernels-threads
check "an epoch of it" "$program" train images/kernels.yaml -o kernels-on -i 1 -j 3 -q
check "the others on two ranks" ranks 2 train images/kernels.yaml -o kernels-on --resume -q
same_results kernels-1 kernels-on
check "it is tested again" "$program" test images/kernels.yaml kernels-1 -q
check "it is left as a network" "$program" test images/kernels.yaml kernels-1 -q --network kernels-net
check "which runs" "$program" run kernels-net/network.yaml -o kernels-run -q
# Layer 0 is the input, 1 and 2 what passes on; of each neuron one spike after the other, within 1e-10 ms of that of training.
for layer in '0 input' '1 pool-1' '2 layer-2'; do
    check "spikes of ${layer#* } are those of training" awk -v layer="${layer% *}" '
        /^#/ { next }
        FNR == NR { if ($1 == 0 && $2 == layer) { own[$3, ++n[$3]] = $4; all++ } next }
        { d = $2 - own[$1, ++m[$1]]; bad += d > 1e-10 || d < -1e-10; seen++ }
        END { exit bad || seen != all || seen < 5 }' kernels-1/raster.dat "kernels-run/spikes-${layer#* }.dat"
done
cp -r kernels-1 kernels-kept
refuse 2 'checkpoint' test images/kernels.yaml kernels-kept -q --network kernels-kept
check "weights go on" "$program" train images/kernels.yaml -o kernels-more -i 1 --weights kernels-1/weights -q
check "pictures of it" "$program" plot kernels-1
convolution() {
    sed "s/convolution: {channels: 4[^}]*}/convolution: $2/" images/kernels.yaml > images/wrong.yaml
    refuse 2 "images/wrong\.yaml:$1" train images/wrong.yaml -o new
}
convolution ' layers\[0\]\.convolution: size 29 is larger than the 28 x 28 that it sees' '{size: 29}'
convolution ' layers\[1\]\.convolution: size 3 is larger than the 2 x 2 that it sees' '{size: 5, pool: 12}'
convolution '12: layers\[0\]\.convolution\.stride: stride is 0 neurons; it must be a whole number from 1' '{stride: 0}'
convolution "12: layers\[0\]\.convolution: unknown key 'sizes'" '{sizes: 3}'
convolution '12: layers\[0\]\.size: give one of size and convolution' '{size: 5}, size: 30'
sed '/convolution/d; s/{size: 10,/{convolution: {size: 5},/' images/kernels.yaml > images/wrong.yaml
refuse 2 'images/wrong\.yaml:1: layers\[0\]\.convolution: the output layer is none' train images/wrong.yaml -o new
sed '/channels: 3/d; /channels: 4/i\  - {size: 30, weight: {normal: [20.0, 100.0]}}' images/kernels.yaml > images/wrong.yaml
refuse 2 'images/wrong\.yaml: layers\[1\]\.convolution: what it sees has no rows and columns' train images/wrong.yaml -o new
# shared STATUS PATTERN ARGUMENTS...: what goes wrong on two ranks ends both, is told once, and leaves nothing.
shared() {
    status=$1
    pattern=$2
    shift 2
    rm -rf new
    ranks 5 train "$@" -o new > out 2> message
    check "train $* on five ranks: exit status" test $? -eq "$status"
    check "train $* on five ranks: the message comes once" test "$(grep -c "^punctum: .*$pattern" message)" -eq 1
    check "train $* on five ranks: nothing is left" test -z "$(find new -type f 2> /dev/null)"
}
sed 's/^batch.*/batch: 50\nparts: 8/' images/exact.yaml > images/eight.yaml
sed 's/^rate.*/rate: 1.0e+300/' images/eight.yaml > images/wild.yaml
shared 2 'parts: 4 parts of a batch are too few for 5 processes' images/exact.yaml
stbp_experiment > images/stbp.yaml
shared 2 'model stbp is trained by one process, not 5' images/stbp.yaml
sed 's/^batch.*/batch: 301\nparts: 8/' images/exact.yaml > images/large.yaml
shared 2 'a batch of 301 is larger than the training set of 300' images/large.yaml
shared 1 'training diverged\|runaway activity' images/wild.yaml
check "a number of parts that ranks share unequally" ranks 5 train images/eight.yaml -o images-eight5 -q --resume
check "and one rank" "$program" train images/eight.yaml -o images-eight -q
same_results images-eight images-eight5
# An interruption: the epochs before it are safe.
sed 's/^epochs.*/epochs: 100000/' images/exact.yaml > images/long.yaml
# interrupted WHICH: the ranks themselves, as sed takes them of a list; mpirun would give them no more than a second to stop.
interrupted() {
    rm -rf images-long
    ASAN_OPTIONS=detect_leaks=0 mpirun -n 2 --oversubscribe "$program" train images/long.yaml -o images-long -q > out 2> message &
    child=$!
    while ! [ -s images-long/learning.dat ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
    kill -INT $(tr ' ' '\n' < "/proc/$child/task/$child/children" | sed '/./!d' | sed -n "$1p")
    wait $child
    check "an interrupted training of two ranks does not succeed ($1)" test $? -ne 0
    check "it says so once ($1)" test "$(grep -c 'punctum: stopped after .* the same command with --resume goes on' message)" -eq 1
}
interrupted 1
interrupted 2
interrupted '1,$'
done=$(tail -n 1 images-long/learning.dat | cut -d ' ' -f 1)
check "it goes on" ranks 2 train images/long.yaml -o images-long -i $((done + 1)) --resume -q
