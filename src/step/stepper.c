/* The subthreshold equations are linear, so a step is a matrix (S. Rotter and M. Diesmann, Biological Cybernetics 81,
 * 1999): here in the coordinates (u, a, b) with a and b the two exponential currents. The only entries that could lose
 * digits are those from a and b to u, (e^{-h/tau_k} - e^{-h/tau_m}) / (1/tau_m - 1/tau_k) / C_m, written with expm1.
 * The state is moved by its change, not multiplied: thousands of short steps then round like one. */
#include "step/stepper.h"

#include <gsl/gsl_errno.h>
#include <math.h>

const char *const pm_clock_schemes[] = {"exact", "rk", NULL};
const char *const pm_clock_interpolations[] = {"grid", "linear", "cubic", NULL};

/* (e^{-k h} - e^{-m h}) / (m - k) for rates m and k, also for m = k. */
static double response(double m, double k, double h) {
    double x = (m - k) * h;
    if (x == 0.0)
        return h * exp(-m * h);
    if (fabs(x) > 1.0)
        return (exp(-k * h) - exp(-m * h)) / (m - k);
    return h * exp(-m * h) * (expm1(x) / x);
}

static pm_propagator propagator(const pm_stepper *s, double h) {
    pm_propagator p = {.m = expm1(-s->l_m * h), .e1 = expm1(-s->l_1 * h)};
    p.a = s->inv_C * response(s->l_m, s->l_1, h);
    if (!s->single) {
        p.e2 = expm1(-s->l_2 * h);
        p.b = s->inv_C * response(s->l_m, s->l_2, h);
    }
    return p;
}

static int derivatives(double t, const double y[], double dydt[], void *parameters) {
    (void)t;
    const pm_stepper *s = parameters;
    dydt[0] = s->held ? 0.0 : (s->u_inf - y[0]) * s->l_m + (y[1] - y[2]) * s->inv_C;
    dydt[1] = -s->l_1 * y[1];
    dydt[2] = -s->l_2 * y[2];
    return GSL_SUCCESS;
}

pm_status pm_stepper_init(pm_stepper *stepper, const pm_neuron *n, pm_clock_scheme scheme, double dt, pm_error *error) {
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
    };
    stepper->full = propagator(stepper, dt);
    if (scheme == PM_CLOCK_RK) {
        stepper->rk = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rkf45, 3);
        if (!stepper->rk)
            return pm_fail_memory(error, "the Runge-Kutta method");
    }
    return PM_OK;
}

void pm_stepper_clear(pm_stepper *stepper) {
    if (stepper->rk)
        gsl_odeiv2_step_free(stepper->rk);
    stepper->rk = NULL;
}

void pm_stepper_move(pm_stepper *stepper, pm_stepper_state *state, double h, bool held) {
    if (!(h > 0.0))
        return;
    if (stepper->rk) {
        gsl_odeiv2_system system = {derivatives, NULL, 3, stepper};
        double y[3] = {state->u, state->a, state->b}, y_error[3];
        stepper->held = held;
        (void)gsl_odeiv2_step_apply(stepper->rk, 0.0, h, y, y_error, NULL, NULL, &system); /* derivatives cannot fail */
        *state = (pm_stepper_state){y[0], y[1], y[2]};
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
