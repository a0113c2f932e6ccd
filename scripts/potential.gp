# Membrane potentials of some neurons of one population. Up to four: a panel each, sharing the time axis. More: one tall
# panel of traces above each other with a scale bar. A spike is a stroke from the threshold upwards at its exact time.
# Below a panel are the currents that were recorded of its neuron.
# `punctum plot` prepares the data: what a column of the picture can show of each curve.
#
# output          the pictures' path without extension: output.svg and output.png are written
# name            the population's, shown as it is
# population      its number of a colour, from 1
# n_traces        how many neurons, at least 1; panels run from the top down, stacked traces from the bottom up
# n_recorded      how many were recorded
# file_1, ...     a file per neuron: `time_ms V_mV`; rows_1, ... are 0 where it is empty
# spikes_1, ...   a file per neuron: `time_ms threshold_mV`; strokes_1, ... are 0 where it is empty
# threshold_1, ...   if moves is 1, a file per neuron: `time_ms threshold_mV`; marks_1, ... are 0 where it is empty
# n_currents      how many currents follow: current_1, ... (`time_ms I_pA`), points_1, ... are 0 where one is empty,
#                 of_trace_1, ... the trace that it belongs to, receptor_1, ... its receptor or nothing,
#                 least_1, ... and most_1, ... its range, pA
# neuron_1, ...   numbers of the neurons
# V_th, lowest    threshold (the highest one, if moves is 1) and lowest potential, mV
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
marks(k) = value(sprintf('marks_%d', k))
threshold_of(k) = value(sprintf('threshold_%d', k))
current(c) = value(sprintf('current_%d', c))
points(c) = value(sprintf('points_%d', c))
of_trace(c) = value(sprintf('of_trace_%d', c))
receptor(c) = value(sprintf('receptor_%d', c))
shade(c) = strlen(receptor(c)) > 0 ? colour(population + c) : '#202020'
# The range of the currents of a trace, 0 in it.
low_of(k) = (low = 0.0, sum [c = 1:n_currents] (low = of_trace(c) == k ? least(low, value(sprintf('least_%d', c))) : low, 0), low)
high_of(k) = (high = 0.0, sum [c = 1:n_currents] (high = of_trace(c) == k ? most(high, value(sprintf('most_%d', c))) : high, 0), high)
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
below = 78 # of currents, which are lower
between = 12
row = clamp(1080.0 / n, 10, 54)
# The currents of a trace: all below one panel.
n_of(k) = n_currents == 0 ? 0 : (sum [c = 1:n_currents] (of_trace(c) == k && points(c) > 0))
extra(k) = n_of(k) > 0 ? between + below : 0
panels = stacked ? n * row : n * panel + (n - 1) * gap + (sum [k = 1:n] extra(k))
height = int(top + panels + 60)
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)
set lmargin at screen screen_x(left)
set rmargin at screen screen_x(right)
set xrange [t_from - edge:t_to + edge]
threshold = moves ? 'threshold' : '{/:Italic V}_{th} = ' . gprintf('%g', V_th) . ' mV'
sign = 'stroke: a spike'

# Stacked: trace k is shifted up by (k - 1) * pitch mV, the lowest potential to 0.
pitch = 1.35 * range
base(k) = (k - 1) * pitch - lowest
bar = round_down(0.9 * range)
nth_number = ceil(14.0 / row)

# The traces with rows, and those with spikes, which are the only ones to be plotted.
array drawn[n]
array spiking[n]
array marked[n]
n_drawn = 0
n_spiking = 0
n_marked = 0
do for [k = 1:n] {
    if (rows(k) > 0) {
        n_drawn = n_drawn + 1
        drawn[n_drawn] = k
    }
    if (strokes(k) > 0) {
        n_spiking = n_spiking + 1
        spiking[n_spiking] = k
    }
    if (marks(k) > 0) {
        n_marked = n_marked + 1
        marked[n_marked] = k
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
            if (!moves) {
                set arrow k from graph 0, first base(k) + V_th to graph 1, first base(k) + V_th nohead back \
                    dashtype (14, 8) linewidth 0.7 linecolor rgb '#B8B8B8'
            }
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
        if (n_marked > 0) {
            plot for [i = 1:n_marked] threshold_of(marked[i]) using 1:($2 + base(marked[i])) with lines linewidth 0.7 \
                dashtype (14, 8) linecolor rgb '#B8B8B8'
            set label 2 ''
            set label 1 ''
            set label 3 ''
        }
        if (n_spiking > 0) {
            plot for [i = 1:n_drawn] file(drawn[i]) using 1:($2 + base(drawn[i])) with lines linewidth 0.9 \
                    linecolor rgb colour(population), \
                for [i = 1:n_spiking] spikes(spiking[i]) using 1:($2 + base(spiking[i])):(0):(stroke) \
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
        if (n_currents == 0) {
            set label 3 'V (mV)' at screen screen_x(20), screen_y(top + 0.5 * panels) center rotate by 90
        }
        y = top
        do for [k = 1:n] {
            set yrange [lowest - 0.04 * range:V_th + 1.1 * stroke]
            set ytics round_up(range * 30.0 / panel) format '%g'
            if (!moves) {
                set arrow 1 from graph 0, first V_th to graph 1, first V_th nohead back dashtype (14, 8) linecolor rgb grey
            }
            if (!moves || marks(k) > 0) {
                set label 2 threshold at graph 1, first V_th offset 0.8, 0 left font ',10' textcolor rgb grey
            }
            if (n_currents > 0) {
                set label 3 'V (mV)' at screen screen_x(20), screen_y(y + 0.5 * panel) center rotate by 90
            }
            set tmargin at screen screen_y(y)
            set bmargin at screen screen_y(y + panel)
            set label 1 sprintf('%s %d', shorten(name, columns - 100), neuron(k)) at graph 0, 1 offset 0, 0.8 left noenhanced \
                textcolor rgb colour(population)
            if (k == n && extra(k) == 0) {
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
            if (marks(k) > 0) {
                plot threshold_of(k) using 1:2 with lines linewidth 1 dashtype (14, 8) linecolor rgb grey
                set label 1 ''
                set label 2 ''
            }
            if (rows(k) == 0) {
                set label 4 'no data' at graph 0.5, 0.4 center font ',10' textcolor rgb grey
                plot NaN
            } else { if (strokes(k) > 0) {
                plot file(k) using 1:2 with lines linewidth 1.2 linecolor rgb colour(population), \
                    spikes(k) using 1:2:(0):(stroke) with vectors nohead linewidth 1.2 \
                        linecolor rgb colour(population), \
                    spikes(k) using 1:2 with points pointtype 7 pointsize 0.35 linecolor rgb colour(population)
            } else {
                plot file(k) using 1:2 with lines linewidth 1.2 linecolor rgb colour(population)
            } }
            unset label
            unset arrow
            if (extra(k) > 0) {
                y = y + between
                set tmargin at screen screen_y(y + panel)
                set bmargin at screen screen_y(y + panel + below)
                low = low_of(k)
                high = high_of(k)
                span = high > low ? high - low : 1.0
                set yrange [low - 0.05 * span:low + 1.05 * span]
                set ytics round_up(span * 30.0 / below)
                if (k == n) {
                    set xtics format format_of(t_from, t_to)
                    set xlabel 'Time (ms)'
                }
                set label 3 'I (pA)' at screen screen_x(20), screen_y(y + panel + 0.5 * below) center rotate by 90
                j = 0
                do for [c = 1:n_currents] {
                    if (of_trace(c) == k && points(c) > 0) {
                        set label (10 + c) (strlen(receptor(c)) > 0 ? shorten(receptor(c), 90) : 'all') at graph 1, 1 \
                            offset 0.8, -0.5 - 1.1 * j left noenhanced font ',10' textcolor rgb shade(c)
                        j = j + 1
                    }
                }
                plot for [c = 1:n_currents] current(c) using (of_trace(c) == k ? $1 : NaN):2 with lines linewidth 1 \
                    linecolor rgb shade(c)
                unset label
                y = y + below
            }
            y = y + panel + gap
        }
    }
    unset xlabel
    unset multiplot
    unset output
}
