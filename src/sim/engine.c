/* Delivering and settling. Invariants: intakes are zero between slabs; a cell's intake is complete when its level is
 * settled; a cell is moved by propagators only if the bound below proves that it stays under its threshold.
 *
 * The bound. Over the slab, u <= [largest u without arrivals] + [sum over arrivals with w > 0 of w times the largest
 * value that the PSP takes before s1]. The first is at most u(s0) + h max(0, slope) (pm_lif_bound). The PSP eps rises
 * until peak_time, so with r = s1 - arrival the second has the terms w eps(r), or w eps(peak_time) if r is beyond the
 * peak: which is the intake's u, minus `lift`, if `lift` collects w eps(r) for w < 0 and w (eps(r) - eps(peak_time))
 * for w > 0. */
#include "sim/engine.h"

#include "base/simd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* Fewer cells are not worth a thread, and not a core that others might use: slabs are short. */
enum { CELLS_PER_WANTED_THREAD = 256, CELLS_PER_THREAD = 2048 };
static const uint64_t MOST_LOGGED = 4000000;
enum { AHEAD = 2 }; /* deliveries whose synapses are fetched */

bool pm_list_grow(void **items, size_t *capacity, size_t count, size_t item_size) {
    size_t larger = count < 16 ? 32 : 2 * count;
    void *moved = realloc(*items, larger * item_size);
    if (!moved)
        return false;
    *items = moved;
    *capacity = larger;
    return true;
}

void pm_engine_name(const pm_engine *engine, uint32_t cell, char *text, size_t size) {
    uint32_t p = pm_wiring_population_of_cell(engine->wiring, engine->network, cell);
    snprintf(text, size, "%s[%u]", engine->network->populations[p].name,
             engine->wiring->first_here[p] + (cell - engine->wiring->first_cell[p]));
}

static int compare_watches(const void *left, const void *right) {
    const pm_watch *a = left, *b = right;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    if (a->record != b->record)
        return a->record < b->record ? -1 : 1;
    return a->neuron < b->neuron ? -1 : a->neuron > b->neuron;
}

static bool make_watches(pm_engine *engine) {
    const pm_network *net = engine->network;
    for (size_t r = 0; r < net->n_potentials; r++)
        engine->n_watches += net->potentials[r].n_neurons;
    engine->watches = malloc((engine->n_watches + 1) * sizeof *engine->watches);
    if (!engine->watches)
        return false;
    size_t n = 0;
    for (size_t r = 0; r < net->n_potentials; r++)
        for (size_t k = 0; k < net->potentials[r].n_neurons; k++) {
            uint32_t p = net->potentials[r].population, neuron = net->potentials[r].neurons[k];
            uint32_t begin = engine->wiring->first_cell[p], here = engine->wiring->first_cell[p + 1] - begin;
            uint32_t place = neuron - engine->wiring->first_here[p]; /* huge for those before */
            if (place < here)
                engine->watches[n++] = (pm_watch){r, k, net->potentials[r].interval, begin + place};
        }
    engine->n_watches = n;
    qsort(engine->watches, n, sizeof *engine->watches, compare_watches);
    for (size_t k = 0; k < n; k++)
        engine->watched[engine->watches[k].cell] = true;
    return true;
}

static bool make_classes(pm_engine *engine) {
    const pm_network *net = engine->network;
    engine->classes = malloc((engine->wiring->n_classes + 1) * sizeof *engine->classes);
    if (!engine->classes)
        return false;
    for (size_t p = 0; p < net->n_populations; p++) {
        if (net->populations[p].kind != PM_LIF)
            continue;
        pm_class *class = &engine->classes[engine->wiring->class[p]];
        class->lif = pm_lif_new(&net->populations[p].neuron);
        class->step = pm_lif_basis_at(&class->lif, engine->plan.slab);
        class->series = pm_series_new(&class->lif, engine->plan.slab);
        class->peak_time = class->lif.impulse ? 0.0 : pm_lif_psp_peak(&class->lif);
        class->peak = class->lif.impulse ? 1.0 : pm_lif_psp(&class->lif, class->peak_time);
    }
    return true;
}

static bool make_workers(pm_engine *engine, int threads) {
    int most = 1;
#ifdef _OPENMP
    most = threads > 0 ? threads : omp_get_max_threads();
#else
    (void)threads;
#endif
    uint32_t n = engine->wiring->n_cells;
    const uint32_t fewest = threads > 0 ? CELLS_PER_WANTED_THREAD : CELLS_PER_THREAD;
    while (most > 1 && n / (uint32_t)most < fewest)
        most--;
    engine->workers = calloc((size_t)most, sizeof *engine->workers);
    if (!engine->workers)
        return false;
    engine->n_workers = most;
    for (int k = 0; k < most; k++) {
        engine->workers[k].begin = (uint32_t)((uint64_t)n * (uint64_t)k / (uint64_t)most);
        engine->workers[k].end = (uint32_t)((uint64_t)n * (uint64_t)(k + 1) / (uint64_t)most);
    }
    return true;
}

static void *aligned(size_t count, size_t item_size) {
    size_t bytes = (count * item_size + 63) / 64 * 64 + 64;
    return aligned_alloc(64, bytes);
}

pm_status pm_engine_init(pm_engine *engine, const pm_network *network, int threads, const pm_exchange *exchange,
                         pm_error *error) {
    *engine = (pm_engine){.network = network, .probe = PM_NOT_LOGGED};
    pm_status status = pm_wiring_share(network, exchange, &engine->wiring, error);
    if (status == PM_OK)
        status = pm_plan_new(network, engine->wiring, exchange, &engine->plan, error);
    if (status == PM_OK)
        status = pm_drive_new(&engine->drive, network, engine->wiring, exchange, engine->plan.slab, error);
    if (status == PM_OK) {
        size_t n = engine->wiring->n_cells;
        engine->saved = aligned(n, sizeof *engine->saved);
        engine->cells = aligned(n, sizeof *engine->cells);
        engine->intakes = aligned(n, sizeof *engine->intakes);
        engine->log_head = aligned(n, sizeof *engine->log_head);
        engine->watched = calloc(n + 1, sizeof *engine->watched);
        if (!engine->cells || !engine->saved || !engine->intakes || !engine->log_head || !engine->watched ||
            !make_watches(engine) || !make_classes(engine) || !make_workers(engine, threads))
            status = pm_fail_memory(error, "the neurons");
    }
    if (status == PM_OK)
        pm_engine_reset(engine);
    else
        pm_engine_clear(engine);
    return status;
}

void pm_engine_clear(pm_engine *engine) {
    for (int k = 0; k < engine->n_workers; k++) {
        free(engine->workers[k].log.items);
        free(engine->workers[k].arrivals.items);
        pm_drive_block_free(&engine->workers[k].block);
        pm_drive_arrivals_free(&engine->workers[k].driven);
        free(engine->workers[k].instants.items);
        pm_basis_free(&engine->workers[k].gaps);
        free(engine->workers[k].spikes.items);
        free(engine->workers[k].samples.items);
    }
    free(engine->workers);
    free(engine->deliveries.items);
    free(engine->watches);
    free(engine->watched);
    free(engine->classes);
    free(engine->cells);
    free(engine->saved);
    pm_drive_clear(&engine->drive);
    free(engine->intakes);
    free(engine->log_head);
    pm_plan_free(&engine->plan);
    pm_wiring_free(engine->wiring);
    *engine = (pm_engine){0};
}

void pm_engine_reset(pm_engine *engine) {
    for (uint32_t c = 0; c < engine->wiring->n_cells; c++) {
        engine->cells[c] = (pm_cell){.ready = -INFINITY};
        engine->intakes[c] = (pm_intake){0};
        engine->log_head[c] = PM_LOG_END;
    }
    for (int k = 0; k < engine->n_workers; k++) {
        engine->workers[k].log.count = 0;
        engine->workers[k].lift = 0.0;
    }
    engine->deliveries.count = 0;
    engine->drive.arrived = 0;
}

void pm_engine_save(pm_engine *engine) {
    memcpy(engine->saved, engine->cells, engine->wiring->n_cells * sizeof *engine->saved);
}

void pm_engine_restore(pm_engine *engine) {
    memcpy(engine->cells, engine->saved, engine->wiring->n_cells * sizeof *engine->saved);
}

void pm_engine_archive(pm_engine *engine, pm_archive *archive) {
    if (archive->reading)
        pm_engine_reset(engine);
    pm_archive_bytes(archive, engine->cells, engine->wiring->n_cells * sizeof *engine->cells);
    PM_ARCHIVE(archive, engine->drive.arrived);
}

void pm_engine_begin(pm_engine *engine, double start, double end) {
    engine->start = start;
    engine->end = end;
    engine->deliveries.count = 0;
    engine->events = 0;
    for (int k = 0; k < engine->n_workers; k++)
        engine->workers[k].n_driven = 0;
}

pm_status pm_engine_arrive(pm_engine *engine, uint64_t group, double time, pm_error *error) {
    const pm_group *g = &engine->wiring->groups[group];
    const pm_class *class = &engine->classes[g->class];
    if (!PM_LIST_ROOM(engine->deliveries))
        return pm_fail_memory(error, "deliveries");
    double left = engine->end - time; /* exact: both are multiples of the last bit of the smaller */
    pm_lif_basis at = pm_lif_basis_at(&class->lif, left);
    if (class->lif.impulse)
        at = (pm_lif_basis){.d12 = at.em};
    engine->deliveries.items[engine->deliveries.count++] = (pm_delivery){
        .offset = time - engine->start,
        .begin = g->begin,
        .end = g[1].begin,
        .sign = g->sign,
        .weight = g->weight,
        .u = at.d12,
        .i = at.alpha,
        .b = at.e2,
        .lift_positive = left > class->peak_time ? at.d12 - class->peak : 0.0,
        .lift_negative = at.d12,
    };
    engine->events += g[1].begin - g->begin;
    return PM_OK;
}

typedef struct block {
    uint32_t begin, end; /* cells */
} block;

/* The synapses of a delivery whose targets are in the block. */
static void block_part(const pm_engine *engine, block cells, const pm_delivery *d, uint64_t *begin, uint64_t *end) {
    const uint32_t *targets = engine->wiring->targets;
    uint32_t limit[2] = {cells.begin, cells.end};
    uint64_t found[2] = {d->begin, d->end};
    bool whole = cells.begin == 0 && cells.end == engine->wiring->n_cells;
    for (int k = 0; k < 2 && !whole; k++) {
        uint64_t low = d->begin, high = d->end;
        while (low < high) {
            uint64_t middle = low + (high - low) / 2;
            if (targets[middle] < limit[k])
                low = middle + 1;
            else
                high = middle;
        }
        found[k] = low;
    }
    *begin = found[0];
    *end = found[1];
}

typedef double vector4 __attribute__((vector_size(32)));

/* The innermost loop of the program: one synaptic event per turn. `equal`: the weights are, and need not be read. The
 * number of arrivals logged so far, and with these. */
static inline __attribute__((always_inline)) uint32_t deliver_synapses(pm_engine *engine, pm_logged *restrict log,
                                                                       uint32_t logged, uint64_t begin, uint64_t end,
                                                                       uint32_t delivery, bool equal) {
    const pm_delivery *d = &engine->deliveries.items[delivery];
    const uint32_t *restrict targets = engine->wiring->targets;
    const double *restrict weights = engine->wiring->weights;
    vector4 *restrict intakes = (vector4 *)(void *)engine->intakes;
    uint32_t *restrict log_head = engine->log_head;
    const vector4 positive = {d->u, d->i, d->b, d->lift_positive}, negative = {d->u, d->i, d->b, d->lift_negative};
    const vector4 same = d->sign < 0 ? negative : positive;
    const vector4 change = d->weight * same;
    for (uint64_t k = begin; k < end; k++) {
        uint32_t target = targets[k];
        double w = equal ? d->weight : weights[k];
        const vector4 factors = d->sign ? same : w < 0.0 ? negative : positive;
        intakes[target] += equal ? change : w * factors;
        if (log_head[target] != PM_NOT_LOGGED) {
            log[logged] = (pm_logged){w, delivery, log_head[target]};
            log_head[target] = logged++;
        }
    }
    return logged;
}

/* The synapses of a delivery lie anywhere in memory: to be fetched while those before are delivered. Those of the
 * block are where they would be if targets were spread evenly. */
static void fetch(const pm_engine *engine, block cells, const pm_delivery *d) {
    enum { AT_MOST = 1024, LINE = 64 }; /* synapses, bytes: the rest comes by itself */
    const double share = (double)(d->end - d->begin) / engine->wiring->n_cells;
    const uint64_t first = d->begin + (uint64_t)(share * cells.begin);
    const uint64_t part = (uint64_t)(share * (cells.end - cells.begin)), n = part < AT_MOST ? part : AT_MOST;
    const uint32_t *targets = engine->wiring->targets + first;
    const double *weights = engine->wiring->weights + first;
    for (uint64_t k = 0; k < n; k += LINE / sizeof *targets)
        __builtin_prefetch(targets + k, 0, 2);
    for (uint64_t k = 0; isnan(d->weight) && k < n; k += LINE / sizeof *weights)
        __builtin_prefetch(weights + k, 0, 2);
}

PM_SIMD static bool deliver_one(pm_engine *engine, pm_worker *worker, block cells, uint32_t delivery) {
    const pm_delivery *d = &engine->deliveries.items[delivery];
    uint64_t begin, end;
    block_part(engine, cells, d, &begin, &end);
    while (worker->log.capacity < worker->log.count + (end - begin)) {
        size_t room = worker->log.count + (end - begin);
        if (!pm_list_grow((void **)&worker->log.items, &worker->log.capacity, room, sizeof *worker->log.items))
            return false;
    }
    const uint32_t logged = (uint32_t)worker->log.count;
    pm_logged *log = worker->log.items;
    worker->log.count = !isnan(d->weight) ? deliver_synapses(engine, log, logged, begin, end, delivery, true)
                                          : deliver_synapses(engine, log, logged, begin, end, delivery, false);
    return true;
}

/* Draws what private drives bring to the cells in the slab. */
static bool draw_driven(pm_engine *engine, pm_worker *worker, block cells, const pm_class *class) {
    const pm_drive *drive = &engine->drive;
    const double h = engine->end - engine->start;
    const uint32_t n_channels = drive->first[cells.end] - drive->first[cells.begin];
    if (!pm_drive_draw(drive, cells.begin, cells.end, engine->start, h, &class->lif, &class->series, &worker->block))
        return false;
    if (engine->sample_until < engine->end)
        worker->n_driven += pm_drive_before(&worker->block, n_channels, engine->start, engine->sample_until);
    return true;
}

/* Adds it to a cell's intake. */
static inline void add_driven(const pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class,
                              pm_intake *intake) {
    const pm_drive *drive = &engine->drive;
    const pm_drive_block *drawn = &worker->block;
    const bool rising = engine->plan.slab < class->peak_time; /* all PSPs, to the end of the slab */
    for (uint32_t c = drive->first[cell]; c < drive->first[cell + 1]; c++) {
        const uint32_t at = c - drawn->first;
        const pm_series_sums *sums = &drawn->sums[at / PM_SERIES_LANES];
        const uint32_t lane = at % PM_SERIES_LANES;
        const double w = drive->channels[c].weight, u = w * sums->u[lane], n = sums->number[lane];
        const double most = !(w > 0.0) ? 0.0 : rising ? u : w * n * class->peak;
        intake->u += u;
        intake->i += w * sums->i[lane];
        intake->b += w * sums->b[lane];
        intake->lift += u - most;
        worker->n_driven += engine->sample_until < engine->end ? 0 : (uint64_t)n;
    }
}

static pm_status settle_cells(pm_engine *engine, pm_worker *worker, block cells, const pm_class *class) {
    const pm_lif *lif = &class->lif;
    const pm_lif_basis *step = &class->step;
    const double h = engine->end - engine->start;
    const bool driven = engine->drive.n_channels > 0;
    double lift_sum = 0.0;
    if (driven && !draw_driven(engine, worker, cells, class))
        return pm_fail_memory(&worker->error, "arrivals from Poisson sources");
    for (uint32_t n = cells.begin; n < cells.end; n++) {
        pm_cell *cell = &engine->cells[n];
        pm_intake *intake = &engine->intakes[n];
        if (driven)
            add_driven(engine, worker, n, class, intake);
        pm_lif_state state = {cell->u, cell->i, cell->b};
        pm_lif_state moved = pm_lif_advance_by(lif, &state, step);
        double lift = intake->u - intake->lift;
        lift_sum += lift;
        bool held = cell->ready >= engine->end;
        double bound = pm_lif_bound(lif, &state, h);
        double rounding = 1e-9 * (fabs(bound) + fabs(lift)); /* far more than there is; the proof stays a proof */
        bool active = !held && (cell->ready > engine->start || !(bound + lift + rounding < lif->theta));
        bool watched = engine->watched[n] || n == engine->probe;
        if (active || watched) {
            pm_status status = pm_replay(engine, worker, n, class);
            if (status != PM_OK)
                return status;
        } else {
            cell->u = held ? lif->u_reset : moved.u + intake->u;
        }
        cell->i = moved.i + intake->i;
        cell->b = moved.b + intake->b;
        *intake = (pm_intake){0};
    }
    worker->lift_sum += lift_sum;
    return PM_OK;
}

/* In blocks for which drives are drawn together. */
static pm_status settle_range(pm_engine *engine, pm_worker *worker, uint32_t begin, uint32_t end,
                              const pm_class *class) {
    pm_status status = PM_OK;
    for (uint32_t next; status == PM_OK && begin < end; begin = next) {
        next = engine->drive.n_channels > 0 ? pm_drive_block_end(&engine->drive, begin, end) : end;
        status = settle_cells(engine, worker, (block){begin, next}, class);
    }
    return status;
}

static block in_block(block cells, const pm_range *range) {
    return (block){range->begin > cells.begin ? range->begin : cells.begin,
                   range->end < cells.end ? range->end : cells.end};
}

/* Before anything of a slab is delivered: which cells will probably be replayed, by the arrivals to be expected. Where
 * there are few of these, logging them all costs less than telling cells apart. */
static void flag_cells(pm_engine *engine, const pm_worker *worker, block cells) {
    const double h = engine->end - engine->start;
    const double arrivals = ((double)engine->events + worker->driven_before) / engine->wiring->n_cells;
    const double expected = worker->lift * (arrivals + 3.0 * sqrt(arrivals));
    const bool few = (double)engine->events < engine->wiring->n_cells;
    for (size_t r = 0; r < engine->plan.first_range[engine->plan.n_levels]; r++) {
        block part = in_block(cells, &engine->plan.ranges[r]);
        const pm_lif *lif = &engine->classes[engine->plan.ranges[r].class].lif;
        for (uint32_t n = part.begin; n < part.end; n++) {
            const pm_cell *cell = &engine->cells[n];
            pm_lif_state state = {cell->u, cell->i, cell->b};
            bool always = few || engine->watched[n] || n == engine->probe;
            bool log = always || (cell->ready < engine->end && (cell->ready > engine->start ||
                                                                pm_lif_bound(lif, &state, h) + expected >= lif->theta));
            engine->log_head[n] = log ? PM_LOG_END : PM_NOT_LOGGED;
        }
    }
}

static pm_status settle_block(pm_engine *engine, pm_worker *worker, block cells, size_t first, size_t level) {
    if (level == 0)
        flag_cells(engine, worker, cells);
    for (size_t d = first; d < engine->deliveries.count; d++) {
        if (d + AHEAD < engine->deliveries.count)
            fetch(engine, cells, &engine->deliveries.items[d + AHEAD]);
        if (!deliver_one(engine, worker, cells, (uint32_t)d))
            return pm_fail_memory(&worker->error, "logged arrivals");
    }
    pm_status status = PM_OK;
    for (size_t r = engine->plan.first_range[level]; status == PM_OK && r < engine->plan.first_range[level + 1]; r++) {
        const pm_range *range = &engine->plan.ranges[r];
        block part = in_block(cells, range);
        if (part.begin < part.end)
            status = settle_range(engine, worker, part.begin, part.end, &engine->classes[range->class]);
    }
    return status;
}

/* A burst is settled block by block: what is logged stays bounded. */
static void settle_worker(pm_engine *engine, pm_worker *worker, size_t first, size_t level) {
    const uint32_t n = worker->end - worker->begin;
    const uint64_t wanted = engine->plan.n_levels == 1 ? 1 + engine->events / MOST_LOGGED : 1;
    const uint32_t n_blocks = wanted < n ? (uint32_t)wanted : n > 0 ? n : 1;
    worker->spikes.count = 0;
    worker->lift_sum = 0.0;
    worker->status = PM_OK;
    for (uint32_t k = 0; worker->status == PM_OK && k < n_blocks; k++) {
        block cells = {worker->begin + (uint32_t)((uint64_t)n * k / n_blocks),
                       worker->begin + (uint32_t)((uint64_t)n * (k + 1) / n_blocks)};
        if (level == 0)
            worker->log.count = 0;
        worker->status = settle_block(engine, worker, cells, first, level);
    }
    const double share = n / fmax(engine->wiring->n_cells, 1.0);
    const double arrivals = (double)engine->events * share + (double)worker->n_driven;
    if (level + 1 == engine->plan.n_levels && arrivals > 0.0) {
        worker->lift += 0.25 * (worker->lift_sum / arrivals - worker->lift);
        worker->driven_before = (double)worker->n_driven / fmax(share, 1e-12);
    }
}

pm_status pm_engine_settle(pm_engine *engine, size_t first, size_t level, pm_error *error) {
    if (engine->n_workers == 1) {
        settle_worker(engine, &engine->workers[0], first, level);
    } else {
#pragma omp parallel for schedule(static, 1) num_threads(engine->n_workers)
        for (int k = 0; k < engine->n_workers; k++)
            settle_worker(engine, &engine->workers[k], first, level);
    }
    for (int k = 0; k < engine->n_workers; k++)
        if (engine->workers[k].status != PM_OK) {
            if (error)
                *error = engine->workers[k].error;
            return engine->workers[k].status;
        }
    return PM_OK;
}

void pm_engine_finish(pm_engine *engine) {
    for (int k = 0; k < engine->n_workers; k++) {
        engine->workers[k].log.count = 0;
        engine->workers[k].samples.count = 0;
    }
}
