/* Files of labelled examples that are spikes: a row with the label of an example alone, then a row `neuron time_ms` for
 * each of its spikes, in any order; '#' starts a comment. */
#ifndef PM_IO_EXAMPLES_H
#define PM_IO_EXAMPLES_H

#include "data/dataset.h"

/* The first `most` examples of a file (SIZE_MAX: all). Errors: PM_INVALID with file and line, PM_NO_MEMORY. */
pm_status pm_examples_read(const char *path, size_t n_inputs, size_t n_classes, size_t most, pm_dataset *data,
                           pm_error *error);

#endif
