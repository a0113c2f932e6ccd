/* Matching the spikes of two runs of the same network. */
#ifndef PM_METRIC_MATCH_H
#define PM_METRIC_MATCH_H

#include <punctum/simulation.h>

typedef struct pm_match {
    size_t matched, missing, extra; /* missing from the second run, extra in it */
    double largest, median;         /* absolute difference in time of matched spikes, ms; NAN without a match */
} pm_match;

/* Matches spikes of `b` with those of the reference `a`, neuron by neuron: as many pairs as possible whose times differ
 * by at most `window` ms. Both arrays are sorted by (population, neuron, time) on the way. Errors: PM_NO_MEMORY. */
pm_status pm_match_spikes(pm_spike *a, size_t n_a, pm_spike *b, size_t n_b, double window, pm_match *match,
                          pm_error *error);

#endif
