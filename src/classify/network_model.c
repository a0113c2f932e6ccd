/* Networks of any populations and projections as models of classifiers: every example is a run of the exact engine from
 * 0 ms on, and its gradient that of the adjoint over all spikes, through resets, delays and recurrent synapses. Each
 * part of a batch has a simulation of its own and sums gradients in the order of its examples, and the parts' sums are
 * added in the order of the parts. Invariant: nothing depends on which thread did what. */
#include "classify/circuit.h"
#include "classify/classifier_model.h"
#include "classify/network_loss.h"
#include "math/elementary.h"
#include "model/neuron.h"

#include <punctum/punctum.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The work of one part of a batch. */
typedef struct part {
    pm_simulation *simulation;
    pm_recording *recording;
    pm_raster input;
    pm_spike *spikes; /* of the last run */
    size_t n;
    pm_answer answer;
    double *share;          /* softmax of the scores */
    pm_gradient gradient;   /* of all synapses and neurons, summed over examples */
    double *learnt;         /* the same of what is learnt */
    pm_raster *populations; /* spikes by population, for looks */
} part;

typedef struct net_model {
    const pm_classification *of;
    const pm_dataset *train;
    pm_circuit circuit;
    pm_lif output;
    size_t *first_onto; /* see pm_answer */
    pm_onto *onto;
    double *values, *tested; /* what is learnt, and what is tested */
    double *sum;             /* the gradient of a batch */
    double keep;             /* the share of every weight that a step leaves */
    size_t n_parts;
    part *parts;
    size_t *sizes, *place; /* of populations as they are looked at; the place of each, SIZE_MAX: it is not */
    double *columns;       /* of a table */
    uint64_t key;
} net_model;

/* --- made and freed ------------------------------------------------------------------------------------------------
 */

static void rest(part *p) {
    pm_recording_free(p->recording);
    pm_simulation_free(p->simulation);
    p->recording = NULL;
    p->simulation = NULL;
}

static void part_free(part *p, size_t populations) {
    rest(p);
    pm_raster_free(&p->input);
    free(p->spikes);
    free(p->answer.score);
    free(p->answer.first);
    free(p->answer.dl_dt);
    free(p->share);
    free(p->gradient.weight);
    free(p->gradient.delay);
    free(p->gradient.neuron);
    free(p->learnt);
    for (size_t k = 0; p->populations && k < populations; k++)
        pm_raster_free(&p->populations[k]);
    free(p->populations);
}

static void destroy(void *model) {
    net_model *m = model;
    for (size_t p = 0; m->parts && p < m->n_parts; p++)
        part_free(&m->parts[p], m->circuit.net ? m->circuit.net->n_populations : 0);
    free(m->parts);
    free(m->first_onto);
    free(m->onto);
    free(m->values);
    free(m->tested);
    free(m->sum);
    free(m->sizes);
    free(m->place);
    free(m->columns);
    pm_circuit_free(&m->circuit);
}

static bool part_new(part *p, const net_model *m) {
    const pm_circuit *c = &m->circuit;
    const size_t n_out = c->net->populations[c->output].size, n = c->n_synapses;
    const size_t neurons = c->first_neuron[c->net->n_populations], learnt = c->at[c->n_learnt];
    p->share = calloc(n_out, sizeof *p->share);
    p->learnt = calloc(learnt + 1, sizeof *p->learnt);
    p->populations = calloc(c->net->n_populations, sizeof *p->populations);
    p->gradient.weight = calloc(n + 1, sizeof(double));
    p->gradient.delay = calloc(n + 1, sizeof(double));
    p->gradient.neuron = c->neurons ? calloc(neurons * PM_NEURON_PARAMETERS + 1, sizeof(double)) : NULL;
    p->answer = (pm_answer){.circuit = c,
                            .parameters = m->of->network_loss_parameters,
                            .duration = c->net->duration,
                            .output = &m->output,
                            .first_onto = m->first_onto,
                            .onto = m->onto,
                            .n_outputs = n_out,
                            .score = calloc(n_out, sizeof(double)),
                            .first = calloc(n_out, sizeof(size_t)),
                            .weight = p->gradient.weight,
                            .delay = p->gradient.delay};
    return p->share && p->learnt && p->populations && p->gradient.weight && p->gradient.delay &&
           (p->gradient.neuron || !c->neurons) && p->answer.score && p->answer.first;
}

/* The synapses onto outputs by their sources. */
static void sort_onto(net_model *m) {
    const pm_circuit *c = &m->circuit;
    const uint32_t neurons = c->first_neuron[c->net->n_populations];
    for (int filling = 0; filling < 2; filling++) {
        for (size_t p = 0; p < c->net->n_projections; p++) {
            const pm_projection *q = &c->net->projections[p];
            for (size_t j = 0; q->to == c->output && j < c->count[p]; j++) {
                const size_t source = c->first_neuron[q->from] + c->synapses[p][j].source;
                if (filling)
                    m->onto[m->first_onto[source]] = (pm_onto){c->first[p] + j, &c->synapses[p][j]};
                m->first_onto[source + !filling]++;
            }
        }
        for (size_t k = 0; !filling && k < neurons; k++)
            m->first_onto[k + 1] += m->first_onto[k];
    }
    for (size_t k = neurons; k > 0; k--) /* each has moved on to its end */
        m->first_onto[k] = m->first_onto[k - 1];
    m->first_onto[0] = 0;
}

static pm_status build(net_model *m, pm_error *error) {
    const pm_circuit *c = &m->circuit;
    const size_t learnt = c->at[c->n_learnt], populations = c->net->n_populations;
    size_t most = 0;
    for (size_t p = 0; p < c->net->n_projections; p++)
        most = c->count[p] > most ? c->count[p] : most;
    m->output = pm_lif_of_neuron(&c->net->populations[c->output].neuron);
    m->first_onto = calloc((size_t)c->first_neuron[populations] + 2, sizeof *m->first_onto);
    m->onto = malloc((c->n_synapses + 1) * sizeof *m->onto);
    m->values = malloc((learnt + 1) * sizeof *m->values);
    m->tested = malloc((learnt + 1) * sizeof *m->tested);
    m->sum = malloc((learnt + 1) * sizeof *m->sum);
    m->sizes = calloc(populations, sizeof *m->sizes);
    m->place = malloc(populations * sizeof *m->place);
    m->columns = malloc((4 * most + 1) * sizeof *m->columns);
    m->parts = calloc(m->n_parts, sizeof *m->parts);
    bool enough =
        m->first_onto && m->onto && m->values && m->tested && m->sum && m->sizes && m->place && m->columns && m->parts;
    for (size_t p = 0; enough && p < m->n_parts; p++)
        enough = part_new(&m->parts[p], m);
    if (!enough)
        return pm_fail_memory(error, "the training of a network");
    memcpy(m->values, c->initial, learnt * sizeof *m->values);
    memcpy(m->tested, c->initial, learnt * sizeof *m->tested);
    sort_onto(m);
    for (size_t p = 0; p < populations; p++)
        m->place[p] = SIZE_MAX;
    for (size_t k = 0; k < m->of->n_populations; k++) {
        m->place[m->of->populations[k].number] = k;
        m->sizes[k] = m->of->populations[k].size;
    }
    return PM_OK;
}

static pm_status create(void *model, const pm_classification *c, const pm_dataset *train, const pm_relay *relay,
                        size_t n_parts, pm_error *error) {
    pm_network *net = NULL;
    if (pm_coding_inputs(&c->coding, train) != c->n_inputs)
        return pm_fail(error, PM_INVALID, "input: the population has %zu neurons, but the examples have %zu inputs",
                       c->n_inputs, pm_coding_inputs(&c->coding, train));
    if (relay)
        return pm_fail(error, PM_INVALID, "a network file is trained by one process; threads share its work");
    net_model *m = model;
    *m = (net_model){.of = c,
                     .train = train,
                     .n_parts = n_parts,
                     .keep = 1.0,
                     .key = pm_class_key(&pm_classifier_network, c->seed, "code")};
    pm_status status = pm_network_load(c->network, &net, error);
    if (!status) {
        net->seed = c->seed;
        status = pm_circuit_new(&m->circuit, net, c->input, c->output, c->network_loss->fires, c->learnt, c->n_learnt,
                                error);
    }
    return status ? status : build(m, error);
}

/* --- what is learnt ------------------------------------------------------------------------------------------------
 */

static double *array(void *model, size_t k, size_t *n) {
    net_model *m = model;
    *n = k == 0 ? m->circuit.at[m->circuit.n_learnt] : 0;
    return k == 0 ? m->values : NULL;
}

static bool block(const void *model, size_t k, pm_class_block *b) {
    const net_model *m = model;
    const pm_circuit *c = &m->circuit;
    if (k >= c->n_learnt)
        return false;
    *b = (pm_class_block){.from = c->at[k], .rows = 1, .columns = c->at[k + 1] - c->at[k], .share = c->learnt[k].rate};
    return true;
}

static void gather(void *model, size_t k, size_t n, double rate) {
    net_model *m = model;
    const pm_circuit *c = &m->circuit;
    m->keep = c->learnt[k].kind == PM_LEARNT_WEIGHTS ? pm_class_keep(m->of, rate) : 1.0;
    for (size_t j = c->at[k]; j < c->at[k + 1]; j++) {
        m->sum[j] = 0.0;
        for (size_t p = 0; p < m->n_parts; p++)
            m->sum[j] += m->parts[p].learnt[j];
        m->sum[j] /= (double)n;
    }
}

static const double *gradient(void *model, size_t k, size_t row, size_t n) {
    const net_model *m = model;
    (void)row, (void)n;
    return m->sum + m->circuit.at[k];
}

static bool settle(void *model, size_t k, size_t row, size_t n) {
    net_model *m = model;
    const pm_circuit *c = &m->circuit;
    (void)row, (void)n;
    for (size_t j = c->at[k]; j < c->at[k + 1]; j++)
        m->values[j] *= m->keep;
    return pm_circuit_bound(c, k, m->values + c->at[k]);
}

/* --- one example ---------------------------------------------------------------------------------------------------
 */

static pm_status wake(net_model *m, part *p, pm_error *error) {
    const pm_network *net = m->circuit.net;
    rest(p);
    pm_status status = pm_simulation_new(net, &(pm_options){.threads = 1}, &p->simulation, error);
    if (!status)
        status = pm_recording_new(net, &p->recording, error);
    if (!status)
        pm_simulation_record(p->simulation, p->recording);
    return status;
}

static size_t decide(const pm_answer *a) {
    size_t best = 0;
    for (size_t o = 1; o < a->n_outputs; o++)
        best = a->score[o] > a->score[best] ? o : best;
    return best;
}

/* Cross-entropy of the scores' softmax, and its derivatives by the scores: into share[]. */
static double cross_entropy(part *p, size_t label) {
    const pm_answer *a = &p->answer;
    const size_t best = decide(a);
    double others = 0.0;
    for (size_t o = 0; o < a->n_outputs; o++) {
        p->share[o] = pm_exp(a->score[o] - a->score[best]);
        others += o == best ? 0.0 : p->share[o];
    }
    for (size_t o = 0; o < a->n_outputs; o++)
        p->share[o] /= 1.0 + others;
    const double loss = pm_log1p(others) + a->score[best] - a->score[label];
    p->share[label] -= 1.0;
    return loss;
}

static pm_status run_example(net_model *m, part *p, const pm_presentation *of, pm_error *error) {
    const double duration = m->circuit.net->duration;
    pm_status status = pm_encode(&m->of->coding, of, &p->input, error);
    if (!status)
        status = pm_simulation_reset(p->simulation, error);
    pm_recording_clear(p->recording);
    for (size_t k = 0; !status && k < p->input.n; k++)
        status =
            p->input.time[k] < duration
                ? pm_simulation_inject(p->simulation, m->circuit.input, p->input.neuron[k], p->input.time[k], error)
                : pm_fail(error, PM_INVALID,
                          "example %zu has an input spike at %g ms; the duration of the network is %g ms", of->example,
                          p->input.time[k], duration);
    if (!status)
        status = pm_simulation_run(p->simulation, duration, error);
    free(p->spikes);
    p->spikes = NULL;
    if (!status)
        status = pm_recording_all(p->recording, &p->spikes, &p->n, error);
    if (status)
        return status;
    p->answer.spikes = p->spikes;
    p->answer.n = p->n;
    memset(p->answer.score, 0, p->answer.n_outputs * sizeof(double));
    m->of->network_loss->score(&p->answer);
    return PM_OK;
}

static void score_example(const net_model *m, part *p, size_t label, pm_score *score) {
    size_t fired = 0;
    for (size_t k = 0; k < p->n; k++)
        fired += m->circuit.net->populations[p->spikes[k].population].kind == PM_LIF;
    pm_class_score(score, decide(&p->answer) == label, cross_entropy(p, label), fired, p->input.n);
}

static pm_status train_example(net_model *m, part *p, size_t example, uint64_t presentation, pm_score *score,
                               pm_error *error) {
    const size_t label = m->train->label[example];
    pm_status status = run_example(m, p, &(pm_presentation){m->train, example, m->key, presentation}, error);
    if (status)
        return status;
    score_example(m, p, label, score);
    free(p->answer.dl_dt);
    p->answer.dl_dt = calloc(p->n + 1, sizeof(double));
    if (!p->answer.dl_dt)
        return pm_fail_memory(error, "the gradient");
    m->of->network_loss->back(&p->answer, p->share);
    return pm_simulation_gradient(p->simulation, p->spikes, p->n, p->answer.dl_dt, m->of->slope_floor, &p->gradient,
                                  error);
}

static pm_status learn(void *model, size_t which, const pm_class_batch *batch, pm_score *score, pm_error *error) {
    net_model *m = model;
    part *p = &m->parts[which];
    const pm_circuit *c = &m->circuit;
    const size_t neurons = c->first_neuron[c->net->n_populations];
    memset(p->gradient.weight, 0, c->n_synapses * sizeof(double));
    memset(p->gradient.delay, 0, c->n_synapses * sizeof(double));
    if (p->gradient.neuron)
        memset(p->gradient.neuron, 0, neurons * PM_NEURON_PARAMETERS * sizeof(double));
    pm_status status = wake(m, p, error);
    for (size_t k = 0; !status && k < batch->n; k++)
        status = train_example(m, p, batch->order[k], batch->first + k, score, error);
    memset(p->learnt, 0, c->at[c->n_learnt] * sizeof(double));
    for (size_t k = 0; !status && k < c->n_learnt; k++)
        pm_circuit_collect(c, &p->gradient, k, p->learnt + c->at[k]);
    return status;
}

/* --- tests ---------------------------------------------------------------------------------------------------------
 */

static void prepare(void *model, const double *const *arrays) {
    net_model *m = model;
    if (arrays)
        memcpy(m->tested, arrays[0], m->circuit.at[m->circuit.n_learnt] * sizeof *m->tested);
    pm_circuit_put(&m->circuit, arrays ? m->tested : m->values);
}

static pm_status test(void *model, size_t which, const pm_dataset *data, size_t from, size_t to, uint32_t *confusion,
                      pm_score *score, pm_error *error) {
    net_model *m = model;
    part *p = &m->parts[which];
    pm_status status = wake(m, p, error);
    for (size_t k = from; !status && k < to; k++) {
        status = run_example(m, p, &(pm_presentation){data, k, m->key + 1, k}, error);
        if (status)
            break;
        score_example(m, p, data->label[k], score);
        pm_class_count(confusion, data, k, decide(&p->answer));
    }
    return status;
}

static pm_status look(void *model, const pm_dataset *data, size_t example, pm_class_look *look, pm_error *error) {
    net_model *m = model;
    part *p = &m->parts[0];
    pm_status status = p->simulation ? PM_OK : wake(m, p, error);
    if (!status)
        status = run_example(m, p, &(pm_presentation){data, example, m->key + 1, example}, error);
    for (size_t k = 0; k < m->of->n_populations; k++)
        p->populations[k].n = 0;
    for (size_t k = 0; !status && k < p->n; k++) {
        const size_t place = m->place[p->spikes[k].population];
        if (place != SIZE_MAX)
            status = pm_raster_append(&p->populations[place], p->spikes[k].time, p->spikes[k].neuron,
                                      p->spikes[k].slope, error);
    }
    *look = (pm_class_look){p->populations, m->sizes, m->of->n_populations, m->circuit.net->duration};
    return status;
}

/* The synapses of a projection as files of synapses have them. */
static bool table(const void *model, size_t k, pm_class_table *t) {
    const net_model *m = model;
    const pm_circuit *c = &m->circuit;
    if (k >= c->net->n_projections)
        return false;
    const size_t n = c->count[k];
    for (size_t j = 0; j < n; j++) {
        const pm_synapse *s = &c->synapses[k][j];
        const double row[] = {s->source, s->target, s->weight, s->delay};
        for (size_t i = 0; i < 4; i++)
            m->columns[i * n + j] = row[i];
    }
    *t = (pm_class_table){
        .head = "source target weight_pA delay_ms", .numbers = m->columns, .rows = n, .columns = 4, .stride = n};
    snprintf(t->name, sizeof t->name, "synapses-%zu", k + 1);
    return true;
}

const pm_classifier_model pm_classifier_network = {.streams = "network",
                                                   .size = sizeof(net_model),
                                                   .divided = true,
                                                   .create = create,
                                                   .destroy = destroy,
                                                   .array = array,
                                                   .block = block,
                                                   .learn = learn,
                                                   .gather = gather,
                                                   .gradient = gradient,
                                                   .settle = settle,
                                                   .prepare = prepare,
                                                   .test = test,
                                                   .look = look,
                                                   .table = table};
