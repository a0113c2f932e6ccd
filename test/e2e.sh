#!/bin/sh
# The program from outside: results against reference networks, bits that do not depend on threads, every kind of bad input.
# Usage: test/e2e.sh PROGRAM. Ends with 'N passed, N failed'.
set -u
program=$(realpath "$1")
here=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0
failed=0

pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    echo "test/e2e.sh: $1"
}
# check WHAT COMMAND...: the command succeeds.
check() {
    what=$1
    shift
    if "$@" > out 2> err; then pass; else
        fail "$what"
        cat out err
    fi
}
# refuse STATUS PATTERN ARGUMENTS...: the program ends with that status, says in one line what matches, and leaves nothing in new/.
refuse() {
    status=$1
    pattern=$2
    shift 2
    rm -rf new
    "$program" "$@" > out 2> err
    got=$?
    if [ $got -ne "$status" ]; then
        fail "'punctum $*': exit status $got, not $status"
        cat err
    elif ! grep -Eq "$pattern" err; then
        fail "'punctum $*': the message does not match '$pattern'"
        cat err
    elif [ -d new ] && [ -n "$(find new -type f)" ]; then
        fail "'punctum $*': leaves $(find new -type f)"
    else pass; fi
}
# network TEXT...: writes network.yaml, refused with a message that matches $1.
refuse_network() {
    pattern=$1
    cat > network.yaml
    refuse 2 "network\.yaml:[0-9]+: .*$pattern" run network.yaml -o new
}

# --- reference networks -----------------------------------------------------------------------------------------------

for name in feedforward recurrent; do
    reference=$here/test/reference/$name
    check "$name runs" "$program" run "$reference/network.yaml" -o "$name"
    for file in "$reference"/spikes-*.dat; do
        population=$(basename "$file" .dat | sed 's/^spikes-//')
        check "$name: $population agrees with NEST within 1e-9 ms" \
            "$program" compare --tolerance 1e-9 "$file" "$name/spikes-$population.dat"
    done
done

# --- the same bits -----------------------------------------------------------------------------------------------------

demo=$here/data/demo/network.yaml
check "demo, one thread" "$program" run "$demo" -o one --threads 1 --quiet
check "demo, two threads" "$program" run "$demo" -o two --threads 2 --quiet
check "demo, three threads" "$program" run "$demo" -o three --threads 3 --quiet
for file in one/*.dat; do
    check "$file is the same for two threads" cmp "$file" "two/$(basename "$file")"
    check "$file is the same for three threads" cmp "$file" "three/$(basename "$file")"
done
check "demo, another seed" "$program" run "$demo" -o other --seed 2 --quiet
check "another seed gives other spikes" sh -c '! cmp -s one/spikes-excitatory.dat other/spikes-excitatory.dat'
check "nothing temporary stays" test -z "$(find one -name '.*' -type f)"
check "the summary is complete" grep -q '"complete": true' one/summary.json

# --- pictures ----------------------------------------------------------------------------------------------------------

check "plot" "$program" plot one
for picture in raster potential-excitatory potential-inhibitory; do
    check "$picture.svg" grep -q '</svg>' "one/$picture.svg"
    check "$picture.png" sh -c "head -c 8 one/$picture.png | grep -q PNG"
done
check "plot of a part" "$program" plot one --from 100 --to 200
mkdir empty
refuse 2 "summary.json" plot empty
refuse 2 "summary.json" plot nowhere

# --- interruption ------------------------------------------------------------------------------------------------------

cat > long.yaml << 'EOF'
duration: 1e9
populations: [{name: cells, size: 20, neuron: {I_e: 5000.0, t_ref: 2.0}}]
EOF
"$program" run long.yaml -o long > out 2> message &
child=$!
while ! [ -s long/.spikes-cells.dat.partial ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
kill -INT $child
wait $child
check "an interrupted run ends with status 1" test $? -eq 1
check "it says how far it came" grep -Eq 'stopped at [0-9.e+]+ ms of 1e\+09 ms' message
check "its summary says so" grep -q '"complete": false' long/summary.json
reached=$(sed -n 's/.*stopped at \([0-9.e+]*\) ms.*/\1/p' message)
check "the same as far as it came" "$program" run long.yaml -o short --duration "$reached"
check "an interrupted run leaves what a run up to there leaves" cmp long/spikes-cells.dat short/spikes-cells.dat

# --- checkpoints -------------------------------------------------------------------------------------------------------

# Sources of both kinds, one of them private to its targets, layers without delay, loops, delays long and short.
cat > resumed.yaml << 'EOF'
duration: 1e9
seed: 5
neuron: {t_ref: 2.0}
populations:
  - {name: in, size: 30, source: {poisson: {rate: 30.0}}}
  - {name: drive, size: 40, source: {poisson: {rate: 4000.0}}}
  - {name: cells, size: 40, neuron: {tau_1: 4.0}}
  - {name: others, size: 10, neuron: {I_e: 2800.0}}
projections:
  - {from: in, to: cells, connect: {pairwise_bernoulli: 0.2}, weight: {normal: [400.0, 100.0]}, delay: {uniform: [0.5, 9.0]}}
  - {from: drive, to: cells, connect: one_to_one, weight: 270.0, delay: 1.5}
  - {from: cells, to: cells, connect: {fixed_indegree: 8}, weight: {uniform: [-900.0, 300.0]}, delay: {uniform: [1.0, 3.0, 0.1]}}
  - {from: cells, to: others, connect: {fixed_indegree: 10}, weight: 60.0}
  - {from: others, to: cells, connect: {fixed_indegree: 5}, weight: -150.0, delay: 20.0}
record: {spikes: [in, cells, others], potential: [{population: cells, neurons: [0, 7], interval: 0.5}, {population: others, neurons: [3], interval: 1.0}]}
EOF
# until_checkpoint SIGNAL ARGUMENTS...: runs resumed.yaml until there is a checkpoint later than mark, then sends the signal.
until_checkpoint() {
    signal=$1
    shift
    touch mark
    "$program" run resumed.yaml -o resumed-run --checkpoint-every 7 --quiet "$@" > out 2> message &
    child=$!
    while ! [ resumed-run/checkpoint -nt mark ] && kill -0 $child 2> /dev/null; do sleep 0.01; done
    kill "-$signal" $child
    wait $child 2> /dev/null
}
until_checkpoint KILL --threads 1
check "a killed run leaves no finished file" test -z "$(find resumed-run -name '*.dat')"
until_checkpoint KILL --resume --threads 2
refuse 2 'belongs to another network, or to another seed' run resumed.yaml -o resumed-run --resume --seed 6
cp resumed-run/checkpoint kept
head -c 1000 kept > resumed-run/checkpoint
refuse 2 "resumed-run/checkpoint: the checkpoint is cut short" run resumed.yaml -o resumed-run --resume
head -c 20 kept > resumed-run/checkpoint
refuse 2 "resumed-run/checkpoint: the checkpoint is cut short" run resumed.yaml -o resumed-run --resume
(head -c 700 kept && printf 'damaged' && tail -c +708 kept) > resumed-run/checkpoint
refuse 2 "resumed-run/checkpoint: the checkpoint is damaged" run resumed.yaml -o resumed-run --resume
echo 'something else' > resumed-run/checkpoint
refuse 2 "resumed-run/checkpoint: this is no checkpoint" run resumed.yaml -o resumed-run --resume
cp kept resumed-run/checkpoint
sed 's/-150.0/-151.0/' resumed.yaml > changed.yaml
refuse 2 "belongs to another network" run changed.yaml -o resumed-run --resume
mv resumed-run/.spikes-cells.dat.partial spikes-kept
refuse 2 "spikes-cells.dat: the run cannot go on, for its file is missing" run resumed.yaml -o resumed-run --resume
head -c 10 spikes-kept > resumed-run/.spikes-cells.dat.partial
refuse 2 "spikes-cells.dat.partial: the run cannot go on, for its file is shorter" run resumed.yaml -o resumed-run --resume
cp spikes-kept resumed-run/.spikes-cells.dat.partial
until_checkpoint INT --resume
check "an interrupted run says how to go on" grep -q 'the same command with --resume goes on' message
"$program" run resumed.yaml -o resumed-run --resume --duration 1 > out 2> message
check "a checkpoint beyond the end is refused" grep -q 'beyond the end at 1 ms' message
reached=$(sed -n 's/.* is at \([0-9.e+]*\) ms, beyond.*/\1/p' message | awk '{ printf "%.17g", $1 + 100 }')
check "the run goes on to its end" "$program" run resumed.yaml -o resumed-run --resume --duration "$reached" --quiet
check "the same without interruption" "$program" run resumed.yaml -o straight --duration "$reached" --threads 1 --quiet
for file in straight/*.dat; do
    check "$file is the same after kill -9, interruption and resumption" cmp "$file" "resumed-run/$(basename "$file")"
done
check "cells fired" test "$(wc -l < straight/spikes-cells.dat)" -gt 100
for file in straight resumed-run; do sed '/_seconds/d; /peak_megabytes/d' $file/summary.json > $file.summary; done
check "the summaries are the same" cmp straight.summary resumed-run.summary
check "nothing temporary stays" test -z "$(find resumed-run -name '.*' -o -name checkpoint -type f)"
check "--resume begins where there is no checkpoint" "$program" run "$demo" -o fresh --resume --checkpoint-every 100 --quiet
check "with the same results" cmp fresh/spikes-excitatory.dat one/spikes-excitatory.dat
refuse 2 "belong to the event-driven engine" run "$demo" -o new --engine clock --resume

# --- several processes -------------------------------------------------------------------------------------------------

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# ranks R ARGUMENTS...: the program on R ranks; what Open MPI itself leaks is not looked at.
ranks() {
    n=$1
    shift
    ASAN_OPTIONS=detect_leaks=0 mpirun -n "$n" --oversubscribe "$program" "$@"
}
# A rank of the mpirun that is running as $child.
rank_of_child() { cut -d ' ' -f 1 "/proc/$child/task/$child/children"; }

check "one rank" "$program" run resumed.yaml -o ranks1 --duration 300 --threads 1 --quiet
for n in 2 3; do
    check "$n ranks" ranks $n run resumed.yaml -o ranks$n --duration 300 --quiet
    for file in ranks1/*.dat; do
        check "$file is the same for $n ranks" cmp "$file" "ranks$n/$(basename "$file")"
    done
    for folder in ranks1 ranks$n; do
        sed '/_seconds/d; /peak_megabytes/d; /"ranks"/d; /"bytes"/d' $folder/summary.json > $folder.summary
    done
    check "the summary is the same for $n ranks" cmp ranks1.summary ranks$n.summary
    check "$n ranks leave nothing temporary" test -z "$(find ranks$n -name '.*' -type f)"
    for name in feedforward recurrent; do
        check "$name on $n ranks" ranks $n run "$here/test/reference/$name/network.yaml" -o $name$n --quiet
        for file in "$name"/spikes-*.dat; do
            check "$file is the same for $n ranks" cmp "$file" "$name$n/$(basename "$file")"
        done
    done
done
cat > few.yaml << 'EOF'
duration: 200.0
populations: [{name: cells, size: 2, neuron: {I_e: 4000.0}}, {name: last, size: 1}]
projections:
  - {from: cells, to: cells, connect: all_to_all, weight: 500.0, delay: 1.5}
  - {from: cells, to: last, connect: all_to_all, weight: 9000.0}
EOF
check "few neurons" "$program" run few.yaml -o few --quiet
check "more ranks than neurons" ranks 5 run few.yaml -o few5 --quiet
for population in cells last; do
    check "spikes of $population are the same for 5 ranks" cmp few/spikes-$population.dat few5/spikes-$population.dat
    check "$population fire" test "$(wc -l < few/spikes-$population.dat)" -gt 5
done

# What goes wrong is told once, ends all ranks, and leaves nothing.
cat > cycle.yaml << 'EOF'
duration: 10.0
populations: [{name: cells, size: 7}]
projections: [{from: cells, to: cells, connect: all_to_all, weight: 1.0}]
EOF
cat > runaway.yaml << 'EOF'
duration: 50.0
populations: [{name: calm, size: 5}, {name: wild, size: 5, neuron: {I_e: 4000.0}}]
projections: [{from: wild, to: wild, connect: one_to_one, weight: 1e300, delay: 0.001}]
EOF
for case in missing:2:missing.yaml cycle:2:'form a cycle' runaway:1:'runaway activity: neuron wild'; do
    name=${case%%:*}
    status=${case#*:}
    rm -rf new
    ranks 3 run "$name.yaml" -o new > out 2> message
    check "$name on three ranks: exit status" test $? -eq "${status%%:*}"
    check "$name on three ranks: the message comes once" test "$(grep -c "^punctum: .*${case##*:}" message)" -eq 1
    check "$name on three ranks: nothing is left" test -z "$(find new -type f 2> /dev/null)"
done
mkdir full
ln -s /dev/full full/.spikes-cells.dat.partial
ranks 3 run "$here/test/reference/recurrent/network.yaml" -o full > out 2> message
check "a full disk ends three ranks with status 1" test $? -eq 1
check "a full disk is named on three ranks" grep -q "No space left" message
check "a full disk leaves nothing of three ranks" test -z "$(find full -type f -o -type l)"
rm -r full

# A rank is killed; the run goes on from the checkpoint.
ASAN_OPTIONS=detect_leaks=0 mpirun -n 3 --oversubscribe "$program" run resumed.yaml -o killed --checkpoint-every 7 > out 2> message &
child=$!
while ! [ -s killed/checkpoint ] && kill -0 $child 2> /dev/null; do sleep 0.01; done
kill -KILL "$(rank_of_child)"
wait $child
check "a rank that is killed ends the run" test $? -ne 0
check "with a message of its own" grep -qi 'killed' message
ranks 3 run resumed.yaml -o killed --resume --duration 1 > out 2> message
reached=$(sed -n 's/.* is at \([0-9.e+]*\) ms, beyond.*/\1/p' message | awk '{ printf "%.17g", $1 + 100 }')
refuse 2 "one of a run on 3 ranks, not 1; go on with as many: mpirun -n 3" run resumed.yaml -o killed --resume
check "three ranks go on" ranks 3 run resumed.yaml -o killed --resume --duration "$reached" --quiet
check "the same on one rank without interruption" "$program" run resumed.yaml -o unkilled --duration "$reached" --quiet
for file in unkilled/*.dat; do
    check "$file is the same after the death of a rank" cmp "$file" "killed/$(basename "$file")"
done

# --- a disk that is full -----------------------------------------------------------------------------------------------

mkdir full
ln -s /dev/full full/.spikes-cells.dat.partial
"$program" run "$here/test/reference/recurrent/network.yaml" -o full > out 2> message
check "a full disk ends with status 1" test $? -eq 1
check "a full disk is named" grep -q "No space left" message
check "a full disk leaves nothing" test -z "$(find full -type f -o -type l)"

# --- bad calls ---------------------------------------------------------------------------------------------------------

refuse 2 "Usage" 
refuse 2 "no command 'simulate'" simulate
refuse 2 "network file" run
refuse 2 "\-o DIR" run "$demo"
refuse 2 "no such file" run missing.yaml -o new
refuse 2 "folder" run "$work" -o new
refuse 2 "threads" run "$demo" -o new --threads many
refuse 2 "unrecognized" run "$demo" -o new --thread-count 2
echo text > file
refuse 2 "file/new: .*Not a directory" run "$demo" -o file/new
refuse 2 "cannot be written" run "$demo" -o /proc/new
refuse 2 "no such file" compare missing.dat file
refuse 2 "file:1: column 1: 'text' is not a finite number" compare file file
for command in "" run train test bench compare plot; do
    check "help of '$command'" sh -c "'$program' $command --help | grep -qi example"
done
check "version" sh -c "'$program' --version | grep -Eq '^punctum [0-9]+\.[0-9]+\.[0-9]+$'"

# --- bad network files -------------------------------------------------------------------------------------------------

refuse_network "did you mean 'populations'" << 'EOF'
duration: 10.0
poulations: [{name: a, size: 1}]
EOF
refuse_network "'ten' is not a duration in ms" << 'EOF'
duration: ten
populations: [{name: a, size: 1}]
EOF
refuse_network "'\.nan' is not a duration" << 'EOF'
duration: .nan
populations: [{name: a, size: 1}]
EOF
refuse_network "'populations' is missing" << 'EOF'
duration: 10.0
EOF
refuse_network "size: 'many' is not a number of neurons" << 'EOF'
duration: 10.0
populations: [{name: a, size: many}]
EOF
refuse_network "size: '0' is not a number of neurons: it must be a whole number from 1" << 'EOF'
duration: 10.0
populations: [{name: a, size: 0}]
EOF
refuse_network "size: '1e12'" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1e12}]
EOF
refuse_network "tau_2 is 6 ms; it must be smaller than tau_1" << 'EOF'
duration: 10.0
neuron: {tau_2: 6.0}
populations: [{name: a, size: 1}]
EOF
refuse_network "V_reset is 20 mV; it must be below V_th" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1, neuron: {V_reset: 20.0}}]
EOF
refuse_network "C_m: '300 pF' is not a finite number in pF" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1, neuron: {C_m: 300 pF}}]
EOF
refuse_network "C_m: '300' is not" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1, neuron: {C_m: "300"}}]
EOF
refuse_network "there are two populations named 'a'" << 'EOF'
duration: 10.0
populations: [{name: a, size: 1}, {name: a, size: 1}]
EOF
refuse_network "no population 'cell'; did you mean 'cells'" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1}]
projections: [{from: cell, to: cells, connect: all_to_all, weight: 1.0}]
EOF
refuse_network "unknown rule 'all_to_none'" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1}]
projections: [{from: cells, to: cells, connect: all_to_none, weight: 1.0}]
EOF
refuse_network "'weight' is missing" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1}]
projections: [{from: cells, to: cells, connect: all_to_all, delay: 1.0}]
EOF
refuse_network "a delay of -1 ms" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1}]
projections: [{from: cells, to: cells, connect: all_to_all, weight: 1.0, delay: -1.0}]
EOF
refuse_network "the key 'size' stands here twice" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 1, size: 2}]
EOF
refuse_network "this is a list; it must be a map" << 'EOF'
- duration: 10.0
EOF
refuse_network "not YAML" << 'EOF'
duration: [10.0
EOF
refuse_network "a neuron" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 3}]
record: {potential: [{population: cells, neurons: [3], interval: 0.1}]}
EOF
refuse_network "recorded twice" << 'EOF'
duration: 10.0
populations: [{name: cells, size: 3}]
record: {potential: [{population: cells, neurons: [1, 1], interval: 0.1}]}
EOF
refuse_network "the rate of 'in' is -5" << 'EOF'
duration: 10.0
populations: [{name: in, size: 3, source: {poisson: {rate: -5.0}}}]
EOF
: > network.yaml
refuse 2 "network.yaml: the file is empty" run network.yaml -o new

# a cycle without delay, and activity without end
cat > network.yaml << 'EOF'
duration: 10.0
populations: [{name: cells, size: 2}]
projections: [{from: cells, to: cells, connect: all_to_all, weight: 1.0}]
EOF
refuse 2 "cells\[[01]\]" run network.yaml -o new

# --- bad data files ----------------------------------------------------------------------------------------------------

cat > network.yaml << 'EOF'
duration: 10.0
populations:
  - {name: in, size: 3, source: {spikes: input.dat}}
  - {name: cells, size: 2}
projections:
  - {from: in, to: cells, connect: {file: synapses.dat}}
  - {from: in, to: cells, connect: all_to_all, weight: {file: w.dat}, delay: 1.0}
EOF
good() {
    printf '# spikes\n0 1.5\n2 0.5\n' > input.dat
    printf '0 1 100 1.5\n2 0 -50 0\n' > synapses.dat
    printf '1 2 3\n4 5 6\n' > w.dat
}
bad() {
    file=$1
    pattern=$2
    good
    cat > "$file"
    refuse 2 "$pattern" run network.yaml -o new
}
good
check "the same network with good files" "$program" run network.yaml -o good
printf '1.5 0\n' | bad input.dat 'input\.dat:1: .*swapped'
printf '0 1.0\n0 -1\n' | bad input.dat 'input\.dat:2: column 2: -1 ms; times must not be negative'
printf '0 nan\n' | bad input.dat "input\.dat:1: column 2: 'nan' is not a finite number"
printf '0 inf\n' | bad input.dat "input\.dat:1: column 2: 'inf' is not a finite number"
printf '3 1.0\n' | bad input.dat "input\.dat:1: there is no neuron 3: 'in' has 3 neurons"
printf '1\n' | bad input.dat 'input\.dat:1: one column only'
printf '0 1.0 # good\n0 one\n' | bad input.dat "input\.dat:2: column 2: 'one'"
printf '0 0 1 1\0' | bad synapses.dat 'synapses\.dat:1: a zero byte'
printf '0 0 1\n' | bad synapses.dat 'synapses\.dat:1: 3 columns'
printf '0 2 1 1\n' | bad synapses.dat "synapses\.dat:1: column 2: there is no neuron 2: 'cells' has 2 neurons"
printf '0 1 1 -1\n' | bad synapses.dat 'synapses\.dat:1: column 4: -1 ms; delays must not be negative'
printf '1 2\n3 4\n' | bad w.dat "w\.dat:1: 2 columns; one per source is wanted, and 'in' has 3 neurons"
printf '1 2 3\n' | bad w.dat 'w\.dat:1: the file ends after 1 rows; one per target'
printf '1 2 3\n1 2 3\n1 2 3\n' | bad w.dat 'w\.dat:3: one row too many'
good
rm input.dat
refuse 2 'input\.dat: there is no such file' run network.yaml -o new
mkdir input.dat
refuse 2 'input\.dat: this is a folder' run network.yaml -o new

# --- training ----------------------------------------------------------------------------------------------------------

xor=$here/data/experiments/xor.yaml
check "training, one job" "$program" train "$xor" -o train1 --trials 4 --jobs 1 --quiet
check "training, two jobs" "$program" train "$xor" -o train2 --trials 4 --jobs 2 --quiet
for file in trials.dat correlation.dat trials/trial-0003.dat trial-0/outputs.dat trial-0/weights-after-hidden.dat; do
    check "$file is the same for two jobs" cmp "train1/$file" "train2/$file"
done
check "all XOR trials converge" grep -q '"converged": 4' train1/summary.json
for pattern in 0 1 2 3; do
    check "the trained network runs on pattern $pattern" \
        "$program" run "train1/trial-0/network-after-$pattern.yaml" -o trained --quiet
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
rm resumed/trials/trial-0001.dat resumed/trials/trial-0003.dat resumed/trials.dat resumed/summary.json
check "training goes on" "$program" train "$xor" -o resumed --trials 4 --resume --quiet
check "with the same results" cmp resumed/trials.dat train1/trials.dat
check "and the same correlations" cmp resumed/correlation.dat train1/correlation.dat
head -n 20 train1/trials/trial-0002.dat > resumed/trials/trial-0002.dat
refuse 2 'trial-0002\.dat: this is not a complete trial' train "$xor" -o resumed --trials 4 --resume
refuse 2 'trial-0000\.dat: this is not a complete trial of this experiment' train "$xor" -o resumed --trials 4 --resume --seed 5
"$program" train "$here/data/experiments/layers-3.yaml" -o stopped --trials 50 --jobs 1 > out 2> message &
child=$!
while ! [ -s stopped/trials/trial-0000.dat ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
kill -INT $child
wait $child
check "interrupted training ends with status 1" test $? -eq 1
check "it says how to go on" grep -q -- '--resume' message
check "its summary says so" grep -q '"complete": false' stopped/summary.json

for n in 2 3; do
    check "training on $n ranks" ranks $n train "$xor" -o "trained$n" --trials 4 --jobs 1 --quiet
    for file in trials.dat correlation.dat trials/trial-0003.dat trial-0/outputs.dat trial-0/weights-after-hidden.dat; do
        check "$file is the same for $n ranks" cmp "train1/$file" "trained$n/$file"
    done
done
rm trained3/trials/trial-0001.dat trained3/trials/trial-0002.dat trained3/trials.dat trained3/summary.json
check "training on 3 ranks goes on with 2" ranks 2 train "$xor" -o trained3 --trials 4 --resume --quiet
check "with the same results" cmp trained3/trials.dat train1/trials.dat
head -n 20 train1/trials/trial-0002.dat > trained3/trials/trial-0002.dat
ranks 3 train "$xor" -o trained3 --trials 4 --resume > out 2> message
check "a rank that fails ends the run" test $? -eq 2
check "it says why" grep -q 'trial-0002\.dat: this is not a complete trial' message
ranks 2 train missing.yaml -o new > out 2> message
check "bad input ends a run on two ranks" test $? -eq 2
check "it is told once" test "$(grep -c 'missing.yaml: ' message)" -eq 1
# The layers experiment takes minutes; a rank dies as soon as one trial is over.
ASAN_OPTIONS=detect_leaks=0 mpirun -n 2 --oversubscribe "$program" train "$here/data/experiments/layers-3.yaml" -o died \
    --trials 50 --jobs 1 > out 2> message &
child=$!
while ! [ -s died/trials/trial-0000.dat ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
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
wild resume 1e30 'runaway activity: more than 200000 spikes in one layer; neuron 0 at 1\.0'
printf 'duration: 20.0\nlayers: [{name: input, size: 2}, {name: hidden, size: 1, plastic: false, weight: 1e200}, {name: output, size: 1}]\n' > wild.yaml
printf 'problem: %s\ngoal: {within: 1.0}\n' "$given" >> wild.yaml
"$program" train wild.yaml -o burst > message 2>&1
check "a network that runs away from the beginning" test $? -eq 0
check "it is told why" grep -q '1 failed; trial 0: runaway activity' message
check "there are no spikes of it" test -z "$(find burst -name 'spikes-*')"

# weights in files
"$program" train "$xor" -o again --trials 2 --weights train1/trial-0/weights > message 2>&1
check "training begins with weights that were saved" test $? -eq 0
check "they had converged" grep -q '2 of 2 trials converged, 0 iterations' message
for layer in hidden output; do
    check "the weights of $layer are the same" cmp train1/trial-0/weights-after-$layer.dat again/trial-0/weights-before-$layer.dat
done
refuse 2 'trial-0000\.dat: this is not a complete trial of this experiment' train "$xor" -o again --trials 2 --resume
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

# --- validation, and other simulators ----------------------------------------------------------------------------------

small=$here/test/reference/recurrent/network.yaml
for scheme in exact rk; do
    check "time-stepped, $scheme" "$program" run "$small" -o stepped --engine clock --dt 0.01 --scheme $scheme --interpolate -q
    check "time-stepped, $scheme: the spikes of the reference within 1e-6 ms" \
        "$program" compare --tolerance 1e-6 "$here/test/reference/recurrent/spikes-cells.dat" stepped/spikes-cells.dat
done
check "the summary names the scheme" grep -q '"scheme": "rk"' stepped/summary.json
check "time-stepped potentials" "$program" run "$demo" -o stepped --engine clock --dt 0.1 -d 50 -q
check "plot of a time-stepped run" "$program" plot stepped
refuse 2 "belong to --engine clock" run "$demo" -o new --dt 0.1
refuse 2 "there is no 'euler'" run "$demo" -o new --engine clock --scheme euler
check "validate" "$program" validate "$small" -o validation --smallest 0.01
check "order of the cubic scheme" awk '/"scheme": "exact-cubic"/ { getline; split($2, w, ","); exit !(w[1] > 3.5 && w[1] < 4.5) }' \
    validation/summary.json
check "potentials within 1e-9 mV" awk '/largest_difference_mV/ { exit !($2 < 1e-9) }' validation/summary.json
check "plot of a validation" "$program" plot validation
check "validation.png" sh -c "head -c 8 validation/validation.png | grep -q PNG"
refuse 2 "no such file" validate missing.yaml -o new
refuse 2 "there is no 'euler'" validate "$small" --schemes euler
check "export to Brian2" "$program" export "$demo" --to brian2 -o exported/demo.py
check "export to NEST" "$program" export "$small" --to nest -o exported/small.py
check "all synapses are exported" sh -c \
    "grep -v '#' $here/test/reference/recurrent/synapses-cells-cells.dat | wc -l > a; \
     grep -v '#' exported/small-synapses-cells-cells.dat | wc -l > b; cmp a b"
if command -v python3 > /dev/null; then
    for script in demo small; do
        check "$script.py is Python" python3 -c "compile(open('exported/$script.py').read(), '$script.py', 'exec')"
    done
fi
refuse 2 "none of NEST's precise models has these" export "$demo" --to nest -o new/demo.py
refuse 2 "must end with .py" export "$demo" --to brian2 -o new/demo
refuse 2 "would hide the module nest" export "$small" --to nest -o new/nest.py
refuse 2 "brian2 or nest" export "$demo" --to neuron -o new/demo.py
for command in validate export; do
    check "help of '$command'" sh -c "'$program' $command --help | grep -qi example"
done

# --- counts: a private drive, another source, and an end within a slab ---------------------------------------------------

cat > counts.yaml << 'END'
duration: 10.3
populations:
  - {name: drive, size: 50, source: {poisson: {rate: 9000.0}}}
  - {name: input, size: 1, source: {poisson: {rate: 1000.0}}}
  - {name: cells, size: 50}
projections:
  - {from: drive, to: cells, connect: one_to_one, weight: 35.0, delay: 0.5}
  - {from: input, to: cells, connect: all_to_all, weight: 35.0}
END
check "counts of the exact engine" "$program" run counts.yaml -o counts-exact
check "counts of the clock" "$program" run counts.yaml -o counts-clock --engine clock --dt 0.01 --interpolate
for name in source_spikes synaptic_events; do
    check "$name" sh -c "grep $name counts-exact/summary.json > a; grep $name counts-clock/summary.json > b; \
        grep -q '[1-9]' a && cmp a b"
done

# --- search -----------------------------------------------------------------------------------------------------------

search() { cat > search.yaml; }
search << END
experiment: $xor
seed: 7
samples: 6
trials: 2
iterations: 100
rounds: 2
vary:
  layers.hidden.rate: {choice: [0.5, 1.0]}
  rule.normad.step: {log_uniform: [10.0, 40.0]}
  rule.normad.approach: {uniform: [0.3, 0.7]}
END
check "a search" "$program" search search.yaml -o found1 --jobs 1
check "its table has a row per point" test "$(grep -vc '^#' found1/search.dat)" -eq 6
check "values are within their ranges" awk '!/^#/ && ($7 != "0.5" && $7 != "1.0" || $8 < 10 || $8 > 40 || $9 < 0.3 || $9 > 0.7) { exit 1 }' \
    found1/search.dat
check "the better half goes on with twice the trials" sh -c \
    "test \$(awk '!/^#/ && \$2 == 2 && \$3 == 4' found1/search.dat | wc -l) -eq 3 && test \$(awk '!/^#/ && \$2 == 1 && \$3 == 2' found1/search.dat | wc -l) -eq 3"
check "the same search in parallel" "$program" search search.yaml -o found2 --jobs 3 --quiet
check "finds the same" cmp found1/search.dat found2/search.dat
rm found2/search.dat found2/points/point-0002/trial-0001.dat
check "a search goes on" "$program" search search.yaml -o found2 --resume --quiet
check "with the same results" cmp found1/search.dat found2/search.dat
check "what was found is trained" "$program" train found1/best.yaml -o found-trained --trials 2 --quiet
check "with the seed of the experiment" grep -q '^seed: 2020' found1/best.yaml
sed -e '/^samples/d' -e '/step/d' -e 's/uniform: .0.3, 0.7./choice: [0.3, 0.5, 0.7]/' -e 's/^rounds.*/rounds: 1/' \
    -e 's/^trials.*/trials: 1/' -e 's/^iterations.*/iterations: 2/' search.yaml > all.yaml
check "a search of all combinations" "$program" search all.yaml -o found-all --quiet
check "tries each once" test "$(awk '!/^#/ { print $7, $8 }' found-all/search.dat | sort -u | wc -l)" -eq 6
sed -e 's/^trials.*/trials: 100000/' -e 's/^iterations.*/iterations: 100000/' -e 's/step:.*/step: {choice: [1e-9]}/' search.yaml > long.yaml
"$program" search long.yaml -o found-long > out 2> message &
child=$!
while ! [ -d found-long/points ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
kill -INT $child
wait $child
check "an interrupted search ends with status 1" test $? -eq 1
check "it says how to go on" grep -q -- '--resume' message
wrong() {
    pattern=$1
    shift
    sed "$@" search.yaml > wrong.yaml
    refuse 2 "$pattern" search wrong.yaml -o new
}
wrong 'wrong\.yaml:1: experiment: nowhere\.yaml' -e "s|^experiment.*|experiment: nowhere.yaml|"
wrong 'seed: this is the seed of the experiment' -e 's/^seed.*/seed: 2020/'
wrong "say with 'samples: N'" -e '/^samples/d'
wrong 'lowest value must be below' -e 's/10.0, 40.0/40.0, 10.0/'
wrong 'must be positive' -e 's/10.0, 40.0/-1.0, 40.0/'
wrong "unknown key 'guess'" -e 's/choice: .0.5, 1.0./guess: 1/'
wrong "no 'nobody'" -e 's/layers.hidden/layers.nobody/'
wrong 'normad' -e 's/normad.step/normad.stop/'
wrong 'rounds' -e 's/^rounds.*/rounds: 99/'
wrong 'trials' -e 's/^rounds.*/rounds: 16/' -e 's/^trials.*/trials: 1000000/'
wrong 'must be a map|nothing is varied' -e '/^vary/,$d' -e 's/^rounds.*/vary: 3/'
refuse 2 'which search file' search -o new

# --- event cameras ------------------------------------------------------------------------------------------------------

mnist=$here/data/mnist
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
check "so does the help" sh -c "'$program' camera --help | grep -q SYNTHETIC"
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

refuse 2 "which pictures" camera -o new
refuse 2 "where to" camera -i a -l b
refuse 2 "there is no such file" camera -i missing -l missing -o new
refuse 2 "has 10000 images; 20000 are wanted" camera -i "$mnist/t10k-images-idx3-ubyte.gz" \
    -l "$mnist/t10k-labels-idx1-ubyte.gz" -n 20000 -o new
refuse 2 "not a whole number" camera -i a -l b -n 1.5 -o new
refuse 2 "threshold: 0 is not possible" camera -i a -l b -o new --threshold 0
refuse 2 "step: 200 ms is not possible" camera -i a -l b -o new --step 200
refuse 2 "recordings already" camera -i "$mnist/t10k-images-idx3-ubyte.gz" -l "$mnist/t10k-labels-idx1-ubyte.gz" -n 1 \
    -o recordings/Train
refuse 2 "picture 1 makes no event" camera -i "$mnist/t10k-images-idx3-ubyte.gz" -l "$mnist/t10k-labels-idx1-ubyte.gz" -n 1 \
    -o recordings/blind --threshold 9
nmnist 'coding: {latency: {}}'
refuse 2 "the data nmnist needs the coding events" train nmnist.yaml -o new
nmnist 'coding: {events: {compression: 2.0}}'
refuse 2 "the window ends at 50 ms, after the duration of 20 ms" train nmnist.yaml -o new
nmnist 'coding: {events: {compression: -1.0}}'
refuse 2 "coding.events.compression: -1 is not possible" train nmnist.yaml -o new
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
printf 'model: stbp\ndata: {nmnist: {train: recordings/Train, test: recordings/Test}}\nlayers: [10]\n' > nmnist.yaml
refuse 2 "model stbp takes intensities" train nmnist.yaml -o new
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

# --- classification by the models of others, and impulse synapses ------------------------------------------------------

mkdir peers
cat > peers/stbp.yaml << END
model: {stbp: {steps: 6}}
data:
  idx: {images: $here/data/mnist/train-images-idx3-ubyte.gz, labels: $here/data/mnist/train-labels-idx1-ubyte.gz,
        test_images: $here/data/mnist/t10k-images-idx3-ubyte.gz, test_labels: $here/data/mnist/t10k-labels-idx1-ubyte.gz}
  train: 400
  validation: 100
  test: 200
layers: [40, 10]
epochs: 4
batch: 20
optimiser: adam
rate: 0.005
END
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
sed 's/steps: 6/steps: 6.5/' peers/stbp.yaml > peers/wrong.yaml
refuse 2 'steps is 6.5; it must be a whole number' train peers/wrong.yaml -o new
sed 's/steps: 6/stepps: 6/' peers/stbp.yaml > peers/wrong.yaml
refuse 2 "wrong.yaml:1: .*'stepps'" train peers/wrong.yaml -o new
sed 's/input_spikes: 500/relative: maybe/' peers/lee.yaml > peers/wrong.yaml
refuse 2 "wrong.yaml:1: .*relative: 'maybe' is none of the choices: yes: " train peers/wrong.yaml -o new
sed 's/input_spikes: 500/inhibition_output: 1/' peers/lee.yaml > peers/wrong.yaml
refuse 2 'inhibition_output' train peers/wrong.yaml -o new

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
refuse 2 'classes/checkpoint.bin: cannot be read: No such file' test classes/digits.yaml classes -o new
refuse 2 'digits/checkpoint.bin: .*belongs to another experiment or seed' test classes/points.yaml digits -o new
refuse 2 'digits/checkpoint.bin: .*belongs to another experiment or seed' test classes/digits.yaml digits --seed 9 -o new
sed 's/size: 40/size: 41/' classes/digits.yaml > classes/wider.yaml
refuse 2 'digits/checkpoint.bin: .*belongs to another experiment or seed' test classes/wider.yaml digits -o new
refuse 2 'for experiments with data in IDX files' test classes/points.yaml points -i classes/images -l classes/labels-0 -o new
head -c 50 classes/labels-0 > classes/labels-cut
refuse 2 'classes/labels-cut: ' test classes/digits.yaml digits -i classes/images -l classes/labels-cut -o new
mkdir digits-cut
head -c 20 digits/checkpoint.bin > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: byte 20: the file ends within the head' test classes/digits.yaml digits-cut -o new
head -c 100 digits/checkpoint.bin > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: byte 100: the file ends within the epochs' test classes/digits.yaml digits-cut -o new
head -c 5000 digits/checkpoint.bin > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: byte 5000: the file ends within the weights' test classes/digits.yaml digits-cut -o new
(head -c 3000 digits/checkpoint.bin && printf 'damaged' && tail -c +3008 digits/checkpoint.bin) > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: .*the check sum is wrong' test classes/digits.yaml digits-cut -o new
(cat digits/checkpoint.bin && echo more) > digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: .*goes on after its end' test classes/digits.yaml digits-cut -o new
cp classes/images digits-cut/checkpoint.bin
refuse 2 'digits-cut/checkpoint.bin: .*this is no checkpoint' test classes/digits.yaml digits-cut -o new

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
refuse 2 'tau_1 is 0 ms; the time-stepped simulator' run jumps.yaml --engine clock -o new
refuse 2 'tau_1 is 0 ms; the numerical integration' validate jumps.yaml -o new
refuse 2 'tau_1 is 0 ms; the export' export jumps.yaml --to brian2 -o new.py
sed 's/tau_2: 0/tau_2: 1/' jumps.yaml > wrong.yaml
refuse 2 'wrong.yaml:2: neuron.tau_2: tau_2 is 1 ms; it must be 0 where tau_1 is 0' run wrong.yaml -o new
{
    grep -v '^neuron' "$here/data/experiments/xor.yaml"
    echo 'neuron: {tau_1: 0, tau_2: 0}'
} > wrong.yaml
refuse 2 'tau_1 is 0 ms; training wants synaptic currents' train wrong.yaml -o new

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
# The learning curve without times, and all weights.
same_training() {
    for folder in "$1" "$2"; do awk '{ $NF = ""; print }' "$folder/learning.dat" > "$folder.curve"; done
    check "$2: the learning curve of $1" cmp "$1.curve" "$2.curve"
    for file in "$1"/weights-*.dat "$1/confusion.dat"; do
        check "$2/$(basename "$file") is that of $1" cmp "$file" "$2/$(basename "$file")"
    done
}
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
deformed ': shift: -1 is not possible; it must be from 0' '{shift: -1.0}'
deformed '\.shift: ' '{shift: .nan}'
deformed '\.rotate: ' '{rotate: much}'
deformed ': rotate: 200 is not possible' '{rotate: 200}'
deformed ': scale: 1 is not possible; it must be a share' '{scale: 1.0}'
deformed ': elastic.strength: -3 is not possible' '{elastic: {strength: -3.0, smoothness: 2.0}}'
deformed ': elastic.smoothness: 0 is not possible; it must be positive' '{elastic: {strength: 3.0}}'
deformed ": unknown key 'shifts'; did you mean 'shift'" '{shifts: 1.0}'
deformed "\.elastic: unknown key 'sigma'" '{elastic: {sigma: 1.0}}'
deformed ': this is a single value' '3.0'
sed '/^  idx/,/test_images/d; s/^data:/data:\n  yin_yang: {}/' images/exact.yaml > wrong.yaml
refuse 2 "wrong\.yaml:4: data\.deform: the examples of yin_yang are no pictures" train wrong.yaml -o new
sed 's/^layers/  deform: {shift: 1.0, elastic: {strength: 30.0, smoothness: 5.0}}\nlayers/' peers/stbp.yaml > peers/deform.yaml
check "another model on deformed images" "$program" train peers/deform.yaml -o peers-deform -j 1 -q
check "on two threads" "$program" train peers/deform.yaml -o peers-deform-2 -j 2 -q
same_training peers-deform peers-deform-2
check "its first epochs" "$program" train peers/deform.yaml -o peers-deform-3 -i 2 -q
check "go on" "$program" train peers/deform.yaml -o peers-deform-3 --resume -q
same_training peers-deform peers-deform-3
check "deformation makes a difference to it" sh -c '! cmp -s peers-deform/weights-1.dat peers-stbp/weights-1.dat'

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
shared 2 'model stbp is trained by one process, not 5' peers/stbp.yaml
sed 's/^batch.*/batch: 301\nparts: 8/' images/exact.yaml > images/large.yaml
shared 2 'a batch of 301 is larger than the training set of 300' images/large.yaml
shared 1 'training diverged\|runaway activity' images/wild.yaml
shared 2 'checkpoint.bin: cannot be read' images/eight.yaml --resume
check "a number of parts that ranks share unequally" ranks 5 train images/eight.yaml -o images-eight5 -q
check "and one rank" "$program" train images/eight.yaml -o images-eight -q
same_results images-eight images-eight5
# An interruption: the epochs before it are safe.
sed 's/^epochs.*/epochs: 100000/' images/exact.yaml > images/long.yaml
ASAN_OPTIONS=detect_leaks=0 mpirun -n 2 --oversubscribe "$program" train images/long.yaml -o images-long -q > out 2> message &
child=$!
while ! [ -s images-long/learning.dat ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
kill -INT $child
wait $child
check "an interrupted training of two ranks does not succeed" test $? -ne 0
check "it says so once" test "$(grep -c 'the same command with --resume goes on' message)" -eq 1
done=$(tail -n 1 images-long/learning.dat | cut -d ' ' -f 1)
check "it goes on" ranks 2 train images/long.yaml -o images-long -i $((done + 1)) --resume -q

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
desired 'times: [5], tau: 0' 'loss.tau: 0 is not possible'
desired 'times: [5], tau_hat: -1' 'loss.tau_hat: -1 is not possible'
desired 'times: [5], scale: 1' "unknown key 'scale'"
sed 's/^rate.*/rate: 1.0e+300/' trains.yaml > wrong.yaml
refuse 1 'runaway activity: more than 200000 spikes in one layer; neuron' train wrong.yaml -o new
sed 's/normal: .900.0, 600.0/normal: [-900.0, 6.0/; /^activity/d' trains.yaml > wrong.yaml
refuse 1 'no neuron of the network fired' train wrong.yaml -o new

# --- speed, of which nothing is asserted ------------------------------------------------------------------------------

check "bench" "$program" bench B1c --neurons 100 --duration 20 -o bench
for key in synaptic_events wall_seconds ns_per_synaptic_event rate_hz; do
    check "bench writes $key" grep -q "\"$key\"" bench/summary.json
done
check "bench of training" "$program" bench xor -o bench-xor
for key in pattern_seconds stream_seconds grid_seconds spikes; do
    check "bench of training writes $key" grep -q "\"$key\"" bench-xor/summary.json
done
refuse 2 "not 'B9'" bench B9

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
