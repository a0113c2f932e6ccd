/* Distances between spike trains, in closed form, and spikes of two runs side by side. Trains are times in ms, in
 * ascending order. Time constants and costs may be 0 and infinite: limits. */
#ifndef PUNCTUM_METRIC_H
#define PUNCTUM_METRIC_H

#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* <x, y> of the trains filtered by exp(-t/tau), divided by tau / 2: sum over pairs of exp(-|t_i - t_j| / tau). Linear
 * time. */
PM_API double pm_train_product(const double *x, size_t n_x, const double *y, size_t n_y, double tau);

/* Spike correlation C = <x, y> / (|x| |y|), 1 for two empty trains, 0 if one is empty. */
PM_API double pm_train_correlation(const double *x, size_t n_x, const double *y, size_t n_y, double tau);

/* The integral of the squared difference of the filtered trains, divided by tau: 1/2 (<x, x> + <y, y>) - <x, y>, but
 * for rounding, which is relative to the distance here. Its square root is the van Rossum distance; one spike more or
 * less is a distance of sqrt(1/2) (M. C. W. van Rossum, Neural Computation 13, 2001). */
PM_API double pm_train_square_distance(const double *x, size_t n_x, const double *y, size_t n_y, double tau);
PM_API double pm_train_van_rossum(const double *x, size_t n_x, const double *y, size_t n_y, double tau);

/* Victor-Purpura distance: the smallest cost of turning x into y, where a spike inserted or deleted costs 1 and one
 * moved by d costs cost_per_ms * d (J. D. Victor and K. P. Purpura, J. Neurophysiol. 76, 1996). PM_NO_MEMORY. */
PM_API pm_status pm_train_victor_purpura(const double *x, size_t n_x, const double *y, size_t n_y, double cost_per_ms,
                                         double *distance, pm_error *error);

/* Whether the trains have the same number of spikes and the k-th ones differ by at most `window` ms. */
PM_API int pm_train_matches(const double *x, size_t n_x, const double *y, size_t n_y, double window);

typedef struct pm_match {
    size_t matched, missing, extra; /* missing from the second run, extra in it */
    double largest, median;         /* absolute difference in time of matched spikes, ms; NAN without a match */
} pm_match;

/* Matches spikes of `b` with those of the reference `a`, neuron by neuron: as many pairs as possible whose times differ
 * by at most `window` ms. Both arrays are sorted by (population, neuron, time) on the way. Errors: PM_NO_MEMORY. */
PM_API pm_status pm_match_spikes(pm_spike *a, size_t n_a, pm_spike *b, size_t n_b, double window, pm_match *match,
                                 pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
