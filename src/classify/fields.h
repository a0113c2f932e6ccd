/* Receptive fields that come from the statistics of the inputs, not from knowing where an input lies. Inputs whose
 * intensities correlate are neighbours: a and b are tied if each is among the PM_FIELD_NEIGHBOURS inputs that the other
 * one's intensity correlates with most (Pearson), over all examples. Of images, that is the raster of pixels, found
 * without being told (N. Le Roux, Y. Bengio, P. Lamblin, M. Joliveau and B. Kegl, "Learning the 2-D topology of
 * images", NIPS 2007): pixels in any other order have the same fields. */
#ifndef PM_CLASSIFY_FIELDS_H
#define PM_CLASSIFY_FIELDS_H

#include "data/dataset.h"

enum { PM_FIELD_NEIGHBOURS = 8 };

/* For each of n_out neurons a field of inputs that are at most `steps` ties away from a centre, which is drawn in
 * proportion to the standard deviation of intensities; neuron j draws number j of the stream of `key`. Inputs beyond
 * the features (a bias) are in all fields. (*fields)[i * stride + j], j < n_out, is 1 where input i is in the field of
 * neuron j and 0 elsewhere; to be freed by the caller. Costs, for each example, the square of its inputs that are not
 * 0. Errors: PM_INVALID for examples that are not bytes or all alike, PM_NO_MEMORY. */
pm_status pm_fields_new(const pm_dataset *data, size_t n_in, size_t n_out, size_t stride, size_t steps, uint64_t key,
                        uint8_t **fields, pm_error *error);

#endif
