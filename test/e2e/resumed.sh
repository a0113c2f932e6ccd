# Training of classifiers that is killed, or whose disk is full, and --resume afterwards. Part of test/e2e.sh.

small_network > new.yaml
mkdir cutoff
cat > cutoff/points.yaml << 'END'
duration: 40.0
data: {yin_yang: {}, train: 40, validation: 10, test: 10}
coding: {latency: {threshold: -1.0, to: 20.0}, bias: 0.0}
neuron: {C_m: 300.0, g_L: 30.0, E_L: -70.0, V_th: -50.0, V_reset: -70.0}
layers: [{size: 6, weight: {normal: [900.0, 600.0]}}, {size: 3, weight: {normal: [50.0, 30.0]}}]
loss: {discounted: {scale: 0.3, tau: 10.0}}
epochs: 3
batch: 20
parts: 2
rate: 10.0
average: 0.9
END
learner="train cutoff/points.yaml -j 1 -q -o"
# learnt FOLDER: whether it holds what an uninterrupted training leaves, but for processor times, and nothing else.
learnt() {
    sed 's/ [^ ]*$//' "$1/learning.dat" | cmp - cutoff/learning && # cpu_seconds is the last column
        diff -r -x summary.json -x learning.dat -x checkpoint.bin "$1" cutoff/whole && [ -e "$1/checkpoint.bin" ]
}
check "a training without interruption" "$program" $learner cutoff/whole
sed 's/ [^ ]*$//' cutoff/whole/learning.dat > cutoff/learning
check "it has a row for each epoch" test "$(grep -vc '#' cutoff/learning)" -eq 3

# A kill before every second call that changes the file system, then another one in what goes on, then the rest.
n=1
bad=
while faulty kill $n $learner cutoff/cut; do
    faulty kill $((n / 3 + 2)) $learner cutoff/cut --resume
    quick $learner cutoff/cut --resume > out 2>&1 && learnt cutoff/cut > out 2>&1 || bad="$bad $n"
    rm -rf cutoff/cut
    n=$((n + 2))
done
check "kills at $n calls of a training, and again: --resume ends with all of it ($bad)" test -z "$bad" -a $n -gt 50
# Calls that fail, every second one: the epoch and the files of the message are right.
n=1
bad=
while faulty fail $n $learner cutoff/full; do
    rows=$(grep -vc '#' cutoff/full/learning.dat 2> /dev/null)
    [ $got -eq 1 ] && [ -s message ] || bad="$bad $n"
    if grep -q 'goes on from cutoff/full/checkpoint.bin' message; then
        [ -e cutoff/full/checkpoint.bin ] || bad="$bad $n"
    fi
    if grep -q '(epoch' message; then
        epoch=$(sed 's/.*(epoch \([0-9]*\).*/\1/' message)
        [ "${rows:-0}" -eq $((epoch - 1)) ] || [ "${rows:-0}" -eq "$epoch" ] || bad="$bad $n"
        [ "$epoch" -le 3 ] || bad="$bad $n"
    fi
    quick $learner cutoff/full --resume > out 2>&1 && learnt cutoff/full > out 2>&1 || bad="$bad $n"
    rm -rf cutoff/full
    n=$((n + 2))
done
check "failures at $n calls of a training: a true message, and --resume ends with all of it ($bad)" \
    test -z "$bad" -a $n -gt 50
FAULT_HOW=full quick $learner cutoff/full > out 2> message
check "a disk that is full: the first epoch, and no checkpoint" \
    grep -q 'cutoff/full/checkpoint.bin: cannot be written: No space left on device (epoch 1)$' message

# What there is to go on from.
check "--resume begins where there is no checkpoint" "$program" $learner cutoff/fresh --resume
check "with the same results" learnt cutoff/fresh
cp -r cutoff/fresh cutoff/less
"$program" $learner cutoff/less --resume -i 2 > out 2> message
check "a checkpoint from beyond the end is refused" test $? -eq 2
check "it says so" grep -q 'cutoff/less/checkpoint.bin is from after epoch 3, beyond the end after 2' message
check "nothing has changed" diff -r cutoff/fresh cutoff/less
rm cutoff/fresh/learning.dat
check "a training that has ended goes on from there" "$program" $learner cutoff/fresh --resume -i 4
check "with one more epoch" test "$(grep -vc '#' cutoff/fresh/learning.dat)" -eq 4
head -n 4 cutoff/fresh/learning.dat | sed 's/ [^ ]*$//' > cutoff/first
check "the others are there, too" cmp cutoff/first cutoff/learning
"$program" $learner cutoff/less --resume -s 5 > out 2> message
check "a checkpoint of another seed is refused" test $? -eq 2
check "with advice" grep -q 'belongs to another experiment or seed; begin anew without --resume' message

# The same of a run, which leaves no checkpoint when it has ended.
check "a run" "$program" run new.yaml -o cutoff/run --checkpoint-every 15 -q
"$program" run new.yaml -o cutoff/run --checkpoint-every 15 --resume --duration 80 -q 2> message
check "a longer one with --resume" test $? -eq 0
check "says that it begins anew" \
    grep -q 'cutoff/run holds results and no checkpoint to go on from: the run begins at 0 ms' message
check "a longer one at once" "$program" run new.yaml -o cutoff/longer --duration 80 -q
check "the same results" same cutoff/run cutoff/longer
"$program" run new.yaml -o cutoff/new --checkpoint-every 15 --resume -q 2> message
check "nothing to say of a new folder" cmp message /dev/null
