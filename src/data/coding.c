/* The list of codes, and the bias, which is one more input after the features. */
#include "data/coding.h"

#include <math.h>

#define HEAD(name) &pm_code_##name.head,
const pm_kind *const pm_codes[] = {PM_CODES(HEAD) NULL};

pm_coding pm_coding_new(const pm_code *code) {
    pm_coding coding = {.code = code, .bias = NAN};
    pm_kind_preset(&code->head, coding.parameters);
    return coding;
}

size_t pm_coding_inputs(const pm_coding *coding, const pm_dataset *data) {
    return data->n_features + (isnan(coding->bias) ? 0 : 1);
}

/* The bias neuron's spike, in its place. */
static pm_status add_bias(double bias, size_t input, pm_raster *out, pm_error *error) {
    pm_status status = pm_raster_append(out, bias, (uint32_t)input, 0.0, error);
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

pm_status pm_encode(const pm_coding *c, const pm_presentation *of, pm_raster *out, pm_error *error) {
    out->n = 0;
    pm_status status = c->code->encode(c->parameters, of, out, error);
    return status || isnan(c->bias) ? status : add_bias(c->bias, of->data->n_features, out, error);
}
