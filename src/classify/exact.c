/* The exact network as a model of classifiers. Each part of a batch is run by one thread into a gradient of its own.
 * The parts' gradients are summed in the order of the parts, row by row of the weights, just before the step of that
 * row; where ranks share the parts, the sums go from rank to rank before it. Invariant: nothing depends on which thread
 * or rank did what; a row's new weights are a function of its old ones and of the parts' gradients and spikes; those
 * outside receptive fields stay 0. */
#include "classify/classifier_model.h"

#include "classify/connections.h"
#include "math/draw.h"
#include "math/elementary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The work of one part of a batch. */
typedef struct part {
    pm_lane lane;
    double *gradient[PM_CLASSIFIER_MOST_ARRAYS]; /* of each block */
    double *wanted[PM_MOST_LAYERS];              /* of each layer's weights; NULL for hidden layers that do not learn */
    double *delays[PM_MOST_LAYERS];              /* of each layer's delays; NULL for those that do not learn */
    double *V_th[PM_MOST_LAYERS];                /* of each layer's thresholds, likewise */
    uint32_t *fired[PM_MOST_LAYERS];             /* spikes of each source of a layer, summed over the part's examples */
    uint8_t *dropped[PM_MOST_LAYERS];
    pm_deformer *deformer; /* NULL: pictures are as they are */
    uint8_t *picture;      /* deformed */
} part;

typedef struct exact {
    const pm_classification *of;
    const pm_dataset *train;
    pm_classifier net, tested;
    size_t n_delayed, delayed[PM_MOST_LAYERS];     /* the layers with delays */
    size_t n_threshold, threshold[PM_MOST_LAYERS]; /* and those whose neurons have thresholds of their own */
    pm_connections connections;
    const pm_relay *relay; /* NULL: there is one rank */
    size_t n_parts;        /* of a batch, those of this rank; what follows has as many places */
    part *parts;
    pm_lane *testers; /* on `tested` */
    uint64_t *fired;  /* spikes of inputs and hidden neurons in a batch, layer by layer */
    size_t n_sources;
    double *inflow; /* spikes over each row of weights of a layer in a batch */
    double *lift;   /* pA, of the neurons of a layer: by column of each block of its weights */
    double *dense;  /* weights of the first layer as a table, where it is stored in patches with weights of their own */
    double keep;    /* the share of every weight that a step leaves */
    uint64_t code_key, drop_key, deform_key, test_key;
} exact;

/* Blocks are the weights of all layers, then the delays of those that have some, then thresholds. */
static size_t blocks_of(const exact *m) { return m->net.n_layers + m->n_delayed + m->n_threshold; }
static bool is_thresholds(const exact *m, size_t block) { return block >= m->net.n_layers + m->n_delayed; }
static bool is_delays(const exact *m, size_t block) { return block >= m->net.n_layers && !is_thresholds(m, block); }
static size_t layer_of(const exact *m, size_t block) {
    return is_thresholds(m, block) ? m->threshold[block - m->net.n_layers - m->n_delayed]
           : is_delays(m, block)   ? m->delayed[block - m->net.n_layers]
                                   : block;
}
static double *numbers_of(const exact *m, const pm_classifier *net, size_t block) {
    const size_t l = layer_of(m, block);
    return is_thresholds(m, block) ? net->V_th[l] : is_delays(m, block) ? net->delays[l].value : net->weight[l];
}
static size_t length_of(const exact *m, size_t block) {
    const size_t l = layer_of(m, block);
    return is_thresholds(m, block) ? m->net.strides[l]
           : is_delays(m, block)   ? pm_classifier_delays(&m->net, l)
                                   : pm_classifier_weights(&m->net, l);
}
/* Numbers of a row: all, where there is one delay for each source or for each target. */
static size_t columns_of(const exact *m, size_t block) {
    const pm_delays *d = &m->net.delays[layer_of(m, block)];
    return !is_delays(m, block) || (d->by_source > 0 && d->by_target > 0) ? m->net.strides[layer_of(m, block)]
                                                                          : length_of(m, block);
}
static double rate_of(const exact *m, size_t block) {
    const pm_classification_layer *layer = &m->of->layers[layer_of(m, block)];
    return is_thresholds(m, block) ? layer->V_th.rate : is_delays(m, block) ? layer->delays.rate : layer->rate;
}

/* --- made and freed ----------------------------------------------------------------------------------------------- */

static bool part_new(part *p, const exact *m, pm_error *error) {
    const pm_classifier *net = &m->net;
    if (pm_lane_new(&p->lane, net, error))
        return false;
    p->lane.adjoint.input_times = m->of->opposition > 0.0;
    if (pm_deformation_any(&m->of->deform)) {
        p->picture = malloc(m->train->n_features);
        if (!p->picture || pm_deformer_new(&m->of->deform, m->train->width, m->train->height, &p->deformer, error))
            return false;
    }
    for (size_t k = 0; k < blocks_of(m); k++) {
        p->gradient[k] = aligned_alloc(64, (length_of(m, k) + 7) / 8 * 8 * sizeof(double));
        if (!p->gradient[k])
            return false;
        if (k >= net->n_layers && rate_of(m, k) > 0.0)
            (is_delays(m, k) ? p->delays : p->V_th)[layer_of(m, k)] = p->gradient[k];
    }
    p->lane.adjoint.delay = p->delays;
    p->lane.adjoint.V_th = p->V_th;
    for (size_t l = 0; l < net->n_layers; l++) {
        p->wanted[l] = l + 1 < net->n_layers && m->of->layers[l].rate <= 0.0 ? NULL : p->gradient[l];
        p->fired[l] = calloc(net->sizes[l], sizeof(uint32_t));
        p->dropped[l] = calloc(net->sizes[l], 1);
        if (!p->fired[l] || !p->dropped[l])
            return false;
    }
    return true;
}

static void part_free(part *p) {
    pm_lane_free(&p->lane);
    pm_deformer_free(p->deformer);
    free(p->picture);
    for (size_t k = 0; k < PM_CLASSIFIER_MOST_ARRAYS; k++)
        free(p->gradient[k]);
    for (size_t l = 0; l < PM_MOST_LAYERS; l++) {
        free(p->fired[l]);
        free(p->dropped[l]);
    }
}

static void destroy(void *model) {
    exact *m = model;
    for (size_t p = 0; m->parts && p < m->n_parts; p++)
        part_free(&m->parts[p]);
    for (size_t p = 0; m->testers && p < m->n_parts; p++)
        pm_lane_free(&m->testers[p]);
    free(m->parts);
    free(m->testers);
    free(m->fired);
    free(m->inflow);
    free(m->lift);
    free(m->dense);
    pm_connections_free(&m->connections);
    pm_classifier_free(&m->net);
    pm_classifier_free(&m->tested);
}

static double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

/* Of layer l, within their range. */
static void draw_delays(exact *m, size_t l, uint64_t key) {
    const pm_classification_delays *d = &m->of->layers[l].delays;
    const pm_draw draw = pm_draw_begin(&d->initial);
    pm_stream stream;
    gsl_rng *rng = pm_stream_new(&stream);
    pm_stream_start(rng, key, 0);
    for (size_t i = 0, n = pm_classifier_delays(&m->net, l); i < n; i++)
        m->net.delays[l].value[i] = clamp(pm_draw_next(&draw, rng, i), d->low, d->high);
}

/* No weights are outside of receptive fields. */
static void adopt(void *model) {
    exact *m = model;
    pm_connections_limit(&m->connections, m->net.weight[0], 0, pm_classifier_weights(&m->net, 0));
}

static void redraw(void *model, size_t candidate) {
    exact *m = model;
    for (size_t l = 0; l < m->net.n_layers; l++) {
        const uint64_t seed = m->of->seed + (l + PM_MOST_LAYERS * candidate) * 0x100000000u;
        const char *const words[] = {"classifier weights", "classifier delays"};
        pm_connections_draw(&m->connections, &m->of->layers[l], l, pm_stream_key(seed, words, 1), m->net.strides[l],
                            m->net.weight[l]);
        if (m->net.delays[l].value)
            draw_delays(m, l, pm_stream_key(seed, words + 1, 1));
        pm_classifier_reset_thresholds(&m->net, l);
    }
    adopt(m);
}

static pm_status net_new(pm_classifier *net, const pm_classification *c, const pm_connections *connections,
                         pm_error *error) {
    pm_status status =
        pm_classifier_new(net, &c->neuron, &c->readout, c->loss, connections->sizes, c->n_layers, error);
    net->duration = c->duration;
    memcpy(net->loss_parameters, c->loss_parameters, sizeof net->loss_parameters);
    net->desired = c->desired;
    net->n_desired = c->n_desired;
    net->slope_floor = c->slope_floor;
    net->receptors = c->receptors;
    net->n_receptors = c->n_receptors;
    for (size_t l = 0; l < c->n_layers; l++)
        net->sources[l] = c->layers[l].divided ? c->layers[l].sources : NULL;
    for (size_t l = 0; !status && l < c->n_layers; l++)
        if (pm_connections_of(connections, l))
            status = pm_classifier_patch(net, l, pm_connections_of(connections, l), error);
    for (size_t l = 0; !status && l < c->n_layers; l++) {
        if (c->layers[l].delays.given)
            status = pm_classifier_delay(net, l, (pm_delays_per)c->layers[l].delays.per, error);
        if (!status && c->layers[l].learns_V_th)
            status = pm_classifier_part_thresholds(net, l, error);
    }
    return status;
}

static pm_status build(exact *m, pm_error *error) {
    const pm_classification *c = m->of;
    const size_t *sizes = m->connections.sizes;
    pm_status status = pm_connections_new(&m->connections, c, m->train,
                                          pm_class_key(&pm_classifier_exact, c->seed, "fields"), error);
    if (!status && c->layers[0].divided)
        status = pm_classification_check_sources(c, 0, sizes[0], error);
    if (status == PM_INVALID && error) {
        const pm_error why = *error;
        return pm_fail(error, status, "%s: %.900s", c->file, why.message);
    }
    if (!status)
        status = net_new(&m->net, c, &m->connections, error);
    if (!status)
        status = net_new(&m->tested, c, &m->connections, error);
    if (status)
        return status;
    redraw(m, 0);
    size_t widest = 0, most_rows = 0;
    for (size_t l = 0; l < c->n_layers; l++) {
        if (c->layers[l].delays.given)
            m->delayed[m->n_delayed++] = l;
        if (c->layers[l].learns_V_th)
            m->threshold[m->n_threshold++] = l;
        const size_t width = pm_connections_blocks(&m->connections, l) * m->net.strides[l];
        widest = width > widest ? width : widest;
        most_rows = m->net.rows[l] > most_rows ? m->net.rows[l] : most_rows;
        m->n_sources += sizes[l];
    }
    m->inflow = calloc(most_rows + 1, sizeof *m->inflow);
    const bool gathered = m->connections.fields && pm_connections_of(&m->connections, 0);
    m->dense = gathered ? calloc(sizes[0] * sizes[1] + 1, sizeof *m->dense) : NULL;
    m->parts = calloc(m->n_parts, sizeof *m->parts);
    m->testers = calloc(m->n_parts, sizeof *m->testers);
    m->fired = calloc(m->n_sources + 1, sizeof *m->fired);
    m->lift = calloc(widest + 1, sizeof *m->lift);
    bool enough = m->parts && m->testers && m->fired && m->lift && m->inflow && (m->dense || !gathered);
    for (size_t p = 0; enough && p < m->n_parts; p++)
        enough = part_new(&m->parts[p], m, error) && !pm_lane_new(&m->testers[p], &m->tested, error);
    return enough ? PM_OK : pm_fail_memory(error, "the training of a network");
}

static pm_status create(void *model, const pm_classification *c, const pm_dataset *train, const pm_relay *relay,
                        size_t n_parts, pm_error *error) {
    exact *m = model;
    *m = (exact){.of = c,
                 .train = train,
                 .relay = relay,
                 .n_parts = n_parts,
                 .keep = 1.0,
                 .code_key = pm_class_key(&pm_classifier_exact, c->seed, "code"),
                 .drop_key = pm_class_key(&pm_classifier_exact, c->seed, "dropout"),
                 .deform_key = pm_class_key(&pm_classifier_exact, c->seed, "deform"),
                 .test_key = pm_class_key(&pm_classifier_exact, c->seed, "test")};
    return build(m, error);
}

static double *array(void *model, size_t k, size_t *n) {
    const exact *m = model;
    *n = k < blocks_of(m) ? length_of(m, k) : 0;
    return k < blocks_of(m) ? numbers_of(m, &m->net, k) : NULL;
}

static bool block(const void *model, size_t k, pm_class_block *b) {
    const exact *m = model;
    if (k >= blocks_of(m))
        return false;
    *b = (pm_class_block){.array = k,
                          .rows = length_of(m, k) / columns_of(m, k),
                          .columns = columns_of(m, k),
                          .share = k < m->net.n_layers ? rate_of(m, k) : rate_of(m, k) / m->of->rate};
    return true;
}

/* --- one example -------------------------------------------------------------------------------------------------- */

/* Which neurons of a population are dropped in this presentation; the bias never is. */
static void draw_dropped(const exact *m, size_t layer, double probability, uint64_t presentation, size_t n,
                         uint8_t *dropped) {
    uint32_t limit = (uint32_t)(probability * 0x1p32), word[4] = {0};
    uint64_t key = m->drop_key + layer;
    for (size_t k = 0; k < n; k++) {
        if (k % 4 == 0)
            pm_philox_block(key, presentation, k / 4, word);
        dropped[k] = word[k % 4] < limit;
    }
}

static double dropout_of(const pm_classification *c, size_t population) {
    return population == 0 ? c->input_dropout : c->layers[population - 1].dropout;
}

static void score_example(const pm_lane *lane, size_t label, pm_score *score) {
    pm_class_score(score, pm_lane_decision(lane) == label, pm_lane_loss(lane, label), pm_lane_spikes(lane),
                   lane->net.rasters[0].n);
}

/* The input spikes of one presentation. */
static pm_status present(const exact *m, part *p, size_t example, uint64_t presentation, pm_error *error) {
    pm_presentation of = {m->train, example, m->code_key, presentation};
    pm_raster *to = &p->lane.net.rasters[0];
    if (!p->deformer)
        return pm_encode(&m->of->coding, &of, to, error);
    pm_dataset one = *m->train;
    pm_deform(p->deformer, m->deform_key, presentation, one.bytes + example * one.n_features, p->picture);
    one.bytes = p->picture;
    of.data = &one;
    of.example = 0;
    return pm_encode(&m->of->coding, &of, to, error);
}

static pm_status train_example(exact *m, part *p, size_t example, uint64_t presentation, pm_score *score,
                               pm_error *error) {
    const pm_classification *c = m->of;
    const uint8_t *dropped[PM_MOST_LAYERS] = {NULL};
    pm_lane *lane = &p->lane;
    size_t label = m->train->label[example];
    pm_status status = present(m, p, example, presentation, error);
    for (size_t l = 0; l < c->n_layers; l++) {
        size_t n = l == 0 ? m->train->n_features : m->net.sizes[l];
        if (dropout_of(c, l) <= 0.0)
            continue;
        draw_dropped(m, l, dropout_of(c, l), presentation, n, p->dropped[l]);
        dropped[l] = p->dropped[l];
    }
    if (!status)
        status = pm_lane_run(lane, dropped, error);
    if (status)
        return status;
    score_example(lane, label, score);
    for (size_t l = 0; l < c->n_layers; l++)
        for (size_t k = 0; k < lane->net.rasters[l].n; k++)
            p->fired[l][lane->net.rasters[l].neuron[k]]++;
    status = pm_lane_back(lane, label, p->wanted, error);
    if (status || c->opposition <= 0.0)
        return status;
    status = pm_lane_oppose(lane, m->train->n_features, c->opposition, error);
    if (!status)
        status = pm_lane_run(lane, dropped, error);
    return status ? status : pm_lane_back(lane, label, p->wanted, error);
}

static pm_status learn(void *model, size_t which, const pm_class_batch *batch, pm_score *score, pm_error *error) {
    exact *m = model;
    part *p = &m->parts[which];
    pm_status status = PM_OK;
    for (size_t k = 0; k < blocks_of(m); k++)
        memset(p->gradient[k], 0, length_of(m, k) * sizeof(double));
    for (size_t l = 0; l < m->net.n_layers; l++)
        memset(p->fired[l], 0, m->net.sizes[l] * sizeof(uint32_t));
    for (size_t k = 0; !status && k < batch->n; k++)
        status = train_example(m, p, batch->order[k], batch->first + k, score, error);
    return status;
}

/* --- the step ----------------------------------------------------------------------------------------------------- */

static void count_fired(exact *m) {
    uint64_t *fired = m->fired;
    for (size_t l = 0; l < m->of->n_layers; fired += m->net.sizes[l++])
        for (size_t j = 0; j < m->net.sizes[l]; j++) {
            fired[j] = 0;
            for (size_t p = 0; p < m->n_parts; p++)
                fired[j] += m->parts[p].fired[l][j];
        }
    if (m->relay)
        m->relay->ranks->sum(m->relay->ranks->user, m->fired, m->n_sources);
}

typedef struct addend {
    const exact *of;
    size_t block;
} addend;

/* A pm_relay_add: the sum goes into the first own part's gradient. What comes from before is the first term of a sum of
 * two, which is the same in either order. */
static void add_parts(void *of, const double *before, size_t from, size_t n) {
    enum { BLOCK = 2048 };
    const addend *a = of;
    const exact *m = a->of;
    double *sum = m->parts[0].gradient[a->block] + from;
#pragma omp parallel for schedule(static)
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        size_t end = begin + BLOCK < n ? begin + BLOCK : n;
        for (size_t j = begin; before && j < end; j++)
            sum[j] += before[j];
        for (size_t p = 1; p < m->n_parts; p++)
            for (size_t j = begin; j < end; j++)
                sum[j] += m->parts[p].gradient[a->block][from + j];
    }
}

/* What regularisation adds to the weights of each neuron of layer l per spike of a source, from the neurons' spikes in
 * a batch of n at that rate of learning. */
static void find_lifts(exact *m, size_t l, size_t n, double rate, const uint64_t *fired) {
    const pm_classification *c = m->of;
    const double most = c->fade > 0.0 ? c->lift * pm_pow(rate / c->rate, c->fade) : c->lift;
    const size_t places = pm_connections_blocks(&m->connections, l) * m->net.strides[l];
    double *lift = m->lift;
    if (l + 1 < c->n_layers)
        pm_connections_outflow(&m->connections, l, m->net.strides[l], fired, lift);
    for (size_t j = 0; j < places; j++) {
        const double mean = lift[j] / ((double)n * (1.0 - c->layers[l].dropout));
        lift[j] = 0.0; /* also where there is no neuron: its mean is no number */
        if (l + 1 < c->n_layers && mean < c->lowest)
            lift[j] = most * (c->lowest - mean);
        else if (l + 1 < c->n_layers && mean > c->highest)
            lift[j] = most * (c->highest - mean);
    }
}

static void gather(void *model, size_t k, size_t n, double rate) {
    exact *m = model;
    addend own = {m, k};
    if (k == 0)
        count_fired(m);
    const size_t l = layer_of(m, k);
    const uint64_t *fired = m->fired;
    for (size_t q = 0; q < l; q++)
        fired += m->net.sizes[q];
    pm_connections_inflow(&m->connections, l, fired, m->inflow);
    find_lifts(m, l, n, rate, fired + m->net.sizes[l]);
    m->keep = pm_class_keep(m->of, rate);
    double *const *wanted = is_thresholds(m, k) ? m->parts[0].V_th
                            : is_delays(m, k)   ? m->parts[0].delays
                                                : m->parts[0].wanted;
    if (m->relay && wanted[layer_of(m, k)])
        m->relay->sum(m->relay->user, m->parts[0].gradient[k], length_of(m, k), add_parts, &own);
}

/* Sums the gradients of row i of block k into the first part's, unless ranks have done so. */
static const double *gradient(void *model, size_t k, size_t i, size_t n) {
    exact *m = model;
    size_t stride = columns_of(m, k), at = i * stride;
    double *sum = m->parts[0].gradient[k] + at, inverse = 1.0 / (double)n;
    for (size_t p = 1; !m->relay && p < m->n_parts; p++)
        for (size_t j = 0; j < stride; j++)
            sum[j] += m->parts[p].gradient[k][at + j];
    for (size_t j = 0; j < stride; j++)
        sum[j] *= inverse;
    return sum;
}

/* Keeps a row of delays or thresholds within its range, which what is no number has left. */
static bool settle_others(const exact *m, size_t k, size_t i) {
    const pm_classification_layer *layer = &m->of->layers[layer_of(m, k)];
    const double low = is_delays(m, k) ? layer->delays.low : layer->V_th.min;
    const double high = is_delays(m, k) ? layer->delays.high : layer->V_th.max;
    double *number = numbers_of(m, &m->net, k) + i * columns_of(m, k), total = 0.0;
    for (size_t j = 0; j < columns_of(m, k); j++) {
        number[j] = clamp(number[j], low, high);
        total += number[j];
    }
    return isfinite(total);
}

static bool settle(void *model, size_t l, size_t i, size_t n) {
    exact *m = model;
    if (l >= m->net.n_layers)
        return settle_others(m, l, i);
    size_t stride = m->net.strides[l], at = i * stride;
    const double *lift = m->lift + pm_connections_block(&m->connections, l, i) * stride;
    double *weight = m->net.weight[l] + at, total = 0.0, spikes = 1.0 / (double)n * m->inflow[i];
    for (size_t j = 0; j < stride; j++)
        weight[j] = weight[j] * m->keep + spikes * lift[j];
    if (l == 0)
        pm_connections_limit(&m->connections, weight, at, stride);
    for (size_t j = 0; j < stride; j++)
        total += fabs(weight[j]);
    return isfinite(total);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

/* Weights from neurons that were dropped now and then are scaled down to what they delivered on average. */
static void prepare(void *model, const double *const *arrays) {
    exact *m = model;
    for (size_t l = 0; arrays && l < m->net.n_layers; l++) {
        double left = 1.0 - dropout_of(m->of, l);
        for (size_t i = 0; i < m->net.rows[l]; i++) {
            const bool bias =
                l == 0 && !pm_connections_is_feature(&m->connections, l, i, m->train->n_features);
            const double scale = bias ? 1.0 : left;
            for (size_t j = 0; j < m->net.strides[l]; j++)
                m->tested.weight[l][i * m->net.strides[l] + j] = scale * arrays[l][i * m->net.strides[l] + j];
        }
    }
    for (size_t k = m->net.n_layers; arrays && k < blocks_of(m); k++)
        memcpy(numbers_of(m, &m->tested, k), arrays[k], length_of(m, k) * sizeof(double));
}

static pm_status run_example(const exact *m, pm_lane *lane, const pm_presentation *of, pm_error *error) {
    pm_status status = pm_encode(&m->of->coding, of, &lane->net.rasters[0], error);
    return status ? status : pm_lane_run(lane, NULL, error);
}

static pm_status test(void *model, size_t which, const pm_dataset *data, size_t from, size_t to, uint32_t *confusion,
                      pm_score *score, pm_error *error) {
    const exact *m = model;
    pm_lane *lane = &m->testers[which];
    for (size_t k = from; k < to; k++) {
        pm_status status = run_example(m, lane, &(pm_presentation){data, k, m->test_key, k}, error);
        if (status)
            return status;
        score_example(lane, data->label[k], score);
        pm_class_count(confusion, data, k, pm_lane_decision(lane));
    }
    return PM_OK;
}

static pm_status look(void *model, const pm_dataset *data, size_t example, pm_class_look *look, pm_error *error) {
    const exact *m = model;
    pm_lane *lane = &m->testers[0];
    *look = (pm_class_look){lane->net.rasters, m->net.sizes, lane->net.n_layers + 1, m->of->duration};
    return run_example(m, lane, &(pm_presentation){data, example, m->of->seed, example}, error);
}

/* One delay for each source or target is one row or column. */
static void table_of_delays(const exact *m, size_t l, pm_class_table *t) {
    const pm_delays *d = &m->tested.delays[l];
    *t = (pm_class_table){.head = "ms; a row per target, a column per source",
                          .numbers = d->value,
                          .rows = d->by_target > 0 ? m->net.sizes[l + 1] : 1,
                          .columns = d->by_source > 0 ? m->net.sizes[l] : 1,
                          .stride = d->by_source};
    snprintf(t->name, sizeof t->name, "delays-%zu", l + 1);
}

static void table_of_thresholds(const exact *m, size_t l, pm_class_table *t) {
    *t = (pm_class_table){
        .head = "mV; a row per neuron", .numbers = m->tested.V_th[l], .rows = m->net.sizes[l + 1], .columns = 1};
    snprintf(t->name, sizeof t->name, "V_th-%zu", l + 1);
}

/* A convolution's weights are a row for each of its channels. */
static void table_of_channels(const exact *m, size_t l, pm_class_table *t) {
    const pm_patches *p = m->tested.patches[l];
    t->head = "pA; a row per channel, a column per channel, row and column of the kernel, and for a bias";
    t->rows = p->patch[0].n_targets;
    t->columns = p->n_rows;
}

/* Those of receptive fields are zeros elsewhere. */
static void table_of_fields(const exact *m, pm_class_table *t) {
    for (size_t i = 0; i < t->columns; i++)
        for (size_t j = 0; j < t->rows; j++) {
            const size_t place = pm_connections_place(&m->connections, 0, t->stride, i, j);
            m->dense[i * t->rows + j] = place == PM_NO_WEIGHT ? 0.0 : t->numbers[place];
        }
    t->numbers = m->dense;
    t->stride = t->rows;
}

static const pm_classifier *layers(const void *model) { return &((const exact *)model)->tested; }

static size_t place(const void *model, size_t k, size_t source, size_t target) {
    const exact *m = model;
    return pm_connections_place(&m->connections, k, m->net.strides[k], source, target);
}

static bool table(const void *model, size_t k, pm_class_table *t) {
    const exact *m = model;
    const pm_classifier *net = &m->tested;
    if (k >= blocks_of(m))
        return false;
    if (k >= net->n_layers) {
        (is_delays(m, k) ? table_of_delays : table_of_thresholds)(m, layer_of(m, k), t);
        return true;
    }
    *t = (pm_class_table){.head = "pA; a row per target, a column per source",
                          .numbers = net->weight[k],
                          .rows = net->sizes[k + 1],
                          .columns = net->sizes[k],
                          .stride = net->strides[k]};
    if (net->patches[k] && net->patches[k]->shared)
        table_of_channels(m, k, t);
    else if (net->patches[k])
        table_of_fields(m, t);
    snprintf(t->name, sizeof t->name, "weights-%zu", k + 1);
    return true;
}

const pm_classifier_model pm_classifier_exact = {.streams = "classification",
                                                 .size = sizeof(exact),
                                                 .divided = true,
                                                 .only_by_spikes = true,
                                                 .create = create,
                                                 .destroy = destroy,
                                                 .array = array,
                                                 .block = block,
                                                 .learn = learn,
                                                 .gather = gather,
                                                 .gradient = gradient,
                                                 .settle = settle,
                                                 .adopt = adopt,
                                                 .redraw = redraw,
                                                 .prepare = prepare,
                                                 .test = test,
                                                 .look = look,
                                                 .layers = layers,
                                                 .table = table,
                                                 .place = place};
