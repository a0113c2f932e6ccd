# One recording of an event camera, straight from its event file (docs/nmnist.md): each saccade as an image of ON minus OFF
# events, and below them every event, time against row of pixels.
#
#   gnuplot -e "file='Train/5/00001.bin'; output='events'" scripts/events.gp
#
# file            event file: 5 bytes per event (x, y, then polarity and time in us)
# output          the pictures' path without extension: output.svg and output.png are written
# title           optional: a line above all; say there where the recording comes from
# saccade         optional: duration of a saccade, ms; default 100
# scripts         optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 9 ? ARG0[1:strlen(ARG0) - 10] : '.'
load scripts . '/style.gp'

if (!exists('saccade')) saccade = 100.0
if (!exists('title')) title = ''
side = 34
n_saccades = 3

# ---- The bytes of an event: columns 1 to 5.
events = "file binary format='%uint8%uint8%uint8%uint8%uint8'"
stamp(high, middle, low) = 65.536 * (int(high) & 127) + 0.256 * middle + 0.001 * low # ms
is_on(high) = int(high) >> 7
array balance[n_saccades * side * side] # ON minus OFF events of each pixel
array both[2]                           # OFF and ON events of all
both[1] = 0
both[2] = 0
do for [i = 1:n_saccades * side * side] { balance[i] = 0 }
which(t) = int(clamp(floor(t / saccade), 0, n_saccades - 1))
slot(x, y, t) = which(t) * side * side + int(y) * side + int(x) + 1
enter(s, on) = (balance[s] = balance[s] + (on ? 1 : -1), both[on + 1] = both[on + 1] + 1)
set table $discarded
plot @events using (enter(slot($1, $2, stamp($3, $4, $5)), is_on($3))):(0) with table
unset table
undefine $discarded
highest = 1
do for [i = 1:n_saccades * side * side] { highest = most(highest, abs(balance[i])) }
set table $pixels
plot sample [i = 0:n_saccades * side * side - 1:1] '+' using (int(i + 0.5)):(balance[int(i + 0.5) + 1]) with table
unset table

# ---- Layout, in pixels.
width = 840
left = 72
right = width - 100
gap = 24
image = (right - left - 2 * gap) / 3.0
top = title eq '' ? 34 : 60
below = top + image + 62
height = int(below + 260 + 62)
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)
off_colour = colour(2)
on_colour = colour(1)

do for [p = 1:2] {
    eval open_picture[p]
    set multiplot
    if (title ne '') {
        set label 9 title at screen screen_x(left), screen_y(22) left noenhanced font ',13'
    }
    set palette defined (-1 off_colour, 0 '#FFFFFF', 1 on_colour)
    set cbrange [-highest:highest]
    set xrange [-0.5:side - 0.5]
    set yrange [side - 0.5:-0.5]
    set border 15
    do for [k = 1:n_saccades] {
        set lmargin at screen screen_x(left + (k - 1) * (image + gap))
        set rmargin at screen screen_x(left + (k - 1) * (image + gap) + image)
        set tmargin at screen screen_y(top)
        set bmargin at screen screen_y(top + image)
        set xtics 0, 11, side - 1 format '%g'
        if (k == 1) {
            set ytics 0, 11, side - 1 format '%g'
            set ylabel 'y (pixel)'
        } else {
            set ytics 0, 11, side - 1 format ''
            unset ylabel
        }
        set xlabel 'x (pixel)' offset 0, 0.5
        set label 1 sprintf('%g to %g ms', (k - 1) * saccade, k * saccade) at graph 0.5, 1 offset 0, 0.7 center
        if (k == n_saccades) {
            set colorbox user origin screen_x(right + 14), screen_y(top + image) size 14.0 / width, image / height
            set cbtics scale 0.3 offset -0.5, 0
            set cblabel 'ON minus OFF events' offset 0.5, 0
        } else {
            unset colorbox
        }
        plot $pixels using (int($1) % side):(int($1) / side % side):2 every ::(k - 1) * side * side::k * side * side - 1 \
            with image
        unset label
    }
    unset colorbox
    unset ylabel
    set border 3
    set lmargin at screen screen_x(left)
    set rmargin at screen screen_x(right)
    set tmargin at screen screen_y(below)
    set bmargin at screen screen_y(below + 260)
    set xrange [0:n_saccades * saccade]
    set yrange [side - 0.5:-0.5]
    set xtics autofreq format '%g'
    set ytics 0, 11, side - 1 format '%g'
    set xlabel 'Time (ms)' offset 0, 0
    set ylabel 'y (pixel)'
    set label 1 sprintf('ON, %d', both[2]) at graph 1, 0.95 offset 0.8, 0 left textcolor rgb on_colour
    set label 2 sprintf('OFF, %d', both[1]) at graph 1, 0.88 offset 0.8, 0 left textcolor rgb off_colour
    do for [k = 1:n_saccades - 1] { set arrow k from k * saccade, graph 0 to k * saccade, graph 1 nohead lc rgb grey dt 3 }
    # Events of a row lie beside each other: the column moves them within it.
    at(x, y) = y + 0.8 * (x - 0.5 * (side - 1)) / side
    plot @events using (is_on($3) ? NaN : stamp($3, $4, $5)):(at($1, $2)) with points pointtype 7 pointsize 0.16 linecolor rgb off_colour, \
        @events using (is_on($3) ? stamp($3, $4, $5) : NaN):(at($1, $2)) with points pointtype 7 pointsize 0.16 linecolor rgb on_colour
    unset label
    unset arrow
    unset ylabel
    unset multiplot
    unset output
}
