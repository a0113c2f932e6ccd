#!/bin/sh
# The rooms of src/, in the order of the table in CONTRIBUTING.md: a file includes headers of its own room and of rooms above
# it in the table, and files of a room include each other in no circle. No room is larger than 22 % of src/, no file longer
# than 600 lines. Files of src/cli are clients of the public headers alone, but for what
# own() names. No two types have one name. Prints what breaks a rule; status 1 then.
set -eu
cd "$(dirname "$0")/.."

sed -n 's/^| `src\/\([a-z]*\)\/` .*/\1/p' CONTRIBUTING.md > build/rooms.order
grep -o '^#include "[^"]*"' src/*/*.c src/*/*.h | sed 's/^src\///; s/:#include "/ /; s/"$//' > build/rooms.includes
wc -l src/*/*.[ch] | sed '$d; s/src\///' > build/rooms.lines

bad=0
awk '
function room(path) { return substr(path, 1, index(path, "/") - 1) }
# What belongs to the program alone: benchmarks measure parts of the library that nobody calls from outside; shades of a raster are
# logarithms and moving thresholds exponentials, for which it may not call libm.
function own(file, header) {
    return file ~ /^cli\/bench/ || (file ~ /^cli\/plot_(potential|raster)\.c$/ && header == "math/elementary.h")
}
function blame(text) { print text; bad = 1 }
# Depth first from a header: an include that is on the way already closes a circle.
function visit(header, k, n, list) {
    state[header] = 1
    n = split(includes[header], list, " ")
    for (k = 1; k <= n; k++) {
        if (state[list[k]] == 1)
            blame("src/" header ": includes " list[k] ", which leads back to it")
        else if (!state[list[k]])
            visit(list[k])
    }
    state[header] = 2
}
BEGIN {
}
FILENAME ~ /order/ { place[$1] = ++n_rooms; next }
FILENAME ~ /lines/ {
    total += $1
    lines[room($2)] += $1
    if ($1 > 600)
        blame("src/" $2 ": " $1 " lines; 600 are the most")
    next
}
{
    from = room($1)
    to = room($2)
    if (from == "cli" && to != "cli" && !own($1, $2))
        blame("src/" $1 ": includes " $2 ", which is not public")
    if (!place[from] || !place[to])
        blame("src/" $1 ": " $2 " is in no room of the table in CONTRIBUTING.md")
    else if (place[to] > place[from])
        blame("src/" $1 ": includes " $2 ", but " to " stands below " from)
    if ($1 ~ /\.h$/)
        includes[$1] = includes[$1] " " $2
}
END {
    for (header in includes)
        if (!state[header])
            visit(header)
    for (r in lines) {
        if (!place[r])
            blame("src/" r "/ is missing in the table of CONTRIBUTING.md")
        if (lines[r] > 0.22 * total)
            blame("src/" r "/: " lines[r] " of " total " lines; 22 % are the most")
    }
    exit bad
}' build/rooms.order build/rooms.lines build/rooms.includes || bad=1
twice=$(grep -rhoE '^\} pm_[a-z0-9_]+;' src include | sort | uniq -d)
if [ -n "$twice" ]; then
    bad=1
    echo "test/rooms.sh: two types of one name: $twice"
fi
exit $bad
