/* Rows of synapses while they are made: rows.c draws them into bundles, order.c takes these apart and puts each row
 * into its order.
 *
 * A bundle has the rows of some neighbours in a population, at most PM_BUNDLE_ROWS and not many synapses, so that it
 * can be taken apart within the cache, and so that there are few enough bundles for all of their ends to be there while
 * synapses are drawn. Each synapse has the number of its row until then.
 *
 * The work is divided into parts, one for each thread: of cells, while synapses are drawn, of bundles, while these are
 * put into order. Part k draws what goes to its cells, for all projections in turn, and its share of every bundle
 * follows that of part k - 1. So before it is put into order a row holds what goes to one target in the order of
 * drawing, whatever the number of parts, and what comes out does not depend on it. */
#ifndef PM_NET_ROWS_H
#define PM_NET_ROWS_H

#include "base/team.h"
#include "net/wiring.h"

enum { PM_BUNDLE_ROWS = 256 };
typedef struct pm_bundle {
    uint64_t begin; /* its first synapse */
    uint32_t row;   /* its first row */
} pm_bundle;

typedef struct pm_building {
    pm_wiring *wiring;
    const pm_network *network;
    uint64_t *begin;        /* n_neurons + 1: rows, once their bundles have been taken apart */
    pm_bundle *bundles;     /* n_bundles + 1 */
    uint32_t *first_bundle; /* of each population */
    uint8_t *shift;         /* of each population: its bundles have 2^shift rows */
    size_t n_bundles;
    uint8_t *row;   /* of each synapse, within its bundle, before this is taken apart */
    size_t width;   /* bytes of a delay: 8 for itself in ms, 1 or 2 for its place in `delays`, 0 if all are the same */
    double *delays; /* all different ones in ms, from the shortest */
    uint32_t n_delays;
    uint32_t *delay_at;   /* in `delays`, of each different delay of each projection in turn */
    uint32_t n_receptors; /* at most so many at a population; above 1 every synapse has the number of its own */
    union {
        uint8_t *place_1;
        uint16_t *place_2;
        double *delay;
    } of;
    uint8_t *receptor;
    uint8_t *type;           /* NULL where all synapses are of one */
    const uint8_t *types_of; /* of each projection */
    size_t n_parts;
    uint64_t *first; /* NULL, or where the number of each projection's first synapse goes: synapses have numbers
                        as weights then */
} pm_building;

static inline double pm_delay_of(const pm_building *r, uint64_t synapse) {
    switch (r->width) {
    case 0:
        return r->delays[0];
    case 1:
        return r->delays[r->of.place_1[synapse]];
    case 2:
        return r->delays[r->of.place_2[synapse]];
    default:
        return r->of.delay[synapse];
    }
}

static inline uint32_t pm_receptor_of(const pm_building *r, uint64_t synapse) {
    return r->receptor ? r->receptor[synapse] : 0;
}

static inline uint32_t pm_type_of(const pm_building *r, uint64_t synapse) { return r->type ? r->type[synapse] : 0; }

/* Lists the different delays, if they are held by number. */
pm_status pm_building_list_delays(pm_building *rows, pm_error *error);
/* Divides rows into bundles. */
pm_status pm_building_bundle(pm_building *rows, const pm_exchange *exchange, pm_error *error);
/* Draws the synapses of all projections into bundles. */
pm_status pm_building_draw(pm_building *rows, pm_team *team, pm_error *error);
/* order.c: takes bundles apart, puts rows into their order and makes their groups. */
pm_status pm_building_order(pm_building *rows, pm_team *team, pm_error *error);

#endif
