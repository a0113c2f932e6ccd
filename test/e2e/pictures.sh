# Pictures and exported scripts: names that are commands, sizes, windows, what is drawn. Part of test/e2e.sh.

cat > picture.yaml << 'END'
duration: 40.0
seed: 7
populations:
  - {name: input, size: 20, source: {poisson: {rate: 50.0}}}
  - {name: cells, size: 5, neuron: {t_ref: 0.5}}
projections: [{from: input, to: cells, connect: all_to_all, weight: {normal: [2000.0, 400.0]}, delay: 1.5}]
record:
  spikes: [input, cells]
  potential: [{population: cells, neurons: [0], interval: 8}]
END
check "a run to draw" "$program" run picture.yaml -o drawn -q
# xy FILE BYTE: a length of a PNG file, pixels: its width at byte 16, its height at byte 20.
xy() { od -An -tu1 -j "$2" -N 4 "$1" | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }'; }
bytes() { wc -c < "$1"; }
# quiet WHAT ARGUMENTS...: the program does it, and neither it nor gnuplot has anything to say.
quiet() {
    what=$1
    shift
    "$program" "$@" > out 2> message
    check "$what" test $? -eq 0
    check "$what: not a word" cmp message /dev/null
}

# --- no name is ever a command -----------------------------------------------------------------------------------------

# Names, each followed by a zero byte.
hostile() {
    printf '%s\0' '<touch X;a' '|touch X' '$(touch X)' '`touch X`' "quo'te" 'dou"ble' 'back\slash' '-dash' '%s %d' '@input' \
        '{a_b^2}&amp;]]>' 'Ünïcode 漢'
    printf 'carriage\rreturn\0new\nline\0bad\377\376bytes\0tab\there\0'
}
hostile | tr '\n\0' '\001\n' > names
run_names() {
    while IFS= read -r name; do
        name=$(printf '%s.' "$name" | tr '\001' '\n')
        "$1" "${name%.}"
    done < names
}
draw_named() {
    cp -r drawn "./$1"
    quiet "a folder named '$1' is drawn" plot -- "$1"
    check "its pictures are there" test -s "./$1/raster.png" -a -s "./$1/potential-cells.svg"
    mkdir "./x-$1" && printf '# iteration mean std converged\n0 0 0 0\n1 1 0 1\n' > "./x-$1/correlation.dat"
    printf '{"command": "train", "trials": 1}' > "./x-$1/summary.json"
    mv "./x-$1" "./$1/$1"
    quiet "one named '$1' is compared" plot "./$1/$1" "./$1/$1" -o "./$1/both"
    if command -v python3 > /dev/null; then
        check "'$1' makes good XML" python3 -c "import xml.etree.ElementTree as e, sys; e.parse(sys.argv[1])" "./$1/both/learning.svg"
    fi
}
run_names draw_named
export_named() {
    for to in brian2 nest; do
        check "export to '$1'" "$program" export picture.yaml --to $to -o "scripts/$1.py"
        if command -v python3 > /dev/null; then
            check "'$1.py' is Python and knows its name" python3 - "scripts/$1.py" << 'END'
import os, sys
text = open(sys.argv[1], 'rb').read()
compile(text, 'script', 'exec')
line = [line for line in text.splitlines() if line.startswith(b'STEM')][0]
space = {'os': os}
exec(line, space)
assert os.fsencode(space['STEM']) + b'.py' == os.path.basename(os.fsencode(sys.argv[1])), line
END
        fi
    done
    check "its synapses are beside it" test -s "scripts/$1-synapses-input+cells.dat"
}
run_names export_named
for name in nest numpy argparse; do
    check "a script named as a module" "$program" export picture.yaml --to nest -o "scripts/$name.py"
done
if command -v python3 > /dev/null; then
    mkdir modules
    echo 'print("the right module")' > modules/nest.py
    echo '' > modules/numpy.py
    check "scripts import no module from beside them" sh -c \
        'for name in nest numpy argparse; do PYTHONPATH=modules python3 "scripts/$name.py" 2> log || true; done | grep -c right > n
         echo 3 | cmp - n'
fi
check "no name was run" test -z "$(find . -name X)"

cat > alike.yaml << 'END'
duration: 1.0
populations: [{name: a, size: 1}, {name: a-b, size: 2}, {name: c, size: 1}, {name: b-c, size: 1}]
projections:
  - {from: a, to: b-c, connect: all_to_all, weight: 1, delay: 1}
  - {from: a-b, to: c, connect: all_to_all, weight: 2, delay: 1}
END
check "names that run together" "$program" export alike.yaml --to brian2 -o alike.py
check "each pair of populations has its file" test "$(cat alike-synapses-* | grep -vc '#')" -eq 3

# --- size and number ---------------------------------------------------------------------------------------------------

# Results made up, of populations 'name size spikes', a line each on standard input.
made_up() {
    mkdir "$1"
    awk -v folder="$1" '
        BEGIN { printf "{\"command\": \"run\", \"reached_ms\": 1000, \"network\": {\"populations\": [" }
        {
            printf "%s{\"name\": \"%s\", \"size\": %d, \"record_spikes\": true}", (NR > 1 ? ", " : ""), $1, $2
            file = folder "/spikes-" $1 ".dat"
            printf "# neuron time_ms\n" > file
            for (k = 0; k < $3; k++)
                printf "%d %.17g\n", (k * 7919) % $2, k * 1000 / $3 > file
            close(file)
        }
        END { print "]}}" }' > "$1/summary.json"
}
printf 'cells 500 100000\none 1 5000\nfew 3 6\nnone 1 0\n' | made_up many-spikes
quiet "many spikes" plot many-spikes
check "they are shades" test "$(grep -c '<image' many-spikes/raster.svg)" -eq 2
check "the picture says so" grep -q 'darker: more spikes' many-spikes/raster.svg
check "a silent population says so" grep -q 'no spikes' many-spikes/raster.svg
check "the file is small" test "$(bytes many-spikes/raster.svg)" -lt 500000
awk 'BEGIN { for (k = 0; k < 1000; k++) print "population_" k, 1 + k % 3, 4 }' | made_up many-populations
quiet "a thousand populations" plot many-populations
check "their picture has a height like any other" test "$(xy many-populations/raster.png 20)" -lt 3000

# Potentials: a sample in 150 is a spike. The lowest, at 12345, and the highest but the threshold are single samples.
mkdir many-samples
awk 'BEGIN {
    for (k = 0; k < 200000; k++) {
        spike = k % 150 == 149
        printf "%.17g %g %d\n", k / 200, spike ? 20 : k == 12345 ? -99 : -60 + 0.4 * (k % 150), spike > "many-samples/curve-a-0.dat"
        if (spike)
            printf "%.17g -60 0\n", k / 200 > "many-samples/curve-a-0.dat"
    }
}'
for k in 1 2 3 4; do cp many-samples/curve-a-0.dat many-samples/curve-a-$k.dat; done
cat > many-samples/summary.json << 'END'
{"command": "run", "reached_ms": 1000, "network": {"populations": [
  {"name": "a", "size": 5, "record_spikes": false, "neuron": {"V_th": 20, "V_reset": -60}}],
  "potential": [{"population": "a", "neurons": [0, 1, 2, 3, 4], "interval": 0.005}]}}
END
quiet "many samples" plot many-samples
check "their picture is small" test "$(bytes many-samples/potential-a.svg)" -lt 1500000

# --- windows and folders -----------------------------------------------------------------------------------------------

check "the whole run" "$program" plot drawn
cp drawn/raster.svg whole.svg
refuse 2 '[-]-from 60 --to 70: the run in drawn covers 0 to 40 ms' plot drawn --from 60 --to 70
refuse 2 '[-]-from 0 --to 41: the run in drawn covers 0 to 40 ms' plot drawn --to 41
refuse 2 '[-]-from 40 --to 40: the run in drawn covers 0 to 40 ms' plot drawn --from 40
quiet "a window" plot drawn --from 10.5 --to 20
for picture in raster@10.5-20 potential-cells@10.5-20; do
    check "$picture.svg" grep -q '</svg>' "drawn/$picture.svg"
done
check "the picture of the whole run is left alone" cmp whole.svg drawn/raster.svg
check "one folder into another" "$program" plot drawn -o elsewhere/deep
check "the same picture" cmp whole.svg elsewhere/deep/raster.svg
mkdir training
printf '# iteration mean std converged\n0 0 0 0\n' > training/correlation.dat
printf '{"command": "train", "trials": 1}' > training/summary.json
refuse 2 "are for folders of 'punctum run'; training is one of 'punctum train'" plot training --to 10
refuse 2 "drawn: results of 'punctum train' are wanted" plot training drawn -o new
refuse 2 '/proc/new: the folder cannot be written' plot drawn -o /proc/new
sed 's/"cells"/"..\/cells"/' drawn/summary.json > training/odd
mkdir odd && mv training/odd odd/summary.json
refuse 2 "odd/summary.json: '../cells' is no name of a population" plot odd

# --- what is drawn -----------------------------------------------------------------------------------------------------

check "a spike at 0 is drawn" grep -q "stroke='rgb(  0, 114, 178)'  d='M" drawn/raster.svg
printf 'a 2 1\n' | made_up at-zero
check "a spike at 0" "$program" plot at-zero
# at FOLDER COLOUR: where the last line of a colour begins, pixels.
at() { sed -n "s/.*stroke='rgb($1)'  d='M\([0-9]*\)\..*/\1/p" at-zero/raster.svg | tail -n "$2" | head -n 1; }
axis=$(sed -n "s/.*stroke='rgb( 64,  64,  64)'  d='M\([0-9]*\)\.[0-9]*,[0-9.]* L\1\..*L.*/\1/p" at-zero/raster.svg | head -n 1)
check "it is not behind the axis" test "$(at '  0, 114, 178' 1)" -gt "$axis"
check "potentials have the colour that the population has in the raster" grep -q 'rgb(213,  94,   0)' drawn/potential-cells.svg
check "strokes are explained" grep -q 'stroke: a spike' drawn/potential-cells.svg
check "a window without spikes needs no explanation" sh -c '! grep -q "stroke: a spike" "drawn/potential-cells@0-1.svg"' \
    "$("$program" plot drawn --to 1)"

# Thresholds that move and differ, and currents, beside the potential: of few neurons and of many.
cat > general.yaml << 'END'
duration: 60.0
seed: 3
neuron: {I_e: 700.0, V_th: {normal: [-50.0, 1.0]}}
receptors: {ampa: {tau: 2.0}, gaba: {tau: 8.0}}
populations:
  - {name: input, size: 10, source: {poisson: {rate: 40.0}}}
  - {name: cells, size: 6, threshold: [{jump: 3.0, tau: 30.0}]}
projections: [{from: input, to: cells, connect: all_to_all, weight: 500.0, delay: 1.5, receptor: ampa}]
record:
  potential: [{population: cells, neurons: [0, 1], interval: 1}]
  threshold: [{population: cells, neurons: [0], interval: 1}]
  current: [{population: cells, neurons: [0, 1], interval: 1}, {population: cells, neurons: [0], receptor: ampa, interval: 1}]
END
sed 's/neurons: \[0, 1\]/neurons: [0, 1, 2, 3, 4, 5]/' general.yaml > general-many.yaml
for name in general general-many; do
    check "a run of $name" "$program" run $name.yaml -o $name -q
    quiet "thresholds that move, $name" plot $name
    check "they are drawn, and no V_th is, $name" sh -c "grep -q '>threshold<' $name/potential-cells.svg && ! grep -q '= -' $name/potential-cells.svg"
done
quiet "a part of them" plot general --from 10 --to 30 -o general-part
check "currents have a panel each" test "$(grep -o '>I (pA)<' general/potential-cells.svg | wc -l)" -eq 2
check "a receptor is named" grep -q '>ampa<' general/potential-cells.svg
check "of many neurons no currents are drawn" sh -c '! grep -q "I (pA)" general-many/potential-cells.svg'

quiet "one trial" plot training
check "it has no deviation" sh -c "grep -q 'Spike correlation<' training/learning.svg && ! grep -q 'std' training/learning.svg"
mkdir long-training
awk 'BEGIN { for (k = 0; k <= 2000; k++) print k, k / 2000, 0.1, int(k / 500) }' > long-training/correlation.dat
printf '{"command": "train", "trials": 4}' > long-training/summary.json
quiet "long training beside short training" plot long-training training -o both
check "trials are told in percent where their numbers differ" grep -q 'Trials converged (%)' both/learning.svg
quiet "long training" plot long-training
check "trials are counted elsewhere" grep -q 'Trials converged<' long-training/learning.svg
check "they are whole" sh -c "grep -q '>[ ]3<' long-training/learning.svg && ! grep -q '>[ ][123][.]5<' long-training/learning.svg"

# --- when gnuplot does not draw ----------------------------------------------------------------------------------------

mkdir bin temporary
refused_drawing() {
    PATH=$work/bin TMPDIR=$work/temporary "$program" plot drawn -o undrawn > out 2> message
    check "status 1 where gnuplot does not draw" test $? -eq 1
    check "a message: $1" grep -q "$1" message
    check "nothing is left of it" test -z "$(find temporary undrawn -type f 2> /dev/null)"
}
refused_drawing 'gnuplot is not installed'
printf '#!/bin/sh\n' > bin/gnuplot
chmod +x bin/gnuplot
refused_drawing 'undrawn/raster.svg: gnuplot did not draw all of it'
TMPDIR=/nowhere "$program" plot drawn > out 2> message
check "a place for temporary files is asked for" grep -q '/nowhere: no temporary folder.*set TMPDIR' message

printf '#!/bin/sh\necho $$ > "%s/pid.new"\nmv "%s/pid.new" "%s/pid"\nexec sleep 100\n' "$work" "$work" "$work" > bin/gnuplot
PATH=$work/bin:$PATH TMPDIR=$work/temporary "$program" plot drawn > out 2> message &
child=$!
while ! [ -s pid ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
kill -INT $child
wait $child
check "an interrupted plot ends with status 1" test $? -eq 1
check "it says so" grep -q 'interrupted' message
check "gnuplot has ended too" sh -c "! kill -0 $(cat pid) 2> /dev/null"
check "nothing temporary is left" test -z "$(find temporary -mindepth 1)"

# --- the line of progress ----------------------------------------------------------------------------------------------

if command -v script > /dev/null; then
    script -qec "'$program' plot many-samples" /dev/null > log
    check "plot gives a sign of life" sh -c "tr '\r' '\n' < log | grep -q 'reading potentials' && grep -q 'drawing potential-a, [0-9]* s' log"
    for width in 30 80; do
        script -qec "stty cols $width; '$program' train '$here/data/experiments/xor.yaml' -o progress-$width --trials 12" \
            /dev/null > log
        check "progress was shown at $width columns" grep -q '%  [0-9]* of' log
        check "it stays on its line at $width columns" sh -c "tr '\r' '\n' < log | sed 's/\x1b\[K//g' | grep '%' |
            awk -v width=$width 'length(\$0) >= width { bad = 1 } END { exit bad }'"
    done
fi
