/* Impulse synapses: arrival after arrival, one pass over the potentials that decays them, adds a row of weights and
 * notes in which blocks of neurons one has reached its threshold; only those are looked through. Neurons in the shadow
 * of their own last spike are few; they stand in a list and are done apart. Invariant: after each arrival u holds every
 * neuron's potential just after it, spikes and inhibition included, and `recovering` every neuron that fired within
 * t_ref. */
#include "layer/impulse.h"

#include "base/simd.h"
#include "math/elementary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16 }; /* neurons */

pm_status pm_impulse_state_new(pm_impulse_state *state, size_t n_out, pm_error *error) {
    *state = (pm_impulse_state){.n_out = n_out};
    state->u = malloc(n_out * sizeof *state->u);
    state->last = malloc(n_out * sizeof *state->last);
    state->jump = malloc(n_out * sizeof *state->jump);
    state->kept = malloc(n_out * sizeof *state->kept);
    state->recovering = malloc(n_out * sizeof *state->recovering);
    state->reached = malloc((n_out + BLOCK - 1) / BLOCK * sizeof *state->reached);
    if (state->u && state->last && state->jump && state->kept && state->recovering && state->reached)
        return PM_OK;
    pm_impulse_state_free(state);
    return pm_fail_memory(error, "the state of a layer");
}

void pm_impulse_state_free(pm_impulse_state *state) {
    free(state->u);
    free(state->last);
    free(state->jump);
    free(state->kept);
    free(state->recovering);
    free(state->reached);
    *state = (pm_impulse_state){0};
}

/* reached[b] is nonzero if a potential of block b has reached its threshold; so is the result if any has. `next` is the
 * row of the next arrival, which is asked for ahead: the rows of a layer are more than the caches close by hold. */
PM_SIMD static int64_t step(size_t n, double decay, const double *restrict row, const double *restrict threshold,
                            const double *next, double *restrict u, int64_t *restrict reached) {
    int64_t any = 0;
    size_t from = 0;
    for (; from + BLOCK <= n; from += BLOCK) {
        int64_t here = 0;
        for (size_t i = from; i < from + BLOCK; i += 8)
            __builtin_prefetch(next + i);
        for (size_t i = from; i < from + BLOCK; i++) {
            u[i] = u[i] * decay + row[i];
            here |= u[i] >= threshold[i];
        }
        any |= reached[from / BLOCK] = here;
    }
    if (from == n)
        return any;
    int64_t here = 0;
    for (size_t i = from; i < n; i++) {
        u[i] = u[i] * decay + row[i];
        here |= u[i] >= threshold[i];
    }
    reached[from / BLOCK] = here;
    return any | here;
}

PM_SIMD static void add(size_t n, const double *restrict row, double *restrict sum) {
    for (size_t i = 0; i < n; i++)
        sum[i] += row[i];
}

PM_SIMD static void inhibit(size_t n, double amount, const double *restrict threshold, double *restrict u) {
    for (size_t i = 0; i < n; i++)
        u[i] += amount * threshold[i];
}

/* The summed weights of spikes [from, to) of the input. */
static const double *arriving(const pm_impulse *layer, pm_impulse_state *s, const pm_raster *in, size_t from,
                              size_t to) {
    const double *row = layer->weight + in->neuron[from] * layer->n_out;
    if (to - from == 1)
        return row;
    memcpy(s->jump, row, layer->n_out * sizeof *row);
    for (size_t k = from + 1; k < to; k++)
        add(layer->n_out, layer->weight + in->neuron[k] * layer->n_out, s->jump);
    return s->jump;
}

/* Step 1 for the neurons that recover, as values beside u; forgets those that have recovered. */
static size_t recover(const pm_impulse *layer, pm_impulse_state *s, size_t n, double t, double decay,
                      const double *row) {
    size_t left = 0;
    for (size_t k = 0; k < n; k++) {
        uint32_t i = s->recovering[k];
        double since = (t - s->last[i]) / layer->t_ref;
        if (!(since < 1.0))
            continue;
        s->recovering[left] = i;
        s->kept[left++] = s->u[i] * decay + row[i] * (since * since);
    }
    return left;
}

/* Steps 2 and 3; n counts the recovering neurons. */
static pm_status fire(const pm_impulse *layer, pm_impulse_state *s, double t, size_t *n, pm_raster *out,
                      pm_error *error) {
    size_t first = out->n;
    for (size_t b = 0; b * BLOCK < layer->n_out; b++)
        for (size_t i = b * BLOCK; s->reached[b] && i < layer->n_out && i < (b + 1) * BLOCK; i++)
            if (s->u[i] >= layer->threshold[i]) {
                pm_status status = pm_raster_append(out, t, (uint32_t)i, 0.0, error);
                if (status != PM_OK)
                    return status;
            }
    size_t fired = out->n - first;
    if (fired > 0 && layer->inhibition != 0.0)
        inhibit(layer->n_out, (double)fired * layer->inhibition, layer->threshold, s->u);
    for (size_t k = first; k < out->n; k++) {
        uint32_t i = out->neuron[k];
        s->u[i] -= layer->threshold[i] * (1.0 + layer->inhibition); /* it does not inhibit itself */
        bool listed = (t - s->last[i]) / layer->t_ref < 1.0;        /* the test of recover() */
        s->last[i] = t;
        if (layer->t_ref > 0.0 && !listed)
            s->recovering[(*n)++] = i;
    }
    return PM_OK;
}

enum { BATCH = 64 };

/* By how much potentials decay from the spike before to each of spikes `from` and following. */
static void find_decays(const pm_raster *in, size_t from, double tau, double decay[BATCH]) {
    size_t n = in->n - from < BATCH ? in->n - from : BATCH;
    for (size_t k = from; k < from + n; k++)
        decay[k - from] = ((k > 0 ? in->time[k - 1] : 0.0) - in->time[k]) / tau;
    pm_exponentials(n, decay);
}

pm_status pm_impulse_run(const pm_impulse *layer, pm_impulse_state *state, const pm_raster *in, double duration,
                         pm_raster *out, pm_error *error) {
    size_t recovering = 0, begin = 0;
    double now = 0.0, decays[BATCH]; /* of spikes `begin` and following */
    pm_status status = PM_OK;
    out->n = 0;
    for (size_t i = 0; i < layer->n_out; i++) {
        state->u[i] = 0.0;
        state->last[i] = -INFINITY;
    }
    for (size_t from = 0, to; from < in->n && status == PM_OK; from = to) {
        if (from == 0 || from >= begin + BATCH)
            find_decays(in, begin = from, layer->tau, decays);
        double t = in->time[from], decay = decays[from - begin];
        for (to = from + 1; to < in->n && in->time[to] == t;)
            to++;
        const double *row = arriving(layer, state, in, from, to);
        recovering = recover(layer, state, recovering, t, decay, row);
        int64_t any = step(layer->n_out, decay, row, layer->threshold,
                           layer->weight + in->neuron[to < in->n ? to : from] * layer->n_out, state->u, state->reached);
        for (size_t k = 0; k < recovering; k++) {
            uint32_t i = state->recovering[k];
            state->u[i] = state->kept[k];
            any |= state->reached[i / BLOCK] |= state->u[i] >= layer->threshold[i];
        }
        if (any)
            status = fire(layer, state, t, &recovering, out, error);
        now = t;
    }
    double decay = pm_exp((now - duration) / layer->tau);
    for (size_t i = 0; i < layer->n_out; i++)
        state->u[i] *= decay;
    return status;
}

void pm_impulse_traces(const pm_raster *spikes, double tau, double at, size_t n, double *trace) {
    memset(trace, 0, n * sizeof *trace);
    for (size_t from = 0; from < spikes->n; from += BATCH) {
        size_t count = spikes->n - from < BATCH ? spikes->n - from : BATCH;
        double part[BATCH];
        for (size_t k = 0; k < count; k++)
            part[k] = (spikes->time[from + k] - at) / tau;
        pm_exponentials(count, part);
        for (size_t k = 0; k < count; k++)
            trace[spikes->neuron[from + k]] += part[k];
    }
}
