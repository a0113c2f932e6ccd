/* A binary heap of spikes on their way, each waiting at one of its fans: at the nearest one when time runs forwards, at
 * the farthest one when it runs backwards, then at the next. Invariant: a spike that is not in the heap yet cannot
 * arrive before the heap's first entry, since it enters as soon as the shortest (backwards: longest) of all delays
 * allows. So the heap holds the spikes on their way at one instant, not all arrivals. Ties are settled by the spike's
 * number: the order is a function of the input. */
#include "gradient/arrivals.h"

#include "base/list.h"
#include "model/neuron.h"
#include "net/population.h"

#include <math.h>
#include <stdlib.h>

typedef struct sort_item {
    double delay;
    size_t place;
    uint32_t source;
} sort_item;

static int compare_items(const void *left, const void *right) {
    const sort_item *a = left, *b = right;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->delay != b->delay)
        return a->delay < b->delay ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

void pm_synapses_free(pm_synapses *s) {
    free(s->classes);
    free(s->class);
    free(s->weight);
    free(s->first_fan);
    free(s->fans);
    free(s->target);
    free(s->place);
    *s = (pm_synapses){0};
}

static pm_status check(const pm_synapses *s, const uint32_t *class, const pm_synapse *list, pm_error *error) {
    for (size_t k = 0; k < s->n_neurons; k++)
        if (class[k] != PM_IS_SOURCE && class[k] >= s->n_classes)
            return pm_fail(error, PM_INVALID, "neuron %zu has class %u; there are %zu", k, class[k], s->n_classes);
    for (size_t k = 0; k < s->n_synapses; k++) {
        if (list[k].source >= s->n_neurons || list[k].target >= s->n_neurons)
            return pm_fail(error, PM_INVALID, "synapse %zu leads from neuron %u to %u; there are %zu neurons", k,
                           list[k].source, list[k].target, s->n_neurons);
        if (class[list[k].target] == PM_IS_SOURCE)
            return pm_fail(error, PM_INVALID, "synapse %zu leads to neuron %u, which is a source", k, list[k].target);
        if (!(list[k].delay >= 0.0 && list[k].delay < INFINITY))
            return pm_fail(error, PM_INVALID, "synapse %zu has a delay of %g ms; it must be 0 or more", k,
                           list[k].delay);
    }
    return PM_OK;
}

/* Rows of fans from the sorted list. */
static void compress(pm_synapses *s, const pm_synapse *list, const sort_item *items) {
    size_t n_fans = 0;
    s->shortest = s->n_synapses > 0 ? INFINITY : 0.0;
    for (size_t k = 0; k < s->n_synapses; k++) {
        if (k == 0 || items[k].source != items[k - 1].source || items[k].delay != items[k - 1].delay) {
            s->fans[n_fans++] = (pm_fan){items[k].delay, k};
            s->first_fan[items[k].source + 1]++;
        }
        s->target[k] = list[items[k].place].target;
        s->place[k] = items[k].place;
        s->shortest = fmin(s->shortest, items[k].delay);
        s->longest = fmax(s->longest, items[k].delay);
    }
    s->fans[n_fans] = (pm_fan){0.0, s->n_synapses};
    for (size_t k = 0; k < s->n_neurons; k++)
        s->first_fan[k + 1] += s->first_fan[k];
}

pm_status pm_synapses_new(pm_synapses *s, const pm_lif *classes, size_t n_classes, const uint32_t *class,
                          size_t n_neurons, const pm_synapse *list, size_t n_synapses, pm_error *error) {
    *s = (pm_synapses){.n_neurons = n_neurons, .n_synapses = n_synapses, .n_classes = n_classes};
    pm_status status = check(s, class, list, error);
    if (status) {
        *s = (pm_synapses){0};
        return status;
    }
    sort_item *items = malloc((n_synapses + 1) * sizeof *items);
    s->classes = malloc((n_classes + 1) * sizeof *s->classes);
    s->class = malloc((n_neurons + 1) * sizeof *s->class);
    s->weight = malloc((n_synapses + 1) * sizeof *s->weight);
    s->first_fan = calloc(n_neurons + 1, sizeof *s->first_fan);
    s->fans = malloc((n_synapses + 1) * sizeof *s->fans);
    s->target = malloc((n_synapses + 1) * sizeof *s->target);
    s->place = malloc((n_synapses + 1) * sizeof *s->place);
    if (!items || !s->classes || !s->class || !s->weight || !s->first_fan || !s->fans || !s->target || !s->place) {
        free(items);
        pm_synapses_free(s);
        return pm_fail_memory(error, "the synapses");
    }
    for (size_t k = 0; k < n_classes; k++)
        s->classes[k] = classes[k];
    for (size_t k = 0; k < n_neurons; k++)
        s->class[k] = class[k];
    for (size_t k = 0; k < n_synapses; k++) {
        items[k] = (sort_item){list[k].delay, k, list[k].source};
        s->weight[k] = list[k].weight;
    }
    qsort(items, n_synapses, sizeof *items, compare_items);
    compress(s, list, items);
    free(items);
    return PM_OK;
}

/* The wiring's rows as a list; targets are numbers of cells there. */
static void list_rows(const pm_network *network, const pm_wiring *w, pm_synapse *list) {
    for (uint32_t source = 0; source < w->n_neurons; source++)
        for (uint64_t g = w->first_group[source]; g < w->first_group[source + 1]; g++)
            for (uint64_t k = pm_group_begin(w, g); k < pm_group_begin(w, g + 1); k++) {
                uint32_t cell = w->targets[k], to = pm_wiring_population_of_cell(w, network, cell);
                uint32_t target = w->first_neuron[to] + (cell - w->first_cell[to]);
                list[k] = (pm_synapse){source, target, w->weights[k], pm_group_delay(w, g)};
            }
}

static pm_status need_plain(const pm_network *network, pm_error *error) {
    pm_status status = PM_OK;
    for (uint32_t p = 0; p < network->n_populations && !status; p++)
        if (network->populations[p].kind == PM_LIF)
            status = pm_population_need_plain(network, p, "the gradient of plain networks", error);
    return status;
}

pm_status pm_synapses_of_wiring(pm_synapses *s, const pm_network *network, const pm_wiring *w, pm_error *error) {
    pm_lif *classes = calloc(w->n_classes + 1, sizeof *classes);
    uint32_t *class = calloc((size_t)w->n_neurons + 1, sizeof *class);
    pm_synapse *list = calloc(w->n_synapses + 1, sizeof *list);
    pm_status status = PM_NO_MEMORY;
    *s = (pm_synapses){0};
    if (!classes || !class || !list) {
        pm_fail_memory(error, "the synapses");
    } else if ((status = need_plain(network, error)) == PM_OK) {
        for (size_t p = 0; p < network->n_populations; p++) {
            bool is_lif = network->populations[p].kind == PM_LIF;
            if (is_lif)
                classes[w->class[p]] = pm_lif_of_neuron(&network->populations[p].neuron);
            for (uint32_t n = w->first_neuron[p]; n < w->first_neuron[p + 1]; n++)
                class[n] = is_lif ? w->class[p] : PM_IS_SOURCE;
        }
        list_rows(network, w, list);
        status = pm_synapses_new(s, classes, w->n_classes, class, w->n_neurons, list, w->n_synapses, error);
    }
    free(classes);
    free(class);
    free(list);
    return status;
}

static bool is_before(const pm_flying *a, const pm_flying *b) {
    return a->key < b->key || (a->key == b->key && a->spike < b->spike);
}

static void sift_down(pm_arrivals *w, pm_flying item) {
    size_t at = 0;
    for (size_t child = 1; child < w->n; child = 2 * at + 1) {
        child += child + 1 < w->n && is_before(&w->heap[child + 1], &w->heap[child]);
        if (is_before(&item, &w->heap[child]))
            break;
        w->heap[at] = w->heap[child];
        at = child;
    }
    w->heap[at] = item;
}

static void push(pm_arrivals *w, pm_flying item) {
    size_t at = w->n++;
    for (; at > 0 && is_before(&item, &w->heap[(at - 1) / 2]); at = (at - 1) / 2)
        w->heap[at] = w->heap[(at - 1) / 2];
    w->heap[at] = item;
}

static double key_of(const pm_arrivals *w, size_t spike, double delay) {
    double time = w->spikes->time[spike] + delay;
    return w->backwards ? -time : time;
}

/* Puts the spikes into the heap whose first arrival may be the next one of all. */
static void enter(pm_arrivals *w) {
    const pm_synapses *s = w->synapses;
    for (; w->entered < w->spikes->n; w->entered++) {
        size_t spike = w->backwards ? w->spikes->n - 1 - w->entered : w->entered;
        if (w->n > 0 && key_of(w, spike, w->backwards ? s->longest : s->shortest) > w->heap[0].key)
            return;
        size_t first = s->first_fan[w->spikes->neuron[spike]], end = s->first_fan[w->spikes->neuron[spike] + 1];
        size_t fan = w->backwards ? end - 1 : first;
        if (first < end)
            push(w, (pm_flying){key_of(w, spike, s->fans[fan].delay), spike, fan});
    }
}

pm_status pm_arrivals_begin(pm_arrivals *w, const pm_synapses *synapses, const pm_raster *spikes, bool backwards,
                            pm_error *error) {
    if (!pm_list_reserve((void **)&w->heap, &w->capacity, spikes->n, sizeof *w->heap))
        return pm_fail_memory(error, "the spikes on their way");
    w->synapses = synapses;
    w->spikes = spikes;
    w->backwards = backwards;
    w->n = w->entered = 0;
    return PM_OK;
}

bool pm_arrivals_next(pm_arrivals *w, pm_landing *landing) {
    const pm_synapses *s = w->synapses;
    enter(w);
    if (w->n == 0)
        return false;
    pm_flying item = w->heap[0];
    size_t neuron = w->spikes->neuron[item.spike];
    *landing = (pm_landing){w->backwards ? -item.key : item.key, item.spike, item.fan, s->fans[item.fan].begin,
                            s->fans[item.fan + 1].begin};
    bool more = w->backwards ? item.fan > s->first_fan[neuron] : item.fan + 1 < s->first_fan[neuron + 1];
    if (more) {
        item.fan = w->backwards ? item.fan - 1 : item.fan + 1;
        item.key = key_of(w, item.spike, s->fans[item.fan].delay);
        sift_down(w, item);
    } else if (--w->n > 0) {
        sift_down(w, w->heap[w->n]);
    }
    return true;
}

void pm_arrivals_free(pm_arrivals *w) {
    free(w->heap);
    *w = (pm_arrivals){0};
}
