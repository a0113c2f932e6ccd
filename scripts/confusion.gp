# Confusion matrix of a classifier: how many test examples of each label got each decision. The colour is the share of
# the label's examples, on a logarithmic scale; a decision that never occurred has none, and no number.
#
#   gnuplot -e "output='confusion'; file='confusion.dat'" confusion.gp
#
# output          the pictures' path without extension: output.svg and output.png are written
# file            a row per label, a column per decision, # comments
# scripts         optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 12 ? ARG0[1:strlen(ARG0) - 13] : '.'
load scripts . '/style.gp'

n = 0
total = 0
correct = 0
set table $discarded
plot file matrix using (n = most(n, $1 + 1), 0):(0) with table
array examples[n]
do for [k = 1:n] { examples[k] = 0 }
enter(row, column, count) = (total = total + count, examples[row + 1] = examples[row + 1] + count, \
                             row == column ? correct = correct + count : 0)
plot file matrix using (enter(int($2), int($1), $3)):(0) with table
unset table
undefine $discarded
share(row, count) = count > 0 ? 100.0 * count / examples[row + 1] : NaN

# One example of the most frequent label is the least share worth a colour.
frequent = 1
do for [k = 1:n] { frequent = most(frequent, examples[k]) }
least_share = clamp(round_down(100.0 / frequent), 0.01, 10)

cell = n <= 4 ? 84 : n <= 6 ? 64 : n <= 16 ? 44 : clamp(640.0 / n, 3, 40)
written = n <= 16
side = int(n * cell)
left = 70
top = 34
width = left + side + 110
height = top + side + 64
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)

set palette defined (0 '#FFFFFF', 0.05 '#EAF2F8', 0.5 '#6BAED6', 1 '#08306B')
set lmargin at screen screen_x(left)
set rmargin at screen screen_x(left + side)
set tmargin at screen screen_y(top)
set bmargin at screen screen_y(top + side)
set xrange [-0.5:n - 0.5]
set yrange [n - 0.5:-0.5]
ticks = written ? 1 : most(1, round_up(n / 10.0))
set xtics 0, ticks, n - 1 scale 0 format '%g'
set ytics 0, ticks, n - 1 scale 0 format '%g'
set xlabel 'Decision'
set label 1 'Label' at screen screen_x(20), graph 0.5 center rotate by 90
set logscale cb
set cbrange [least_share:100]
set cbtics in scale 0.4 10 format '%g' offset -0.6
set cblabel 'Share of the label (%)' offset 0.6
set colorbox user origin screen_x(left + side + 22), screen_y(top + side) \
    size screen_x(14), side / (1.0 * height) noborder
set border 15 linecolor rgb '#404040'
set title sprintf('%.2f %% of %d test examples correct', 100.0 * correct / most(1, total), total) offset 0, -0.5
dark(row, count) = count > 0 && log10(share(row, count) / least_share) / log10(100 / least_share) > 0.55

do for [p = 1:2] {
    eval open_picture[p]
    if (written) {
        plot file matrix using 1:2:(most(share(int($2), $3), least_share)) with image pixels, \
             file matrix using 1:2:($3 > 0 ? sprintf('%d', $3) : ''):(dark(int($2), $3) ? 0xFFFFFF : 0x202020) \
                 with labels font ',11' textcolor rgb variable
    } else {
        plot file matrix using 1:2:(most(share(int($2), $3), least_share)) with image pixels
    }
    unset output
}
