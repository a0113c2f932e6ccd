# The weights of the first neurons of a layer as pictures of its square input, red excites, blue inhibits.
#
#   gnuplot -e "output='weights'; file='weights-1.dat'; side=28; unit='pA'" weights.gp
#
# output          the pictures' path without extension: output.svg and output.png are written
# file            a row per neuron: side x side weights, row by row from the top; further ones are left out; # comments
# side            pixels of the input's edge
# n_neurons       optional: how many neurons to draw at most; default 64
# unit            optional: of the weights; default none
# scripts         optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 10 ? ARG0[1:strlen(ARG0) - 11] : '.'
load scripts . '/style.gp'
if (!exists('n_neurons')) n_neurons = 64

# ---- One pass over the file; rms of the weights, and how many neurons there are.
pixels = side * side
n = 0
squares = 0.0
largest = 0.0
enter(row, w) = (n = most(n, row + 1), squares = squares + w * w, largest = most(largest, abs(w)))
set table $weights
plot file matrix every ::0:0:pixels - 1:n_neurons - 1 using (enter(int($2), $3), $2):1:3 with table
unset table

# The scale ends where only strays are beyond it.
rms = sqrt(squares / (1.0 * n * pixels))
end = largest > 0 ? least(round_up(largest), round_up(2.5 * rms)) : 1.0
across = least(8, n)
down = (n + across - 1) / across
gap = 2 + side / 14 # pixels of the input
step = side + gap
tile = least(640.0 / (across * step), 8) # pixels of the picture per pixel of the input
left = 16
top = 16
right = left + int(tile * (across * step - gap))
bottom = top + int(tile * (down * step - gap))
width = right + 138
height = most(bottom + 16, 200)
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)

set lmargin at screen screen_x(left)
set rmargin at screen screen_x(right)
set tmargin at screen screen_y(top)
set bmargin at screen screen_y(bottom)
set xrange [-0.5:across * step - gap - 0.5]
set yrange [down * step - gap - 0.5:-0.5]
unset border
unset tics
set palette defined \
    (-1 '#053061', -0.75 '#2166AC', -0.35 '#92C5DE', 0 '#F7F7F7', 0.35 '#F4A582', 0.75 '#B2182B', 1 '#67001F')
set cbrange [-end:end]
set cbtics in scale 0.4 ('0' 0) offset -0.6
beyond = largest > end
set cbtics add (sprintf(beyond ? '≤ −%g' : '−%g', end) -end, sprintf('−%g', 0.5 * end) -0.5 * end, \
                sprintf('%g', 0.5 * end) 0.5 * end, sprintf(beyond ? '≥ %g' : '%g', end) end)
set cblabel (exists('unit') && strlen(unit) > 0 ? sprintf('Weight (%s)', unit) : 'Weight') offset 0.2
set colorbox user origin screen_x(right + 18), screen_y(least(bottom, height - 16)) size screen_x(14), \
    (least(bottom, height - 16) - top) / (1.0 * height) noborder

do for [p = 1:2] {
    eval open_picture[p]
    plot for [k = 0:n - 1] $weights every ::k * pixels::(k + 1) * pixels - 1 using \
        (k % across * step + int($2) % side):(k / across * step + int($2) / side):3 with image
    unset output
}
