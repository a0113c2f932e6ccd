/* Any bytes as a pair of IDX files: images up to the first "\0\0\b\1", labels from there.
 * Either a data set with labels in range, or PM_INVALID with a message. */
#define _GNU_SOURCE
#include "folder.h"

#include "io/idx.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t magic[4] = {0, 0, 8, 1};
    const uint8_t *labels = memmem(data, size, magic, sizeof magic);
    size_t n_images = labels ? (size_t)(labels - data) : size;
    const pm_idx_wanted wanted = {.n_classes = CLASSES, .most = SIZE_MAX};
    pm_dataset set = {0};
    pm_error error = {0};
    char *images = strdup(pm_fuzz_file("images", data, n_images));
    if (!images)
        abort();
    pm_status status =
        pm_idx_read(images, pm_fuzz_file("labels", data + n_images, size - n_images), &wanted, &set, &error);
    bool sound = status == PM_OK ? set.n > 0 : status == PM_INVALID && error.message[0] != '\0';
    for (size_t k = 0; status == PM_OK && k < set.n; k++)
        sound = sound && set.label[k] < CLASSES;
    if (!sound)
        abort();
    pm_dataset_free(&set);
    free(images);
    return 0;
}
