#!/bin/sh
# No function of the library is there for nobody, or for tests alone: each that has external linkage is public, or named in src/ more
# often than where it is defined and declared. Usage: test/unused.sh libpunctum.a. Prints what is not; status 1 then.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

scripts/declared.sh include/punctum/*.h > "$work/public"
nm -P "$1" > "$work/symbols"
awk '$2 == "T" { print $1 }' "$work/symbols" | LC_ALL=C sort -u | LC_ALL=C comm -23 - "$work/public" > "$work/inside"
# Lists of kinds and vector clones make names of pieces; no such name is a function's whole one.
grep -ohw 'pm_[a-z0-9_]*' src/*/*.c src/*/*.h src/*/*.inc | LC_ALL=C sort | uniq -c | awk '$1 > 2 { print $2 }' |
    LC_ALL=C sort > "$work/called"
LC_ALL=C comm -23 "$work/inside" "$work/called" > "$work/unused"
sed 's/$/: called by nobody, or by tests alone/' "$work/unused"
[ ! -s "$work/unused" ]
