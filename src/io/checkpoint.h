/* The file "checkpoint" in the folder of a run: all that is needed to go on with it. */
#ifndef PM_IO_CHECKPOINT_H
#define PM_IO_CHECKPOINT_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part for each rank of the run, one after the other. */
typedef struct pm_checkpoint {
    uint64_t mark; /* of the network, see pm_network_mark */
    uint32_t ranks;
    size_t *sizes; /* of the parts, bytes */
    unsigned char *parts;
} pm_checkpoint;

/* Writes the file, whole or not at all. Errors: PM_FAILED, PM_NO_MEMORY. */
pm_status pm_checkpoint_write(const char *folder, uint64_t mark, uint32_t ranks, const size_t *sizes, const void *parts,
                              pm_error *error);

/* Reads it; *found is false where there is none. Errors: PM_INVALID for a file that is cut short, damaged, written by
 * another version, or belongs to another network than `mark`. */
pm_status pm_checkpoint_read(const char *folder, uint64_t mark, pm_checkpoint *checkpoint, bool *found,
                             pm_error *error);
void pm_checkpoint_free(pm_checkpoint *checkpoint);

/* Errors: PM_FAILED. There may be no such file. */
pm_status pm_checkpoint_remove(const char *folder, pm_error *error);

#endif
