/* What is recorded of a cell of the general kind: samples.c with any number of terms, and with currents and thresholds.
 */
#include "sim/engine.h"

#include <math.h>

/* What is recorded, in its unit. */
static double value_of(const pm_general *g, const pm_membrane *m, uint32_t cell, const pm_potential_record *record,
                       const double *x) {
    const double E_L = pm_general_E_L(g, cell);
    if (record->quantity == PM_THRESHOLD)
        return E_L + m->theta + pm_membrane_raised(m, x);
    if (record->quantity == PM_POTENTIAL)
        return E_L + x[0];
    if (record->receptor == PM_EVERY_RECEPTOR)
        return m->u_inf * m->l_m / m->inv_C + pm_membrane_current(m, x);
    return m->ports[record->receptor].kind == PM_PORT_IMPULSE ? 0.0 : x[1 + 2 * record->receptor];
}

static void state_at(const pm_membrane *m, const double *from, double t, bool held, double *to) {
    double row[PM_MEMBRANE_ROW];
    pm_membrane_row_at(m, t, row);
    (held ? pm_membrane_hold : pm_membrane_move)(m, row, from, to);
}

/* |u''|, mV/ms^2. */
static double bend(const pm_membrane *m, const double *x) {
    double drift = 0.0; /* of the current, pA/ms */
    for (size_t p = 0; p < m->n_ports; p++)
        drift += m->ports[p].k * x[2 + 2 * p] - m->ports[p].l_1 * x[1 + 2 * p];
    for (size_t k = 0; k < m->n_after; k++)
        drift -= m->after[k].rate * x[pm_membrane_at_after(m) + k];
    for (size_t k = 0; k < m->n_sines; k++)
        drift += m->sines[k].w * x[pm_membrane_at_sine(m) + 2 * k + 1];
    return fabs(drift * m->inv_C - m->l_m * pm_membrane_slope(m, x));
}

bool pm_general_sample_piece(pm_engine *engine, pm_worker *worker, const pm_watch *watches, const pm_general *g,
                             const pm_membrane *m, const double *state, double x0, double x1, bool held) {
    double first[PM_MEMBRANE_WIDTH], then[PM_MEMBRANE_WIDTH];
    if (!watches || !(x1 > fmax(x0, 0.0)))
        return true;
    const double begin = fmax(x0, 0.0); /* what lies before the slab has been recorded */
    state_at(m, state, begin - x0, held, first);
    state_at(m, first, x1 - begin, held, then);
    const double step = held ? INFINITY : pm_curve_step(fmax(bend(m, first), bend(m, then)), x1 - begin);
    const pm_watch *end = engine->watches + engine->n_watches;
    for (const pm_watch *watch = watches; watch < end && watch->cell == watches->cell; watch++) {
        const pm_potential_record *record = &engine->network->potentials[watch->record];
        const bool curve = record->quantity == PM_POTENTIAL;
        pm_sampling s = pm_sampling_begin(engine, worker, watch, begin, x1, curve ? step : INFINITY, g->impulses);
        double x;
        for (pm_sample_kind kind; pm_sampling_next(&s, &x, &kind);) {
            state_at(m, first, x - begin, held, then);
            if (!pm_add_sample(worker, engine, watch, s.time, value_of(g, m, watch->cell, record, then), kind))
                return false;
        }
    }
    worker->last_point = begin;
    return true;
}

bool pm_general_sample_spike(pm_engine *engine, pm_worker *worker, const pm_watch *watches, const pm_general *g,
                             const pm_membrane *m, const double *state, double time) {
    const pm_watch *end = engine->watches + engine->n_watches;
    for (const pm_watch *watch = watches; watch && watch < end && watch->cell == watches->cell; watch++) {
        const pm_potential_record *record = &engine->network->potentials[watch->record];
        if (!pm_add_sample(worker, engine, watch, time, value_of(g, m, watch->cell, record, state), PM_SAMPLE_SPIKE))
            return false;
    }
    return true;
}
