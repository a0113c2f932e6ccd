/* Any bytes as a spike file: either spikes at finite instants, or PM_INVALID with a message and nothing to free. */
#include "folder.h"

#include <math.h>
#include <punctum/punctum.h>
#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pm_spike *spikes = NULL;
    size_t count = 0;
    pm_error error = {0};
    pm_status status = pm_spikes_read(pm_fuzz_file("spikes.dat", data, size), &spikes, &count, &error);
    bool sound = status == PM_OK || (status == PM_INVALID && error.message[0] != '\0');
    for (size_t k = 0; status == PM_OK && k < count; k++)
        sound = sound && isfinite(spikes[k].time) && spikes[k].time >= 0.0;
    if (!sound)
        abort();
    if (status == PM_OK)
        free(spikes);
    return 0;
}
