# What can be chosen by name: punctum describe, and the tables of the pages, which are what it prints.

# The pages: every table is as the program prints it, and none is missing.
for page in "$here"/docs/*.md; do
    grep -q '^<!-- describe ' "$page" || continue
    "$here/scripts/tables.sh" "$program" "$page" > page.md
    check "the tables of $(basename "$page") are those of the program (make manual renews them)" diff "$page" page.md
done
cat "$here"/docs/*.md > pages.md
prints "categories are listed" '^rule: ' describe
for category in $(sed -n 's/^\([a-z]*\):.*/\1/p' out); do
    "$program" describe "$category" --format markdown > tables
    sed -n 's/^`\([a-z_]*\)`: .*/\1/p' tables > names
    check "$category has kinds" test -s names
    while read -r name; do
        check "$category $name is in docs" grep -q "^\`$name\`: " pages.md
        prints "$category $name is described" "^$name: " describe "$name"
    done < names
    if [ "$category" != camera ]; then # the manual page has its options
        for name in $(sed -n 's/^| `\([a-zA-Z_.0-9]*\)` .*/\1/p' tables); do
            check "$category: $name is in the manual page" grep -q "^\\\\fB$name\\\\fR" "$here/docs/punctum.1"
        done
    fi
done
# A changed default, unit, range or name in a page is seen.
for change in 's/| 7 ms |/| 8 ms |/' 's/| `tau_hat` | ms |/| `tau_hat` | s |/' 's/| positive, at least 1e-9 ms |/| positive |/' \
    's/| `tau_hat_hidden` |/| `tau_hat_below` |/'; do
    sed "$change" "$here/docs/learning-rules.md" > changed.md
    "$here/scripts/tables.sh" "$program" changed.md > page.md
    check "a page with $change differs" sh -c '! cmp -s changed.md page.md'
done

# Ranges are those of files: the end of one is taken, what lies beyond it is refused with the words of the table.
range() { # VALUE
    printf 'duration: 200.0\nlayers: [{name: in, size: 2}, {name: out, size: 1, weight: 1}]\ngoal: {within: 1.0}
problem: {poisson: {input_rate: 100.0}}\niterations: 1\nrule: {exact_gradient: {share: %s}}\n' "$1" > range.yaml
}
range 0
check "the end of a range is taken" "$program" train range.yaml -o ranged --quiet
range 1
refuse 2 'range.yaml:6: rule.exact_gradient.share: share is 1; it must be from 0 to below 1$' train range.yaml -o new
"$program" describe exact_gradient -f markdown > described
check "the table has the same words" grep -q '^| `share` | | 0.9 | from 0 to below 1 |' described
"$program" describe normad -f markdown > described
check "ranges are described" grep -q '| positive, at least 1e-9 ms |' described
check "words are described" grep -q '| one of none, per_layer, joint, gram |' described
check "several names" "$program" describe adam rule
prints "help of train has the models" '  stbp: ' train --help
prints "help of train has the losses" '  discounted: ' train --help
refuse 2 "there is nothing named 'normed'; did you mean 'normad'" describe normed
refuse 2 "there is nothing named 'zzzzzzzz'; 'punctum describe' lists all names" describe zzzzzzzz
