# Raster of spikes with a histogram of rates below.
#
# output                     path without extension; OUTPUT.svg and OUTPUT.png are written
# scripts                    folder of this script
# n_populations              and for each population k = 1, 2, ...:
#   file_k, rows_k           file of 'neuron time_ms ...', and whether it has any rows (0 or 1)
#   name_k, size_k           name, number of neurons
# t_from, t_to               ms
load scripts.'/style.gp'
file(k) = value(sprintf('file_%d', k))
name(k) = value(sprintf('name_%d', k))
size(k) = value(sprintf('size_%d', k))
rows_of(k) = value(sprintf('rows_%d', k))

# Populations from top to bottom, with a gap between them; no band is thinner than a twentieth of all.
array base[n_populations + 1]
neurons = 0.0
do for [k = 1:n_populations] { neurons = neurons + size(k) }
array scaling[n_populations]
at = 0.0
do for [j = 1:n_populations] {
    k = n_populations + 1 - j
    band = size(k) < neurons / 15.0 ? neurons / 15.0 : size(k)
    scaling[k] = band / size(k)
    base[k] = at
    at = at + band + 0.03 * neurons
}
top = at - 0.03 * neurons

# About a hundred bins, of 1, 2 or 5 times a power of ten ms.
span = t_to - t_from
raw = span / 100.0
power = 10.0 ** floor(log10(raw))
bin = (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10) * power
n_bins = ceil(span / bin)
# A spike is a stroke as high as its neuron's row, but at least a 150th of the picture.
stroke = top / 150.0 > 0.9 ? top / 150.0 : 0.9
thickness = neurons > 2000 ? 0.4 : neurons > 300 ? 0.8 : 1.3

# The populations that have spikes to show.
shown = ''
do for [k = 1:n_populations] {
    if (rows_of(k) > 0) {
        stats file(k) using ($2 >= t_from && $2 <= t_to ? 1 : 0) nooutput
        if (STATS_sum > 0) { shown = shown.sprintf('%d ', k) }
    }
}

do for [kind in 'svg png'] {
    eval (kind eq 'svg' ? open_svg(760, 520) : open_png(760, 520))
    set output output.'.'.kind
    set multiplot
    set xrange [t_from:t_to]
    set lmargin screen 0.15
    set rmargin screen 0.97

    set tmargin screen 0.97
    set bmargin screen 0.38
    set yrange [-0.02 * top:1.02 * top]
    set format x ''
    unset xlabel
    unset ytics
    unset ylabel
    do for [k = 1:n_populations] {
        set label k noenhanced sprintf("%s\n%d", name(k), size(k)) at graph -0.015, first base[k] + 0.5 * scaling[k] * size(k) + 0.02 * top \
            right tc rgb colour(k)
    }
    if (shown eq '') { plot -top with lines }
    else { plot for [k in shown] file(k + 0) \
        using 2:(base[k + 0] + scaling[k + 0] * ($1 + 0.5) - 0.5 * stroke):(0):(stroke) \
        with vectors nohead lw thickness lc rgb colour(k) }
    do for [k = 1:n_populations] { unset label k }

    set tmargin screen 0.34
    set bmargin screen 0.11
    set format x
    set ytics autofreq nomirror out
    set yrange [0:1 < *]
    set xlabel 'Time (ms)'
    set ylabel "Rate (spikes/s)" offset 1
    set label 99 sprintf('bins of %g ms', bin) at graph 0.995, graph 1.04 right font ',9' tc rgb '#666666'
    if (shown eq '') { set yrange [0:1]; plot 0 with lines lc rgb '#000000' }
    else { plot for [k in shown] file(k + 0) \
        using 2:(1000.0 / (bin * size(k + 0))) \
        bins=n_bins binrange [t_from + 0.5 * bin:t_from + (n_bins - 0.5) * bin] with histeps lw 1.4 lc rgb colour(k) }
    unset label 99
    unset multiplot
    unset output
}
