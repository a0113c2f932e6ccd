/* What an experiment in classification says: keys, defaults and checks. */
#include "classify/classification.h"
#include "model/neuron.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 1e9 /* of whatever is counted */

static const pm_field layer_fields[] = {
    {"dropout", "", "probability that a neuron's spikes are lost in training",
     offsetof(pm_classification_layer, dropout), 0.0, .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"rate", "", "factor of the learning rate, 0 for a layer that is not trained",
     offsetof(pm_classification_layer, rate), 1.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"field", "ties", "radius of the receptive fields of the first hidden layer",
     offsetof(pm_classification_layer, field), 0.0, "all inputs", .bounds = {1.0, MOST, PM_CLOSED}, .type = PM_COUNT},
};
const pm_kind pm_classification_layers = {.name = "layers",
                                          .help = "of a layer, beside its size and its initial weights",
                                          .source = "",
                                          .fields = layer_fields,
                                          .n_fields = sizeof layer_fields / sizeof *layer_fields,
                                          .size = sizeof(pm_classification_layer)};

static const pm_field convolution_fields[] = {
    {"channels", "", "neurons at each place, each with a kernel of its own", offsetof(pm_convolution, channels), 8.0,
     .bounds = {1.0, 1000.0, PM_CLOSED}, .type = PM_COUNT},
    {"size", "neurons", "sides of the kernels, in rows and columns of what the layer sees",
     offsetof(pm_convolution, size), 5.0, .bounds = {1.0, 1000.0, PM_CLOSED}, .type = PM_COUNT},
    {"stride", "neurons", "from one place to the next", offsetof(pm_convolution, stride), 1.0,
     .bounds = {1.0, 1000.0, PM_CLOSED}, .type = PM_COUNT},
    {"pool", "neurons", "sides of windows of a channel; only the first spike of a window goes on; 1: all spikes do",
     offsetof(pm_convolution, pool), 1.0, .bounds = {1.0, 1000.0, PM_CLOSED}, .type = PM_COUNT},
};
const pm_kind pm_classification_convolution = {
    .name = "convolution",
    .help = "of a layer in place of its size: the same weights at every place",
    .source = "pool: T. Masquelier and S. J. Thorpe, PLoS Computational Biology 3:e31, 2007",
    .fields = convolution_fields,
    .n_fields = sizeof convolution_fields / sizeof *convolution_fields,
    .size = sizeof(pm_convolution)};

static const char *const pers[] = {"synapse", "axon", "dendrite", NULL}; /* in the order of pm_delays_per */
static const pm_field delay_fields[] = {
    {"per", "", "what has a delay of its own: each synapse, each source, each target",
     offsetof(pm_classification_delays, per), 0.0, .words = pers},
    {"rate", "ms", "of learning: for adam the size of a step, for the others ms^2 per unit of the loss; 0: none",
     offsetof(pm_classification_delays, rate), 0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"min", "ms", "the shortest delay", offsetof(pm_classification_delays, low), 0.0,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"max", "ms", "the longest delay", offsetof(pm_classification_delays, high), INFINITY, "none",
     .bounds = {0.0, INFINITY, PM_CLOSED}},
};
static pm_status check_delays(const void *structure, pm_error *error) {
    const pm_classification_delays *d = structure;
    if (d->high >= d->low)
        return PM_OK;
    return pm_fail_key(error, "max", "max is %g ms; it must be at least min, %g ms", d->high, d->low);
}
const pm_kind pm_classification_delay = {.name = "delays",
                                         .help = "of the synapses to a layer, beside their initial values",
                                         .source = "",
                                         .fields = delay_fields,
                                         .n_fields = sizeof delay_fields / sizeof *delay_fields,
                                         .size = sizeof(pm_classification_delays),
                                         .check = check_delays};

#define AT(member) offsetof(pm_classification, member)

static const pm_field set_fields[] = {
    {"train", "examples", "of the training set", AT(train), INFINITY, "all", .bounds = {1.0, MOST, PM_CLOSED},
     .type = PM_COUNT},
    {"validation", "examples", "of the validation set: the last ones of the training data", AT(validation), 0.0,
     .bounds = {0.0, MOST, PM_CLOSED}, .type = PM_COUNT},
    {"test", "examples", "of the test set", AT(test), INFINITY, "all", .bounds = {1.0, MOST, PM_CLOSED},
     .type = PM_COUNT},
};
const pm_kind pm_classification_sets = {.name = "data",
                                        .help = "numbers of examples, beside where they come from",
                                        .source = "",
                                        .fields = set_fields,
                                        .n_fields = sizeof set_fields / sizeof *set_fields,
                                        .size = sizeof(pm_classification)};

static const pm_field input_fields[] = {
    {"bias", "ms", "when one more input neuron fires", AT(coding.bias), NAN, "none",
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"dropout", "", "probability that a feature's spikes are lost in training", AT(input_dropout), 0.0,
     .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"opposition", "ms", "every example is learned a second time with its spikes moved so far against the network",
     AT(opposition), 0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
};
const pm_kind pm_classification_input = {.name = "coding",
                                         .help = "of the input, beside the code",
                                         .source = "opposition: I. J. Goodfellow, J. Shlens and C. Szegedy, ICLR 2015",
                                         .fields = input_fields,
                                         .n_fields = sizeof input_fields / sizeof *input_fields,
                                         .size = sizeof(pm_classification)};

static const char *const kept[] = {"last", "best", NULL};
static const char *const judged[] = {"validation", "all", NULL};
static const pm_field learning_fields[] = {
    {"slope_floor", "mV/ms", "smallest slope at a spike that is divided by", AT(slope_floor), 0.1,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"epochs", "", "passes through the training set", AT(epochs), 10.0, .bounds = {0.0, MOST, PM_CLOSED},
     .type = PM_COUNT},
    {"batch", "examples", "per step", AT(batch), 100.0, .bounds = {1.0, MOST, PM_CLOSED}, .type = PM_COUNT},
    {"parts", "",
     "pieces of a batch that are summed on their own and then added up in order; at most so many threads are used",
     AT(parts), 4.0, .bounds = {1.0, MOST, PM_CLOSED}, .type = PM_COUNT},
    {"rate", "", "of learning: for adam the size of a step in pA, for the others pA^2 per unit of the loss", AT(rate),
     1.0, .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"schedule.factor", "", "by which the rate is multiplied every so often", AT(decay), 1.0,
     .bounds = {0.0, 1.0, PM_LOW_OPEN}, .result = "schedule_factor"},
    {"schedule.every", "epochs", "from one such change of the rate to the next", AT(decay_every), 1.0,
     .bounds = {1.0, MOST, PM_CLOSED}, .type = PM_COUNT, .result = "schedule_every"},
    {"weight_decay", "", "share of a weight that is taken away in each step, in proportion to the rate",
     AT(weight_decay), 0.0, .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"average", "", "share of the old mean in each step of the running mean of weights that is tested; 0: the weights",
     AT(average), 0.0, .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"keep", "", "the epoch whose network is tested in the end: the last one, or the best one in validation", AT(keep),
     0.0, .words = kept},
    {"judge", "", "which examples say what epoch or candidate is best: those for validation, or those of training, too",
     AT(judge), 0.0, .words = judged},
    {"candidates.networks", "", "that are drawn and trained for some epochs; the best one in validation goes on",
     AT(candidates), 1.0, .bounds = {1.0, 1e6, PM_CLOSED}, .type = PM_COUNT, .result = "candidates_networks"},
    {"candidates.epochs", "epochs", "of each of these, where there is more than one; they are part of epochs",
     AT(trial_epochs), 10.0, .bounds = {1.0, 1e6, PM_CLOSED}, .type = PM_COUNT, .result = "candidates_epochs"},
};
const pm_kind pm_classification_learning = {.name = "learning",
                                            .help = "how the weights of a classifier change",
                                            .source = "",
                                            .fields = learning_fields,
                                            .n_fields = sizeof learning_fields / sizeof *learning_fields,
                                            .size = sizeof(pm_classification)};

static const pm_field activity_fields[] = {
    {"lowest", "spikes", "fewer of a hidden neuron per example (mean of a batch) raise its weights", AT(lowest), 0.0,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"highest", "spikes", "more lower them", AT(highest), INFINITY, "none", .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"lift", "pA", "for each spike that is missing, times the spikes per example of the source of a weight", AT(lift),
     0.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"fade", "", "the lift falls as this power of the rate of learning; 0: it stays as it is", AT(fade), 0.0,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
};
static pm_status check_activity(const void *structure, pm_error *error) {
    const pm_classification *c = structure;
    if (c->highest >= c->lowest)
        return PM_OK;
    return pm_fail_key(error, "highest", "highest is %g spikes; it must be at least lowest, %g", c->highest, c->lowest);
}
const pm_kind pm_classification_activity = {.name = "activity",
                                            .help = "the spikes of a hidden neuron that are wanted",
                                            .source = "",
                                            .fields = activity_fields,
                                            .n_fields = sizeof activity_fields / sizeof *activity_fields,
                                            .size = sizeof(pm_classification),
                                            .check = check_activity};

static const pm_kind *const of_experiment[] = {&pm_classification_sets, &pm_classification_input,
                                               &pm_classification_learning, &pm_classification_activity, NULL};

pm_classification *pm_classification_new(void) {
    pm_classification *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (pm_classification){.seed = 1,
                             .duration = 30.0,
                             .neuron = pm_neuron_default(),
                             .readout = pm_neuron_default(),
                             .n_classes = 10,
                             .window = {0.0, 300.0},
                             .coding = pm_coding_new(&pm_code_latency),
                             .optimiser = &pm_optimiser_adam};
    for (size_t k = 0; of_experiment[k]; k++)
        pm_kind_preset(of_experiment[k], c);
    pm_classification_set_loss(c, pm_loss_of(pm_losses[0]));
    pm_kind_preset(&c->optimiser->head, c->optimiser_parameters);
    c->network_loss = pm_network_loss_of(pm_network_losses[0]);
    pm_kind_preset(&c->network_loss->head, c->network_loss_parameters);
    return c;
}

void pm_classification_set_loss(pm_classification *c, const pm_loss *loss) {
    c->loss = loss;
    pm_kind_preset(&loss->head, c->loss_parameters);
}

/* The table that has a field of that name. */
static const pm_kind *table_of(const char *key) {
    size_t k = 0;
    while (of_experiment[k] && !pm_kind_field(of_experiment[k], key))
        k++;
    return of_experiment[k];
}

pm_status pm_classification_set(pm_classification *c, const char *key, double value, pm_error *error) {
    const pm_kind *kind = table_of(key);
    if (kind)
        return pm_kind_set(kind, c, key, value, error);
    if (strcmp(key, "seed") != 0)
        return pm_fail_key(error, key, "an experiment in classification has no number '%s'", key);
    if (!(value >= 0.0 && value <= 0x1p53) || value != floor(value))
        return pm_fail_key(error, key, "seed is %g; it must be a whole number from 0 to 2^53", value);
    c->seed = (uint64_t)value;
    return PM_OK;
}

double pm_classification_number(const pm_classification *c, const char *key) {
    const pm_kind *kind = table_of(key);
    return kind ? pm_field_value(pm_kind_field(kind, key), c) : strcmp(key, "seed") == 0 ? (double)c->seed : NAN;
}

void pm_classification_free(pm_classification *c) {
    if (!c)
        return;
    free(c->file);
    free(c->images);
    free(c->labels);
    free(c->test_images);
    free(c->test_labels);
    pm_receptors_free(c->receptors, c->n_receptors);
    free(c->recordings);
    free(c->test_recordings);
    free(c->desired);
    free(c->network);
    free(c->populations);
    free(c);
}

/* Blames a map of the experiment. */
static pm_status blame(const char *where, pm_status status, pm_error *error) {
    pm_error why = error ? *error : (pm_error){0};
    return status ? pm_fail_key(error, why.key, "%s: %.900s", where, why.message) : PM_OK;
}

/* One condition: key, value, whether it is right, and what would be. */
static pm_status need(bool right, const char *key, double value, const char *what, pm_error *error) {
    return right ? PM_OK : pm_fail(error, PM_INVALID, "%s: %g is not possible; it must be %s", key, value, what);
}

/* Whether they are, of examples that are given, is seen when they are. */
static bool may_be_pictures(const pm_classification *c) { return c->data == PM_DATA_IDX || c->data == PM_DATA_GIVEN; }

static pm_status check_delays_of(const pm_classification *c, size_t l, const char *key, pm_error *error) {
    const pm_classification_delays *d = &c->layers[l].delays;
    char what[64];
    snprintf(what, sizeof what, "%s.delays.initial", key);
    pm_status status = blame(key, pm_kind_check(&pm_classification_delay, d, error), error);
    if (!status)
        status = pm_distribution_check(&d->initial, what, MOST, error);
    return status;
}

pm_status pm_classification_check_sources(const pm_classification *c, size_t l, size_t n, pm_error *error) {
    const pm_classification_layer *layer = &c->layers[l];
    uint64_t sum = 0;
    for (size_t k = 0; k < c->n_receptors; k++)
        sum += layer->sources[k] == PM_ALL_SOURCES ? n : layer->sources[k];
    return sum == n ? PM_OK
                    : pm_fail(error, PM_INVALID, "layers[%zu].receptor: %llu neurons; the layer before has %zu", l,
                              (unsigned long long)sum, n);
}

static pm_status check_thresholds_of(const pm_classification *c, size_t l, const char *key, pm_error *error) {
    const pm_learnt *q = &c->layers[l].V_th;
    const bool last = l + 1 == c->n_layers;
    const pm_neuron *neuron = last ? &c->readout : &c->neuron;
    const double least = fmax(neuron->E_L, neuron->V_reset);
    pm_status status = blame(key, pm_kind_check(&pm_learnt_parameters, q, error), error);
    if (!status && last && (!c->loss->fires || c->loss->desired))
        status = pm_fail(error, PM_INVALID, "%s.parameters: with the loss %s thresholds of outputs have no gradient",
                         key, c->loss->head.name);
    if (!status && !(q->min > least))
        status = pm_fail(error, PM_INVALID, "%s.parameters: V_th.min is %g mV; it must be above E_L and V_reset, %g mV",
                         key, q->min, least);
    if (!status && !(neuron->V_th >= q->min && neuron->V_th <= q->max))
        status =
            pm_fail(error, PM_INVALID, "%s.parameters: V_th is %g mV at first; it must be from min to max, %g to %g mV",
                    key, neuron->V_th, q->min, q->max);
    return status;
}

static pm_status check_convolution(const pm_classification *c, size_t l, const char *key, pm_error *error) {
    const pm_classification_layer *layer = &c->layers[l];
    pm_status status = blame(key, pm_kind_check(&pm_classification_convolution, &layer->convolution, error), error);
    if (status)
        return status;
    const char *with = l + 1 == c->n_layers                               ? "the output layer is none"
                       : layer->delays.given                              ? "it has no delays"
                       : layer->divided                                   ? "its neurons have one receptor"
                       : layer->learns_V_th                               ? "its neurons have one threshold"
                       : layer->field > 0                                 ? "it has no receptive fields"
                       : !may_be_pictures(c) && c->data != PM_DATA_NMNIST ? "it needs pictures or recordings of cameras"
                                                                          : NULL;
    return with ? pm_fail(error, PM_INVALID, "%s.convolution: %s", key, with) : PM_OK;
}

static pm_status check_layer(const pm_classification *c, size_t l, pm_error *error) {
    const pm_classification_layer *layer = &c->layers[l];
    char key[32];
    snprintf(key, sizeof key, "layers[%zu]", l);
    pm_status status = layer->convolved
                           ? check_convolution(c, l, key, error)
                           : need(layer->size > 0, key, (double)layer->size, "a size of at least 1", error);
    if (!status)
        status = need(layer->std >= 0.0, key, layer->std, "a standard deviation of 0 or more", error);
    if (!status)
        status = blame(key, pm_kind_check(&pm_classification_layers, layer, error), error);
    if (!status && layer->delays.given)
        status = check_delays_of(c, l, key, error);
    if (!status && layer->learns_V_th)
        status = check_thresholds_of(c, l, key, error);
    if (!status && layer->divided && l > 0)
        status = pm_classification_check_sources(c, l, c->layers[l - 1].size, error);
    if (!status && layer->field > 0 && (l > 0 || c->n_layers == 1 || !may_be_pictures(c)))
        status = pm_fail(error, PM_INVALID,
                         "%s: only the first hidden layer has receptive fields, of images in IDX files", key);
    if (!status && l + 1 == c->n_layers)
        status = need(layer->dropout == 0.0, key, layer->dropout, "no dropout of the output layer", error);
    return status;
}

bool pm_classification_of_events(const pm_classification *c) {
    return c->data == PM_DATA_GIVEN ? c->coding.code->events : c->data != PM_DATA_IDX && c->data != PM_DATA_YIN_YANG;
}

/* Recordings are coded by their events, and nothing else is. */
static pm_status check_events(const pm_classification *c, pm_error *error) {
    if (c->model && c->data == PM_DATA_EXAMPLES)
        return pm_fail(error, PM_INVALID, "data: model %s takes intensities and recordings of cameras, no other spikes",
                       c->model->head.name);
    if (pm_classification_of_events(c) != c->coding.code->events)
        return pm_fail(error, PM_INVALID, "coding: %s",
                       c->data == PM_DATA_NMNIST ? "the data nmnist needs the coding events"
                       : c->coding.code->events  ? "the coding events is for recordings of events: the data nmnist"
                                                 : "examples that are spikes already need the coding events");
    if (c->data != PM_DATA_NMNIST)
        return PM_OK;
    pm_status status = need(c->window[0] >= 0.0, "data.nmnist.window", c->window[0], "0 or more", error);
    return status ? status
                  : need(c->window[1] > c->window[0] && c->window[1] <= 1e6, "data.nmnist.window", c->window[1],
                         "later than the beginning, and at most 1e6 ms", error);
}

static pm_status check_deformation(const pm_classification *c, pm_error *error) {
    pm_status status = blame("data.deform", pm_kind_check(&pm_deformation_kind, &c->deform, error), error);
    if (!status && !may_be_pictures(c) && pm_deformation_any(&c->deform))
        status = pm_fail(error, PM_INVALID, "data.deform: only images in IDX files can be deformed");
    return status;
}

/* Of recordings, ms; of other spikes it is not known. */
static double window_of(const pm_classification *c) {
    return c->data == PM_DATA_NMNIST ? c->window[1] - c->window[0] : 0.0;
}

static pm_status check_coding(const pm_classification *c, pm_error *error) {
    const pm_coding *k = &c->coding;
    pm_status status = check_events(c, error);
    if (!status)
        status = blame("coding", pm_kind_check(&k->code->head, k->parameters, error), error);
    if (!status && !c->model)
        status = blame("coding", k->code->fit(k->parameters, c->duration, window_of(c), error), error);
    if (!status && !isnan(k->bias))
        status = need(k->bias < c->duration, "coding.bias", k->bias, "within the duration", error);
    return status ? status
                  : need(c->opposition < c->duration, "coding.opposition", c->opposition, "within the duration", error);
}

static pm_status check_trains(const pm_classification *c, pm_error *error) {
    static const char key[] = "loss.trains";
    if (c->n_desired == 0)
        return pm_fail(error, PM_INVALID, "%s: the desired train has no spikes", key);
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < c->n_desired; k++) {
        status = need(c->desired[k] > 0.0 && c->desired[k] < c->duration, key, c->desired[k],
                      "after 0 and before the duration", error);
        if (!status && k > 0)
            status =
                need(c->desired[k] > c->desired[k - 1], key, c->desired[k], "later than the time before it", error);
    }
    return status;
}

static pm_status check_model(const pm_classification *c, pm_error *error) {
    return blame("model", pm_kind_check(&c->model->head, c->model_parameters, error), error);
}

static pm_status check_candidates(const pm_classification *c, pm_error *error) {
    const char *why = c->model || c->network ? "only networks of layers are drawn several times"
                      : c->data != PM_DATA_GIVEN && c->validation == 0
                          ? "the best one in validation needs examples for it: data.validation"
                      : c->epochs < c->candidates * c->trial_epochs ? "all together take more passes than epochs"
                                                                    : NULL;
    return why ? pm_fail(error, PM_INVALID, "candidates: %s", why) : PM_OK;
}

pm_status pm_classification_check(const pm_classification *c, pm_error *error) {
    pm_status status = need(c->duration > 0.0, "duration", c->duration, "positive", error);
    if (!status)
        status = pm_neuron_check(&c->neuron, error);
    if (!status)
        status = pm_neuron_need_current(&c->neuron, "training", error);
    if (!status)
        status = pm_neuron_check(&c->readout, error);
    if (!status)
        status = pm_neuron_need_current(&c->readout, "training", error);
    if (!status)
        status = need(c->n_layers >= 1, "layers", (double)c->n_layers, "at least the output layer", error);
    for (size_t l = 0; !status && !c->network && l < c->n_layers; l++)
        status = check_layer(c, l, error);
    if (!status)
        status = check_deformation(c, error);
    if (!status)
        status = check_coding(c, error);
    for (size_t k = 0; !status && of_experiment[k]; k++)
        status = blame(of_experiment[k]->name, pm_kind_check(of_experiment[k], c, error), error);
    if (!status)
        status = blame("loss", pm_kind_check(&c->loss->head, c->loss_parameters, error), error);
    if (!status && c->keep > 0.0 && c->data != PM_DATA_GIVEN && c->validation == 0)
        status =
            pm_fail(error, PM_INVALID, "keep: the best epoch in validation needs examples for it: data.validation");
    if (!status && c->candidates > 1)
        status = check_candidates(c, error);
    if (!status && c->network)
        status = blame("loss", pm_kind_check(&c->network_loss->head, c->network_loss_parameters, error), error);
    if (!status && !c->model && c->loss->desired)
        status = check_trains(c, error);
    if (!status && c->model)
        status = check_model(c, error);
    return status ? status
                  : blame("optimiser", pm_kind_check(&c->optimiser->head, c->optimiser_parameters, error), error);
}
