# Membrane potentials: up to four neurons in panels of their own, more of them stacked.
#
# output                 path without extension; OUTPUT.svg and OUTPUT.png are written
# scripts                folder of this script
# name                   of the population
# n_traces               and for each trace k = 1, 2, ...:
#   file_k, neuron_k     file of 'time_ms V_mV spike' (spike is 1 at the exact instants of spikes), number of the neuron
# V_th, V_reset          mV
# t_from, t_to           ms
load scripts.'/style.gp'
file(k) = value(sprintf('file_%d', k))
neuron(k) = value(sprintf('neuron_%d', k))

lowest = V_reset
do for [k = 1:n_traces] {
    stats file(k) using (($1 >= t_from && $1 <= t_to) ? $2 : NaN) nooutput
    if (STATS_min < lowest) { lowest = STATS_min }
}
range = V_th - lowest
stroke = 0.25 * range

panels = n_traces <= 4
height = panels ? (n_traces == 1 ? 300 : 110 + 150 * n_traces) : (110 + (n_traces < 12 ? 60 : n_traces < 30 ? 32 : 14) * n_traces)
# In the stacked figure a trace takes a row of height 1; potentials are scaled so that a spike's stroke ends within it.
row = 1.35 * range
place(k, v) = n_traces - k + (v - lowest) / row

do for [kind in 'svg png'] {
    eval (kind eq 'svg' ? open_svg(760, height) : open_png(760, height))
    set output output.'.'.kind
    set xrange [t_from:t_to]
    set lmargin screen 0.11
    set rmargin screen 0.91
    below = 52.0 / height
    above = 1.0 - 22.0 / height
    if (panels) {
        set multiplot
        set yrange [lowest - 0.05 * range:V_th + 1.5 * stroke]
        set ylabel 'V (mV)' offset 1
        do for [k = 1:n_traces] {
            slot = (above - below) / n_traces
            set bmargin screen below + (n_traces - k) * slot
            set tmargin screen below + (n_traces - k + 1) * slot - 24.0 / height
            if (k == n_traces) { set format x; set xlabel 'Time (ms)' } else { set format x ''; unset xlabel }
            set label 1 noenhanced sprintf('%s, neuron %d', name, neuron(k)) at graph 0.0, graph 1.08 left tc rgb colour(1)
            set label 2 'threshold' at graph 1.01, first V_th left font ',9' tc rgb '#666666'
            plot V_th with lines dt (6, 4) lw 0.8 lc rgb '#666666', \
                file(k) using 1:2 with lines lw 1.2 lc rgb colour(1), \
                file(k) using ($3 == 1 ? $1 : NaN):(V_th):(0):(stroke) with vectors nohead lw 1.2 lc rgb colour(2), \
                file(k) using ($3 == 1 ? $1 : NaN):(V_th) with points pt 7 ps 0.25 lc rgb colour(2)
        }
        unset multiplot
    } else {
        set bmargin screen below
        set tmargin screen above
        set border 1
        set yrange [-0.05:n_traces]
        set xlabel 'Time (ms)'
        unset ylabel
        unset ytics
        every_k = n_traces > 60 ? 10 : n_traces > 30 ? 5 : 1
        do for [k = 1:n_traces] {
            if ((k - 1) % every_k == 0) {
                set label k sprintf('%d', neuron(k)) at graph -0.01, first place(k, 0.5 * (lowest + V_th)) right
            }
        }
        bar = 10.0 ** floor(log10(range))
        bar = bar * (range / bar >= 5 ? 5 : range / bar >= 2 ? 2 : 1)
        set arrow 1 from graph 1.015, first 0 to graph 1.015, first bar / row nohead lw 2
        set label 1001 sprintf('%g mV', bar) at graph 1.025, first 0.5 * bar / row left font ',9'
        set label 1000 noenhanced sprintf('%s (neuron numbers at the left; grey: threshold)', name) at graph 0.0, graph 1.0 left offset 0, 0.6 tc rgb colour(1)
        plot for [k = 1:n_traces] place(k, V_th) with lines lw 0.6 lc rgb '#aaaaaa', \
            for [k = 1:n_traces] file(k) using 1:(place(k, $2)) with lines lw 1.0 lc rgb colour(1), \
            for [k = 1:n_traces] file(k) using ($3 == 1 ? $1 : NaN):(place(k, V_th)):(0):(stroke / row) \
                with vectors nohead lw 1.0 lc rgb colour(2)
    }
    unset output
}
