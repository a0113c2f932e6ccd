/* The one file from which something goes on: a run, a simulation that was saved, the training of a classifier, a trial.
 * A head says what it is of and to what it belongs; then come parts, which whoever wrote them knows. */
#ifndef PM_IO_CHECKPOINT_H
#define PM_IO_CHECKPOINT_H

#include "io/output.h"

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pm_checkpoint_kind {
    const char *name;  /* "a run" */
    const char *owner; /* what its mark is one of: "network" */
    uint32_t format;   /* another number: the parts have another meaning */
    bool of_version;   /* the parts have a meaning for the version that wrote them only */
} pm_checkpoint_kind;

/* The parts: the state of each rank; the state; counters and epochs, then the trainer's arrays; the result, then the
 * history. */
extern const pm_checkpoint_kind pm_checkpoint_of_run, pm_checkpoint_of_simulation, pm_checkpoint_of_classifier,
    pm_checkpoint_of_trial;

typedef struct pm_part {
    const void *bytes;
    size_t size;
} pm_part;

/* Writes all of it into an output that has been opened, and closes that: the file is there whole or not at all. Errors:
 * PM_FAILED, PM_NO_MEMORY. */
pm_status pm_checkpoint_write(pm_output *output, const pm_checkpoint_kind *kind, uint64_t mark, const pm_part *parts,
                              uint32_t n_parts, pm_error *error);

typedef struct pm_checkpoint {
    char *path;
    unsigned char *bytes; /* of the file */
    size_t *sizes;        /* of the parts, bytes */
    uint32_t n_parts;
    unsigned char *parts; /* within `bytes`, one after the other */
} pm_checkpoint;

/* Reads a file. Errors: PM_INVALID, with the path, for one that is no checkpoint, one of another kind, version or mark,
 * cut short or damaged. */
pm_status pm_checkpoint_read(const char *path, const pm_checkpoint_kind *kind, uint64_t mark, pm_checkpoint *checkpoint,
                             pm_error *error);
/* The same of a file in a folder; *found is false where there is none. */
pm_status pm_checkpoint_find(const char *folder, const char *name, const pm_checkpoint_kind *kind, uint64_t mark,
                             pm_checkpoint *checkpoint, bool *found, pm_error *error);
/* Whether a file is a checkpoint of that kind with another mark. */
bool pm_checkpoint_is_other(const char *path, const pm_checkpoint_kind *kind, uint64_t mark);
/* Where number k of the parts begins. */
const unsigned char *pm_checkpoint_part(const pm_checkpoint *checkpoint, uint32_t k);
/* PM_INVALID: what is wrong with something in the parts, with the path and the place of its byte. */
pm_status pm_checkpoint_blame(const pm_checkpoint *checkpoint, const unsigned char *at, const char *what,
                              pm_error *error);
/* To an error of the above: how to go on. */
pm_status pm_checkpoint_advise(pm_status status, pm_error *error);
/* There may be no such file. Errors: PM_FAILED, PM_NO_MEMORY. */
pm_status pm_checkpoint_remove(const char *folder, const char *name, pm_error *error);
void pm_checkpoint_free(pm_checkpoint *checkpoint);

#endif
