#!/bin/sh
# What make install puts down is enough to compile and run the example and the program from elsewhere; make uninstall
# leaves nothing behind.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "test/install.sh: $1" >&2
    exit 1
}

make --no-print-directory -s install PREFIX="$work/prefix" > "$work/log" 2>&1 || { cat "$work/log"; fail "make install fails"; }
export PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig"
version=$(sed -n 's/^#define PM_VERSION "\(.*\)"/\1/p' include/punctum/punctum.h)
[ "$(pkg-config --modversion punctum)" = "$version" ] || fail "pkg-config names another version"

build/release/docs/example > "$work/expected"
# shellcheck disable=SC2046
gcc -std=c11 docs/example.c $(pkg-config --cflags --libs punctum) -o "$work/shared"
"$work/shared" | diff "$work/expected" - || fail "the shared library gives another result"
if command -v g++ > /dev/null; then # the compiler of C++ is no package that the tests ask for
    # shellcheck disable=SC2046
    g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror docs/example.cpp $(pkg-config --cflags --libs punctum) -o "$work/cpp"
    "$work/cpp" | diff "$work/expected" - || fail "the C++ example gives another result"
fi
# shellcheck disable=SC2046
gcc -std=c11 docs/example.c $(pkg-config --cflags punctum) "$work/prefix/lib/libpunctum.a" \
    $(pkg-config --static --libs punctum | sed 's/-lpunctum//') -o "$work/static"
"$work/static" | diff "$work/expected" - || fail "the static library gives another result"

for file in bin/punctum share/man/man1/punctum.1 share/punctum/data/demo/network.yaml share/punctum/data/validation/network.yaml; do
    [ -s "$work/prefix/$file" ] || fail "$file is not installed"
done
(cd / && "$work/prefix/bin/punctum" run "$work/prefix/share/punctum/data/demo/network.yaml" -o "$work/demo" \
    && "$work/prefix/bin/punctum" plot "$work/demo") > "$work/log" 2>&1 || { cat "$work/log"; fail "the installed program fails"; }
find "$work/demo" -name '*.svg' | grep -q . || fail "the installed program drew nothing"

# The manual and the help name what is there, and the experiments find their data.
for path in $(grep -o "$work/prefix/[a-z/.]*" "$work/prefix/share/man/man1/punctum.1"); do
    [ -e "$path" ] || fail "the manual page names $path, which is not installed"
done
grep -q /usr/local "$work/prefix/share/man/man1/punctum.1" && fail "the manual page names /usr/local"
samples=$("$work/prefix/bin/punctum" help train | sed -n 's|^  /|/|p')
[ -s "$samples/experiments/xor.yaml" ] || fail "the help names $samples, where no experiments are"
for experiment in "$samples"/experiments/*.yaml; do
    for file in $(grep -o '\.\./[a-z0-9/.-]*' "$experiment"); do
        [ -s "$samples/experiments/$file" ] || fail "$experiment names $file, which is not installed"
    done
done
awk '/validation:/ { print "  train: 20\n  test: 10\n  validation: 5"; next } /^epochs:|^batch:/ { $2 = 1 } { print }' \
    "$samples/experiments/mnist-350.yaml" > "$samples/experiments/few.yaml"
(cd / && "$work/prefix/bin/punctum" train "$samples/experiments/few.yaml" -o "$work/few" -q) || fail "an installed experiment does not train"
rm "$samples/experiments/few.yaml"

make --no-print-directory -s uninstall PREFIX="$work/prefix" > "$work/log" 2>&1 || { cat "$work/log"; fail "make uninstall fails"; }
left=$(find "$work/prefix" ! -type d)
[ -z "$left" ] || fail "make uninstall leaves $left"
