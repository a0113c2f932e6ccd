# What cannot fit or cannot be is refused before it costs anything. Part of test/e2e.sh.

mkdir limits

# --- YAML: depth, size, aliases, documents, zero bytes -------------------------------------------------------------------

head -c 100000 /dev/zero | tr '\0' '[' > limits/deep.yaml
refuse 2 'deep.yaml:1: more than 32 lists and maps within one another' run limits/deep.yaml -o new
refuse 2 'deep.yaml:1: more than 32 lists and maps within one another' train limits/deep.yaml -o new
refuse 2 'deep.yaml:1: more than 32 lists and maps within one another' search limits/deep.yaml -o new
{ printf 'duration: 1\nseed: 2\nneuron:\n' && awk 'BEGIN { for (k = 1; k < 50; k++) printf "%*s-\n", k, "" }'; } > limits/deep.yaml
refuse 2 'deep.yaml:[0-9]*: more than 32 lists and maps within one another' run limits/deep.yaml -o new
# one_network MORE: a network file with a text after it.
one_network() { printf 'duration: 1\npopulations: [{name: cells, size: 1}]\n%b' "$1"; }
one_network '' > limits/one.yaml
check "a network of one document" "$program" run limits/one.yaml -o limits/one -q
one_network '...\n' > limits/one.yaml
check "a document that says where it ends" "$program" run limits/one.yaml -o limits/one -q
one_network '---\nduration: 2\n' > limits/two.yaml
refuse 2 'two.yaml:3: a second document begins here; a file holds one' run limits/two.yaml -o new
printf 'duration: 1\npopulations: [{name: "cells\\0 and more", size: 1}]\n' > limits/zero.yaml
refuse 2 'zero.yaml:2: a zero byte within a text' run limits/zero.yaml -o new
printf 'duration: 1\npopulations: &all [*all]\n' > limits/alias.yaml
refuse 2 'alias.yaml:2: an alias within what it stands for' run limits/alias.yaml -o new
{
    printf 'a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n'
    for k in 1 2 3 4 5 6 7 8 9; do
        printf 'a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n' $k $k $((k - 1)) $((k - 1)) \
            $((k - 1)) $((k - 1)) $((k - 1)) $((k - 1)) $((k - 1)) $((k - 1)) $((k - 1)) $((k - 1))
    done
} > limits/laughs.yaml
refuse 2 'laughs.yaml:[0-9]*: more than 10000000 values, aliases written out' run limits/laughs.yaml -o new
awk 'BEGIN { for (k = 0; k < 101; k++) printf "k%d: &a%d 1\n", k, k }' > limits/anchors.yaml
refuse 2 'anchors.yaml:101: more than 100 anchors' run limits/anchors.yaml -o new
awk 'BEGIN { for (k = 0; k < 11; k++) printf "%%TAG !a%d! tag:example.org,2000:\n", k }' > limits/tags.yaml
refuse 2 "tags.yaml:11: more than 10 lines begin with '%'" run limits/tags.yaml -o new

# --- memory: counted before anything is built ----------------------------------------------------------------------------

# of SIZE: a network of so many neurons, all connected.
of() { printf 'duration: 1\npopulations: [{name: a, size: %d}]\nprojections: [{from: a, to: a, connect: all_to_all, weight: 1, delay: 1}]\n' "$1"; }
of 1000000 > limits/all.yaml
refuse 1 'not enough memory for 1e.12 synapses: 1[0-9]* GB are needed, and [0-9.]* [MG]B are left ' run limits/all.yaml -o new
refuse 1 'not enough memory for 1e.12 synapses: 1[0-9]* GB are needed' run limits/all.yaml -o new --engine clock
refuse 1 'not enough memory for 1e.12 synapses: 1[0-9]* GB are needed' validate limits/all.yaml -o new
refuse 1 'not enough memory for 1e.12 synapses: 1[0-9]* GB are needed' export limits/all.yaml --to brian2 -o new/network.py
sed 's/  - {size: 3,/  - {size: 100000, weight: {normal: [0, 1]}}\n  - {size: 3,/; s/size: 200/size: 100000/; s/^batch.*/batch: 1000/' \
    "$here/data/experiments/yin-yang.yaml" > limits/points.yaml
refuse 1 'not enough memory for the weights of all layers: [0-9.]* GB are needed, and ' train limits/points.yaml -o new
sed -e 's/size: 54/size: 999999/' "$here/data/experiments/xor.yaml" > limits/wide.yaml
refuse 1 'not enough memory for the weights of all trials at a time: [0-9.]* GB are needed, and ' train limits/wide.yaml -o new
if [ "$(nm -D "$program" | grep -c __asan_init)" -eq 0 ]; then # a sanitizer needs more address space
    of 9000 > limits/some.yaml
    (ulimit -v 800000 && OMP_NUM_THREADS=1 "$program" run limits/some.yaml -o new) > limits/said 2>&1
    got=$?
    check "a limit of address space: status 1" test $got -eq 1
    check "a limit of address space: figures" \
        grep -Eq '8.1e.07 synapses: [0-9.]+ [MG]B are needed, and [0-9]+ MB are left within the limit of address space' limits/said
fi

# --- images: judged by their heads ---------------------------------------------------------------------------------------

# head N HEIGHT WIDTH: that of an IDX file of images.
idx_head() { printf '\0\0\010\003' && for n in "$@"; do printf "\\$(printf %03o $((n / 16777216 % 256)))\\$(printf %03o $((n / 65536 % 256)))\\$(printf %03o $((n / 256 % 256)))\\$(printf %03o $((n % 256)))"; done; }
{ printf '\0\0\010\001\0\0\0\003' && printf '\1\2\3'; } > limits/labels
{ idx_head 3 4096 4096 && head -c 1000 /dev/zero; } > limits/large
refuse 2 'large: byte 8: images of 4096 x 4096 pixels; at most 34 x 34 are possible' \
    camera --images limits/large --labels limits/labels -o new
{ idx_head 100000 28 28 && head -c 1000 /dev/zero; } > limits/many
refuse 2 'many: byte 4: 100000 images; at most 99999 are possible' camera --images limits/many --labels limits/labels -o new
refuse 2 'many: byte 4: 78400000 bytes of images are announced, more than the file can hold' \
    camera --images limits/many --labels limits/labels --count 3 -o new
{ idx_head 4 28 28 && head -c 1000 /dev/zero; } > limits/other
refuse 2 'labels: byte 4: 3 labels, but limits/other has 4 images' camera --images limits/other --labels limits/labels -o new

# --- checkpoints with a right checksum -----------------------------------------------------------------------------------

sed -e 's/{yin_yang.*/{yin_yang: {}, train: 20, validation: 10, test: 10}/' -e 's/size: 200/size: 8/' -e 's/^batch.*/batch: 10/' \
    -e 's/^epochs.*/epochs: 1/' "$here/data/experiments/yin-yang.yaml" > limits/points.yaml
check "a classifier to be spoilt" "$program" train limits/points.yaml -o limits/points -q
# spoil FILE PLACE BYTES: eight bytes of a checkpoint are others, and its checksum is right, which gzip computes.
spoil() {
    size=$(wc -c < "limits/$1")
    mkdir -p limits/spoilt
    {
        head -c "$2" "limits/$1"
        printf "$3"
        tail -c +$(($2 + 9)) "limits/$1" | head -c $((size - $2 - 12))
    } > limits/body
    { cat limits/body && gzip -c limits/body | tail -c 8 | head -c 4; } > "limits/spoilt/$(basename "$1")"
}
spoil points/checkpoint.bin 400 '\0\0\0\0\0\0\360\077'
check "another weight is a weight" "$program" test limits/points.yaml limits/spoilt -q
spoil points/checkpoint.bin 400 '\0\0\0\0\0\0\370\177'
refuse 2 'spoilt/checkpoint.bin: byte 400: this is not a finite number' test limits/points.yaml limits/spoilt
spoil points/checkpoint.bin 168 '\0\0\0\0\0\0\370\177'
refuse 2 'spoilt/checkpoint.bin: byte 152: no epoch can have come to this' test limits/points.yaml limits/spoilt
sed -e 's/^trials.*/trials: 1/' -e 's/^iterations.*/iterations: 5/' "$here/data/experiments/xor.yaml" > limits/xor.yaml
check "a trial to be spoilt" "$program" train limits/xor.yaml -o limits/xor -q
spoil xor/trials/trial-0000.bin 104 '\0\050\153\356\0\0\0\0' # iterations
cp limits/spoilt/trial-0000.bin limits/xor/trials
refuse 2 'trial-0000.bin: byte 88: no trial can have come to this; begin anew without --resume' train limits/xor.yaml -o limits/xor --resume -q
