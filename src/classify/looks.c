/* Examples are run one after the other. Invariant: bins and spikes are those of the examples so far; a neuron is in the
 * bins once for each example in which it fires. */
#include "classify/looks.h"

#include <stdlib.h>
#include <string.h>

/* Room for the populations, once they are known. */
static pm_status prepare(pm_class_looks *looks, const pm_class_look *look, bool **fired, pm_error *error) {
    size_t widest = 1;
    for (size_t l = 0; l < look->populations; l++)
        widest = look->sizes[l] > widest ? look->sizes[l] : widest;
    looks->populations = look->populations;
    looks->duration = look->duration;
    looks->sizes = look->sizes;
    looks->bins = calloc(looks->populations * PM_LOOK_BINS + 1, sizeof *looks->bins);
    *fired = malloc(widest * sizeof **fired);
    return looks->bins && *fired ? PM_OK : pm_fail_memory(error, "histograms");
}

static void count_first(pm_class_looks *looks, const pm_class_look *look, size_t l, bool *fired) {
    const pm_raster *spikes = &look->rasters[l];
    memset(fired, 0, look->sizes[l] * sizeof *fired);
    for (size_t k = 0; k < spikes->n; k++) {
        size_t bin = (size_t)(spikes->time[k] / look->duration * PM_LOOK_BINS);
        if (!fired[spikes->neuron[k]])
            looks->bins[l * PM_LOOK_BINS + (bin < PM_LOOK_BINS ? bin : PM_LOOK_BINS - 1)]++;
        fired[spikes->neuron[k]] = true;
    }
}

/* All spikes of an example. */
static pm_status keep(pm_class_looks *looks, const pm_class_look *look, size_t example, pm_error *error) {
    for (size_t l = 0; l < look->populations; l++)
        for (size_t k = 0; k < look->rasters[l].n; k++)
            if (!PM_LIST_ADD(looks->spikes, (pm_class_spike){(uint32_t)example, (uint32_t)l, look->rasters[l].neuron[k],
                                                             look->rasters[l].time[k]}))
                return pm_fail_memory(error, "spikes");
    return PM_OK;
}

pm_status pm_class_looks_take(pm_class_trainer *trainer, const pm_dataset *test, pm_class_looks *looks,
                              pm_error *error) {
    const size_t n = !pm_class_trainer_looks(trainer) ? 0 : test->n < PM_LOOK_EXAMPLES ? test->n : PM_LOOK_EXAMPLES;
    bool *fired = NULL;
    pm_class_look look = {0};
    pm_status status = PM_OK;
    *looks = (pm_class_looks){0};
    for (; !status && looks->examples < n; looks->examples++) {
        status = pm_class_trainer_look(trainer, test, looks->examples, &look, error);
        if (!status && !fired)
            status = prepare(looks, &look, &fired, error);
        for (size_t l = 0; !status && l < look.populations; l++)
            count_first(looks, &look, l, fired);
        if (!status && looks->examples < PM_LOOK_SHOWN)
            status = keep(looks, &look, looks->examples, error);
    }
    free(fired);
    return status;
}

void pm_class_looks_free(pm_class_looks *looks) {
    free(looks->bins);
    free(looks->spikes.items);
    *looks = (pm_class_looks){0};
}
