# How the training of a classifier went, over epochs: share of wrong decisions, loss, spikes per example.
#
#   gnuplot -e "output='learning'; file='learning.dat'" epochs.gp
#
# output          the pictures' path without extension: output.svg and output.png are written
# file            rows `epoch train_loss train_percent validation_loss validation_percent rate spikes ...`, # comments
# test_percent, test_loss, test_spikes   optional: correct decisions on the test set in %, loss, spikes per example
# scripts         optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 9 ? ARG0[1:strlen(ARG0) - 10] : '.'
load scripts . '/style.gp'
tested = exists('test_percent') && exists('test_loss') && exists('test_spikes')

# The three panels: errors in %, losses, spikes.
array title_of = ['Wrong decisions (%)', 'Loss', 'Spikes per example']
array left_of = [62, 344, 626]
trained(k) = k == 1 ? 100 - $3 : k == 2 ? $2 : $7
validated(k) = k == 1 ? 100 - $5 : k == 2 ? $4 : NaN
test(k) = k == 1 ? 100 - test_percent : k == 2 ? test_loss : test_spikes

# What each holds; zeros have no place on the logarithmic axes of the first two.
last = 1
n_validated = 0
array low[3]
array high[3]
look(k, y) = (y > 0 ? (low[k] = least(low[k], y), high[k] = most(high[k], y)) : 0)
do for [k = 1:3] { low[k] = 1e300; high[k] = 1e-300; if (tested) { found = look(k, test(k)) } }
set table $discarded
do for [k = 1:3] {
    plot file using (last = most(last, $1), look(k, trained(k)), 0):(0) with table, \
         file using (validated(k) > 0 ? (n_validated = n_validated + 1, look(k, validated(k))) : 0):(0) with table
}
unset table
undefine $discarded
do for [k = 1:3] { if (low[k] > high[k]) { low[k] = 0.1; high[k] = 1 } }

# Ticks at 1, 2, 5, 10, ... over less than three decades, at powers of ten beyond.
tick_list = ''
do for [k = 1:2] {
    low[k] = 0.9 * low[k]; high[k] = 1.1 * high[k]
    if (high[k] < 3 * low[k]) { low[k] = round_down(low[k]); high[k] = round_up(high[k]) }
}
high[1] = least(high[1], 100)
ticks_of(k) = (tick_list = '', high[k] > 1000 * low[k] ? "set ytics nomirror out scale 0.5 10 format '10^{%T}'" \
              : (next_tick(round_up(low[k]), high[k]), 'set ytics nomirror out scale 0.5 (' . tick_list[3:] . ')'))
next_tick(at, end) = at > end ? 0 \
                   : (tick_list = tick_list . sprintf(", '%g' %.9g", at, at), next_tick(round_up(at * 1.01), end))

width = 840
height = 330
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)

# The curves of panel k, and the same looks for the key.
training_look = "with linespoints linewidth 1.4 pointsize 0.4 pointtype 7 linecolor rgb colour(1) "
validation_look = "with linespoints linewidth 1.4 pointsize 0.5 pointtype 6 linecolor rgb colour(2) "
test_look = "with points linewidth 1.5 pointsize 1.1 pointtype 8 linecolor rgb '#202020' "
curves = 'file using 1:(trained(k)) ' . training_look \
       . (n_validated ? ', file using 1:(validated(k)) ' . validation_look : '') \
       . (tested ? ", '+' using (last):(test(k)) every ::0::0 " . test_look : '')
keys = '-1 ' . training_look . "title 'training'" \
     . (n_validated ? ', -1 ' . validation_look . "title 'validation'" : '') \
     . (tested ? ', -1 ' . test_look . "title 'test'" : '')

do for [p = 1:2] {
    eval open_picture[p]
    set multiplot
    set border 3
    set tmargin at screen screen_y(30)
    set bmargin at screen screen_y(236)
    span = most(1, last - 1)
    set xrange [1 - 0.03 * span:(last > 1 ? last : 2) + 0.04 * span]
    ticks = most(1, round_up(span / 6.0))
    set xtics nomirror out scale 0.5 ticks, ticks, last format '%g'
    if (ticks > 2) { set xtics add (1) }
    set xlabel 'Epoch'
    do for [k = 1:3] {
        set lmargin at screen screen_x(left_of[k])
        set rmargin at screen screen_x(left_of[k] + 200)
        set title title_of[k] offset 0, -0.5
        if (k < 3) {
            set logscale y
            set yrange [low[k]:high[k]]
            eval ticks_of(k)
        } else {
            unset logscale y
            ticks = round_up(high[k] / 5.0)
            set yrange [0:high[k] * 1.08]
            set ytics nomirror out scale 0.5 0, ticks format '%g'
        }
        eval 'plot ' . curves
    }
    # The key: a panel of its own, below all.
    set lmargin at screen 0.02
    set rmargin at screen 0.98
    set tmargin at screen screen_y(300)
    set bmargin at screen screen_y(328)
    unset border
    unset xlabel
    unset title
    unset tics
    set yrange [0:1]
    set key center center horizontal Left reverse samplen 2.5 maxrows 1
    eval 'plot ' . keys
    unset key
    unset multiplot
    unset output
}
