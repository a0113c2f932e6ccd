#!/bin/sh
# The program from outside: results against reference networks, bits that do not depend on threads, every kind of bad input.
# The checks are in test/e2e/. Usage: test/e2e.sh PROGRAM [PART...], all parts where none is named. Parts know nothing of each
# other: each has its own folder, and as many run at a time as there are cores. Ends with 'N passed, N failed'.
set -u
program=$(realpath "$1")
here=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shift
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(cd "$here/test/e2e" && ls -S ./*.sh | sed 's/^..//; s/\.sh$//')
if [ $# -gt 1 ]; then
    # shellcheck disable=SC2016
    printf '%s\n' "$@" | xargs -P "$(nproc 2> /dev/null || echo 1)" -I PART sh -c '
        sh "$0" "$1" "$3" > "$2/$3" 2>&1
        sed "\$s/^/$3: /" "$2/$3"' "$here/test/e2e.sh" "$program" "$work" PART
    for part in "$@"; do tail -n 1 "$work/$part"; done | awk -v parts=$# '
        / passed, [0-9]+ failed$/ { passed += $1; failed += $3; parts-- }
        END { print passed + 0 " passed, " failed + 0 " failed" (parts ? ", " parts " parts without an end" : "")
              exit failed || parts }'
    exit
fi
if ! [ -e "$here/test/e2e/$1.sh" ]; then
    echo "test/e2e.sh: $1 is no part; these are: $(cd "$here/test/e2e" && ls ./*.sh | sed 's/^..//; s/\.sh$//' | tr '\n' ' ')"
    exit 2
fi
cd "$work" || exit 1
passed=0
: > "$work/failures" # counted there, also those in subshells

pass() { passed=$((passed + 1)); }
fail() {
    echo >> "$work/failures"
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
# prints WHAT PATTERN ARGUMENTS...: the program succeeds, and a line of what it says matches.
prints() {
    what=$1
    pattern=$2
    shift 2
    if "$program" "$@" > out 2> err && grep -Eq -e "$pattern" out err; then pass; else
        fail "$what: 'punctum $*' fails, or prints nothing that matches '$pattern'"
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
# quick ARGUMENTS...: the program with faults.so, see test/e2e/preload/faults.c.
${CC:-cc} -shared -fPIC -o faults.so "$here/test/e2e/preload/faults.c" || exit 1
quick() { ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 LD_PRELOAD=$PWD/faults.so "$program" "$@"; }
# network TEXT...: writes network.yaml, refused with a message that matches $1.
refuse_network() {
    pattern=$1
    cat > network.yaml
    refuse 2 "network\.yaml:[0-9]+: .*$pattern" run network.yaml -o new
}

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
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# ranks R ARGUMENTS...: the program on R ranks; what Open MPI itself leaks is not looked at.
ranks() {
    n=$1
    shift
    ASAN_OPTIONS=detect_leaks=0 mpirun -n "$n" --oversubscribe "$program" "$@"
}
# A rank of the mpirun that is running as $child.
rank_of_child() { cut -d ' ' -f 1 "/proc/$child/task/$child/children"; }
# same A B: the same files but for the summary, with the same bytes.
same() { diff -r -x summary.json "$@"; }
# What several parts run and train.
demo=$here/data/demo/network.yaml
xor=$here/data/experiments/xor.yaml
mnist=$here/data/mnist
# An experiment that another model than the exact one learns.
stbp_experiment() {
    cat << END
model: {stbp: {steps: 6}}
data:
  idx: {images: $mnist/train-images-idx3-ubyte.gz, labels: $mnist/train-labels-idx1-ubyte.gz,
        test_images: $mnist/t10k-images-idx3-ubyte.gz, test_labels: $mnist/t10k-labels-idx1-ubyte.gz}
  train: 400
  validation: 100
  test: 200
layers: [40, 10]
epochs: 4
batch: 20
optimiser: adam
rate: 0.005
END
}
small_network() {
    cat << 'END'
duration: 60.0
seed: 2
neuron: {I_e: 1500.0, t_ref: 1.0}
populations: [{name: in, size: 3, source: {poisson: {rate: 100.0}}}, {name: cells, size: 4}, {name: others, size: 2}]
projections: [{from: in, to: cells, connect: all_to_all, weight: 100.0, delay: 1.0}]
record: {spikes: [cells, others], potential: [{population: cells, neurons: [0], interval: 0.1}]}
END
}
# The learning curve without times, and all weights.
same_training() {
    for folder in "$1" "$2"; do awk '{ $NF = ""; print }' "$folder/learning.dat" > "$folder.curve"; done
    check "$2: the learning curve of $1" cmp "$1.curve" "$2.curve"
    for file in "$1"/weights-*.dat "$1/confusion.dat"; do
        check "$2/$(basename "$file") is that of $1" cmp "$file" "$2/$(basename "$file")"
    done
}

. "$here/test/e2e/$1.sh"

echo "$passed passed, $(grep -c '' "$work/failures") failed"
[ ! -s "$work/failures" ]
