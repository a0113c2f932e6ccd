/* The equations of synapses as written, integrated: for the referees, which share no closed form with the engine. */
#ifndef PM_STEP_SYNAPSE_H
#define PM_STEP_SYNAPSE_H

#include "net/synaptic.h"

/* A group's source fires at `time` (ms): the factor of its weights into *factor, 1 where synapses are static. Errors:
 * PM_FAILED where the equations cannot be integrated. */
pm_status pm_step_fire(const pm_synaptic *synaptic, const pm_wiring *wiring, uint64_t group, double time,
                       double *factor, pm_error *error);

#endif
