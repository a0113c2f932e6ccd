# The output spikes of one trial in the course of training: time to the right, iterations upwards, a panel per pattern; the
# desired spikes are vertical lines.
#
# output            the pictures' path without extension: output.svg and output.png are written
# outputs           file of all output spikes: `iteration pattern neuron time_ms`, # comments
# n_patterns        how many patterns, at least 1; panels beyond the eighth are left out
# target_1, ...     a file per pattern: `neuron time_ms`, the desired spikes
# iterations        how many there were
# duration          of a pattern, ms
# neuron            optional: the output neuron to draw; default 0
# scripts           optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 10 ? ARG0[1:strlen(ARG0) - 11] : '.'
load scripts . '/style.gp'

if (!exists('neuron')) neuron = 0
target(k) = value(sprintf('target_%d', k))
n = n_patterns < 8 ? n_patterns : 8
columns = n == 1 ? 1 : 2
rows = int((n + columns - 1) / columns)

width = 840
panel = n == 1 ? 320 : 170
height = 60 + rows * (panel + 64)
mark = iterations > 400 ? 0.25 : 0.4
top_edge = most(iterations, 1) * 1.03

do for [picture = 1:2] {
    eval open_picture[picture]
    set multiplot
    set xrange [-0.012 * duration:1.012 * duration] # what is at 0 is not behind the axis
    set yrange [-0.02 * top_edge:top_edge]
    do for [k = 1:n] {
        column = (k - 1) % columns
        line = int((k - 1) / columns)
        wide = (width - 100.0) / columns
        set lmargin screen (70.0 + column * (wide + 10)) / width
        set rmargin screen (70.0 + column * (wide + 10) + wide - 30) / width
        set tmargin screen 1 - (34.0 + line * (panel + 64)) / height
        set bmargin screen 1 - (34.0 + line * (panel + 64) + panel) / height
        set label 1 (n == 1 ? 'Lines: desired spikes' : sprintf('Pattern %d%s', k - 1, k == 1 ? '; lines: desired spikes' : '')) at graph 0, graph 1.06 left \
            textcolor rgb grey
        if (line == rows - 1) { set xlabel 'Time (ms)' } else { unset xlabel }
        if (column == 0) { set ylabel 'Iteration' offset 1 } else { unset ylabel }
        plot target(k) using ($1 == neuron ? $2 : NaN):(0):(0):(top_edge) with vectors nohead linewidth 1.4 \
                 linecolor rgb colour(2), \
             outputs using ($2 == k - 1 && $3 == neuron ? $4 : NaN):1 with points pointtype 7 pointsize mark \
                 linecolor rgb colour(1)
    }
    unset multiplot
    unset output
}
