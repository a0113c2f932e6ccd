#!/bin/sh
# The shared library hands out exactly what the public headers declare, and every declaration there says so (PM_API).
# Usage: test/exports.sh libpunctum.so. Prints what differs; status 1 then.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

scripts/declared.sh include/punctum/*.h > "$work/names"
[ "$(wc -l < "$work/names")" -gt 50 ]
nm -D --defined-only "$1" | awk '{ print $NF }' | LC_ALL=C sort > "$work/exported"
diff "$work/names" "$work/exported" > "$work/differences" || {
    sed -n 's/^</declared, not in the library:/p; s/^>/in the library, not declared:/p' "$work/differences"
    exit 1
}
