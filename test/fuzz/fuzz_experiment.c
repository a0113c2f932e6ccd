/* Any bytes as an experiment file: either an experiment, or PM_INVALID with a message and no experiment. */
#include "folder.h"

#include <punctum/punctum.h>
#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool ready;
    if (!ready) {
        pm_fuzz_text("input.dat", "0 1.5\n1 2.25\n0 3\n");
        pm_fuzz_text("target.dat", "0 5.0\n");
        ready = true;
    }
    pm_experiment *experiment = NULL;
    pm_error error = {0};
    pm_status status = pm_experiment_load(pm_fuzz_file("experiment.yaml", data, size), &experiment, &error);
    bool sound = status == PM_OK ? experiment != NULL : experiment == NULL && error.message[0] != '\0';
    if (!sound || (status != PM_OK && status != PM_INVALID))
        abort();
    pm_experiment_free(experiment);
    return 0;
}
