/* One LIF neuron over one time step: what the time-stepped simulator is made of. It shares
 * nothing with math/, against which it is a check, but the exponential. Times in ms, potentials in mV, currents in pA.
 */
#ifndef PM_STEP_STEPPER_H
#define PM_STEP_STEPPER_H

#include <punctum/neuron.h>
#include <punctum/simulation.h>
#include <stdbool.h>

/* I_syn = a - b; u = V - E_L. An arriving spike adds its weight to both (tau_2 = 0: to a). */
typedef struct pm_stepper_state {
    double u, a, b;
} pm_stepper_state;

typedef struct pm_propagator {
    double m, e1, e2; /* exp(-h/tau) - 1 for tau_m, tau_1, tau_2 */
    double a, b;      /* what a and b add to u within h, mV/pA */
} pm_propagator;

typedef struct pm_stepper {
    double l_m, l_1, l_2;              /* 1/ms */
    double inv_C;                      /* 1/pF */
    double u_inf, theta, u_reset, E_L; /* mV */
    double t_ref;                      /* ms */
    bool single;                       /* tau_2 = 0 */
    double dt;                         /* ms */
    pm_propagator full;                /* over dt */
    bool runge_kutta;
} pm_stepper;

void pm_stepper_init(pm_stepper *stepper, const pm_neuron *neuron, pm_clock_scheme scheme, double dt);

/* Moves the state by h <= dt, without arrivals; `held`: u stays where it is. */
void pm_stepper_move(const pm_stepper *stepper, pm_stepper_state *state, double h, bool held);

/* Where between two instants h apart V - threshold, which is g0 < 0 and g1 >= 0 (mV) there, with slopes s0 and s1
 * (mV/ms), reaches 0; in (0, h]. */
double pm_stepper_crossing(double g0, double g1, double s0, double s1, double h, pm_clock_interpolation interpolation);

/* du/dt, mV/ms. */
static inline double pm_stepper_slope(const pm_stepper *stepper, const pm_stepper_state *s) {
    return (stepper->u_inf - s->u) * stepper->l_m + (s->a - s->b) * stepper->inv_C;
}

static inline void pm_stepper_arrive(const pm_stepper *stepper, pm_stepper_state *state, double weight) {
    state->a += weight;
    if (!stepper->single)
        state->b += weight;
}

#endif
