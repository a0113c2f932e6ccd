/* Each projection can be walked as often as wanted and yields the same synapses. Where targets choose their sources,
 * every target has its own random streams, one for the partners, one for weights and one for delays; where sources
 * choose their targets, every source has. So what is drawn for a target does not depend on which other targets are
 * here. Nothing is kept in between.
 *
 * A fixed total number is drawn in two steps: a stream of the projection says how many synapses each target has (each
 * synapse chooses its target), then every target chooses its sources. */
#include "net/walk.h"

#include "base/list.h"
#include "math/elementary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Twins are told apart by their order: sorted by (from, to), they stand beside each other. */
typedef struct place {
    uint32_t from, to, number;
} place;

static int compare_places(const void *left, const void *right) {
    const place *a = left, *b = right;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool number_twins(pm_walk *walk) {
    const pm_network *net = walk->network;
    place *places = malloc((net->n_projections + 1) * sizeof *places);
    walk->twin = malloc((net->n_projections + 1) * sizeof *walk->twin);
    bool memory = places && walk->twin;
    for (uint32_t k = 0; memory && k < net->n_projections; k++)
        places[k] = (place){net->projections[k].from, net->projections[k].to, k};
    if (memory)
        qsort(places, net->n_projections, sizeof *places, compare_places);
    for (size_t k = 0; memory && k < net->n_projections; k++) {
        const bool twin = k > 0 && places[k].from == places[k - 1].from && places[k].to == places[k - 1].to;
        walk->twin[places[k].number] = twin ? walk->twin[places[k - 1].number] + 1 : 0;
    }
    free(places);
    return memory;
}

pm_status pm_walk_new(pm_walk *walk, const pm_network *network, pm_error *error) {
    *walk = (pm_walk){.network = network};
    walk->connect = pm_stream_new(&walk->streams[0]);
    walk->weight = pm_stream_new(&walk->streams[1]);
    walk->delay = pm_stream_new(&walk->streams[2]);
    if (number_twins(walk))
        return PM_OK;
    pm_walk_free(walk);
    return pm_fail_memory(error, "the synapses");
}

void pm_walk_free(pm_walk *walk) {
    free(walk->twin);
    free(walk->drawn);
    *walk = (pm_walk){0};
}

/* Keys from the names of the populations and the projection's number among those between the same two. */
pm_status pm_walk_begin(pm_walk *walk, size_t projection, uint32_t begin, uint32_t end, pm_error *error) {
    const pm_network *net = walk->network;
    const pm_projection *p = walk->projection = &net->projections[projection];
    walk->n_sources = net->populations[p->from].size;
    walk->n_targets = net->populations[p->to].size;
    walk->weights = pm_draw_begin(&p->weight);
    walk->delays = pm_draw_begin(&p->delay);
    walk->begin = begin;
    walk->end = end;
    char twin[32];
    snprintf(twin, sizeof twin, "%u", walk->twin[projection]);
    const char *words[] = {"connect", net->populations[p->from].name, net->populations[p->to].name, twin};
    walk->connect_key = pm_stream_key(net->seed, words, 4);
    words[0] = "weight";
    walk->weight_key = pm_stream_key(net->seed, words, 4);
    words[0] = "delay";
    walk->delay_key = pm_stream_key(net->seed, words, 4);
    const size_t room = p->rule == PM_FIXED_TOTAL_NUMBER                   ? walk->n_targets
                        : p->rule == PM_FIXED_INDEGREE && p->no_multapses  ? p->indegree
                        : p->rule == PM_FIXED_OUTDEGREE && p->no_multapses ? p->outdegree
                                                                           : 0;
    bool enough = pm_list_reserve((void **)&walk->drawn, &walk->n_drawn, room, sizeof *walk->drawn);
    return enough ? PM_OK : pm_fail_memory(error, "the synapses");
}

static void start(const pm_walk *walk, uint32_t index) {
    pm_stream_start(walk->connect, walk->connect_key, index);
    pm_stream_start(walk->weight, walk->weight_key, index);
    pm_stream_start(walk->delay, walk->delay_key, index);
}

/* Weight and delay are drawn whether the target is here or not. */
static void emit(const pm_walk *walk, uint32_t source, uint32_t target, pm_visit *visit, void *user) {
    size_t index = (size_t)target * walk->n_sources + source;
    double weight = pm_draw_next(&walk->weights, walk->weight, index);
    double delay = pm_draw_next(&walk->delays, walk->delay, index);
    if (target >= walk->begin && target < walk->end)
        visit(user, source, target - walk->begin, weight, delay);
}

static bool is_autapse(const pm_walk *walk, uint32_t source, uint32_t target) {
    const pm_projection *p = walk->projection;
    return p->no_autapses && p->from == p->to && source == target;
}

/* Whether a partner is among the `n` drawn so far; if not, it is put there. The list is sorted. */
static bool is_drawn(const pm_walk *walk, size_t n, uint32_t partner) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (walk->drawn[middle] < partner)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < n && walk->drawn[low] == partner)
        return true;
    memmove(walk->drawn + low + 1, walk->drawn + low, (n - low) * sizeof *walk->drawn);
    walk->drawn[low] = partner;
    return false;
}

/* `degree` partners of a neuron among `n`. Where most of them are wanted, and each once, those left out are drawn. */
static void walk_partners(const pm_walk *walk, uint32_t neuron, uint32_t degree, uint32_t n, bool neuron_is_target,
                          pm_visit *visit, void *user) {
    const bool once = walk->projection->no_multapses;
    const uint32_t own = is_autapse(walk, neuron, neuron) ? 1 : 0;
    const bool leave_out = once && degree > (n - own) / 2;
    const uint32_t wanted = leave_out ? n - own - degree : degree;
    for (uint32_t k = 0; k < wanted;) {
        uint32_t partner = (uint32_t)gsl_rng_uniform_int(walk->connect, n);
        if ((own && partner == neuron) || (once && is_drawn(walk, k, partner)))
            continue;
        k++;
        if (!leave_out)
            emit(walk, neuron_is_target ? partner : neuron, neuron_is_target ? neuron : partner, visit, user);
    }
    for (uint32_t partner = 0, at = 0; leave_out && partner < n; partner++) {
        if (at < wanted && walk->drawn[at] == partner)
            at++;
        else if (!(own && partner == neuron))
            emit(walk, neuron_is_target ? partner : neuron, neuron_is_target ? neuron : partner, visit, user);
    }
}

/* The gaps between partners are geometrically distributed. */
static void walk_bernoulli(const pm_walk *walk, uint32_t target, pm_visit *visit, void *user) {
    const double probability = walk->projection->probability, log_q = pm_log1p(-probability);
    for (double source = -1.0; probability > 0.0;) {
        source += probability < 1.0 ? 1.0 + floor(-pm_minus_log(1.0 - gsl_rng_uniform(walk->connect)) / log_q) : 1.0;
        if (!(source < walk->n_sources))
            break;
        if (!is_autapse(walk, (uint32_t)source, target))
            emit(walk, (uint32_t)source, target, visit, user);
    }
}

static void walk_target(const pm_walk *walk, uint32_t target, pm_visit *visit, void *user) {
    const pm_projection *p = walk->projection;
    start(walk, target);
    switch (p->rule) {
    case PM_ALL_TO_ALL:
        for (uint32_t source = 0; source < walk->n_sources; source++)
            if (!is_autapse(walk, source, target))
                emit(walk, source, target, visit, user);
        break;
    case PM_ONE_TO_ONE:
        if (!is_autapse(walk, target, target))
            emit(walk, target, target, visit, user);
        break;
    case PM_FIXED_INDEGREE:
        walk_partners(walk, target, p->indegree, walk->n_sources, true, visit, user);
        break;
    case PM_FIXED_TOTAL_NUMBER:
        walk_partners(walk, target, walk->drawn[target], walk->n_sources, true, visit, user);
        break;
    default:
        walk_bernoulli(walk, target, visit, user);
        break;
    }
}

static void walk_list(const pm_walk *walk, pm_visit *visit, void *user) {
    const pm_projection *p = walk->projection;
    for (size_t k = 0; k < p->n_synapses; k++) {
        const pm_synapse *s = &p->synapses[k];
        if (s->target >= walk->begin && s->target < walk->end)
            visit(user, s->source, s->target - walk->begin, s->weight, s->delay);
    }
}

/* How many synapses each target has. */
static void share_out(const pm_walk *walk) {
    memset(walk->drawn, 0, walk->n_targets * sizeof *walk->drawn);
    pm_stream_start(walk->connect, walk->connect_key, UINT32_MAX);
    for (uint64_t k = 0; k < walk->projection->total; k++)
        walk->drawn[gsl_rng_uniform_int(walk->connect, walk->n_targets)]++;
}

void pm_walk_on(const pm_walk *walk, pm_visit *visit, void *user) {
    const pm_projection *p = walk->projection;
    if (p->rule == PM_SYNAPSE_LIST) {
        walk_list(walk, visit, user);
        return;
    }
    if (p->rule == PM_FIXED_OUTDEGREE) {
        for (uint32_t source = 0; source < walk->n_sources; source++) {
            start(walk, source);
            walk_partners(walk, source, p->outdegree, walk->n_targets, false, visit, user);
        }
        return;
    }
    if (p->rule == PM_FIXED_TOTAL_NUMBER)
        share_out(walk);
    for (uint32_t target = walk->begin; target < walk->end; target++)
        walk_target(walk, target, visit, user);
}
