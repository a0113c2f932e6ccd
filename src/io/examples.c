/* Rows are added as they come; the spikes of an example are put in order when it is complete. Invariant: first[n] is
 * the number of spikes so far. */
#include "io/examples.h"

#include "base/list.h"
#include "io/spikes.h"

#include <math.h>
#include <stdlib.h>

typedef struct example_spike {
    double time;
    uint16_t feature;
} example_spike;

typedef struct reading {
    pm_rows rows;
    size_t n_inputs, n_classes;
    PM_LIST(uint64_t) first;
    PM_LIST(uint8_t) label;
    PM_LIST(double) time;
    PM_LIST(uint16_t) feature;
    PM_LIST(example_spike) present; /* of the example that is being read */
} reading;

static int compare(const void *a, const void *b) {
    const example_spike *x = a, *y = b;
    return x->time != y->time ? (x->time < y->time ? -1 : 1) : (int)x->feature - (int)y->feature;
}

/* The present example is complete. */
static pm_status close_example(reading *r, pm_error *error) {
    if (r->present.count > 1)
        qsort(r->present.items, r->present.count, sizeof *r->present.items, compare);
    for (size_t k = 0; k < r->present.count; k++)
        if (!PM_LIST_ADD(r->time, r->present.items[k].time) || !PM_LIST_ADD(r->feature, r->present.items[k].feature))
            return pm_fail_memory(error, "examples");
    r->present.count = 0;
    return PM_LIST_ADD(r->first, r->time.count) ? PM_OK : pm_fail_memory(error, "examples");
}

static pm_status add_label(reading *r, pm_error *error) {
    const double label = r->rows.values[0];
    if (!(label >= 0.0 && label < (double)r->n_classes && floor(label) == label))
        return pm_rows_fail(&r->rows, error, "%.17g is no label; there are 0 to %zu, one for each output", label,
                            r->n_classes - 1);
    pm_status status = r->label.count > 0 ? close_example(r, error) : PM_OK;
    if (!status && !PM_LIST_ADD(r->label, (uint8_t)label))
        status = pm_fail_memory(error, "examples");
    return status;
}

static pm_status add_spike(reading *r, pm_error *error) {
    pm_spike spike;
    pm_status status = pm_spike_of_row(&r->rows, &spike, error);
    if (!status && r->label.count == 0)
        status = pm_rows_fail(&r->rows, error, "a spike before the first example; a row with its label begins one");
    if (!status && spike.neuron >= r->n_inputs)
        status = pm_rows_fail(&r->rows, error, "there is no input %u: the network has %zu, numbered from 0",
                              spike.neuron, r->n_inputs);
    if (!status && !PM_LIST_ADD(r->present, (example_spike){spike.time, (uint16_t)spike.neuron}))
        status = pm_fail_memory(error, "examples");
    return status;
}

static pm_status read_all(reading *r, size_t most, pm_error *error) {
    pm_status status = PM_LIST_ADD(r->first, 0) ? PM_OK : pm_fail_memory(error, "examples");
    while (!status && !(status = pm_rows_next(&r->rows, error)) && r->rows.n > 0) {
        if (r->rows.n == 1 && r->label.count == most)
            break;
        status = r->rows.n == 1 ? add_label(r, error) : add_spike(r, error);
    }
    return status || r->label.count == 0 ? status : close_example(r, error);
}

pm_status pm_examples_read(const char *path, size_t n_inputs, size_t n_classes, size_t most, pm_dataset *data,
                           pm_error *error) {
    reading r = {.n_inputs = n_inputs, .n_classes = n_classes};
    pm_status status = pm_rows_open(&r.rows, path, error);
    if (!status)
        status = read_all(&r, most, error);
    if (!status && r.label.count == 0)
        status = pm_fail(error, PM_INVALID, "%s: there are no examples", path);
    if (!status && (!PM_LIST_ROOM(r.time) || !PM_LIST_ROOM(r.feature))) /* there are arrays even without spikes */
        status = pm_fail_memory(error, "examples");
    pm_rows_close(&r.rows);
    free(r.present.items);
    *data = (pm_dataset){.n = r.label.count,
                         .n_features = n_inputs,
                         .n_classes = n_classes,
                         .first = r.first.items,
                         .time = r.time.items,
                         .feature = r.feature.items,
                         .label = r.label.items};
    if (status)
        pm_dataset_free(data);
    return status;
}
