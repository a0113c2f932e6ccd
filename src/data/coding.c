/* Spikes come out in order. For bytes under the latency code that is a counting sort over the 256 values: pixels of one
 * value fire at the same instant, to the bit, so that a layer sees at most 256 different arrival times. */
#include "data/coding.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

size_t pm_coding_inputs(const pm_coding *coding, const pm_dataset *data) {
    return data->n_features + (isnan(coding->bias) ? 0 : 1);
}

static double latency(const pm_coding *c, double x) {
    double lowest = c->threshold > 0.0 ? c->threshold : 0.0;
    return c->from + (c->to - c->from) * ((1.0 - x) / (1.0 - lowest));
}

static pm_status encode_bytes(const pm_coding *c, const pm_dataset *data, size_t example, pm_raster *out,
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
        time[v] = latency(c, x);
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

static pm_status encode_values(const pm_coding *c, const pm_dataset *data, size_t example, pm_raster *out,
                               pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < data->n_features; k++) {
        double x = pm_dataset_value(data, example, k);
        if (x > c->threshold)
            status = pm_raster_append(out, latency(c, x), (uint32_t)k, 0.0, error);
    }
    return status ? status : pm_raster_sort(out, error);
}

static pm_status encode_poisson(const pm_coding *c, const pm_dataset *data, size_t example, uint64_t key,
                                uint64_t presentation, pm_raster *out, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < data->n_features; k++) {
        double x = pm_dataset_value(data, example, k), mean = 1e3 / (x * c->rate); /* ms */
        if (!(x > c->threshold))
            continue;
        double t = c->from;
        for (uint64_t place = 0; !status; place++) {
            t += mean * pm_stream_exponential(key, presentation * data->n_features + k, place);
            if (!(t < c->to))
                break;
            status = pm_raster_append(out, t, (uint32_t)k, 0.0, error);
        }
    }
    return status ? status : pm_raster_sort(out, error);
}

static pm_status encode_events(const pm_coding *c, const pm_dataset *data, size_t example, pm_raster *out,
                               pm_error *error) {
    pm_status status = PM_OK;
    for (uint64_t k = data->first[example]; !status && k < data->first[example + 1]; k++)
        status = pm_raster_append(out, c->from + 1e-3 * data->stamp[k] / c->compression, data->feature[k], 0.0, error);
    return status;
}

/* The bias neuron's spike, in its place. */
static pm_status add_bias(const pm_coding *c, const pm_dataset *data, pm_raster *out, pm_error *error) {
    pm_status status = pm_raster_append(out, c->bias, (uint32_t)data->n_features, 0.0, error);
    for (size_t k = out->n; !status && k-- > 1 && out->time[k - 1] > out->time[k];) {
        double time = out->time[k];
        uint32_t neuron = out->neuron[k];
        out->time[k] = out->time[k - 1];
        out->neuron[k] = out->neuron[k - 1];
        out->time[k - 1] = time;
        out->neuron[k - 1] = neuron;
    }
    return status;
}

pm_status pm_encode(const pm_coding *c, const pm_dataset *data, size_t example, uint64_t key, uint64_t presentation,
                    pm_raster *out, pm_error *error) {
    out->n = 0;
    pm_status status = c->kind == PM_CODING_EVENTS    ? encode_events(c, data, example, out, error)
                       : c->kind == PM_CODING_POISSON ? encode_poisson(c, data, example, key, presentation, out, error)
                       : data->bytes                  ? encode_bytes(c, data, example, out, error)
                                                      : encode_values(c, data, example, out, error);
    return status || isnan(c->bias) ? status : add_bias(c, data, out, error);
}
