/* The states of groups of synapses that are not static (model/synapse.h), and what spikes make of them. */
#ifndef PM_NET_SYNAPTIC_H
#define PM_NET_SYNAPTIC_H

#include "base/archive.h"
#include "net/wiring.h"

typedef struct pm_synaptic {
    uint32_t *place; /* of each group's state, or PM_NO_STATE; NULL: all synapses are static */
    double *states;  /* the time of the last spike (ms; negative: there was none), and the model's numbers; each: */
    size_t width;
    size_t n;
} pm_synaptic;

static const uint32_t PM_NO_STATE = UINT32_MAX;

/* How a state goes on over h ms between spikes; false: it cannot be computed. */
typedef bool pm_synaptic_advance(const pm_synapse_type *type, double h, double *state);
pm_synaptic_advance pm_synaptic_closed_form;

/* Cleared also after an error. Errors: PM_NO_MEMORY; PM_INVALID where there are too many groups. */
pm_status pm_synaptic_new(pm_synaptic *synaptic, const pm_wiring *wiring, pm_error *error);
void pm_synaptic_clear(pm_synaptic *synaptic);
/* As before the first spike. */
void pm_synaptic_reset(pm_synaptic *synaptic, const pm_wiring *wiring);
/* All states, written or read; nothing where all synapses are static. */
void pm_synaptic_archive(pm_synaptic *synaptic, pm_archive *archive);
/* Whether what was read can be the states at `now` (ms). */
bool pm_synaptic_is_sound(const pm_synaptic *synaptic, const pm_wiring *wiring, double now);

/* The memory of all states. */
static inline uint64_t pm_synaptic_bytes(const pm_synaptic *s, const pm_wiring *wiring) {
    return s->place ? wiring->n_groups * sizeof *s->place + s->n * s->width * sizeof *s->states : 0;
}

/* The state of a group, or NULL. */
static inline double *pm_synaptic_state(const pm_synaptic *s, uint64_t group) {
    return s->place && s->place[group] != PM_NO_STATE ? s->states + s->place[group] * s->width : NULL;
}
/* The source of a group, whose state this is, fires at `time` (ms), not before its last spike: the factor of the
 * weights that are delivered into *factor. False: the state cannot be computed. */
bool pm_synaptic_fire(const pm_synapse_type *type, double time, pm_synaptic_advance *advance, double *state,
                      double *factor);

/* PM_INVALID, naming the projection, unless all synapses of a network are static; `who` takes no others. */
pm_status pm_network_need_static(const pm_network *network, const char *who, pm_error *error);

#endif
