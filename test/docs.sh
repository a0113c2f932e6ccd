#!/bin/sh
# The example of the README is docs/example.c and prints what the README says; every page that is linked to exists.
set -eu
example=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The first block of that language in the README.
block() {
    awk -v open="\`\`\`$1" '$0 == "```" && inside { exit } inside { print } $0 == open { inside = 1 }' README.md
}
fail() {
    echo "test/docs.sh: $1" >&2
    exit 1
}

block c > "$work/example.c"
diff "$work/example.c" docs/example.c || fail "the C example of the README differs from docs/example.c"
block text > "$work/expected"
"$example" > "$work/printed" || fail "the example fails"
diff "$work/expected" "$work/printed" || fail "the example prints something else than the README says"

for page in README.md CONTRIBUTING.md CHANGELOG.md docs/*.md; do
    for link in $(grep -o '](\([^)#:]*\)[)#]' "$page" | sed 's/^](//; s/[)#]$//'); do
        [ -e "$(dirname "$page")/$link" ] || fail "$page links to $link, which does not exist"
    done
done
