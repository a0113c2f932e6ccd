# When the neurons of a classifier's layers fire for the first time: a histogram per layer, the input at the bottom.
#
#   gnuplot -e "output='l'; file='latency.dat'; n_layers=2; name_1='input'; name_2='hidden'; duration=30" latency.gp
#
# output          the pictures' path without extension: output.svg and output.png are written
# file            rows `time_ms first_spikes ...`: middle of a bin, then for each layer the mean per example, # comments
# n_layers        how many layers the file has
# name_1, ...     names, shown as they are
# duration        of an example, ms
# scripts         optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 10 ? ARG0[1:strlen(ARG0) - 11] : '.'
load scripts . '/style.gp'

n = n_layers
stats file using 1 nooutput
bin = duration / (1.0 * STATS_records)

# The two highest bins of each layer, where the highest is, and how many first spikes there are.
array highest[n]
array second[n]
array place[n]
array total[n]
enter(k, t, y) = (total[k] = total[k] + y, y > highest[k] ? (second[k] = highest[k], highest[k] = y, place[k] = t) \
                                                          : (second[k] = most(second[k], y)))
set table $discarded
do for [k = 1:n] {
    highest[k] = 0; second[k] = 0; place[k] = 0; total[k] = 0
    plot file using (enter(k, $1, column(k + 1))):(0) with table
}
unset table
undefine $discarded
# A bin far above all others (what is brightest fires at once) would flatten them: it is cut, and its height written.
cut(k) = second[k] > 0 && highest[k] > 4 * second[k]
top(k) = highest[k] == 0 ? 1.0 : 1.12 * (cut(k) ? 1.6 * second[k] : highest[k])

panel = n <= 3 ? 120 : 86
gap = 18
left = 110
width = 692
right = width - 140
height = 14 + n * (panel + gap) + 46
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)
set lmargin at screen screen_x(left)
set rmargin at screen screen_x(right)
set xrange [0:duration]
set style fill solid 0.8 noborder

do for [p = 1:2] {
    eval open_picture[p]
    set multiplot
    do for [j = 1:n] {
        k = n + 1 - j
        y = 14 + (j - 1) * (panel + gap)
        set tmargin at screen screen_y(y)
        set bmargin at screen screen_y(y + panel)
        set yrange [0:top(k)]
        set ytics 0, round_up(top(k) * 26.0 / panel) format '%g'
        set xtics format (j == n ? '%g' : '')
        set label 1 shorten(value(sprintf('name_%d', k)), 120) at graph 1, 0.5 offset 1, 0.5 left noenhanced \
            textcolor rgb colour(k)
        set label 2 sprintf('%.4g per example', total[k]) at graph 1, 0.5 offset 1, -0.5 left font ',9' \
            textcolor rgb grey
        if (cut(k)) {
            set label 3 sprintf('%.3g (%.3g to %.3g ms)', highest[k], place[k] - 0.5 * bin, place[k] + 0.5 * bin) \
                at place[k], graph 0.9 offset 0.8, 0 left font ',10' textcolor rgb grey
            set label 4 '↑' at place[k], graph 1 offset 0, 0.3 center font ',10' textcolor rgb grey
        }
        if (j == 1) {
            set label 5 "First spikes per example\n" . sprintf('bins of %.3g ms', bin) at \
                screen screen_x(24), screen_y(14 + 0.5 * (n * (panel + gap) - gap)) center rotate by 90
        }
        if (j == n) { set xlabel 'Time (ms)' }
        plot file using ($1 - 0.5 * bin):(column(k + 1)) with fillsteps linecolor rgb colour(k)
        unset label
        unset xlabel
    }
    unset multiplot
    unset output
}
