/* Events: of recordings, each event is a spike at from + its time / compression. */
#include "data/coding.h"

#include <math.h>

typedef struct events {
    double from; /* ms */
    double compression;
} events;

static const pm_field fields[] = {
    {"from", "ms", "when the window of a recording begins", offsetof(events, from), 0.0,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"compression", "", "so many ms of a recording go into one", offsetof(events, compression), 1.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

static pm_status fit(const void *parameters, double duration, double window, pm_error *error) {
    const events *c = parameters;
    double end = c->from + window / c->compression;
    if (end <= duration)
        return PM_OK;
    return pm_fail_key(error, "compression",
                       "the window ends at %g ms, after the duration of %g ms; compression may be larger", end,
                       duration);
}

static pm_status encode(const void *parameters, const pm_presentation *of, pm_raster *out, pm_error *error) {
    const events *c = parameters;
    const pm_dataset *data = of->data;
    pm_status status = PM_OK;
    for (uint64_t k = data->first[of->example]; !status && k < data->first[of->example + 1]; k++)
        status = pm_raster_append(out, c->from + pm_dataset_time(data, k) / c->compression, data->feature[k], 0.0,
                                  error);
    return status;
}

const pm_code pm_code_events = {.head = {.name = "events",
                                         .help = "of recordings: each event is a spike",
                                         .source = "",
                                         .fields = fields,
                                         .n_fields = sizeof fields / sizeof *fields,
                                         .size = sizeof(events)},
                                .events = true,
                                .fit = fit,
                                .encode = encode};
