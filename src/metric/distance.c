/* Pairwise sums of exponentials by one sweep over the merged trains. Invariant of the sweep: `past_x`, `past_y` are the
 * sums of exp(-(now - t)/tau) over the spikes before now, so each spike meets all earlier ones of the other train once.
 * Distances are summed as such, not as differences of products, so that trains almost alike keep their digits. */
#include <punctum/metric.h>

#include "math/elementary.h"
#include "math/exponential.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* What is left of a filtered spike after `gap` ms: none of it at once for tau = 0, all of it for ever for infinity. */
static double left(double gap, double tau) { return gap > 0.0 ? pm_exp(-gap / tau) : 1.0; }

double pm_train_product(const double *x, size_t n_x, const double *y, size_t n_y, double tau) {
    double sum = 0.0, past_x = 0.0, past_y = 0.0, now = INFINITY;
    for (size_t i = 0, j = 0; i < n_x || j < n_y;) {
        bool from_x = j == n_y || (i < n_x && x[i] <= y[j]);
        double t = from_x ? x[i++] : y[j++];
        double decay = left(t - now, tau);
        past_x *= decay;
        past_y *= decay;
        sum += from_x ? past_y : past_x;
        *(from_x ? &past_x : &past_y) += 1.0;
        now = t;
    }
    return sum;
}

double pm_train_correlation(const double *x, size_t n_x, const double *y, size_t n_y, double tau) {
    if (n_x == 0 || n_y == 0)
        return n_x == n_y ? 1.0 : 0.0;
    double xx = pm_train_product(x, n_x, x, n_x, tau), yy = pm_train_product(y, n_y, y, n_y, tau);
    return pm_train_product(x, n_x, y, n_y, tau) / sqrt(xx * yy);
}

/* With f the difference of the filtered trains just after a spike, the integral to the next one is
 * f^2 (1 - e^(-2 gap/tau)) tau/2. Nothing is subtracted but decays from spikes, and that as f + f (e^x - 1). */
double pm_train_square_distance(const double *x, size_t n_x, const double *y, size_t n_y, double tau) {
    double twice = 0.0, f = 0.0, now = INFINITY;
    for (size_t i = 0, j = 0; i < n_x || j < n_y;) {
        bool from_x = j == n_y || (i < n_x && x[i] <= y[j]);
        double t = from_x ? x[i++] : y[j++], gap = t - now;
        double lost = gap > 0.0 ? -pm_exponential_at(-gap / tau).m1 : 0.0;
        twice += f * f * (lost * (2.0 - lost));
        f = (f + (from_x ? 1.0 : -1.0)) - f * lost;
        now = t;
    }
    return 0.5 * (twice + f * f);
}

double pm_train_van_rossum(const double *x, size_t n_x, const double *y, size_t n_y, double tau) {
    return sqrt(pm_train_square_distance(x, n_x, y, n_y, tau));
}

pm_status pm_train_victor_purpura(const double *x, size_t n_x, const double *y, size_t n_y, double cost_per_ms,
                                  double *distance, pm_error *error) {
    double *row = malloc((n_y + 1) * sizeof *row);
    if (!row)
        return pm_fail_memory(error, "a spike train distance");
    for (size_t j = 0; j <= n_y; j++)
        row[j] = (double)j;
    for (size_t i = 0; i < n_x; i++) {
        double diagonal = row[0];
        row[0] += 1.0;
        for (size_t j = 0; j < n_y; j++) {
            double far = fabs(x[i] - y[j]), move = diagonal + (far > 0.0 ? cost_per_ms * far : 0.0);
            double other = fmin(row[j], row[j + 1]) + 1.0;
            diagonal = row[j + 1];
            row[j + 1] = fmin(move, other);
        }
    }
    *distance = row[n_y];
    free(row);
    return PM_OK;
}

int pm_train_matches(const double *x, size_t n_x, const double *y, size_t n_y, double window) {
    if (n_x != n_y)
        return 0;
    for (size_t k = 0; k < n_x; k++)
        if (!(fabs(x[k] - y[k]) <= window))
            return 0;
    return 1;
}
