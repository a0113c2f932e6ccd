/* The sweep through any network. Arrivals, in descending order of time, are merged with the spikes; at the same instant
 * arrivals come first, so that a spike's own arrivals, zero delays included, have all been met when its turn comes.
 * Every neuron carries p from its last event to its next one, by the transposed propagator of lif.h. Invariant: a
 * cell's p is the adjoint at its time `at`, just before all events met so far; the restart of its latest spike not yet
 * met is taken on the way. Slopes at restarts need the currents there, which a sweep forwards provides if there is
 * refractoriness. */
#include "gradient/adjoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pm_adjoint_cell {
    pm_lif_state p; /* backwards: the adjoint; forwards: the state, of which only the currents are used */
    double at;      /* ms */
    size_t spike;   /* the spike whose restart lies ahead; backwards: or whose own turn is next */
    bool restarted; /* backwards: p lies before the restart of `spike` */
};

static const size_t NO_SPIKE = SIZE_MAX;

void pm_adjoint_free(pm_adjoint *a) {
    free(a->time);
    free(a->restart);
    free(a->previous);
    free(a->cells);
    pm_arrivals_free(&a->walk);
    *a = (pm_adjoint){.slope_floor = a->slope_floor};
}

static pm_status reserve(pm_adjoint *a, size_t n_spikes, size_t n_cells, pm_error *error) {
    if (n_spikes > a->n_spikes) {
        free(a->time);
        free(a->restart);
        free(a->previous);
        a->time = malloc(n_spikes * sizeof *a->time);
        a->restart = malloc(n_spikes * sizeof *a->restart);
        a->previous = malloc(n_spikes * sizeof *a->previous);
        a->n_spikes = a->time && a->restart && a->previous ? n_spikes : 0;
        if (a->n_spikes == 0)
            return pm_fail_memory(error, "the gradient's spikes");
    }
    if (n_cells > a->n_cells) {
        free(a->cells);
        a->cells = malloc(n_cells * sizeof *a->cells);
        a->n_cells = a->cells ? n_cells : 0;
        if (a->n_cells == 0)
            return pm_fail_memory(error, "the gradient's neurons");
    }
    return PM_OK;
}

static pm_status check(const pm_synapses *synapses, const pm_raster *spikes, pm_error *error) {
    for (size_t k = 0; k < spikes->n; k++) {
        if (spikes->neuron[k] >= synapses->n_neurons)
            return pm_fail(error, PM_INVALID, "spike %zu is of neuron %u; there are %zu", k, spikes->neuron[k],
                           synapses->n_neurons);
        if (!isfinite(spikes->time[k]) || (k > 0 && spikes->time[k] < spikes->time[k - 1]))
            return pm_fail(error, PM_INVALID, "spike %zu at %g ms is out of order: spikes must be sorted by time", k,
                           spikes->time[k]);
    }
    return PM_OK;
}

static const pm_lif *lif_of(const pm_synapses *synapses, uint32_t neuron) {
    uint32_t class = synapses->class[neuron];
    return class == PM_IS_SOURCE ? NULL : &synapses->classes[class];
}

/* --- forwards: u' after each restart ------------------------------------------------------------------------------ */

static void carry_forwards(pm_adjoint_cell *cell, const pm_lif *lif, double t) {
    if (t > cell->at)
        cell->p = pm_lif_advance(lif, &cell->p, t - cell->at);
    cell->at = t;
}

/* Takes the restart that lies ahead, if it is not after `until`. */
static void note_restart(pm_adjoint *a, const pm_raster *spikes, pm_adjoint_cell *cell, const pm_lif *lif,
                         double until) {
    if (cell->spike == NO_SPIKE || spikes->time[cell->spike] + lif->t_ref > until)
        return;
    carry_forwards(cell, lif, spikes->time[cell->spike] + lif->t_ref);
    pm_lif_state restarted = {.u = lif->u_reset, .i = cell->p.i};
    a->restart[cell->spike] = pm_lif_slope_now(lif, &restarted);
    cell->spike = NO_SPIKE;
}

static void arrive_forwards(pm_adjoint *a, const pm_synapses *synapses, const pm_raster *spikes,
                            const pm_landing *landing) {
    for (size_t k = landing->begin; k < landing->end; k++) {
        pm_adjoint_cell *cell = &a->cells[synapses->target[k]];
        const pm_lif *lif = lif_of(synapses, synapses->target[k]);
        if (!(lif->t_ref > 0.0))
            continue;
        note_restart(a, spikes, cell, lif, landing->time);
        carry_forwards(cell, lif, landing->time);
        pm_lif_arrive(lif, &cell->p, synapses->weight[synapses->place[k]]);
    }
}

/* Without refractoriness the potential restarts at the spike: from the slope there. Otherwise the currents are
 * followed. */
static pm_status find_restarts(pm_adjoint *a, const pm_synapses *synapses, const pm_raster *spikes, pm_error *error) {
    bool any = false;
    for (size_t k = 0; k < spikes->n; k++) {
        const pm_lif *lif = lif_of(synapses, spikes->neuron[k]);
        if (lif && !(lif->t_ref > 0.0))
            a->restart[k] = spikes->slope[k] + (lif->theta - lif->u_reset) * lif->l_m;
        any = any || (lif && lif->t_ref > 0.0);
    }
    if (!any)
        return PM_OK;
    for (size_t n = 0; n < synapses->n_neurons; n++)
        a->cells[n] = (pm_adjoint_cell){.spike = NO_SPIKE};
    pm_status status = pm_arrivals_begin(&a->walk, synapses, spikes, false, error);
    if (status)
        return status;
    pm_landing landing;
    bool more = pm_arrivals_next(&a->walk, &landing);
    for (size_t s = 0; s < spikes->n || more;) {
        if (more && (s == spikes->n || landing.time < spikes->time[s])) {
            arrive_forwards(a, synapses, spikes, &landing);
            more = pm_arrivals_next(&a->walk, &landing);
            continue;
        }
        const pm_lif *lif = lif_of(synapses, spikes->neuron[s]);
        if (lif && lif->t_ref > 0.0) {
            note_restart(a, spikes, &a->cells[spikes->neuron[s]], lif, INFINITY);
            a->cells[spikes->neuron[s]].spike = s;
        }
        s++;
    }
    for (size_t n = 0; n < synapses->n_neurons; n++)
        if (a->cells[n].spike != NO_SPIKE)
            note_restart(a, spikes, &a->cells[n], lif_of(synapses, (uint32_t)n), INFINITY);
    return PM_OK;
}

/* --- backwards ---------------------------------------------------------------------------------------------------- */

pm_status pm_adjoint_at_threshold(double moved, double slope, double floor, uint32_t neuron, double time, double *p_u,
                                  pm_error *error) {
    double steep = slope > floor ? slope : floor;
    *p_u = 0.0;
    if (moved == 0.0 || time == 0.0)
        return PM_OK;
    if (!(steep > 0.0))
        return pm_fail(error, PM_FAILED,
                       "the spike of neuron %u at %.17g ms grazes its threshold (dV/dt %g mV/ms): there is no gradient "
                       "without a floor of the slope",
                       neuron, time, slope);
    *p_u = -moved / steep;
    return PM_OK;
}

static void carry_back(pm_adjoint_cell *cell, const pm_lif *lif, double t) {
    if (cell->at > t && (cell->p.u != 0.0 || cell->p.i != 0.0 || cell->p.b != 0.0)) {
        pm_lif_basis at = pm_lif_basis_at(lif, cell->at - t);
        cell->p = pm_adjoint_back(&cell->p, &at);
    }
    cell->at = t;
}

/* Carries a cell back over the restart of its next spike. */
static void take_restart(pm_adjoint *a, pm_adjoint_cell *cell, const pm_lif *lif, double t) {
    carry_back(cell, lif, t);
    a->time[cell->spike] -= cell->p.u * a->restart[cell->spike];
    cell->p.u = 0.0;
    cell->restarted = true;
}

static void arrive_back(pm_adjoint *a, const pm_synapses *synapses, const pm_raster *spikes, const pm_landing *landing,
                        const pm_adjoint_gradient *gradient) {
    double moved = 0.0;
    for (size_t k = landing->begin; k < landing->end; k++) {
        pm_adjoint_cell *cell = &a->cells[synapses->target[k]];
        const pm_lif *lif = lif_of(synapses, synapses->target[k]);
        if (cell->spike != NO_SPIKE && !cell->restarted && spikes->time[cell->spike] + lif->t_ref > landing->time)
            take_restart(a, cell, lif, spikes->time[cell->spike] + lif->t_ref);
        carry_back(cell, lif, landing->time);
        const pm_lif_state *p = &cell->p;
        size_t place = synapses->place[k];
        double later = synapses->weight[place] *
                       (lif->single ? lif->l_1 * p->i - lif->inv_C * p->u : lif->l_2 * p->b - lif->d12 * p->i);
        moved += later;
        if (gradient->weight)
            gradient->weight[place] += lif->single ? p->i : p->b;
        if (gradient->delay)
            gradient->delay[place] += later;
    }
    a->time[landing->spike] += moved;
}

static pm_status spike_back(pm_adjoint *a, const pm_lif *lif, const pm_raster *spikes, size_t s,
                            const pm_adjoint_gradient *gradient, pm_error *error) {
    uint32_t neuron = spikes->neuron[s];
    pm_adjoint_cell *cell = &a->cells[neuron];
    if (!cell->restarted)
        take_restart(a, cell, lif, spikes->time[s] + lif->t_ref);
    carry_back(cell, lif, spikes->time[s]);
    pm_status status = pm_adjoint_at_threshold(a->time[s], spikes->slope[s], a->slope_floor, neuron, spikes->time[s],
                                               &cell->p.u, error);
    if (gradient->threshold)
        gradient->threshold[neuron] -= cell->p.u;
    cell->spike = a->previous[s];
    cell->restarted = false;
    return status;
}

pm_status pm_adjoint_run(pm_adjoint *a, const pm_synapses *synapses, const pm_raster *spikes, const double *dl_dt,
                         const pm_adjoint_gradient *gradient, pm_error *error) {
    pm_status status = check(synapses, spikes, error);
    if (!status)
        status = reserve(a, spikes->n, synapses->n_neurons, error);
    if (!status)
        status = find_restarts(a, synapses, spikes, error);
    if (!status)
        status = pm_arrivals_begin(&a->walk, synapses, spikes, true, error);
    if (status)
        return status;
    for (size_t n = 0; n < synapses->n_neurons; n++)
        a->cells[n] = (pm_adjoint_cell){.at = INFINITY, .spike = NO_SPIKE};
    for (size_t s = 0; s < spikes->n; s++) {
        a->time[s] = dl_dt[s];
        a->previous[s] = a->cells[spikes->neuron[s]].spike;
        a->cells[spikes->neuron[s]].spike = s;
    }
    pm_landing landing;
    bool more = pm_arrivals_next(&a->walk, &landing);
    for (size_t s = spikes->n; !status && (s > 0 || more);) {
        if (more && (s == 0 || landing.time >= spikes->time[s - 1])) {
            arrive_back(a, synapses, spikes, &landing, gradient);
            more = pm_arrivals_next(&a->walk, &landing);
            continue;
        }
        const pm_lif *lif = lif_of(synapses, spikes->neuron[--s]);
        if (lif)
            status = spike_back(a, lif, spikes, s, gradient, error);
    }
    return status;
}
