# Who owns a folder of results: locks, failures and kills at every call, what is replaced, signals. Part of test/e2e.sh.

old_network() {
    cat << 'END'
duration: 60.0
neuron: {I_e: 1500.0, t_ref: 1.0}
populations: [{name: gone, size: 2}, {name: cells, size: 3}]
record: {spikes: [gone, cells], potential: [{population: gone, neurons: [1], interval: 1.0}]}
END
}
old_network > old.yaml
small_network > new.yaml
ls_all() { (cd "$1" && find . -type f | LC_ALL=C sort); }

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

# whole FOLDER: where there is a summary, the folder holds what it names, and nothing else of either run but a checkpoint.
whole() {
    [ -e "$1/summary.json" ] || return 0
    if grep -q '"seed": 2' "$1/summary.json"; then same "$1" fresh -x '.*' -x checkpoint; else same "$1" old -x '.*' -x checkpoint; fi
}
for how in fail kill; do
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
        n=$((n + 1))
    done
    rm -r struck
    check "$how at each of $n calls of a run: whole results, and the next run is as if nothing had been" test $bad -eq 0 -a $n -gt 20
done

# With checkpoints it goes on to the same end, whatever call it was; every fifth of them here.
n=1
bad=0
while faulty kill $n run new.yaml -o struck --checkpoint-every 15 --quiet; do
    if ! whole struck > out; then bad=$n; fi
    faulty kill $((n / 2 + 1)) run new.yaml -o struck --checkpoint-every 15 --resume --quiet
    if ! whole struck > out; then bad=$n; fi
    quick run new.yaml -o struck --checkpoint-every 15 --resume --quiet > out 2>&1 && same struck fresh > out || bad=$n
    rm -r struck
    n=$((n + 5))
done
rm -r struck
check "kills at $n calls of a run with checkpoints, and again: the same results" test $bad -eq 0 -a $n -gt 60

# Training replaces XOR; a checkpoint and its summary belong together.
cp -r trained-twice xor-before
check "training once more" "$program" train "$here/data/experiments/xor.yaml" -o xor-before --trials 1 --quiet
n=2
bad=0
while rm -rf struck && cp -r xor-before struck && faulty kill $n train once/once.yaml -o struck --quiet; do
    if [ -e struck/summary.json ]; then
        if grep -q network-after-3 struck/summary.json; then
            same struck xor-before -x '.*' -x trials > out || bad=$n
        else [ ! -e struck/trial-0/network-after-3.yaml ] || bad=$n; fi
    fi
    quick train once/once.yaml -o struck --quiet > out 2>&1 && [ ! -e struck/trial-0/network-after-3.yaml ] || bad=$n
    if [ -n "$(find struck -name '.*' -type f)" ] || [ "$(ls struck/trials)" != trial-0000.bin ]; then bad=$n; fi
    n=$((n + 11))
done
check "kills in training that replaces another: one or the other" test $bad -eq 0 -a $n -gt 100

check "an export" "$program" export new.yaml --to brian2 -o exported/net.py
cp -r exported exported-whole
sed 's/seed: 2/seed: 3/' new.yaml > other.yaml
check "another export" "$program" export other.yaml --to brian2 -o exported-other/net.py
for how in fail kill; do
    n=1
    bad=0
    while faulty $how $n export other.yaml --to brian2 -o exported/net.py; do
        [ ! -e exported/net.py ] || diff -r -x '.*' exported exported-whole > out || diff -r -x '.*' exported exported-other > out || bad=$n
        [ $how = kill ] || [ $got -eq 1 ] || bad=$n
        quick export other.yaml --to brian2 -o exported/net.py > out 2>&1 && diff -r exported exported-other > out || bad=$n
        rm -r exported
        cp -r exported-whole exported
        n=$((n + 1))
    done
    check "$how at each of $n calls of an export: all of it, or no script" test $bad -eq 0 -a $n -gt 10
done

# --- limits and signals ------------------------------------------------------------------------------------------------------

# limited ARGUMENTS...: with a limit of 512 bytes for files, the program fails with a message and leaves nothing in new/.
limited() {
    rm -rf new
    (
        ulimit -f 1
        GCOV_PREFIX=$PWD/counts # a build for coverage would leave its files cut short, and nobody could add to them
        export GCOV_PREFIX
        exec "$program" "$@"
    ) > out 2> message
    check "'$1' with a limit of file sizes: status 1" test $? -eq 1
    check "'$1' with a limit of file sizes: a message" grep -q 'cannot be written: File too large' message
    check "'$1' with a limit of file sizes: nothing is left" test -z "$(find new -type f)"
}
limited run new.yaml -o new
limited export new.yaml --to brian2 -o new/net.py
limited validate new.yaml -o new --smallest 0.5 --schemes exact-grid
limited bench B1 --neurons 50 --duration 10 -o new

cat > slow.yaml << 'END'
duration: 1e9
populations: [{name: cells, size: 3000, neuron: {I_e: 5000.0}}]
projections: [{from: cells, to: cells, connect: all_to_all, weight: {normal: [1.0, 0.1]}, delay: {uniform: [1.0, 3.0]}}]
END
# interrupted STATUS SIGNAL PATTERN ARGUMENTS...: the program is ended by a signal, says what matches, and leaves nothing.
interrupted() {
    status=$1 signal=$2 pattern=$3
    shift 3
    rm -rf new
    "$program" "$@" > out 2> message &
    child=$!
    sleep 0.3
    kill "-$signal" $child
    wait $child 2> /dev/null
    check "'$1' after SIG$signal: status $status" test $? -eq "$status"
    check "'$1' after SIG$signal: a message" grep -q "$pattern" message
    check "'$1' after SIG$signal: nothing is left" test -z "$(find new -type f 2> /dev/null)"
}
interrupted 130 INT 'punctum: interrupted' validate slow.yaml -o new
interrupted 143 TERM 'punctum: interrupted' bench B1 --neurons 5000 --duration 1e6 -o new
interrupted 130 INT 'punctum: interrupted' run slow.yaml -o new
# A slab of a network whose activity explodes may take minutes: the request is heeded within it.
cat > explosive.yaml << 'END'
duration: 200.0
neuron: {E_L: 0.0, V_th: 20.0, V_reset: 10.0, t_ref: 0.0, tau_1: 2.0, tau_2: 0.0, I_e: 700.0}
populations: [{name: cells, size: 50, initial: {V_m: {uniform: [0.0, 20.0]}}}]
projections: [{from: cells, to: cells, connect: all_to_all, weight: 1000.0, delay: 0.0}]
END
"$program" run explosive.yaml -o new > out 2> message &
child=$!
sleep 2
kill -INT $child
timeout 30 tail --pid=$child -f /dev/null
check "an explosive run heeds SIGINT within the slab" test $? -eq 0
kill -KILL $child 2> /dev/null
wait $child 2> /dev/null
check "it says how far it came" grep -q 'stopped at [0-9.]* ms of 200 ms' message
rm -rf new
sed 's/duration: 1e9/duration: 1.0/; s/size: 3000/size: 1500/; s/{normal.*/1.0, delay: 1.0}]/' slow.yaml > large.yaml
"$program" export large.yaml --to brian2 -o new/net.py > out 2> message &
child=$!
while ! [ -s new/.net-synapses-cells+cells.dat.partial ] && kill -0 $child 2> /dev/null; do sleep 0.02; done
kill -TERM $child
wait $child
check "an export that is stopped: status 1" test $? -eq 1
check "it says so" grep -q 'stopped; nothing was exported' message
check "and leaves nothing" test -z "$(find new -type f)"

# --- a standard output that is full ------------------------------------------------------------------------------------------

# unprinted ARGUMENTS...: what cannot be printed has failed.
unprinted() {
    "$program" "$@" > /dev/full 2> message
    check "'$*' that cannot be printed: status 1" test $? -eq 1
    check "'$*' that cannot be printed: a message" grep -q 'standard output cannot be written: No space left' message
}
unprinted --help
unprinted --version
unprinted help run
unprinted bench --help
unprinted validate new.yaml --smallest 0.5 --schemes exact-grid --quiet
unprinted run new.yaml -o new
unprinted bench B1 --neurons 50 --duration 10

# --- pictures and other readers ------------------------------------------------------------------------------------------------

rm -rf drawn
cp -r old drawn
cp old/spikes-cells.dat drawn/spikes-stray.dat
check "pictures" "$program" plot drawn
check "the summary names them" grep -q '"raster.png"' drawn/summary.json
check "the summary is what it was otherwise" sh -c 'sed "/pictures/,/]/d; s/],\$/]/" drawn/summary.json > a; sed "s/],\$/]/" old/summary.json > b; cmp a b'
check "they are drawn again" "$program" plot drawn
check "and named once" test "$(grep -c raster.png drawn/summary.json)" -eq 1
echo mine > drawn/mine.png
check "a run into their folder" "$program" run new.yaml -o drawn --quiet
check "pictures of the run before are gone" test "$(ls_all drawn | grep -c 'svg\|png')" -eq 1
cp old/curve-gone-1.dat drawn/curve-others-0.dat
rm drawn/curve-cells-0.dat
cp old/spikes-gone.dat drawn/spikes-others.dat
sed -i '/spikes-others.dat/d' drawn/summary.json
"$program" plot drawn > out 2> message
check "what the summary names and is gone is refused" test $? -eq 2
check "it is named" grep -q 'curve-.*are gone' message

refuse 2 "network-after-0.yaml: this file is one of the results in xor-before, which would be replaced" run \
    trained-twice/../xor-before/trial-0/network-after-0.yaml -o xor-before
