/* Shapes go from layer to layer: what a convolution leaves of what it sees. Receptive fields are found as a mask over
 * all synapses, and neurons whose fields are alike put together in patches; a layer with delays, receptors or
 * thresholds of its neurons stays dense, with weights of 0 outside of its fields. Invariant: weights outside receptive
 * fields are 0; initial weights do not depend on how a layer is stored. */
#include "classify/connections.h"

#include "base/random.h"
#include "classify/fields.h"
#include "math/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Neurons of a patch with receptive fields, at most. Fewer would see fewer sources in vain, but each patch has
 * intervals between arrivals of its own. */
enum { FIELD_WIDTH = 200 };

void pm_connections_free(pm_connections *n) {
    for (size_t l = 0; l < PM_MOST_LAYERS; l++)
        pm_patches_free(&n->patches[l]);
    free(n->fields);
    n->fields = NULL;
}

/* --- shapes ------------------------------------------------------------------------------------------------------- */

/* Recordings come from two maps of pixels, one for each polarity. */
static pm_maps shape_of(const pm_classification *c, const pm_dataset *train) {
    pm_maps s = {1, train->height, train->width};
    if (c->data == PM_DATA_NMNIST)
        s = (pm_maps){2, train->height / 2, train->width};
    return pm_maps_size(&s) == train->n_features ? s : (pm_maps){0};
}

static pm_status size_convolution(pm_connections *n, const pm_convolution *c, size_t l, pm_error *error) {
    const pm_maps *in = &n->shapes[l];
    pm_maps fires;
    if (pm_maps_size(in) == 0)
        return pm_fail(error, PM_INVALID,
                       "layers[%zu].convolution: what it sees has no rows and columns; pictures or a convolution have",
                       l);
    if (!pm_convolution_shapes(c, in, &fires, &n->shapes[l + 1]))
        return pm_fail(error, PM_INVALID, "layers[%zu].convolution: size %zu is larger than the %zu x %zu that it sees",
                       l, c->size, in->height, in->width);
    n->sizes[l + 1] = pm_maps_size(&n->shapes[l + 1]);
    return PM_OK;
}

pm_status pm_connections_size(pm_connections *n, const pm_classification *c, const pm_dataset *train,
                              pm_error *error) {
    pm_status status = PM_OK;
    *n = (pm_connections){.n_layers = c->n_layers,
                          .sizes = {pm_coding_inputs(&c->coding, train)},
                          .shapes = {shape_of(c, train)}};
    for (size_t l = 0; !status && l < c->n_layers; l++) {
        n->sizes[l + 1] = c->layers[l].size;
        if (c->layers[l].convolved)
            status = size_convolution(n, &c->layers[l].convolution, l, error);
    }
    return status;
}

/* --- synapses ----------------------------------------------------------------------------------------------------- */

/* The mask in the order of weights of a dense layer becomes one in the order of patches. */
static pm_status order_fields(pm_connections *n, size_t stride, pm_error *error) {
    const pm_patches *p = &n->patches[0];
    uint8_t *ordered = calloc(p->n_rows * p->stride + 1, 1);
    if (!ordered)
        return pm_fail_memory(error, "receptive fields");
    for (size_t i = 0; i < p->n_in; i++)
        for (size_t k = p->first[i]; k < p->first[i + 1]; k++) {
            const pm_patch *of = &p->patch[p->tap[k].patch];
            for (size_t j = 0; j < of->n_targets; j++)
                ordered[(of->row + p->tap[k].number) * p->stride + j] =
                    n->fields[i * stride + p->target[of->target + j]];
        }
    free(n->fields);
    n->fields = ordered;
    return PM_OK;
}

static pm_status find_fields(pm_connections *n, const pm_classification *c, const pm_dataset *train, uint64_t key,
                             pm_error *error) {
    const pm_classification_layer *layer = &c->layers[0];
    const size_t n_in = n->sizes[0], n_out = n->sizes[1], width = n_out < FIELD_WIDTH ? n_out : FIELD_WIDTH;
    const size_t stride = (n_out + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES;
    pm_status status = pm_fields_new(train, n_in, n_out, stride, layer->field, key, &n->fields, error);
    if (status || layer->delays.given || layer->divided || layer->learns_V_th)
        return status;
    status = pm_patches_gather(&n->patches[0], n->fields, n_in, n_out, stride, width, error);
    return status ? status : order_fields(n, stride, error);
}

pm_status pm_connections_new(pm_connections *n, const pm_classification *c, const pm_dataset *train, uint64_t key,
                             pm_error *error) {
    pm_status status = pm_connections_size(n, c, train, error);
    for (size_t l = 0; !status && l < c->n_layers; l++)
        if (c->layers[l].convolved)
            status = pm_patches_convolve(&n->patches[l], &c->layers[l].convolution, &n->shapes[l], n->sizes[l], error);
    return status || c->layers[0].field == 0 ? status : find_fields(n, c, train, key, error);
}

void pm_connections_limit(const pm_connections *n, double *weight, size_t from, size_t count) {
    for (size_t k = 0; n->fields && k < count; k++)
        weight[k] *= n->fields[from + k];
}

size_t pm_connections_place(const pm_connections *n, size_t l, size_t stride, size_t source, size_t target) {
    const pm_patches *p = pm_connections_of(n, l);
    return p && !p->shared ? pm_patches_place(p, source, target) : source * stride + target;
}

/* Of shared weights each row is drawn as a source's. */
void pm_connections_draw(const pm_connections *n, const pm_classification_layer *layer, size_t l, uint64_t key,
                         size_t stride, double *weight) {
    const pm_patches *p = pm_connections_of(n, l);
    const bool shared = p && p->shared;
    const size_t sources = shared ? p->n_rows : n->sizes[l];
    const size_t targets = shared ? p->patch[0].n_targets : n->sizes[l + 1];
    pm_stream stream;
    gsl_rng *rng = pm_stream_new(&stream);
    for (size_t i = 0; i < sources; i++) {
        pm_stream_start(rng, key, i);
        for (size_t j = 0; j < targets; j++) {
            const double drawn = layer->mean + pm_draw_normal(rng, layer->std);
            const size_t place = pm_connections_place(n, l, stride, i, j);
            if (place != PM_NO_WEIGHT)
                weight[place] = drawn;
        }
    }
}

/* --- spikes ------------------------------------------------------------------------------------------------------- */

void pm_connections_inflow(const pm_connections *n, size_t l, const uint64_t *fired, double *inflow) {
    const pm_patches *p = pm_connections_of(n, l);
    const size_t rows = p ? p->n_rows : n->sizes[l];
    for (size_t i = 0; i < rows; i++)
        inflow[i] = p ? 0.0 : (double)fired[i];
    for (size_t q = 0; p && q < p->n; q++)
        for (size_t k = 0; k < p->patch[q].n_sources; k++)
            inflow[p->patch[q].row + k] += (double)fired[p->source[p->patch[q].source + k]];
    for (size_t i = 0; p && p->shared && i < rows; i++)
        inflow[i] /= (double)p->n;
}

size_t pm_connections_blocks(const pm_connections *n, size_t l) {
    return n->patches[l].n > 0 && !n->patches[l].shared ? n->patches[l].n : 1;
}

void pm_connections_outflow(const pm_connections *n, size_t l, size_t stride, const uint64_t *fired, double *mean) {
    const pm_patches *p = pm_connections_of(n, l);
    const size_t places = pm_connections_blocks(n, l) * stride;
    for (size_t k = 0; k < places; k++)
        mean[k] = NAN;
    for (size_t j = 0; !p && j < n->sizes[l + 1]; j++)
        mean[j] = (double)fired[j];
    for (size_t q = 0; p && q < p->n; q++)
        for (size_t k = 0; k < p->patch[q].n_targets; k++) {
            const uint32_t j = p->target[p->patch[q].target + k];
            double *of = &mean[(p->shared ? 0 : q) * stride + k];
            *of = (isnan(*of) ? 0.0 : *of) + (double)fired[p->window ? p->window[j] : j];
        }
    for (size_t k = 0; p && p->shared && k < places; k++)
        mean[k] /= (double)p->n;
}
