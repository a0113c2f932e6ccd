/* Connections of a layer that is not dense: patches of neurons that see the same sources, and no others. Each is a
 * small dense layer. Patches may share their weights, as those of a convolution do, or have their own, as receptive
 * fields. */
#ifndef PM_LAYER_PATCHES_H
#define PM_LAYER_PATCHES_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maps of features, as which neurons are laid out: neuron (c * height + y) * width + x. */
typedef struct pm_maps {
    size_t channels, height, width; /* all 0: there is no such order */
} pm_maps;

static inline size_t pm_maps_size(const pm_maps *s) { return s->channels * s->height * s->width; }

typedef struct pm_patch {
    size_t source, n_sources; /* from this number on in pm_patches.source, ascending */
    size_t target, n_targets; /* likewise */
    size_t row;               /* of the weights from its first source; the others follow */
} pm_patch;

/* A source's way into a patch. */
typedef struct pm_tap {
    uint32_t patch, number; /* number: of the source among those of the patch */
} pm_tap;

typedef struct pm_patches {
    size_t n_in, n_out; /* neurons before, and those that fire */
    size_t n;
    pm_patch *patch;
    size_t n_sources; /* of all patches */
    uint32_t *source, *target; /* source[row] is a source of that row of weights */
    size_t *first; /* n_in + 1 places: of each source, its first tap; and their number */
    pm_tap *tap;
    pm_tap *home;          /* of each neuron that fires: its patch, and its number there */
    size_t n_rows, stride; /* weights: n_rows x stride, column by number in the patch; the padding of every row is 0 */
    uint32_t *owner;       /* of each row: the first patch that has it */
    bool shared;           /* all patches have the same rows; otherwise each its own */
    uint32_t *window;      /* of each neuron that fires: only the first spike of a window goes on; NULL: all do */
    size_t n_windows;      /* neurons that the next layer sees; without windows n_out */
} pm_patches;

/* How one layer of pictures is seen by the next. */
typedef struct pm_convolution {
    size_t channels, size, stride, pool; /* neurons at a place; sides in neurons before, of windows in neurons after */
} pm_convolution;

/* The shapes of what fires and of what goes on. False where the kernel is larger than what it sees. */
bool pm_convolution_shapes(const pm_convolution *c, const pm_maps *in, pm_maps *fires, pm_maps *passes);
/* Every place of a convolution is a patch, whose weights all share; sources beyond the shape (a bias) are seen from
 * everywhere. Windows of pool x pool neurons of a channel; those at the far edges may be smaller. Errors: PM_INVALID
 * for a kernel that is larger than what it sees, PM_NO_MEMORY. */
pm_status pm_patches_convolve(pm_patches *p, const pm_convolution *c, const pm_maps *in, size_t n_in, pm_error *error);
/* Patches of up to `width` neurons whose fields are alike: fields[i * stride + j] other than 0 where neuron
 * j sees source i. A patch sees what any of its neurons does. Errors: PM_NO_MEMORY. */
pm_status pm_patches_gather(pm_patches *p, const uint8_t *fields, size_t n_in, size_t n_out, size_t stride,
                            size_t width, pm_error *error);
void pm_patches_free(pm_patches *p);

static const size_t PM_NO_WEIGHT = SIZE_MAX;
/* Where the weight from a source to a neuron that fires is; PM_NO_WEIGHT: there is none. */
size_t pm_patches_place(const pm_patches *p, size_t source, size_t target);
#endif
