#!/bin/sh
# The names of all that the public headers declare, one a line, sorted. Status 1 where a declaration lacks PM_API.
# Usage: scripts/declared.sh HEADER...
set -eu
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

# One declaration a line, without comments, bodies and lines of the preprocessor.
awk '
/^#ifdef __cplusplus/ { while (!/^#endif/) getline; next }
/^#/ { while (/\\$/) getline; next }
{
    for (;;) {
        if (comment) {
            if (!(end = index($0, "*/")))
                next
            $0 = substr($0, end + 2)
            comment = 0
        }
        if (!(begin = index($0, "/*")))
            break
        rest = substr($0, begin)
        text = text substr($0, 1, begin - 1) " "
        $0 = rest
        comment = 1
    }
    text = text $0 " "
}
END {
    n = length(text)
    for (k = 1; k <= n; k++) {
        c = substr(text, k, 1)
        if (c == "{") {
            deep++
        } else if (c == "}") {
            if (deep && !--deep && line ~ /\(/)
                line = ""
        } else if (deep) {
            continue
        } else if (c == ";") {
            print line
            line = ""
        } else {
            line = line c
        }
    }
}' "$@" > "$lines"
sed -i 's/^ *//; s/__attribute__((.*//; s/  */ /g; /^typedef\|^static\|^struct\|^enum\|^$/d' "$lines"
if grep -v '^PM_API ' "$lines" >&2; then
    echo "the above is declared without PM_API" >&2
    exit 1
fi
sed 's/(.*//; s/\[.*//; s/.*[ *]//' "$lines" | LC_ALL=C sort
