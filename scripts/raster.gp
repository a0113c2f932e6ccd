# Spikes of one or several populations, and below them each population's rate as a histogram, in the same colours.
#
#   gnuplot -e "output='r'; n_populations=1; file_1='spikes.dat'; name_1='cells'; size_1=50; duration=500" raster.gp
#
# output          the pictures' path without extension: output.svg and output.png are written
# n_populations   how many populations, at least 1; the first is drawn at the bottom
# file_1, ...     a file of spikes per population: `neuron time_ms`, further columns ignored, # comments; may hold none
# name_1, ...     names, shown as they are
# size_1, ...     numbers of neurons
# duration        of the run, ms
# t_from, t_to    optional: the part to draw, ms; default 0 and duration
# scripts         optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 9 ? ARG0[1:strlen(ARG0) - 10] : '.'
load scripts . '/style.gp'

if (!exists('t_from')) t_from = 0.0
if (!exists('t_to')) t_to = 1.0 * duration
if (!(t_to > t_from)) t_to = t_from + 1.0
window = 1.0 * (t_to - t_from)
n = n_populations

# ---- Counting: one pass over each file. A hundred bins; the last one may be cut short by the end of the window.
bin = round_up(window / 100)
n_bins = ceil(window / bin - 1e-6)
bin_end(i) = least(t_from + i * bin, t_to)
array count[n * n_bins]
array spikes[n]
array top[n]
do for [i = 1:n * n_bins] { count[i] = 0 }
n_neurons = 0
digits = 3
longest_name = 8
neurons(k) = size == 1 ? '1 neuron' : sprintf('%d neurons', size)
inside(t) = t >= t_from && t < t_to
slot(t) = (k - 1) * n_bins + int(clamp(floor((t - t_from) / bin) + 1, 1, n_bins))
enter(s) = (count[s] = count[s] + 1, total = total + 1)

# Comment lines count as rows here, with nothing to add, so that a file without spikes is no cause for a warning.
set datafile commentschars ''
do for [k = 1:n] {
    file = value(sprintf('file_%d', k))
    size = value(sprintf('size_%d', k))
    total = 0
    set table $discarded
    plot file using (valid(1) && valid(2) && inside($2) ? enter(slot($2)) : 0):(0) with table
    unset table
    undefine $discarded
    spikes[k] = total
    highest = 0
    do for [i = 1:n_bins] {
        s = (k - 1) * n_bins + i
        count[s] = count[s] * 1000.0 / (size * (bin_end(i) - bin_end(i - 1)))
        highest = most(highest, count[s])
    }
    top[k] = highest
    n_neurons = n_neurons + size
    digits = most(digits, most(strlen(sprintf('%d', size)), strlen(sprintf('%.0f', highest))))
    longest_name = most(longest_name, most(strlen(value(sprintf('name_%d', k))), 0.85 * strlen(neurons(k))))
}
set datafile commentschars '#'

# ---- Layout, in pixels.
width = 840
longest_shown = 24 # characters of a name
left = 70 + int(character * digits)
right = width - int(least(longest_name, longest_shown) * character + 30)
gap = 14
raster_height = least(n == 1 ? 360 : 420, 16 * n_neurons)
rate_height = n == 1 ? 112 : n <= 3 ? 66 : 48
array band[n] # height of each population's raster
rasters = 0
do for [k = 1:n] {
    band[k] = int(most(n == 1 ? 52 : 38, raster_height * value(sprintf('size_%d', k)) / (1.0 * n_neurons)))
    rasters = rasters + band[k] + gap
}
rates_top = 14 + rasters + 12
height = rates_top + n * (rate_height + gap) + 48
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)

# Where more than 20000 spikes would blacken a band, every second, fifth, ... neuron is drawn, and the picture says so.
step(k) = int(clamp(round_up(most(1, spikes[k] / 20000.0)), 1, round_up(most(1, value(sprintf('size_%d', k)) / 200.0))))

set lmargin at screen screen_x(left)
set rmargin at screen screen_x(right)
set xrange [t_from:t_to]

do for [p = 1:2] {
    eval open_picture[p]
    set multiplot
    y = 14
    do for [j = 1:n] {
        k = n + 1 - j
        file = value(sprintf('file_%d', k))
        size = value(sprintf('size_%d', k))
        every_nth = step(k)
        row = band[k] * every_nth / (1.0 * size) # pixels per neuron drawn
        room = sqrt((right - left) * band[k] * every_nth / most(1.0, spikes[k])) # pixels from spike to spike
        stroke = clamp(0.85 * row, clamp(0.25 * room, 1.6, 3.0), 12.0)
        reach = stroke * size / band[k] # the same in neurons
        set tmargin at screen screen_y(y)
        set bmargin at screen screen_y(y + band[k])
        set yrange [-most(0.5, 0.55 * reach):size - 1 + most(0.5, 0.55 * reach)]
        ticks = most(1, round_up(size * 26.0 / band[k]))
        set ytics 0, ticks < size ? ticks : most(1, size - 1), size - 1 format '%.0f'
        if (j == n) {
            set border 3
            set xtics format '' scale 0.5
        } else {
            set border 2
            set xtics format '' scale 0
        }
        set label 1 shorten(value(sprintf('name_%d', k)), longest_shown) at graph 1, 0.5 offset 1.5, 0.5 left \
            noenhanced textcolor rgb colour(k)
        set label 2 neurons(k) at graph 1, 0.5 offset 1.5, -0.5 left \
            font ',10' textcolor rgb grey
        if (every_nth > 1) {
            set label 3 sprintf('(1 in %d drawn)', every_nth) at graph 1, 0.5 offset 1.5, -1.4 left font ',10' \
                textcolor rgb grey
        }
        if (spikes[k] == 0) {
            set label 4 'no spikes' at graph 0.5, 0.5 center font ',10' textcolor rgb grey
        }
        if (j == 1) {
            set label 5 'Neuron' at screen screen_x(20), screen_y(14 + 0.5 * (rasters - gap)) center rotate by 90
        }
        if (spikes[k] > 0) {
            plot file using (int($1) % every_nth == 0 ? $2 : NaN):($1 - 0.5 * reach):(0):(reach) with vectors nohead \
                linewidth clamp(0.1 * room, 0.7, 1.4) linecolor rgb colour(k)
        } else {
            plot NaN
        }
        unset label
        y = y + band[k] + gap
    }

    y = rates_top
    do for [j = 1:n] {
        k = n + 1 - j
        set tmargin at screen screen_y(y)
        set bmargin at screen screen_y(y + rate_height)
        scale = top[k] > 0 ? top[k] : 1.0
        ticks = least(round_up(scale * 26.0 / rate_height), round_down(scale))
        set yrange [0:scale * 1.08]
        set ytics 0, ticks format '%g'
        set border 3
        set xtics format ''
        if (j == 1) {
            set label 5 "Rate (spikes/s)\nbins of " . sprintf('%g ms', bin) at \
                screen screen_x(18), screen_y(rates_top + 0.5 * n * (rate_height + gap)) center rotate by 90
        }
        if (j == n) {
            set xtics format '%g'
            set xlabel 'Time (ms)'
        }
        if (n > 1) {
            set label 1 shorten(value(sprintf('name_%d', k)), longest_shown) at graph 1, 0.5 offset 1.5, 0 left \
                noenhanced textcolor rgb colour(k)
        }
        # One polygon through both upper corners of every bin: separate boxes would show seams.
        first = (k - 1) * n_bins + 1
        plot sample [corner = 0:2 * n_bins - 1:1] '+' \
            using (c = int(corner + 0.5), bin_end((c + 1) / 2)):(count[first + c / 2]) \
            with filledcurves y1=0 linecolor rgb colour(k) fillstyle solid 0.8 noborder
        unset label
        unset xlabel
        y = y + rate_height + gap
    }
    unset multiplot
    unset output
}
