/* The engine: what moves all cells through one slab of time.
 *
 * Data. A cell has a state (true values at the start s0 of the current slab) and an intake (what the arrivals of the
 * slab contribute at its end s1): 32 bytes each, so that an arrival is one multiplication and one addition of four
 * numbers. The factors of an arrival are the same for all targets of a group: no exponential per synapse, and no factor
 * grows.
 *
 * A slab. Deliver all that arrives in it, then settle the cells level by level: a cell whose potential provably stays
 * below threshold moves to s1 by shared propagators; the others are replayed arrival by arrival (replay.c), which finds
 * spikes by their closed form. The arrivals of cells that are likely to be replayed are logged while delivering; those
 * of the others are looked up again when needed. Which of the two happened changes no bit of the result. */
#ifndef PM_SIM_ENGINE_H
#define PM_SIM_ENGINE_H

#include "math/basis.h"
#include "math/series.h"
#include "net/wiring.h"
#include "sim/drive.h"
#include "sim/plan.h"

#include <punctum/simulation.h>

typedef struct pm_cell {
    double u, i, b; /* as in pm_lif_state, at the start of the slab */
    double ready;   /* end of refractoriness, ms (absolute) */
} pm_cell;

typedef struct pm_intake {
    double u, i, b; /* contributions at the end of the slab */
    double lift;    /* u - lift is the most that the arrivals can add to u at any time in the slab */
} pm_intake;

/* What a class of cells shares. */
typedef struct pm_class {
    pm_lif lif;
    pm_lif_basis step; /* at t = slab */
    pm_series series;  /* over a slab */
    double peak_time;  /* of the PSP, ms; impulse: 0 */
    double peak;       /* mV/pA; impulse: 1 */
} pm_class;

/* A group of synapses whose spike arrives in the current slab. */
typedef struct pm_delivery {
    double offset;                       /* of the arrival from s0, ms */
    uint64_t begin, end;                 /* synapses */
    double weight;                       /* as in pm_group */
    int32_t sign;                        /* as in pm_group */
    double u, i, b;                      /* factors of the weight in the intake */
    double lift_positive, lift_negative; /* the same for `lift`, by the sign of the weight */
} pm_delivery;

/* An arrival at one cell. */
typedef struct pm_arrival {
    double offset; /* ms from s0 */
    double weight; /* pA */
    size_t order;  /* of delivery */
} pm_arrival;

/* All that arrives at one cell at one instant. */
typedef struct pm_instant {
    double offset, weight; /* ms from s0, pA */
} pm_instant;

typedef struct pm_logged {
    double weight; /* pA */
    uint32_t delivery;
    uint32_t next; /* logged before at the same cell, or PM_LOG_END */
} pm_logged;

static const uint32_t PM_LOG_END = UINT32_MAX - 1; /* logged, nothing so far */
static const uint32_t PM_NOT_LOGGED = UINT32_MAX;

typedef struct pm_cell_spike {
    double time, slope; /* ms, mV/ms */
    uint32_t cell;
} pm_cell_spike;

/* A neuron whose potential is recorded. */
typedef struct pm_watch {
    size_t record, neuron; /* as in pm_sample */
    double interval;       /* ms */
    uint32_t cell;
} pm_watch;

/* Growing arrays. */
#define PM_LIST(type)                                                                                                  \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        size_t count, capacity;                                                                                        \
    }

/* One thread's share of the cells, and what it produced. */
typedef struct pm_worker {
    uint32_t begin, end; /* cells */
    PM_LIST(pm_logged) log;
    PM_LIST(pm_arrival) arrivals; /* of the cell at hand */
    pm_drive_block block;         /* arrivals from private drives at the cells at hand */
    pm_drive_arrivals driven;     /* at the cell at hand */
    uint64_t n_driven;            /* arrivals from private drives in the slab, before `sample_until` */
    PM_LIST(pm_instant) instants; /* of the cell at hand */
    pm_basis_table gaps;          /* between them */
    PM_LIST(pm_cell_spike) spikes;
    PM_LIST(pm_sample) samples;
    double last_point;    /* offset of the last curve point of the cell at hand, ms */
    double lift;          /* running mean of u - lift per arrival, mV: how much may be expected next */
    double lift_sum;      /* mV, of the slab at hand */
    double driven_before; /* arrivals from private drives at all cells in the slab before, by this worker's */
    pm_status status;
    pm_error error;
} pm_worker;

typedef struct pm_engine {
    const pm_network *network;
    pm_wiring *wiring;
    pm_plan plan;
    pm_class *classes;
    pm_cell *cells;
    pm_cell *saved; /* see pm_engine_save */
    pm_drive drive;
    pm_intake *intakes;
    uint32_t *log_head; /* per cell: index into its worker's log, PM_LOG_END or PM_NOT_LOGGED */
    pm_watch *watches;  /* sorted by cell */
    size_t n_watches;
    bool *watched;       /* per cell: always replayed */
    uint32_t probe;      /* a cell whose state at `probe_offset` is wanted, or PM_NOT_LOGGED */
    double probe_offset; /* ms from s0 */
    pm_lif_state probed;
    PM_LIST(pm_delivery) deliveries; /* of the current slab, in the order of delivery */
    uint64_t events;                 /* synapses of these */
    pm_worker *workers;
    int n_workers;
    double start, end;                /* s0, s1, ms */
    double sample_from, sample_until; /* samples wanted: [from, until), ms */
} pm_engine;

/* Room for one more item; false when there is no memory. */
bool pm_list_grow(void **items, size_t *capacity, size_t count, size_t item_size);
#define PM_LIST_ROOM(list)                                                                                             \
    ((list).count < (list).capacity ||                                                                                 \
     pm_list_grow((void **)&(list).items, &(list).capacity, (list).count, sizeof *(list).items))

/* `exchange`: NULL, or this rank's; the error is this rank's own. */
pm_status pm_engine_init(pm_engine *engine, const pm_network *network, int threads, const pm_exchange *exchange,
                         pm_error *error);
void pm_engine_clear(pm_engine *engine);
/* Initial state of all cells. */
void pm_engine_reset(pm_engine *engine);

/* Remembers the state at the start of a slab, and returns to it. */
void pm_engine_save(pm_engine *engine);
void pm_engine_restore(pm_engine *engine);

/* The state at the start of a slab, written or read; what a worker expects of the next slab changes no result. */
void pm_engine_archive(pm_engine *engine, pm_archive *archive);

/* Begins the slab [start, end). */
void pm_engine_begin(pm_engine *engine, double start, double end);
/* A group's spike arrives at `time` in this slab. */
pm_status pm_engine_arrive(pm_engine *engine, uint64_t group, double time, pm_error *error);
/* Delivers the deliveries from number `first` on and settles the cells of a level; their spikes are then in the
 * workers' lists, which are emptied first. */
pm_status pm_engine_settle(pm_engine *engine, size_t first, size_t level, pm_error *error);
/* Forgets logs. */
void pm_engine_finish(pm_engine *engine);

/* Replays one cell through the slab (replay.c): finds its spikes, moves u and ready to the end of the slab. */
pm_status pm_replay(pm_engine *engine, pm_worker *worker, uint32_t cell, const pm_class *class);

/* "population[number]" of a cell, for messages. */
void pm_engine_name(const pm_engine *engine, uint32_t cell, char *text, size_t size);

#endif
