/* The general neuron between two events: a membrane fed by any number of terms, in closed form.
 *
 *     u' = -l_m (u - u_inf) + (sum_p i_p + sum_k A_k + sum_q s_q) / C_m        u = V - E_L
 *     g  = u - theta - sum_j h_j                                              a spike where g reaches 0 from below
 *
 *     port p (a receptor)        i' = -l_1 i + k b,  b' = -l_2 b      an arrival of weight w adds jump w to b; to i if
 * single; to u (mV) if it is an impulse threshold j                h' = -rate h                         mV; jumps at
 * own spikes after-spike current k      A' = -rate A                         pA; jumps at own spikes sine q s' = w c,
 * c' = -w s                 pA: s = amplitude sin(w t + phase)
 *
 * How to use it: fill arrays of terms by pm_port_..., pm_decay_new and pm_sine_new, point a pm_membrane to them and
 * have it completed by pm_membrane_complete. Arrays may be shared by membranes with the same C_m and tau_m. A state is
 * pm_membrane_width() doubles, an array of the caller, laid out as
 *
 *     u,  (i, b) of each port,  h of each threshold,  A of each after-spike current,  (s, c) of each sine
 *
 * and starts with pm_membrane_rest. Over t ms it moves by a row of pm_membrane_row_length() coefficients, from
 * pm_membrane_row_at (or pm_membrane_rows for many times at once, the same bits), by pm_membrane_move; while u is held
 * at the reset by pm_membrane_hold. pm_membrane_arrive and pm_membrane_spike are the jumps. pm_membrane_bound tells
 * without an exponential that no spike is possible, pm_membrane_crossing (membrane_crossing.c) finds the first one.
 *
 * Nothing is allocated, kept or printed. Times in ms, rates in 1/ms, potentials in mV, currents in pA, capacitance in
 * pF. */
#ifndef PM_MATH_MEMBRANE_H
#define PM_MATH_MEMBRANE_H

#include "math/larger.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    PM_MEMBRANE_TERMS = 32, /* the most ports, thresholds, after-spike currents and sines, of each */
    PM_MEMBRANE_WIDTH = 1 + 6 * PM_MEMBRANE_TERMS,
    PM_MEMBRANE_ROW = 2 + 13 * PM_MEMBRANE_TERMS,
};

typedef enum pm_port_kind { PM_PORT_DOUBLE, PM_PORT_SINGLE, PM_PORT_IMPULSE } pm_port_kind;

typedef struct pm_port {
    double l_1, l_2;       /* 1/ms, l_1 <= l_2; single: l_1 only */
    double k;              /* 1/ms: l_2 - l_1 for a difference of exponentials, 1/T for an alpha current; single: 0 */
    double most_i, most_u; /* per unit of b, the largest current and the largest response of u times C_m: 1, ms */
    double most_decay;     /* per unit of i, the latter: ms */
    double jump;           /* what an arrival of weight 1 adds: pA, impulse: mV */
    pm_port_kind kind;
    int at_m; /* place of l_m among the rates */
    /* The rates in ascending order x <= y <= z (single: x <= y), their differences, the inverses of these (0 for a
     * difference of 0), and 1 where a difference is 0. */
    double x, dxy, dyz, dxz, inv_dxy, inv_dyz, inv_dxz, same_xy, same_yz, same_xz;
} pm_port;

/* A threshold or an after-spike current. */
typedef struct pm_decay {
    double rate;     /* 1/ms */
    double jump;     /* at an own spike: mV or pA */
    pm_port as_port; /* as a current: single */
} pm_decay;

typedef struct pm_sine {
    double w;       /* rad/ms, > 0 */
    double s, c;    /* pA: amplitude times sine and cosine of the phase at the start */
    double inverse; /* 1/(l_m^2 + w^2), ms^2 */
} pm_sine;

typedef struct pm_membrane {
    double l_m;         /* 1/ms */
    double inv_C;       /* 1/pF */
    double u_inf;       /* mV: I_e/g_L */
    double theta;       /* mV: V_th - E_L */
    double t_ref;       /* ms */
    double factor, add; /* reset: u becomes factor u + add (mV). To a potential: factor 0; by subtraction: factor 1 */
    size_t n_ports, n_thresholds, n_after, n_sines;
    const pm_port *ports;
    const pm_decay *thresholds, *after;
    const pm_sine *sines;
    double fastest; /* 1/ms, of all decays: from here on by pm_membrane_complete */
    double longest; /* ms: a quarter of the shortest period; INFINITY without sines */
} pm_membrane;

/* Receptors of a membrane with time constant tau_m, all in ms. */
pm_port pm_port_double(double tau_m, double tau_1, double tau_2); /* e^{-t/tau_1} - e^{-t/tau_2}, tau_1 > tau_2 > 0 */
pm_port pm_port_alpha(double tau_m, double T);                    /* (t/T) e^{1 - t/T}: peak 1 at t = T */
pm_port pm_port_single(double tau_m, double tau);                 /* e^{-t/tau} */
pm_port pm_port_impulse(void);                                    /* u jumps */
/* The largest current after an arrival of weight 1, pA: dividing `jump` by it makes weights peak currents. */
double pm_port_peak_current(const pm_port *port);

pm_decay pm_decay_new(double tau_m, double tau, double jump);
/* amplitude pA times sin(w t + phase), w in rad/ms, phase in rad. */
pm_sine pm_sine_new(double tau_m, double amplitude, double w, double phase);

void pm_membrane_complete(pm_membrane *membrane);

static inline size_t pm_membrane_width(const pm_membrane *m) {
    return 1 + 2 * m->n_ports + m->n_thresholds + m->n_after + 2 * m->n_sines;
}
static inline size_t pm_membrane_at_threshold(const pm_membrane *m) { return 1 + 2 * m->n_ports; }
static inline size_t pm_membrane_at_after(const pm_membrane *m) { return 1 + 2 * m->n_ports + m->n_thresholds; }
static inline size_t pm_membrane_at_sine(const pm_membrane *m) { return pm_membrane_at_after(m) + m->n_after; }

/* A row: e^{-l_m t} and 1 - e^{-l_m t}; five of each port; e and 1 - e of each threshold; e and D/C_m of each
 * after-spike current; four of each sine. D/C_m (mV/pA) is the response of u. */
enum { PM_ROW_E1, PM_ROW_E2, PM_ROW_ALPHA, PM_ROW_D1, PM_ROW_D12, PM_ROW_PORT };
enum { PM_ROW_COS, PM_ROW_SIN, PM_ROW_OF_S, PM_ROW_OF_C, PM_ROW_SINE };
static inline size_t pm_membrane_row_length(const pm_membrane *m) {
    return 2 + PM_ROW_PORT * m->n_ports + 2 * m->n_thresholds + 2 * m->n_after + PM_ROW_SINE * m->n_sines;
}

/* The row at t >= 0 ms; relative errors below 1e-13 as long as the exponentials exceed e^-300 and |w t| < 2^27. */
void pm_membrane_row_at(const pm_membrane *m, double t, double *row);
/* n rows, the same bits: coefficient j of row k is rows[j * n + k]. Quick where n is a multiple of 8. */
void pm_membrane_rows(const pm_membrane *m, size_t n, const double *t, double *rows);

/* What an arrival over that port, of weight 1, is after the row's time: additions to u, i and b. */
typedef struct pm_response {
    double u, i, b; /* mV, pA, pA */
} pm_response;
pm_response pm_membrane_response(const pm_membrane *m, size_t port, const double *row);

/* No currents, thresholds not raised, u as given (mV), sines at their start. */
void pm_membrane_rest(const pm_membrane *m, double u, double *x);
/* x after the row's time, without arrivals and spikes; `to` may be `from`. */
void pm_membrane_move(const pm_membrane *m, const double *row, const double *from, double *to);
/* The same while u is held. */
void pm_membrane_hold(const pm_membrane *m, const double *row, const double *from, double *to);

static inline void pm_membrane_arrive(const pm_membrane *m, size_t port, double weight, double *x) {
    const pm_port *p = &m->ports[port];
    x[p->kind == PM_PORT_IMPULSE ? 0 : p->kind == PM_PORT_SINGLE ? 1 + 2 * port : 2 + 2 * port] += p->jump * weight;
}
/* Own spike: reset and jumps. */
void pm_membrane_spike(const pm_membrane *m, double *x);

/* sum_j h_j: the threshold is theta above E_L plus this, mV. */
double pm_membrane_raised(const pm_membrane *m, const double *x);
/* All currents but I_e and leak, pA. */
double pm_membrane_current(const pm_membrane *m, const double *x);
/* dV/dt and d(V - threshold)/dt, mV/ms. */
double pm_membrane_slope(const pm_membrane *m, const double *x);
double pm_membrane_approach(const pm_membrane *m, const double *x);

/* An upper bound of u - threshold over the next h ms, mV, that costs no exponential. */
double pm_membrane_bound(const pm_membrane *m, const double *x, double h);

/* When the potential that an arrival over that port causes has its maximum, ms after it. */
double pm_membrane_psp_peak(const pm_membrane *m, size_t port);

/* The first t in [0, horizon] with u(t) >= threshold(t), or INFINITY if there is none. Never misses one and never
 * invents one, down to the rounding of u. Where a crossing exists, its bits do not depend on the horizon (a horizon
 * within the rounding of the crossing may miss it, or be it). A state with u >= threshold crosses at t = 0. `row` is
 * that of the horizon where it is at hand, or NULL. */
double pm_membrane_crossing(const pm_membrane *m, const double *x, double horizon, const double *row);

#endif
