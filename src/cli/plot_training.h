/* Pictures of training. */
#ifndef PM_CLI_PLOT_TRAINING_H
#define PM_CLI_PLOT_TRAINING_H

#include <jansson.h>
#include <punctum/error.h>

/* All pictures of one folder of `punctum train`, whose summary is given. */
pm_status pm_plot_training(const char *folder, const json_t *summary, pm_error *error);
/* "learning" of several folders in one picture, into `output`. */
pm_status pm_plot_comparison(const char *const *folders, size_t n, const char *output, pm_error *error);

#endif
