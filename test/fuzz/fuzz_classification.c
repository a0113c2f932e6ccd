/* Any bytes as an experiment file in classification: either an experiment, or PM_INVALID with a message and none. */
#include "folder.h"

#include "io/classification_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pm_classification *c = NULL;
    pm_error error = {0};
    pm_status status = pm_classification_load(pm_fuzz_file("experiment.yaml", data, size), &c, &error);
    bool sound = status == PM_OK ? c != NULL : c == NULL && status == PM_INVALID && error.message[0] != '\0';
    if (!sound)
        abort();
    pm_classification_free(c);
    return 0;
}
