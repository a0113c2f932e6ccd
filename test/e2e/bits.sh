# The same bits whatever the processor: without its fused multiply-add and wide registers in the C library, and from
# another build of the program. Part of test/e2e.sh.

# --- bits -------------------------------------------------------------------------------------------------------------

mkdir bits
cat > bits/network.yaml << 'END'
duration: 40.0
seed: 3
neuron: {C_m: 300.0, g_L: 30.0, E_L: -70.0, V_th: -50.0, V_reset: -65.0, t_ref: 2.0, tau_1: 5.0, tau_2: 1.25}
populations:
  - {name: a, size: 200, source: {poisson: {rate: 100.0}}}
  - {name: b, size: 100}
projections:
  - {from: a, to: b, connect: {pairwise_bernoulli: 0.3}, weight: {normal: [600.0, 60.0]}, delay: {uniform: [0.1, 3.0]}}
  - {from: b, to: b, connect: {pairwise_bernoulli: 0.1}, weight: {normal: [-100.0, 60.0]}, delay: 1.5}
END
# The first 400 = 256 * 1 + 144 digits.
{
    printf '\0\0\010\003\0\0\001\220\0\0\0\034\0\0\0\034'
    gzip -dc "$here/data/mnist/train-images-idx3-ubyte.gz" | tail -c +17 | head -c $((400 * 784))
} > bits/pictures
{
    printf '\0\0\010\001\0\0\001\220'
    gzip -dc "$here/data/mnist/train-labels-idx1-ubyte.gz" | tail -c +9 | head -c 400
} > bits/labels
cat > bits/stbp.yaml << 'END'
model: {stbp: {steps: 6}}
data: {idx: {images: pictures, labels: labels, test_images: pictures, test_labels: labels},
       train: 200, validation: 100, test: 100,
       deform: {shift: 1.0, rotate: 10.0, scale: 0.1, elastic: {strength: 30.0, smoothness: 5.0}}}
layers: [40, 20, 10]
epochs: 3
batch: 20
optimiser: adam
rate: 0.005
END
sed 's/steps: 6/steps: 6, reset: exponential, input: current/' bits/stbp.yaml > bits/exponential.yaml
sed 's/^model.*/model: {lee: {input_spikes: 500}}/' bits/stbp.yaml > bits/lee.yaml
{
    sed '/^model/d; /^layers/d; /^optimiser/d; s/^rate.*/rate: 6.0/' bits/stbp.yaml
    cat << 'END'
duration: 30.0
coding: {latency: {threshold: 0.2, from: 2.0, to: 12.0}, bias: 0.0, dropout: 0.1, opposition: 0.5}
neuron: {C_m: 300.0, g_L: 15.0, E_L: -70.0, V_th: -50.0, V_reset: -70.0}
layers: [{size: 30, field: 2, weight: {normal: [100.0, 400.0]}, dropout: 0.2}, {size: 10, weight: {normal: [100.0, 300.0]}}]
loss: {discounted: {scale: 0.3, tau: 5.0}}
slope_floor: 2.0
average: 0.9
activity: {lowest: 1.0, highest: 3.0, lift: 1.0}
END
} > bits/exact.yaml
sed 's/^loss.*/loss: {maximum: {scale: 2.0}}/' bits/exact.yaml > bits/maximum.yaml
# bits PROGRAM FOLDER: results of every kind; what is left of them depends on the input alone.
bits() {
    "$1" run bits/network.yaml -o "$2/network" -q &&
        "$1" train "$here/data/experiments/xor.yaml" --trials 1 -i 40 -o "$2/xor" -q &&
        "$1" train "$here/data/experiments/layers-1.yaml" --trials 1 -i 4 -o "$2/layers" -q &&
        "$1" camera --images bits/pictures --labels bits/labels --count 4 -o "$2/recordings" -q || return 1
    for rule in chronotron exact_gradient finite_precision multilayer_resume psd resume span spikeprop-all; do
        "$1" train "$here/data/experiments/single-$rule.yaml" --trials 1 -i 4 -o "$2/$rule" -q || return 1
    done
    for model in exact maximum stbp exponential lee; do
        "$1" train bits/$model.yaml -o "$2/$model" -q || return 1
        awk '{ $NF = ""; print }' "$2/$model/learning.dat" > "$2/$model/learning.curve" # without the seconds
    done
    find "$2" -name summary.json -o -name checkpoint.bin -o -name learning.dat -o -name 'trial*.dat' -o -name 'trial*.bin' | xargs rm -f
}
check "results of every kind" bits "$program" bits/here
check "the networks fire" awk 'FNR > 1 && $7 < 1 { bad = 1 } END { exit bad }' bits/here/exact/learning.curve bits/here/maximum/learning.curve
check "there are many" test "$(find bits/here -type f | wc -l)" -gt 100
GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2,-AVX512F
export GLIBC_TUNABLES
check "results without wide registers in the C library" bits "$program" bits/plain
unset GLIBC_TUNABLES
check "the same bits without them" diff -rq bits/here bits/plain
# The program of `make check` under the sanitizers has no code for wide registers but in products.
other=$(dirname "$program")/../release/punctum
if [ "$(basename "$(dirname "$program")")" != release ] && [ -x "$other" ] &&
    [ -z "$(find "$here/src" "$here/include" -newer "$other" -print -quit)" ]; then
    check "results of the release" bits "$other" bits/release
    check "the same bits from the release" diff -rq bits/here bits/release
fi
# test/reference/bits has what every processor is to give; whoever changes bits on purpose puts bits/sums in its place.
for result in bits/here/*; do
    sum=$(cd "$result" && find . -type f ! -name README.md | LC_ALL=C sort | xargs cat | sha256sum | cut -d' ' -f1)
    echo "$(basename "$result") $sum"
done > bits/sums
check "the bits on record" diff "$here/test/reference/bits" bits/sums
