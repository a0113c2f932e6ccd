/* One neuron of any kind, its equations as the papers write them, integrated by GSL's Runge-Kutta methods. Independent
 * of math/, against which it is a check. Times in ms, potentials in mV, currents in pA.
 *
 *     C_m dV/dt = -g_L (V - E_L) + I_e + sum of receptor currents + sum of after-spike currents + injected currents
 *     threshold = V_th + sum of h;   h' = -h/tau, A' = -A/tau
 *
 * The state is an array: V - E_L, then two numbers for each receptor, then h, then A. */
#ifndef PM_STEP_ODE_H
#define PM_STEP_ODE_H

#include "step/integrate.h"

#include <punctum/network.h>

typedef struct pm_ode {
    const pm_network *network;
    const pm_population *population;
    uint32_t number_of_population, neuron;
    pm_neuron parameters;
    double V_start; /* mV, at t = 0 */
    size_t width;
    double since; /* ms: the piece at hand begins here */
    double step;  /* of the integration, ms */
    bool held;
} pm_ode;

enum { PM_ODE_WIDTH = 1 + 2 * 32 + 2 * 16 };

/* Errors: as pm_network_neuron. */
pm_status pm_ode_init(pm_ode *ode, const pm_network *network, uint32_t population, uint32_t neuron, pm_error *error);

/* The state at t = 0. */
void pm_ode_start(const pm_ode *ode, double *y);

/* Moves the state from time `from` to `to` without arrivals, from one jump of the injected currents to the next;
 * `held`: V stays where it is; `once`: in single steps of order 5. Errors: PM_FAILED if the tolerance cannot be
 * reached. */
pm_status pm_ode_move(pm_ode *ode, double *y, double from, double to, bool held, bool once, pm_error *error);

/* The next instant after `time` at which an injected current jumps, INFINITY if there is none. */
double pm_ode_smooth_until(const pm_ode *ode, double time);

/* At `time` (just after a jump of an injected current): the threshold above E_L and its
 * slope, dV/dt, and what charges the membrane. mV, mV/ms, pA. */
double pm_ode_threshold(const pm_ode *ode, const double *y);
double pm_ode_slope(const pm_ode *ode, const double *y, double time);
double pm_ode_threshold_slope(const pm_ode *ode, const double *y);
/* Everything but the leak; or the current of one receptor. */
double pm_ode_current(const pm_ode *ode, const double *y, double time, uint32_t receptor);

void pm_ode_arrive(const pm_ode *ode, uint32_t receptor, double weight, double *y);
/* An own spike: reset and jumps. */
void pm_ode_spike(const pm_ode *ode, double *y);

#endif
