/* Pictures of trained classifiers. */
#ifndef PM_CLI_PLOT_CLASSIFICATION_H
#define PM_CLI_PLOT_CLASSIFICATION_H

#include <jansson.h>
#include <punctum/error.h>

/* Every picture that fits what `punctum train` or `punctum test` left of a classifier in a folder, whose summary is
 * given. Errors: PM_INVALID if there is nothing to draw; PM_FAILED; PM_NO_MEMORY. */
pm_status pm_plot_classification(const char *folder, const json_t *summary, pm_error *error);

#endif
