#!/bin/sh
# The program from outside: results against reference networks, bits that do not depend on threads, every kind of bad input.
# The checks are in test/e2e/. Usage: test/e2e.sh PROGRAM. Ends with 'N passed, N failed'.
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
# quick ARGUMENTS...: the program with faults.so, see test/e2e/preload/faults.c.
${CC:-cc} -shared -fPIC -o faults.so "$here/test/e2e/preload/faults.c" || exit 1
quick() { ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 LD_PRELOAD=$PWD/faults.so "$program" "$@"; }
# network TEXT...: writes network.yaml, refused with a message that matches $1.
refuse_network() {
    pattern=$1
    cat > network.yaml
    refuse 2 "network\.yaml:[0-9]+: .*$pattern" run network.yaml -o new
}

for part in runs texts kinds refusals general hints folder resumed training paper simulators peers search cameras classifiers \
    recurrent delays images bits pictures speed memory limits; do
    . "$here/test/e2e/$part.sh"
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
