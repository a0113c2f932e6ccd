/* Each neuron is followed on its own from one arrival to the next, by the general neuron's closed forms; the rows of
 * all intervals are made once for all of them. Invariant: a neuron's spikes depend on nothing but its own weights, and
 * are those of the event engine up to rounding. */
#include "layer/layer_receptors.h"

#include "base/list.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "net/population.h"

#include <stdlib.h>

pm_status pm_layer_set_receptors(pm_layer *layer, const pm_receptor *receptors, const uint32_t *sources, size_t n,
                                 pm_error *error) {
    const pm_lif *lif = &layer->lif;
    pm_layer_receptors *r = calloc(1, sizeof *r);
    if (!r)
        return pm_fail_memory(error, "the receptors of a layer");
    pm_layer_receptors_free(layer->receptors);
    layer->receptors = r;
    r->n = n;
    for (size_t k = 0; k < n; k++) {
        r->ports[k] = receptors[k].kernel->port(receptors[k].parameters, receptors[k].peak, 1.0 / lif->l_m);
        r->first[k + 1] = r->first[k] + sources[k];
    }
    r->membrane = (pm_membrane){.l_m = lif->l_m,
                                .inv_C = lif->inv_C,
                                .u_inf = lif->u_inf,
                                .theta = lif->theta,
                                .t_ref = lif->t_ref,
                                .add = lif->u_reset,
                                .n_ports = n,
                                .ports = r->ports};
    pm_membrane_complete(&r->membrane);
    return PM_OK;
}

pm_status pm_layer_divide(pm_layer *layer, const pm_neuron *neuron, const pm_receptor *receptors,
                          const uint32_t *sources, size_t n, pm_error *error) {
    pm_receptor used[PM_MEMBRANE_TERMS];
    uint32_t of_used[PM_MEMBRANE_TERMS];
    size_t n_used = 0;
    for (size_t k = 0; k < n; k++) {
        used[n_used] = receptors[k];
        of_used[n_used] = sources[k] == PM_ALL_SOURCES ? (uint32_t)layer->n_in : sources[k];
        n_used += sources[k] > 0;
    }
    if (n_used != 1 || !pm_receptor_is_plain(&used[0]))
        return pm_layer_set_receptors(layer, used, of_used, n_used, error);
    pm_neuron own = *neuron;
    own.tau_1 = used[0].parameters[0];
    own.tau_2 = used[0].parameters[1];
    layer->lif = pm_lif_of_neuron(&own);
    return PM_OK;
}

void pm_layer_receptors_free(pm_layer_receptors *receptors) {
    if (receptors)
        free(receptors->rows);
    free(receptors);
}

/* --- forwards ----------------------------------------------------------------------------------------------------- */

/* The rows from each arrival to the next one, and to the end; row k ends at arrival k. */
static pm_status tabulate(pm_layer_receptors *r, const pm_raster *in, size_t n, double duration, pm_error *error) {
    const size_t length = pm_membrane_row_length(&r->membrane);
    if (!pm_list_reserve((void **)&r->rows, &r->capacity, (n + 1) * length, sizeof *r->rows))
        return pm_fail_memory(error, "the intervals between spikes");
    double now = 0.0;
    for (size_t k = 0; k <= n; k++) {
        const double end = k < n ? in->time[k] : duration;
        pm_membrane_row_at(&r->membrane, end - now, r->rows + k * length);
        now = end;
    }
    return PM_OK;
}

static void carry(const pm_membrane *m, double t, bool held, double *x) {
    double row[PM_MEMBRANE_ROW];
    pm_membrane_row_at(m, t, row);
    (held ? pm_membrane_hold : pm_membrane_move)(m, row, x, x);
}

/* To the end of the span without arrivals, spike by spike; `row` is that of the whole span. */
static pm_status follow(const pm_membrane *m, const double *row, pm_layer_spikes *spikes, pm_span *span, double *x,
                        pm_error *error) {
    while (span->begin < span->end) {
        const double left = span->end - span->begin;
        if (span->held > span->begin) {
            const double until = span->held < span->end ? span->held : span->end;
            if (row && until == span->end)
                pm_membrane_hold(m, row, x, x);
            else
                carry(m, until - span->begin, true, x);
            span->begin = until;
            row = NULL;
            continue;
        }
        const double wait = pm_membrane_crossing(m, x, left, row);
        if (!(wait <= left)) {
            if (row)
                pm_membrane_move(m, row, x, x);
            else
                carry(m, left, false, x);
            span->begin = span->end;
            return PM_OK;
        }
        row = NULL;
        const double time = span->begin + wait < span->end ? span->begin + wait : span->end;
        if (wait > 0.0) { /* by definition of the crossing; the computed value is a rounding away */
            carry(m, wait, false, x);
            x[0] = m->theta;
        }
        pm_status status = pm_span_fire(spikes, span, time, pm_membrane_slope(m, x), error);
        if (status)
            return status;
        pm_membrane_spike(m, x);
        span->begin = time;
    }
    return PM_OK;
}

pm_status pm_layer_run_receptors(pm_layer *layer, const pm_raster *in, double duration, pm_layer_spikes *spikes,
                                 double u, pm_error *error) {
    pm_layer_receptors *r = layer->receptors;
    const pm_membrane *m = &r->membrane;
    const size_t length = pm_membrane_row_length(m);
    size_t n = 0;
    while (n < in->n && in->time[n] < duration)
        n++;
    pm_status status = tabulate(r, in, n, duration, error);
    spikes->first = SIZE_MAX; /* they are sorted at the end */
    for (uint32_t j = 0; !status && j < layer->n_out; j++) {
        double x[PM_MEMBRANE_WIDTH];
        pm_span span = {.neuron = j, .held = layer->scratch[j]};
        pm_membrane_rest(m, u, x);
        for (size_t k = 0; !status && k <= n; k++) {
            span.end = k < n ? in->time[k] : duration;
            status = follow(m, r->rows + k * length, spikes, &span, x, error);
            if (k < n)
                pm_membrane_arrive(m, pm_layer_receptor_of(layer, in->neuron[k]),
                                   layer->weight[in->neuron[k] * layer->stride + j], x);
        }
    }
    return status ? status : pm_raster_sort(spikes->out, error);
}

/* --- part by part ------------------------------------------------------------------------------------------------- */

void pm_layer_part_free(pm_layer_part *part) {
    pm_raster_free(&part->spikes);
    free(part->place);
    *part = (pm_layer_part){0};
}

pm_status pm_layer_part_take(pm_layer_part *part, const pm_layer *layer, size_t receptor, const pm_raster *in,
                             pm_error *error) {
    const size_t first = pm_layer_first_source(layer, receptor), end = pm_layer_first_source(layer, receptor + 1);
    pm_raster *spikes = &part->spikes;
    if (!pm_list_reserve((void **)&part->place, &part->capacity, in->n, sizeof *part->place))
        return pm_fail_memory(error, "the spikes over a receptor");
    pm_status status = PM_OK;
    spikes->n = 0;
    for (size_t k = 0; !status && k < in->n; k++)
        if (in->neuron[k] >= first && in->neuron[k] < end) {
            part->place[spikes->n] = k;
            status = pm_raster_append(spikes, in->time[k], in->neuron[k], in->slope[k], error);
        }
    return status;
}

/* --- kernels ------------------------------------------------------------------------------------------------------ */

pm_lif pm_layer_kernel_with(const pm_layer *layer, size_t receptor, double tau_m) {
    const pm_port *port = &layer->receptors->ports[receptor];
    pm_neuron neuron = pm_neuron_default();
    neuron.C_m = 1.0 / layer->lif.inv_C;
    neuron.g_L = neuron.C_m / tau_m;
    neuron.I_e = 0.0;
    neuron.tau_1 = 1.0 / port->l_1;
    neuron.tau_2 = port->kind == PM_PORT_SINGLE ? 0.0 : 1.0 / port->l_2;
    pm_lif kernel = pm_lif_of_neuron(&neuron);
    if (!kernel.single)
        kernel.d12 = port->k * port->jump;
    return kernel;
}

pm_lif pm_layer_kernel(const pm_layer *layer, size_t receptor) {
    const pm_lif *lif = &layer->lif;
    pm_lif kernel = pm_layer_kernel_with(layer, receptor, 1.0 / lif->l_m);
    kernel.u_inf = lif->u_inf;
    kernel.theta = lif->theta;
    kernel.u_reset = lif->u_reset;
    kernel.t_ref = lif->t_ref;
    return kernel;
}
