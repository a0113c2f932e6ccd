# Who owns a folder of results: locks, failures and kills at every call, what is replaced, signals. Part of test/e2e.sh.

old_network() {
    cat << 'END'
duration: 60.0
neuron: {I_e: 1500.0, t_ref: 1.0}
populations: [{name: gone, size: 2}, {name: cells, size: 3}]
record: {spikes: [gone, cells], potential: [{population: gone, neurons: [1], interval: 1.0}]}
END
}
new_network() {
    cat << 'END'
duration: 60.0
seed: 2
neuron: {I_e: 1500.0, t_ref: 1.0}
populations: [{name: in, size: 3, source: {poisson: {rate: 100.0}}}, {name: cells, size: 4}, {name: others, size: 2}]
projections: [{from: in, to: cells, connect: all_to_all, weight: 100.0, delay: 1.0}]
record: {spikes: [cells, others], potential: [{population: cells, neurons: [0], interval: 0.1}]}
END
}
old_network > old.yaml
new_network > new.yaml
ls_all() { (cd "$1" && find . -type f | LC_ALL=C sort); }
# same A B: the same files but for the summary, with the same bytes.
same() { diff -r -x summary.json "$@"; }

# --- what is replaced goes -----------------------------------------------------------------------------------------------

check "a run" "$program" run old.yaml -o old --quiet
check "another one" "$program" run new.yaml -o fresh --quiet
check "the summary names the files" grep -q '"spikes-gone.dat"' old/summary.json
cp -r old both
echo mine > both/notes.txt
echo mine > both/spikes-mine.dat
check "a run into a folder with results" "$program" run new.yaml -o both --quiet
check "foreign files stay" test "$(cat both/notes.txt both/spikes-mine.dat | tr '\n' ' ')" = "mine mine "
rm both/notes.txt both/spikes-mine.dat
check "files of the run before are gone" same both fresh

mkdir once
printf '0 1.0\n' > once/in.dat
printf '0 8.0\n' > once/out.dat
cat > once/once.yaml << 'END'
duration: 20.0
layers: [{name: input, size: 10}, {name: hidden, size: 5}, {name: output, size: 1}]
problem: {patterns: [{input: in.dat, target: out.dat}]}
goal: {within: 1.0}
iterations: 2
END
check "XOR is trained" "$program" train "$here/data/experiments/xor.yaml" -o trained-twice --trials 1 --quiet
check "it has four patterns" test -f trained-twice/trial-0/network-after-3.yaml
check "one pattern into the same folder" "$program" train once/once.yaml -o trained-twice --quiet
check "network-after-3.yaml is gone" test ! -e trained-twice/trial-0/network-after-3.yaml
check "network-after-0.yaml is there" test -f trained-twice/trial-0/network-after-0.yaml
check "fewer kept trials" "$program" train once/once.yaml -o trained-twice --keep 0 --quiet
check "an empty folder goes too" test ! -e trained-twice/trial-0

# A summary is input like any other: it cannot have files outside removed.
mkdir -p planted/hidden outside
echo mine > outside/file
echo mine > planted/.hidden
ln -s ../outside planted/linked
echo '{"files": ["../outside/file", "linked/file", ".hidden", "/etc/passwd", 7, "a/b/c", ""], "pictures": 3}' > planted/summary.json
check "a run over a planted summary" "$program" run new.yaml -o planted --quiet
check "removes nothing that is not its own" cat outside/file planted/.hidden

# --- one program at a time -----------------------------------------------------------------------------------------------

cat > endless.yaml << 'END'
duration: 1e9
populations: [{name: cells, size: 20, neuron: {I_e: 5000.0, t_ref: 2.0}}]
END
cp -r old owned
"$program" run endless.yaml -o owned > out 2> message &
child=$!
while ! [ -s owned/.spikes-cells.dat.partial ] && kill -0 $child 2> /dev/null; do sleep 0.02; done
refuse 1 "owned: 'punctum run', process $child, is writing into this folder" run new.yaml -o owned
refuse 1 "is writing into this folder" train once/once.yaml -o owned
refuse 1 "is writing into this folder" validate new.yaml -o owned
refuse 1 "is writing into this folder" plot owned
check "the results there are untouched meanwhile" same old owned -x '.*'
kill -KILL $child
wait $child 2> /dev/null
check "a killed program is no obstacle" "$program" run new.yaml -o owned --quiet
check "what it left is gone" same owned fresh

"$program" run endless.yaml -o owned > out 2> message &
child=$!
while ! [ -s owned/.spikes-cells.dat.partial ] && kill -0 $child 2> /dev/null; do sleep 0.02; done
rm owned/.spikes-cells.dat.partial
kill -INT $child
wait $child
check "a temporary file that was removed ends a run with status 1" test $? -eq 1
check "it says so" grep -q 'spikes-cells.dat: its temporary file was removed, replaced or changed' message
check "the results of the run before stay" same owned fresh

echo mine > target
mkdir linked
ln -s ../target linked/.spikes-cells.dat.partial
ln -s ../target linked/.summary.json.partial
check "a run among planted links" "$program" run new.yaml -o linked --quiet
check "follows none of them" test "$(cat target)" = mine
check "and leaves its results" same linked fresh

# --- a failure or a kill at every call -------------------------------------------------------------------------------------

${CC:-cc} -shared -fPIC -o faults.so "$here/test/e2e/preload/faults.c" || fail "faults.so cannot be built"
quick() { ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 LD_PRELOAD=$PWD/faults.so "$program" "$@"; }
# faulty HOW N ARGUMENTS...: the program, with a fault at call N; false when it makes fewer calls.
faulty() {
    rm -f fault
    FAULT_HOW=$1 FAULT_AT=$2 FAULT_MARK=$PWD/fault
    export FAULT_HOW FAULT_AT FAULT_MARK
    shift 2
    quick "$@" > out 2> message
    got=$?
    unset FAULT_HOW FAULT_AT FAULT_MARK
    [ -e fault ]
}
# whole FOLDER: where there is a summary, the folder holds what it names, and nothing else of either run.
whole() {
    [ -e "$1/summary.json" ] || return 0
    if grep -q '"seed": 2' "$1/summary.json"; then same "$1" fresh -x '.*'; else same "$1" old -x '.*'; fi
}
step=${PM_FAULT_STEP:-1}
for how in fail kill after; do
    n=1
    bad=0
    cp -r old struck
    while faulty $how $n run new.yaml -o struck --quiet; do
        if ! whole struck > out; then bad=$n; fi
        if [ $how = fail ] && { [ $got -ne 1 ] || ! [ -s message ]; }; then bad=$n; fi
        if [ $how = fail ] && ! [ -e struck/.results.commit ] && [ -n "$(find struck -name '.*' -type f)" ]; then bad=$n; fi
        quick run new.yaml -o struck --quiet > out 2>&1 && same struck fresh > out || bad=$n
        rm -r struck
        cp -r old struck
        n=$((n + step))
    done
    rm -r struck
    check "$how at every call of a run: results are whole, and the next run is as if nothing had been ($n calls)" test $bad -eq 0 -a $n -gt 20
done
