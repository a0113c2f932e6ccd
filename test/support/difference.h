/* Losses on spike times, and their derivatives by finite differences of recomputed spikes. */
#ifndef TEST_SUPPORT_DIFFERENCE_H
#define TEST_SUPPORT_DIFFERENCE_H

#include "layer/layer.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the loss: any smooth function of all spike times ------------------------------------------------------------- */

enum { MAX_NEURONS = 32 };

/* The ordinal-th spike of a neuron has a weight of its own, so that neurons may change places in the order of spikes.
 * */
static inline double coefficient(uint32_t neuron, size_t ordinal) {
    return sin(1.0 + 7.3 * neuron + 2.9 * (double)ordinal);
}
static inline double loss_of(uint32_t neuron, size_t ordinal, double time) {
    return coefficient(neuron, ordinal) * (time + sin(0.2 * time));
}
static inline double loss_slope(uint32_t neuron, size_t ordinal, double time) {
    return coefficient(neuron, ordinal) * (1.0 + 0.2 * cos(0.2 * time));
}

/* Sum over the spikes of neurons from `first` on; their numbers of spikes go to `count`. */
static inline double loss_of_raster(const pm_raster *spikes, uint32_t first, size_t *count) {
    double loss = 0.0;
    memset(count, 0, MAX_NEURONS * sizeof *count);
    for (size_t s = 0; s < spikes->n; s++) {
        uint32_t n = spikes->neuron[s];
        loss += n < first ? 0.0 : loss_of(n, count[n], spikes->time[s]);
        count[n]++;
    }
    return loss;
}

static inline double *loss_slopes(const pm_raster *spikes, uint32_t first) {
    size_t count[MAX_NEURONS] = {0};
    double *slopes = calloc(spikes->n + 1, sizeof *slopes);
    ck_assert_ptr_nonnull(slopes);
    for (size_t s = 0; s < spikes->n; s++) {
        uint32_t n = spikes->neuron[s];
        slopes[s] = n < first ? 0.0 : loss_slope(n, count[n], spikes->time[s]);
        count[n]++;
    }
    return slopes;
}

/* --- finite differences ------------------------------------------------------------------------------------------- */

/* The loss with *parameter changed, NAN if other spikes are fired than without the change. */
typedef double loss_function(void *problem);

static inline double loss_with(loss_function *loss, void *problem, double *parameter, double value) {
    double kept = *parameter;
    *parameter = value;
    double result = loss(problem);
    *parameter = kept;
    return result;
}

/* Central differences of fourth order for a series of steps; the three successive ones that agree best decide, and
 * their spread estimates the error: truncation falls with the fourth power of the step, rounding grows with its
 * inverse. A series that agrees well enough goes no further. */
static inline double difference(loss_function *loss, void *problem, double *parameter, double step, double *uncertain) {
    enum { STEPS = 8 };
    static const double GOOD = 1e-8;
    double x = *parameter, at[STEPS], best = NAN;
    *uncertain = INFINITY;
    for (int k = 0; k < STEPS && !(*uncertain <= GOOD * fabs(best)); k++, step /= 3.0) {
        double near = loss_with(loss, problem, parameter, x + step) - loss_with(loss, problem, parameter, x - step);
        double far =
            loss_with(loss, problem, parameter, x + 2.0 * step) - loss_with(loss, problem, parameter, x - 2.0 * step);
        at[k] = (8.0 * near - far) / (12.0 * step);
        double spread = k < 2 ? NAN : fabs(at[k] - at[k - 1]) + fabs(at[k - 1] - at[k - 2]);
        if (spread < *uncertain) {
            *uncertain = spread;
            best = at[k - 1];
        }
    }
    return best;
}

/* Counts of comparisons made and of draws that finite differences cannot judge. */
typedef struct tally {
    size_t kept, skipped;
} tally;

static const double TOLERANCE = 1e-6; /* relative; finite differences are used where they are known to 3e-7 */

static inline void compare(tally *t, loss_function *loss, void *problem, double *parameter, double step,
                           double gradient, double scale, const char *what, size_t number) {
    double uncertain, expected = difference(loss, problem, parameter, step, &uncertain);
    double size = fmax(fabs(expected), 1e-3 * scale); /* a derivative far below the others drowns in their rounding */
    if (!(uncertain <= 0.3 * TOLERANCE * size)) {
        t->skipped++;
        return;
    }
    t->kept++;
    ck_assert_msg(fabs(gradient - expected) <= TOLERANCE * size, "%s %zu: %.12g, expected %.12g", what, number,
                  gradient, expected);
}

static inline double largest(const double *x, size_t n) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(x[k]));
    return most;
}

#endif
