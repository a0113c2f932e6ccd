#!/bin/sh
# Lines of every room of src/ that the tests have run. Usage: test/coverage.sh FILE, as lcov captures it. Prints the
# rooms in the order of CONTRIBUTING.md and the files below 90 %; status 1 where less than 95 % of a room were run.
set -eu
cd "$(dirname "$0")/.."
sed -n 's/^| `src\/\([a-z]*\)\/` .*/\1/p' CONTRIBUTING.md | awk '
FILENAME == "-" { rooms[++n] = $1; next }
/^SF:/ { inside = match($0, /\/src\/[a-z]+\//) }
!inside { next } # headers that users and the system have
/^SF:/ {
    room = substr($0, RSTART + 5, RLENGTH - 6)
    file = substr($0, RSTART + 1)
}
/^DA:/ { # a line stands once for each clone of its function; this machine runs one of them
    split(substr($0, 4), count, ",")
    line = file ":" count[1]
    if (!(line in ran)) {
        all[room]++
        of_file[file]++
        ran[line] = 0
    }
    if (count[2] > 0 && !ran[line]) {
        run[room]++
        run_of[file]++
        ran[line] = 1
    }
}
END {
    printf "%-10s %7s %7s\n", "room", "lines", "run"
    for (k = 1; k <= n; k++) {
        share = 100 * run[rooms[k]] / (all[rooms[k]] ? all[rooms[k]] : 1)
        printf "%-10s %7d %5.1f %%%s\n", rooms[k], all[rooms[k]], share, share < 95 ? ", 95 are wanted" : ""
        bad = bad || share < 95
    }
    for (file in of_file)
        if (run_of[file] < 0.9 * of_file[file])
            printf "%s: %d of %d lines\n", file, run_of[file], of_file[file] | "sort"
    close("sort")
    exit bad
}' - "$1"
