/* Poisson processes whose rate changes, by thinning a process of the largest rate (Lewis and Shedler 1979): a spike at t is
 * kept with probability rate(t) / largest rate. */
#ifndef PM_MODEL_RATE_COURSE_H
#define PM_MODEL_RATE_COURSE_H

#include <punctum/network.h>

/* Whether the rate changes at all. */
static inline bool pm_rate_course_changes(const pm_rate_course *course) {
    return course->n_steps > 0 || course->amplitude > 0.0;
}

/* The first instant from `time` on (ms) at which the rate may be above 0; INFINITY if there is none. */
double pm_rate_course_next(const pm_rate_course *course, double time);

/* Keeps some of the n spikes of a neuron in a cell of the process (poisson.h), given in ascending order, and returns their
 * number. `largest`: the rate with which they were drawn, spikes/s. */
size_t pm_rate_course_thin(const pm_rate_course *course, double largest, uint64_t key, uint32_t neuron, uint64_t cell,
                           double *times, size_t n);

#endif
