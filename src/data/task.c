/* Every cue is the firing of one group of inputs: each of its neurons once, at an instant drawn anew within `width` ms.
 * Invariant: an example is a function of seed, name of the set and its number. */
#include "data/task.h"

#include "base/random.h"
#include "math/draw.h"

#include <math.h>
#include <stdlib.h>

#define HEAD(name) &pm_task_##name.head,
const pm_kind *const pm_tasks[] = {PM_TASKS(HEAD) NULL};
#undef HEAD

typedef struct cue_spike {
    double time; /* ms */
    uint16_t feature;
} cue_spike;

struct pm_task_draw {
    gsl_rng *rng;
    cue_spike *spikes; /* of the example */
    size_t n, group;   /* group: its size */
};

static void fire(pm_task_draw *d, size_t group, double from, double width) {
    for (size_t k = 0; k < d->group; k++)
        d->spikes[d->n++] = (cue_spike){pm_draw_flat(d->rng, from, from + width), (uint16_t)(group * d->group + k)};
}

static uint8_t bit(pm_task_draw *d) { return (uint8_t)gsl_rng_uniform_int(d->rng, 2); }

static const char width_help[] = "the neurons of a cue fire once each within it";

/* --- delayed XOR ---------------------------------------------------------------------------------------------------
 */

typedef struct delayed_xor {
    double gap, width; /* ms */
} delayed_xor;

static const pm_field xor_fields[] = {
    {"gap", "ms", "from the first cue to the second", offsetof(delayed_xor, gap), 200.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"width", "ms", width_help, offsetof(delayed_xor, width), 5.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

static double xor_end(const void *parameters) {
    const delayed_xor *p = parameters;
    return p->gap + p->width;
}

static size_t xor_cues(const void *parameters) {
    (void)parameters;
    return 2;
}

static uint8_t xor_draw(const void *parameters, pm_task_draw *d) {
    const delayed_xor *p = parameters;
    const uint8_t first = bit(d), second = bit(d);
    fire(d, first, 0.0, p->width);
    fire(d, second, p->gap, p->width);
    return first ^ second;
}

const pm_task pm_task_delayed_xor = {.head = {.name = "delayed_xor",
                                              .help = "whether two bits, one after the other, are different",
                                              .source = "",
                                              .fields = xor_fields,
                                              .n_fields = sizeof xor_fields / sizeof *xor_fields,
                                              .size = sizeof(delayed_xor)},
                                     .groups = 2,
                                     .classes = 2,
                                     .end = xor_end,
                                     .cues = xor_cues,
                                     .draw = xor_draw};

/* --- store and recall ----------------------------------------------------------------------------------------------
 */

typedef struct store_recall {
    double steps, interval, width; /* interval, width: ms */
} store_recall;

static const pm_field store_fields[] = {
    {"steps", "", "bits that are shown", offsetof(store_recall, steps), 4.0, .bounds = {1.0, 1000.0, PM_CLOSED},
     .type = PM_WHOLE},
    {"interval", "ms", "from one to the next, and from the last to the recall", offsetof(store_recall, interval), 50.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"width", "ms", width_help, offsetof(store_recall, width), 5.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

static double store_end(const void *parameters) {
    const store_recall *p = parameters;
    return p->steps * p->interval + p->width;
}

static size_t store_cues(const void *parameters) { return (size_t)((const store_recall *)parameters)->steps + 2; }

static uint8_t store_draw(const void *parameters, pm_task_draw *d) {
    enum { STORE = 2, RECALL };
    const store_recall *p = parameters;
    const size_t steps = (size_t)p->steps, stored = gsl_rng_uniform_int(d->rng, steps);
    uint8_t label = 0;
    for (size_t k = 0; k < steps; k++) {
        const uint8_t shown = bit(d);
        fire(d, shown, (double)k * p->interval, p->width);
        if (k != stored)
            continue;
        fire(d, STORE, (double)k * p->interval, p->width);
        label = shown;
    }
    fire(d, RECALL, p->steps * p->interval, p->width);
    return label;
}

const pm_task pm_task_store_recall = {
    .head = {.name = "store_recall",
             .help = "which of several bits was shown together with the cue to store it",
             .source = "G. Bellec et al., NeurIPS 2018",
             .fields = store_fields,
             .n_fields = sizeof store_fields / sizeof *store_fields,
             .size = sizeof(store_recall)},
    .groups = 4,
    .classes = 2,
    .end = store_end,
    .cues = store_cues,
    .draw = store_draw};

/* --- examples ------------------------------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b) {
    const cue_spike *x = a, *y = b;
    return x->time != y->time ? (x->time < y->time ? -1 : 1) : (int)x->feature - (int)y->feature;
}

pm_status pm_task_examples(const pm_task *task, const void *parameters, size_t inputs, uint64_t seed, const char *name,
                           size_t n, pm_dataset *data, pm_error *error) {
    pm_stream stream;
    pm_task_draw d = {.rng = pm_stream_new(&stream), .group = inputs / task->groups};
    const size_t most = task->cues(parameters) * d.group;
    *data = (pm_dataset){.n = n, .n_features = inputs, .n_classes = task->classes};
    if (d.group == 0)
        return pm_fail(error, PM_INVALID, "data.%s: %zu inputs; there must be %zu at least, one for each kind of cue",
                       task->head.name, inputs, task->groups);
    data->first = malloc((n + 1) * sizeof *data->first);
    data->time = malloc(n * most * sizeof *data->time + 1);
    data->feature = malloc(n * most * sizeof *data->feature + 1);
    data->label = malloc(n + 1);
    d.spikes = malloc(most * sizeof *d.spikes);
    if (!data->first || !data->time || !data->feature || !data->label || !d.spikes) {
        pm_dataset_free(data);
        free(d.spikes);
        return pm_fail_memory(error, "examples");
    }
    const char *const words[] = {task->head.name, name};
    const uint64_t key = pm_stream_key(seed, words, 2);
    uint64_t at = 0;
    for (size_t k = 0; k < n; k++) {
        pm_stream_start(d.rng, key, k);
        d.n = 0;
        data->first[k] = at;
        data->label[k] = task->draw(parameters, &d);
        qsort(d.spikes, d.n, sizeof *d.spikes, compare);
        for (size_t j = 0; j < d.n; j++, at++) {
            data->time[at] = d.spikes[j].time;
            data->feature[at] = d.spikes[j].feature;
        }
    }
    data->first[n] = at;
    free(d.spikes);
    return PM_OK;
}
