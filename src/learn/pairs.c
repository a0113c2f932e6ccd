/* Pairs of observed and desired spikes: an alignment at the least cost, by dynamic programming over both trains of a
 * neuron, and the demands that follow from it. */
#include "learn/pairs.h"

#include <math.h>
#include <stdlib.h>

size_t pm_train_of(const pm_raster *raster, uint32_t neuron, double *times, double *slope) {
    size_t n = 0;
    for (size_t k = 0; k < raster->n; k++)
        if (raster->neuron[k] == neuron) {
            if (slope)
                slope[n] = raster->slope[k];
            times[n++] = raster->time[k];
        }
    return n;
}

enum { LONGEST_TRAIN = 2000 }; /* the alignment's table is its square */

void pm_alignment_free(pm_alignment *a) {
    free(a->observed);
    free(a->partner_of_observed);
    free(a->cost);
    *a = (pm_alignment){0};
}

static pm_status reserve(pm_alignment *a, size_t n, pm_error *error) {
    if (n <= a->capacity)
        return PM_OK;
    free(a->observed);
    free(a->partner_of_observed);
    a->capacity = 0;
    a->observed = malloc(3 * n * sizeof *a->observed);
    a->partner_of_observed = malloc(2 * n * sizeof *a->partner_of_observed);
    if (!a->observed || !a->partner_of_observed)
        return pm_fail_memory(error, "the pairing of spikes");
    a->desired = a->observed + n;
    a->slope = a->desired + n;
    a->partner_of_desired = a->partner_of_observed + n;
    a->capacity = n;
    return PM_OK;
}

static double pair_cost(const pm_alignment *a, size_t i, size_t j, double tau) {
    double d = (a->observed[i] - a->desired[j]) / tau;
    return 0.5 * d * d;
}

static void fill_costs(pm_alignment *a, double tau) {
    size_t width = a->m + 1;
    for (size_t i = 0; i <= a->n; i++)
        for (size_t j = 0; j <= a->m; j++) {
            double best = i + j > 0 ? INFINITY : 0.0;
            if (i > 0)
                best = fmin(best, a->cost[(i - 1) * width + j] + 1.0);
            if (j > 0)
                best = fmin(best, a->cost[i * width + j - 1] + 1.0);
            if (i > 0 && j > 0)
                best = fmin(best, a->cost[(i - 1) * width + j - 1] + pair_cost(a, i - 1, j - 1, tau));
            a->cost[i * width + j] = best;
        }
}

pm_status pm_align(pm_alignment *a, const pm_raster *observed, const pm_raster *desired, uint32_t neuron, double tau,
                   pm_error *error) {
    pm_status status = reserve(a, (observed->n > desired->n ? observed->n : desired->n) + 1, error);
    if (status)
        return status;
    a->n = pm_train_of(observed, neuron, a->observed, a->slope);
    a->m = pm_train_of(desired, neuron, a->desired, NULL);
    a->n = a->n < LONGEST_TRAIN ? a->n : LONGEST_TRAIN;
    a->m = a->m < LONGEST_TRAIN ? a->m : LONGEST_TRAIN;
    size_t width = a->m + 1, needed = (a->n + 1) * width;
    if (needed > a->cost_capacity) {
        double *grown = realloc(a->cost, 2 * needed * sizeof *grown);
        if (!grown)
            return pm_fail_memory(error, "the pairing of spikes");
        a->cost = grown;
        a->cost_capacity = 2 * needed;
    }
    fill_costs(a, tau);
    for (size_t i = a->n, j = a->m; i > 0 || j > 0;) {
        double here = a->cost[i * width + j];
        if (i > 0 && here == a->cost[(i - 1) * width + j] + 1.0) {
            a->partner_of_observed[--i] = PM_ALONE;
        } else if (j > 0 && here == a->cost[i * width + j - 1] + 1.0) {
            a->partner_of_desired[--j] = PM_ALONE;
        } else {
            i--;
            j--;
            a->partner_of_observed[i] = j;
            a->partner_of_desired[j] = i;
        }
    }
    return PM_OK;
}

pm_status pm_pairing_new(pm_pairing *p, const pm_layered *net, pm_error *error) {
    p->alignment = (pm_alignment){0};
    return pm_sensitivity_new(&p->sensitivity, &net->layers[net->n_layers - 1], error);
}

void pm_pairing_free(pm_pairing *p) {
    pm_alignment_free(&p->alignment);
    pm_sensitivity_free(&p->sensitivity);
}

/* Moves the potential of an output neuron at t by so many mV, on the shortest way. */
static void move_potential(pm_pairing *p, const pm_layered *net, uint32_t neuron, double t, double amount,
                           double *change) {
    size_t last = net->n_layers - 1;
    const pm_raster *out = &net->rasters[last + 1];
    const pm_layer *layer = &net->layers[last];
    pm_sensitivity *s = &p->sensitivity;
    pm_sensitivity_begin(s, &net->rasters[last]);
    for (size_t k = 0; k < out->n && out->time[k] < t; k++)
        if (out->neuron[k] == neuron)
            pm_sensitivity_fire(s, out->time[k]);
    pm_sensitivity_at(s, t);
    double squares = pm_sum_squares(layer->n_in, s->row);
    for (size_t i = 0; squares > 0.0 && i < layer->n_in; i++)
        change[i * layer->stride + neuron] += amount / squares * s->row[i];
}

static void judge(pm_pairing *p, const pm_layered *net, uint32_t neuron, double *delta, double *change) {
    const pm_raster *out = &net->rasters[net->n_layers];
    const pm_alignment *a = &p->alignment;
    bool recruit = change && p->recruit > 0.0;
    size_t i = 0;
    for (size_t k = 0; k < out->n && i < a->n; k++) {
        if (out->neuron[k] != neuron)
            continue;
        if (a->partner_of_observed[i] != PM_ALONE)
            delta[k] += a->observed[i] - a->desired[a->partner_of_observed[i]];
        else if (recruit)
            move_potential(p, net, neuron, out->time[k], -p->recruit, change);
        i++;
    }
    for (size_t j = 0; recruit && j < a->m && (j == 0 || !p->first); j++)
        if (a->partner_of_desired[j] == PM_ALONE)
            move_potential(p, net, neuron, a->desired[j], p->recruit, change);
}

pm_status pm_pairing_judge(pm_pairing *p, const pm_layered *net, const pm_raster *desired, double *delta,
                           double *change, pm_error *error) {
    size_t last = net->n_layers - 1;
    pm_status status = PM_OK;
    double tau = p->window / 2.0; /* where a pair costs as much as two spikes alone */
    for (uint32_t o = 0; !status && o < net->layers[last].n_out; o++) {
        status = pm_align(&p->alignment, &net->rasters[last + 1], desired, o, tau, error);
        if (!status)
            judge(p, net, o, delta, change);
    }
    return status;
}
