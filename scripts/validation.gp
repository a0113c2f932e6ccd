# Errors of spike times of time-stepped schemes: against the time step, and against the time a run takes, where the
# event-driven engine is a single point. Lines with points: medians; thin lines: largest errors.
#
#   gnuplot -e "output='validation'; file='validation.dat'" validation.gp
#
# output          the pictures' path without extension: output.svg and output.png are written
# file            rows `scheme dt_ms median_ms largest_ms matched missing extra seconds`; the scheme `event` is the engine
# scripts         optional: this script's folder, if gnuplot cannot tell

if (!exists('scripts')) scripts = strlen(ARG0) > 14 ? ARG0[1:strlen(ARG0) - 15] : '.'
load scripts . '/style.gp'

array scheme = ['exact-grid', 'exact-linear', 'exact-cubic', 'rk-grid', 'rk-linear', 'rk-cubic']
array title_of = ['propagators, on the grid', 'propagators, linear', 'propagators, cubic', \
                  'Runge-Kutta, on the grid', 'Runge-Kutta, linear', 'Runge-Kutta, cubic']
n = 6
hue(k) = (k - 1) % 3 + 1
mark(k) = k <= 3 ? 7 : 6 # filled and open circles
stroke(k) = k <= 3 ? 1 : 2
of(k) = strcol(1) eq scheme[k]

# The smallest error that can be drawn: a rounding of the time itself. Ranges, and which schemes there are.
least_error = 1e-16
shown(error) = error > least_error ? error : least_error
low = 1.0; high = 1e-15; fastest = 1e9; slowest = 1e-9; shortest = 1.0; longest = 1e-9; engine = 0
array rows[n]
do for [k = 1:n] { rows[k] = 0 }
look(error, seconds) = (low = error > 0 ? least(low, shown(error)) : low, high = error > 0 ? most(high, error) : high, \
                        fastest = least(fastest, seconds), slowest = most(slowest, seconds))
set table $discarded
plot file using (look($3, $8), look($4, $8), 0):(strcol(1) eq 'event' ? (engine = valid(3)) : 0) with table
do for [k = 1:n] {
    plot file using (of(k) ? (rows[k] = rows[k] + 1, shortest = least(shortest, $2), longest = most(longest, $2)) : 0):(0) \
        with table
}
unset table

width = 840
height = 520
screen_x(x) = x / (1.0 * width)
screen_y(y) = 1 - y / (1.0 * height)

do for [p = 1:2] {
    eval open_picture[p]
    set multiplot
    set border 3
    set logscale xy
    # Half a decade below: the engine's mark is not on the axis.
    set yrange [10.0 ** (floor(log10(low)) - 0.5):10.0 ** (ceil(log10(high)) + 0.2)]
    set ytics nomirror out scale 0.5 100 format '10^{%T}'
    set mytics 1

    set tmargin at screen screen_y(20)
    set bmargin at screen screen_y(388)
    set lmargin at screen screen_x(98)
    set rmargin at screen screen_x(430)
    set xrange [shortest / 1.5:longest * 1.5]
    set xtics nomirror out scale 0.5 10 format '%g'
    set xlabel 'Time step (ms)'
    set label 1 'Error of spike times (ms)' at screen screen_x(20), graph 0.5 center rotate by 90
    plot for [k = 1:n] file using (of(k) && $3 > 0 ? $2 : NaN):(shown($3)) with linespoints pointtype mark(k) \
            pointsize 0.6 dashtype stroke(k) linecolor rgb colour(hue(k)), \
        for [k = 1:n] file using (of(k) && $4 > 0 ? $2 : NaN):(shown($4)) with lines linewidth 0.4 dashtype stroke(k) \
            linecolor rgb colour(hue(k))

    set lmargin at screen screen_x(476)
    set rmargin at screen screen_x(818)
    set xrange [fastest / 2:slowest * 2]
    set xtics format '10^{%T}'
    set xlabel 'Time of the run (s)'
    set ytics format ''
    unset label 1
    plot for [k = 1:n] file using (of(k) && $3 > 0 ? $8 : NaN):(shown($3)) with linespoints pointtype mark(k) \
            pointsize 0.6 dashtype stroke(k) linecolor rgb colour(hue(k)), \
        file using (strcol(1) eq 'event' ? $8 : NaN):(shown($3)) with points pointtype 9 pointsize 1.6 \
            linecolor rgb colour(4)

    # The key: a panel of its own, across the whole width.
    set lmargin at screen 0.02
    set rmargin at screen 0.98
    set tmargin at screen screen_y(446)
    set bmargin at screen screen_y(516)
    unset border
    unset xlabel
    unset tics
    unset logscale
    set xrange [0:1]
    set yrange [0:1]
    set key center center vertical maxrows 3 Left reverse samplen 2.5 width -3 font ',11'
    plot for [k = 1:n] (rows[k] > 0 ? -1 : NaN) with linespoints pointtype mark(k) pointsize 0.6 dashtype stroke(k) \
            linecolor rgb colour(hue(k)) title (rows[k] > 0 ? title_of[k] : ''), \
        -1 with points pointtype 9 pointsize 1.6 linecolor rgb colour(4) title 'event-driven', \
        -1 with linespoints pointtype 7 pointsize 0.6 linecolor rgb grey title 'median', \
        -1 with lines linewidth 0.4 linecolor rgb grey title 'largest'
    unset key
    unset multiplot
    unset output
}
