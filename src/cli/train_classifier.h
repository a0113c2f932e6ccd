/* punctum train for experiments in classification. */
#ifndef PM_CLI_TRAIN_CLASSIFIER_H
#define PM_CLI_TRAIN_CLASSIFIER_H

#include <punctum/classification.h>

/* pm_classification_train with a progress bar and closing lines, unless `quiet`. */
pm_status pm_train_classifier(const pm_classification *c, const pm_class_training *how, bool quiet, pm_error *error);

#endif
