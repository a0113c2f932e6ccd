/* The engine's memory, and the course of a slab: begin, arrivals, settle level by level, commit, finish. Invariants:
 * intakes are empty and lists of cells to be visited do not exist between slabs; each worker touches its own cells
 * only.
 *
 * Which cells are looked at. Where slabs bring an eighth as many events as there are cells, or private drives, all
 * cells are; otherwise those that the deliveries name, those whose wake has come, and those that are recorded. */
#include "sim/engine.h"

#include "model/kernel.h"
#include "model/neuron.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* Fewer cells are not worth a thread, and not a core that others might use: slabs are short. Neither are few events. */
enum { CELLS_PER_WANTED_THREAD = 256, CELLS_PER_THREAD = 2048, EVENTS_FOR_THREADS = 4096 };
enum { CELLS_PER_EVENT = 8 }; /* with fewer, all cells are looked at */
enum { PATIENCE = 16 };       /* slabs until fewer events are taken for silence: the wakes of all cells cost time */

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

/* The parameters by which private drives are summed: those of the receptor that hears them. */
static pm_neuron driven_neuron(const pm_network *net, const pm_wiring *wiring, uint32_t population) {
    pm_neuron neuron = net->populations[population].neuron;
    if (pm_population_needs_general(net, population)) {
        const pm_receptor r =
            pm_population_get_receptor(&net->populations[population], wiring->drive_receptor[population]);
        if (r.kernel->form == PM_FORM_EXPONENTIALS) {
            neuron.tau_1 = r.parameters[0];
            neuron.tau_2 = r.parameters[1];
        }
    }
    return neuron;
}

static pm_status make_classes(pm_engine *engine, pm_error *error) {
    const pm_network *net = engine->network;
    engine->classes = calloc(engine->wiring->n_classes + 1, sizeof *engine->classes);
    engine->effects = calloc(engine->wiring->n_classes + 1, sizeof *engine->effects);
    if (!engine->classes || !engine->effects)
        return pm_fail_memory(error, "the neurons");
    pm_status status = PM_OK;
    for (uint32_t p = 0; status == PM_OK && p < net->n_populations; p++) {
        if (net->populations[p].kind != PM_LIF)
            continue;
        pm_class *class = &engine->classes[engine->wiring->class[p]];
        const pm_neuron neuron = driven_neuron(net, engine->wiring, p);
        class->lif = pm_lif_of_neuron(&neuron);
        for (size_t k = 0; k <= PM_STEPS; k++)
            class->steps[k] = pm_lif_basis_at(&class->lif, (double)k * engine->plan.slab);
        class->series = pm_series_new(&class->lif, engine->plan.slab);
        class->peak_time = class->lif.impulse ? 0.0 : pm_lif_psp_peak(&class->lif);
        class->peak = class->lif.impulse ? 1.0 : pm_lif_psp(&class->lif, class->peak_time);
        const double fastest = class->lif.x + (class->lif.single ? class->lif.dxy : class->lif.dxz);
        class->worth = fmax(4.0 * engine->plan.slab, 0.25 / fastest);
        pm_neuron slow = neuron;
        slow.tau_2 = 0.0;
        const pm_lif alone = pm_lif_of_neuron(&slow);
        class->slow_peak = class->lif.impulse ? 0.0 : pm_lif_psp(&alone, pm_lif_psp_peak(&alone));
        engine->has_general = engine->has_general || pm_population_needs_general(net, p);
        if (pm_population_needs_general(net, p))
            status = pm_general_new(net, engine->wiring, p, engine->plan.slab, &class->general, error);
    }
    pm_find_effects(engine);
    return status;
}

/* Potentials at t = 0 that differ from E_L. General cells have their own. */
static pm_status draw_start(pm_engine *engine, pm_error *error) {
    const pm_network *net = engine->network;
    const pm_wiring *w = engine->wiring;
    pm_status status = PM_OK;
    for (uint32_t p = 0; status == PM_OK && p < net->n_populations; p++) {
        if (net->populations[p].kind != PM_LIF || !net->populations[p].varied || pm_population_needs_general(net, p))
            continue;
        if (!engine->u_start && !(engine->u_start = calloc((size_t)w->n_cells + 1, sizeof *engine->u_start)))
            return pm_fail_memory(error, "the neurons");
        for (uint32_t c = w->first_cell[p]; status == PM_OK && c < w->first_cell[p + 1]; c++) {
            pm_neuron neuron;
            double V_m = 0.0;
            status = pm_network_neuron(net, p, w->first_here[p] + (c - w->first_cell[p]), &neuron, &V_m, error);
            engine->u_start[c] = V_m - neuron.E_L;
        }
    }
    return status;
}

/* 0: as many as there are processors. */
static int threads_of(int threads) {
#ifdef _OPENMP
    return threads > 0 ? threads : omp_get_max_threads();
#else
    (void)threads;
    return 1;
#endif
}

static bool make_workers(pm_engine *engine, int threads) {
    int most = threads_of(threads);
    uint32_t n = engine->wiring->n_cells;
    const uint32_t fewest = threads > 0 ? CELLS_PER_WANTED_THREAD : CELLS_PER_THREAD;
    while (most > 1 && n / (uint32_t)most < fewest)
        most--;
    engine->workers = calloc((size_t)most, sizeof *engine->workers);
    if (!engine->workers)
        return false;
    engine->n_workers = most;
    engine->team = most > 1 ? pm_team_new(most) : NULL;
    bool memory = most == 1 || engine->team;
    for (int k = 0; k < most; k++) {
        pm_worker *w = &engine->workers[k];
        w->begin = (uint32_t)((uint64_t)n * (uint64_t)k / (uint64_t)most);
        w->end = (uint32_t)((uint64_t)n * (uint64_t)(k + 1) / (uint64_t)most);
        w->listed = malloc(engine->plan.n_levels * sizeof *w->listed);
        w->wakes = (pm_wakes){.cells = engine->heap + w->begin, .place = engine->heap_place, .when = engine->wake};
        memory = memory && w->listed;
    }
    return memory;
}

static void *aligned(size_t count, size_t item_size) {
    size_t bytes = (count * item_size + 63) / 64 * 64 + 64;
    return aligned_alloc(64, bytes);
}

static bool make_cells(pm_engine *engine) {
    const size_t n = engine->wiring->n_cells;
    engine->cells = aligned(n, sizeof *engine->cells);
    engine->holds = aligned(n, sizeof *engine->holds);
    engine->wake = aligned(n, sizeof *engine->wake);
    engine->far = aligned(n, sizeof *engine->far);
    engine->leeway = aligned(n, sizeof *engine->leeway);
    engine->intakes = aligned(n, sizeof *engine->intakes);
    engine->log_head = aligned(n, sizeof *engine->log_head);
    engine->link = aligned(n, sizeof *engine->link);
    engine->heap = aligned(n, sizeof *engine->heap);
    engine->heap_place = aligned(n, sizeof *engine->heap_place);
    engine->range_of = aligned(n, sizeof *engine->range_of);
    engine->watched = calloc(n + 1, sizeof *engine->watched);
    const size_t n_cyclic = engine->plan.cyclic_level < engine->plan.n_levels ? n + 1 : 1;
    engine->draft_of = malloc(n_cyclic * sizeof *engine->draft_of);
    engine->touched = calloc(n_cyclic, sizeof *engine->touched);
    for (size_t c = 0; engine->draft_of && c < n_cyclic; c++)
        engine->draft_of[c] = PM_NO_DRAFT;
    if (!engine->draft_of || !engine->touched || !engine->cells || !engine->holds || !engine->wake || !engine->far ||
        !engine->leeway || !engine->intakes || !engine->log_head || !engine->link || !engine->heap ||
        !engine->heap_place || !engine->range_of || !engine->watched)
        return false;
    for (uint32_t r = 0; r < engine->plan.first_range[engine->plan.n_levels]; r++)
        for (uint32_t c = engine->plan.ranges[r].begin; c < engine->plan.ranges[r].end; c++)
            engine->range_of[c] = r;
    return true;
}

size_t pm_engine_cell_bytes(void) {
    return sizeof(pm_cell) + sizeof(pm_hold) + sizeof(pm_intake) + 2 * sizeof(double) + 5 * sizeof(uint32_t) +
           2 * sizeof(bool);
}

pm_status pm_engine_init(pm_engine *engine, const pm_network *network, int threads, const pm_exchange *exchange,
                         pm_error *error) {
    *engine = (pm_engine){.network = network, .until = INFINITY};
    pm_status status = pm_wiring_share(network, exchange, threads_of(threads), &engine->wiring, error);
    if (status == PM_OK)
        status = pm_plan_new(network, engine->wiring, exchange, &engine->plan, error);
    if (status == PM_OK)
        status = pm_drive_new(&engine->drive, network, engine->wiring, exchange, engine->plan.slab, error);
    if (status == PM_OK && !(make_cells(engine) && make_watches(engine) && make_workers(engine, threads)))
        status = pm_fail_memory(error, "the neurons");
    if (status == PM_OK)
        status = make_classes(engine, error);
    if (status == PM_OK)
        status = draw_start(engine, error);
    if (status == PM_OK)
        status = pm_synaptic_new(&engine->synaptic, engine->wiring, error);
    engine->has_special = engine->has_general || engine->synaptic.place;
    if (status == PM_OK)
        pm_engine_reset(engine);
    else
        pm_engine_clear(engine);
    return status;
}

void pm_engine_clear(pm_engine *engine) {
    pm_team_free(engine->team);
    for (int k = 0; k < engine->n_workers; k++) {
        pm_worker *w = &engine->workers[k];
        free(w->log.items);
        free(w->binned.items);
        free(w->bin_ends.items);
        free(w->listed);
        free(w->crowds.items);
        free(w->crowd_sums.items);
        free(w->ranking.items);
        free(w->arrivals.items);
        pm_drive_block_free(&w->block);
        pm_drive_arrivals_free(&w->driven);
        free(w->instants.items);
        pm_basis_free(&w->gaps);
        free(w->spikes.items);
        free(w->outcomes.items);
        free(w->ends.items);
        free(w->states.items);
        free(w->general.items);
        free(w->samples.items);
        free(w->pins.items);
        free(w->pinned.items);
        free(w->drafts.items);
        free(w->draft_spikes.items);
        free(w->waiting.items);
        free(w->touched.items);
        free(w->late.items);
    }
    free(engine->workers);
    for (uint32_t k = 0; engine->classes && k < engine->wiring->n_classes; k++)
        pm_general_free(engine->classes[k].general);
    free(engine->u_start);
    pm_wiring_free(engine->wiring);
    pm_synaptic_clear(&engine->synaptic);
    free(engine->synaptic_before.items);
    pm_plan_free(&engine->plan);
    pm_drive_clear(&engine->drive);
    free(engine->classes);
    free(engine->effects);
    free(engine->cells);
    free(engine->holds);
    free(engine->wake);
    free(engine->far);
    free(engine->leeway);
    free(engine->intakes);
    free(engine->log_head);
    free(engine->link);
    free(engine->heap);
    free(engine->heap_place);
    free(engine->range_of);
    free(engine->draft_of);
    free(engine->touched);
    free(engine->watches);
    free(engine->watched);
    free(engine->deliveries.items);
    *engine = (pm_engine){0};
}

void pm_engine_reset(pm_engine *engine) {
    for (uint32_t c = 0; c < engine->wiring->n_cells; c++) {
        engine->cells[c] = (pm_cell){.u = engine->u_start ? engine->u_start[c] : 0.0};
        engine->holds[c] = (pm_hold){.ready = -INFINITY};
        engine->wake[c] = PM_UNKNOWN;
        engine->far[c] = true;
        engine->leeway[c] = NAN;
        engine->intakes[c] = (pm_intake){0};
        engine->log_head[c] = PM_LOG_END;
        engine->link[c] = PM_NOT_LOGGED;
    }
    for (uint32_t k = 0; k < engine->wiring->n_classes; k++)
        if (engine->classes[k].general)
            pm_general_reset(engine->classes[k].general);
    for (int k = 0; k < engine->n_workers; k++) {
        engine->workers[k].log.count = 0;
        engine->workers[k].lift = 0.0;
        for (size_t level = 0; level < engine->plan.n_levels; level++)
            engine->workers[k].listed[level] = PM_LOG_END;
    }
    pm_synaptic_reset(&engine->synaptic, engine->wiring);
    engine->calm = false;
    engine->n_quiet = PATIENCE;
    engine->deliveries.count = 0;
    engine->drive.arrived = 0;
}

void pm_engine_archive(pm_engine *engine, pm_archive *archive) {
    if (archive->reading)
        pm_engine_reset(engine);
    pm_archive_bytes(archive, engine->cells, engine->wiring->n_cells * sizeof *engine->cells);
    pm_archive_bytes(archive, engine->holds, engine->wiring->n_cells * sizeof *engine->holds);
    for (uint32_t k = 0; k < engine->wiring->n_classes; k++) {
        const pm_general *g = engine->classes[k].general;
        if (g)
            pm_archive_bytes(archive, g->states, g->n_cells * g->width * sizeof *g->states);
    }
    PM_ARCHIVE(archive, engine->drive.arrived);
    pm_synaptic_archive(&engine->synaptic, archive);
    for (uint32_t c = 0; archive->reading && c < engine->wiring->n_cells; c++)
        engine->wake[c] = PM_UNKNOWN; /* a function of the state at the origin */
}

double pm_engine_wake(const pm_engine *engine, double now) {
    double first = INFINITY;
    if (!engine->calm || engine->n_watches > 0 || engine->drive.n_channels > 0)
        return now;
    for (int k = 0; k < engine->n_workers; k++) {
        const pm_wakes *wakes = &engine->workers[k].wakes;
        first = wakes->count > 0 ? fmin(first, engine->wake[wakes->cells[0]]) : first;
    }
    return fmax(first, now);
}

/* A cell holds at the start of a slab that has been; u is missing where it was refractory then. */
static bool cell_is_sound(const pm_cell *cell, const pm_hold *hold, double h, double now) {
    bool held = isnan(cell->u) && isfinite(hold->ready) && hold->ready > cell->origin - h;
    return (isfinite(cell->u) || held) && isfinite(cell->i) && isfinite(cell->b) && cell->origin >= 0.0 &&
           cell->origin <= now && fmod(cell->origin, h) == 0.0 && hold->ready < INFINITY && fabs(hold->late) < h;
}

bool pm_engine_is_sound(const pm_engine *engine, double now) {
    bool good = true;
    for (uint32_t c = 0; c < engine->wiring->n_cells; c++)
        good = good && cell_is_sound(&engine->cells[c], &engine->holds[c], engine->plan.slab, now);
    for (uint32_t k = 0; k < engine->wiring->n_classes; k++) {
        const pm_general *g = engine->classes[k].general;
        for (size_t n = 0; g && n < g->n_cells * g->width; n++)
            good = good && isfinite(g->states[n]);
    }
    return good && pm_synaptic_is_sound(&engine->synaptic, engine->wiring, now);
}

void pm_engine_begin(pm_engine *engine, double start, double end) {
    engine->start = start;
    engine->end = end;
    engine->certain = -INFINITY;
    engine->deliveries.count = 0;
    engine->events = 0;
    engine->n_crowds = engine->crowd_part = 0;
    engine->committed = false;
    for (int k = 0; k < engine->n_workers; k++)
        engine->workers[k].n_driven = engine->workers[k].block_end = 0;
}

/* Numbers the parts of crowds in the order in which they arrive. */
static pm_status join_crowd(pm_engine *engine, double fired, uint32_t part, pm_error *error) {
    if (part == engine->crowd_part && fired == engine->crowd_time)
        return PM_OK;
    engine->crowd_part = part;
    engine->crowd_time = fired;
    engine->n_crowds++;
    return engine->crowded ? PM_OK : pm_crowds_find(engine, error);
}

pm_status pm_engine_arrive(pm_engine *engine, uint64_t begin, uint64_t end, double fired, uint32_t crowd,
                           pm_error *error) {
    const pm_wiring *w = engine->wiring;
    const uint64_t more = w->groups ? end - begin : 1;
    if (!PM_LIST_RESERVE(engine->deliveries, engine->deliveries.count + more))
        return pm_fail_memory(error, "deliveries");
    if (crowd > 0 && join_crowd(engine, fired, crowd, error) != PM_OK)
        return PM_NO_MEMORY;
    for (uint64_t k = begin; k < begin + more; k++) {
        pm_delivery *d = &engine->deliveries.items[engine->deliveries.count++];
        const double time = fired + pm_group_delay(w, k);
        d->offset = time - engine->start; /* exact: both are multiples of the last bit of the smaller */
        d->begin = pm_group_begin(w, k) & PM_MOST_SYNAPSES;
        d->n_synapses = (uint32_t)(pm_group_begin(w, w->groups ? k + 1 : end) - d->begin);
        d->crowd = crowd > 0 ? engine->n_crowds : 0;
        if (w->groups) {
            d->class = w->groups[k].class;
            d->port = w->groups[k].receptor;
            d->equal = w->groups[k].equal;
            d->sign = w->groups[k].sign;
        } else {
            d->fired = fired;
        }
        engine->events += d->n_synapses;
    }
    return PM_OK;
}

static pm_status settle_block(pm_engine *engine, pm_worker *worker, pm_block cells, size_t first, size_t level) {
    if (level == 0 && !pm_flag_cells(engine, worker, cells))
        return pm_fail_memory(&worker->error, "neurons");
    pm_status status =
        worker->in_bins ? pm_bins_deliver(engine, worker, cells) : pm_deliver(engine, worker, cells, first);
    for (size_t r = engine->plan.first_range[level]; status == PM_OK && r < engine->plan.first_range[level + 1]; r++) {
        const pm_range *range = &engine->plan.ranges[r];
        const pm_block part = pm_in_block(cells, range);
        if (part.begin < part.end)
            status = pm_settle_range(engine, worker, part, &engine->classes[range->class]);
    }
    if (status == PM_OK && level == engine->plan.cyclic_level && worker->by_list)
        status = pm_rounds_settle_first(engine, worker);
    return status;
}

static void settle_all(pm_engine *engine, pm_worker *worker, size_t first, size_t level) {
    const uint32_t n = worker->end - worker->begin;
    const bool alone = engine->plan.n_levels == 1 && engine->plan.cyclic_level > 0;
    if (!pm_bins_fill(engine, worker, alone))
        worker->status = pm_fail_memory(&worker->error, "arrivals");
    const uint32_t n_blocks = pm_count_blocks(engine, worker, alone);
    worker->lift_sum = 0.0;
    for (uint32_t k = 0; worker->status == PM_OK && k < n_blocks; k++) {
        const pm_block cells = pm_block_at(worker, n_blocks, k);
        if (level == 0)
            worker->log.count = 0;
        worker->status = settle_block(engine, worker, cells, first, level);
    }
    const double share = n / fmax(engine->wiring->n_cells, 1.0);
    const double arrivals = (double)engine->events * share + (double)worker->n_driven;
    if (level + 1 == engine->plan.n_levels && arrivals > 0.0 && !worker->by_list) {
        worker->lift += 0.25 * (worker->lift_sum / arrivals - worker->lift);
        worker->driven_before = (double)worker->n_driven / fmax(share, 1e-12);
    }
}

/* The cells to be looked at although nothing may arrive. */
static void list_woken(pm_engine *engine, pm_worker *worker) {
    pm_wakes *wakes = &worker->wakes;
    while (wakes->count > 0 && engine->wake[wakes->cells[0]] <= engine->start) {
        pm_list_cell(engine, worker, wakes->cells[0]);
        pm_wakes_drop_first(wakes);
    }
    for (size_t k = 0; k < engine->n_watches; k++)
        if (engine->watches[k].cell >= worker->begin && engine->watches[k].cell < worker->end)
            pm_list_cell(engine, worker, engine->watches[k].cell);
}

static void settle_few(pm_engine *engine, pm_worker *worker, size_t first, size_t level) {
    if (level == 0) {
        if (!engine->calm)
            pm_calm_down(engine, worker);
        list_woken(engine, worker);
    }
    worker->status = pm_deliver(engine, worker, (pm_block){worker->begin, worker->end}, first);
    if (worker->status == PM_OK)
        worker->status = pm_settle_listed(engine, worker, level);
}

void pm_all_workers(pm_engine *engine, bool little, pm_task task, void *user) {
    if (engine->team && !little)
        pm_team_run(engine->team, task, user);
    else
        for (int k = 0; k < engine->n_workers; k++)
            task(user, k);
}

pm_status pm_workers_status(const pm_engine *engine, pm_error *error) {
    for (int k = 0; k < engine->n_workers; k++)
        if (engine->workers[k].status != PM_OK) {
            if (error)
                *error = engine->workers[k].error;
            return engine->workers[k].status;
        }
    return PM_OK;
}

typedef struct settling {
    pm_engine *engine;
    size_t first, level;
} settling;

static void settle_worker(void *user, int k) {
    const settling *s = user;
    pm_worker *worker = &s->engine->workers[k];
    worker->spikes.count = 0;
    worker->status = PM_OK;
    (s->engine->dense ? settle_all : settle_few)(s->engine, worker, s->first, s->level);
    if (worker->status == PM_OK && s->level == s->engine->plan.cyclic_level && !pm_rounds_begin(s->engine, worker))
        worker->status = pm_fail_memory(&worker->error, "spikes");
}

static void commit_worker(void *user, int k) {
    pm_engine *engine = user;
    pm_commit_cells(engine, &engine->workers[k]);
}

static bool is_busy(const pm_engine *engine) { return engine->events >= engine->wiring->n_cells / CELLS_PER_EVENT + 1; }

pm_status pm_engine_settle(pm_engine *engine, size_t first, size_t level, pm_error *error) {
    if (level == 0)
        engine->dense = engine->drive.n_channels > 0 || is_busy(engine) || engine->n_quiet < PATIENCE;
    pm_weigh(engine, first);
    settling s = {engine, first, level};
    pm_all_workers(engine, !engine->dense && engine->calm && engine->events < EVENTS_FOR_THREADS, settle_worker, &s);
    engine->calm = !engine->dense;
    return pm_workers_status(engine, error);
}

void pm_engine_commit(pm_engine *engine) {
    const bool carried = !engine->has_general && engine->plan.cyclic_level >= engine->plan.n_levels;
    pm_all_workers(engine, engine->dense ? carried : engine->events < EVENTS_FOR_THREADS, commit_worker, engine);
    engine->committed = true;
    engine->synaptic_before.count = 0;
    engine->n_quiet = is_busy(engine) ? 0 : engine->n_quiet + (engine->n_quiet < PATIENCE);
}

/* The cells of a list are again as those that were not visited. */
static void forget_list(pm_engine *engine, pm_worker *worker, size_t level) {
    for (uint32_t next, n = worker->listed[level]; n != PM_LOG_END; n = next) {
        next = engine->link[n];
        engine->link[n] = PM_NOT_LOGGED;
        engine->log_head[n] = PM_LOG_END;
        engine->intakes[n] = (pm_intake){0};
        const pm_class *class = &engine->classes[engine->plan.ranges[engine->range_of[n]].class];
        if (class->general)
            pm_general_forget(class->general, (pm_block){n, n + 1});
        if (!engine->committed)
            pm_wakes_update(&worker->wakes, n);
    }
    worker->listed[level] = PM_LOG_END;
}

void pm_engine_finish(pm_engine *engine) {
    pm_release_undo(engine);
    if (engine->dense && !engine->committed) {
        pm_carry_back(engine);
        memset(engine->intakes, 0, engine->wiring->n_cells * sizeof *engine->intakes);
        for (uint32_t k = 0; k < engine->wiring->n_classes; k++)
            if (engine->classes[k].general)
                pm_general_forget(engine->classes[k].general, (pm_block){0, engine->wiring->n_cells});
    }
    for (int k = 0; k < engine->n_workers; k++) {
        pm_worker *worker = &engine->workers[k];
        for (size_t level = 0; !engine->dense && level < engine->plan.n_levels; level++)
            forget_list(engine, worker, level);
        worker->log.count = 0;
        worker->outcomes.count = 0;
        worker->general.count = worker->states.count = 0;
        worker->samples.count = 0;
        pm_rounds_forget(engine, worker);
    }
}

pm_status pm_engine_probe(pm_engine *engine, uint32_t cell, double time, pm_lif_state *state, pm_error *error) {
    const pm_class *class = &engine->classes[engine->plan.ranges[engine->range_of[cell]].class];
    pm_worker *worker = engine->workers;
    const uint32_t log = engine->log_head[cell];
    while (cell >= worker->end)
        worker++;
    engine->log_head[cell] = PM_NOT_LOGGED;
    engine->until = engine->sample_from = engine->sample_until = time;
    double general[PM_MEMBRANE_WIDTH];
    pm_status status = class->general ? pm_general_replay(engine, worker, cell, class->general, general)
                                      : pm_replay(engine, worker, cell, class, state);
    if (class->general) {
        *state = (pm_lif_state){.u = general[0]};
        for (uint32_t k = 0; k < class->general->membranes[0].n_ports; k++)
            state->i += general[1 + 2 * k];
    }
    engine->log_head[cell] = log;
    worker->spikes.count = 0;
    if (status != PM_OK && error)
        *error = worker->error;
    return status;
}
