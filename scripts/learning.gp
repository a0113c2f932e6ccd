# How training went: at the left the mean spike correlation over iterations with a band of one standard deviation, at the
# right how many trials had converged, in % where runs differ in their number of trials. One curve per run.
#
# output            the pictures' path without extension: output.svg and output.png are written
# n_runs            how many runs, at least 1
# file_1, ...       a file per run: `iteration mean std converged`, # comments
# name_1, ...       what to call the runs
# trials_1, ...     how many trials each had
# scripts           optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 11 ? ARG0[1:strlen(ARG0) - 12] : '.'
load scripts . '/style.gp'

n = n_runs
file(k) = value(sprintf('file_%d', k))
name(k) = value(sprintf('name_%d', k))
trials(k) = value(sprintf('trials_%d', k))

# Runs of which all trials were over before those of others go on as they ended.
last = 1.0
most_trials = 1.0
fewest_trials = 1e9
array end[n]
array end_mean[n]
array end_std[n]
array end_converged[n]
do for [k = 1:n] {
    stats file(k) using (end[k] = $1, end_mean[k] = $2, end_std[k] = $3, end_converged[k] = $4, $1) nooutput
    last = most(last, STATS_max)
    most_trials = most(most_trials, trials(k))
    fewest_trials = least(fewest_trials, trials(k))
}
x(i) = long ? i + 1 : i
tail(k, i) = i == 0 ? end[k] : last
$both_ends << END
0
1
END
comparable = fewest_trials == most_trials
of_trials(k, y) = comparable ? y : 100.0 * y / most(1, trials(k))

width = 840
height = 360
# Long runs have a logarithmic axis, on which iteration 0 stands at 1.
long = last > 1000
first_edge = long ? 1 : 0
do for [picture = 1:2] {
    eval open_picture[picture]
    set multiplot
    set xrange [first_edge:last * 1.02]
    if (long) { set logscale x; set format x '10^{%L}' }
    set xlabel (long ? 'Iteration + 1' : 'Iteration')
    set tmargin screen 1 - 24.0 / height
    set bmargin screen 62.0 / height
    set style fill transparent solid 0.15 noborder

    set lmargin screen 74.0 / width
    set rmargin screen 400.0 / width
    set yrange [0:1.05]
    set ytics autofreq
    set ylabel (most_trials > 1 ? 'Spike correlation, mean ± std' : 'Spike correlation') offset 1
    set key bottom right vertical noenhanced samplen 2 opaque
    plot for [k = 1:n] file(k) using (x($1)):(clamp($2 - $3, 0, 1)):(clamp($2 + $3, 0, 1)) with filledcurves \
             linecolor rgb colour(k) notitle, \
         for [k = 1:n] $both_ends using (x(tail(k, $1))):(clamp(end_mean[k] - end_std[k], 0, 1)): \
             (clamp(end_mean[k] + end_std[k], 0, 1)) with filledcurves linecolor rgb colour(k) notitle, \
         for [k = 1:n] file(k) using (x($1)):2 with lines linewidth 1.6 linecolor rgb colour(k) title name(k), \
         for [k = 1:n] $both_ends using (x(tail(k, $1))):(end_mean[k]) with lines linewidth 1.6 \
             linecolor rgb colour(k) notitle

    set key off
    set lmargin screen 484.0 / width
    set rmargin screen 816.0 / width
    set yrange [0:(comparable ? most_trials : 100) * 1.05]
    if (comparable && most_trials < 5) { set ytics 1 }
    set ylabel (comparable ? 'Trials converged' : 'Trials converged (%)') offset 1
    plot for [k = 1:n] of_trials(k, trials(k)) with lines dashtype (4, 4) linewidth 0.8 linecolor rgb colour(k), \
         for [k = 1:n] file(k) using (x($1)):(of_trials(k, $4)) with steps linewidth 1.6 linecolor rgb colour(k), \
         for [k = 1:n] $both_ends using (x(tail(k, $1))):(of_trials(k, end_converged[k])) with lines linewidth 1.6 \
             linecolor rgb colour(k)
    unset multiplot
    unset output
}
