/* Rows of numbers become spikes and synapses. Rows are checked one by one, so that a message names the line. */
#include "io/spikes.h"

#include "base/list.h"
#include "net/limits.h"

#include <punctum/io.h>

#include <math.h>
#include <stdlib.h>

/* Turns one row into one item, or says what is wrong with it. */
typedef pm_status row_reader(const pm_rows *rows, const void *context, void *item, pm_error *error);

static pm_status read_items(const char *path, row_reader *read, const void *context, size_t item_size, void **items,
                            size_t *count, pm_error *error) {
    char *all = NULL;
    size_t n = 0, capacity = 0;
    pm_rows rows = {0};
    pm_status status = pm_rows_open(&rows, path, error);
    while (!status && !(status = pm_rows_next(&rows, error)) && rows.n > 0) {
        if (!pm_list_reserve((void **)&all, &capacity, n + 1, item_size)) {
            status = pm_fail_memory(error, path);
            break;
        }
        status = read(&rows, context, all + item_size * n++, error);
    }
    pm_rows_close(&rows);
    if (status) {
        free(all);
        all = NULL;
        n = 0;
    }
    *items = all;
    *count = n;
    return status;
}

static bool is_index(double value) { return value >= 0.0 && value <= UINT32_MAX && floor(value) == value; }

/* A row `neuron time [slope]`; further columns are ignored. */
static pm_status check_spike(const pm_rows *rows, pm_error *error) {
    if (rows->n < 2)
        return pm_rows_fail(rows, error, "one column only; a spike is 'neuron time_ms'");
    if (!is_index(rows->values[0])) {
        const char *hint =
            is_index(rows->values[1]) ? "; are the columns swapped? The neuron comes first, then the time" : "";
        return pm_rows_fail(rows, error, "column 1: %.17g is not the number of a neuron%s", rows->values[0], hint);
    }
    if (rows->values[1] < 0.0)
        return pm_rows_fail(rows, error, "column 2: %.17g ms; times must not be negative", rows->values[1]);
    return PM_OK;
}

pm_status pm_spike_of_row(const pm_rows *rows, pm_spike *spike, pm_error *error) {
    pm_status status = check_spike(rows, error);
    if (!status)
        *spike = (pm_spike){
            .neuron = (uint32_t)rows->values[0], .time = rows->values[1], .slope = rows->n > 2 ? rows->values[2] : 0.0};
    return status;
}

static pm_status read_spike(const pm_rows *rows, const void *context, void *item, pm_error *error) {
    (void)context;
    return pm_spike_of_row(rows, item, error);
}

pm_status pm_spikes_read(const char *path, pm_spike **spikes, size_t *count, pm_error *error) {
    void *items = NULL;
    pm_status status = read_items(path, read_spike, NULL, sizeof(pm_spike), &items, count, error);
    *spikes = items;
    return status;
}

typedef struct source {
    const char *name;
    uint32_t size;
} source;

static pm_status read_event(const pm_rows *rows, const void *context, void *item, pm_error *error) {
    const source *population = context;
    pm_status status = check_spike(rows, error);
    if (status)
        return status;
    if (rows->values[0] >= population->size)
        return pm_rows_fail(rows, error, "there is no neuron %.0f: '%s' has %u neurons, numbered from 0",
                            rows->values[0], population->name, population->size);
    *(pm_event *)item = (pm_event){.neuron = (uint32_t)rows->values[0], .time = rows->values[1]};
    return PM_OK;
}

pm_status pm_events_read(const char *path, const char *population, uint32_t size, pm_event **events, size_t *count,
                         pm_error *error) {
    source context = {population, size};
    void *items = NULL;
    pm_status status = read_items(path, read_event, &context, sizeof(pm_event), &items, count, error);
    *events = items;
    return status;
}

static pm_status read_synapse(const pm_rows *rows, const void *context, void *item, pm_error *error) {
    const pm_population *const *ends = context;
    if (rows->n != 4)
        return pm_rows_fail(rows, error, "%zu columns; a synapse is 'source target weight_pA delay_ms'", rows->n);
    for (size_t k = 0; k < 2; k++) {
        if (!is_index(rows->values[k]))
            return pm_rows_fail(rows, error, "column %zu: %.17g is not the number of a neuron", k + 1, rows->values[k]);
        if (rows->values[k] >= ends[k]->size)
            return pm_rows_fail(rows, error,
                                "column %zu: there is no neuron %.0f: '%s' has %u neurons, numbered from 0", k + 1,
                                rows->values[k], ends[k]->name, ends[k]->size);
    }
    if (!pm_weight_fits(rows->values[2]))
        return pm_rows_fail(rows, error, "column 3: %.17g pA; weights are at most %g in magnitude", rows->values[2],
                            PM_LARGEST_WEIGHT);
    if (rows->values[3] < 0.0)
        return pm_rows_fail(rows, error, "column 4: %.17g ms; delays must not be negative", rows->values[3]);
    *(pm_synapse *)item = (pm_synapse){.source = (uint32_t)rows->values[0],
                                       .target = (uint32_t)rows->values[1],
                                       .weight = rows->values[2],
                                       .delay = rows->values[3]};
    return PM_OK;
}

pm_status pm_synapses_read(const char *path, const pm_population *from, const pm_population *to, pm_synapse **synapses,
                           size_t *count, pm_error *error) {
    const pm_population *ends[] = {from, to};
    void *items = NULL;
    pm_status status = read_items(path, read_synapse, ends, sizeof(pm_synapse), &items, count, error);
    *synapses = items;
    return status;
}
