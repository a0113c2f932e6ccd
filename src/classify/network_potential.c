/* z_o is the mean of V_o - E_L over a window, divided by `scale`; the outputs do not fire. With `fade` the mean is
 * weighted by exp(-(t - from) / fade): early evidence counts more (the loss sum_exp of T. Nowotny, J. P. Turner and J.
 * C. Knight, Neuromorphic Computing and Engineering 5, 2025).
 *
 * With F(x) the integral over [0, x] of e^{-m y} eps(y), eps the response to a spike of weight 1 and m = 1/fade, the
 * equation of the membrane gives (m + l_m) F(x) = A(x) / C_m - e^{-m x} eps(x), A the same integral of the current. So
 * nothing is divided by differences of time constants. */
#include "classify/network_loss.h"
#include "math/elementary.h"

#include <math.h>

typedef struct potential {
    double from, to, fade; /* ms */
    double scale;          /* mV */
} potential;

static const pm_field fields[] = {
    {"from", "ms", "where the window begins", offsetof(potential, from), 0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"to", "ms", "where it ends", offsetof(potential, to), INFINITY, "the duration",
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"fade", "ms", "time constant with which what is later counts less", offsetof(potential, fade), INFINITY,
     "it does not", .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"scale", "mV", "that the means are divided by", offsetof(potential, scale), 1.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

static pm_status check(const void *structure, pm_error *error) {
    const potential *p = structure;
    return p->to > p->from
               ? PM_OK
               : pm_fail_key(error, "to", "the window ends at %g ms; it must end after %g ms", p->to, p->from);
}

/* The integral of e^{-rate y} over [0, x]. */
static double decayed(double rate, double x) { return (1.0 - pm_exp(-rate * x)) / rate; }

/* F(x) and e^{-m x} eps(x); 0 for x <= 0. */
static double integral(const pm_lif *lif, double m, double x, double *psp) {
    *psp = 0.0;
    if (x <= 0.0)
        return 0.0;
    *psp = pm_exp(-m * x) * pm_lif_psp(lif, x);
    double current = decayed(m + lif->l_1, x) - (lif->single ? 0.0 : decayed(m + lif->l_2, x));
    return (current * lif->inv_C - *psp) / (m + lif->l_m);
}

static double mean(const pm_answer *a, double at, double *slope) {
    const potential *p = a->parameters;
    const double m = 1.0 / p->fade, to = pm_window_end(a, p->to);
    double early, late;
    double value = integral(a->output, m, to - at, &late) - integral(a->output, m, p->from - at, &early);
    const double fade = pm_exp(-m * (at - p->from)), by = fade / (p->scale * (to - p->from));
    *slope = -by * (late - early + m * value);
    return by * value;
}

static void score(const pm_answer *a) { pm_view_sum(a, mean, a->score); }
static void back(const pm_answer *a, const double *dl_dz) { pm_view_back(a, mean, dl_dz); }

const pm_network_loss pm_network_loss_potential = {
    .head = {.name = "potential",
             .help = "the mean potential of an output over a window; outputs do not fire",
             .source = "T. Nowotny, J. P. Turner and J. C. Knight, Neuromorphic Computing and Engineering 5, 2025",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(potential),
             .check = check},
    .score = score,
    .back = back};
