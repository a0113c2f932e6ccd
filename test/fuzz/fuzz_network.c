/* Any bytes as a network file: either a network, or PM_INVALID with a message and no network. */
#include "folder.h"

#include <punctum/punctum.h>
#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool ready;
    if (!ready) {
        pm_fuzz_text("input.dat", "0 1.5\n1 2.25\n0 3\n");
        pm_fuzz_text("synapses.dat", "0 0 100 1.5\n1 1 -50 0.5\n");
        pm_fuzz_text("w.dat", "1 2\n3 4\n");
        ready = true;
    }
    pm_network *network = NULL;
    pm_error error = {0};
    pm_status status = pm_network_load(pm_fuzz_file("network.yaml", data, size), &network, &error);
    bool sound = status == PM_OK ? network != NULL : network == NULL && error.message[0] != '\0';
    if (!sound || (status != PM_OK && status != PM_INVALID))
        abort();
    pm_network_free(network);
    return 0;
}
