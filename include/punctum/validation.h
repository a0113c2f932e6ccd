/* The exact engine against the time-stepped one with ever shorter steps, and against an adaptive integration of
 * membrane potentials. */
#ifndef PUNCTUM_VALIDATION_H
#define PUNCTUM_VALIDATION_H

#include <punctum/metric.h>
#include <punctum/results.h>
#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PM_VALIDATION_SCHEMES = 6, PM_VALIDATION_STEPS = 10 };

/* Name of scheme k ("exact-grid", "rk-cubic", ...) or NULL, and length of step k in ms or NAN: from 1 ms down. */
PM_API const char *pm_validation_scheme(size_t k);
PM_API double pm_validation_step(size_t k);

/* What to compare; zeros are all schemes and steps, and 1 ms. */
typedef struct pm_validation_options {
    bool left_out[PM_VALIDATION_SCHEMES];
    double smallest; /* ms: no shorter steps */
    double window;   /* ms: largest difference between spikes that are taken for the same one */
    /* Called before each run with the share of the work that is done; NULL: nobody asks. */
    void (*progress)(void *user, double done, const char *words);
    void *user;
    size_t size; /* of this structure, bytes, as in pm_options */
} pm_validation_options;

/* One scheme with one step. */
typedef struct pm_validation_result {
    bool done;      /* else it was left out, or failed */
    bool failed;    /* runaway activity, or a step too long for the Runge-Kutta method */
    pm_match match; /* its spikes against those of the exact engine */
    double seconds; /* of the fastest of some runs */
} pm_validation_result;

typedef struct pm_validation {
    size_t spikes;  /* of LIF neurons, by the exact engine */
    double seconds; /* of the exact engine */
    pm_validation_result results[PM_VALIDATION_SCHEMES][PM_VALIDATION_STEPS];
    double order[PM_VALIDATION_SCHEMES]; /* of convergence of the median; NAN: too few steps that found all spikes */
    size_t neurons, points;              /* integrated, with tolerance 1e-13 */
    double potential_error;              /* largest difference of a potential, mV */
    size_t spikes_checked;               /* against that integration */
    double residual_median, residual_largest; /* error of spike times against it, ms; NAN: none */
} pm_validation;

/* Compares over network->duration; from then on all spikes of the network are recorded, and the potentials of the first
 * ten neurons of each population where none was. Errors: those of the runs but for PM_FAILED of time steps; PM_INVALID
 * for options out of range. Cost: about 2000 time-stepped steps a ms, and up to ten runs each where they are short. */
PM_API pm_status pm_validate(pm_network *network, const pm_validation_options *options, pm_validation *validation,
                             pm_error *error);
/* validation.dat and summary.json of what came of it; `window` as in the options, `seconds`: what all of it took. Errors:
 * PM_FAILED, PM_NO_MEMORY. */
PM_API pm_status pm_validation_write(pm_results *results, const pm_network *network, double window,
                                     const pm_validation *validation, double seconds, pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
