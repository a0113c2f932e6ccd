/* Every Poisson neuron has random streams of its own (model/poisson.h), so its spikes depend on the seed, the
 * population's name and its number only. All neurons of a population have cells of the same width: the present cell of
 * all of them is drawn at once, eight neurons in lanes, into stretches of its time, counted first and then placed. A
 * stretch is put in order when its time has come. So a spike costs the same however many neurons there are, and a slab
 * without spikes costs a glance. Injected spikes wait in a list sorted by time. Invariants: what lies before `at` in
 * the list of a population has been collected, or was before the state was read; the stretch at hand is in order, no
 * stretch has a spike that belongs into one before. */
#include "sim/sources.h"

#include "base/random.h"
#include "model/poisson.h"
#include "model/rate_course.h"
#include "net/spikes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = PM_POISSON_LANES, BATCH = PM_POISSON_BATCH };
static const double IN_A_STRETCH = 12.0; /* spikes to be expected */
static const double LATEST = 0x1p53;     /* ms; what comes later never comes */

typedef struct drawn {
    double time; /* ms */
    uint32_t neuron;
} drawn;

typedef struct source {
    size_t next_event; /* PM_SPIKE_SOURCE */
    /* PM_POISSON_SOURCE that fires: */
    const pm_population *population;
    pm_poisson *poisson; /* NULL: there is none */
    bool *skipped;       /* per neuron */
    bool begun;          /* a cell is at hand */
    double begin, next;  /* of that cell and of the one to be drawn after it, ms; the latter INFINITY: there is none */
    PM_LIST(drawn) spikes;
    size_t at;      /* of the next one */
    size_t *first;  /* of each stretch, and one more */
    size_t stretch; /* at hand */
    size_t n_stretches;
} source;

struct pm_sources {
    const pm_network *network;
    source *source; /* per population */
    pm_spike_list collected, injected;
    size_t next_injected;
    bool disordered; /* injected spikes that wait are to be sorted before anybody looks at them */
    double end;      /* of the last collection, ms */
};

/* Into the list, which is sorted. */
static bool insert(pm_spike_list *list, pm_spike spike) {
    if (!PM_LIST_ADD(*list, spike))
        return false;
    size_t at = list->count - 1;
    for (; at > 0 && pm_compare_spikes(&spike, &list->items[at - 1]) < 0; at--)
        list->items[at] = list->items[at - 1];
    list->items[at] = spike;
    return true;
}

/* Injected spikes, those that wait in order. */
static pm_spike_list *sorted_injected(pm_sources *sources) {
    if (sources->disordered)
        pm_spikes_sort(&sources->injected, sources->next_injected);
    sources->disordered = false;
    return &sources->injected;
}

/* The spikes of a neuron whose rate changes, in order. */
static size_t draw_thinned(const source *s, uint32_t neuron, uint64_t cell, double times[PM_POISSON_MOST]) {
    size_t n = pm_poisson_draw(s->poisson, neuron, cell, times);
    for (size_t k = 1; k < n; k++) {
        double time = times[k];
        size_t at = k;
        for (; at > 0 && times[at - 1] > time; at--)
            times[at] = times[at - 1];
        times[at] = time;
    }
    return pm_rate_course_thin(&s->population->course, s->population->rate, s->poisson->key, neuron, cell, times, n);
}

/* Some neurons side by side: their spikes in the cell. */
typedef struct octet {
    pm_poisson_cells cells;
    size_t n; /* neurons */
    size_t count[LANES];
    double times[LANES][PM_POISSON_MOST]; /* ms */
} octet;

static void draw_octet(const source *s, octet *o) {
    double place[BATCH][LANES];
    uint64_t word[LANES];
    const uint64_t cell = o->cells.cell[0];
    for (size_t k = 0; pm_rate_course_changes(&s->population->course) && k < o->n; k++)
        o->count[k] = draw_thinned(s, (uint32_t)o->cells.neuron[k], cell, o->times[k]);
    if (pm_rate_course_changes(&s->population->course))
        return;
    size_t most = 1;
    for (size_t done = 0; done < most; done += BATCH) {
        pm_poisson_batch(&o->cells, done / BATCH, place, word);
        for (size_t k = 0; k < o->n; k++) {
            if (done == 0)
                o->count[k] = pm_poisson_number(s->poisson, (uint32_t)word[k]);
            most = o->count[k] > most ? o->count[k] : most;
            for (size_t j = done; j < done + BATCH && j < o->count[k]; j++)
                o->times[k][j] = pm_poisson_time(s->poisson, cell, place[j - done][k]);
        }
    }
}

/* The next neurons from *neuron on that are not skipped. */
static void fill_octet(const source *s, octet *o, uint32_t *neuron) {
    for (o->n = 0; o->n < LANES && *neuron < s->population->size; ++*neuron)
        if (!s->skipped[*neuron])
            o->cells.neuron[o->n++] = *neuron;
}

/* Spikes of the octet are counted by their stretches, or placed there; fill[k] is where the next of stretch k goes. */
static void spread(source *s, const octet *o, double per_ms, bool placing, size_t *fill) {
    for (size_t k = 0; k < o->n; k++)
        for (size_t j = 0; j < o->count[k]; j++) {
            const double time = o->times[k][j];
            const size_t at = (size_t)((time - s->begin) * per_ms), last = s->n_stretches - 1;
            const size_t place = fill[at < last ? at : last]++;
            if (placing)
                s->spikes.items[place] = (drawn){time, (uint32_t)o->cells.neuron[k]};
        }
}

/* The spikes of all neurons in a cell. False: no memory. */
static bool draw(source *s, uint64_t cell) {
    const double width = s->poisson->width, per_ms = (double)s->n_stretches / width;
    octet o = {0};
    for (size_t k = 0; k < LANES; k++) {
        o.cells.key[k] = s->poisson->key;
        o.cells.cell[k] = cell;
    }
    s->begin = (double)cell * width;
    memset(s->first, 0, (s->n_stretches + 2) * sizeof *s->first);
    for (int placing = 0; placing < 2; placing++) {
        for (uint32_t neuron = 0; neuron < s->population->size;) {
            fill_octet(s, &o, &neuron);
            draw_octet(s, &o);
            spread(s, &o, per_ms, placing, s->first + (placing ? 1 : 2));
        }
        for (size_t k = 2; !placing && k < s->n_stretches + 2; k++)
            s->first[k] += s->first[k - 1];
        if (!placing && !PM_LIST_RESERVE(s->spikes, s->first[s->n_stretches + 1]))
            return false;
    }
    s->spikes.count = s->first[s->n_stretches];
    s->next = pm_rate_course_next(&s->population->course, (double)(cell + 1) * width);
    return true;
}

static void sort_stretch(source *s) {
    drawn *const spikes = s->spikes.items + s->first[s->stretch];
    const size_t n = s->first[s->stretch + 1] - s->first[s->stretch];
    for (size_t k = 1; k < n; k++) {
        const drawn spike = spikes[k];
        size_t at = k;
        for (; at > 0 && (spikes[at - 1].time > spike.time ||
                          (spikes[at - 1].time == spike.time && spikes[at - 1].neuron > spike.neuron));
             at--)
            spikes[at] = spikes[at - 1];
        spikes[at] = spike;
    }
}

/* From one spike to the next of the cell: the stretch in which it lies is put in order. */
static void look(source *s) {
    while (s->at < s->spikes.count && s->at == s->first[s->stretch + 1]) {
        s->stretch++;
        sort_stretch(s);
    }
}

/* To the cell that may hold a spike at `next`. False: no memory. */
static bool go_on(source *s, double next) {
    if (!draw(s, (uint64_t)(next / s->poisson->width)))
        return false;
    s->at = s->stretch = 0;
    sort_stretch(s);
    look(s);
    return true;
}

void pm_sources_reset(pm_sources *sources) {
    for (size_t p = 0; p < sources->network->n_populations; p++) {
        sources->source[p].next_event = 0;
        sources->source[p].begun = false;
    }
    sources->injected.count = sources->next_injected = sources->collected.count = 0;
    sources->disordered = false;
    sources->end = 0.0;
}

uint64_t pm_source_key(const pm_network *network, size_t population) {
    const char *words[] = {"poisson", network->populations[population].name};
    return pm_stream_key(network->seed, words, 2);
}

static bool make_source(source *s, const pm_population *population, uint64_t key) {
    s->population = population;
    s->poisson = malloc(sizeof *s->poisson);
    s->skipped = calloc(population->size, sizeof *s->skipped);
    if (!s->poisson || !s->skipped)
        return false;
    *s->poisson = pm_poisson_new(key, population->rate);
    const double expected = population->rate * 1e-3 * s->poisson->width * population->size;
    for (s->n_stretches = 1; (double)s->n_stretches * IN_A_STRETCH < expected;)
        s->n_stretches *= 2;
    s->first = malloc((s->n_stretches + 2) * sizeof *s->first);
    return s->first != NULL;
}

pm_status pm_sources_new(const pm_network *network, const bool *silent, pm_sources **sources, pm_error *error) {
    pm_sources *s = *sources = calloc(1, sizeof *s);
    if (!s || !(s->source = calloc(network->n_populations + 1, sizeof *s->source))) {
        free(s);
        *sources = NULL;
        return pm_fail_memory(error, "the sources");
    }
    s->network = network;
    for (size_t p = 0; p < network->n_populations; p++) {
        const pm_population *population = &network->populations[p];
        if (population->kind != PM_POISSON_SOURCE || population->rate == 0.0 || (silent && silent[p]))
            continue;
        if (!make_source(&s->source[p], population, pm_source_key(network, p))) {
            pm_sources_free(s);
            *sources = NULL;
            return pm_fail_memory(error, "the Poisson sources");
        }
    }
    return PM_OK;
}

void pm_sources_free(pm_sources *sources) {
    if (!sources)
        return;
    for (size_t p = 0; p < sources->network->n_populations; p++) {
        source *s = &sources->source[p];
        free(s->poisson);
        free(s->skipped);
        free(s->spikes.items);
        free(s->first);
    }
    free(sources->source);
    free(sources->collected.items);
    free(sources->injected.items);
    free(sources);
}

void pm_sources_skip(pm_sources *sources, uint32_t population, uint32_t neuron) {
    if (sources->source[population].poisson)
        sources->source[population].skipped[neuron] = true;
}

/* What Poisson neurons will fire follows from the end of the last collection. */
void pm_sources_archive(pm_sources *sources, pm_archive *archive) {
    for (size_t p = 0; p < sources->network->n_populations; p++) {
        PM_ARCHIVE(archive, sources->source[p].next_event);
        if (archive->reading)
            sources->source[p].begun = false;
    }
    PM_ARCHIVE_LIST(archive, sources->collected);
    (void)sorted_injected(sources);
    PM_ARCHIVE_LIST(archive, sources->injected);
    PM_ARCHIVE(archive, sources->next_injected);
    PM_ARCHIVE(archive, sources->end);
}

/* Whether the next event of a population is the first one from `end` on. */
static bool events_are_sound(const pm_population *population, size_t next, double end) {
    if (population->kind != PM_SPIKE_SOURCE)
        return next == 0;
    return next <= population->n_events && (next == 0 || population->events[next - 1].time < end) &&
           (next == population->n_events || population->events[next].time >= end);
}

static bool spikes_are_sound(const pm_sources *sources, const pm_spike_list *list, size_t from, bool given) {
    bool good = from <= list->count;
    for (size_t k = from; good && k < list->count; k++) {
        const pm_spike *spike = &list->items[k];
        good = (pm_spike_is_of(sources->network, spike, PM_SPIKE_SOURCE) ||
                (!given && pm_spike_is_of(sources->network, spike, PM_POISSON_SOURCE))) &&
               (k == from || pm_compare_spikes(spike - 1, spike) <= 0);
    }
    return good;
}

bool pm_sources_are_sound(const pm_sources *sources, double end, bool collected) {
    const pm_spike_list *injected = &sources->injected;
    bool good = (collected ? sources->end == end : sources->end >= 0.0 && sources->end <= end) &&
                spikes_are_sound(sources, &sources->collected, 0, false) &&
                spikes_are_sound(sources, injected, sources->next_injected, true) &&
                (sources->next_injected >= injected->count || injected->items[sources->next_injected].time >= end);
    for (size_t p = 0; good && p < sources->network->n_populations; p++)
        good = events_are_sound(&sources->network->populations[p], sources->source[p].next_event, end);
    return good;
}

/* Goes to the cell in which a collection begins that goes on from `from`; the cell before may end there by rounding. */
static bool begin_at(source *s, double from) {
    const double width = s->poisson->width, cell = fmax(floor(from / width) - 1.0, 0.0);
    const double first = pm_rate_course_next(&s->population->course, cell * width);
    s->begun = true;
    s->next = s->begin = INFINITY;
    s->at = s->spikes.count = 0;
    return first < LATEST ? go_on(s, first) : true;
}

/* The spikes of a Poisson population in [from, end). */
static bool collect_poisson(pm_sources *sources, uint32_t p, double from, double end) {
    source *s = &sources->source[p];
    if (!s->begun && !begin_at(s, from))
        return s->begun = false;
    for (;;) {
        for (; s->at < s->spikes.count && s->spikes.items[s->at].time < end; look(s)) {
            const drawn *spike = &s->spikes.items[s->at++];
            if (spike->time >= from && !PM_LIST_ADD(sources->collected, (pm_spike){spike->time, 0.0, p, spike->neuron}))
                return s->begun = false;
        }
        if (s->at < s->spikes.count || !(s->next < fmin(end, LATEST)))
            return true;
        if (!go_on(s, s->next))
            return s->begun = false;
    }
}

static bool collect_population(pm_sources *sources, uint32_t p, double from, double end) {
    const pm_population *population = &sources->network->populations[p];
    source *s = &sources->source[p];
    for (; population->kind == PM_SPIKE_SOURCE && s->next_event < population->n_events; s->next_event++) {
        const pm_event *event = &population->events[s->next_event];
        if (event->time >= end)
            break;
        if (!PM_LIST_ADD(sources->collected, (pm_spike){event->time, 0.0, p, event->neuron}))
            return false;
    }
    return !s->poisson || collect_poisson(sources, p, from, end);
}

/* A time before which a Poisson population does not fire again. */
static double soonest(const source *s, double end) {
    if (!s->begun)
        return end;
    return s->at < s->spikes.count ? s->spikes.items[s->at].time : s->next < LATEST ? s->next : INFINITY;
}

double pm_sources_next(pm_sources *sources) {
    const pm_spike_list *injected = sorted_injected(sources);
    double next = INFINITY;
    for (size_t p = 0; p < sources->network->n_populations; p++) {
        const source *s = &sources->source[p];
        const pm_population *population = &sources->network->populations[p];
        if (s->poisson)
            next = fmin(next, soonest(s, sources->end));
        else if (population->kind == PM_SPIKE_SOURCE && s->next_event < population->n_events)
            next = fmin(next, population->events[s->next_event].time);
    }
    if (sources->next_injected < injected->count)
        next = fmin(next, injected->items[sources->next_injected].time);
    return next;
}

pm_status pm_sources_collect(pm_sources *sources, double end, const pm_spike **spikes, size_t *count, pm_error *error) {
    const double from = sources->end;
    sources->collected.count = 0;
    sources->end = end;
    for (uint32_t p = 0; p < sources->network->n_populations; p++)
        if (!collect_population(sources, p, from, end))
            return pm_fail_memory(error, "spikes of sources");
    const pm_spike_list *injected = sorted_injected(sources);
    for (; sources->next_injected < injected->count; sources->next_injected++) {
        if (injected->items[sources->next_injected].time >= end)
            break;
        if (!PM_LIST_ADD(sources->collected, injected->items[sources->next_injected]))
            return pm_fail_memory(error, "spikes of sources");
    }
    pm_spikes_sort(&sources->collected, 0);
    pm_sources_collected(sources, spikes, count);
    return PM_OK;
}

pm_status pm_sources_inject(pm_sources *sources, const pm_spike *spike, pm_error *error) {
    const pm_spike_list *injected = &sources->injected;
    const bool late = spike->time < sources->end;
    const bool waits = !late && sources->next_injected < injected->count;
    const bool early = waits && pm_compare_spikes(spike, &injected->items[injected->count - 1]) < 0;
    if (!(late ? insert(&sources->collected, *spike) : PM_LIST_ADD(sources->injected, *spike)))
        return pm_fail_memory(error, "injected spikes");
    sources->disordered = sources->disordered || early;
    return PM_OK;
}

void pm_sources_collected(const pm_sources *sources, const pm_spike **spikes, size_t *count) {
    *spikes = sources->collected.items;
    *count = sources->collected.count;
}
