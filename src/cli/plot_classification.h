/* Pictures of trained classifiers. */
#ifndef PM_CLI_PLOT_CLASSIFICATION_H
#define PM_CLI_PLOT_CLASSIFICATION_H

#include "cli/plot.h"

#include <stddef.h>

/* Every picture that fits what `punctum train` or `punctum test` left of a classifier in a folder. Errors: PM_INVALID
 * if there is nothing to draw; PM_FAILED; PM_NO_MEMORY; PM_STOPPED. */
pm_status pm_plot_classification(const pm_plot *plot, pm_error *error);

/* Columns of the first row of a file that is no comment; 0 where there is none. */
size_t pm_count_columns(const char *path);

#endif
