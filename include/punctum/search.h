/* Searches: an experiment in spike times is tried with other values of its parameters. Formats: docs/experiments.md. */
#ifndef PUNCTUM_SEARCH_H
#define PUNCTUM_SEARCH_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pm_search pm_search;

/* Loads a search file and the experiment that it names. Errors: PM_INVALID with file, line, key and what would be
 * right. */
PM_API pm_status pm_search_load(const char *path, pm_search **search, pm_error *error);
PM_API void pm_search_free(pm_search *search); /* NULL is allowed */

/* How many points there are, numbered from 0. */
PM_API uint32_t pm_search_points(const pm_search *search);
/* The key of value number v that is varied, "rule.normad.tau_hat"; NULL beyond the last one. */
PM_API const char *pm_search_varied(const pm_search *search, size_t v);
/* That value at a point as text, cut where it does not fit: drawn from the seed, the same whatever else is asked for;
 * without "samples", points number all combinations of choices. "" where there is no such value. */
PM_API void pm_search_value(const pm_search *search, uint32_t point, size_t v, char *text, size_t size);
enum { PM_SEARCH_VALUE_SIZE = 200 };

/* What came of a point. */
typedef struct pm_search_point {
    uint32_t number, rounds, trials, converged;
    double iterations; /* mean over trials; of those that did not converge, all that they were allowed */
    double best;       /* mean of the largest correlations */
} pm_search_point;

/* How far a round is. */
typedef struct pm_search_progress {
    uint32_t round, rounds; /* round: from 0 */
    uint32_t points;        /* that are still in the running */
    uint64_t done, trials;  /* of this round */
} pm_search_progress;

/* How to search; `folder` must be given, zeros are all cores. */
typedef struct pm_search_options {
    const char *folder;       /* for the results, made if need be */
    int jobs;                 /* trials at the same time; 0: as many as OpenMP would use; results do not depend on it */
    bool resume;              /* trials whose files are there are not done again */
    const volatile int *stop; /* ends the search with PM_STOPPED once it is other than 0; NULL: never */
    /* Called after each trial, by one thread at a time; NULL: nobody asks. */
    void (*progress)(void *user, const pm_search_progress *progress);
    void *user;
    size_t size; /* of this structure, bytes, as in pm_options */
} pm_search_options;

/* Runs all rounds: in each further one the better half of the points goes on, with twice the trials. The folder
 * receives search.dat, best.yaml and summary.json. *points are all of them, the best first; the caller frees them with
 * pm_free. Errors: those of training and of folders of results; PM_STOPPED after what is done so far was written. */
PM_API pm_status pm_search_run(const pm_search *search, const pm_search_options *how, pm_search_point **points,
                               pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
