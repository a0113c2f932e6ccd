/* The engine: what moves all cells through one slab of time.
 *
 * Data. A cell has a state, which holds at its origin, the start of some slab, and an intake (what the arrivals of the
 * slab contribute at its end s1): 32 bytes each, so that an arrival is one multiplication and one addition of four
 * numbers. The factors of an arrival are the same for all targets of a group: no exponential per synapse, and no factor
 * grows.
 *
 * Cells are lazy: a cell that nothing reaches and that does not fire keeps its origin, however many slabs go by, and is
 * carried over all of them at once when something happens to it. So silence costs neither time nor digits. A cell's
 * wake is the start of the first slab in which it might fire if nothing arrives.
 *
 * A slab. Deliver all that arrives in it, then settle the cells level by level: a cell whose potential provably stays
 * below threshold is done with; the others are replayed arrival by arrival (replay.c), which finds spikes by their
 * closed form. Where much arrives, all cells are looked at; otherwise those that something reaches and those whose wake
 * has come. The cells of a cyclic level are settled again and again (rounds.c). Up to here no cell has changed: a slab
 * is then committed, or abandoned without a trace. What a cell becomes is a function of its state and its arrivals
 * only, not of which cells were looked at. */
#ifndef PM_SIM_ENGINE_H
#define PM_SIM_ENGINE_H

#include "base/list.h"
#include "base/team.h"
#include "math/basis.h"
#include "math/basis_point.h"
#include "math/series.h"
#include "net/synaptic.h"
#include "net/wiring.h"
#include "sim/drive.h"
#include "sim/general.h"
#include "sim/plan.h"
#include "sim/wakes.h"

#include <math.h>
#include <punctum/simulation.h>
#include <stdatomic.h>

typedef struct pm_cell {
    double u, i, b; /* as in pm_lif_state, at the origin; u is NAN in a cell that was refractory there */
    double origin;  /* ms, the start of a slab */
} pm_cell;

/* The last refractoriness of a cell. */
typedef struct pm_hold {
    double ready; /* its end, ms, rounded to an absolute time */
    double late;  /* how much later it ends before rounding, ms */
} pm_hold;

typedef struct pm_intake {
    double u, i, b; /* contributions at the end of the slab */
    double lift;    /* u - lift is the most that the arrivals can add to u at any time in the slab */
} pm_intake;

enum { PM_STEPS = 64 };

/* What a class of cells shares. */
typedef struct pm_class {
    pm_lif lif;
    pm_lif_basis steps[PM_STEPS + 1]; /* over so many slabs */
    pm_series series;                 /* over a slab */
    double peak_time;                 /* of the PSP, ms; impulse: 0 */
    double peak;                      /* mV/pA; impulse: 1 */
    double worth;                     /* ms: a wake that is so far from the origin is worth moving there */
    double slow_peak;                 /* of the response to a current with tau_1 alone, mV/pA; impulse: 0 */
    pm_general *general;              /* NULL: the above is all there is */
} pm_class;

/* What the factors of arrivals are made of, class beside class. */
typedef enum pm_effect_kind { PM_EFFECT_SINGLE, PM_EFFECT_DOUBLE, PM_EFFECT_IMPULSE, PM_EFFECT_GENERAL } pm_effect_kind;
typedef struct pm_effect {
    pm_basis_rates rates;
    double peak_time, peak; /* as in pm_class */
    pm_effect_kind kind;
} pm_effect;

/* A group of synapses whose spike arrives in the current slab: a line of the cache. Where each synapse has a delay of
 * its own, a run: those synapses of a row to which a spike comes in the slab; a run has neither class nor port nor
 * factors. */
typedef struct pm_delivery {
    double offset;       /* of the arrival from s0, ms; of a run, the first */
    uint64_t begin : 38; /* synapses; and as in pm_group: */
    uint64_t class : 18;
    uint64_t port : 5; /* the receptor */
    uint64_t equal : 1;
    int64_t sign : 2;
    uint32_t n_synapses;
    uint32_t crowd; /* of simultaneous spikes, counted from 1 in the slab; 0: none */
    union {
        double weight; /* pA, if all are equal; else, with synapses that are not static, the factor of all */
        double fired;  /* of a run: the time of the spike, ms */
    };
    double u, i, b; /* factors of the weight in the intake */
    double lift;    /* the same for `lift`, if the weight is not negative; otherwise it is that for u */
} pm_delivery;

static inline uint64_t pm_delivery_end(const pm_delivery *d) { return d->begin + d->n_synapses; }

/* An arrival at one cell. */
typedef struct pm_arrival {
    double offset; /* ms from s0 */
    double weight; /* pA */
    uint32_t port;
} pm_arrival;

typedef struct pm_ranked {
    uint64_t rank;
    uint32_t item;
} pm_ranked;

/* All that arrives at one cell at one instant. */
typedef struct pm_meeting {
    double offset, weight; /* ms from s0, pA */
} pm_meeting;

typedef struct pm_logged {
    double weight, offset; /* pA, ms from s0 */
    uint32_t port;
    uint32_t next; /* logged before at the same cell, or PM_LOG_END */
} pm_logged;

static const uint32_t PM_LOG_END = UINT32_MAX - 1; /* logged, nothing so far; or the end of a list of cells */
static const uint32_t PM_NOT_LOGGED = UINT32_MAX;  /* or in no list */

static const uint32_t PM_NO_DRAFT = UINT32_MAX;
static const uint32_t PM_NO_CELL = UINT32_MAX;

static const double PM_UNKNOWN = -1.0; /* a wake, ms: nothing had to be known of it so far */

typedef struct pm_cell_spike {
    double time, slope; /* ms, mV/ms */
    uint32_t cell;
} pm_cell_spike;

/* What a replay leaves at the end of the slab where the intake does not say it: after a spike, and after the end of
 * refractoriness. */
typedef struct pm_outcome {
    double u; /* mV, or NAN as in pm_cell */
    pm_hold hold;
    uint32_t cell;
} pm_outcome;

/* What a replay leaves of a general cell at the end of the slab. */
typedef struct pm_general_outcome {
    size_t at;    /* of its state in the worker's `states` */
    pm_hold hold; /* if it fired */
    uint32_t cell;
    bool held, fired;
    bool whole; /* the intakes do not count */
} pm_general_outcome;

/* A place in the course of a plain cell before which nothing new arrives: the next replay goes on from there. */
typedef struct pm_stopover {
    pm_lif_state state;
    double x, heard; /* offsets: of the state; of the last arrivals that are in it, which the log has no more */
    double ready, release, last_spike, last_x; /* as in the course, replay.c */
    size_t n_spikes;                           /* so far in the slab, all final */
    bool untouched, is_there;
} pm_stopover;

/* What the last replay of a cell of the cyclic level found. */
typedef struct pm_draft {
    uint32_t cell;
    bool waiting;            /* it is in the worker's list of those */
    size_t next, end;        /* its spikes that are not final, in `draft_spikes` */
    size_t n_final;          /* its spikes that are, the last of which */
    size_t last_pin;         /* is this one of the worker's pins */
    size_t outcome, general; /* its place among the outcomes, counted from 1; 0: it has none */
    pm_stopover stopover;
} pm_draft;

/* The time of a final spike, ms, where it may return at once. */
typedef struct pm_pin {
    double time;
    size_t before; /* the pin of the cell's spike before */
} pm_pin;

/* A neuron whose potential is recorded. */
typedef struct pm_watch {
    size_t record, neuron; /* as in pm_sample */
    double interval;       /* ms */
    uint32_t cell;
} pm_watch;

/* Some arrivals, and what each adds at the end of the slab to the state of a cell, per pA; `lift` is for weights that
 * are not negative. */
enum { PM_TILE = 256 };
typedef struct pm_tile {
    size_t n;
    double offset[PM_TILE], left[PM_TILE]; /* ms from s0, to the end of the slab */
    double weight[PM_TILE];                /* pA */
    uint32_t target[PM_TILE], class[PM_TILE], port[PM_TILE];
    pm_intake factors[PM_TILE];
} pm_tile;

/* The cells that hear many synapses: the intake without crowds, and the sums over crowds, with what rounding leaves of
 * them. */
typedef struct pm_crowd_cell {
    pm_intake aside;
    uint32_t cell;
} pm_crowd_cell;
typedef struct pm_crowd_sum {
    pm_intake sum, rest;
} pm_crowd_sum;

/* An event that waits until its block of cells is at hand. */
typedef struct pm_binned {
    double weight; /* pA */
    uint32_t target, delivery;
} pm_binned;

/* One thread's share of the cells, and what it produced. */
typedef struct pm_worker {
    uint32_t begin, end; /* cells */
    PM_LIST(pm_logged) log;
    PM_LIST(pm_binned) binned; /* events of the slab, block after block of cells, */
    PM_LIST(size_t) bin_ends;  /* where each one's end, */
    bool in_bins;              /* if they are there */
    uint32_t *listed;          /* per level: a cell to be visited where not all are, which leads to the others */
    pm_tile tile;              /* of arrivals that get their factors */
    pm_wakes wakes;
    PM_LIST(pm_crowd_cell) crowds;
    PM_LIST(pm_crowd_sum) crowd_sums; /* of these */
    PM_LIST(pm_ranked) ranking;       /* of the arrivals of the cell at hand */
    PM_LIST(pm_arrival) arrivals;     /* of the cell at hand */
    pm_drive_block block;             /* arrivals from private drives at the cells at hand, */
    uint32_t block_begin, block_end;  /* which these are */
    pm_drive_arrivals driven;         /* at the cell at hand */
    uint64_t n_driven;                /* arrivals from private drives in the slab, before `sample_until` */
    PM_LIST(pm_meeting) instants;     /* of the cell at hand */
    pm_basis_table gaps;              /* between them */
    PM_LIST(pm_cell_spike) spikes;
    PM_LIST(pm_outcome) outcomes;
    PM_LIST(double) ends; /* of the gaps of the general cell at hand, ms */
    PM_LIST(double) states;
    PM_LIST(pm_general_outcome) general;
    PM_LIST(pm_sample) samples;
    PM_LIST(pm_draft) drafts;
    PM_LIST(pm_cell_spike) draft_spikes;
    PM_LIST(pm_pin) pins;
    PM_LIST(double) pinned;    /* the times of the pins of the cell at hand, ms */
    PM_LIST(uint32_t) waiting; /* drafts with spikes that are not final */
    PM_LIST(uint32_t) touched; /* cells of the cyclic level to be settled in the present round */
    PM_LIST(uint32_t) late;    /* quick cells there that stay silent, replayed when all of the slab is known */
    bool by_list;              /* quick cells of the cyclic level are settled as in rounds: those on that list */
    size_t n_skipped;          /* spikes of the cell at hand before the stopover at which its replay began */
    double last_point;         /* offset of the last curve point of the cell at hand, ms */
    double lift;               /* running mean of u - lift per arrival, mV: how much may be expected next */
    double lift_sum;           /* mV, of the slab at hand */
    double driven_before;      /* arrivals from private drives at all cells in the slab before, by this worker's */
    pm_status status;
    pm_error error;
} pm_worker;

typedef struct pm_engine {
    const pm_network *network;
    pm_wiring *wiring;
    pm_plan plan;
    pm_class *classes;
    pm_effect *effects; /* of these */
    bool alike;         /* all of them are */
    bool has_general;   /* there is a general class */
    bool has_special;   /* or synapses that are not static */
    pm_synaptic synaptic;
    PM_LIST(double) synaptic_before; /* states that the slab has changed: place, and what it was */
    pm_cell *cells;
    pm_hold *holds;
    double *wake;   /* per cell, ms; says nothing where the origin is the slab at hand, but if `calm` */
    double *leeway; /* per cell, mV, of quick ones and those of the cyclic level, in a dense slab: it stays silent
                       while arrivals can lift u by less; NAN: unknown */
    bool *far;      /* per cell, where the wake is known: a plain cell's origin moves there, so far is it; a general
                       cell's is an estimate, not the crossing itself */
    bool calm;      /* between slabs: all wakes are known, and no cell has a log */
    bool dense;     /* all cells are looked at in the current slab */
    bool committed; /* the current slab is */
    int n_quiet;    /* slabs with few events in a row */
    pm_drive drive;
    pm_intake *intakes;
    uint32_t *log_head;          /* per cell: index into its worker's log, PM_LOG_END or PM_NOT_LOGGED */
    uint32_t *link;              /* per cell: the next one in its worker's list, PM_LOG_END or PM_NOT_LOGGED */
    uint32_t *range_of;          /* per cell: of the plan */
    uint32_t *draft_of;          /* per cell, where there is a cyclic level: its draft in the slab, or PM_NO_DRAFT */
    bool *touched;               /* the same: it is on a worker's list of these */
    bool final_look;             /* cells of the cyclic level are sampled */
    double *u_start;             /* per cell, mV; NULL: all rest at t = 0 */
    uint32_t *heap, *heap_place; /* of the workers' wakes */
    pm_watch *watches;           /* sorted by cell */
    size_t n_watches;
    bool *watched;                   /* per cell: always replayed */
    PM_LIST(pm_delivery) deliveries; /* of the current slab, in the order of delivery */
    uint64_t events;                 /* synapses of these */
    double crowd_time;               /* of the spikes of the last crowd, ms */
    uint32_t crowd_part, n_crowds;   /* of the last one; so far in the slab */
    bool crowded;                    /* `crowds` of the workers are there */
    pm_worker *workers;
    int n_workers;
    pm_team *team;                    /* of several workers */
    double start, end;                /* s0, s1, ms */
    double certain;                   /* ms: in the rounds of a slab nothing new arrives before */
    double until;                     /* ms: nothing is settled from here on; INFINITY: the whole slab is */
    double sample_from, sample_until; /* samples wanted: [from, until), ms */
    const atomic_bool *stop;          /* asks for the end of a burst; NULL: nobody does */
} pm_engine;

/* `exchange`: NULL, or this rank's; the error is this rank's own. */
pm_status pm_engine_init(pm_engine *engine, const pm_network *network, int threads, const pm_exchange *exchange,
                         pm_error *error);
void pm_engine_clear(pm_engine *engine);
/* The memory of a cell. */
size_t pm_engine_cell_bytes(void);
/* Initial state of all cells. */
void pm_engine_reset(pm_engine *engine);

/* The state between two slabs, written or read; what a worker expects of the next slab changes no result. */
void pm_engine_archive(pm_engine *engine, pm_archive *archive);
/* Whether what was read can be the state of cells at the start of a slab, `now` (ms). */
bool pm_engine_is_sound(const pm_engine *engine, double now);

/* The start of the first slab from `now` (ms, such a start) on in which something may happen to the cells although
 * nothing arrives. */
double pm_engine_wake(const pm_engine *engine, double now);

/* Begins the slab [start, end). */
void pm_engine_begin(pm_engine *engine, double start, double end);
/* A spike, fired at `fired` (ms) and member of a part of a crowd (0: none), arrives in this slab at the groups
 * [begin, end) of its row. */
pm_status pm_engine_arrive(pm_engine *engine, uint64_t begin, uint64_t end, double fired, uint32_t crowd,
                           pm_error *error);
/* release.c: the deliveries from number `first` on are those of the groups from number `group` on, of a neuron that
 * fired at `fired` (ms): gives them the factors of their weights, where synapses are not all static. */
pm_status pm_release(pm_engine *engine, size_t first, uint64_t group, double fired, pm_error *error);
/* release.c: the states of synapses are as at the start of the slab. */
void pm_release_undo(pm_engine *engine);
/* Delivers the deliveries from number `first` on and settles the cells of a level; their spikes are then in the
 * workers' lists, which are emptied first. PM_STOPPED: in the middle of a burst. */
pm_status pm_engine_settle(pm_engine *engine, size_t first, size_t level, pm_error *error);
/* rounds.c: the cyclic level, once it has been settled. The time of the first spike of its cells here that is not final
 * yet, ms; of those the ones become final that no other can change, if `next` is the first of all ranks, and are then
 * in the workers' lists; the deliveries from number `first` on are delivered, and what they change at the level is
 * settled anew. The last of it: samples. */
double pm_rounds_next(const pm_engine *engine);
pm_status pm_rounds_fix(pm_engine *engine, double next, pm_error *error);
pm_status pm_rounds_settle(pm_engine *engine, size_t first, pm_error *error);
pm_status pm_rounds_end(pm_engine *engine, pm_error *error);
/* After all levels: the cells move to the end of the slab. */
void pm_engine_commit(pm_engine *engine);
/* Ends the slab, committed or not, and forgets its arrivals, spikes and samples. */
void pm_engine_finish(pm_engine *engine);

/* The state of a cell at `time` (ms) in the slab that has begun, whose arrivals are known up to that cell's level. */
pm_status pm_engine_probe(pm_engine *engine, uint32_t cell, double time, pm_lif_state *state, pm_error *error);

/* "population[number]" of a cell, for messages. */
void pm_engine_name(const pm_engine *engine, uint32_t cell, char *text, size_t size);

/* --- between the files of the engine ---------------------------------------------------------------------------------
 */

typedef struct pm_block {
    uint32_t begin, end; /* cells */
} pm_block;

/* The cells of a range that lie in a block: none where the end is not above the beginning. */
static inline pm_block pm_in_block(pm_block cells, const pm_range *range) {
    return (pm_block){range->begin > cells.begin ? range->begin : cells.begin,
                      range->end < cells.end ? range->end : cells.end};
}

/* Whether a cell acts on others of its level within the slab, so that its spikes are not final at once. */
static inline bool pm_is_cyclic(const pm_engine *engine, uint32_t cell) {
    return engine->plan.ranges[engine->range_of[cell]].cyclic;
}

/* Whether arrivals have left anything in a cell at the end of the slab. */
static inline bool pm_is_reached(const pm_intake *intake) {
    return intake->u != 0.0 || intake->i != 0.0 || intake->b != 0.0;
}

/* Far more than the rounding of what is compared with the threshold: a proof stays a proof. */
static const double PM_MARGIN = 1e-9;

/* Whether arrivals that can lift the potential so far provably cause no spike. */
static inline bool pm_fits(double lift, double leeway) { return lift + PM_MARGIN * fabs(lift) < leeway; }

/* weigh.c: the effects of the classes. */
void pm_find_effects(pm_engine *engine);
/* weigh.c: the factors of the worker's tile. */
void pm_weigh_tile(const pm_engine *engine, pm_worker *worker);
/* weigh.c: the deliveries from number `first` on get their weights and factors; runs do without. */
void pm_weigh(pm_engine *engine, size_t first);
/* runs.c: delivers the runs [first, end) to the cells of a block. */
pm_status pm_deliver_runs(pm_engine *engine, pm_worker *worker, pm_block cells, size_t first, size_t end);
/* bins.c: sorts the slab's events at the worker's cells by blocks of these, if that pays and all cells are settled at
 * once (`alone`); and delivers those of a block. False: no memory. */
bool pm_bins_fill(const pm_engine *engine, pm_worker *worker, bool alone);
pm_status pm_bins_deliver(pm_engine *engine, pm_worker *worker, pm_block cells);
/* bins.c: the blocks in which a worker's cells are settled: those of the bins, or so many that what is logged of a
 * burst stays bounded. */
uint32_t pm_count_blocks(const pm_engine *engine, const pm_worker *worker, bool alone);
pm_block pm_block_at(const pm_worker *worker, uint32_t n_blocks, uint32_t k);
/* deliver.c: where what arrives at cells of a class is added: what cell 0 would have if it were one of these, and how
 * far cells are apart. */
typedef double pm_vector4 __attribute__((vector_size(32)));
typedef struct pm_place {
    pm_vector4 *of_0;
    size_t stride;
} pm_place;
static inline pm_place pm_plain_place(const pm_engine *engine) {
    return (pm_place){(pm_vector4 *)(void *)engine->intakes, 1};
}
static inline pm_place pm_place_of(const pm_engine *engine, uint32_t class, uint32_t port) {
    const pm_general *g = engine->has_general ? engine->classes[class].general : NULL;
    if (!g || !g->quick) /* to which nothing is added that is not 0 */
        return pm_plain_place(engine);
    return (pm_place){(pm_vector4 *)(void *)(g->intakes - (size_t)g->first_cell * g->n_ports + port), g->n_ports};
}
/* The offset of what arrives over a synapse of a run, ms from s0. */
static inline double pm_run_offset(const pm_engine *engine, const pm_delivery *run, uint64_t synapse) {
    return run->fired + engine->wiring->delays[synapse] - engine->start; /* exact, but for the time of the arrival */
}
/* deliver.c: empties the intakes of a block, and says which cells will have their arrivals logged; and the deliveries
 * from number `first` on to them. */
bool pm_flag_cells(pm_engine *engine, pm_worker *worker, pm_block cells); /* false: no memory */
pm_status pm_deliver(pm_engine *engine, pm_worker *worker, pm_block cells, size_t first);
/* Puts a cell on the list of its level. */
void pm_list_cell(pm_engine *engine, pm_worker *worker, uint32_t cell);
/* deliver.c: makes the list of cells to which crowds matter. */
pm_status pm_crowds_find(pm_engine *engine, pm_error *error);

/* settle.c: the cells of a range in the block; those listed at a level. */
pm_status pm_settle_range(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class);
pm_status pm_settle_listed(pm_engine *engine, pm_worker *worker, size_t level);
/* settle.c: everything about a cell that is looked at. */
pm_status pm_visit(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class);
/* settle.c: the class of a cell. */
const pm_class *pm_class_of(const pm_engine *engine, uint32_t cell);
/* rounds.c: settles the quick cells of the cyclic level that are on the worker's list, and those that deliveries reach.
 */
pm_status pm_rounds_settle_first(pm_engine *engine, pm_worker *worker);
/* rounds.c: what the settling of the cyclic level has found so far becomes drafts. False: no memory. */
bool pm_rounds_begin(pm_engine *engine, pm_worker *worker);
/* rounds.c: the pins of a cell into the worker's list. False: no memory. */
bool pm_rounds_pins(const pm_engine *engine, pm_worker *worker, uint32_t cell);
/* Whether a cell that has fired so often in the slab fires at the offset x1 (ms), before what arrives there. */
static inline bool pm_is_pinned(const pm_engine *engine, const pm_worker *worker, size_t n_spikes, double x1) {
    return n_spikes < worker->pinned.count && worker->pinned.items[n_spikes] - engine->start == x1 &&
           worker->pinned.items[n_spikes] < engine->end;
}
/* The offset up to which a course goes to find such a spike, whose time was rounded to x1. */
static inline double pm_past_spike(const pm_engine *engine, double x1) {
    const double time = engine->start + x1;
    return x1 + (nextafter(time, INFINITY) - time);
}
/* rounds.c: where the replay of a cell goes on, if `is_there`; and where the next one will. False: no memory. */
pm_stopover pm_rounds_stopover(const pm_engine *engine, const pm_worker *worker, uint32_t cell);
bool pm_rounds_stop_over(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_stopover *stopover);
/* rounds.c: the slab is over. */
void pm_rounds_forget(pm_engine *engine, pm_worker *worker);
/* engine.c: a task for each worker; `little` is not worth a thread. The first error of a worker. */
void pm_all_workers(pm_engine *engine, bool little, pm_task task, void *user);
pm_status pm_workers_status(const pm_engine *engine, pm_error *error);

/* settle.c: cells that were reached or fired are at the end of the slab then; or again where they were. */
void pm_commit_cells(pm_engine *engine, pm_worker *worker);
void pm_carry_back(const pm_engine *engine);
/* settle.c: learns the wakes of all cells. */
void pm_calm_down(pm_engine *engine, pm_worker *worker);
/* settle.c: the factors over `time` ms, a number of slabs. */
pm_lif_basis pm_class_basis(const pm_class *class, double slab, double time);
/* settle.c: the state of a cell at its origin, or where it is refractory then, at the end of that; how long after. */
double pm_free_state(const pm_engine *engine, uint32_t cell, const pm_class *class, pm_lif_state *state);
/* settle.c: what private drives bring to one cell, in order of time. False: no memory. */
bool pm_list_driven(const pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class);
/* settle.c: adds it to the intake of a cell. */
void pm_add_driven(const pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class, double scale,
                   pm_intake *intake);

/* replay.c: one cell through the slab, or up to `until`; finds its spikes. `state`: NULL, or receives that at the end.
 */
pm_status pm_replay(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class, pm_lif_state *state);
/* gather.c: what arrives at a cell over synapses, in order, into the worker's list. False: no memory. */
bool pm_gather(pm_engine *engine, pm_worker *worker, uint32_t cell);
/* gather.c: takes what arrived up to an offset (ms) out of the log of a cell. */
void pm_forget_heard(pm_engine *engine, const pm_worker *worker, uint32_t cell, double heard);
/* gather.c: brings what was logged of up to so many cells near. */
enum { PM_TOGETHER = 8 };
void pm_fetch_logs(const pm_engine *engine, const pm_worker *worker, const uint32_t *cells, size_t n);
/* replay.c: PM_STOPPED if the run is asked to stop in the middle of a slab with very many spikes. */
enum { PM_SPIKES_UNASKED = 1 << 16 /* between two looks at the request */ };
pm_status pm_heed_stop(const pm_engine *engine, pm_worker *worker);
/* The error of activity without end. */
pm_status pm_runaway(const pm_engine *engine, pm_error *error, uint32_t cell, double time, const char *what);

/* general_replay.c: the same for a general cell. general_settle.c: settling, committing and waking them. */
pm_status pm_general_replay(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_general *general,
                            double *state);
pm_status pm_general_settle(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_class *class);
bool pm_general_passes(pm_engine *engine, uint32_t cell, const pm_general *general);
/* Of a dense slab: empties the intakes of a block; the leeways of its cells, and which have their arrivals logged where
 * that many mV are to be expected; lists those that must be settled although nothing arrives. False: no memory. */
bool pm_general_look_ahead(pm_engine *engine, pm_worker *worker, pm_block cells, const pm_general *general,
                           double expected);
/* Settles a quick cell of a dense slab by what is known of it. False: it is to be replayed. */
bool pm_general_settles(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_general *general);
/* A cell that was carried on in the slab that failed is where it was. */
void pm_general_carry_back(const pm_engine *engine, uint32_t cell, const pm_general *general);
void pm_general_commit_block(const pm_engine *engine, pm_block cells, const pm_general *general);
void pm_general_commit(pm_engine *engine, pm_worker *worker);
/* What an arrival `left` ms before the end of the slab adds to the intakes of general cells; nothing to those that are
 * not quick. */
pm_intake pm_general_factors(const pm_general *general, uint32_t port, double left);
/* Empties the intakes of those cells of a population that lie in the block. */
void pm_general_forget(const pm_general *general, pm_block cells);
/* Whether anything has arrived at a quick cell. */
bool pm_general_is_reached(const pm_general *general, uint32_t cell);
/* The intakes of a quick cell. */
static inline pm_intake *pm_general_intakes(const pm_general *g, uint32_t cell) {
    return g->intakes + (size_t)(cell - g->first_cell) * g->n_ports;
}
/* Whether a quick cell is refractory at its origin, but not up to the end of a dense slab. */
static inline bool pm_general_is_released(const pm_engine *engine, uint32_t cell) {
    return isnan(engine->cells[cell].u) && !(engine->leeway[cell] == INFINITY);
}
/* What arrivals can add to the potential of a quick cell so far, mV. */
static inline double pm_general_lift(const pm_general *g, uint32_t cell) {
    const pm_intake *intakes = pm_general_intakes(g, cell);
    double lift = 0.0;
    for (size_t p = 0; p < g->n_ports; p++)
        lift += intakes[p].u - intakes[p].lift;
    return lift;
}
/* What they may add without a spike where u - theta stays below the bound, mV. */
static inline double pm_general_leeway(double bound, double theta) {
    return -bound - PM_MARGIN * (fabs(bound) + fabs(theta));
}
void pm_general_find_wake(pm_engine *engine, uint32_t cell, const pm_general *general);
/* The same where a wake that was found before is welcome. */
void pm_general_renew_wake(pm_engine *engine, uint32_t cell, const pm_general *general);

/* A piece [x0, x1) of a cell's course, ms from s0: `state` holds at x0; `held` says that u stays there. */
typedef struct pm_stretch {
    double x0, x1;
    pm_lif_state state;
    bool held;
} pm_stretch;

/* samples.c: the watches of a cell, NULL if there are none; samples of a piece of its course, and at a spike. False: no
 * memory. */
const pm_watch *pm_watches_of(const pm_engine *engine, uint32_t cell);
bool pm_sample_piece(pm_engine *engine, pm_worker *worker, const pm_watch *watches, const pm_lif *lif,
                     const pm_stretch *piece);
bool pm_sample_spike(pm_engine *engine, pm_worker *worker, const pm_watch *watches, const pm_lif *lif, double time);

/* The instants at which a piece is sampled: multiples of the interval, and points of the curve `step` ms apart. */
typedef struct pm_sampling {
    double interval, start, limit; /* ms, the last two offsets */
    double number, curve, step;
    double last; /* both ends of a jump belong to the curve: the offset of the second, or INFINITY */
    double time; /* ms, of the present one */
} pm_sampling;
pm_sampling pm_sampling_begin(const pm_engine *engine, const pm_worker *worker, const pm_watch *watch, double x0,
                              double x1, double step, bool jumps);
/* The next one: its offset, and what it is; false: there is none. */
bool pm_sampling_next(pm_sampling *sampling, double *x, pm_sample_kind *kind);
/* The distance of points on a curve of that curvature (mV/ms^2) over `length` ms. */
double pm_curve_step(double bend, double length);
bool pm_add_sample(pm_worker *worker, const pm_engine *engine, const pm_watch *watch, double time, double value,
                   pm_sample_kind kind);

/* general_samples.c: the same for a general cell, whose state holds at x0. `watches` may be NULL. */
bool pm_general_sample_piece(pm_engine *engine, pm_worker *worker, const pm_watch *watches, const pm_general *general,
                             const pm_membrane *membrane, const double *state, double x0, double x1, bool held);
bool pm_general_sample_spike(pm_engine *engine, pm_worker *worker, const pm_watch *watches, const pm_general *general,
                             const pm_membrane *membrane, const double *state, double time);

#endif
