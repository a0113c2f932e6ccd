# Spikes of a classifier's layers on some examples, side by side; the input at the bottom.
#
# output              the pictures' path without extension: output.svg and output.png are written
# file                rows `example layer neuron time_ms`, layer 0 is the input, # comments
# n_examples          how many examples, from 0 on
# title_1, ...        a title for each
# n_layers            how many layers the file has
# name_1, ...         names, shown as they are
# size_1, ...         numbers of neurons
# note_1, ...         optional: what to say of a layer in place of the number of its neurons
# duration            of an example, ms
# scripts             optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 11 ? ARG0[1:strlen(ARG0) - 12] : '.'
load scripts . '/style.gp'

n = n_layers
m = n_examples
size(k) = value(sprintf('size_%d', k))
note(k) = exists(sprintf('note_%d', k)) ? value(sprintf('note_%d', k)) : sprintf('%d neurons', size(k))

# ---- Counting, and layout in pixels.
array spikes[n * m]
do for [i = 1:n * m] { spikes[i] = 0 }
slot(example, layer) = example * n + layer + 1
set table $discarded
plot file using ($1 < m && $2 < n ? (s = slot(int($1), int($2)), spikes[s] = spikes[s] + 1) : 0):(0) with table
unset table
undefine $discarded
array densest[n] # spikes of the example that has most
do for [k = 1:n] {
    densest[k] = 0
    do for [e = 0:m - 1] { densest[k] = most(densest[k], spikes[slot(e, k - 1)]) }
}

width = 840
left = 84
right = width - 118
gap = 16
panel = (right - left - (m - 1) * gap) / (1.0 * m)
band(k) = int(clamp(12.0 * size(k), 60, n <= 3 ? 170 : 110))
top = 32
bottom = top
do for [k = 1:n] { bottom = bottom + band(k) + gap }
height = bottom - gap + 60
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)
set xrange [-0.012 * duration:1.012 * duration] # what is at 0 is not behind the axis

do for [p = 1:2] {
    eval open_picture[p]
    set multiplot
    do for [e = 0:m - 1] {
        set lmargin at screen screen_x(left + e * (panel + gap))
        set rmargin at screen screen_x(left + e * (panel + gap) + panel)
        y = top
        do for [j = 1:n] {
            k = n + 1 - j
            drawn = spikes[slot(e, k - 1)]
            room = sqrt(panel * band(k) / most(1.0, densest[k])) # pixels from spike to spike
            stroke = clamp(0.7 * band(k) / (1.0 * size(k)), clamp(0.3 * room, 2.4, 3.5), 12.0)
            reach = stroke * size(k) / band(k) # the same in neurons
            set tmargin at screen screen_y(y)
            set bmargin at screen screen_y(y + band(k))
            set yrange [-most(0.5, 0.55 * reach):size(k) - 1 + most(0.5, 0.55 * reach)]
            ticks = most(1, round_up(size(k) * 22.0 / band(k)))
            set ytics 0, ticks < size(k) ? ticks : most(1, size(k) - 1), size(k) - 1
            set ytics format (e == 0 ? '%.0f' : '')
            set xtics 0, round_up(duration / 5.0), (e < m - 1 ? 0.95 : 1) * duration format (j == n ? '%g' : '')
            if (j == 1) { set title value(sprintf('title_%d', e + 1)) offset 0, -0.5 font ',12' noenhanced }
            if (j == n) { set xlabel 'Time (ms)' }
            if (e == m - 1) {
                set label 1 shorten(value(sprintf('name_%d', k)), 100) at graph 1, 0.5 offset 1, 0.5 left noenhanced \
                    textcolor rgb colour(k)
                set label 2 note(k) at graph 1, 0.5 offset 1, -0.5 left font ',9' \
                    textcolor rgb grey
            }
            if (e == 0 && j == 1) {
                set label 3 'Neuron' at screen screen_x(20), screen_y(0.5 * (top + bottom - gap)) center rotate by 90
            }
            if (drawn == 0) { set label 4 'no spikes' at graph 0.5, 0.5 center font ',10' textcolor rgb grey }
            if (drawn > 0) {
                plot file using ($1 == e && $2 == k - 1 ? $4 : NaN):($3 - 0.5 * reach):(0):(reach) with vectors nohead \
                    linewidth clamp(0.14 * room, 1.0, 1.6) linecolor rgb colour(k)
            } else {
                plot NaN
            }
            unset label
            unset title
            unset xlabel
            y = y + band(k) + gap
        }
    }
    unset multiplot
    unset output
}
