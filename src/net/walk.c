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
    uint32_t *own = walk->own_twin = malloc((net->n_projections + 1) * sizeof *own);
    bool memory = places && own;
    for (uint32_t k = 0; memory && k < net->n_projections; k++)
        places[k] = (place){net->projections[k].from, net->projections[k].to, k};
    if (memory)
        qsort(places, net->n_projections, sizeof *places, compare_places);
    for (size_t k = 0; memory && k < net->n_projections; k++) {
        const bool twin = k > 0 && places[k].from == places[k - 1].from && places[k].to == places[k - 1].to;
        own[places[k].number] = twin ? own[places[k - 1].number] + 1 : 0;
    }
    walk->twin = own;
    free(places);
    return memory;
}

pm_status pm_walk_new(pm_walk *walk, const pm_network *network, const pm_walk *like, pm_error *error) {
    *walk = (pm_walk){.network = network, .twin = like ? like->twin : NULL};
    if (like || number_twins(walk))
        return PM_OK;
    pm_walk_free(walk);
    return pm_fail_memory(error, "the synapses");
}

void pm_walk_free(pm_walk *walk) {
    free(walk->own_twin);
    free(walk->degree);
    free(walk->last_drawn);
    *walk = (pm_walk){0};
}

static bool has_room(pm_walk *walk, uint32_t n_partners) {
    const size_t before = walk->n_last_drawn;
    if (!pm_list_reserve((void **)&walk->last_drawn, &walk->n_last_drawn, n_partners, sizeof *walk->last_drawn))
        return false;
    if (walk->n_last_drawn > before)
        memset(walk->last_drawn + before, 0, (walk->n_last_drawn - before) * sizeof *walk->last_drawn);
    return true;
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
    bool enough = true;
    if (p->rule == PM_FIXED_TOTAL_NUMBER)
        enough = pm_list_reserve((void **)&walk->degree, &walk->n_degree, walk->n_targets, sizeof *walk->degree);
    else if (p->no_multapses && (p->rule == PM_FIXED_INDEGREE || p->rule == PM_FIXED_OUTDEGREE))
        enough = has_room(walk, p->rule == PM_FIXED_INDEGREE ? walk->n_sources : walk->n_targets);
    return enough ? PM_OK : pm_fail_memory(error, "the synapses");
}

static void draw_values(pm_walk *walk, const pm_draw *draw, pm_words *words, double *values, uint32_t *step) {
    const pm_drawn *d = &walk->drawn;
    const pm_distribution *from = draw->from;
    if (from->kind == PM_CONSTANT)
        for (size_t k = walk->weighed; k < d->n; k++)
            values[k] = from->a;
    else if (from->kind == PM_MATRIX || from->kind == PM_VALUES)
        for (size_t k = walk->weighed; k < d->n; k++)
            values[k] = from->values[(size_t)d->target[k] * walk->n_sources + d->source[k]];
    else
        pm_draw_many(draw, words, d->n - walk->weighed, values + walk->weighed, step ? step + walk->weighed : NULL);
}

/* Weights and delays of what was drawn since: whether a target is here or not, its synapses have theirs. */
static void weigh(pm_walk *walk) {
    pm_drawn *d = &walk->drawn;
    if (!walk->bare) {
        draw_values(walk, &walk->weights, &walk->weight, d->weight, NULL);
        draw_values(walk, &walk->delays, &walk->delay, d->delay, d->step);
    }
    walk->weighed = d->n;
}

/* Leaves what is here. */
static void choose_own(const pm_walk *walk, pm_drawn *d) {
    size_t n = 0;
    for (size_t k = 0; k < d->n; k++) {
        const uint32_t target = d->target[k];
        d->source[n] = d->source[k];
        d->target[n] = target;
        d->weight[n] = d->weight[k];
        d->delay[n] = d->delay[k];
        d->step[n] = d->step[k];
        n += target >= walk->begin && target < walk->end;
    }
    d->n = n;
}

static void pass_on(pm_walk *walk) {
    pm_drawn *d = &walk->drawn;
    weigh(walk);
    if (walk->projection->rule == PM_FIXED_OUTDEGREE) /* else targets are walked through */
        choose_own(walk, d);
    for (size_t k = 0; k < d->n; k++)
        d->target[k] -= walk->begin;
    if (d->n > 0)
        walk->visit(walk->user, d);
    d->n = walk->weighed = 0;
}

/* To the streams of a neuron. */
static void start(pm_walk *walk, uint32_t index) {
    weigh(walk);
    pm_words_start(&walk->connect, walk->connect_key, index);
    pm_words_start(&walk->weight, walk->weight_key, index);
    pm_words_start(&walk->delay, walk->delay_key, index);
}

static void emit(pm_walk *walk, uint32_t source, uint32_t target) {
    pm_drawn *d = &walk->drawn;
    if (d->n == PM_DRAWN)
        pass_on(walk);
    d->source[d->n] = source;
    d->target[d->n++] = target;
}

static bool is_autapse(const pm_walk *walk, uint32_t source, uint32_t target) {
    const pm_projection *p = walk->projection;
    return p->no_autapses && p->from == p->to && source == target;
}

/* Notes a partner of a neuron that has each only once; whether it was one already. */
static bool is_drawn(pm_walk *walk, uint32_t partner) {
    const bool drawn = walk->last_drawn[partner] == walk->neuron_drawn;
    walk->last_drawn[partner] = walk->neuron_drawn;
    return drawn;
}

static void begin_drawing(pm_walk *walk) {
    if (++walk->neuron_drawn > 0)
        return;
    memset(walk->last_drawn, 0, walk->n_last_drawn * sizeof *walk->last_drawn);
    walk->neuron_drawn = 1;
}

static void emit_pair(pm_walk *walk, uint32_t neuron, uint32_t partner, bool neuron_is_target) {
    emit(walk, neuron_is_target ? partner : neuron, neuron_is_target ? neuron : partner);
}

/* Where nothing that is drawn is refused. */
static void walk_any_partners(pm_walk *walk, uint32_t neuron, uint32_t degree, uint32_t n, bool neuron_is_target) {
    pm_drawn *d = &walk->drawn;
    for (uint32_t left = degree; left > 0;) {
        if (d->n == PM_DRAWN)
            pass_on(walk);
        uint32_t *partner = (neuron_is_target ? d->source : d->target) + d->n;
        uint32_t *own = (neuron_is_target ? d->target : d->source) + d->n;
        const uint32_t more = left < PM_DRAWN - (uint32_t)d->n ? left : PM_DRAWN - (uint32_t)d->n;
        pm_words_below_many(&walk->connect, n, more, partner);
        for (uint32_t k = 0; k < more; k++)
            own[k] = neuron;
        d->n += more;
        left -= more;
    }
}

/* `degree` partners of a neuron among `n`. Where most of them are wanted, and each once, those left out are drawn. */
static void walk_partners(pm_walk *walk, uint32_t neuron, uint32_t degree, uint32_t n, bool neuron_is_target) {
    const bool once = walk->projection->no_multapses;
    const uint32_t own = is_autapse(walk, neuron, neuron) ? 1 : 0;
    const bool leave_out = once && degree > (n - own) / 2;
    const uint32_t wanted = leave_out ? n - own - degree : degree;
    if (!once && !own) {
        walk_any_partners(walk, neuron, degree, n, neuron_is_target);
        return;
    }
    if (once)
        begin_drawing(walk);
    for (uint32_t k = 0; k < wanted;) {
        const uint32_t partner = pm_words_below(&walk->connect, n);
        if ((own && partner == neuron) || (once && is_drawn(walk, partner)))
            continue;
        k++;
        if (!leave_out)
            emit_pair(walk, neuron, partner, neuron_is_target);
    }
    for (uint32_t partner = 0; leave_out && partner < n; partner++)
        if (walk->last_drawn[partner] != walk->neuron_drawn && !(own && partner == neuron))
            emit_pair(walk, neuron, partner, neuron_is_target);
}

/* The gaps between partners are geometrically distributed. */
static void walk_bernoulli(pm_walk *walk, uint32_t target) {
    const double probability = walk->projection->probability, log_q = pm_log1p(-probability);
    for (double source = -1.0; probability > 0.0;) {
        source += probability < 1.0 ? 1.0 + floor(-pm_minus_log(1.0 - pm_words_uniform(&walk->connect)) / log_q) : 1.0;
        if (!(source < walk->n_sources))
            break;
        if (!is_autapse(walk, (uint32_t)source, target))
            emit(walk, (uint32_t)source, target);
    }
}

static void walk_target(pm_walk *walk, uint32_t target) {
    const pm_projection *p = walk->projection;
    start(walk, target);
    switch (p->rule) {
    case PM_ALL_TO_ALL:
        for (uint32_t source = 0; source < walk->n_sources; source++)
            if (!is_autapse(walk, source, target))
                emit(walk, source, target);
        break;
    case PM_ONE_TO_ONE:
        if (!is_autapse(walk, target, target))
            emit(walk, target, target);
        break;
    case PM_FIXED_INDEGREE:
        walk_partners(walk, target, p->indegree, walk->n_sources, true);
        break;
    case PM_FIXED_TOTAL_NUMBER:
        walk_partners(walk, target, walk->degree[target], walk->n_sources, true);
        break;
    default:
        walk_bernoulli(walk, target);
        break;
    }
}

static void walk_list(pm_walk *walk) {
    const pm_projection *p = walk->projection;
    for (size_t k = 0; k < p->n_synapses; k++) {
        const pm_synapse *s = &p->synapses[k];
        if (s->target < walk->begin || s->target >= walk->end)
            continue;
        emit(walk, s->source, s->target);
        walk->drawn.weight[walk->drawn.n - 1] = s->weight;
        walk->drawn.delay[walk->drawn.n - 1] = s->delay;
        walk->weighed = walk->drawn.n;
    }
}

/* How many synapses each target has. */
static void share_out(pm_walk *walk) {
    memset(walk->degree, 0, walk->n_targets * sizeof *walk->degree);
    pm_words_start(&walk->connect, walk->connect_key, UINT32_MAX);
    for (uint64_t left = walk->projection->total; left > 0;) {
        uint32_t target[PM_DRAWN];
        const size_t n = left < PM_DRAWN ? (size_t)left : PM_DRAWN;
        pm_words_below_many(&walk->connect, walk->n_targets, n, target);
        for (size_t k = 0; k < n; k++)
            walk->degree[target[k]]++;
        left -= n;
    }
}

void pm_walk_on(pm_walk *walk, bool bare, pm_visit *visit, void *user) {
    const pm_projection *p = walk->projection;
    walk->visit = visit;
    walk->user = user;
    walk->bare = bare;
    if (p->rule == PM_SYNAPSE_LIST) {
        walk_list(walk);
    } else if (p->rule == PM_FIXED_OUTDEGREE) {
        for (uint32_t source = 0; source < walk->n_sources; source++) {
            start(walk, source);
            walk_partners(walk, source, p->outdegree, walk->n_targets, false);
        }
    } else {
        if (p->rule == PM_FIXED_TOTAL_NUMBER)
            share_out(walk);
        for (uint32_t target = walk->begin; target < walk->end; target++)
            walk_target(walk, target);
    }
    pass_on(walk);
}
