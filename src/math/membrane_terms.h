/* The general neuron's inner loops, for callers that know the shape of a membrane when they are compiled: loops over a
 * constant number of terms unroll, and terms that are not there cost nothing. Every shape that fits gives the same
 * results as pm_membrane_move, pm_membrane_hold and pm_membrane_bound, which are these functions for any shape. */
#ifndef PM_MATH_MEMBRANE_TERMS_H
#define PM_MATH_MEMBRANE_TERMS_H

#include "math/membrane.h"

#define PM_INLINE static inline __attribute__((always_inline))

typedef struct pm_shape {
    size_t n_ports;
    bool single; /* all ports are */
    bool bare;   /* no thresholds, after-spike currents and sines */
} pm_shape;

PM_INLINE pm_shape pm_shape_any(const pm_membrane *m) { return (pm_shape){m->n_ports, false, false}; }

/* The shapes for which code is made: bare ones with few ports. 0: it is none of them; else to be given to the macro
 * below: f(..., shape) with a constant shape, where f may begin with `result =`. */
enum { PM_SHAPE_PORTS = 3 };

static inline int pm_shape_number(const pm_membrane *m) {
    bool single = true, impulse = false;
    for (size_t p = 0; p < m->n_ports; p++) {
        single = single && m->ports[p].kind == PM_PORT_SINGLE;
        impulse = impulse || m->ports[p].kind == PM_PORT_IMPULSE;
    }
    if (impulse || m->n_thresholds + m->n_after + m->n_sines > 0 || m->n_ports == 0 || m->n_ports > PM_SHAPE_PORTS)
        return 0;
    return 2 * (int)m->n_ports - single;
}

#define PM_WITH_SHAPE(number, m, f, ...)                                                                               \
    switch (number) {                                                                                                  \
    case 1:                                                                                                            \
        f(__VA_ARGS__, (pm_shape){1, true, true});                                                                     \
        break;                                                                                                         \
    case 2:                                                                                                            \
        f(__VA_ARGS__, (pm_shape){1, false, true});                                                                    \
        break;                                                                                                         \
    case 3:                                                                                                            \
        f(__VA_ARGS__, (pm_shape){2, true, true});                                                                     \
        break;                                                                                                         \
    case 4:                                                                                                            \
        f(__VA_ARGS__, (pm_shape){2, false, true});                                                                    \
        break;                                                                                                         \
    case 5:                                                                                                            \
        f(__VA_ARGS__, (pm_shape){3, true, true});                                                                     \
        break;                                                                                                         \
    case 6:                                                                                                            \
        f(__VA_ARGS__, (pm_shape){3, false, true});                                                                    \
        break;                                                                                                         \
    default:                                                                                                           \
        f(__VA_ARGS__, pm_shape_any(m));                                                                               \
        break;                                                                                                         \
    }

/* All but u; returns what currents add to u. The coefficients of a row are `stride` numbers apart. */
PM_INLINE double pm_terms_move(const pm_membrane *m, pm_shape shape, const double *row, size_t stride,
                               const double *from, double *to) {
    double response = 0.0;
    row += 2 * stride;
    from++;
    to++;
    for (size_t p = 0; p < shape.n_ports; p++, row += PM_ROW_PORT * stride, from += 2, to += 2) {
        if (shape.single) {
            response += from[0] * row[PM_ROW_D1 * stride];
            to[0] = from[0] * row[PM_ROW_E1 * stride];
            to[1] = 0.0;
            continue;
        }
        response += from[0] * row[PM_ROW_D1 * stride] + from[1] * row[PM_ROW_D12 * stride];
        to[0] = from[0] * row[PM_ROW_E1 * stride] + from[1] * row[PM_ROW_ALPHA * stride];
        to[1] = from[1] * row[PM_ROW_E2 * stride];
    }
    if (shape.bare)
        return response;
    for (size_t j = 0; j < m->n_thresholds; j++, row += 2 * stride)
        *to++ = *from++ * row[0];
    for (size_t k = 0; k < m->n_after; k++, row += 2 * stride) {
        response += *from * row[stride];
        *to++ = *from++ * row[0];
    }
    for (size_t q = 0; q < m->n_sines; q++, row += PM_ROW_SINE * stride, from += 2, to += 2) {
        const double s = from[0], c = from[1];
        response += s * row[PM_ROW_OF_S * stride] + c * row[PM_ROW_OF_C * stride];
        to[0] = s * row[PM_ROW_COS * stride] + c * row[PM_ROW_SIN * stride];
        to[1] = c * row[PM_ROW_COS * stride] - s * row[PM_ROW_SIN * stride];
    }
    return response;
}

PM_INLINE void pm_shape_move(const pm_membrane *m, const double *row, size_t stride, const double *from, double *to,
                             pm_shape shape) {
    const double u = from[0] * row[0] + m->u_inf * row[stride];
    to[0] = u + pm_terms_move(m, shape, row, stride, from, to);
}

PM_INLINE void pm_shape_hold(const pm_membrane *m, const double *row, size_t stride, const double *from, double *to,
                             pm_shape shape) {
    to[0] = from[0];
    (void)pm_terms_move(m, shape, row, stride, from, to);
}

static const double PM_BOUND_NOISE = 0x1p-44; /* far more than what the sums below lose */

/* The largest value of the sine's current over h ms, pA. */
static inline double pm_sine_bound(const pm_sine *sine, double s, double c, double h) {
    const double turn = pm_smaller(sine->w * h, 2.0);
    const double rise = c > 0.0 || turn > 1.5 ? fabs(c) * turn : 0.0;
    return pm_smaller(sqrt(s * s + c * c), (s > 0.0 ? s : s * (1.0 - 0.5 * turn * turn)) + rise);
}

/* membrane.c: a bound of u - threshold, too, by the largest values of all responses whenever they come. */
double pm_far_bound(const pm_membrane *m, const double *x, double h);

/* The least that the thresholds v come to over h ms, mV; adds their sizes. */
static inline double pm_least_raised(const pm_membrane *m, const double *v, double h, double *size) {
    double sum = 0.0;
    for (size_t j = 0; j < m->n_thresholds; j++) {
        sum += v[j] > 0.0 ? v[j] * pm_larger(0.0, 1.0 - m->thresholds[j].rate * h) : v[j];
        *size += fabs(v[j]);
    }
    return sum;
}

/* Wherever u is above its start, the leak is at most that of the start. The numbers of the state are `stride` apart, 1
 * but for bare shapes. */
PM_INLINE double pm_near_bound(const pm_membrane *m, const double *x, size_t stride, double h, pm_shape shape) {
    double current = 0.0, size = 0.0, low = m->theta, low_size = fabs(m->theta);
    const double *v = x + stride;
    for (size_t p = 0; p < shape.n_ports; p++, v += 2 * stride) {
        const pm_port *port = &m->ports[p];
        const double fast = shape.single ? 0.0 : pm_larger(v[stride], 0.0) * pm_smaller(port->k * h, port->most_i);
        const double left = v[0] * pm_larger(0.0, 1.0 - port->l_1 * h), most = v[0] > 0.0 ? v[0] : left;
        current += most + fast;
        size += fabs(most) + fast;
    }
    if (!shape.bare)
        low += pm_least_raised(m, v, h, &low_size);
    v += shape.bare ? 0 : m->n_thresholds;
    for (size_t k = 0; !shape.bare && k < m->n_after; k++, v++) {
        current += *v > 0.0 ? *v : *v * pm_larger(0.0, 1.0 - m->after[k].rate * h);
        size += fabs(*v);
    }
    for (size_t q = 0; !shape.bare && q < m->n_sines; q++, v += 2) {
        current += pm_sine_bound(&m->sines[q], v[0], v[1], h);
        size += fabs(v[0]) + fabs(v[1]);
    }
    const double pull = (m->u_inf - x[0]) * m->l_m, slope = pull + current * m->inv_C;
    const double rise = x[0] + pm_larger(0.0, slope) * h - low;
    return rise + PM_BOUND_NOISE * (low_size + fabs(x[0]) + h * (fabs(pull) + size * m->inv_C));
}

/* Where that says too little, the far bound. */
PM_INLINE double pm_shape_bound(const pm_membrane *m, const double *x, double h, pm_shape shape) {
    const double bound = pm_near_bound(m, x, 1, h, shape);
    return bound < 0.0 ? bound : pm_smaller(bound, pm_far_bound(m, x, h));
}

/* Between which numbers the slope of a current stays for h ms, pA/ms: adds them. */
PM_INLINE void pm_add_slopes(const pm_port *port, double i, double b, double h, bool single, double *least_slope,
                             double *most_slope) {
    const double left = pm_larger(0.0, 1.0 - port->l_1 * h), left_b = pm_larger(0.0, 1.0 - port->l_2 * h);
    const double fast = single ? 0.0 : pm_smaller(port->k * h, port->most_i);
    const double most_b = single ? 0.0 : b > 0.0 ? b : b * left_b, least_b = single ? 0.0 : b > 0.0 ? b * left_b : b;
    const double most = (i > 0.0 ? i : i * left) + pm_larger(most_b, 0.0) * fast;
    const double least = (i > 0.0 ? i * left : i) + pm_smaller(least_b, 0.0) * fast;
    *least_slope += (single ? 0.0 : port->k * least_b) - port->l_1 * most;
    *most_slope += (single ? 0.0 : port->k * most_b) - port->l_1 * least;
}

/* A bound of u - threshold over the next h ms, at whose end the potential is u_end, mV: u lies above the chord by at
 * most h^2/8 times the largest -u'', and u'' = (sum of currents' slopes)/C_m - l_m u'. None with sines. */
PM_INLINE double pm_chord_bound(const pm_membrane *m, const double *x, double u_end, double h, pm_shape shape) {
    double current = 0.0, current_size = 0.0, least_slope = 0.0, most_slope = 0.0, raised = 0.0;
    double size = fabs(x[0]) + fabs(m->u_inf) + fabs(m->theta);
    const double *v = x + 1;
    if (!shape.bare && m->n_sines > 0)
        return INFINITY;
    for (size_t p = 0; p < shape.n_ports; p++, v += 2) {
        current += v[0];
        current_size += fabs(v[0]) + (shape.single ? 0.0 : fabs(v[1]));
        pm_add_slopes(&m->ports[p], v[0], v[1], h, shape.single, &least_slope, &most_slope);
    }
    if (!shape.bare)
        raised = pm_least_raised(m, v, h, &size);
    v += shape.bare ? 0 : m->n_thresholds;
    for (size_t k = 0; !shape.bare && k < m->n_after; k++, v++) {
        current += *v;
        current_size += fabs(*v);
        pm_add_slopes(&m->after[k].as_port, *v, 0.0, h, true, &least_slope, &most_slope);
    }
    const double slope = (m->u_inf - x[0]) * m->l_m + current * m->inv_C;
    const double steepest = pm_larger(slope, 0.0) + h * pm_larger(most_slope, 0.0) * m->inv_C;
    const double bend = pm_larger(0.0, m->l_m * steepest - least_slope * m->inv_C), bulge = 0.125 * h * h * bend;
    const double noise = 0x1p-40 * (size + bulge + h * current_size * m->inv_C); /* and of u_end */
    return pm_larger(x[0], u_end) - (m->theta + raised) + bulge + noise;
}

/* The bound where the number of the shape is known only when the program runs. */
static inline double pm_bound_by_shape(int number, const pm_membrane *m, const double *x, double h) {
    double bound = 0.0;
    PM_WITH_SHAPE(number, m, bound = pm_shape_bound, m, x, h)
    return bound;
}

#endif
