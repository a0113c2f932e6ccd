/* Dynamic programming over both trains of a neuron: cost[i][j] is the least cost of the first i observed and the first
 * j desired spikes. Trains of one neuron are small, so the quadratic table is no burden; very long ones are cut. */
#include "gradient/alignment.h"

#include "base/list.h"

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

enum { LONGEST_TRAIN = 2000 }; /* a train that long is far from any target */

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

static double pair_cost(pm_pair_cost kind, double scale, double apart) {
    double d = fabs(apart) / scale;
    return kind == PM_PAIR_LINEAR ? d : 0.5 * d * d;
}

static void fill_costs(pm_alignment *a, pm_pair_cost kind, double scale) {
    size_t width = a->m + 1;
    for (size_t i = 0; i <= a->n; i++)
        for (size_t j = 0; j <= a->m; j++) {
            double best = i + j > 0 ? INFINITY : 0.0;
            if (i > 0)
                best = fmin(best, a->cost[(i - 1) * width + j] + 1.0);
            if (j > 0)
                best = fmin(best, a->cost[i * width + j - 1] + 1.0);
            if (i > 0 && j > 0)
                best = fmin(best, a->cost[(i - 1) * width + j - 1] +
                                      pair_cost(kind, scale, a->observed[i - 1] - a->desired[j - 1]));
            a->cost[i * width + j] = best;
        }
}

/* Moves n instants apart: time[k] - k closest has to be non-decreasing, which is isotonic regression. Pools of instants
 * that would overtake each other share their mean (the pool-adjacent-violators algorithm; R. E. Barlow and
 * H. D. Brunk, Journal of the American Statistical Association 67:140, 1972). `size`: workspace for n. */
static void spread(double *time, size_t *size, size_t n, double closest) {
    size_t pools = 0;
    for (size_t k = 0; k < n; k++) {
        double mean = time[k] - (double)k * closest, count = 1.0;
        for (; pools > 0 && time[pools - 1] > mean; pools--) {
            double other = (double)size[pools - 1];
            mean = (other * time[pools - 1] + count * mean) / (other + count);
            count += other;
        }
        time[pools] = mean;
        size[pools++] = (size_t)count;
    }
    for (size_t k = n; pools > 0; pools--) {
        const double mean = time[pools - 1];
        for (size_t left = size[pools - 1]; left > 0; left--) {
            k--;
            time[k] = mean + (double)k * closest;
        }
    }
}

pm_status pm_align(pm_alignment *a, const pm_raster *observed, const pm_raster *desired, uint32_t neuron,
                   pm_pair_cost kind, double scale, double closest, pm_error *error) {
    pm_status status = reserve(a, (observed->n > desired->n ? observed->n : desired->n) + 1, error);
    if (status)
        return status;
    a->n = pm_train_of(observed, neuron, a->observed, a->slope);
    a->m = pm_train_of(desired, neuron, a->desired, NULL);
    a->n = a->n < LONGEST_TRAIN ? a->n : LONGEST_TRAIN;
    a->m = a->m < LONGEST_TRAIN ? a->m : LONGEST_TRAIN;
    if (closest > 0.0)
        spread(a->desired, a->partner_of_desired, a->m, closest);
    size_t width = a->m + 1, needed = (a->n + 1) * width;
    if (!pm_list_reserve((void **)&a->cost, &a->cost_capacity, needed, sizeof *a->cost))
        return pm_fail_memory(error, "the pairing of spikes");
    fill_costs(a, kind, scale);
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
