# The experiments of NormAD as the paper has it, in small. Part of test/e2e.sh.

published="normalisation: per_layer, errors: plain"
for name in xor-paper xor-paper-fixed-hidden layers-1-paper layers-2-paper layers-3-paper single-paper; do
    check "$name takes the paper's errors and normalisation" grep -q "$published" "$here/data/experiments/$name.yaml"
done
check "XOR by the paper's rule" "$program" train "$here/data/experiments/xor-paper.yaml" -o xor-paper --trials 4 --keep 0 --quiet
check "all of its trials converge" grep -q '"converged": 4' xor-paper/summary.json
check "the last row counts them all" test "$(tail -n 1 xor-paper/correlation.dat | cut -d ' ' -f 4)" -eq 4

# After `restart` iterations a trial begins with other weights: its output is silent again, as only before the first step.
sed -e 's/^iterations.*/iterations: 12\nrestart: 5/' -e 's/^trials.*/trials: 2/' "$xor" > restarted.yaml
check "training with restarts" "$program" train restarted.yaml -o restarted --quiet
check "begins anew after 5 and 10 iterations" test \
    "$(awk '!/^#/ && $2 == 0 { printf "%d ", $1 }' restarted/correlation.dat)" = "0 5 10 "
check "training without" "$program" train restarted.yaml -o begun --iterations 5 --quiet
head -n 6 restarted/correlation.dat | cmp -s - begun/correlation.dat
check "the first attempt is the same to the bit" test $? -eq 0
check "the second attempt has other weights" test "$(sed -n 3p restarted/correlation.dat | cut -d ' ' -f 2)" != \
    "$(sed -n 8p restarted/correlation.dat | cut -d ' ' -f 2)"
sed 's/^restart.*/restart: 0/' restarted.yaml > never.yaml
refuse 2 'never\.yaml:.*restart' train never.yaml -o new
