/* All weights of a trained network of layers in one file, whoever trained it. */
#ifndef PM_IO_WEIGHTS_FILE_H
#define PM_IO_WEIGHTS_FILE_H

#include "io/output.h"

#include <punctum/classification.h>
#include <punctum/training.h>

/* Write what pm_trainer_save and pm_class_trainer_save_weights put into a file. Errors: theirs. */
pm_status pm_weights_write(pm_output *output, const pm_trainer *trainer, pm_weights_format format, pm_error *error);
pm_status pm_class_weights_write(pm_output *output, const pm_class_trainer *trainer, pm_weights_format format,
                                 pm_error *error);

#endif
