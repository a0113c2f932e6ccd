/* A simulation between its parts: the engine as a whole (exact.c), the course of slabs (slabs.c), spikes among ranks
 * and their way to targets (traffic.c), what is reported (reports.c). */
#ifndef PM_SIM_SLABS_H
#define PM_SIM_SLABS_H

#include "net/spikes.h"
#include "sim/engine.h"
#include "sim/exact.h"
#include "sim/queue.h"
#include "sim/sources.h"

/* A spike that waits for a later slab. */
typedef struct pm_onward {
    pm_flight flight;
    int64_t slab;
} pm_onward;

struct pm_exact {
    const pm_network *network;
    pm_engine engine;
    pm_queue *queue;
    pm_sources *sources;
    double per_slab;    /* slabs per ms */
    double *only_delay; /* per population: of all its synapses, ms; -INFINITY: there is no such one */
    int64_t slab;
    bool collected;              /* the sources have been collected up to the end of `slab` */
    bool may_skip;               /* slabs in which nothing happens; the same on all ranks */
    bool silent;                 /* no neuron of any rank fired in the last window */
    double time;                 /* ms */
    double reported;             /* ms */
    pm_spike_list held;          /* LIF spikes not yet reported, sorted */
    pm_spike_list found;         /* spikes of the slab or window at hand, of all ranks */
    PM_LIST(pm_onward) onward;   /* what goes into the queue when the slab at hand is settled for good */
    const pm_exchange *exchange; /* NULL: one rank */
    int64_t window;              /* slabs between exchanges */
    pm_spike_list own;           /* spikes of this rank's cells not yet exchanged, behind a header */
    pm_spike_list pending;       /* spikes of sources not yet reported */
    pm_status failed;            /* of this rank, not yet known to the others */
    pm_error failure;
    bool agreed;   /* the last error is the same on all ranks */
    bool stopping; /* some rank was asked to stop */
    pm_counts counts;
    uint64_t *fired;           /* spikes of each population of LIF neurons, of all ranks */
    uint64_t unsettled_events; /* of the slab in which the run stands, so far */
    atomic_bool stop;
    pm_spike_callback *on_spike;
    void *spike_user;
    pm_sample_callback *on_sample;
    void *sample_user;
};

/* slabs.c: the slab at hand, or its part up to `until` (ms) if `provisional`; `last`: a window ends there. */
pm_status pm_run_slab(pm_exact *s, double until, bool provisional, bool last, pm_error *error);
/* slabs.c: the first slab from the one at hand on in which something may happen. */
double pm_busy_slab(pm_exact *s);
/* slabs.c: a cell's state at the present. */
pm_status pm_probe_cell(pm_exact *s, uint32_t cell, pm_lif_state *state, pm_error *error);

/* traffic.c: what arrives in the slab from before and from sources; the sources' spikes of the slab. */
pm_status pm_open_slab(pm_exact *s, const pm_spike **sources, size_t *n_sources, pm_error *error);
/* traffic.c: the spikes that the workers found at one level, to be exchanged; those of all ranks since the last
 * exchange into `found` and on their way. `status`: of what precedes. */
pm_status pm_take_spikes(pm_exact *s, pm_error *error);
pm_status pm_share_spikes(pm_exact *s, pm_status status, pm_error *error);
/* traffic.c: the queue as it is after the slab. */
pm_status pm_close_slab(pm_exact *s, pm_error *error);

/* reports.c: keeps the sources' spikes of a slab until the end of the window. */
pm_status pm_keep_sources(pm_exact *s, const pm_spike *sources, size_t n_sources, pm_error *error);
/* reports.c: spikes up to `until`, the end of a window; LIF spikes from there on are held back, unless the slab will be
 * settled anew. */
pm_status pm_report_window(pm_exact *s, double until, bool provisional, const pm_spike *sources, size_t n_sources,
                           pm_error *error);
pm_status pm_report_samples(pm_exact *s, pm_error *error);
/* reports.c: arrivals in the slab before `until`. */
void pm_count_events(pm_exact *s, double until, bool provisional);

#endif
