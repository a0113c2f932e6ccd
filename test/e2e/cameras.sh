# Event cameras and their files. Part of test/e2e.sh.

# --- event cameras ------------------------------------------------------------------------------------------------------

# film SET N OPTION...: the camera on the first N pictures of a set.
film() {
    set_name=$1
    n=$2
    shift 2
    "$program" camera --images "$mnist/$set_name-images-idx3-ubyte.gz" --labels "$mnist/$set_name-labels-idx1-ubyte.gz" \
        --count "$n" --quiet "$@"
}
check "camera, training set" film train 60 -o recordings/Train
check "camera, test set" film t10k 20 -o recordings/Test
check "camera, other threads" env OMP_NUM_THREADS=1 "$program" camera -i "$mnist/train-images-idx3-ubyte.gz" \
    -l "$mnist/train-labels-idx1-ubyte.gz" -n 60 -q -o recordings/again
check "recordings do not depend on threads" diff -r recordings/Train recordings/again
check "a recording per picture" [ "$(find recordings/Train -name '*.bin' | wc -l)" -eq 60 ]
check "the first picture is a 5" [ -s recordings/Train/5/00001.bin ]
check "the folder says that it is synthetic" grep -q SYNTHETIC recordings/Train/README.md
prints "so does the help" SYNTHETIC camera --help
check "every option counts" film train 1 -o recordings/other --threshold 0.5 --dark 0.2 --refractory 5 --saccade 50 \
    --amplitude 2 --step 0.5
check "a picture of a recording" gnuplot -e "file='recordings/Train/5/00001.bin'; output='recording'" "$here/scripts/events.gp"
check "recording.png" sh -c "head -c 8 recording.png | grep -q PNG"

# nmnist KEYS...: an experiment on these recordings, with the given lines in place of the same keys.
nmnist() {
    {
        printf '%s\n' "$@"
        cat << 'END'
duration: 20.0
neuron: {C_m: 300.0, g_L: 15.0, E_L: -70.0, V_th: -50.0, V_reset: -70.0}
data: {nmnist: {train: recordings/Train, test: recordings/Test, saccade: 1, events_per_pixel: 1}, validation: 10}
coding: {events: {compression: 10.0}, bias: 0.0}
layers: [{size: 20, weight: {normal: [20.0, 30.0]}}, {size: 10, weight: {normal: [0.0, 50.0]}}]
epochs: 2
batch: 10
END
    } | awk '!($1 in seen) { print; seen[$1] = 1 }' > nmnist.yaml
}
nmnist
check "training on recordings" "$program" train nmnist.yaml -o nmnist --quiet
check "the summary names the data" grep -q '"kind": "nmnist"' nmnist/summary.json
check "all test recordings are counted" awk '!/#/ { for (k = 1; k <= NF; k++) n += $k } END { exit n != 20 }' nmnist/confusion.dat
check "training on recordings, one thread" "$program" train nmnist.yaml -o nmnist-one --quiet --jobs 1
check "the same weights for any number of threads" cmp nmnist/weights-1.dat nmnist-one/weights-1.dat

for model in stbp lee; do
    printf '%s\n' "model: $model" 'layers: [20, 10]' 'epochs: 2' 'batch: 10' 'optimiser: adam' 'rate: 0.001' \
        'data: {nmnist: {train: recordings/Train, test: recordings/Test}, validation: 10}' > $model.yaml
    check "$model on recordings" "$program" train $model.yaml -o $model-events --quiet
    check "$model: the input is the recordings' events" \
        grep -q '"input_spikes_per_example": [1-9][0-9][0-9][0-9]' $model-events/summary.json
    check "$model on recordings, one thread" "$program" train $model.yaml -o $model-events-one --quiet --jobs 1
    check "$model: the same weights" cmp $model-events/weights-1.dat $model-events-one/weights-1.dat
done

refuse 2 "which pictures" camera -o new
refuse 2 "where to" camera -i a -l b
refuse 2 "there is no such file" camera -i missing -l missing -o new
refuse 2 "has 10000 images; 20000 are wanted" camera -i "$mnist/t10k-images-idx3-ubyte.gz" \
    -l "$mnist/t10k-labels-idx1-ubyte.gz" -n 20000 -o new
refuse 2 "not a whole number" camera -i a -l b -n 1.5 -o new
refuse 2 "threshold is 0; it must be positive, at least 0.001" camera -i a -l b -o new --threshold 0
refuse 2 "step is 200 ms; it must be from a millionth" camera -i a -l b -o new --step 200
refuse 2 "recordings already" camera -i "$mnist/t10k-images-idx3-ubyte.gz" -l "$mnist/t10k-labels-idx1-ubyte.gz" -n 1 \
    -o recordings/Train
refuse 2 "picture 1 makes no event" camera -i "$mnist/t10k-images-idx3-ubyte.gz" -l "$mnist/t10k-labels-idx1-ubyte.gz" -n 1 \
    -o recordings/blind --threshold 9
nmnist 'coding: {latency: {}}'
refuse 2 "the data nmnist needs the coding events" train nmnist.yaml -o new
nmnist 'coding: {events: {compression: 2.0}}'
refuse 2 "the window ends at 50 ms, after the duration of 20 ms" train nmnist.yaml -o new
nmnist 'coding: {events: {compression: -1.0}}'
refuse 2 "coding.events.compression: compression is -1; it must be positive" train nmnist.yaml -o new
nmnist 'data: {yin_yang: {}}'
refuse 2 "the coding events is for recordings" train nmnist.yaml -o new
nmnist 'data: {nmnist: {train: recordings/Train, test: recordings/Test, saccade: 4}}'
refuse 2 "saccade: " train nmnist.yaml -o new
nmnist 'data: {nmnist: {train: recordings/Train, test: recordings/Test, saccade: 1, window: [0, 9]}}'
refuse 2 "give one of window and saccade" train nmnist.yaml -o new
nmnist 'data: {nmnist: {train: recordings/Train, test: recordings/Test, window: [9, 5]}}'
refuse 2 "data.nmnist.window: 5 is not possible" train nmnist.yaml -o new
nmnist 'data: {nmnist: {train: recordings/Train, test: recordings/Test, saccade: 1}, train: 61}'
refuse 2 "recordings/Train: has 60 recordings; 61 are wanted" train nmnist.yaml -o new
nmnist 'data: {nmnist: {train: recordings, test: recordings/Test, saccade: 1}}'
refuse 2 "a folder of recordings is named after its digit" train nmnist.yaml -o new
printf 'model: {stbp: {input: current}}\ndata: {nmnist: {train: recordings/Train, test: recordings/Test}}\nlayers: [10]\nbatch: 10\n' \
    > nmnist.yaml
refuse 2 "model.stbp.input: current is for intensities" train nmnist.yaml -o new
nmnist
head -c 4999 recordings/Train/5/00001.bin > short.bin && mv short.bin recordings/Train/5/00001.bin
refuse 2 "recordings/Train/5/00001.bin: byte 4995: the file ends within an event" train nmnist.yaml -o new
printf '\042\000\000\000\001' > recordings/Train/5/00001.bin
refuse 2 "recordings/Train/5/00001.bin: byte 0: x is 34" train nmnist.yaml -o new

# Ctrl-C in the middle: status 1, and every file is whole
"$program" camera -i "$mnist/train-images-idx3-ubyte.gz" -l "$mnist/train-labels-idx1-ubyte.gz" -o recordings/stopped \
    > out 2> message &
camera=$!
while kill -0 $camera 2> /dev/null && [ -z "$(find recordings/stopped -name '*.bin' 2> /dev/null | head -n 1)" ]; do
    sleep 0.1
done
kill -INT $camera
wait $camera
check "an interrupted camera ends with status 1" test $? -eq 1
check "it says so" grep -q "stopped after" message
check "no half-written recordings" [ -z "$(find recordings/stopped -name '*.partial')" ]
check "only whole events" [ -z "$(find recordings/stopped -name '*.bin' -printf '%s %p\n' | awk '$1 == 0 || $1 % 5')" ]
