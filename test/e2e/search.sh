# Search over parameters. Part of test/e2e.sh.

# --- search -----------------------------------------------------------------------------------------------------------

search() { cat > search.yaml; }
search << END
experiment: $xor
seed: 7
samples: 6
trials: 2
iterations: 100
rounds: 2
vary:
  layers.hidden.rate: {choice: [0.5, 1.0]}
  rule.normad.step: {log_uniform: [10.0, 40.0]}
  rule.normad.approach: {uniform: [0.3, 0.7]}
END
check "a search" "$program" search search.yaml -o found1 --jobs 1
check "its table has a row per point" test "$(grep -vc '^#' found1/search.dat)" -eq 6
check "values are within their ranges" awk '!/^#/ && ($7 != "0.5" && $7 != "1.0" || $8 < 10 || $8 > 40 || $9 < 0.3 || $9 > 0.7) { exit 1 }' \
    found1/search.dat
check "the better half goes on with twice the trials" sh -c \
    "test \$(awk '!/^#/ && \$2 == 2 && \$3 == 4' found1/search.dat | wc -l) -eq 3 && test \$(awk '!/^#/ && \$2 == 1 && \$3 == 2' found1/search.dat | wc -l) -eq 3"
check "the same search in parallel" "$program" search search.yaml -o found2 --jobs 3 --quiet
check "finds the same" cmp found1/search.dat found2/search.dat
rm found2/search.dat found2/points/point-0002/trial-0001.bin
check "a search goes on" "$program" search search.yaml -o found2 --resume --quiet
check "with the same results" cmp found1/search.dat found2/search.dat
check "what was found is trained" "$program" train found1/best.yaml -o found-trained --trials 2 --quiet
check "with the seed of the experiment" grep -q '^seed: 2020' found1/best.yaml
sed -e '/^samples/d' -e '/step/d' -e 's/uniform: .0.3, 0.7./choice: [0.3, 0.5, 0.7]/' -e 's/^rounds.*/rounds: 1/' \
    -e 's/^trials.*/trials: 1/' -e 's/^iterations.*/iterations: 2/' search.yaml > all.yaml
check "a search of all combinations" "$program" search all.yaml -o found-all --quiet
check "tries each once" test "$(awk '!/^#/ { print $7, $8 }' found-all/search.dat | sort -u | wc -l)" -eq 6
sed -e 's/^trials.*/trials: 100000/' -e 's/^iterations.*/iterations: 100000/' -e 's/step:.*/step: {choice: [1e-9]}/' search.yaml > long.yaml
"$program" search long.yaml -o found-long > out 2> message &
child=$!
while ! [ -d found-long/points ] && kill -0 $child 2> /dev/null; do sleep 0.05; done
kill -INT $child
wait $child
check "an interrupted search ends with status 1" test $? -eq 1
check "it says how to go on" grep -q -- '--resume' message
wrong() {
    pattern=$1
    shift
    sed "$@" search.yaml > wrong.yaml
    refuse 2 "$pattern" search wrong.yaml -o new
}
wrong 'wrong\.yaml:1: experiment: nowhere\.yaml' -e "s|^experiment.*|experiment: nowhere.yaml|"
wrong 'seed: this is the seed of the experiment' -e 's/^seed.*/seed: 2020/'
wrong "say with 'samples: N'" -e '/^samples/d'
wrong 'lowest value must be below' -e 's/10.0, 40.0/40.0, 10.0/'
wrong 'must be positive' -e 's/10.0, 40.0/-1.0, 40.0/'
wrong "unknown key 'guess'" -e 's/choice: .0.5, 1.0./guess: 1/'
wrong "no 'nobody'" -e 's/layers.hidden/layers.nobody/'
wrong 'normad' -e 's/normad.step/normad.stop/'
wrong 'this path stands here twice' -e 's/^  layers.hidden.rate.*/  rule.normad.step: {choice: [1.0, 2.0]}/'
wrong 'rounds' -e 's/^rounds.*/rounds: 99/'
wrong 'trials' -e 's/^rounds.*/rounds: 16/' -e 's/^trials.*/trials: 1000000/'
wrong 'must be a map|nothing is varied' -e '/^vary/,$d' -e 's/^rounds.*/vary: 3/'
refuse 2 'which search file' search -o new
ranks 2 search "$here/data/experiments/search-xor.yaml" -o new > out 2> message
check "a search on two ranks is refused" test $? -eq 2
check "it says why" grep -q 'runs in one process' message
