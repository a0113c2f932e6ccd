/* Any bytes as a search file: either a search, or PM_INVALID with a message. */
#include "folder.h"

#include "io/search_yaml.h"
#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool ready;
    if (!ready) {
        pm_fuzz_text("experiment.yaml", "layers: [{name: input, size: 3}, {name: output, size: 1}]\n"
                                        "duration: 20.0\nproblem: {poisson: {input_rate: 20.0, target_rate: 10.0}}\n"
                                        "goal: {correlation: 0.9}\nseed: 1\n");
        ready = true;
    }
    pm_search *search = NULL;
    pm_error error = {0};
    pm_status status = pm_search_load(pm_fuzz_file("search.yaml", data, size), &search, &error);
    if (status != PM_OK && (status != PM_INVALID || error.message[0] == '\0'))
        abort();
    for (size_t v = 0; status == PM_OK && v < search->n_vary; v++) {
        char text[200];
        pm_search_value(search, search->samples - 1, v, text, sizeof text);
    }
    pm_search_free(search);
    return 0;
}
