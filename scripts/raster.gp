# Spikes of one or several populations, and below them each population's rate as a histogram, in the same colours. `punctum
# plot` prepares the data: few spikes are strokes, many are shades of an image whose pixels count them.
#
# output          the pictures' path without extension: output.svg and output.png are written
# n_populations   how many populations, at least 1; the first is drawn at the bottom
# t_from, t_to    the part to draw, ms
# bin             of the rates, ms
# scripts         this script's folder
#
# Of up to 12 populations:
# name_1, ...     names, shown as they are
# size_1, ...     numbers of neurons
# colour_1, ...   numbers of colours, from 1
# band_1, ...     heights of the bands, pixels
# spikes_1, ...   numbers of spikes
# rates_1, ...    files of the outlines of the histograms: `time_ms rate`; top_1, ... are the highest rates
# marks_1, ...    files of spikes, `time_ms neuron`, of a population that has few of them
# image_1, ...    files of bytes, of one that has many: rows_1, ... rows of 600 shades (see style.gp), from neuron 0 on
#
# Of more:
# overview        a file of bytes: 480 rows of 600 shades, from the first population on
# rates           a file: a row per population, a column per bin
# n_labels        how many names there is room for: name_1, ...; at_1, ... are their pixels from the bottom, colour_1, ...
#                 numbers of colours
# n_neurons       of all populations

if (!exists('scripts')) scripts = strlen(ARG0) > 9 ? ARG0[1:strlen(ARG0) - 10] : '.'
load scripts . '/style.gp'

n = n_populations
window = 1.0 * (t_to - t_from)
columns = 600      # pixels of the time axis, as plot_raster.c has it
pad = 6            # pixels beside it, so that a spike at its begin is not behind the other axis
edge = pad * window / columns
size(k) = value(sprintf('size_%d', k))
name(k) = value(sprintf('name_%d', k))
hue(k) = colour(value(sprintf('colour_%d', k)))
band(k) = value(sprintf('band_%d', k))
spikes(k) = value(sprintf('spikes_%d', k))
top(k) = value(sprintf('top_%d', k))
file(kind, k) = value(sprintf('%s_%d', kind, k))
neurons(k) = size(k) == 1 ? '1 neuron' : sprintf('%.0f neurons', size(k))
shaded(k) = exists(sprintf('image_%d', k))
shading = 'darker: more spikes'
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)
gap = 14
widest = 210 # pixels of a name

# ---- Layout, in pixels.
if (n <= 12) {
    digits = 3
    room = 80.0
    rasters = 0
    do for [k = 1:n] {
        digits = most(digits, most(strlen(sprintf('%.0f', size(k))), strlen(sprintf('%.0f', top(k)))))
        room = most(room, least(widest, pixels(name(k))))
        room = most(room, 0.85 * most(pixels(neurons(k)), shaded(k) ? pixels(shading) : 0))
        rasters = rasters + band(k) + gap
    }
    left = 70 + int(8 * digits)
    rate_height = n == 1 ? 112 : n <= 3 ? 66 : 48
    rates_top = 14 + rasters + 12
    height = rates_top + n * (rate_height + gap) + 48
} else {
    room = pixels(shading)
    do for [k = 1:n_labels] { room = most(room, least(widest, pixels(name(k)))) }
    left = 70
    rasters = 480
    rate_height = 240
    rates_top = 14 + rasters + 24
    height = rates_top + rate_height + 62
}
right = left + columns + 2 * pad
width = int(right + 14 + room + 12)

set lmargin at screen screen_x(left)
set rmargin at screen screen_x(right)
set xrange [t_from - edge:t_to + edge]

do for [p = 1:2] {
    eval open_picture[p]
    set multiplot
    eval shade_palette
    if (n <= 12) {
        y = 14
        do for [j = 1:n] {
            k = n + 1 - j
            row = band(k) / (1.0 * size(k))                          # pixels per neuron
            between = sqrt(columns * band(k) / most(1.0, spikes(k))) # pixels from spike to spike
            stroke = clamp(0.85 * row, clamp(0.25 * between, 1.6, 3.0), 12.0)
            reach = stroke * size(k) / band(k) # the same in neurons
            set tmargin at screen screen_y(y)
            set bmargin at screen screen_y(y + band(k))
            margin = shaded(k) ? 0.5 : most(0.5, 0.55 * reach)
            set yrange [-margin:size(k) - 1 + margin]
            ticks = most(1, round_up(size(k) * 26.0 / band(k)))
            set ytics 0, ticks < size(k) ? ticks : most(1, size(k) - 1), size(k) - 1 format '%.0f'
            if (j == n) {
                set border 3
                set xtics format '' scale 0.5
            } else {
                set border 2
                set xtics format '' scale 0
            }
            middle = band(k) < 46 && shaded(k) ? 1.1 : 0.5
            set label 1 shorten(name(k), widest) at graph 1, 0.5 offset 1.5, middle left noenhanced textcolor rgb hue(k)
            set label 2 neurons(k) at graph 1, 0.5 offset 1.5, middle - 1 left font ',10' textcolor rgb grey
            if (shaded(k)) {
                set label 3 shading at graph 1, 0.5 offset 1.5, middle - 1.9 left font ',10' textcolor rgb grey
            }
            if (spikes(k) == 0) {
                set label 4 'no spikes' at graph 0.5, 0.5 center font ',10' textcolor rgb grey
            }
            if (j == 1) {
                set label 5 'Neuron' at screen screen_x(20), screen_y(14 + 0.5 * (rasters - gap)) center rotate by 90
            }
            if (shaded(k)) {
                rows = value(sprintf('rows_%d', k))
                plot file('image', k) binary array=(columns, rows) format='%uchar' \
                    origin=(t_from + 0.5 * window / columns, 0.5 * size(k) / rows - 0.5) \
                    dx=window / columns dy=1.0 * size(k) / rows with image
            } else { if (spikes(k) > 0) {
                plot file('marks', k) using 1:($2 - 0.5 * reach):(0):(reach) with vectors nohead \
                    linewidth clamp(0.1 * between, 0.7, 1.4) linecolor rgb hue(k)
            } else {
                plot NaN
            } }
            unset label
            y = y + band(k) + gap
        }

        y = rates_top
        do for [j = 1:n] {
            k = n + 1 - j
            set tmargin at screen screen_y(y)
            set bmargin at screen screen_y(y + rate_height)
            scale = top(k) > 0 ? top(k) : 1.0
            ticks = least(round_up(scale * 26.0 / rate_height), round_down(scale))
            set yrange [0:scale * 1.08]
            set ytics 0, ticks format '%g'
            set border 3
            set xtics format '' scale 0.5
            if (j == 1) {
                set label 5 "Rate (spikes/s)\nbins of " . sprintf('%g ms', bin) at \
                    screen screen_x(18), screen_y(rates_top + 0.5 * n * (rate_height + gap)) center rotate by 90
            }
            if (j == n) {
                set xtics format format_of(t_from, t_to)
                set xlabel 'Time (ms)'
            }
            if (n > 1) {
                set label 1 shorten(name(k), widest) at graph 1, 0.5 offset 1.5, 0 left noenhanced textcolor rgb hue(k)
            }
            # One polygon: separate boxes would show seams.
            plot file('rates', k) using 1:2 with filledcurves y1=0 linecolor rgb hue(k) fillstyle solid 0.8 noborder
            unset label
            unset xlabel
            y = y + rate_height + gap
        }
    } else {
        set tmargin at screen screen_y(14)
        set bmargin at screen screen_y(14 + rasters)
        set yrange [0:480]
        set border 3
        unset ytics
        set xtics format '' scale 0.5
        do for [k = 1:n_labels] {
            set label k shorten(name(k), widest) at graph 1, first value(sprintf('at_%d', k)) offset 1.5, 0 left \
                noenhanced font ',10' textcolor rgb hue(k)
        }
        set label n_labels + 1 sprintf('Spikes of %d populations, %.0f neurons', n, n_neurons) at \
            screen screen_x(20), graph 0.5 center rotate by 90
        set label n_labels + 2 shading at screen screen_x(44), graph 0.5 center rotate by 90 font ',10' textcolor rgb grey
        plot overview binary array=(columns, 480) format='%uchar' \
            origin=(t_from + 0.5 * window / columns, 0.5) dx=window / columns dy=1 with image
        unset label

        set tmargin at screen screen_y(rates_top)
        set bmargin at screen screen_y(rates_top + rate_height)
        set yrange [-0.5:n - 0.5]
        set xtics format format_of(t_from, t_to)
        set xlabel 'Time (ms)'
        set palette maxcolors 0 defined (0 '#FFFFFF', 1 '#6BAED6', 2 '#08306B')
        set cbrange [0:*]
        set colorbox user origin screen_x(right + 18), screen_y(rates_top + rate_height) \
            size 14.0 / width, rate_height / (1.0 * height) noborder
        set cbtics in scale 0.4 format '%g' offset -0.6
        set cblabel 'Rate (spikes/s)' offset 0.6
        set label 1 sprintf('Rates, bins of %g ms', bin) at screen screen_x(20), graph 0.5 center rotate by 90
        set label 2 'populations in the same order' at screen screen_x(44), graph 0.5 center rotate by 90 font ',10' \
            textcolor rgb grey
        plot rates matrix using (t_from + bin * ($1 + 0.5)):2:3 with image
        unset label
        unset xlabel
        unset cblabel
    }
    unset multiplot
    unset output
}
