/* Injected currents, and what they have in common with changing rates. */
#ifndef PM_NET_CURRENT_H
#define PM_NET_CURRENT_H

#include <punctum/network.h>

/* PM_INVALID unless the steps ascend in time, from 0 on, and their values are finite numbers in that unit. */
pm_status pm_steps_check(const pm_step *steps, size_t n, const char *unit, pm_error *error);

/* Frees what a current holds. */
void pm_current_clear(pm_current *current);

/* The key of the random stream from which a noise current's values are drawn: a neuron's values are the standard normal
 * numbers of stream `neuron`. */
uint64_t pm_current_key(const pm_network *network, size_t current);
/* The value (pA) of a noise current at a neuron in its interval number `piece`, counted from `from`. */
double pm_current_noise(const pm_current *current, uint64_t key, uint32_t neuron, uint64_t piece);

#endif
