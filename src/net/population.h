/* Parts of a population that are not public. */
#ifndef PM_NET_POPULATION_H
#define PM_NET_POPULATION_H

#include "net/limits.h"

#include <punctum/network.h>

enum {
    PM_NEURON_FIELDS = 9,
    PM_VARIED = PM_NEURON_FIELDS + 1, /* the parameters of a neuron, and V_m at t = 0 */
    PM_MOST_RECEPTORS = 32,
    PM_MOST_JUMPS = 16 /* of the threshold, and of the after-spike current */
};

/* Checks receptors and copies them; `who` has them. Errors: PM_INVALID as for pm_network_set_receptors. */
pm_status pm_receptors_copy(const char *who, const pm_receptor *receptors, size_t n, pm_receptor **copy,
                            pm_error *error);
void pm_receptors_free(pm_receptor *receptors, size_t n);

/* Whether it is but tau_1 and tau_2 by another name. */
bool pm_receptor_is_plain(const pm_receptor *receptor);

/* Frees what a population holds. */
void pm_population_clear(pm_population *population);

/* PM_INVALID unless it is a name: letters, digits, '_', '-' and '.', first a letter or '_', at most 100 of them. `what`
 * says of what: "population". */
pm_status pm_name_check(const char *name, const char *what, pm_error *error);

/* PM_INVALID unless the neurons of a LIF population are plain: one receptor with currents, a fixed threshold, a reset to
 * V_reset, the same parameters for all, nothing injected. The message says what is not, and that `who` does not take it.
 * All that knows one receptor only asks here. */
pm_status pm_population_need_plain(const pm_network *network, uint32_t population, const char *who, pm_error *error);

#endif
