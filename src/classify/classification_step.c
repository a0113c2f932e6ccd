/* One step of training on a batch. The parts' gradients are summed in the order of the parts, row by row of the
 * weights, just before the optimiser's step on that row; where ranks share the parts, the sums go from rank to rank
 * before it. Invariant: a row's new weights are a function of its old ones, of its optimiser's memory and of the parts'
 * gradients and spikes, whoever computes them; those outside receptive fields stay 0. */
#include "classify/classification_trainer.h"

#include "math/elementary.h"

#include <math.h>

static void count_fired(pm_class_trainer *t) {
    uint64_t *fired = t->fired;
    for (size_t l = 0; l < t->of->n_layers; fired += t->net.sizes[l++])
        for (size_t j = 0; j < t->net.sizes[l]; j++) {
            fired[j] = 0;
            for (size_t p = 0; p < t->n_parts; p++)
                fired[j] += t->parts[p].fired[l][j];
        }
    if (t->relay)
        t->relay->ranks->sum(t->relay->ranks->user, t->fired, t->n_sources);
}

typedef struct addend {
    const pm_class_trainer *of;
    size_t layer;
} addend;

/* A pm_relay_add: the sum goes into the first own part's gradient. What comes from before is the first term of a sum of
 * two, which is the same in either order. */
static void add_parts(void *of, const double *before, size_t from, size_t n) {
    enum { BLOCK = 2048 };
    const addend *a = of;
    const pm_class_trainer *t = a->of;
    double *sum = t->parts[0].gradient[a->layer] + from;
#pragma omp parallel for schedule(static)
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        size_t end = begin + BLOCK < n ? begin + BLOCK : n;
        for (size_t j = begin; before && j < end; j++)
            sum[j] += before[j];
        for (size_t p = 1; p < t->n_parts; p++)
            for (size_t j = begin; j < end; j++)
                sum[j] += t->parts[p].gradient[a->layer][from + j];
    }
}

double pm_class_trainer_rate(const pm_class_trainer *t) {
    uint64_t epochs = t->images ? pm_image_trainer_counters(t->images)[0] : t->counters[0];
    size_t drops = t->of->decay_every > 0 ? (size_t)epochs / t->of->decay_every : 0;
    return t->of->rate * pm_pow(t->of->decay, (double)drops);
}

/* What regularisation adds to the weights of each neuron of layer l per spike of a source, from the neurons' spikes in
 * a batch of n. */
static void find_lifts(pm_class_trainer *t, size_t l, size_t n, const uint64_t *fired) {
    const pm_classification *c = t->of;
    double *lift = t->lift;
    for (size_t j = 0; j < t->net.strides[l]; j++)
        lift[j] = 0.0;
    for (size_t j = 0; l + 1 < c->n_layers && j < t->net.sizes[l + 1]; j++) {
        double mean = (double)fired[j] / ((double)n * (1.0 - c->layers[l].dropout));
        if (mean < c->lowest)
            lift[j] = c->lift * (c->lowest - mean);
        else if (mean > c->highest)
            lift[j] = c->lift * (c->highest - mean);
    }
}

/* Sums the gradients of row i of layer l into the first part's, unless ranks have done so, and moves the row's weights.
 */
static bool step_row(pm_class_trainer *t, size_t l, size_t i, size_t n, uint64_t fired, double rate) {
    const pm_classification *c = t->of;
    size_t stride = t->net.strides[l], at = i * stride;
    double *sum = t->parts[0].gradient[l] + at, *weight = t->net.weight[l] + at;
    double inverse = 1.0 / (double)n, keep = 1.0 - c->weight_decay * rate / c->rate, total = 0.0;
    double spikes = inverse * (double)fired;
    for (size_t p = 1; !t->relay && p < t->n_parts; p++)
        for (size_t j = 0; j < stride; j++)
            sum[j] += t->parts[p].gradient[l][at + j];
    for (size_t j = 0; j < stride; j++)
        sum[j] *= inverse;
    c->optimiser->step(c->optimiser_parameters, t->memory[l] + at * c->optimiser->memory, t->counters[1],
                       rate * c->layers[l].rate, stride, sum, weight);
    for (size_t j = 0; j < stride; j++)
        weight[j] = weight[j] * keep + spikes * t->lift[j];
    for (size_t j = 0; l == 0 && t->fields && j < stride; j++)
        weight[j] *= t->fields[at + j];
    for (size_t j = 0; j < stride; j++)
        total += fabs(weight[j]);
    double steps = (double)t->counters[1], old = steps / (steps + 10.0); /* the first weights are soon forgotten */
    old = old < c->average ? old : c->average;
    for (size_t j = 0; t->average[l] && j < stride; j++)
        t->average[l][at + j] += (1.0 - old) * (weight[j] - t->average[l][at + j]);
    return isfinite(total);
}

pm_status pm_class_trainer_step(pm_class_trainer *t, size_t n, pm_error *error) {
    double rate = pm_class_trainer_rate(t);
    t->counters[1]++;
    int diverged = 0;
    const uint64_t *fired = t->fired;
    count_fired(t);
    for (size_t l = 0; l < t->net.n_layers; fired += t->net.sizes[l++]) {
        addend own = {t, l};
        find_lifts(t, l, n, fired + t->net.sizes[l]);
        if (t->relay && t->parts[0].wanted[l])
            t->relay->sum(t->relay->user, t->parts[0].gradient[l], pm_classifier_weights(&t->net, l), add_parts, &own);
#pragma omp parallel for schedule(static) reduction(| : diverged)
        for (size_t i = 0; i < t->net.sizes[l]; i++)
            diverged |= !step_row(t, l, i, n, fired[i], rate);
    }
    return diverged
               ? pm_fail(error, PM_FAILED,
                         "training diverged: weights are no finite numbers any more after step %llu; a smaller rate "
                         "may help",
                         (unsigned long long)t->counters[1])
               : PM_OK;
}
