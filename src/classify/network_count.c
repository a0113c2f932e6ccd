/* z_o = scale times the sum over the spikes of output o in a window, each counted the less the later it is: 1 at its
 * beginning, 0 at its end. A spike that comes or goes at the end so makes no step in the loss. */
#include "classify/network_loss.h"

#include "classify/circuit.h"

#include <math.h>

typedef struct count {
    double from, to; /* ms */
    double scale;    /* 1/spike */
} count;

static const pm_field fields[] = {
    {"from", "ms", "where the window begins", offsetof(count, from), 0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"to", "ms", "where it ends", offsetof(count, to), INFINITY, "the duration",
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"scale", "1/spike", "factor of the counts", offsetof(count, scale), 1.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

static pm_status check(const void *structure, pm_error *error) {
    const count *p = structure;
    return p->to > p->from
               ? PM_OK
               : pm_fail_key(error, "to", "the window ends at %g ms; it must end after %g ms", p->to, p->from);
}

static bool counts(const pm_answer *a, size_t k, double to) {
    const count *p = a->parameters;
    const pm_spike *s = &a->spikes[k];
    return s->population == a->circuit->output && s->time >= p->from && s->time < to;
}

static void score(const pm_answer *a) {
    const count *p = a->parameters;
    const double to = pm_window_end(a, p->to), by = p->scale / (to - p->from);
    for (size_t k = 0; k < a->n; k++)
        if (counts(a, k, to))
            a->score[a->spikes[k].neuron] += by * (to - a->spikes[k].time);
}

static void back(const pm_answer *a, const double *dl_dz) {
    const count *p = a->parameters;
    const double to = pm_window_end(a, p->to), by = p->scale / (to - p->from);
    for (size_t k = 0; k < a->n; k++)
        if (counts(a, k, to))
            a->dl_dt[k] -= by * dl_dz[a->spikes[k].neuron];
}

const pm_network_loss pm_network_loss_count = {.head = {.name = "count",
                                                        .help = "how often an output fires, early spikes counting more",
                                                        .source = "",
                                                        .fields = fields,
                                                        .n_fields = sizeof fields / sizeof *fields,
                                                        .size = sizeof(count),
                                                        .check = check},
                                               .fires = true,
                                               .score = score,
                                               .back = back};
