/* Latency: one spike per feature whose intensity x is above the threshold (from 0 on: every one is with -1), at
 * from + (to - from) (1 - x) / (1 - max(threshold, 0)): the brighter the earlier.
 *
 * Spikes come out in order. For bytes that is a counting sort over the 256 values: pixels of one value fire at the same
 * instant, to the bit, so that a layer sees at most 256 different arrival times. */
#include "data/coding.h"

#include <math.h>

typedef struct latency {
    double threshold;
    double from, to; /* ms */
} latency;

static const pm_field fields[] = {
    {"threshold", "", "intensity above which a feature fires, below 1; negative: all do", offsetof(latency, threshold),
     0.0, .bounds = {-INFINITY, 1.0, PM_HIGH_OPEN}},
    {"from", "ms", "when intensity 1 fires", offsetof(latency, from), 0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"to", "ms", "when the threshold would fire, or intensity 0 below it", offsetof(latency, to), 10.0,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
};

static pm_status fit(const void *parameters, double duration, double window, pm_error *error) {
    const latency *c = parameters;
    (void)window;
    if (c->to >= c->from && c->to <= duration)
        return PM_OK;
    return pm_fail_key(error, "to", "to is %g ms; it must be between from and the duration", c->to);
}

static double instant(const latency *c, double x) {
    double lowest = c->threshold > 0.0 ? c->threshold : 0.0;
    return c->from + (c->to - c->from) * ((1.0 - x) / (1.0 - lowest));
}

static pm_status encode_bytes(const latency *c, const pm_dataset *data, size_t example, pm_raster *out,
                              pm_error *error) {
    enum { VALUES = 256 };
    const uint8_t *byte = data->bytes + example * data->n_features;
    size_t place[VALUES] = {0}, n = data->n_features, total = 0;
    for (size_t k = 0; k < n; k++)
        place[byte[k]]++;
    double time[VALUES];
    for (size_t v = VALUES; v-- > 0;) {
        double x = (double)v * (1.0 / 255.0);
        size_t count = x > c->threshold ? place[v] : 0;
        time[v] = instant(c, x);
        place[v] = count || x > c->threshold ? total : SIZE_MAX;
        total += count;
    }
    pm_status status = PM_OK;
    for (size_t k = out->capacity; !status && k < total; k = out->capacity) { /* room for all of them */
        out->n = out->capacity;
        status = pm_raster_append(out, 0.0, 0, 0.0, error);
    }
    if (status)
        return status;
    out->n = total;
    for (size_t k = 0; k < n; k++) {
        if (place[byte[k]] == SIZE_MAX)
            continue;
        size_t at = place[byte[k]]++;
        out->time[at] = time[byte[k]];
        out->neuron[at] = (uint32_t)k;
        out->slope[at] = 0.0;
    }
    return PM_OK;
}

static pm_status encode_values(const latency *c, const pm_dataset *data, size_t example, pm_raster *out,
                               pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < data->n_features; k++) {
        double x = pm_dataset_value(data, example, k);
        if (x > c->threshold)
            status = pm_raster_append(out, instant(c, x), (uint32_t)k, 0.0, error);
    }
    return status ? status : pm_raster_sort(out, error);
}

static pm_status encode(const void *parameters, const pm_presentation *of, pm_raster *out, pm_error *error) {
    return of->data->bytes ? encode_bytes(parameters, of->data, of->example, out, error)
                           : encode_values(parameters, of->data, of->example, out, error);
}

const pm_code pm_code_latency = {.head = {.name = "latency",
                                          .help = "one spike per feature, the brighter the earlier, none for dark ones",
                                          .source = "",
                                          .fields = fields,
                                          .n_fields = sizeof fields / sizeof *fields,
                                          .size = sizeof(latency)},
                                 .fit = fit,
                                 .encode = encode};
