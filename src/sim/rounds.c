/* The cyclic level: cells that act on each other within a slab, over delays of at least `reach`, which is shorter.
 *
 * All cells of the level are settled as if they did not. What fires then is a draft. Of all drafts, on all ranks, the
 * earliest spike, at t1, is certain: whatever another one causes arrives later. So is every spike before t1 + reach:
 * what is not yet delivered arrives then or later. These spikes become final, are delivered, and the cells that they
 * reach are settled anew, with all that they have heard; where a bound says that they stay silent, that is an addition
 * and a comparison. A round ends there, and the next begins, until nothing is left. What a round takes is a function of
 * the spikes alone, so that all ranks go through the same rounds, and each cell hears its arrivals in the same order.
 *
 * Where a delay is 0, a round is an instant. A current that arrives with a spike changes the slope, never the
 * potential: what fires at t1 is final. But spikes are reported, and arrive, at rounded times; a spike's own arrival
 * may so come to lie before it. Its time is pinned: it is fired before what arrives there, an ulp later at most.
 *
 * What a cell has heard before the round is certain, too. A replay that has gone through much of it leaves a stopover
 * there, from which the next one goes on: where all act on all at once, the slab's rounds would cost the square of
 * their number.
 *
 * Of quick cells (general.h) the leeway is known when the slab begins. So for them the first settling is as a round; and
 * those that are refractory at first and stay silent are replayed once, after the last one.
 *
 * Invariants: a spike that is final is never found anew, for a replay has the same bits up to the first arrival that is
 * new. Samples are taken when all is final, and cells move on when the slab is committed. */
#include "sim/engine.h"

#include <math.h>

enum { EVENTS_FOR_THREADS = 4096 };

static pm_draft *draft_of(pm_engine *engine, pm_worker *worker, uint32_t cell) {
    if (engine->draft_of[cell] == PM_NO_DRAFT) {
        if (!PM_LIST_ADD(worker->drafts, (pm_draft){.cell = cell}))
            return NULL;
        engine->draft_of[cell] = (uint32_t)(worker->drafts.count - 1);
    }
    return &worker->drafts.items[engine->draft_of[cell]];
}

/* Puts a draft on the list of those with spikes that are not final. */
static bool wait_for(pm_worker *worker, pm_draft *draft) {
    const bool there = draft->waiting || draft->next == draft->end;
    draft->waiting = draft->waiting || draft->next < draft->end;
    return there || PM_LIST_ADD(worker->waiting, (uint32_t)(draft - worker->drafts.items));
}

static bool draft_spike(pm_engine *engine, pm_worker *worker, const pm_cell_spike *spike) {
    pm_draft *draft = draft_of(engine, worker, spike->cell);
    if (!draft || !PM_LIST_ADD(worker->draft_spikes, *spike))
        return false;
    if (draft->next == draft->end)
        draft->next = draft->end = worker->draft_spikes.count - 1;
    draft->end++;
    return wait_for(worker, draft);
}

bool pm_rounds_begin(pm_engine *engine, pm_worker *worker) {
    size_t others = 0;
    for (size_t k = 0; k < worker->spikes.count; k++) {
        if (!pm_is_cyclic(engine, worker->spikes.items[k].cell))
            worker->spikes.items[others++] = worker->spikes.items[k];
        else if (!draft_spike(engine, worker, &worker->spikes.items[k]))
            return false;
    }
    worker->spikes.count = others;
    for (size_t k = 0; k < worker->outcomes.count + worker->general.count; k++) {
        const bool plain = k < worker->outcomes.count;
        const size_t at = plain ? k : k - worker->outcomes.count;
        const uint32_t cell = plain ? worker->outcomes.items[at].cell : worker->general.items[at].cell;
        if (!pm_is_cyclic(engine, cell))
            continue;
        pm_draft *draft = draft_of(engine, worker, cell);
        if (!draft)
            return false;
        *(plain ? &draft->outcome : &draft->general) = at + 1;
    }
    return true;
}

void pm_rounds_forget(pm_engine *engine, pm_worker *worker) {
    for (size_t k = 0; k < worker->drafts.count; k++)
        engine->draft_of[worker->drafts.items[k].cell] = PM_NO_DRAFT;
    for (size_t k = 0; k < worker->touched.count; k++)
        engine->touched[worker->touched.items[k]] = false;
    worker->pins.count = worker->pinned.count = 0;
    worker->drafts.count = worker->draft_spikes.count = worker->waiting.count = worker->touched.count = 0;
    worker->late.count = 0;
}

double pm_rounds_next(const pm_engine *engine) {
    double next = INFINITY;
    for (int w = 0; w < engine->n_workers; w++) {
        const pm_worker *worker = &engine->workers[w];
        for (size_t k = 0; k < worker->waiting.count; k++) {
            const pm_draft *draft = &worker->drafts.items[worker->waiting.items[k]];
            if (draft->next < draft->end)
                next = fmin(next, worker->draft_spikes.items[draft->next].time);
        }
    }
    return next;
}

static bool pin(pm_worker *worker, pm_draft *draft, double time) {
    if (!PM_LIST_ADD(worker->pins, (pm_pin){time, draft->last_pin}))
        return false;
    draft->last_pin = worker->pins.count - 1;
    return true;
}

bool pm_rounds_pins(const pm_engine *engine, pm_worker *worker, uint32_t cell) {
    worker->pinned.count = 0;
    if (engine->plan.reach > 0.0 || engine->draft_of[cell] == PM_NO_DRAFT)
        return true;
    const pm_draft *draft = &worker->drafts.items[engine->draft_of[cell]];
    if (!PM_LIST_RESERVE(worker->pinned, draft->n_final))
        return false;
    size_t at = draft->last_pin;
    for (size_t k = draft->n_final; k-- > 0; at = worker->pins.items[at].before)
        worker->pinned.items[k] = worker->pins.items[at].time;
    worker->pinned.count = draft->n_final;
    return true;
}

pm_stopover pm_rounds_stopover(const pm_engine *engine, const pm_worker *worker, uint32_t cell) {
    const pm_stopover none = {0};
    return engine->draft_of[cell] == PM_NO_DRAFT ? none : worker->drafts.items[engine->draft_of[cell]].stopover;
}

bool pm_rounds_stop_over(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_stopover *stopover) {
    pm_draft *draft = draft_of(engine, worker, cell);
    if (!draft)
        return false;
    draft->stopover = *stopover;
    pm_forget_heard(engine, worker, cell, stopover->heard);
    return true;
}

/* Spikes before `end` of those that wait. */
static bool fix(const pm_engine *engine, pm_worker *worker, double end) {
    size_t left = 0;
    for (size_t k = 0; k < worker->waiting.count; k++) {
        pm_draft *draft = &worker->drafts.items[worker->waiting.items[k]];
        for (; draft->next < draft->end && worker->draft_spikes.items[draft->next].time < end; draft->n_final++) {
            const pm_cell_spike spike = worker->draft_spikes.items[draft->next++];
            if (!PM_LIST_ADD(worker->spikes, spike) || (engine->plan.reach == 0.0 && !pin(worker, draft, spike.time)))
                return false;
        }
        draft->waiting = draft->next < draft->end;
        if (draft->waiting)
            worker->waiting.items[left++] = worker->waiting.items[k];
    }
    worker->waiting.count = left;
    return true;
}

pm_status pm_rounds_fix(pm_engine *engine, double next, pm_error *error) {
    const double end = fmax(next + engine->plan.reach, nextafter(next, INFINITY));
    engine->certain = next;
    for (int k = 0; k < engine->n_workers; k++)
        if (!fix(engine, &engine->workers[k], end))
            return pm_fail_memory(error, "spikes");
    return PM_OK;
}

/* What was counted of the worker's lists before a replay. */
typedef struct marks {
    size_t spikes, outcomes, general, samples;
} marks;

static marks mark(const pm_worker *worker) {
    return (marks){worker->spikes.count, worker->outcomes.count, worker->general.count, worker->samples.count};
}

/* `place`: of the one before in the list, counted from 1; 0: there is none. */
#define REPLACE(list, n_before, place)                                                                                 \
    if ((list).count == (n_before) && (place) > 0) {                                                                   \
        (list).items[(place) - 1].cell = PM_NO_CELL;                                                                   \
    } else if ((list).count > (n_before) && (place) > 0) {                                                             \
        (list).items[(place) - 1] = (list).items[n_before];                                                            \
        (list).count = (n_before);                                                                                     \
    } else if ((list).count > (n_before)) {                                                                            \
        (place) = (list).count;                                                                                        \
    }

/* What a replay has left takes the place of what the one before did. */
static void replace_outcomes(pm_worker *worker, pm_draft *draft, marks before) {
    REPLACE(worker->outcomes, before.outcomes, draft->outcome)
    REPLACE(worker->general, before.general, draft->general)
}

static bool replace(pm_engine *engine, pm_worker *worker, uint32_t cell, marks before) {
    const bool nothing = worker->spikes.count == before.spikes && worker->outcomes.count == before.outcomes &&
                         worker->general.count == before.general;
    if (nothing && engine->draft_of[cell] == PM_NO_DRAFT)
        return true;
    pm_draft *draft = draft_of(engine, worker, cell);
    if (!draft)
        return false;
    draft->next = draft->end = worker->draft_spikes.count;
    for (size_t k = before.spikes + draft->n_final - worker->n_skipped; k < worker->spikes.count; k++, draft->end++)
        if (!PM_LIST_ADD(worker->draft_spikes, worker->spikes.items[k]))
            return false;
    worker->spikes.count = before.spikes;
    replace_outcomes(worker, draft, before);
    return wait_for(worker, draft);
}

/* Nothing that is new changes a cell that has fired for the last time, and is refractory up to the end of the slab. */
static bool is_done(const pm_engine *engine, const pm_worker *worker, uint32_t cell) {
    if (engine->draft_of[cell] == PM_NO_DRAFT)
        return false;
    const pm_draft *draft = &worker->drafts.items[engine->draft_of[cell]];
    if (draft->n_final == 0 || draft->next < draft->end)
        return false;
    if (draft->general > 0) {
        const pm_general_outcome *outcome = &worker->general.items[draft->general - 1];
        return outcome->held && !outcome->whole;
    }
    return draft->outcome > 0 && isnan(worker->outcomes.items[draft->outcome - 1].u);
}

static pm_status settle_anew(pm_engine *engine, pm_worker *worker, uint32_t cell) {
    if (is_done(engine, worker, cell))
        return PM_OK;
    const marks before = mark(worker);
    worker->n_skipped = 0;
    const pm_status status = pm_visit(engine, worker, cell, pm_class_of(engine, cell));
    if (status != PM_OK)
        return status;
    return replace(engine, worker, cell, before) ? PM_OK : pm_fail_memory(&worker->error, "spikes");
}

/* Whether what has arrived at a cell provably leaves it silent, by what was found before in the slab. */
static inline bool has_leeway(const pm_engine *engine, const pm_general *g, uint32_t cell) {
    const pm_intake *intakes = &engine->intakes[cell];
    if (!engine->dense || (g && !g->quick))
        return false;
    if (g)
        return pm_fits(pm_general_lift(g, cell), engine->leeway[cell]);
    return pm_fits(intakes->u - intakes->lift, engine->leeway[cell]);
}

static bool is_quick(const pm_engine *engine, uint32_t cell) {
    const pm_general *g = pm_class_of(engine, cell)->general;
    return g && g->quick;
}

/* The cells of the level that the deliveries from number `first` on reach, and which these may make fire. */
static bool list_touched(pm_engine *engine, pm_worker *worker, size_t first, bool quick) {
    const uint32_t *targets = engine->wiring->targets;
    const bool alone = engine->plan.n_levels == 1;
    for (size_t d = first; d < engine->deliveries.count; d++) {
        const pm_delivery *delivery = &engine->deliveries.items[d];
        /* The synapses of a run go to cells of any class. */
        const bool told = engine->wiring->groups || !engine->has_general;
        const pm_general *general = engine->has_general && told ? engine->classes[delivery->class].general : NULL;
        for (uint64_t k = delivery->begin; k < pm_delivery_end(delivery); k++) {
            const uint32_t cell = targets[k];
            if (cell < worker->begin || cell >= worker->end || engine->touched[cell] ||
                (told && has_leeway(engine, general, cell)) || (!alone && !pm_is_cyclic(engine, cell)) ||
                (quick && !is_quick(engine, cell)))
                continue;
            if (!PM_LIST_ADD(worker->touched, cell))
                return false;
            engine->touched[cell] = true;
        }
    }
    return true;
}

pm_status pm_rounds_settle_first(pm_engine *engine, pm_worker *worker) {
    if (!list_touched(engine, worker, 0, true))
        return pm_fail_memory(&worker->error, "spikes");
    for (size_t n = 0; worker->status == PM_OK && n < worker->touched.count; n++) {
        const uint32_t cell = worker->touched.items[n];
        const pm_general *g = pm_class_of(engine, cell)->general;
        engine->touched[cell] = false;
        if (!pm_general_settles(engine, worker, cell, g))
            worker->status = pm_general_replay(engine, worker, cell, g, NULL);
    }
    worker->touched.count = 0;
    return worker->status;
}

typedef struct turn {
    pm_engine *engine;
    size_t first; /* delivery */
} turn;

static void take_turn(void *user, int k) {
    const turn *s = user;
    pm_engine *engine = s->engine;
    pm_worker *worker = &engine->workers[k];
    worker->spikes.count = 0;
    worker->status = pm_deliver(engine, worker, (pm_block){worker->begin, worker->end}, s->first);
    if (worker->status == PM_OK && !list_touched(engine, worker, s->first, false))
        worker->status = pm_fail_memory(&worker->error, "spikes");
    for (size_t n = 0; worker->status == PM_OK && n < worker->touched.count; n++) {
        engine->touched[worker->touched.items[n]] = false;
        worker->status = settle_anew(engine, worker, worker->touched.items[n]);
    }
    if (worker->status == PM_OK)
        worker->touched.count = 0;
}

pm_status pm_rounds_settle(pm_engine *engine, size_t first, pm_error *error) {
    uint64_t events = 0;
    for (size_t d = first; d < engine->deliveries.count; d++)
        events += engine->deliveries.items[d].n_synapses;
    pm_weigh(engine, first);
    turn s = {engine, first};
    pm_all_workers(engine, events < EVENTS_FOR_THREADS, take_turn, &s);
    return pm_workers_status(engine, error);
}

/* The course of a cell that is recorded is final: once more, for the samples alone. */
static pm_status sample(pm_engine *engine, pm_worker *worker, uint32_t cell) {
    const marks before = mark(worker);
    const pm_status status = pm_visit(engine, worker, cell, pm_class_of(engine, cell));
    worker->spikes.count = before.spikes;
    worker->outcomes.count = before.outcomes;
    worker->general.count = before.general;
    return status;
}

/* Cells whose replay waited until all was known, and no round has done it. */
static void replay_late(void *user, int k) {
    pm_engine *engine = user;
    pm_worker *worker = &engine->workers[k];
    for (size_t n = 0; worker->status == PM_OK && n < worker->late.count; n++) {
        const uint32_t cell = worker->late.items[n];
        const pm_general *g = pm_class_of(engine, cell)->general;
        if (engine->draft_of[cell] == PM_NO_DRAFT && pm_general_is_reached(g, cell))
            worker->status = pm_general_replay(engine, worker, cell, g, NULL);
    }
}

pm_status pm_rounds_end(pm_engine *engine, pm_error *error) {
    pm_all_workers(engine, engine->events < EVENTS_FOR_THREADS, replay_late, engine);
    engine->final_look = true;
    for (int w = 0; w < engine->n_workers; w++) {
        pm_worker *worker = &engine->workers[w];
        for (size_t k = 0; worker->status == PM_OK && k < engine->n_watches; k++) {
            const uint32_t cell = engine->watches[k].cell;
            if (cell >= worker->begin && cell < worker->end && pm_is_cyclic(engine, cell) &&
                (k == 0 || engine->watches[k - 1].cell != cell))
                worker->status = sample(engine, worker, cell);
        }
    }
    engine->final_look = false;
    return pm_workers_status(engine, error);
}
