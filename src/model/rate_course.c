/* The number that decides about a spike comes from a stream of its own: key of the process with one bit turned, neuron,
 * and the spike's place in the process. So nothing is kept from one spike to the next. */
#include "model/rate_course.h"

#include "base/random.h"
#include "math/elementary.h"
#include "model/poisson.h"
#include "model/source.h"

#include <math.h>

static const pm_field fields[] = {
    {"rate", "spikes/s", "mean rate of each neuron", offsetof(pm_sinusoidal_poisson, rate), NAN,
     .bounds = {0.0, PM_HIGHEST_RATE, PM_CLOSED}},
    {"amplitude", "spikes/s", "of the sine that is added, at most the rate", offsetof(pm_sinusoidal_poisson, amplitude),
     NAN, .bounds = {0.0, PM_HIGHEST_RATE, PM_CLOSED}},
    {"frequency", "Hz", "of the sine", offsetof(pm_sinusoidal_poisson, frequency), NAN,
     .bounds = {0.0, PM_HIGHEST_RATE, PM_LOW_OPEN}},
    {"phase", "degrees", "of the sine at t = 0", offsetof(pm_sinusoidal_poisson, phase), 0.0,
     .bounds = {-PM_LARGEST, PM_LARGEST, PM_CLOSED}},
};

const pm_kind pm_source_sinusoidal_poisson = {
    .name = "sinusoidal_poisson",
    .help = "every neuron a Poisson process of the rate rate + amplitude sin(2 pi frequency t + phase)",
    .source = "NEST's sinusoidal_poisson_generator; thinning by Lewis and Shedler 1979",
    .fields = fields,
    .n_fields = sizeof fields / sizeof *fields,
    .size = sizeof(pm_sinusoidal_poisson),
};

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
    return largest - course->amplitude + course->amplitude * pm_sin(2.0 * M_PI * (turns - floor(turns)));
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
