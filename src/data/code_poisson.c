/* Poisson: spikes at x times `rate`, x the intensity of a feature, drawn anew for each presentation. */
#include "data/coding.h"

#include "base/random.h"

#include <math.h>

typedef struct poisson {
    double threshold;
    double from, to; /* ms */
    double rate;     /* spikes/s at intensity 1 */
} poisson;

static const pm_field fields[] = {
    {"threshold", "", "intensity above which a feature fires, below 1", offsetof(poisson, threshold), 0.0,
     .bounds = {-INFINITY, 1.0, PM_HIGH_OPEN}},
    {"from", "ms", "when spikes begin", offsetof(poisson, from), 0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"to", "ms", "when they end", offsetof(poisson, to), INFINITY, "the duration",
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"rate", "spikes/s", "at intensity 1", offsetof(poisson, rate), 100.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

static pm_status fit(const void *parameters, double duration, double window, pm_error *error) {
    const poisson *c = parameters;
    (void)window;
    if (c->to >= c->from && c->to <= duration)
        return PM_OK;
    return pm_fail_key(error, "to", "to is %g ms; it must be between from and the duration", c->to);
}

static pm_status encode(const void *parameters, const pm_presentation *of, pm_raster *out, pm_error *error) {
    const poisson *c = parameters;
    const size_t n = of->data->n_features;
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++) {
        double x = pm_dataset_value(of->data, of->example, k), mean = 1e3 / (x * c->rate); /* ms */
        if (!(x > c->threshold))
            continue;
        double t = c->from;
        for (uint64_t place = 0; !status; place++) {
            t += mean * pm_stream_exponential(of->key, of->number * n + k, place);
            if (!(t < c->to))
                break;
            status = pm_raster_append(out, t, (uint32_t)k, 0.0, error);
        }
    }
    return status ? status : pm_raster_sort(out, error);
}

const pm_code pm_code_poisson = {
    .head = {.name = "poisson",
             .help = "spikes at the intensity times a rate, drawn anew in every presentation",
             .source = "",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = sizeof(poisson)},
    .fit = fit,
    .encode = encode};
