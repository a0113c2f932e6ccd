/* Terms and rows. As in lif.c everything is built from pairwise divided differences of x -> e^{-x t} over the sorted
 * rates x <= y <= z of membrane and port, and a second difference that is a short series where the rates are close; the
 * response to a sine is such a difference over l_m and +-i w. Rates that differ by less than their rounding are as good
 * as equal: the differences are smooth in the rates, and the factor k, which is not, is computed from the time
 * constants. Invariant: one row and many rows are made by the same operations, without branches, so that they have the
 * same bits. */
#include "math/membrane_terms.h"

#include "base/simd.h"
#include "math/close.h"
#include "math/exponential.h"
#include "math/rotation.h"

static double difference_of_rates(double tau_fast, double tau_slow) {
    return (tau_slow - tau_fast) / (tau_slow * tau_fast); /* the subtraction is exact where the two are close */
}
static double inverse_or_zero(double x) { return x > 0.0 ? 1.0 / x : 0.0; }

/* --- terms -------------------------------------------------------------------------------------------------------- */

static void sort_rates(pm_port *port, double l_m) {
    const bool one = port->kind == PM_PORT_SINGLE;
    const double fast = one ? port->l_1 : port->l_2;
    port->at_m = l_m <= port->l_1 ? 0 : one || l_m <= fast ? 1 : 2;
    const double x = port->at_m == 0 ? l_m : port->l_1;
    const double y = port->at_m == 0 ? port->l_1 : port->at_m == 1 ? l_m : port->l_2;
    const double z = one ? y : port->at_m == 2 ? l_m : port->l_2;
    port->x = x;
    port->dxy = y - x;
    port->dyz = z - y;
    port->dxz = z - x;
    port->inv_dxy = inverse_or_zero(port->dxy);
    port->inv_dyz = inverse_or_zero(port->dyz);
    port->inv_dxz = inverse_or_zero(port->dxz);
    port->same_xy = port->dxy > 0.0 ? 0.0 : 1.0;
    port->same_yz = port->dyz > 0.0 ? 0.0 : 1.0;
    port->same_xz = port->dxz > 0.0 ? 0.0 : 1.0;
}

/* The largest value of i for b = 1 is where e^{-l_2 t}/l_1 equals the first difference of the two exponentials;
 * Newton's steps from 1/l_2 stay on its left, as the difference of the two sides is convex. */
static double peak_of_current(const pm_port *port) {
    const double gap = port->l_2 - port->l_1, inv_gap = inverse_or_zero(gap);
    double t = 1.0 / port->l_2, first = 0.0;
    for (int k = 0; k < 100; k++) {
        pm_exponential e = pm_exponential_at(-gap * t);
        first = gap > 0.0 ? -e.m1 * inv_gap : t;
        double step = (e.e / port->l_1 - first) / (e.e * (1.0 + gap / port->l_1));
        t += step;
        if (!(step > 1e-9 * t))
            break;
    }
    pm_exponential e = pm_exponential_at(-gap * t), slow = pm_exponential_at(-port->l_1 * t);
    return port->k * slow.e * (gap > 0.0 ? -e.m1 * inv_gap : t);
}

static pm_port complete_port(pm_port port, double l_m) {
    static const double slack = 1.0 + 0x1p-40; /* these two are upper bounds */
    sort_rates(&port, l_m);
    port.most_decay = 1.0 / fmax(l_m, port.l_1);
    if (port.kind == PM_PORT_DOUBLE) {
        port.most_i = peak_of_current(&port) * slack;
        port.most_u = fmin(port.most_i / l_m, port.k / port.l_1 / port.l_2) * slack;
    }
    return port;
}

pm_port pm_port_double(double tau_m, double tau_1, double tau_2) {
    pm_port port = {.kind = PM_PORT_DOUBLE, .l_1 = 1.0 / tau_1, .l_2 = 1.0 / tau_2, .jump = 1.0};
    port.k = difference_of_rates(tau_2, tau_1);
    return complete_port(port, 1.0 / tau_m);
}

pm_port pm_port_alpha(double tau_m, double T) {
    static const double e = 0x1.5bf0a8b145769p+1;
    return complete_port((pm_port){.kind = PM_PORT_DOUBLE, .l_1 = 1.0 / T, .l_2 = 1.0 / T, .k = 1.0 / T, .jump = e},
                         1.0 / tau_m);
}

pm_port pm_port_single(double tau_m, double tau) {
    return complete_port((pm_port){.kind = PM_PORT_SINGLE, .l_1 = 1.0 / tau, .jump = 1.0}, 1.0 / tau_m);
}

pm_port pm_port_impulse(void) { return (pm_port){.kind = PM_PORT_IMPULSE, .jump = 1.0}; }

double pm_port_peak_current(const pm_port *port) {
    return port->kind == PM_PORT_DOUBLE   ? port->jump * peak_of_current(port)
           : port->kind == PM_PORT_SINGLE ? port->jump
                                          : 0.0;
}

pm_decay pm_decay_new(double tau_m, double tau, double jump) {
    return (pm_decay){.rate = 1.0 / tau, .jump = jump, .as_port = pm_port_single(tau_m, tau)};
}

pm_sine pm_sine_new(double tau_m, double amplitude, double w, double phase) {
    pm_rotation at = pm_rotation_at(phase, 1.0);
    double l_m = 1.0 / tau_m;
    return (pm_sine){.w = w, .s = amplitude * at.sin, .c = amplitude * at.cos, .inverse = 1.0 / (l_m * l_m + w * w)};
}

void pm_membrane_complete(pm_membrane *m) {
    m->fastest = m->l_m;
    m->longest = INFINITY;
    for (size_t p = 0; p < m->n_ports; p++)
        if (m->ports[p].kind != PM_PORT_IMPULSE)
            m->fastest = fmax(m->fastest, fmax(m->ports[p].l_1, m->ports[p].l_2));
    for (size_t j = 0; j < m->n_thresholds; j++)
        m->fastest = fmax(m->fastest, m->thresholds[j].rate);
    for (size_t k = 0; k < m->n_after; k++)
        m->fastest = fmax(m->fastest, m->after[k].rate);
    for (size_t q = 0; q < m->n_sines; q++)
        m->longest = fmin(m->longest, 1.5 / m->sines[q].w); /* below pi/2 */
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* `X`: e^{-x t} and e^{-x t} - 1. */
PM_INLINE void port_from(const pm_port *port, int at_m, double inv_C, double t, pm_exponential X, double *e1,
                         double *e2, double *alpha, double *d1, double *d12) {
    pm_exponential XY = pm_exponential_at(-port->dxy * t);
    pm_exponential YZ = pm_exponential_at(-port->dyz * t);
    double e_y = X.e * XY.e, e_z = e_y * YZ.e;
    double xz_m1 = XY.m1 + XY.e * YZ.m1;
    double g_xy = X.e * (-XY.m1 * port->inv_dxy + port->same_xy * t);
    double g_yz = e_y * (-YZ.m1 * port->inv_dyz + port->same_yz * t);
    double g_xz = X.e * (-xz_m1 * port->inv_dxz + port->same_xz * t);
    double Q = port->dxz * t;
    double small = pm_close_rates(t * t * X.e, port->dxy * t, Q), large = (g_xy - g_yz) * port->inv_dxz;
    double second = Q < PM_CLOSE_BELOW ? small : large;
    *e1 = at_m == 0 ? e_y : X.e;
    *e2 = at_m == 2 ? e_y : e_z;
    *alpha = port->k * (at_m == 0 ? g_yz : at_m == 1 ? g_xz : g_xy);
    *d1 = (at_m == 2 ? g_xz : g_xy) * inv_C;
    *d12 = port->k * second * inv_C;
}

PM_INLINE void port_at(const pm_port *port, int at_m, double inv_C, double t, double *e1, double *e2, double *alpha,
                       double *d1, double *d12) {
    port_from(port, at_m, inv_C, t, pm_exponential_at(-port->x * t), e1, e2, alpha, d1, d12);
}

PM_INLINE void decay_from(const pm_port *port, double inv_C, double t, pm_exponential X, double *e1, double *d1) {
    pm_exponential XY = pm_exponential_at(-port->dxy * t);
    double e_y = X.e * XY.e;
    *e1 = port->at_m == 0 ? e_y : X.e;
    *d1 = X.e * (-XY.m1 * port->inv_dxy + port->same_xy * t) * inv_C;
}

PM_INLINE void decay_at(const pm_port *port, double inv_C, double t, double *e1, double *d1) {
    decay_from(port, inv_C, t, pm_exponential_at(-port->x * t), e1, d1);
}

/* The responses S to s = cos w t and Z to s = sin w t. Z is w times the second difference over l_m, i w and -i w, whose
 * quotient cancels where l_m t and w t are small; there its series about 0 is used. */
PM_INLINE void sine_at(const pm_sine *sine, double l_m, double inv_C, double t, double rise, double *cosine,
                       double *sinus, double *of_s, double *of_c) {
    enum { TERMS = 18 };
    pm_rotation r = pm_rotation_at(sine->w, t);
    double L = l_m * t, W = sine->w * t;
    double h = 1.0, even = 1.0, coefficient = 0.5, sum = 0.5; /* h_k(L, iW, -iW) by its recursion */
#pragma GCC unroll 18
    for (int k = 1; k < TERMS; k++) {
        h *= L;
        if (k % 2 == 0) {
            even *= -(W * W);
            h += even;
        }
        coefficient /= -(double)(k + 2);
        sum += coefficient * h;
    }
    double small = W * t * sum;
    double large = (l_m * r.sin + sine->w * r.versine - sine->w * rise) * sine->inverse;
    *cosine = r.cos;
    *sinus = r.sin;
    *of_s = (l_m * (rise - r.versine) + sine->w * r.sin) * sine->inverse * inv_C;
    *of_c = (L < 1.0 && W < 1.0 ? small : large) * inv_C;
}

/* For the times t[0], ..., t[n - 1]: coefficient j at rows[j * stride], ..., one after the other. */
PM_INLINE void rows_of_lanes(const pm_membrane *m, size_t n, const double *restrict t, size_t stride,
                             double *restrict rows) {
    double *restrict em = rows, *restrict rise = rows + stride;
    for (size_t l = 0; l < n; l++) {
        const pm_exponential at = pm_exponential_at(-m->l_m * t[l]);
        em[l] = at.e;
        rise[l] = -at.m1;
    }
    double *out = rows + 2 * stride;
    for (size_t p = 0; p < m->n_ports; p++, out += PM_ROW_PORT * stride) {
        const pm_port *port = &m->ports[p];
        double *a = out + PM_ROW_E1 * stride, *b = out + PM_ROW_E2 * stride, *c = out + PM_ROW_ALPHA * stride;
        double *d = out + PM_ROW_D1 * stride, *e = out + PM_ROW_D12 * stride;
        if (port->kind == PM_PORT_DOUBLE && port->at_m == 0) /* x is l_m */
            for (size_t l = 0; l < n; l++)
                port_from(port, 0, m->inv_C, t[l], (pm_exponential){em[l], -rise[l]}, &a[l], &b[l], &c[l], &d[l],
                          &e[l]);
        else if (port->kind == PM_PORT_DOUBLE && port->at_m == 1)
            for (size_t l = 0; l < n; l++)
                port_at(port, 1, m->inv_C, t[l], &a[l], &b[l], &c[l], &d[l], &e[l]);
        else if (port->kind == PM_PORT_DOUBLE)
            for (size_t l = 0; l < n; l++)
                port_at(port, 2, m->inv_C, t[l], &a[l], &b[l], &c[l], &d[l], &e[l]);
        else
            for (size_t l = 0; l < n; l++)
                a[l] = b[l] = c[l] = d[l] = e[l] = 0.0;
        if (port->kind == PM_PORT_SINGLE && port->at_m == 0)
            for (size_t l = 0; l < n; l++)
                decay_from(port, m->inv_C, t[l], (pm_exponential){em[l], -rise[l]}, &a[l], &d[l]);
        else if (port->kind == PM_PORT_SINGLE)
            for (size_t l = 0; l < n; l++)
                decay_at(port, m->inv_C, t[l], &a[l], &d[l]);
    }
    for (size_t j = 0; j < m->n_thresholds; j++, out += 2 * stride)
        for (size_t l = 0; l < n; l++) {
            pm_exponential h = pm_exponential_at(-m->thresholds[j].rate * t[l]);
            out[l] = h.e;
            out[stride + l] = -h.m1;
        }
    for (size_t k = 0; k < m->n_after; k++, out += 2 * stride)
        for (size_t l = 0; l < n; l++)
            decay_at(&m->after[k].as_port, m->inv_C, t[l], &out[l], &out[stride + l]);
    for (size_t q = 0; q < m->n_sines; q++, out += PM_ROW_SINE * stride)
        for (size_t l = 0; l < n; l++)
            sine_at(&m->sines[q], m->l_m, m->inv_C, t[l], rise[l], &out[PM_ROW_COS * stride + l],
                    &out[PM_ROW_SIN * stride + l], &out[PM_ROW_OF_S * stride + l], &out[PM_ROW_OF_C * stride + l]);
}

void pm_membrane_row_at(const pm_membrane *m, double t, double *row) { rows_of_lanes(m, 1, &t, 1, row); }

PM_SIMD void pm_membrane_rows(const pm_membrane *m, size_t n, const double *t, double *rows) {
    enum { LANES = 8 };
    size_t k = 0;
    for (; k + LANES <= n; k += LANES)
        rows_of_lanes(m, LANES, t + k, n, rows + k);
    for (; k < n; k++)
        rows_of_lanes(m, 1, t + k, n, rows + k);
}

pm_response pm_membrane_response(const pm_membrane *m, size_t port, const double *row) {
    const double *at = row + 2 + PM_ROW_PORT * port, jump = m->ports[port].jump;
    if (m->ports[port].kind == PM_PORT_IMPULSE)
        return (pm_response){.u = jump * row[0]};
    if (m->ports[port].kind == PM_PORT_SINGLE)
        return (pm_response){.u = jump * at[PM_ROW_D1], .i = jump * at[PM_ROW_E1]};
    return (pm_response){jump * at[PM_ROW_D12], jump * at[PM_ROW_ALPHA], jump * at[PM_ROW_E2]};
}

/* --- states ------------------------------------------------------------------------------------------------------- */

void pm_membrane_rest(const pm_membrane *m, double u, double *x) {
    for (size_t k = 0; k < pm_membrane_at_sine(m); k++)
        x[k] = 0.0;
    x[0] = u;
    double *sines = x + pm_membrane_at_sine(m);
    for (size_t q = 0; q < m->n_sines; q++) {
        sines[2 * q] = m->sines[q].s;
        sines[2 * q + 1] = m->sines[q].c;
    }
}

void pm_membrane_move(const pm_membrane *m, const double *row, const double *from, double *to) {
    pm_shape_move(m, row, 1, from, to, pm_shape_any(m));
}

void pm_membrane_hold(const pm_membrane *m, const double *row, const double *from, double *to) {
    pm_shape_hold(m, row, 1, from, to, pm_shape_any(m));
}

void pm_membrane_spike(const pm_membrane *m, double *x) {
    x[0] = m->factor * x[0] + m->add;
    double *h = x + pm_membrane_at_threshold(m), *after = x + pm_membrane_at_after(m);
    for (size_t j = 0; j < m->n_thresholds; j++)
        h[j] += m->thresholds[j].jump;
    for (size_t k = 0; k < m->n_after; k++)
        after[k] += m->after[k].jump;
}

double pm_membrane_raised(const pm_membrane *m, const double *x) {
    const double *h = x + pm_membrane_at_threshold(m);
    double sum = 0.0;
    for (size_t j = 0; j < m->n_thresholds; j++)
        sum += h[j];
    return sum;
}

double pm_membrane_current(const pm_membrane *m, const double *x) {
    const double *after = x + pm_membrane_at_after(m), *sines = after + m->n_after;
    double sum = 0.0;
    for (size_t p = 0; p < m->n_ports; p++)
        sum += x[1 + 2 * p];
    for (size_t k = 0; k < m->n_after; k++)
        sum += after[k];
    for (size_t q = 0; q < m->n_sines; q++)
        sum += sines[2 * q];
    return sum;
}

double pm_membrane_slope(const pm_membrane *m, const double *x) {
    return (m->u_inf - x[0]) * m->l_m + pm_membrane_current(m, x) * m->inv_C;
}

double pm_membrane_approach(const pm_membrane *m, const double *x) {
    const double *h = x + pm_membrane_at_threshold(m);
    double slope = pm_membrane_slope(m, x);
    for (size_t j = 0; j < m->n_thresholds; j++)
        slope += m->thresholds[j].rate * h[j];
    return slope;
}

/* A sine's response is that of its steady course, whose start is taken out of u. */
double pm_far_bound(const pm_membrane *m, const double *x, double h) {
    double response = 0.0, deviation = x[0] - m->u_inf;
    for (size_t p = 0; p < m->n_ports; p++) {
        const pm_port *port = &m->ports[p];
        response += pm_larger(x[1 + 2 * p], 0.0) * pm_smaller(h, port->most_decay);
        response += pm_larger(x[2 + 2 * p], 0.0) * pm_smaller(0.5 * port->k * h * h, port->most_u);
    }
    const double *v = x + pm_membrane_at_after(m);
    for (size_t k = 0; k < m->n_after; k++)
        response += pm_larger(*v++, 0.0) * pm_smaller(h, m->after[k].as_port.most_decay);
    for (size_t q = 0; q < m->n_sines; q++, v += 2) {
        const pm_sine *sine = &m->sines[q];
        response += sqrt((v[0] * v[0] + v[1] * v[1]) * sine->inverse);
        deviation -= (m->l_m * v[0] - sine->w * v[1]) * sine->inverse * m->inv_C;
    }
    const double start = deviation * (deviation > 0.0 ? 1.0 : pm_larger(0.0, 1.0 - m->l_m * h));
    double size = fabs(x[0]) + fabs(deviation) + response * m->inv_C + fabs(m->u_inf) + fabs(m->theta);
    const double low = m->theta + pm_least_raised(m, x + pm_membrane_at_threshold(m), h, &size);
    return (m->u_inf - low) + start + response * m->inv_C + PM_BOUND_NOISE * size;
}

double pm_membrane_bound(const pm_membrane *m, const double *x, double h) {
    return pm_shape_bound(m, x, h, pm_shape_any(m));
}

/* u' of the response, falling through 0 once, after the current's peak. */
double pm_membrane_psp_peak(const pm_membrane *m, size_t index) {
    const pm_port *port = &m->ports[index];
    if (port->kind == PM_PORT_IMPULSE)
        return 0.0;
    double low = 0.0, high = INFINITY, t = 0.5 / fmax(m->l_m, fmax(port->l_1, port->l_2));
    for (int k = 0; k < 2000; k++) {
        double e1 = 0.0, e2 = 0.0, i = 0.0, d1 = 0.0, u = 0.0;
        if (port->kind == PM_PORT_SINGLE) {
            decay_at(port, 1.0, t, &i, &u);
        } else {
            port_at(port, port->at_m, 1.0, t, &e1, &e2, &i, &d1, &u);
        }
        double slope = i - m->l_m * u, bend = port->k * e2 - port->l_1 * i - m->l_m * slope;
        if (slope > 0.0)
            low = t;
        else
            high = t;
        double next = bend < 0.0 ? t - slope / bend : high < INFINITY ? 0.5 * (low + high) : 2.0 * t;
        if (!(next > low && next < high))
            next = high < INFINITY ? 0.5 * (low + high) : 2.0 * t;
        if (fabs(next - t) <= 1e-14 * t)
            break;
        t = next;
    }
    return t;
}
