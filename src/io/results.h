/* The owner of a folder of results, from inside. */
#ifndef PM_IO_RESULTS_H
#define PM_IO_RESULTS_H

#include <jansson.h>
#include <punctum/results.h>

/* Whether there are results of a run before. */
bool pm_results_exist(const pm_results *results);

/* Counts a file among the results: one that another rank writes, or that already has its name. The name may have a
 * subfolder in front. */
pm_status pm_results_add(pm_results *results, const char *name, pm_error *error);

/* Withdraws summary.json of the results that are there, before one of them changes. */
pm_status pm_results_retire(pm_results *results, pm_error *error);

/* When all files are prepared, on all ranks: gives them their names, removes those of the run before that are not among
 * them, and writes summary.json, to which the list "files" is added; only the owner has one. Errors: PM_FAILED,
 * PM_NO_MEMORY (also when `summary` is NULL). */
pm_status pm_results_commit(pm_results *results, json_t *summary, pm_error *error);

/* For outputs: how many files there are so far; that one of them is complete, and its number (inode). */
size_t pm_results_size(const pm_results *results);
void pm_results_prepared(pm_results *results, size_t index, uint64_t number);
/* Whether one more of them may stay open, and that one no longer does. */
bool pm_results_keep(pm_results *results);
void pm_results_unkeep(pm_results *results);

#endif
