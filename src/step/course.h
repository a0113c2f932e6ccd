/* The membrane potential of one neuron, given all spikes of a run: an adaptive integration that knows nothing of closed
 * forms. A check of whatever produced the spikes. */
#ifndef PM_STEP_COURSE_H
#define PM_STEP_COURSE_H

#include "net/wiring.h"

#include <punctum/simulation.h>

/* What happens at the very time of a point has acted, or not yet; or all of it but the neuron's own spike. */
typedef enum pm_course_side { PM_COURSE_AFTER, PM_COURSE_BEFORE, PM_COURSE_AT_SPIKE } pm_course_side;

typedef struct pm_course_point {
    double time; /* ms */
    pm_course_side side;
    double potential; /* mV; filled in, as are */
    double lack;      /* the threshold minus the potential, mV, and */
    double approach;  /* d(V - threshold)/dt, mV/ms */
} pm_course_point;

/* Fills in the potentials at the points, which are in order of time. `spikes` are those of all populations; the
 * neuron's own reset it, whatever the potential. Relative and absolute tolerance of every integration step: 1e-13.
 * Errors: PM_FAILED if the integration does not reach that, PM_NO_MEMORY. */
pm_status pm_course_integrate(const pm_network *network, const pm_wiring *wiring, const pm_spike *spikes,
                              size_t n_spikes, uint32_t population, uint32_t neuron, pm_course_point *points,
                              size_t n_points, pm_error *error);

#endif
