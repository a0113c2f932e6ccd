# Membrane potentials of some neurons of one population. Up to four: a panel each, sharing the time axis. More: one tall
# panel of traces above each other with a scale bar. A spike is a stroke from the threshold upwards at its exact time.
# `punctum plot` prepares the data: what a column of the picture can show of each curve.
#
# output          the pictures' path without extension: output.svg and output.png are written
# name            the population's, shown as it is
# population      its number of a colour, from 1
# n_traces        how many neurons, at least 1; panels run from the top down, stacked traces from the bottom up
# n_recorded      how many were recorded
# file_1, ...     a file per neuron: `time_ms V_mV`; rows_1, ... are 0 where it is empty
# spikes_1, ...   a file per neuron: `time_ms`; strokes_1, ... are 0 where it is empty
# neuron_1, ...   numbers of the neurons
# V_th, lowest    threshold and lowest potential, mV
# t_from, t_to    the part to draw, ms
# scripts         this script's folder

if (!exists('scripts')) scripts = strlen(ARG0) > 12 ? ARG0[1:strlen(ARG0) - 13] : '.'
load scripts . '/style.gp'

n = n_traces
file(k) = value(sprintf('file_%d', k))
spikes(k) = value(sprintf('spikes_%d', k))
rows(k) = value(sprintf('rows_%d', k))
strokes(k) = value(sprintf('strokes_%d', k))
neuron(k) = value(sprintf('neuron_%d', k))
range = V_th > lowest ? V_th - lowest : 1.0
stroke = 0.25 * range

# ---- Layout, in pixels.
left = 84
columns = 620 # pixels of the time axis, as plot_potential.c has it
pad = 6       # beside it, so that what is at its begin is not behind the other axis
right = left + columns + 2 * pad
width = right + 124
edge = pad * (t_to - t_from) / (1.0 * columns)
stacked = n > 4
top = 30
panel = n == 1 ? 240 : n == 2 ? 180 : 140
gap = 34
row = clamp(1080.0 / n, 10, 54)
panels = stacked ? n * row : n * panel + (n - 1) * gap
height = int(top + panels + 60)
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)
set lmargin at screen screen_x(left)
set rmargin at screen screen_x(right)
set xrange [t_from - edge:t_to + edge]
threshold = '{/:Italic V}_{th} = ' . gprintf('%g', V_th) . ' mV'
sign = 'stroke: a spike'

# Stacked: trace k is shifted up by (k - 1) * pitch mV, the lowest potential to 0.
pitch = 1.35 * range
base(k) = (k - 1) * pitch - lowest
bar = round_down(0.9 * range)
nth_number = ceil(14.0 / row)

# The traces with rows, and those with spikes, which are the only ones to be plotted.
array drawn[n]
array spiking[n]
n_drawn = 0
n_spiking = 0
do for [k = 1:n] {
    if (rows(k) > 0) {
        n_drawn = n_drawn + 1
        drawn[n_drawn] = k
    }
    if (strokes(k) > 0) {
        n_spiking = n_spiking + 1
        spiking[n_spiking] = k
    }
}

do for [p = 1:2] {
    eval open_picture[p]
    set multiplot
    set xtics format format_of(t_from, t_to)
    unset label
    unset arrow
    if (stacked) {
        set tmargin at screen screen_y(top)
        set bmargin at screen screen_y(top + panels)
        set yrange [-0.08 * range:(n - 1) * pitch + 1.27 * range]
        set ytics () scale 0 font ',10'
        do for [k = 1:n] {
            if ((k - 1) % nth_number == 0) {
                set ytics add (sprintf('%d', neuron(k)) base(k) + V_th - 0.5 * range)
            }
            set arrow k from graph 0, first base(k) + V_th to graph 1, first base(k) + V_th nohead back \
                dashtype (14, 8) linewidth 0.7 linecolor rgb '#B8B8B8'
        }
        set label 1 shorten(name, columns - 200) at graph 0, 1 offset 0, 0.8 left noenhanced textcolor rgb colour(population)
        set label 2 threshold at graph 1, first base(n) + V_th offset 0.8, 0 left font ',10' textcolor rgb grey
        set label 3 'Neuron' at screen screen_x(20), screen_y(top + 0.5 * panels) center rotate by 90
        set arrow n + 1 from screen screen_x(right + 12), first 0 to screen screen_x(right + 12), first bar nohead \
            linewidth 2 linecolor rgb '#202020'
        set label 4 sprintf('%g mV', bar) at screen screen_x(right + 18), first 0.5 * bar left font ',10'
        set xlabel 'Time (ms)'
        set border 1
        if (n_recorded > n) {
            set label 5 sprintf('%d of %d recorded neurons', n, n_recorded) at graph 1, 1 offset 0, 0.8 right \
                font ',10' textcolor rgb grey
        }
        if (n_spiking > 0) {
            set label 6 sign at graph 1, first base(n) + V_th offset 0.8, 1.1 left font ',10' textcolor rgb grey
        }
        # A loop without a turn is an error of its own to gnuplot.
        if (n_spiking > 0) {
            plot for [i = 1:n_drawn] file(drawn[i]) using 1:($2 + base(drawn[i])) with lines linewidth 0.9 \
                    linecolor rgb colour(population), \
                for [i = 1:n_spiking] spikes(spiking[i]) using 1:(V_th + base(spiking[i])):(0):(stroke) \
                    with vectors nohead linewidth 0.9 linecolor rgb colour(population)
        } else { if (n_drawn > 0) {
            plot for [i = 1:n_drawn] file(drawn[i]) using 1:($2 + base(drawn[i])) with lines linewidth 0.9 \
                linecolor rgb colour(population)
        } else {
            plot NaN
        } }
    } else {
        set yrange [lowest - 0.04 * range:V_th + 1.1 * stroke]
        set ytics round_up(range * 30.0 / panel) format '%g'
        set label 3 'V (mV)' at screen screen_x(20), screen_y(top + 0.5 * panels) center rotate by 90
        set arrow 1 from graph 0, first V_th to graph 1, first V_th nohead back dashtype (14, 8) linecolor rgb grey
        set label 2 threshold at graph 1, first V_th offset 0.8, 0 left font ',10' textcolor rgb grey
        y = top
        do for [k = 1:n] {
            set tmargin at screen screen_y(y)
            set bmargin at screen screen_y(y + panel)
            set label 1 sprintf('%s %d', shorten(name, columns - 100), neuron(k)) at graph 0, 1 offset 0, 0.8 left noenhanced \
                textcolor rgb colour(population)
            if (k == n) {
                set xtics format format_of(t_from, t_to)
                set xlabel 'Time (ms)'
            } else {
                set xtics format ''
            }
            if (n_spiking > 0) {
                if (spiking[1] == k) {
                    set label 6 sign at graph 1, first V_th offset 0.8, 1.1 left font ',10' textcolor rgb grey
                }
            }
            if (rows(k) == 0) {
                set label 4 'no data' at graph 0.5, 0.4 center font ',10' textcolor rgb grey
                plot NaN
            } else { if (strokes(k) > 0) {
                plot file(k) using 1:2 with lines linewidth 1.2 linecolor rgb colour(population), \
                    spikes(k) using 1:(V_th):(0):(stroke) with vectors nohead linewidth 1.2 \
                        linecolor rgb colour(population), \
                    spikes(k) using 1:(V_th) with points pointtype 7 pointsize 0.35 linecolor rgb colour(population)
            } else {
                plot file(k) using 1:2 with lines linewidth 1.2 linecolor rgb colour(population)
            } }
            unset label 6
            unset label 3
            unset label 4
            y = y + panel + gap
        }
    }
    unset xlabel
    unset multiplot
    unset output
}
