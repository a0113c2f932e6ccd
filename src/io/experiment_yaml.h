/* Experiment files as trees, for those who change them before use. */
#ifndef PM_IO_EXPERIMENT_YAML_H
#define PM_IO_EXPERIMENT_YAML_H

#include "io/tree.h"

#include <punctum/training.h>

/* As pm_experiment_load, from a document that is loaded already. */
pm_status pm_experiment_read(const pm_tree *tree, pm_experiment **experiment, pm_error *error);

#endif
