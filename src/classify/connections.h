/* How the layers of an exact classifier are connected: dense, by a convolution, or by receptive fields; its initial
 * weights; and what its neurons' spikes mean to each row and column of them. Weights in pA. */
#ifndef PM_CLASSIFY_CONNECTIONS_H
#define PM_CLASSIFY_CONNECTIONS_H

#include "classify/classification.h"

typedef struct pm_connections {
    size_t n_layers;
    size_t sizes[PM_MOST_LAYERS + 1];    /* of populations as the next layer sees them, the input first */
    pm_maps shapes[PM_MOST_LAYERS + 1]; /* of these, where they have one */
    pm_patches patches[PM_MOST_LAYERS];  /* of layers that are not dense; others have none */
    uint8_t *fields; /* of the first layer, if it has receptive fields: 1 where there is a synapse, 0 elsewhere, in the
                        order of its weights */
} pm_connections;

/* Sizes and shapes alone. Errors: PM_INVALID where a layer does not fit what it sees. */
pm_status pm_connections_size(pm_connections *n, const pm_classification *c, const pm_dataset *train, pm_error *error);
/* All. Errors: likewise; PM_NO_MEMORY. There is something to free in any case. */
pm_status pm_connections_new(pm_connections *n, const pm_classification *c, const pm_dataset *train, uint64_t key,
                             pm_error *error);
void pm_connections_free(pm_connections *n);
/* The patches of layer l; NULL: it is dense. */
static inline const pm_patches *pm_connections_of(const pm_connections *n, size_t l) {
    return n->patches[l].n > 0 ? &n->patches[l] : NULL;
}

/* Takes weights of the first layer away that are in no receptive field. */
void pm_connections_limit(const pm_connections *n, double *weight, size_t from, size_t count);
/* Where the weight between two neurons of layer l is; of layers whose weights are shared, by row and column of these.
 * PM_NO_WEIGHT: there is none. */
size_t pm_connections_place(const pm_connections *n, size_t l, size_t stride, size_t source, size_t target);
/* Initial weights of layer l, in rows of `stride`, from its normal distribution: a stream of `key` for each source. */
void pm_connections_draw(const pm_connections *n, const pm_classification_layer *layer, size_t l, uint64_t key,
                         size_t stride, double *weight);

/* What comes over the weights of each row: the spikes of its source, or their mean where sources share it. fired[] are
 * those of all sources of layer l. */
void pm_connections_inflow(const pm_connections *n, size_t l, const uint64_t *fired, double *inflow);
/* What is fired over each column, for every block of rows that targets share: mean[block * stride + column], NAN where
 * there is no neuron. fired[] are spikes of all neurons of layer l as the next one sees them. */
void pm_connections_outflow(const pm_connections *n, size_t l, size_t stride, const uint64_t *fired, double *mean);
/* How many such blocks there are, and which one a row is in. */
size_t pm_connections_blocks(const pm_connections *n, size_t l);
static inline size_t pm_connections_block(const pm_connections *n, size_t l, size_t row) {
    return n->patches[l].n > 0 ? n->patches[l].owner[row] : 0;
}
/* Whether a row's source is one of the first `n_features` inputs, which a bias is not. */
static inline bool pm_connections_is_feature(const pm_connections *n, size_t l, size_t row, size_t n_features) {
    return (n->patches[l].n > 0 ? n->patches[l].source[row] : row) < n_features;
}

#endif
