/* Folders of recordings in the layout of N-MNIST: DIR/<digit>/<name>.bin, event_file.h for the files. */
#ifndef PM_IO_NMNIST_H
#define PM_IO_NMNIST_H

#include "data/dataset.h"

enum { PM_NMNIST_CLASSES = 10 };

/* What is kept of the recordings. */
typedef struct pm_nmnist_part {
    double from, to;    /* ms: events of [from, to) */
    size_t most_events; /* of each pixel and polarity, the first ones in the window; 0: all */
    size_t most;        /* recordings; SIZE_MAX: all */
} pm_nmnist_part;

/* Reads a folder. Recordings are in the order of their names (shorter ones first, so that numbers are in order), and of
 * the digits where names are the same; in the original data that is the order of MNIST. Feature polarity * 1156 + y *
 * 34 + x, polarity 0 for OFF and 1 for ON, is a picture of 34 x 68 pixels. Stamps count from the whole us at or before
 * `from`. Errors: PM_INVALID for folders other than 0 to 9, for empty ones, for files that are no recordings, and when
 * no recording has an event in the window; PM_NO_MEMORY. */
pm_status pm_nmnist_read(const char *folder, const pm_nmnist_part *part, pm_dataset *data, pm_error *error);

#endif
