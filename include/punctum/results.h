/* Folders of results: one program at a time writes into one, and it holds all files of a run or none. Formats:
 * docs/formats.md. */
#ifndef PUNCTUM_RESULTS_H
#define PUNCTUM_RESULTS_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pm_results pm_results;

/* Takes hold of a folder, which is made if need be; finishes what a program that was killed had begun to put in place.
 * With several ranks one of them is the owner, and the others call this after it. `input` (or NULL) is a file that is
 * still needed. Errors: PM_INVALID for a folder that cannot be had, or where `input` is one of the results that would
 * be replaced; PM_FAILED where another program writes into it. */
PM_API pm_status pm_results_open(const char *folder, const char *input, bool owner, pm_results **results,
                                 pm_error *error);
/* The same for a folder that is there and has results already. */
PM_API pm_status pm_results_visit(const char *folder, pm_results **results, pm_error *error);
/* Lets go of the folder; files that were prepared and not committed are removed, unless they are left for a run that
 * goes on. NULL is allowed. */
PM_API void pm_results_close(pm_results *results, bool leave);

#ifdef __cplusplus
}
#endif
#endif
