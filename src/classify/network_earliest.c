/* z_o = -t_o / scale, t_o the first spike of output o from `from` on (J. Goeltz et al., Nature Machine Intelligence
 * 3:823, 2021). An output that is silent all the time has a pseudospike after the end, where nothing depends on it
 * (C. Klos and R.-M. Memmesheimer, Physical Review Letters 134, 2025): at duration + (V_th - V(duration)) / climb, so
 * that what is learnt raises its potential until it fires. One that fired before `from` only counts as the duration. */
#include "classify/network_loss.h"

#include "classify/circuit.h"

#include <math.h>
#include <stdint.h>

typedef struct earliest {
    double from, scale; /* ms */
    double climb;       /* mV/ms */
} earliest;

static const pm_field fields[] = {
    {"from", "ms", "spikes before it do not count", offsetof(earliest, from), 0.0,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"scale", "ms", "that the times of first spikes are divided by", offsetof(earliest, scale), 1.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"climb", "mV/ms", "how fast a silent output would come to its threshold after the end", offsetof(earliest, climb),
     1.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

static double at_end(const pm_answer *a, double at, double *slope) {
    const double age = a->duration - at;
    *slope = 0.0;
    if (age <= 0.0)
        return 0.0;
    const pm_lif_basis b = pm_lif_basis_at(a->output, age);
    *slope = a->output->l_m * b.d12 - a->output->inv_C * b.alpha;
    return b.d12;
}

/* Outputs that have not fired at all, which have SIZE_MAX; SIZE_MAX - 1 is for those that fired too early. */
static void find(const pm_answer *a, double from) {
    for (size_t o = 0; o < a->n_outputs; o++)
        a->first[o] = SIZE_MAX;
    for (size_t k = a->n; k-- > 0;)
        if (a->spikes[k].population == a->circuit->output) {
            size_t *first = &a->first[a->spikes[k].neuron];
            *first = a->spikes[k].time >= from ? k : *first == SIZE_MAX ? SIZE_MAX - 1 : *first;
        }
}

static void score(const pm_answer *a) {
    const earliest *p = a->parameters;
    const pm_lif *lif = a->output;
    find(a, p->from);
    pm_view_sum(a, at_end, a->score);
    const double bias = lif->u_inf * pm_lif_basis_at(lif, a->duration).rise;
    for (size_t o = 0; o < a->n_outputs; o++) {
        double late = (lif->theta - bias - a->score[o]) / p->climb, t = a->duration;
        if (a->first[o] == SIZE_MAX)
            t += fmax(late, 0.0);
        else if (a->first[o] < SIZE_MAX - 1)
            t = a->spikes[a->first[o]].time;
        a->score[o] = -t / p->scale;
    }
}

static void back(const pm_answer *a, const double *dl_dz) {
    const earliest *p = a->parameters;
    for (size_t o = 0; o < a->n_outputs; o++) {
        if (a->first[o] < SIZE_MAX - 1)
            a->dl_dt[a->first[o]] -= dl_dz[o] / p->scale;
        a->score[o] = a->first[o] == SIZE_MAX ? dl_dz[o] / (p->scale * p->climb) : 0.0;
    }
    pm_view_back(a, at_end, a->score);
}

const pm_network_loss pm_network_loss_earliest = {
    .head = {.name = "earliest",
             .help = "which output fires first; silent ones have a pseudospike after the end",
             .source = "J. Goeltz et al., Nature Machine Intelligence 3:823, 2021; C. Klos and R.-M. Memmesheimer, "
                       "Physical Review Letters 134, 2025",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(earliest)},
    .fires = true,
    .score = score,
    .back = back};
