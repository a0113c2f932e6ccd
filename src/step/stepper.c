/* The subthreshold equations are linear, so a step is a matrix (S. Rotter and M. Diesmann, Biological Cybernetics 81,
 * 1999): here in the coordinates (u, a, b) with a and b the two exponential currents. The only entries that could lose
 * digits are those from a and b to u, (e^{-h/tau_k} - e^{-h/tau_m}) / (1/tau_m - 1/tau_k) / C_m, written with e^x - 1.
 * The state is moved by its change, not multiplied: thousands of short steps then round like one. */
#include "step/stepper.h"

#include "math/exponential.h"
#include "step/integrate.h"

#include <math.h>

const char *const pm_clock_schemes[] = {"exact", "rk", NULL};
const char *const pm_clock_interpolations[] = {"grid", "linear", "cubic", NULL};

/* (e^{-k h} - e^{-m h}) / (m - k) for rates m and k, also for m = k; `slow` is e^{-h min(m, k)}. */
static double response(double m, double k, double h, double slow) {
    double x = fabs(m - k) * h;
    return x > 0.0 ? h * slow * (-pm_exponential_at(-x).m1 / x) : h * slow;
}

static pm_propagator propagator(const pm_stepper *s, double h) {
    pm_exponential m = pm_exponential_at(-s->l_m * h), first = pm_exponential_at(-s->l_1 * h);
    pm_propagator p = {.m = m.m1, .e1 = first.m1};
    p.a = s->inv_C * response(s->l_m, s->l_1, h, fmax(m.e, first.e));
    if (!s->single) {
        pm_exponential second = pm_exponential_at(-s->l_2 * h);
        p.e2 = second.m1;
        p.b = s->inv_C * response(s->l_m, s->l_2, h, fmax(m.e, second.e));
    }
    return p;
}

static void runge_kutta(const pm_stepper *s, pm_stepper_state *state, double h, bool held) {
    pm_stepper_state slope[PM_FEHLBERG_STAGES] = {{0}}, at = *state;
    for (int stage = 0;; stage++) {
        double u = 0.0, a = 0.0, b = 0.0;
        for (int k = 0; k < stage; k++) {
            u += pm_fehlberg[stage][k] * slope[k].u;
            a += pm_fehlberg[stage][k] * slope[k].a;
            b += pm_fehlberg[stage][k] * slope[k].b;
        }
        at = (pm_stepper_state){state->u + h * u, state->a + h * a, state->b + h * b};
        if (stage == PM_FEHLBERG_STAGES)
            break;
        slope[stage] = (pm_stepper_state){held ? 0.0 : pm_stepper_slope(s, &at), -s->l_1 * at.a, -s->l_2 * at.b};
    }
    *state = at;
}

void pm_stepper_init(pm_stepper *stepper, const pm_neuron *n, pm_clock_scheme scheme, double dt) {
    *stepper = (pm_stepper){
        .l_m = n->g_L / n->C_m,
        .l_1 = 1.0 / n->tau_1,
        .l_2 = n->tau_2 > 0.0 ? 1.0 / n->tau_2 : 0.0,
        .inv_C = 1.0 / n->C_m,
        .u_inf = n->I_e / n->g_L,
        .theta = n->V_th - n->E_L,
        .u_reset = n->V_reset - n->E_L,
        .E_L = n->E_L,
        .t_ref = n->t_ref,
        .single = !(n->tau_2 > 0.0),
        .dt = dt,
        .runge_kutta = scheme == PM_CLOCK_RK,
    };
    stepper->full = propagator(stepper, dt);
}

void pm_stepper_move(const pm_stepper *stepper, pm_stepper_state *state, double h, bool held) {
    if (!(h > 0.0))
        return;
    if (stepper->runge_kutta) {
        runge_kutta(stepper, state, h, held);
        return;
    }
    pm_propagator other;
    const pm_propagator *p = &stepper->full;
    if (h != stepper->dt) {
        other = propagator(stepper, h);
        p = &other;
    }
    if (!held)
        state->u += (state->u - stepper->u_inf) * p->m + (state->a * p->a - state->b * p->b);
    state->a += state->a * p->e1;
    state->b += state->b * p->e2;
}

/* The cubic with values u0, u1 and slopes s0, s1 (per unit of x) at 0 and 1, minus theta. */
typedef struct cubic {
    double u0, s0, c2, c3;
} cubic;

static double cubic_at(const cubic *c, double x) { return c->u0 + x * (c->s0 + x * (c->c2 + x * c->c3)); }

/* A root in [0, 1]: Newton's method, kept within a bracket that is halved where Newton leaves it. */
static double cubic_root(const cubic *c, double x) {
    double low = 0.0, high = 1.0;
    for (int k = 0; k < 100; k++) {
        double y = cubic_at(c, x), slope = c->s0 + x * (2.0 * c->c2 + x * 3.0 * c->c3);
        *(y < 0.0 ? &low : &high) = x;
        double next = x - y / slope;
        if (!(next > low && next < high))
            next = 0.5 * (low + high);
        if (fabs(next - x) <= 1e-16 || y == 0.0)
            return x;
        x = next;
    }
    return x;
}

double pm_stepper_crossing(double g0, double g1, double s0, double s1, double h, pm_clock_interpolation interpolation) {
    if (interpolation == PM_CLOCK_GRID)
        return h;
    double x = g1 > g0 ? fmin(-g0 / (g1 - g0), 1.0) : 1.0;
    if (interpolation == PM_CLOCK_CUBIC) {
        s0 *= h;
        s1 *= h;
        double rise = g1 - g0;
        cubic c = {g0, s0, 3.0 * rise - 2.0 * s0 - s1, s0 + s1 - 2.0 * rise};
        x = cubic_root(&c, x);
    }
    return fmin(x * h, h);
}
