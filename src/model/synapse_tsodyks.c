/* Short-term depression and facilitation. A spike uses the fraction u of the resources that are there, x, and delivers
 * u x times the weight; the resources come back with tau_rec. Every spike but the first raises u, which decays with
 * tau_fac; without facilitation it is U at all of these.
 *
 * The state is what the last spike has left: the resources, and u. Invariant: both are in [0, 1], rounding included. */
#include "math/elementary.h"
#include "model/synapse.h"

#include <stddef.h>

typedef struct parameters {
    double U, u, x;
    double tau_rec, tau_fac; /* ms */
} parameters;

enum { RESOURCES, USE, WIDTH };

static void start(const double *values, double *state) {
    const parameters *p = (const parameters *)values;
    state[RESOURCES] = p->x;
    state[USE] = p->u;
}

static double spike(const double *values, bool first, double *state) {
    const parameters *p = (const parameters *)values;
    if (!first)
        state[USE] += p->U * (1.0 - state[USE]);
    const double released = state[USE] * state[RESOURCES];
    state[RESOURCES] -= released;
    if (!(p->tau_fac > 0.0))
        state[USE] = 0.0;
    return released;
}

static void advance(const double *values, double h, double *state) {
    const parameters *p = (const parameters *)values;
    state[RESOURCES] = 1.0 + (state[RESOURCES] - 1.0) * pm_exp(-h / p->tau_rec);
    if (p->tau_fac > 0.0)
        state[USE] *= pm_exp(-h / p->tau_fac);
}

static void derivative(const double *values, const double *state, double *dydt) {
    const parameters *p = (const parameters *)values;
    dydt[RESOURCES] = (1.0 - state[RESOURCES]) / p->tau_rec;
    dydt[USE] = p->tau_fac > 0.0 ? -state[USE] / p->tau_fac : 0.0;
}

static bool is_sound(const double *values, const double *state) {
    (void)values;
    return state[RESOURCES] >= 0.0 && state[RESOURCES] <= 1.0 && state[USE] >= 0.0 && state[USE] <= 1.0;
}

static pm_status check(const void *structure, pm_error *error) {
    const parameters *p = structure;
    if (p->tau_fac != 0.0 && p->tau_fac < PM_LEAST)
        return pm_fail_key(error, "tau_fac", "tau_fac is %g ms; it must be 0 or at least %g ms", p->tau_fac, PM_LEAST);
    return PM_OK;
}

#define FRACTION(member, preset, text)                                                                                 \
    {                                                                                                                  \
        #member, "", text, offsetof(parameters, member), preset, .bounds = { 0.0, 1.0, PM_CLOSED }                     \
    }

static const pm_field fields[] = {
    FRACTION(U, 0.5, "by which a spike raises u, of what is missing to 1"),
    FRACTION(u, 0.5, "the fraction of the resources that the first spike uses"),
    FRACTION(x, 1.0, "the resources at the first spike"),
    {"tau_rec", "ms", "time constant of recovery", offsetof(parameters, tau_rec), 800.0,
     .bounds = {PM_LEAST, PM_LARGEST, PM_CLOSED}},
    {"tau_fac", "ms", "time constant of facilitation; 0: there is none", offsetof(parameters, tau_fac), 0.0,
     .bounds = {0.0, PM_LARGEST, PM_CLOSED}},
};

const pm_synapse_model pm_synapse_tsodyks = {
    .kind = {.name = "tsodyks",
             .help = "short-term depression and facilitation: a spike is delivered with u x times the weight",
             .source = "Tsodyks, Uziel and Markram 2000; Maass and Markram 2002; NEST's tsodyks2_synapse",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(parameters),
             .check = check},
    .width = WIDTH,
    .start = start,
    .spike = spike,
    .advance = advance,
    .derivative = derivative,
    .is_sound = is_sound,
};

_Static_assert(sizeof(parameters) <= PM_SYNAPSE_PARAMETERS * sizeof(double), "parameters of a projection");
