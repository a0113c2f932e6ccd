#!/bin/sh
# A page with the tables of parameters as the program itself describes them, on the standard output.
# Usage: scripts/tables.sh PROGRAM PAGE.md. They stand between '<!-- describe NAME... -->' and '<!-- end -->'.
set -eu
program=$1
page=$2

skip=
while IFS= read -r line; do
    case $line in '<!-- end -->') skip= ;; esac
    [ "$skip" ] || printf '%s\n' "$line"
    case $line in '<!-- describe '*' -->')
        skip=yes
        names=${line#<!-- describe }
        # shellcheck disable=SC2086
        "$program" describe --format markdown ${names% -->} < /dev/null
        echo
        ;;
    esac
done < "$page"
