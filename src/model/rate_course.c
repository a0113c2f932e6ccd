/* The number that decides about a spike comes from a stream of its own: key of the process with one bit turned, neuron, and
 * the spike's place in the process. So nothing is kept from one spike to the next. */
#include "model/rate_course.h"

#include "base/random.h"
#include "model/poisson.h"

#include <math.h>

static double step_at(const pm_rate_course *course, double time) {
    size_t low = 0, high = course->n_steps; /* the first step after `time` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (course->steps[middle].time <= time)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? course->steps[low - 1].value : 0.0;
}

static double rate_at(const pm_rate_course *course, double largest, double time) {
    if (course->n_steps > 0)
        return step_at(course, time);
    const double turns = course->frequency * 1e-3 * time + course->phase / 360.0;
    return largest - course->amplitude + course->amplitude * sin(2.0 * M_PI * (turns - floor(turns)));
}

double pm_rate_course_next(const pm_rate_course *course, double time) {
    if (course->n_steps == 0 || step_at(course, time) > 0.0)
        return time;
    for (size_t k = 0; k < course->n_steps; k++)
        if (course->steps[k].time > time && course->steps[k].value > 0.0)
            return course->steps[k].time;
    return INFINITY;
}

size_t pm_rate_course_thin(const pm_rate_course *course, double largest, uint64_t key, uint32_t neuron, uint64_t cell,
                           double *times, size_t n) {
    size_t kept = 0;
    for (size_t k = 0; k < n; k++) {
        uint32_t word[4];
        pm_philox_block(~key, neuron, cell * PM_POISSON_MOST + k, word);
        const double uniform = ((double)word[0] + 0.5) * 0x1p-32;
        if (uniform * largest < rate_at(course, largest, times[k]))
            times[kept++] = times[k];
    }
    return kept;
}
