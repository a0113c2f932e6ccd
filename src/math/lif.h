/* The closed forms of one LIF neuron between two arriving spikes, and its first threshold crossing.
 *
 * State: u = V - E_L, the synaptic current i, and the fast component b of that current (tau_2 = 0: b = 0). With
 * rates l_m = 1/tau_m, l_1 = 1/tau_1, l_2 = 1/tau_2, after time t without arrivals
 *
 *     i(t) = i e^{-l_1 t} + b alpha(t),   b(t) = b e^{-l_2 t}
 *     u(t) = u e^{-l_m t} + u_inf (1 - e^{-l_m t}) + (i D_1(t) + b D_12(t)) / C_m
 *
 * where alpha = e^{-l_1 t} - e^{-l_2 t}, and D_1, D_12 are the convolutions of e^{-l_1 t} and alpha with e^{-l_m t}:
 * first and second divided differences of x -> e^{-x t}. They are evaluated without cancellation for all
 * ratios of the time constants, equal ones included. All five functions are >= 0, so for excitatory input every sum has
 * terms of one sign. An arriving spike of weight w adds w to b (tau_2 = 0: to i; tau_1 = 0: to u).
 *
 * Pure functions, no state, no I/O. Times in ms, potentials in mV, currents in pA. */
#ifndef PM_MATH_LIF_H
#define PM_MATH_LIF_H

#include "math/larger.h"

#include <math.h>
#include <stdbool.h>

typedef struct pm_lif {
    double l_m, l_1, l_2; /* rates, 1/ms; l_2 = 0 stands for tau_2 = 0 */
    double inv_C;         /* 1/pF */
    double u_inf;         /* I_e / g_L, mV */
    double theta;         /* V_th - E_L, mV */
    double u_reset;       /* V_reset - E_L, mV */
    double t_ref;         /* ms */
    double E_L;           /* mV */
    bool single;          /* tau_2 = 0 */
    bool impulse;         /* tau_1 = 0: i = b = 0 for ever, and l_1 stands for nothing */
    double d12;           /* l_2 - l_1 (0 if single) */
    /* The rates in ascending order x <= y <= z (single: x <= y only), their differences and the inverses of these
     * (0 for a difference of 0), and the places of l_m, l_1, l_2 in that order. */
    double x, dxy, dyz, dxz, inv_dxy, inv_dyz, inv_dxz;
    unsigned char at_m, at_1, at_2;
} pm_lif;

typedef struct pm_lif_state {
    double u; /* mV */
    double i; /* pA */
    double b; /* pA */
} pm_lif_state;

/* The values at time t of the functions above; d1 and d12 are divided by C_m (mV/pA). */
typedef struct pm_lif_basis {
    double em;     /* e^{-l_m t} */
    double rise;   /* 1 - e^{-l_m t} */
    double e1, e2; /* e^{-l_1 t}, e^{-l_2 t} (0 if single and t > 0) */
    double alpha;  /* e1 - e2 (single: e1) */
    double d1;     /* D_1 / C_m, mV/pA */
    double d12;    /* D_12 / C_m, mV/pA: the PSP of a spike of weight 1 (single: d1) */
} pm_lif_basis;

/* What a neuron is in numbers (model/neuron.h makes them of its parameters). */
typedef struct pm_lif_numbers {
    double C_m, g_L, I_e;       /* pF, nS, pA */
    double E_L, theta, u_reset; /* mV, the last two above E_L */
    double t_ref, tau_1, tau_2; /* ms */
} pm_lif_numbers;

/* The constants. Numbers are within the ranges of a neuron's parameters; tau_1 and tau_2 may also be equal, for the
 * basis of another d12, which is then to be put in: of (d12 t) e^{-l_1 t}. */
pm_lif pm_lif_new(const pm_lif_numbers *numbers);

/* The basis at t >= 0 ms; relative errors below 1e-13 (typically 1e-15) as long as the exponentials exceed e^-300. */
pm_lif_basis pm_lif_basis_at(const pm_lif *lif, double t);

/* u(t), mV above E_L. */
double pm_lif_u(const pm_lif *lif, const pm_lif_state *state, double t);

/* dV/dt at the state itself. */
static inline double pm_lif_slope_now(const pm_lif *lif, const pm_lif_state *state) {
    return (lif->u_inf - state->u) * lif->l_m + state->i * lif->inv_C;
}

/* A bound of the rounding error of u' over the whole course from that state, mV/ms: far out, where u' has decayed to
 * nothing, its computed sign means nothing. */
static inline double pm_lif_slope_noise(const pm_lif *lif, const pm_lif_state *state) {
    double u = fabs(state->u) + fabs(lif->u_inf) + fabs(lif->theta);
    return 0x1p-46 * (u * lif->l_m + (fabs(state->i) + fabs(state->b)) * lif->inv_C);
}

/* The state t ms later, without arrivals and without a spike. */
pm_lif_state pm_lif_advance(const pm_lif *lif, const pm_lif_state *state, double t);

/* The same where the basis at t is at hand. */
static inline pm_lif_state pm_lif_advance_by(const pm_lif *lif, const pm_lif_state *state, const pm_lif_basis *at) {
    return (pm_lif_state){
        .u = state->u * at->em + lif->u_inf * at->rise + state->i * at->d1 + state->b * at->d12,
        .i = state->i * at->e1 + state->b * at->alpha,
        .b = state->b * at->e2,
    };
}

/* A spike of that weight (pA; impulse: mV) arrives. */
static inline void pm_lif_arrive(const pm_lif *lif, pm_lif_state *state, double weight) {
    if (lif->impulse)
        state->u += weight;
    else if (lif->single)
        state->i += weight;
    else
        state->b += weight;
}

/* The PSP of a spike of weight 1 pA, t ms after its arrival: eps(t), mV/pA. */
double pm_lif_psp(const pm_lif *lif, double t);
/* The time at which eps has its maximum, ms. */
double pm_lif_psp_peak(const pm_lif *lif);

/* The first t >= 0 at which u stops rising, ms; INFINITY if it rises for ever (towards u_inf). */
double pm_lif_first_maximum(const pm_lif *lif, const pm_lif_state *state);

/* What an upper bound of u over [0, horizon] needs that is the same for all states. */
typedef struct pm_lif_ceiling {
    double l_m, inv_C, u_inf, horizon;
    double decay, rise; /* e^{-l_1 t} is at least this, alpha(t) at most that */
} pm_lif_ceiling;

static inline pm_lif_ceiling pm_lif_ceiling_over(const pm_lif *lif, double horizon) {
    const double decay = 1.0 - lif->l_1 * horizon, rise = lif->d12 * horizon;
    return (pm_lif_ceiling){
        lif->l_m, lif->inv_C, lif->u_inf, horizon, decay > 0.0 ? decay : 0.0, rise < 1.0 ? rise : 1.0};
}

/* The bound, without an exponential and without branches: which way they would go is chance. */
static inline double pm_lif_bound_below(const pm_lif_ceiling *c, const pm_lif_state *state) {
    const double low = state->i * c->decay, fast = state->b * c->rise;
    const double current = pm_larger(state->i, low) + pm_positive(fast);
    /* Wherever u is above its start, the leak is at most that of the start. */
    const double slope = (c->u_inf - state->u) * c->l_m + current * c->inv_C;
    return state->u + pm_positive(slope) * c->horizon;
}

static inline double pm_lif_bound(const pm_lif *lif, const pm_lif_state *state, double horizon) {
    const pm_lif_ceiling ceiling = pm_lif_ceiling_over(lif, horizon);
    return pm_lif_bound_below(&ceiling, state);
}

/* The first t in [0, horizon] with u(t) >= theta, or INFINITY if there is none. Never misses one and never
 * invents one, down to the rounding of u itself. The value does not depend on the horizon: where a crossing exists,
 * a longer horizon gives the same bits (a horizon within the rounding of the crossing may miss it, or be it). A state
 * with u >= theta crosses at t = 0. */
double pm_lif_crossing(const pm_lif *lif, const pm_lif_state *state, double horizon);

#endif
