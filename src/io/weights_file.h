/* All weights of a trainer in one file. */
#ifndef PM_IO_WEIGHTS_FILE_H
#define PM_IO_WEIGHTS_FILE_H

#include "io/output.h"

#include <punctum/training.h>

/* Writes what pm_trainer_save puts into a file. Errors: PM_FAILED, PM_NO_MEMORY. */
pm_status pm_weights_write(pm_output *output, const pm_trainer *trainer, pm_weights_format format, pm_error *error);

#endif
