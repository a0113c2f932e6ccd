/* Names of populations become numbers here; the network itself is loaded to look them up, and again by who trains it.
 */
#include "io/network_experiment.h"

#include "io/json.h"
#include "io/summary.h"
#include "io/values.h"
#include "net/mark.h"
#include "net/synaptic.h"

#include <punctum/io.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pm_status find(const pm_network *net, const pm_node *map, const char *key, uint32_t *number, pm_error *error) {
    pm_node node;
    const char *name = NULL;
    pm_status status = pm_map_get(map, key, &node, error);
    if (!status)
        status = pm_node_text(&node, "the name of a population", &name, error);
    if (status)
        return status;
    const size_t p = pm_network_find(net, name);
    if (p == net->n_populations)
        return pm_node_fail(&node, error, "the network has no population '%s'", name);
    *number = (uint32_t)p;
    return PM_OK;
}

/* --- what is learnt ------------------------------------------------------------------------------------------------
 */

static pm_status add(pm_classification *c, const pm_node *map, const pm_learnt *what, const pm_kind *kind,
                     pm_error *error) {
    if (c->n_learnt == PM_MOST_LEARNT)
        return pm_node_fail(map, error, "more than %d quantities are learnt", (int)PM_MOST_LEARNT);
    pm_learnt *q = &c->learnt[c->n_learnt];
    pm_kind_preset(kind, q);
    q->kind = what->kind, q->from = what->from, q->to = what->to;
    memcpy(q->parameter, what->parameter, sizeof q->parameter);
    for (size_t k = 0; k < c->n_learnt; k++) {
        const pm_learnt *p = &c->learnt[k];
        if (p->kind == q->kind && p->from == q->from && p->to == q->to && strcmp(p->parameter, q->parameter) == 0)
            return pm_node_fail(map, error, "this is learnt already");
    }
    c->n_learnt++;
    return pm_read_kind(map, kind, NULL, q, error);
}

/* {from: A, to: B, weights: {...}, delays: {...}} */
static pm_status read_synapses(pm_classification *c, const pm_network *net, const pm_node *item, pm_error *error) {
    static const char *const keys[] = {"from", "to", "weights", "delays", NULL};
    pm_learnt q = {.kind = PM_LEARNT_WEIGHTS};
    pm_node weights = pm_map_find(item, "weights"), delays = pm_map_find(item, "delays");
    pm_status status = pm_map_check(item, keys, error);
    if (!status)
        status = find(net, item, "from", &q.from, error);
    if (!status)
        status = find(net, item, "to", &q.to, error);
    if (!status && !pm_node_exists(&weights) && !pm_node_exists(&delays))
        return pm_node_fail(item, error, "say what is learnt: weights, delays, or both");
    if (!status && pm_node_exists(&weights))
        status = add(c, &weights, &q, &pm_learnt_weights, error);
    q.kind = PM_LEARNT_DELAYS;
    return status || !pm_node_exists(&delays) ? status : add(c, &delays, &q, &pm_learnt_delays, error);
}

/* {neurons: A, parameters: {V_th: {...}}} */
static pm_status read_parameters(pm_classification *c, const pm_network *net, const pm_node *item, pm_error *error) {
    static const char *const keys[] = {"neurons", "parameters", NULL};
    pm_learnt q = {.kind = PM_LEARNT_PARAMETER};
    pm_node parameters;
    pm_status status = pm_map_check(item, keys, error);
    if (!status)
        status = find(net, item, "neurons", &q.to, error);
    if (!status)
        status = pm_map_get(item, "parameters", &parameters, error);
    if (!status && !pm_node_is_map(&parameters))
        return pm_node_fail(&parameters, error, "a map is wanted: {V_th: {rate: 0.01}}");
    for (size_t k = 0; !status && k < pm_map_length(&parameters); k++) {
        pm_node key = pm_map_key(&parameters, k), value = pm_map_value(&parameters, k);
        const char *name = NULL;
        status = pm_node_text(&key, "the name of a parameter", &name, error);
        if (!status)
            snprintf(q.parameter, sizeof q.parameter, "%s", name);
        if (!status)
            status = add(c, &value, &q, &pm_learnt_parameters, error);
    }
    return status;
}

static pm_status read_learn(pm_classification *c, const pm_network *net, const pm_node *root, pm_error *error) {
    pm_node learn;
    pm_status status = pm_map_get(root, "learn", &learn, error);
    if (!status)
        status = pm_list_check(&learn, 1, PM_MOST_LEARNT,
                               "of {from: A, to: B, weights: {}, delays: {}} and {neurons: A, parameters: {V_th: {}}}",
                               error);
    for (size_t k = 0; !status && k < pm_list_length(&learn); k++) {
        pm_node item = pm_list_item(&learn, k), neurons = pm_map_find(&item, "neurons");
        status = pm_node_exists(&neurons) ? read_parameters(c, net, &item, error) : read_synapses(c, net, &item, error);
    }
    return status;
}

json_t *pm_learnt_json(const pm_learnt *q) {
    static const pm_kind *const kinds[] = {&pm_learnt_weights, &pm_learnt_delays, &pm_learnt_parameters};
    json_t *map =
        json_pack("{s:s, s:I, s:I}", "of", kinds[q->kind]->name, "from", (json_int_t)q->from, "to", (json_int_t)q->to);
    if (q->kind == PM_LEARNT_PARAMETER)
        pm_json_set(&map, "parameter", json_string(q->parameter));
    pm_kind_json(&map, kinds[q->kind], q);
    return map;
}

/* --- the network ---------------------------------------------------------------------------------------------------
 */

static pm_status check_ends(const pm_classification *c, const pm_network *net, const pm_node *root, pm_error *error) {
    const pm_population *in = &net->populations[c->input], *out = &net->populations[c->output];
    pm_node input = pm_map_find(root, "input"), output = pm_map_find(root, "output");
    if (in->kind != PM_SPIKE_SOURCE)
        return pm_node_fail(&input, error, "'%s' must be a population of given spikes: source: {spikes: []}", in->name);
    if (in->n_events > 0)
        return pm_node_fail(&input, error, "'%s' has spikes of its own; those of the examples go there", in->name);
    if (in->size > UINT16_MAX + 1)
        return pm_node_fail(&input, error, "'%s' has %u neurons; an example reaches 65536 at most", in->name, in->size);
    if (out->kind != PM_LIF || pm_population_needs_general(net, c->output) || !(out->neuron.tau_1 > 0.0))
        return pm_node_fail(&output, error,
                            "'%s' must be LIF neurons with one kind of current and nothing else: no receptors, moving "
                            "thresholds, currents of their own, or parameters that differ",
                            out->name);
    if (out->size < 2 || out->size > UINT8_MAX + 1)
        return pm_node_fail(&output, error, "'%s' has %u neurons; there must be one for each class, 2 to 256",
                            out->name, out->size);
    return PM_OK;
}

/* Whose spikes can be looked at. */
static pm_status list_populations(pm_classification *c, const pm_network *net, pm_error *error) {
    c->populations = calloc(net->n_populations, sizeof *c->populations);
    if (!c->populations)
        return pm_fail_memory(error, "populations");
    for (int pass = 0; pass < 3; pass++)
        for (uint32_t p = 0; p < net->n_populations; p++) {
            const int when = p == c->input ? 0 : p == c->output ? 2 : 1;
            if (when != pass || (when == 2 && !c->network_loss->fires))
                continue;
            pm_class_population *to = &c->populations[c->n_populations++];
            *to = (pm_class_population){.size = net->populations[p].size, .number = p};
            snprintf(to->name, sizeof to->name, "%s", net->populations[p].name);
        }
    return PM_OK;
}

static pm_status read_loss(pm_classification *c, const pm_node *root, pm_error *error) {
    const pm_kind *kind = NULL;
    pm_node loss = pm_map_find(root, "loss");
    if (!pm_node_exists(&loss))
        return PM_OK;
    pm_status status = pm_read_choice(&loss, pm_network_losses, "loss", NULL, &kind, c->network_loss_parameters, error);
    c->network_loss = status ? c->network_loss : pm_network_loss_of(kind);
    return status;
}

static pm_status read_all(pm_classification *c, const pm_network *net, const pm_node *root, pm_error *error) {
    pm_status status = find(net, root, "input", &c->input, error);
    if (!status)
        status = find(net, root, "output", &c->output, error);
    if (!status)
        status = check_ends(c, net, root, error);
    if (!status)
        status = pm_node_blame(root, pm_network_need_static(net, "a network that learns has", error), error);
    if (!status)
        status = read_learn(c, net, root, error);
    if (status)
        return status;
    c->network_mark = pm_network_mark(net);
    c->duration = net->duration;
    c->n_inputs = net->populations[c->input].size;
    c->n_classes = net->populations[c->output].size;
    c->n_layers = 1;
    c->layers[0].size = c->n_classes;
    status = read_loss(c, root, error);
    return status ? status : list_populations(c, net, error);
}

pm_status pm_read_network_of(pm_classification *c, const pm_node *root, pm_error *error) {
    pm_node node;
    const char *text = NULL;
    pm_network *net = NULL;
    pm_status status = pm_map_get(root, "network", &node, error);
    if (!status)
        status = pm_node_text(&node, "the name of a network file", &text, error);
    if (!status) {
        c->network = pm_tree_path(root->tree, text);
        status = c->network ? pm_network_load(c->network, &net, error) : pm_fail_memory(error, "a path");
    }
    if (!status)
        status = read_all(c, net, root, error);
    pm_network_free(net);
    return status;
}
