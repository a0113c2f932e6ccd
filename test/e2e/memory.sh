# Memory that runs out: whichever allocation fails, alone or with all that follow, a command ends with status 1 and a message,
# or with the right result. Part of test/e2e.sh. PM_STARVE=1 lets every allocation fail, in place of a sample.

mkdir starving
(
    cd starving || exit 1
    printf '0 1.0\n1 2.0\n0 3\n1 4\n0 5\n' > in.dat
    printf '9000 4000\n4000 9000\n5000 5000\n' > w.dat
    printf '0 0 6000 1\n1 1 6000 1\n2 0 9000 2\n' > synapses.dat
    cat > network.yaml << END
duration: 20
seed: 3
neuron: {t_ref: 2}
populations:
  - {name: given, size: 2, source: {spikes: in.dat}}
  - {name: noise, size: 3, source: {poisson: {rate: 500}}}
  - {name: cells, size: 3, neuron: {tau_1: 5, tau_2: 1.25}}
  - {name: out, size: 2}
projections:
  - {from: given, to: cells, connect: all_to_all, weight: {file: w.dat}, delay: 1.5}
  - {from: noise, to: cells, connect: {fixed_indegree: 2}, weight: {normal: [3000, 10]}, delay: {uniform: [0.5, 1.5, 0.1]}}
  - {from: cells, to: out, connect: {file: synapses.dat}}
  - {from: cells, to: cells, connect: {pairwise_bernoulli: 0.5}, weight: -100, delay: {uniform: [1, 2]}}
record:
  spikes: [cells, out]
  potential:
    - {population: cells, neurons: [0, 1], interval: 1.0}
END
    sed -e 's/name: noise.*/name: noise, size: 3, source: {spikes: in.dat}}/' -e '/from: noise/d' network.yaml > plain.yaml
    sed -e '/from: cells, to: cells/d' plain.yaml > nest.yaml
    cat > general.yaml << END
duration: 20
receptors: {ampa: {tau_1: 2.0, tau_2: 0.5}, gaba: {tau: 8.0}}
populations:
  - {name: noise, size: 3, source: {poisson: {rate: 500}}}
  - {name: cells, size: 3, neuron: {V_th: {uniform: [14.0, 16.0]}}, threshold: [{jump: 1.0, tau: 10.0}], reset: {subtract: 10.0}}
projections:
  - {from: noise, to: cells, connect: {fixed_indegree: 2, multapses: no}, weight: 9000, delay: 1, receptor: ampa, synapse: {tsodyks: {U: 0.9, u: 0.9, tau_rec: 5}}}
  - {from: cells, to: cells, connect: {fixed_outdegree: 1}, weight: -100, delay: 1, receptor: gaba}
currents: [{population: cells, steps: [[2.0, 500.0], [12.0, 0.0]]}]
record: {spikes: [cells], current: [{population: cells, neurons: [0], interval: 1.0, receptor: gaba}]}
END
    sed 's/, synapse: .*/}/' general.yaml > static.yaml
    sed -e 's/^trials.*/trials: 2/' -e 's/^iterations.*/iterations: 3/' "$here/data/experiments/xor.yaml" > xor.yaml
    sed -e 's/^trials.*/trials: 1/' -e 's/^iterations.*/iterations: 2/' -e 's/^rule.*/rule: exact_gradient/' \
        "$here/data/experiments/receptors-xor.yaml" > receptors.yaml
    printf 'experiment: xor.yaml\nseed: 7\nsamples: 3\ntrials: 1\niterations: 2\nrounds: 2\n%s\n' \
        'vary: {rule.normad.step: {log_uniform: [5.0, 60.0]}, rule.normad.approach: {choice: [0.5, 1.0]}}' > search.yaml
    sed -e 's/{yin_yang.*/{yin_yang: {}, train: 8, validation: 4, test: 4}/' \
        -e 's/size: 200,/size: 6, delays: {per: synapse, initial: {uniform: [0, 2]}, rate: 0.1},/' \
        -e 's/size: 3,/size: 3, delays: {per: axon, initial: 1, rate: 0.1},/' -e 's/^epochs.*/epochs: 1/' -e 's/^batch.*/batch: 4/' "$here/data/experiments/yin-yang.yaml" > points.yaml
    { # pictures of 8 x 8, a bright bar in each
        printf '\0\0\010\003\0\0\0\040\0\0\0\010\0\0\0\010'
        for k in 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7; do
            printf "%$((8 * k))s%8s%$((56 - 8 * k))s" '' xxxxxxxx '' | tr ' ' '\000'
        done
    } > images
    { printf '\0\0\010\001\0\0\0\040' && printf '%32s' '' | tr ' ' '\001'; } > labels
    cat > common.yaml << END
seed: 1
data: {idx: {images: images, labels: labels, test_images: images, test_labels: labels}, train: 12, validation: 4, test: 4}
layers: [6, 10]
epochs: 1
batch: 4
rate: 0.001
END
    { cat common.yaml && echo 'model: {lee: {input_spikes: 50}}'; } > lee.yaml
    { cat common.yaml && echo 'model: {stbp: {steps: 3}}'; } > stbp.yaml
    {
        sed '/^layers/d' common.yaml
        echo 'duration: 30.0'
        echo 'coding: {latency: {threshold: 0.05, from: 2.5, to: 12.5}, bias: 0.0, opposition: 4.0}'
        echo 'receptors: {fast: {tau: 3.0}, slow: {alpha: 4.0}}'
        echo 'layers: [{size: 6, field: 2, receptor: {fast: 60, slow: 5}, weight: {normal: [9000.0, 240.0]}, dropout: 0.2}, {size: 10, weight: {normal: [0, 50]}}]'
        echo 'loss: {discounted: {scale: 0.6, tau: 5.0}}'
    } > fields.yaml
    sed -e '/^receptors/d' -e 's/field: 2, receptor: {[^}]*}, weight: {normal: .9000.0, 240.0.}/field: 2, weight: {normal: [9000.0, 240.0]}/' \
        fields.yaml > patches.yaml
    sed 's/{size: 6, field: 2/{convolution: {channels: 2, size: 3, pool: 2}/' patches.yaml > kernels.yaml
)

# starve NAME SAMPLE FOLDER ARGUMENTS...: the command writes into FOLDER; every SAMPLE-th allocation is tried.
starve() {
    what=$1
    sample=${PM_STARVE:-$2}
    made=$3
    shift 3
    rm -rf "$made" && [ ! -d ready ] || cp -r ready "$made"
    PM_FAIL_COUNT=$PWD/count LD_PRELOAD=$work/allocations.so "$program" "$@" > right.out 2> right.err || {
        fail "starving: $what: $(cat right.err)"
        return
    }
    asked=$(cat count)
    settle "$made" right
    bad=0
    at=1
    while [ "$at" -le "$asked" ]; do
        for on in 0 1; do
            rm -rf "$made" && [ ! -d ready ] || cp -r ready "$made"
            timeout 60 env "PM_FAIL_AT=$at" "PM_FAIL_ON=$on" "LD_PRELOAD=$work/allocations.so" "$program" "$@" > out 2> err
            got=$?
            if [ $got -eq 0 ]; then
                settle "$made" got
                cmp -s right.result got.result && continue
                echo "$what: allocation $at of $asked fails (on: $on): status 0, another result"
                diff right.result got.result | head -n 5
            elif [ $got -eq 1 ] && [ -s err ]; then
                continue
            else
                echo "$what: allocation $at of $asked fails (on: $on): status $got: $(cat err)"
            fi
            bad=$((bad + 1))
        done
        at=$((at + sample))
    done
    if [ $bad -eq 0 ]; then pass; else fail "starving: $what: $bad of the failures"; fi
}
# All that a command left, but for times and the room that it took.
settle() {
    { [ ! -e "$1" ] || (cd "$(dirname "$1")" && find "$(basename "$1")" -type f | LC_ALL=C sort | while read -r file; do
        echo "== $file"
        case $file in
        *checkpoint* | *.png | *.svg) ;;
        *learning.dat | *validation.dat) sed 's/ [^ ]*$//' "$file" ;;
        *) sed -e '/seconds"/d' -e '/"peak_megabytes"/d' -e '/"total":/d' -e '/_ns"/d' "$file" ;;
        esac
    done); } > "$2.result"
}

# A sanitizer takes address space, and allocates by itself.
sanitised=$(nm -D "$program" | grep -c __asan_init)
if [ "$sanitised" -eq 0 ]; then
    # shellcheck disable=SC2086
    check "starving: what makes allocations fail" \
        ${CC:-cc} -shared -fPIC -O1 -o allocations.so "$here/test/e2e/preload/allocations.c" -ldl
    cd starving || exit 1
    OMP_NUM_THREADS=1
    export OMP_NUM_THREADS
    starve "run" 83 o run network.yaml -o o
    starve "run general neurons" 83 o run general.yaml -o o
    starve "run by the clock" 83 o run plain.yaml -o o --engine clock --dt 0.5
    starve "run with checkpoints" 83 o run network.yaml -o o --checkpoint-every 8
    starve "train" 283 o train xor.yaml -o o -j 1 -q
    starve "train with receptors" 283 o train receptors.yaml -o o -j 1 -q
    starve "search" 787 o search search.yaml -o o -j 1 -q
    starve "train a classifier" 109 o train points.yaml -o o -q
    sed 's/{discounted.*/{first_spike: {scale: 1.0, climb: 1.0}}/' fields.yaml > pseudospikes.yaml
    starve "train with pseudospikes" 109 o train pseudospikes.yaml -o o -q
    starve "train with fields" 109 o train fields.yaml -o o -q
    starve "train with fields in patches" 109 o train patches.yaml -o o -q
    starve "train with convolutions" 109 o train kernels.yaml -o o -q
    mkdir kernels && "$program" train kernels.yaml -o kernels -q
    starve "leave a network" 83 net test kernels.yaml kernels --network net -q
    starve "train by Lee's rule" 83 o train lee.yaml -o o -q
    starve "train by STBP" 83 o train stbp.yaml -o o -q
    mkdir trained && "$program" train points.yaml -o trained -q
    starve "test" 83 o test points.yaml trained -o o -q
    cp -r trained ready
    starve "go on with training" 109 o train points.yaml -o o -q --resume
    rm -rf ready
    "$program" run network.yaml -o before -q
    cp -r before ready
    starve "plot" 499 o plot o
    rm -rf ready
    starve "compare" 5 o compare before/spikes-cells.dat before/spikes-out.dat
    starve "validate" 283 o validate plain.yaml -o o -q --smallest 0.5 --schemes exact-grid,rk-cubic
    starve "export to Brian2" 83 exported.py export network.yaml --to brian2 -o exported.py
    starve "export to NEST" 83 exported.py export nest.yaml --to nest -o exported.py
    starve "export of general neurons" 83 exported.py export static.yaml --to brian2 -o exported.py
    starve "camera" 37 o camera -i images -l labels -n 3 -o o -q
    unset OMP_NUM_THREADS
    cd ..
fi
