/* The general neuron in 113 bits, as the reference of its tests: closed forms from the divided differences of
 * course.inc, and a search for the first crossing that knows nothing of the course but bounds of its second and fourth
 * derivatives. */
#ifndef TEST_SUPPORT_CELL_H
#define TEST_SUPPORT_CELL_H

#include "math/membrane.h"
#include "support/quad.h"

typedef struct cell {
    const pm_membrane *m; /* its numbers are taken as exact */
    quad theta;
} cell;

/* x[0] = u - u_inf; the rest as in membrane.h. */
typedef struct cell_state {
    quad x[PM_MEMBRANE_WIDTH];
} cell_state;
typedef struct cell_row {
    quad c[PM_MEMBRANE_ROW];
} cell_row;

static inline void cell_row_at(const pm_membrane *m, quad t, cell_row *row) {
    const quad tau_m = 1 / (quad)m->l_m, l_m = m->l_m;
    quad *to = row->c;
    *to++ = expq(-l_m * t);
    *to++ = -expm1q(-l_m * t);
    for (size_t p = 0; p < m->n_ports; p++, to += PM_ROW_PORT) {
        const pm_port *port = &m->ports[p];
        to[0] = to[1] = to[2] = to[3] = to[4] = 0;
        if (port->kind == PM_PORT_IMPULSE)
            continue;
        const quad tau_1 = 1 / (quad)port->l_1;
        to[PM_ROW_E1] = expq(-t * port->l_1);
        to[PM_ROW_D1] = quad_first_difference(tau_m, tau_1, t) / (1 / (quad)m->inv_C);
        if (port->kind == PM_PORT_SINGLE)
            continue;
        const quad tau_2 = 1 / (quad)port->l_2;
        to[PM_ROW_E2] = expq(-t * port->l_2);
        to[PM_ROW_ALPHA] = port->k * quad_first_difference(tau_1, tau_2, t);
        to[PM_ROW_D12] = port->k * quad_second_difference(tau_m, tau_1, tau_2, t) * m->inv_C;
    }
    for (size_t j = 0; j < m->n_thresholds; j++) {
        *to++ = expq(-t * m->thresholds[j].rate);
        *to++ = -expm1q(-t * m->thresholds[j].rate);
    }
    for (size_t k = 0; k < m->n_after; k++) {
        *to++ = expq(-t * m->after[k].rate);
        *to++ = quad_first_difference(tau_m, 1 / (quad)m->after[k].rate, t) * m->inv_C;
    }
    for (size_t q = 0; q < m->n_sines; q++, to += PM_ROW_SINE) {
        const quad w = m->sines[q].w, norm = (l_m * l_m + w * w) / m->inv_C;
        to[PM_ROW_COS] = cosq(w * t);
        to[PM_ROW_SIN] = sinq(w * t);
        quad versine = 2 * sinq(w * t / 2) * sinq(w * t / 2);
        to[PM_ROW_OF_S] = (l_m * (row->c[1] - versine) + w * to[PM_ROW_SIN]) / norm;
        to[PM_ROW_OF_C] = (l_m * to[PM_ROW_SIN] + w * versine - w * row->c[1]) / norm;
    }
}

static inline cell_state cell_start(const pm_membrane *m, const double *x) {
    cell_state s;
    for (size_t k = 0; k < pm_membrane_width(m); k++)
        s.x[k] = x[k];
    s.x[0] -= m->u_inf;
    return s;
}

static inline void cell_move(const pm_membrane *m, const cell_row *row, const cell_state *from, cell_state *to) {
    const quad *c = row->c + 2, *x = from->x + 1;
    quad d = from->x[0] * row->c[0], *y = to->x + 1;
    for (size_t p = 0; p < m->n_ports; p++, c += PM_ROW_PORT, x += 2, y += 2) {
        d += x[0] * c[PM_ROW_D1] + x[1] * c[PM_ROW_D12];
        quad i = x[0] * c[PM_ROW_E1] + x[1] * c[PM_ROW_ALPHA];
        y[1] = x[1] * c[PM_ROW_E2];
        y[0] = i;
    }
    for (size_t j = 0; j < m->n_thresholds; j++, c += 2)
        *y++ = *x++ * c[0];
    for (size_t k = 0; k < m->n_after; k++, c += 2) {
        d += *x * c[1];
        *y++ = *x++ * c[0];
    }
    for (size_t q = 0; q < m->n_sines; q++, c += PM_ROW_SINE, x += 2, y += 2) {
        quad s = x[0], z = x[1];
        d += s * c[PM_ROW_OF_S] + z * c[PM_ROW_OF_C];
        y[0] = s * c[PM_ROW_COS] + z * c[PM_ROW_SIN];
        y[1] = z * c[PM_ROW_COS] - s * c[PM_ROW_SIN];
    }
    to->x[0] = d;
}

static inline cell_state cell_after(const cell *v, const cell_state *from, quad t) {
    cell_row row;
    cell_state to;
    cell_row_at(v->m, t, &row);
    cell_move(v->m, &row, from, &to);
    return to;
}

/* g, g' and g'' = bend, and bounds of the second and fourth derivatives over the next h ms. */
typedef struct cell_course {
    quad g, slope, bend, most_bend, most_fourth;
} cell_course;

static inline cell_course cell_course_of(const cell *v, const cell_state *s, quad h) {
    const pm_membrane *m = v->m;
    const quad *x = s->x + 1;
    quad current = 0, drift = 0, raised = 0, fall = 0, ease = 0, most_ease = 0, most_ease_4 = 0;
    quad most[3] = {0, 0, 0}; /* of the current's first to third derivative */
    for (size_t p = 0; p < m->n_ports; p++, x += 2) {
        const pm_port *port = &m->ports[p];
        current += x[0];
        drift += port->k * x[1] - port->l_1 * x[0];
        quad i = quad_abs(x[0]) + quad_abs(x[1]) * quad_smaller(1, port->k * h);
        quad source = port->k * quad_abs(x[1]), d = source + port->l_1 * i;
        for (int k = 0; k < 3; k++) {
            most[k] += d;
            source *= port->l_2;
            d = port->l_1 * d + source;
        }
    }
    for (size_t j = 0; j < m->n_thresholds; j++, x++) {
        const quad rate = m->thresholds[j].rate;
        raised += *x;
        fall += rate * *x;
        ease += rate * rate * *x;
        most_ease += rate * rate * quad_abs(*x);
        most_ease_4 += rate * rate * rate * rate * quad_abs(*x);
    }
    for (size_t k = 0; k < m->n_after; k++, x++) {
        current += *x;
        const quad rate = m->after[k].rate;
        drift -= rate * *x;
        most[0] += rate * quad_abs(*x);
        most[1] += rate * rate * quad_abs(*x);
        most[2] += rate * rate * rate * quad_abs(*x);
    }
    for (size_t q = 0; q < m->n_sines; q++, x += 2) {
        current += x[0];
        const quad w = m->sines[q].w, size = quad_abs(x[0]) + quad_abs(x[1]);
        drift += w * x[1];
        most[0] += w * quad_smaller(size, quad_abs(x[1]) + w * h * quad_abs(x[0]));
        most[1] += w * w * size;
        most[2] += w * w * w * size;
    }
    quad u_slope = current * m->inv_C - s->x[0] * m->l_m;
    quad second = (quad_abs(u_slope) + h * most[0] * m->inv_C) * m->l_m + most[0] * m->inv_C;
    quad third = second * m->l_m + most[1] * m->inv_C;
    return (cell_course){
        .g = (s->x[0] + ((quad)m->u_inf - v->theta)) - raised,
        .slope = u_slope + fall,
        .bend = drift * m->inv_C - m->l_m * u_slope - ease,
        .most_bend = second + most_ease,
        .most_fourth = third * m->l_m + most[2] * m->inv_C + most_ease_4,
    };
}

typedef struct cell_search {
    enum { CELL_NONE, CELL_CROSSES, CELL_UNCERTAIN } verdict;
    quad low, high;
    cell_state start;
} cell_search;

/* An upper bound of g over h ms between two courses: chord and curvature; or the cubic of the values and slopes at the
 * ends, which lies below its control points, and its error. */
static inline quad cell_top(const cell_course *at, const cell_course *then, quad h) {
    quad ends = quad_larger(at->g, then->g), chord = ends + at->most_bend * h * h / 8;
    quad control = quad_larger(at->g + h * at->slope / 3, then->g - h * then->slope / 3);
    return quad_smaller(chord, quad_larger(ends, control) + at->most_fourth * h * h * h * h / 384);
}

/* What is certain about [0, horizon]: no crossing, or a first one inside [low, high], g rising all over that bracket,
 * from `start` at `low`; or nothing, as g comes within the margin (mV) of zero. `flat`: where g rises too little to say
 * so, a bracket of 2^-30 of the horizon will do. The walk of course.inc. */
static inline void cell_first_crossing(const cell *v, const cell_state *state, quad horizon, quad margin, bool flat,
                                       cell_search *found) {
    enum { FINEST = 60, MOST_STEPS = 20000, KEPT = 40, NARROW = 30 };
    static cell_row rows[KEPT];
    bool known[KEPT] = {false};
    cell_state s = *state;
    uint64_t place = 0, end = UINT64_C(1) << FINEST;
    int level = 4;
    for (int k = 0; place < end; k++) {
        uint64_t width = end >> level;
        quad h = horizon / (quad)(UINT64_C(1) << level);
        if (!known[level])
            cell_row_at(v->m, h, &rows[level]);
        known[level] = true;
        cell_state next;
        cell_move(v->m, &rows[level], &s, &next);
        cell_course at = cell_course_of(v, &s, h), then = cell_course_of(v, &next, 0);
        if (cell_top(&at, &then, h) < -margin) {
            s = next;
            place += width;
            if (level > 0 && place % (2 * width) == 0)
                level--;
        } else if (then.g > margin && at.g < 0 && (at.slope > at.most_bend * h || (flat && level >= NARROW))) {
            *found = (cell_search){.verdict = CELL_CROSSES, .low = horizon * ((quad)place / (quad)end)};
            found->high = found->low + h;
            found->start = s;
            return;
        } else if (++level == KEPT || k > MOST_STEPS) {
            found->verdict = CELL_UNCERTAIN;
            return;
        }
    }
    found->verdict = CELL_NONE;
}

/* The zero of g, or of g' (of_slope), within h ms from s, where the function changes its sign once. */
static inline quad cell_zero(const cell *v, const cell_state *s, quad h, bool of_slope) {
    cell_course first = cell_course_of(v, s, 0);
    quad low = 0, high = h, at_low = of_slope ? first.slope : first.g, t = h / 2;
    for (int k = 0; k < 300; k++) {
        cell_state now = cell_after(v, s, t);
        cell_course at = cell_course_of(v, &now, 0);
        quad f = of_slope ? at.slope : at.g, df = of_slope ? at.bend : at.slope;
        if ((f < 0) == (at_low < 0))
            low = t;
        else
            high = t;
        quad next = df == 0 ? low : t - f / df;
        if (!(next > low && next < high))
            next = low + (high - low) / 2;
        quad step = quad_abs(next - t);
        t = next;
        if (step <= (quad)1e-30 * t)
            break;
    }
    return t;
}

#endif
