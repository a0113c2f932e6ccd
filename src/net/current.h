/* Injected currents, and what they have in common with changing rates. */
#ifndef PM_NET_CURRENT_H
#define PM_NET_CURRENT_H

#include <punctum/network.h>

/* PM_INVALID unless the steps ascend in time, from 0 on, and their values are finite numbers in that unit. */
pm_status pm_steps_check(const pm_step *steps, size_t n, const char *unit, pm_error *error);

/* Frees what a current holds. */
void pm_current_clear(pm_current *current);

/* Whether the current goes into that neuron of its population. */
bool pm_current_concerns(const pm_current *current, uint32_t neuron);

/* The key of the random stream of a noise current: a neuron's values are numbers of stream `neuron`. */
uint64_t pm_current_key(const pm_network *network, size_t current);

/* The value (pA) that holds from `since` (ms) on until the next change; of a sine, 0. */
double pm_current_constant(const pm_current *current, uint64_t key, uint32_t neuron, double since);
/* The value (pA) of a sine at `time` (ms), were it on; *quarter (or NULL): a quarter of a period later. */
double pm_current_sine(const pm_current *current, double time, double *quarter);
/* The first change after `time`, ms; INFINITY if there is none. A sine changes where it begins and ends. */
double pm_current_next(const pm_current *current, double time);
/* Whether a sine or a noise current is on from `since` on. */
bool pm_current_is_on(const pm_current *current, double since);

#endif
