# Classifiers with delays. Part of test/e2e.sh.

mkdir learnt-delays
# points FILE DELAYS-1 DELAYS-2: an experiment in which layers have these delays.
points() {
    cat > "$1" << END
duration: 40.0
data: {yin_yang: {seeds: [42, 41, 40]}, train: 200, validation: 50, test: 50}
coding: {latency: {threshold: -1.0, to: 20.0}, bias: 0.0}
neuron: {C_m: 300.0, g_L: 30.0, E_L: -70.0, V_th: -50.0, V_reset: -70.0}
layers:
  - {size: 12, weight: {normal: [900.0, 600.0]}, $2}
  - {size: 3, weight: {normal: [50.0, 30.0]}, $3}
loss: {discounted: {scale: 0.3, tau: 5.0}}
epochs: 2
batch: 20
rate: 10.0
average: 0.9
END
}
for per in synapse axon dendrite; do
    of="delays: {per: $per, initial: {uniform: [0, 2]}, rate: 0.1, min: 0.5, max: 20}"
    points learnt-delays/$per.yaml "$of" "$of"
    check "training with a delay per $per" "$program" train learnt-delays/$per.yaml -o learnt-delays/$per -q -j 1
    check "the same on two threads" "$program" train learnt-delays/$per.yaml -o learnt-delays/$per-2 -q -j 2
    check "weights and delays have the same bits" sh -c "
        for k in 1 2; do cmp learnt-delays/$per/weights-\$k.dat learnt-delays/$per-2/weights-\$k.dat &&
            cmp learnt-delays/$per/delays-\$k.dat learnt-delays/$per-2/delays-\$k.dat || exit 1; done"
    sed 's/^epochs.*/epochs: 1/' learnt-delays/$per.yaml > learnt-delays/half.yaml
    check "half of it" "$program" train learnt-delays/half.yaml -o learnt-delays/$per-half -q
    check "and the rest" "$program" train learnt-delays/$per.yaml -o learnt-delays/$per-half -q --resume
    check "end with the same delays" cmp learnt-delays/$per/delays-1.dat learnt-delays/$per-half/delays-1.dat
    check "no delay is below its bound, and some are above" awk '!/^#/ { for (k = 1; k <= NF; k++) { low = low || $k < 0.5; n += $k > 0.5 } }
        END { exit low || !n }' learnt-delays/$per/delays-1.dat
    check "the test has the verdict of the training" "$program" test learnt-delays/$per.yaml learnt-delays/$per -o learnt-delays/$per-test -q
    check "confusions are those of the training" cmp learnt-delays/$per/confusion.dat learnt-delays/$per-test/confusion.dat
done
check "a row per target and a column per source" awk '!/^#/ && NF != 5 { bad = 1 } !/^#/ { n++ } END { exit bad || n != 12 }' learnt-delays/synapse/delays-1.dat
check "of axons one row" awk '!/^#/ && NF != 12 { bad = 1 } !/^#/ { n++ } END { exit bad || n != 1 }' learnt-delays/axon/delays-2.dat
# Delays that are all alike and fixed are one spike time later, whoever has them.
for per in synapse axon dendrite; do
    points learnt-delays/fixed.yaml "delays: {per: $per, initial: 2.5}" "rate: 1"
    "$program" train learnt-delays/fixed.yaml -o learnt-delays/fixed-$per -q
    check "fixed delays per $per stay as they are" awk '!/^#/ { for (k = 1; k <= NF; k++) if ($k != 2.5) exit 1 }' learnt-delays/fixed-$per/delays-1.dat
done
check "of the same delays all have the same decisions" sh -c "cmp learnt-delays/fixed-synapse/confusion.dat learnt-delays/fixed-axon/confusion.dat &&
    cmp learnt-delays/fixed-synapse/confusion.dat learnt-delays/fixed-dendrite/confusion.dat"

# With the loss maximum outputs of the same delays have the same maxima, whoever has them.
for per in synapse axon dendrite; do
    points learnt-delays/maximum.yaml "rate: 1" "delays: {per: $per, initial: 2.5}"
    sed -i 's/^loss.*/loss: {maximum: {scale: 1.0}}/' learnt-delays/maximum.yaml
    check "maxima with a delay per $per" "$program" train learnt-delays/maximum.yaml -o learnt-delays/maximum-$per -q
done
check "of the same delays all have the same maxima" sh -c "cmp learnt-delays/maximum-synapse/confusion.dat learnt-delays/maximum-axon/confusion.dat &&
    cmp learnt-delays/maximum-synapse/confusion.dat learnt-delays/maximum-dendrite/confusion.dat"

points wrong.yaml "delays: {per: neuron, initial: 1}" "rate: 1"
refuse 2 "wrong\.yaml:6: .*'neuron' is none of synapse, axon, dendrite" train wrong.yaml -o new
points wrong.yaml "delays: {per: axon}" "rate: 1"
refuse 2 "wrong\.yaml:6: .*initial" train wrong.yaml -o new
points wrong.yaml "delays: {initial: 1, min: 3, max: 2}" "rate: 1"
refuse 2 "wrong\.yaml:6: .*max is 2 ms; it must be at least min, 3 ms" train wrong.yaml -o new
points wrong.yaml "delays: {initial: 1, min: -1}" "rate: 1"
refuse 2 "wrong\.yaml:6: .*min" train wrong.yaml -o new
points wrong.yaml "delays: {initial: {uniform: [2, 1]}}" "rate: 1"
refuse 2 "wrong\.yaml:6: .*delays" train wrong.yaml -o new
points wrong.yaml "rate: 1" "rate: 1"
sed -i -e 's/validation: 50/validation: 0/' -e 's/^average/keep: best\n&/' wrong.yaml
refuse 2 "wrong\.yaml.*keep: .* data\.validation" train wrong.yaml -o new
points wrong.yaml "rate: 1" "rate: 1"
sed -i 's/\[42, 41, 40\]/[42, 41]/' wrong.yaml
refuse 2 "wrong\.yaml:2: .*three seeds" train wrong.yaml -o new

# A checkpoint has room for all that is learnt: weights, delays and thresholds of five layers, means, the best epoch.
of="delays: {initial: 1.0, rate: 0.05}"
hidden="  - {size: 6, weight: {normal: [900.0, 600.0]}, $of, parameters: {V_th: {rate: 0.05, min: -65.0, max: -40.0}}}"
points learnt-delays/deep.yaml "$of" "$of"
sed -i -e "s/^  - {size: 12.*/$hidden\n$hidden\n$hidden\n$hidden/" -e 's/^average/keep: best\n&/' learnt-delays/deep.yaml
check "five layers with all that is learnt" "$program" train learnt-delays/deep.yaml -o learnt-delays/deep -q
check "and a test of them" "$program" test learnt-delays/deep.yaml learnt-delays/deep -q

# Of several networks the best one in validation goes on: the epochs of all are rows of one curve.
points learnt-delays/candidates.yaml "$of" "$of"
sed -i -e 's/^epochs.*/epochs: 8/' -e 's/^average/candidates: {networks: 3, epochs: 2}\n&/' learnt-delays/candidates.yaml
check "three networks" "$program" train learnt-delays/candidates.yaml -o learnt-delays/candidates -q
check "the best one's next epoch is better than all before" awk '!/^#/ { n++; if (n <= 6) { if ($4 < best || n == 1) best = $4 } else if ($4 < best) better = 1 }
    END { exit !(n == 8 && better) }' learnt-delays/candidates/learning.dat
check "what was tried stands in the summary" grep -q '"candidates_networks": 3' learnt-delays/candidates/summary.json
sed 's/networks: 3/networks: 5/' learnt-delays/candidates.yaml > wrong.yaml
refuse 2 "wrong\.yaml.*candidates: all together take more passes than epochs" train wrong.yaml -o new
sed 's/validation: 50/validation: 0/' learnt-delays/candidates.yaml > wrong.yaml
refuse 2 "wrong\.yaml.*candidates: .*data\.validation" train wrong.yaml -o new
