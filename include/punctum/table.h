/* Tables of results: rows of blank-separated numbers, as all .dat files hold them. Formats: docs/formats.md. */
#ifndef PUNCTUM_TABLE_H
#define PUNCTUM_TABLE_H

#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pm_table pm_table;

/* Opens a file. Errors: PM_INVALID for one that is missing, a directory, or may not be read; PM_NO_MEMORY. */
PM_API pm_status pm_table_open(const char *path, pm_table **table, pm_error *error);
PM_API void pm_table_close(pm_table *table); /* NULL is allowed */
/* The next row as an array of n numbers, which lives until the next call; n is 0 after the last one. '#' starts a
 * comment; lines without numbers are skipped. Errors: PM_INVALID with file, line and column for what is not a finite
 * number. */
PM_API pm_status pm_table_next(pm_table *table, const double **values, size_t *n, pm_error *error);
/* The present row as a spike: neuron, time in ms, slope in mV/ms (0 where there is none). Errors: PM_INVALID with file
 * and line. */
PM_API pm_status pm_table_spike(const pm_table *table, pm_spike *spike, pm_error *error);
/* PM_INVALID with "file:line: what", of the present row. */
PM_API pm_status pm_table_refuse(const pm_table *table, const char *what, pm_error *error);
/* How much of the file is read, from 0 to 1. */
PM_API double pm_table_share(const pm_table *table);

#ifdef __cplusplus
}
#endif
#endif
