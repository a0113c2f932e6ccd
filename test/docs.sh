#!/bin/sh
# The examples of README.md, docs/training.md and docs/api.md are docs/example.c, docs/training.c and docs/example.cpp, and the
# first two print what the pages say; docs/api.md names every public function, docs/api-reference.md is what the headers say;
# every page that is linked to exists.
set -eu
folder=$1 # of the compiled examples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "test/docs.sh: $1" >&2
    exit 1
}
# block PAGE LANGUAGE: the page's first block in that language.
block() {
    awk -v open="\`\`\`$2" '$0 == "```" && inside { exit } inside { print } $0 == open { inside = 1 }' "$1"
}
# compare PAGE EXAMPLE
compare() {
    block "$1" c > "$work/example.c"
    diff "$work/example.c" "docs/$2.c" || fail "the C example of $1 differs from docs/$2.c"
    block "$1" text > "$work/expected"
    "$folder/$2" > "$work/printed" || fail "docs/$2.c fails"
    diff "$work/expected" "$work/printed" || fail "docs/$2.c prints something else than $1 says"
}
compare README.md example
compare docs/training.md training
block docs/api.md cpp | diff - docs/example.cpp || fail "the C++ example of docs/api.md differs from docs/example.cpp"

# Every piece of docs/api.md stands in docs/listing.c, which runs.
awk '/^```/ { inside = $0 == "```c"; n += inside; next } inside { print "    " $0 > folder "/piece-" n }' folder="$work" docs/api.md
for piece in "$work"/piece-*; do
    case $(cat docs/listing.c) in *"$(cat "$piece")"*) ;; *) fail "docs/listing.c lacks a piece of docs/api.md: $(head -n 2 "$piece")" ;; esac
done
"$folder/listing" > "$work/printed" || fail "docs/listing.c fails"
grep -q '^dL/dw\[0\] = ' "$work/printed" || fail "docs/listing.c prints no gradient"

scripts/reference.sh include/punctum/*.h > "$work/reference"
diff "$work/reference" docs/api-reference.md || fail "docs/api-reference.md is not what the headers say: make manual"
scripts/declared.sh include/punctum/*.h > "$work/names"
while IFS= read -r name; do
    grep -q "[\`.]$name[\`(]" docs/api.md || fail "docs/api.md does not name $name"
done < "$work/names"

for page in README.md CONTRIBUTING.md CHANGELOG.md docs/*.md; do
    for link in $(grep -o '](\([^)#:]*\)[)#]' "$page" | sed 's/^](//; s/[)#]$//'); do
        [ -e "$(dirname "$page")/$link" ] || fail "$page links to $link, which does not exist"
    done
done
