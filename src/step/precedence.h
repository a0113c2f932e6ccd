/* In which order a step settles populations. */
#ifndef PM_STEP_PRECEDENCE_H
#define PM_STEP_PRECEDENCE_H

#include "net/wiring.h"

/* All populations, each after those that reach it within dt ms, and the place of each in that order. */
pm_status pm_precedence(const pm_network *network, const pm_wiring *wiring, double dt, uint32_t *order, uint32_t *rank,
                        pm_error *error);

#endif
