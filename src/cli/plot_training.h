/* Pictures of training. */
#ifndef PM_CLI_PLOT_TRAINING_H
#define PM_CLI_PLOT_TRAINING_H

#include "cli/plot.h"

#include <stddef.h>

/* All pictures of one folder of `punctum train`. */
pm_status pm_plot_training(const pm_plot *plot, pm_error *error);
/* "learning" of several folders in one picture, into `output`. */
pm_status pm_plot_comparison(const char *const *folders, size_t n, const char *output, pm_error *error);

#endif
