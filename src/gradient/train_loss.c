/* The norms |d^(t)| are the same for all outputs, where they share their inputs and these come over one receptor.
 * Traces go from one error event to the next; the spikes in between join them with what has become of them by then: one
 * set of exponentials per spike and one pass over the inputs per event. Invariant: at each event, traces hold all
 * spikes before it, as of its instant. Where outputs have delays or receptors, each event is a sum over all spikes
 * before it. */
#include "gradient/train_loss.h"

#include "base/list.h"
#include "layer/layer_receptors.h"

#include <punctum/metric.h>

#include <math.h>
#include <stdlib.h>

pm_status pm_train_loss_new(pm_train_loss *loss, const pm_train_goal *goal, const pm_layer *output, pm_error *error) {
    const double tau_hat = goal->tau_hat > 0.0 ? goal->tau_hat : 1.0 / output->lif.l_m;
    const size_t n_in = output->n_in, n_out = output->n_out;
    *loss = (pm_train_loss){.kernel = pm_trace_kernel(&output->lif, tau_hat), .goal = *goal, .n_out = n_out};
    loss->desired_square = pm_train_product(goal->desired, goal->n, goal->desired, goal->n, goal->tau);
    loss->square = calloc(2 * n_out, sizeof *loss->square);
    if (!loss->square)
        return pm_fail_memory(error, "desired spike trains");
    loss->apart = loss->square + n_out;
    pm_status status = pm_traces_new(&loss->traces, &loss->kernel, n_in, error);
    for (size_t k = 0; !status && k < goal->n; k++)
        status = pm_raster_append(&loss->wanted, goal->desired[k], 0, 0.0, error);
    if (status)
        pm_train_loss_free(loss);
    return status;
}

void pm_train_loss_free(pm_train_loss *loss) {
    free(loss->square);
    free(loss->train);
    free(loss->pull);
    pm_raster_free(&loss->wanted);
    pm_raster_free(&loss->at);
    pm_errors_free(&loss->errors);
    pm_traces_free(&loss->traces);
    pm_basis_free(&loss->since);
    free(loss->sources);
    *loss = (pm_train_loss){0};
}

static pm_status reserve(double **array, size_t *capacity, size_t n, pm_error *error) {
    if (n <= *capacity)
        return PM_OK;
    free(*array);
    *array = malloc(2 * n * sizeof **array);
    *capacity = *array ? 2 * n : 0;
    return *array ? PM_OK : pm_fail_memory(error, "desired spike trains");
}

pm_status pm_train_loss_score(pm_train_loss *loss, const pm_raster *out, double *score, pm_error *error) {
    const pm_train_goal *y = &loss->goal;
    pm_status status = reserve(&loss->train, &loss->n_train, out->n, error);
    for (uint32_t o = 0; !status && o < loss->n_out; o++) {
        size_t n = pm_train_of(out, o, loss->train, NULL);
        loss->square[o] = pm_train_product(loss->train, n, loss->train, n, y->tau);
        loss->apart[o] = pm_train_square_distance(loss->train, n, y->desired, y->n, y->tau);
        double common = pm_train_product(loss->train, n, y->desired, y->n, y->tau);
        score[o] = n > 0 ? common / sqrt(loss->square[o] * loss->desired_square) : 0.0;
    }
    return status;
}

double pm_train_loss_value(const pm_train_loss *loss, size_t label) {
    double sum = loss->apart[label];
    for (size_t o = 0; o < loss->n_out; o++)
        sum += o == label ? 0.0 : 0.5 * loss->square[o];
    return sum;
}

/* The bases from each spike to the first error event after it. */
static pm_status tabulate(pm_train_loss *loss, const pm_raster *in, pm_error *error) {
    pm_status status = pm_basis_reserve(&loss->since, in->n, error);
    if (status)
        return status;
    size_t n = 0;
    for (size_t k = 0; k < loss->errors.n; k++)
        for (; n < in->n && in->time[n] < loss->errors.events[k].time; n++)
            loss->since.t[n] = loss->errors.events[k].time - in->time[n];
    pm_basis_fill(&loss->kernel, &loss->since, n);
    return PM_OK;
}

/* Carries the traces to t, with the spikes from `next` on; returns the first one that is not before t. */
static size_t trace(pm_train_loss *loss, const pm_raster *in, size_t next, double t) {
    pm_traces_advance(&loss->traces, t - loss->traces.now);
    loss->traces.now = t;
    for (; next < in->n && in->time[next] < t; next++) {
        pm_lif_basis since = pm_basis_get(&loss->since, next);
        pm_traces_add_past(&loss->traces, in->neuron[next], &since);
    }
    return next;
}

pm_layer pm_train_loss_layer(const pm_train_loss *loss, const pm_layer *output) {
    pm_layer seen = *output;
    seen.lif = loss->kernel;
    return seen;
}

/* Lists the spikes that reach output o over a receptor before t; returns how many these are. */
static size_t list_before(pm_train_loss *loss, const pm_layer *output, size_t receptor, const pm_raster *in, uint32_t o,
                          double t) {
    const size_t first = pm_layer_first_source(output, receptor), end = pm_layer_first_source(output, receptor + 1);
    const pm_delays *delays = &output->delays;
    size_t n = 0;
    for (size_t k = 0; k < in->n; k++) {
        const uint32_t source = in->neuron[k];
        const double late = delays->value ? delays->value[pm_delay_place(delays, source, o)] : 0.0;
        const double since = t - (in->time[k] + late);
        if (source < first || source >= end || !(since > 0.0))
            continue;
        loss->sources[n] = source;
        loss->since.t[n++] = since;
    }
    return n;
}

/* d^ of output o at t, spike by spike, into the traces' u. */
static pm_status sum_up(pm_train_loss *loss, const pm_layer *output, const pm_raster *in, uint32_t o, double t,
                        pm_error *error) {
    pm_status status = pm_basis_reserve(&loss->since, in->n, error);
    if (!status && !pm_list_reserve((void **)&loss->sources, &loss->n_sources, in->n, sizeof *loss->sources))
        status = pm_fail_memory(error, "desired spike trains");
    pm_traces_reset(&loss->traces, t);
    for (size_t r = 0; !status && r < pm_layer_n_receptors(output); r++) {
        const pm_lif kernel = pm_layer_kernel(output, r);
        const size_t n = list_before(loss, output, r, in, o, t);
        pm_basis_fill(&kernel, &loss->since, n);
        for (size_t k = 0; k < n; k++)
            loss->traces.u[loss->sources[k]] += loss->since.d12[k];
    }
    return status;
}

pm_status pm_train_loss_errors(pm_train_loss *loss, const pm_layer *output, const pm_raster *in, const pm_raster *out,
                               size_t label, pm_error *error) {
    const bool apart = output->receptors || output->delays.value;
    for (size_t k = 0; k < loss->wanted.n; k++)
        loss->wanted.neuron[k] = (uint32_t)label;
    pm_status status = pm_errors_plain(&loss->errors, out, &loss->wanted, error);
    if (!status)
        status = reserve(&loss->pull, &loss->n_pull, loss->errors.n, error);
    if (!status && !apart)
        status = tabulate(loss, in, error);
    loss->at.n = 0;
    pm_traces_reset(&loss->traces, 0.0);
    double norm = 0.0;
    for (size_t k = 0, next = 0; !status && k < loss->errors.n; k++) {
        const pm_error_event *e = &loss->errors.events[k];
        bool moved = true;
        if (apart)
            status = sum_up(loss, output, in, e->neuron, e->time, error);
        else if (k == 0 || e->time > loss->traces.now)
            next = trace(loss, in, next, e->time);
        else
            moved = false;
        norm = moved ? sqrt(pm_sum_squares(loss->traces.n, loss->traces.u)) : norm;
        if (status || !(norm > 0.0))
            continue;
        loss->pull[loss->at.n] = -e->size / norm;
        status = pm_raster_append(&loss->at, e->time, e->neuron, 0.0, error);
    }
    return status;
}
