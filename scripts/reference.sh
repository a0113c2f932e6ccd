#!/bin/sh
# docs/api-reference.md, from the public headers: every declaration with what is said of it. A function without a word
# about it is an error. Usage: scripts/reference.sh HEADER...
set -eu
cat << 'END'
# C API: reference

Every declaration of the public headers with what they say of it: purpose, shapes, units, errors, cost, source. Made from
`include/punctum/` (`make manual` renews it); [C API](api.md) has the outline.
END
for header in "$@"; do
    awk -v header="$header" '
# A block: a comment and the declarations that it is about.
function flush() {
    sub(/\n+$/, "", block)
    if (block != "" && block ~ /PM_API/ && block !~ /\/\*/) {
        print header ": not a word about: " block > "/dev/stderr"
        bad = 1
    }
    gsub(/PM_API /, "", block)
    if (block != "")
        print "\n```c\n" block "\n```"
    block = ""
}
BEGIN {
    name = header
    sub(/.*include\//, "", name)
    print "\n## " name
}
/^#ifdef __cplusplus/ { while (!/^#endif/) getline; next }
/^#(ifndef|include|endif|else|ifdef)/ || /^#define PUNCTUM_/ || (/^ *#/ && /PM_API/) { next }
/^$/ && !deep && !comment { flush(); next }
/^\/\*/ && !deep && block ~ /;/ { flush() }
{
    block = block $0 "\n"
    bare = $0
    gsub(/\/\*.*\*\//, "", bare)
    comment = bare ~ /\/\*/ || (comment && bare !~ /\*\//)
    if (!comment)
        deep += gsub(/\{/, "", bare) - gsub(/\}/, "", bare)
}
END {
    flush()
    exit bad
}' "$header"
done
