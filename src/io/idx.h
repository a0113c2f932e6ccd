/* IDX files (the format of MNIST), plain or compressed with gzip. */
#ifndef PM_IO_IDX_H
#define PM_IO_IDX_H

#include "data/dataset.h"

/* What is wanted of a set. Files that hold more than can be of use are refused by their heads. */
typedef struct pm_idx_wanted {
    size_t n_classes;
    size_t most;  /* only so many examples, the first ones, are kept */
    size_t side;  /* pixels of an image each way at most; 0: any number, of 2^24 pixels in all */
    size_t limit; /* more examples that are kept are too many; 0: any number */
} pm_idx_wanted;

/* Reads a file of 8-bit images (magic number 0x00000803) and one of labels (0x00000801) into a data set. What follows
 * the examples that are kept is checked as far as 256 MiB. Errors: PM_INVALID with file and byte offset (in the
 * uncompressed data) for files that are missing, no IDX file, truncated, too long or corrupt, for labels out of range
 * and for different numbers of images and labels; PM_NO_MEMORY. */
pm_status pm_idx_read(const char *images, const char *labels, const pm_idx_wanted *wanted, pm_dataset *data,
                      pm_error *error);

#endif
