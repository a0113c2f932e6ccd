/* Maxima of potentials that several currents drive. A later maximum is one above the largest so far: the first crossing
 * of that value, then the first instant at which u' falls to 0. u' is a potential of the same membrane itself, fed by
 * the derivatives of the currents, so both are first crossings of membrane.h, which miss none. Invariant: maximum[o] is
 * the largest u of output o so far, to its rounding; every round raises it, so that rounds end. */
#include "gradient/readout.h"

#include <math.h>
#include <string.h>

typedef struct walk {
    pm_readout *readout;
    const pm_layer *layer;
    const pm_raster *in; /* NULL: each output sees it shifted in its own way */
} walk;

/* More than rounding: mV above a maximum. */
static double above(double maximum) { return maximum + 0x1p-40 * (fabs(maximum) + 1.0); }

/* When u next stops rising, within h ms of x, where it rises; INFINITY: later. */
static double first_top(const pm_membrane *m, const double *x, double h) {
    pm_membrane falling = *m;
    double y[PM_MEMBRANE_WIDTH];
    falling.u_inf = falling.theta = 0.0;
    y[0] = -pm_membrane_slope(m, x);
    for (size_t p = 0; p < m->n_ports; p++) {
        const double i = x[1 + 2 * p], b = x[2 + 2 * p];
        y[1 + 2 * p] = m->ports[p].l_1 * i - m->ports[p].k * b;
        y[2 + 2 * p] = m->ports[p].l_2 * b;
    }
    return pm_membrane_crossing(&falling, y, h, NULL);
}

static void carry(const pm_membrane *m, double t, double *x) {
    double row[PM_MEMBRANE_ROW];
    pm_membrane_row_at(m, t, row);
    pm_membrane_move(m, row, x, x);
}

/* Whether u' keeps its sign for h ms: by the largest magnitude that u'' may have, and u' at both ends. */
static bool is_monotone(const pm_membrane *m, const double *x, double h, double slope, double slope_at_end) {
    double drift = 0.0;
    for (size_t p = 0; p < m->n_ports; p++) {
        const double source = m->ports[p].k * fabs(x[2 + 2 * p]);
        drift += m->ports[p].l_1 * (fabs(x[1 + 2 * p]) + h * source) + source;
    }
    const double most = drift * m->inv_C + m->l_m * (fabs(slope) + h * drift * m->inv_C);
    return slope * slope_at_end > 0.0 && fabs(slope) + fabs(slope_at_end) > (1.0 + 0x1p-30) * h * most;
}

/* The largest u so far is that at the end of the step: an arrival that jumps the current may end the rise there. */
static void note_end(const walk *w, const pm_layer_at *at, double u, double slope) {
    const pm_membrane *m = &w->layer->receptors->membrane;
    const uint32_t source = at->step->source;
    pm_readout *r = w->readout;
    r->maximum[at->neuron] = u;
    r->when[at->neuron] = at->step->end;
    r->climb[at->neuron] = slope;
    r->ended[at->neuron] = SIZE_MAX;
    if (source != PM_NO_SOURCE && m->ports[pm_layer_receptor_of(w->layer, source)].kind == PM_PORT_SINGLE)
        r->ended[at->neuron] = w->in ? at->arrival : w->layer->origins.items[at->arrival].spike;
}

/* Maximum after maximum. */
static void search(const walk *w, const pm_layer_at *at, double *x) {
    pm_readout *r = w->readout;
    const uint32_t o = at->neuron;
    const double h = at->step->end - at->step->begin;
    pm_membrane m = w->layer->receptors->membrane;
    const double *row = at->row;
    double now = 0.0;
    while (now < h) {
        m.theta = above(r->maximum[o]);
        const double rise = pm_membrane_crossing(&m, x, h - now, row);
        if (!(rise <= h - now))
            break;
        carry(&m, rise, x);
        now = now + rise < h ? now + rise : h;
        const double top = first_top(&m, x, h - now);
        carry(&m, top <= h - now ? top : h - now, x);
        if (!(x[0] > r->maximum[o]))
            break; /* lost in rounding */
        if (!(top < h - now)) {
            note_end(w, at, x[0], pm_membrane_slope(&m, x));
            break;
        }
        now += top;
        r->maximum[o] = x[0];
        r->when[o] = at->step->begin + now;
        r->ended[o] = SIZE_MAX;
        row = NULL;
    }
}

static pm_status visit(void *context, const pm_layer_at *at, double *x, double *end, pm_error *error) {
    const walk *w = context;
    const pm_membrane *m = &w->layer->receptors->membrane;
    double last[PM_MEMBRANE_WIDTH];
    (void)error;
    pm_membrane_move(m, at->row, x, last);
    const double slope = pm_membrane_slope(m, last);
    if (!is_monotone(m, x, at->step->end - at->step->begin, pm_membrane_slope(m, x), slope))
        search(w, at, x);
    else if (*end > w->readout->maximum[at->neuron])
        note_end(w, at, *end, slope);
    return PM_OK;
}

pm_status pm_readout_walk(pm_readout *r, pm_layer *layer, const pm_raster *in, double duration, pm_error *error) {
    walk w = {r, layer, layer->delays.value && layer->delays.by_target > 0 ? NULL : in};
    const pm_layer_visits visits = {r->maximum, visit, &w};
    for (size_t j = 0; j < layer->stride; j++)
        layer->scratch[j] = -INFINITY; /* nobody is held */
    return pm_layer_walk_receptors(layer, in, duration, 0.0, &visits, error);
}
