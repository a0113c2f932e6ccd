/* IDX files (the format of MNIST), plain or compressed with gzip. */
#ifndef PM_IO_IDX_H
#define PM_IO_IDX_H

#include "data/dataset.h"

/* Reads a file of 8-bit images (magic number 0x00000803) and one of labels (0x00000801) into a data set of n_classes
 * classes. Only the first `most` examples are kept. Errors: PM_INVALID with file and byte offset (in the uncompressed
 * data) for files that are missing, no IDX file, truncated, too long or corrupt, for labels out of range and for
 * different numbers of images and labels; PM_NO_MEMORY. */
pm_status pm_idx_read(const char *images, const char *labels, size_t n_classes, size_t most, pm_dataset *data,
                      pm_error *error);

#endif
