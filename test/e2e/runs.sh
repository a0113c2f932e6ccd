# Runs: reference networks, the same bits, pictures, interruptions, checkpoints, several processes, bad calls. Part of test/e2e.sh.

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
refuse 2 'checkpoint belongs to another network or seed; begin anew without --resume' run resumed.yaml -o resumed-run --resume --seed 6
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
populations: [{name: cells, size: 7, neuron: {tau_1: 0.0, tau_2: 0.0}}]
projections: [{from: cells, to: cells, connect: all_to_all, weight: 1.0}]
EOF
cat > runaway.yaml << 'EOF'
duration: 50.0
populations:
  - {name: calm, size: 5}
  - {name: wild, size: 5, neuron: {E_L: 0.0, V_th: 1.0, V_reset: 0.9999999999999999, I_e: 4000.0}}
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

# Currents may go in a cycle without delay.
cat > currents.yaml << 'EOF'
duration: 50.0
neuron: {I_e: 900.0, V_th: -50.0}
populations: [{name: cells, size: 17, initial: {V_m: {uniform: [-70.0, -55.0]}}}]
projections: [{from: cells, to: cells, connect: {pairwise_bernoulli: 0.3}, weight: -90.0}]
record: {spikes: [cells]}
EOF
check "a cycle of currents without delay" "$program" run currents.yaml -o currents -q
check "the same on three ranks" ranks 3 run currents.yaml -o currents-ranks -q
check "with the same spikes" cmp currents/spikes-cells.dat currents-ranks/spikes-cells.dat
check "which are some" test "$(wc -l < currents/spikes-cells.dat)" -gt 20

ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 mpirun -n 3 --oversubscribe -x LD_PRELOAD="$PWD/faults.so" -x FAULT_HOW=full \
    "$program" run "$here/test/reference/recurrent/network.yaml" -o full > out 2> message
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

FAULT_HOW=full quick run "$here/test/reference/recurrent/network.yaml" -o full > out 2> message
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
refuse 2 "file: this is a file; a folder is wanted" run "$demo" -o file/new
refuse 2 "file: this is a file; a folder is wanted" bench B4 -o file
refuse 2 "'1\\.5' is not a whole number" run "$demo" -o new --seed 1.5
refuse 2 "'1\\.5' is not a whole number" train "$here/data/experiments/xor.yaml" -o new --trials 1.5
refuse 2 "is not a number from 1e-6" run "$demo" -o new --checkpoint-every 0
refuse 2 "/dev/zero: this is a device" compare /dev/zero file
"$program" compare one/spikes-input.dat one/spikes-input.dat > /dev/full 2> message
check "a comparison that cannot be printed has failed" test $? -eq 1
check "it says why" grep -q 'standard output cannot be written: No space left' message
refuse 2 "nowhere/summary.json: cannot be read" plot nowhere
refuse 2 "cannot be written" run "$demo" -o /proc/new
refuse 2 "no such file" compare missing.dat file
refuse 2 "file:1: column 1: 'text' is not a finite number" compare file file
for command in "" run train test bench compare plot; do
    # shellcheck disable=SC2086
    prints "help of '$command'" Example $command --help
done
prints version '^punctum [0-9]+\.[0-9]+\.[0-9]+$' --version
