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
LD_LIBRARY_PATH="$work/prefix/lib" "$work/shared" | diff "$work/expected" - || fail "the shared library gives another result"
# shellcheck disable=SC2046
gcc -std=c11 docs/example.c $(pkg-config --cflags punctum) "$work/prefix/lib/libpunctum.a" \
    $(pkg-config --static --libs punctum | sed 's/-lpunctum//') -o "$work/static"
"$work/static" | diff "$work/expected" - || fail "the static library gives another result"

for file in bin/punctum share/man/man1/punctum.1 share/punctum/data/demo/network.yaml; do
    [ -s "$work/prefix/$file" ] || fail "$file is not installed"
done
(cd / && "$work/prefix/bin/punctum" run "$work/prefix/share/punctum/data/demo/network.yaml" -o "$work/demo" \
    && "$work/prefix/bin/punctum" plot "$work/demo") > "$work/log" 2>&1 || { cat "$work/log"; fail "the installed program fails"; }
find "$work/demo" -name '*.svg' | grep -q . || fail "the installed program drew nothing"

make --no-print-directory -s uninstall PREFIX="$work/prefix" > "$work/log" 2>&1 || { cat "$work/log"; fail "make uninstall fails"; }
left=$(find "$work/prefix" ! -type d)
[ -z "$left" ] || fail "make uninstall leaves $left"
