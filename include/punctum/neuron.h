/* Parameters of a leaky integrate-and-fire neuron with exponential or double-exponential currents.
 *
 *     C_m dV/dt = -g_L (V - E_L) + I_e + I_syn(t),      I_syn(t) = sum_f w alpha(t - t_f)
 *     alpha(t)  = exp(-t/tau_1) - exp(-t/tau_2),  t >= 0          (tau_2 = 0: alpha(t) = exp(-t/tau_1))
 *     tau_1 = tau_2 = 0: impulses, I_syn(t) = sum_f C_m w delta(t - t_f), so that V jumps by w, then in mV
 *
 * V starts at E_L. The neuron fires at the first instant at which V reaches V_th; V is then V_reset and stays
 * there for t_ref, while currents go on. A neuron that rests at or above its threshold (E_L >= V_th) fires at t = 0. */
#ifndef PUNCTUM_NEURON_H
#define PUNCTUM_NEURON_H

#include <punctum/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pm_neuron {
    double C_m;     /* membrane capacitance, pF, > 0 */
    double g_L;     /* leak conductance, nS, > 0; tau_m = C_m / g_L in ms */
    double E_L;     /* resting potential, mV */
    double V_th;    /* threshold, mV */
    double V_reset; /* potential after a spike, mV, < V_th */
    double t_ref;   /* refractory time, ms, >= 0 */
    double I_e;     /* constant input current, pA */
    double tau_1;   /* slow time constant of the synaptic current, ms, > 0; 0: impulses, and tau_2 is 0 too */
    double tau_2;   /* fast time constant, ms, 0 <= tau_2 < tau_1; 0: single-exponential current */
} pm_neuron;

/* The defaults: C_m 300, g_L 30, E_L -70, V_th 20, V_reset -70, t_ref 0, I_e 0, tau_1 5, tau_2 1.25. */
PM_API pm_neuron pm_neuron_default(void);

/* PM_INVALID with a message that names the parameter, its value and its range, unless all parameters are usable. */
PM_API pm_status pm_neuron_check(const pm_neuron *neuron, pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
