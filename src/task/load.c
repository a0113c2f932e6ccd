/* Experiment files of either sort: read once, whichever they turn out to be. */
#include "io/classification_file.h"
#include "io/experiment_yaml.h"

pm_status pm_training_load(const char *path, pm_experiment **experiment, pm_classification **classification,
                           pm_error *error) {
    pm_tree *tree = NULL;
    *experiment = NULL;
    *classification = NULL;
    pm_status status = pm_tree_load(path, &tree, error);
    if (!status)
        status = pm_classification_is(tree) ? pm_classification_read(tree, classification, error)
                                            : pm_experiment_read(tree, experiment, error);
    pm_tree_free(tree);
    return status;
}
