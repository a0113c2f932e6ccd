/* Synapses are drawn once, as a simulation draws them, and are lists from then on, into which numbers that are learnt
 * go in place. Invariant: number k of a quantity belongs to the same synapse, axon or neuron wherever it is met, as one
 * walk says which (visit). */
#include "classify/circuit.h"

#include "net/limits.h"

#include <punctum/synapses.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is said of a quantity ------------------------------------------------------------------------------------
 */

static const char *const owners[] = {"synapse", "axon", NULL};
static const char min_help[] = "a step that leads below it ends there", max_help[] = "and one that leads above it";
static const pm_field of_weights[] = {
    {"rate", "", "factor of the learning rate", offsetof(pm_learnt, rate), 1.0, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"min", "pA", min_help, offsetof(pm_learnt, min), -INFINITY, "none", .bounds = {-INFINITY, INFINITY, PM_CLOSED}},
    {"max", "pA", max_help, offsetof(pm_learnt, max), INFINITY, "none", .bounds = {-INFINITY, INFINITY, PM_CLOSED}},
};
static const pm_field of_delays[] = {
    {"rate", "", "of learning: for adam the size of a step in ms", offsetof(pm_learnt, rate), NAN,
     .bounds = {0.0, 1e9, PM_CLOSED}},
    {"min", "ms", min_help, offsetof(pm_learnt, min), 0.1, .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"max", "ms", max_help, offsetof(pm_learnt, max), INFINITY, "none", .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"per", "", "what has a delay of its own", offsetof(pm_learnt, per), 0.0, .words = owners},
};
static const pm_field of_parameters[] = {
    {"rate", "", "of learning: for adam the size of a step in the unit of the parameter", offsetof(pm_learnt, rate),
     NAN, .bounds = {0.0, 1e9, PM_CLOSED}},
    {"min", "", min_help, offsetof(pm_learnt, min), -INFINITY, "none", .bounds = {-INFINITY, INFINITY, PM_CLOSED}},
    {"max", "", max_help, offsetof(pm_learnt, max), INFINITY, "none", .bounds = {-INFINITY, INFINITY, PM_CLOSED}},
};

static pm_status check_learnt(const void *structure, pm_error *error) {
    const pm_learnt *q = structure;
    return q->max >= q->min ? PM_OK
                            : pm_fail_key(error, "max", "max is %g; it must be at least min, %g", q->max, q->min);
}

const pm_kind pm_learnt_weights = {.name = "weights",
                                   .help = "of the synapses between two populations",
                                   .source = "",
                                   .fields = of_weights,
                                   .n_fields = sizeof of_weights / sizeof *of_weights,
                                   .size = sizeof(pm_learnt),
                                   .check = check_learnt};
const pm_kind pm_learnt_delays = {.name = "delays",
                                  .help = "of the synapses between two populations",
                                  .source = "",
                                  .fields = of_delays,
                                  .n_fields = sizeof of_delays / sizeof *of_delays,
                                  .size = sizeof(pm_learnt),
                                  .check = check_learnt};
const pm_kind pm_learnt_parameters = {.name = "parameters",
                                      .help = "of the neurons of a population, each in its own unit",
                                      .source = "",
                                      .fields = of_parameters,
                                      .n_fields = sizeof of_parameters / sizeof *of_parameters,
                                      .size = sizeof(pm_learnt),
                                      .check = check_learnt};

/* --- the walk ------------------------------------------------------------------------------------------------------
 */

enum { NO_PARAMETER = PM_NEURON_PARAMETERS };

/* The place of a parameter among those of a neuron's gradient. */
static size_t place_of(const char *parameter) {
    static const char *const names[NO_PARAMETER] = {"C_m",   "g_L", "E_L",   "V_th",  "V_reset",
                                                    "t_ref", "I_e", "tau_1", "tau_2", "V_m"};
    size_t k = 0;
    while (k < NO_PARAMETER && strcmp(names[k], parameter) != 0)
        k++;
    return k;
}

static bool is_of(const pm_circuit *c, const pm_learnt *q, size_t projection) {
    const pm_projection *p = &c->net->projections[projection];
    return q->kind != PM_LEARNT_PARAMETER && p->from == q->from && p->to == q->to;
}

/* Number of values of quantity k. */
static size_t size_of(const pm_circuit *c, size_t k) {
    const pm_learnt *q = &c->learnt[k];
    size_t n = 0;
    if (q->kind == PM_LEARNT_PARAMETER)
        return c->net->populations[q->to].size;
    if (q->kind == PM_LEARNT_DELAYS && q->per > 0.0)
        return c->net->populations[q->from].size;
    for (size_t p = 0; p < c->net->n_projections; p++)
        n += is_of(c, q, p) ? c->count[p] : 0;
    return n;
}

/* What is done with a value of a quantity and the place in the network that it stands for; `number` is the place in the
 * arrays of a gradient. */
typedef void visitor(double *value, double *place, double gradient);

static void take(double *value, double *place, double gradient) {
    (void)gradient;
    *value = *place;
}
static void put(double *value, double *place, double gradient) {
    (void)gradient;
    *place = *value;
}
static void collect(double *value, double *place, double gradient) {
    (void)place;
    *value += gradient;
}

static void visit(const pm_circuit *c, size_t k, double *values, const pm_gradient *g, visitor *with) {
    const pm_learnt *q = &c->learnt[k];
    if (q->kind == PM_LEARNT_PARAMETER) {
        const size_t place = place_of(q->parameter), first = c->first_neuron[q->to];
        double *now = c->net->populations[q->to].varied[place].values;
        for (size_t j = 0; j < c->net->populations[q->to].size; j++)
            with(&values[j], &now[j], g ? g->neuron[(first + j) * NO_PARAMETER + place] : 0.0);
        return;
    }
    const bool weights = q->kind == PM_LEARNT_WEIGHTS, tied = !weights && q->per > 0.0;
    size_t next = 0;
    for (size_t p = 0; p < c->net->n_projections; p++)
        for (size_t j = 0; is_of(c, q, p) && j < c->count[p]; j++) {
            pm_synapse *s = &c->synapses[p][j];
            const double *of = g ? (weights ? g->weight : g->delay) : NULL;
            with(&values[tied ? s->source : next++], weights ? &s->weight : &s->delay, of ? of[c->first[p] + j] : 0.0);
        }
}

void pm_circuit_put(pm_circuit *c, const double *values) {
    for (size_t k = 0; k < c->n_learnt; k++)
        visit(c, k, (double *)values + c->at[k], NULL, put);
}

void pm_circuit_collect(const pm_circuit *c, const pm_gradient *gradient, size_t k, double *into) {
    visit(c, k, into, gradient, collect);
}

bool pm_circuit_bound(const pm_circuit *c, size_t k, double *values) {
    const pm_learnt *q = &c->learnt[k];
    bool finite = true;
    for (size_t j = 0; j < c->at[k + 1] - c->at[k]; j++) {
        finite = finite && pm_weight_fits(values[j]);
        values[j] = fmin(fmax(values[j], q->min), q->max);
    }
    return finite;
}

/* --- made and freed ------------------------------------------------------------------------------------------------
 */

void pm_circuit_free(pm_circuit *c) {
    for (size_t p = 0; c->synapses && c->net && p < c->net->n_projections; p++)
        if (!pm_circuit_simulates(c, p))
            free(c->synapses[p]);
    free(c->synapses);
    free(c->count);
    free(c->first);
    free(c->first_neuron);
    free(c->at);
    free(c->initial);
    pm_network_free(c->net);
    *c = (pm_circuit){0};
}

/* All synapses as a simulation has drawn them. */
static pm_status draw(pm_circuit *c, pm_error *error) {
    pm_simulation *drawn = NULL;
    pm_network *net = c->net;
    pm_status status = pm_simulation_new(net, &(pm_options){.threads = 1}, &drawn, error);
    for (size_t p = 0; !status && p < net->n_projections; p++) {
        status = pm_simulation_synapse_count(drawn, p, &c->count[p], error);
        if (status)
            break;
        pm_synapse *list = malloc((c->count[p] + 1) * sizeof *list);
        if (!list) {
            status = pm_fail_memory(error, "synapses");
            break;
        }
        status = pm_simulation_synapses(drawn, p, list, error);
        c->synapses[p] = list;
    }
    for (size_t p = 0; status && p < net->n_projections; p++) {
        free(c->synapses[p]);
        c->synapses[p] = NULL;
    }
    pm_simulation_free(drawn);
    return status;
}

/* The lists take the place of the rules. */
static void list(pm_circuit *c) {
    for (size_t p = 0; p < c->net->n_projections; p++) {
        pm_projection *to = &c->net->projections[p];
        free(to->synapses);
        to->rule = PM_SYNAPSE_LIST;
        to->synapses = pm_circuit_simulates(c, p) ? c->synapses[p] : NULL;
        to->n_synapses = pm_circuit_simulates(c, p) ? c->count[p] : 0;
    }
    for (int left_out = 0; left_out < 2; left_out++)
        for (size_t p = 0; p < c->net->n_projections; p++)
            if (pm_circuit_simulates(c, p) == !left_out) {
                c->first[p] = c->n_synapses;
                c->n_synapses += c->count[p];
            }
}

/* The parameter as one value for each neuron. */
static pm_status spread(pm_circuit *c, const pm_learnt *q, pm_error *error) {
    const uint32_t size = c->net->populations[q->to].size;
    const size_t place = place_of(q->parameter);
    double *values = malloc(size * sizeof *values);
    pm_status status = values ? PM_OK : pm_fail_memory(error, "parameters of neurons");
    for (uint32_t j = 0; !status && j < size; j++) {
        pm_neuron n;
        double V_m = 0.0;
        status = pm_network_neuron(c->net, q->to, j, &n, &V_m, error);
        const double all[NO_PARAMETER] = {n.C_m,   n.g_L, n.E_L,   n.V_th,  n.V_reset,
                                          n.t_ref, n.I_e, n.tau_1, n.tau_2, V_m};
        values[j] = status ? 0.0 : all[place];
    }
    if (!status)
        status = pm_network_vary(c->net, q->to, q->parameter, &(pm_distribution){.kind = PM_VALUES, .values = values},
                                 error);
    free(values);
    return status;
}

static pm_status check(const pm_circuit *c, const pm_learnt *q, pm_error *error) {
    const pm_population *to = &c->net->populations[q->to];
    bool found = false;
    if (q->kind != PM_LEARNT_PARAMETER) {
        for (size_t p = 0; p < c->net->n_projections; p++)
            found = found || is_of(c, q, p);
        return found ? PM_OK
                     : pm_fail(error, PM_INVALID, "learn: there is no projection from %s to %s",
                               c->net->populations[q->from].name, to->name);
    }
    if (to->kind != PM_LIF)
        return pm_fail(error, PM_INVALID, "learn: %s are no LIF neurons", to->name);
    if (q->to == c->output && !c->fires)
        return pm_fail(error, PM_INVALID, "learn: the parameters of %s are not learnt, as it does not fire", to->name);
    return place_of(q->parameter) < NO_PARAMETER
               ? PM_OK
               : pm_fail(error, PM_INVALID,
                         "learn: %s is no parameter of a neuron; there are C_m, g_L, E_L, V_th, V_reset, t_ref, I_e, "
                         "tau_1, tau_2 and V_m (the potential at 0 ms)",
                         q->parameter);
}

static pm_status begin(pm_circuit *c, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < c->n_learnt; k++) {
        status = check(c, &c->learnt[k], error);
        if (!status && c->learnt[k].kind == PM_LEARNT_PARAMETER) {
            c->neurons = true;
            status = spread(c, &c->learnt[k], error);
        }
        c->at[k + 1] = c->at[k] + (status ? 0 : size_of(c, k));
    }
    c->initial = status ? NULL : calloc(c->at[c->n_learnt] + 1, sizeof *c->initial);
    if (!status && !c->initial)
        status = pm_fail_memory(error, "what is learnt");
    for (size_t k = 0; !status && k < c->n_learnt; k++) {
        visit(c, k, c->initial + c->at[k], NULL, take);
        (void)pm_circuit_bound(c, k, c->initial + c->at[k]);
    }
    return status;
}

pm_status pm_circuit_new(pm_circuit *c, pm_network *net, uint32_t input, uint32_t output, bool fires,
                         const pm_learnt *learnt, size_t n_learnt, pm_error *error) {
    *c = (pm_circuit){
        .net = net, .input = input, .output = output, .fires = fires, .learnt = learnt, .n_learnt = n_learnt};
    c->synapses = calloc(net->n_projections + 1, sizeof(pm_synapse *));
    c->count = calloc(net->n_projections + 1, sizeof *c->count);
    c->first = calloc(net->n_projections + 1, sizeof *c->first);
    c->first_neuron = calloc(net->n_populations + 1, sizeof *c->first_neuron);
    c->at = calloc(n_learnt + 1, sizeof *c->at);
    pm_status status = c->synapses && c->count && c->first && c->first_neuron && c->at
                           ? PM_OK
                           : pm_fail_memory(error, "a network that learns");
    for (uint32_t p = 0; !status && p < net->n_populations; p++) {
        c->first_neuron[p + 1] = c->first_neuron[p] + net->populations[p].size;
        status = pm_network_record_spikes(net, p, true, error);
    }
    if (!status)
        status = draw(c, error);
    if (!status)
        list(c);
    if (!status)
        status = begin(c, error);
    if (status)
        pm_circuit_free(c);
    return status;
}
