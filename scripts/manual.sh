#!/bin/sh
# The manual page with the options of every command as the program itself lists them, on the standard output.
# Usage: scripts/manual.sh PROGRAM, by way of `make manual`. They stand between '.\" options of COMMAND' and '.\" end',
# and what the program describes between '.\" describe NAME...' and the same end.
set -eu
program=$1
page=$(dirname "$0")/../docs/punctum.1

# The options in what --help says: a term, its text beside it or below, in lines of 80 columns.
options() {
    help=$("$program" "$1" --help)
    printf '%s\n' "$help" | awk '
    function flush() {
        if (term == "" || term ~ /--(help|usage)$/)
            return
        gsub(/-/, "\\-", term)
        print ".TP\n" bold(term) "\n" text
    }
    # "-o, --output=DIR" with the option bold and its argument slanted
    function bold(t, k, argument) {
        argument = ""
        if ((k = match(t, /\[?=/)) > 0) {
            argument = substr(t, k)
            t = substr(t, 1, k - 1)
            gsub(/[A-Z]+/, "\\fI&\\fR", argument)
        }
        sub(/, /, "\\fR, \\fB", t)
        return "\\fB" t "\\fR" argument
    }
    function begin_text(rest) { sub(/^ +/, "", rest); text = rest }
    /^Examples:/ { exit }
    /^  (-., |    )--/ {
        flush()
        match($0, /^ +(-., )?--[^ ]+/)
        term = substr($0, 1, RLENGTH)
        sub(/^ +/, "", term)
        begin_text(substr($0, RLENGTH + 1))
        inside = 1
        next
    }
    inside && /^                             [^ ]/ { sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0; next }
    inside && /^[A-Z].*:$/ { flush(); term = ""; print ".PP\n" $0; next }
    inside && /./ { exit }
    END { flush() }'
}

skip=
while IFS= read -r line; do
    case $line in '.\" end') skip= ;; esac
    [ "$skip" ] || printf '%s\n' "$line"
    case $line in
    '.\" options of '*)
        skip=yes
        options "${line##* }" < /dev/null
        ;;
    '.\" describe '*)
        skip=yes
        # shellcheck disable=SC2086
        "$program" describe --format manual ${line#'.\" describe '} < /dev/null
        ;;
    esac
done < "$page"
