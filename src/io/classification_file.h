/* Experiment files in classification, and what such a training leaves behind. Formats: docs/classification.md. */
#ifndef PM_IO_CLASSIFICATION_FILE_H
#define PM_IO_CLASSIFICATION_FILE_H

#include "classify/classification.h"
#include "io/tree.h"

#include <stdbool.h>

#include <jansson.h>

/* The keys of an experiment with a model of its own; ends with NULL. */
extern const char *const pm_class_model_keys[];

/* Whether an experiment file is one in classification: whether it has the key "data". */
bool pm_classification_is(const pm_tree *tree);
/* As pm_classification_load, of a document that is loaded already. */
pm_status pm_classification_read(const pm_tree *tree, pm_classification **c, pm_error *error);

/* The whole configuration. NULL when there is no memory. */
json_t *pm_classification_json(const pm_classification *c);
/* A number that differs between experiments that differ in anything but the number of epochs. Errors: PM_NO_MEMORY. */
pm_status pm_classification_mark(const pm_classification *c, uint64_t *mark, pm_error *error);

/* Checkpoint of a trainer and of the epochs so far, "folder/checkpoint.bin", whole or not at all. */
pm_status pm_class_checkpoint_write(const char *folder, uint64_t mark, pm_class_trainer *trainer,
                                    const pm_epoch *epochs, pm_error *error);
/* Reads it back; *epochs is allocated, with one entry per epoch done. Where there is none, *found is false, or, if
 * `found` is NULL, that is an error. Errors: PM_INVALID with file and offset when it is truncated, corrupt or of
 * another experiment. */
pm_status pm_class_checkpoint_read(const char *folder, uint64_t mark, pm_class_trainer *trainer, pm_epoch **epochs,
                                   bool *found, pm_error *error);

#endif
