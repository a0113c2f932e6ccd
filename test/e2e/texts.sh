# What the program says of itself: help in lines that fit, messages about wrong calls, and pages that name every option.

commands=$("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
check "the commands are listed" test "$(echo "$commands" | wc -w)" -ge 10
export TERM=dumb

# Help fits 80 columns, examples among it, and nothing that is indented wraps to the first column.
for command in $commands; do
    "$program" "$command" --help > help
    check "help of $command fits 80 columns" awk 'length > 80 && !/^  \// { print; bad = 1 } END { exit bad }' help
    check "help of $command has examples, whole" awk '
        /^Examples:/ { inside = 1; next }
        inside && /^$/ { inside = 0 }
        inside && !/^  (punctum|mpirun|python3) / { print; bad = 1 }
        inside { n++ }
        END { exit bad || !n }' help
    check "examples of $command name files that are the user's" sh -c "! grep -E '^  (punctum|mpirun).* (data|scripts|build)/' help"
    prints "usage of $command" "^Usage: punctum $command" "$command" --usage
    "$program" help "$command" > help2
    check "punctum help $command is punctum $command --help" cmp help help2
done
"$program" train --help > help
check "parameters are indented" awk '/^Learning rules/ { inside = 1; next } inside && /^[^ ]/ && !/:$/ { print; exit 1 }' help
if command -v script > /dev/null; then # a terminal of 50 and of 120 columns
    for width in 50 120; do
        script -qec "stty cols $width; '$program' train --help" /dev/null < /dev/null | tr -d '\r' > help
        check "help fits a terminal of $width columns" awk -v width=$width '
            /^Examples:|^Networks and/ { skip = 1 } /^Learning/ { skip = 0 }
            length > longest { longest = length }
            length > width && !skip { print; bad = 1 }
            END { exit bad || (width == 120 && longest < 100) }' help
    done
fi

# The manual page holds what --help lists, and so does docs/command-line.md: same options, letters and arguments.
if ! "$here/scripts/manual.sh" "$program" > page; then fail "scripts/manual.sh fails"; fi
check "docs/punctum.1 lists the options as --help does (make manual renews it)" diff "$here/docs/punctum.1" page
for command in $commands; do
    "$program" "$command" --help | sed -n '/^Examples:/q
        s/^  \(-., \|    \)--\([a-z-]*\)\(\[*=[A-Za-z.]*\]*\).*/\1--\2\3/p
        s/^  \(-., \|    \)--\([a-z-]*\)\( .*\)*$/\1--\2/p' | grep -v -e '--help' -e '--usage' |
        sed 's/^ *//; s/^\(-.\), /`\1`, /; s/--/`--/; s/$/`/; s/\([a-z]\)=/\1 /' | sort > wanted
    awk -v section="## $command" '/^## / { inside = $0 == section } inside' "$here/docs/command-line.md" |
        sed -n 's/^| \(\(`-.`, \)*`--[^`]*`\) |.*/\1/p' | sort > found
    check "docs/command-line.md lists the options of $command" diff wanted found
done

# A wrong call: status 2, what is wrong, what comes closest, and how it is called.
refuse 2 "unrecognized option '--thread-count'; did you mean --threads" run "$demo" -o new --thread-count 2
refuse 2 "unrecognized option '--durration'; did you mean --duration" run "$demo" -o new --durration 2
refuse 2 "unrecognized option '-z'" run "$demo" -o new -z
refuse 2 "option '--d' is ambiguous: --duration, --dt" run "$demo" -o new --d 2
refuse 2 "quiet takes no argument" run "$demo" -o new --quiet=yes
refuse 2 "output needs an argument: DIR" run "$demo" --output
refuse 2 "one too many: 'more'" run "$demo" more -o new
refuse 2 "Usage: punctum run \[OPTION...\] NETWORK.yaml" run
refuse 2 "no command 'simulate'" help simulate
refuse 2 "did you mean 'train'" trian
refuse 2 "from 0 to 1e15$" run "$demo" -o new --duration 1e16
refuse 2 "from 1e-9 to 1e9$" run "$demo" -o new --engine clock --dt 0
refuse 2 "from 0 to 9007199254740992$" run "$demo" -o new --seed -1
refuse 2 "there is no 'cubc'; did you mean cubic" run "$demo" -o new --engine clock --interpolate=cubc
check "options may be cut and may stand anywhere" "$program" run --dur 1 "$demo" --quiet --out cut-options
for ask in --help --version "run --help" "help run" "run --usage"; do
    # shellcheck disable=SC2086
    "$program" $ask > /dev/full 2> err
    check "'punctum $ask' to a full device fails" test $? -eq 1
done

# Rates are those of the neurons, by population, whether their spikes are recorded or not; sources stand apart.
awk '/^```yaml/ { inside = 1; next } /^```/ { inside = 0 } inside' "$here/docs/quickstart.md" > first.yaml
sed 's/spikes: \[input, cells\]/spikes: [input]/' first.yaml > second.yaml
for file in first second; do
    check "the quick start's network runs" "$program" run $file.yaml -o $file
    mv out said
    check "the closing line has the rate of the cells" grep -q '145 spikes of 10 neurons (cells 72.5 Hz), 406 of 100 sources' said
    check "rate_hz is that of the cells" grep -q '"rate_hz": 72.5,' $file/summary.json
    check "rates_hz has it by population" grep -q '"cells": 72.5$' $file/summary.json
    check "source_rate_hz is that of the inputs" grep -q '"source_rate_hz": 20.3' $file/summary.json
done
prints "clock: the same rate" '\(cells 72.5 Hz\), 406 of 100' run first.yaml -o clocked --engine clock --dt 0.01

# Commands in the pages that make variations of experiments give files that load, with their data.
ln -s "$here/data" data
mkdir -p build
sed -n "s/^    \(sed '.*' data\/experiments\/mnist-[a-z0-9]*\.yaml > build\/.*\)$/\1/p" "$here"/docs/*.md > variations
check "there are such commands" test "$(wc -l < variations)" -ge 2
while IFS= read -r line; do
    eval "$line"
    file=${line##* }
    original=$(echo "$line" | grep -o 'data/experiments/[a-z0-9-]*\.yaml')
    check "$line: another experiment" sh -c "! cmp -s '$file' '$original'"
    refuse 2 "nowhere/checkpoint.bin: there is no such file" test "$file" nowhere
done < variations

# A file of potentials: a row for each multiple of the interval, and two at each spike, as docs/formats.md says.
check "the demo for its potentials" "$program" run "$demo" -o potentials --quiet
spikes=$(awk '$1 == 0' potentials/spikes-excitatory.dat | wc -l)
check "rows of potentials" awk -v spikes="$spikes" '
    !/#/ { n[$1]++; rows++ }
    END { for (t in n) single += n[t] == 1; exit !(single == 5000 && rows == 5000 + 2 * spikes && spikes == 33) }' \
    potentials/potential-excitatory-0.dat
