/* The results that are being drawn. */
#ifndef PM_CLI_PLOT_RESULTS_H
#define PM_CLI_PLOT_RESULTS_H

#include <jansson.h>
#include <punctum/error.h>
#include <stdbool.h>
#include <stdio.h>

/* Takes hold of a folder, and reads its summary, if that is wanted; the caller releases it. Errors: PM_INVALID where
 * there are no results, PM_FAILED where a program is writing them. */
pm_status pm_plot_begin(const char *folder, json_t **summary, pm_error *error);
/* Whether a file is there to be drawn: one in the folder has to be named by its summary. */
bool pm_plot_has(const char *path);
/* A path, and a file for reading; NULL where there is none. What could not be looked for, for want of memory, is not
 * taken for missing: pm_plot_starved() says so in the end. */
char *pm_plot_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
FILE *pm_plot_open(const char *path);
bool pm_plot_starved(void);
/* To be called before a picture gets its name: notes it in the summary, if it lies in the folder. */
pm_status pm_plot_note(const char *path, pm_error *error);
void pm_plot_end(void);

#endif
