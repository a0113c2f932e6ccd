/* The first threshold crossing of the general neuron, which cannot be missed. Proof: docs/model.md, "Any number of
 * terms".
 *
 * g = u - threshold on pieces of [0, horizon], from left to right. Invariant: g < 0 on everything to the left of a
 * piece. A piece is settled by what is known of its derivatives: f_0 = g, f_1 = g', f_2 = g'' + l_m g', where the
 * numbers of their zeros are bounded by the chain of signs (chain.h) and their sizes by Taylor bounds from the start of
 * the piece. Where that says too little the piece is cut, at the one zero of f_2 if it has one, else in half.
 *
 * Pieces, brackets and iterations depend on the state alone: the horizon serves to give up early, so that a crossing
 * has the same bits whatever the horizon. u is taken as its deviation d from u_inf, and everything but g is a sum of
 * decaying terms: relative errors stay small however far out. */
#include "math/chain.h"
#include "math/membrane.h"
#include "math/rotation.h"

/* f_0 to f_2 and g'' at one instant, with the magnitudes of their terms. */
typedef struct point {
    double t;
    double g, slope, bend, f_2;
    double g_size, slope_size, f_2_size;
} point;

/* The same with the state there, its u as deviation from u_inf, and the magnitudes that its numbers were made of. */
typedef struct place {
    point at;
    double x[PM_MEMBRANE_WIDTH], size[PM_MEMBRANE_WIDTH];
} place;

typedef struct search {
    const pm_membrane *m;
    const double *x;
    double start_g, start_g_size, deviation;
    double horizon;
    const place *end; /* at the horizon, or NULL */
} search;

static const double NOISE = PM_CHAIN_NOISE;

static inline double larger(double x, double y) { return x > y ? x : y; }
static inline double smaller(double x, double y) { return x < y ? x : y; }

static inline __attribute__((always_inline)) void view(const search *s, double t, const double *row, point *at,
                                                       double *x, double *size) {
    const pm_membrane *m = s->m;
    const double *v = s->x + 1;
    double response = 0.0, response_size = 0.0, current = 0.0, current_size = 0.0, drift = 0.0, drift_size = 0.0;
    const double decay = row[0], rise = row[1];
    row += 2;
    for (size_t p = 0; p < m->n_ports; p++, row += PM_ROW_PORT, v += 2) {
        const pm_port *port = &m->ports[p];
        const double i_size = fabs(v[0]), b_size = fabs(v[1]);
        const double i = v[0] * row[PM_ROW_E1] + v[1] * row[PM_ROW_ALPHA], b = v[1] * row[PM_ROW_E2];
        const double size_i = i_size * row[PM_ROW_E1] + b_size * row[PM_ROW_ALPHA], size_b = fabs(b);
        response += v[0] * row[PM_ROW_D1] + v[1] * row[PM_ROW_D12];
        response_size += i_size * row[PM_ROW_D1] + b_size * row[PM_ROW_D12];
        current += i;
        current_size += size_i;
        drift += port->k * b - port->l_1 * i;
        drift_size += port->k * size_b + port->l_1 * size_i;
        if (x) {
            x[1 + 2 * p] = i;
            x[2 + 2 * p] = b;
            size[1 + 2 * p] = size_i;
            size[2 + 2 * p] = size_b;
        }
    }
    double raised = 0.0, raised_size = 0.0, fallen = 0.0, fallen_size = 0.0, fall = 0.0, fall_size = 0.0, ease = 0.0,
           tilt = 0.0, tilt_size = 0.0;
    for (size_t j = 0; j < m->n_thresholds; j++, row += 2, v++) {
        const double rate = m->thresholds[j].rate, h = *v * row[0], d = *v * row[1];
        raised += h;
        raised_size += fabs(h);
        fallen += d;
        fallen_size += fabs(d);
        fall += rate * h;
        fall_size += rate * fabs(h);
        ease += rate * (rate * h);
        tilt += (m->l_m - rate) * (rate * h);
        tilt_size += fabs((m->l_m - rate) * (rate * h));
        if (x)
            x[1 + 2 * m->n_ports + j] = h, size[1 + 2 * m->n_ports + j] = fabs(h);
    }
    const size_t at_after = pm_membrane_at_after(m), at_sine = pm_membrane_at_sine(m);
    for (size_t k = 0; k < m->n_after; k++, row += 2, v++) {
        const double rate = m->after[k].rate, A = *v * row[0];
        response += *v * row[1];
        response_size += fabs(*v) * row[1];
        current += A;
        current_size += fabs(A);
        drift -= rate * A;
        drift_size += rate * fabs(A);
        if (x)
            x[at_after + k] = A, size[at_after + k] = fabs(A);
    }
    for (size_t q = 0; q < m->n_sines; q++, row += PM_ROW_SINE, v += 2) {
        const double w = m->sines[q].w, most = fabs(v[0]) + fabs(v[1]);
        const double c = v[1] * row[PM_ROW_COS] - v[0] * row[PM_ROW_SIN];
        const double z = v[0] * row[PM_ROW_COS] + v[1] * row[PM_ROW_SIN];
        response += v[0] * row[PM_ROW_OF_S] + v[1] * row[PM_ROW_OF_C];
        response_size += fabs(v[0] * row[PM_ROW_OF_S]) + fabs(v[1] * row[PM_ROW_OF_C]);
        current += z;
        current_size += most;
        drift += w * c;
        drift_size += w * most;
        if (x) {
            x[at_sine + 2 * q] = z;
            x[at_sine + 2 * q + 1] = c;
            size[at_sine + 2 * q] = size[at_sine + 2 * q + 1] = most;
        }
    }
    const double own = s->deviation * decay, d = own + response, d_size = fabs(own) + response_size;
    if (x)
        x[0] = d, size[0] = d_size;
    /* As increments from the start, so that a crossing soon after it loses no digits; or from the limit u_inf - theta,
     * so that an approach to it keeps its sign: whichever has the smaller terms. */
    const double gone = s->deviation * rise, rest = m->u_inf - m->theta;
    const double near_size = s->start_g_size + fabs(gone) + response_size + fallen_size;
    const double far_size = fabs(rest) + d_size + raised_size;
    const double u_slope = current * m->inv_C - d * m->l_m;
    at->t = t;
    at->g = near_size < far_size ? s->start_g + ((response - gone) + fallen) : rest + (d - raised);
    at->g_size = near_size < far_size ? near_size : far_size;
    at->slope = u_slope + fall;
    at->slope_size = current_size * m->inv_C + d_size * m->l_m + fall_size;
    at->bend = drift * m->inv_C - m->l_m * u_slope - ease;
    at->f_2 = drift * m->inv_C + tilt;
    at->f_2_size = drift_size * m->inv_C + tilt_size;
}

static point point_at(const search *s, double t) {
    double row[PM_MEMBRANE_ROW];
    point at;
    pm_membrane_row_at(s->m, t, row);
    view(s, t, row, &at, NULL, NULL);
    return at;
}

static void place_by(const search *s, double t, const double *row, place *to) {
    view(s, t, row, &to->at, to->x, to->size);
}

static void place_at(const search *s, double t, place *to) {
    double row[PM_MEMBRANE_ROW];
    pm_membrane_row_at(s->m, t, row);
    place_by(s, t, row, to);
}

static void place_start(const search *s, place *to) {
    const pm_membrane *m = s->m;
    double row[PM_MEMBRANE_ROW], *r = row;
    *r++ = 1.0;
    *r++ = 0.0;
    for (size_t p = 0; p < m->n_ports; p++, r += PM_ROW_PORT) {
        r[PM_ROW_E1] = r[PM_ROW_E2] = 1.0;
        r[PM_ROW_ALPHA] = r[PM_ROW_D1] = r[PM_ROW_D12] = 0.0;
    }
    for (size_t k = 0; k < m->n_thresholds + m->n_after; k++) {
        *r++ = 1.0;
        *r++ = 0.0;
    }
    for (size_t q = 0; q < m->n_sines; q++, r += PM_ROW_SINE) {
        r[PM_ROW_COS] = 1.0;
        r[PM_ROW_SIN] = r[PM_ROW_OF_S] = r[PM_ROW_OF_C] = 0.0;
    }
    place_by(s, 0.0, row, to);
}

/* --- what is known of a piece ------------------------------------------------------------------------------------- */

/* Ranges over a piece, by its start and its length. */
typedef struct range {
    double low, high;
} range;

static inline range add(range x, range y) { return (range){x.low + y.low, x.high + y.high}; }

/* x e^{-l t} for t up to h. */
static inline range fading(double x, double l, double h) {
    double end = x * larger(0.0, 1.0 - l * h);
    return x > 0.0 ? (range){end, x} : (range){x, end};
}

typedef struct ranges {
    range bend, f_2;
} ranges;

static ranges ranges_of(const pm_membrane *m, const place *a, double h) {
    range drift = {0.0, 0.0}, tilt = {0.0, 0.0}, ease = {0.0, 0.0};
    const double *x = a->x + 1;
    for (size_t p = 0; p < m->n_ports; p++, x += 2) {
        const pm_port *port = &m->ports[p];
        const double source = port->k * x[1], pull = -source * smaller(1.0, port->l_2 * h);
        range j = fading(source - port->l_1 * x[0], port->l_1, h);
        drift = add(drift, (range){j.low + smaller(0.0, pull), j.high + larger(0.0, pull)});
    }
    for (size_t j = 0; j < m->n_thresholds; j++, x++) {
        const double rate = m->thresholds[j].rate;
        ease = add(ease, fading(-rate * (rate * *x), rate, h));
        tilt = add(tilt, fading((m->l_m - rate) * (rate * *x), rate, h));
    }
    for (size_t k = 0; k < m->n_after; k++, x++)
        drift = add(drift, fading(-m->after[k].rate * *x, m->after[k].rate, h));
    for (size_t q = 0; q < m->n_sines; q++, x += 2) {
        const double w = m->sines[q].w, turn = w * h, most = w * (fabs(x[0]) + fabs(x[1]));
        const double way = turn * w * fabs(x[0]) + 0.5 * turn * turn * w * fabs(x[1]);
        drift = add(drift, (range){larger(-most, w * x[1] - way), smaller(most, w * x[1] + way)});
    }
    drift.low *= m->inv_C;
    drift.high *= m->inv_C;
    double slope = a->at.slope;
    const double *thresholds = a->x + pm_membrane_at_threshold(m);
    for (size_t j = 0; j < m->n_thresholds; j++)
        slope -= m->thresholds[j].rate * thresholds[j];
    range u_slope = fading(slope, m->l_m, h);
    u_slope = add(u_slope, (range){smaller(0.0, drift.low) * h, larger(0.0, drift.high) * h});
    const double noise = NOISE * (a->at.f_2_size + m->l_m * a->at.slope_size);
    range bend = add(drift, (range){-m->l_m * u_slope.high - noise, -m->l_m * u_slope.low + noise});
    range f_2 = add(drift, tilt);
    return (ranges){.bend = add(bend, ease),
                    .f_2 = {f_2.low - NOISE * a->at.f_2_size, f_2.high + NOISE * a->at.f_2_size}};
}

static inline pm_ends ends(const place *a, const place *b, size_t k) {
    return (pm_ends){{a->x[k], b->x[k]}, {a->size[k], b->size[k]}};
}
static inline pm_ends times(pm_ends x, double factor) { return (pm_ends){x.value * factor, x.size * fabs(factor)}; }
static inline pm_ends plus(pm_ends x, pm_ends y) { return (pm_ends){x.value + y.value, x.size + y.size}; }

/* Terms that have decayed to less than 2^-200 of g's at the start of the piece are no part of g to its rounding. */
static inline bool lives(pm_ends x, double least) { return x.size[0] > least; }

static void load_chain(const pm_membrane *m, const place *a, const place *b, pm_chain *chain) {
    const double unit = 1.0 / m->fastest, least = 0x1p-200 * a->at.g_size * m->fastest;
    chain->f_0 = (pm_ends){{a->at.g, b->at.g}, {a->at.g_size, b->at.g_size}};
    chain->f_1 = (pm_ends){{a->at.slope, b->at.slope}, {a->at.slope_size, b->at.slope_size}};
    chain->n_pairs = chain->n_decays = chain->n_sines = 0;
    size_t at = 1;
    for (size_t p = 0; p < m->n_ports; p++, at += 2) {
        const pm_port *port = &m->ports[p];
        const double l_1 = port->l_1 * unit, l_2 = port->l_2 * unit, k = port->k * unit;
        pm_ends i = times(ends(a, b, at), -l_1 * m->inv_C), b_k = times(ends(a, b, at + 1), k * m->inv_C);
        pm_ends f = plus(i, b_k);
        if (lives(b_k, least))
            chain->pairs[chain->n_pairs++] = (pm_chain_pair){f, times(b_k, -l_2), l_1, l_2};
        else if (lives(f, least))
            chain->decays[chain->n_decays++] = (pm_chain_decay){f, l_1};
    }
    for (size_t j = 0; j < m->n_thresholds; j++, at++) {
        const double rate = m->thresholds[j].rate;
        pm_ends f = times(ends(a, b, at), (m->l_m - rate) * unit * rate);
        if (lives(f, least))
            chain->decays[chain->n_decays++] = (pm_chain_decay){f, rate * unit};
    }
    for (size_t k = 0; k < m->n_after; k++, at++) {
        const double rate = m->after[k].rate * unit;
        pm_ends f = times(ends(a, b, at), -rate * m->inv_C);
        if (lives(f, least))
            chain->decays[chain->n_decays++] = (pm_chain_decay){f, rate};
    }
    for (size_t q = 0; q < m->n_sines; q++, at += 2) {
        const double w = m->sines[q].w;
        pm_ends s = times(ends(a, b, at + 1), w * unit * m->inv_C), c = times(ends(a, b, at), -w * unit * m->inv_C);
        pm_rotation turn = pm_rotation_at(w, b->at.t - a->at.t);
        if (lives(s, least))
            chain->sines[chain->n_sines++] = (pm_chain_sine){s, c, w * unit, turn.versine / turn.sin};
    }
}

static inline int sign_of(double value, double size) {
    return value > NOISE * size ? 1 : value < -NOISE * size ? -1 : 0;
}

typedef enum verdict {
    NONE,    /* g < 0 all over the piece */
    ONCE,    /* g has one zero in it and ends at or above 0 */
    MAXIMUM, /* g' falls through its one zero */
    TWO,     /* f_2 has one zero: monotone courses of g' e^{l_m t} on either side */
    OPEN
} verdict;

/* What else is known of a piece. */
typedef struct knowledge {
    int bent;   /* the sign that f_2 has all over it, or 0 */
    range bend; /* of g'' */
} knowledge;

/* With f_2 < 0 all over the piece g' e^{l_m t} falls: what g can gain once g' is no longer positive beyond its noise is
 * `gain`. */
static verdict judge_falling(const point *p, const point *q, double gain, verdict by_end) {
    const int at_p = sign_of(p->slope, p->slope_size), at_q = sign_of(q->slope, q->slope_size);
    if (at_p < 0 || at_q > 0)
        return by_end;
    if (at_p > 0)
        return MAXIMUM;
    return gain <= 4.0 * NOISE * p->g_size ? by_end : OPEN;
}

static verdict judge(const search *s, const place *a, const place *b, knowledge *known) {
    const point *p = &a->at, *q = &b->at;
    const double h = q->t - p->t, noise = NOISE * (p->g_size + q->g_size);
    const verdict by_end = q->g < 0.0 ? NONE : ONCE;
    const ranges over = ranges_of(s->m, a, h);
    known->bend = over.bend;
    const double sag = 0.125 * h * h * larger(0.0, -over.bend.low);
    if (larger(p->g, q->g) + sag + noise < 0.0)
        return NONE;
    /* g' <= g'(a) e^{-l_m t} and what f_2 adds to it: the better bound where l_m h is large. */
    const double reach = smaller(h, 1.0 / s->m->l_m), most_f_2 = known->bent < 0 ? 0.0 : larger(0.0, over.f_2.high);
    const double gain = NOISE * p->slope_size * reach;
    if (p->g + (larger(0.0, p->slope) + most_f_2 * h) * reach + gain + noise < 0.0)
        return NONE;
    const int at_p = sign_of(p->slope, p->slope_size), at_q = sign_of(q->slope, q->slope_size);
    if (at_p * at_q > 0 && smaller(fabs(p->slope), fabs(q->slope)) > 0.5 * h * larger(-over.bend.low, over.bend.high))
        return by_end;
    if (known->bent == 0)
        known->bent = over.f_2.low > 0.0 ? 1 : over.f_2.high < 0.0 ? -1 : 0;
    const int f_2_at_p = sign_of(p->f_2, p->f_2_size), f_2_at_q = sign_of(q->f_2, q->f_2_size);
    pm_chain_zeros zeros = {{2, 2, 2}};
    if (known->bent == 0) {
        pm_chain chain;
        load_chain(s->m, a, b, &chain);
        zeros = pm_chain_count(&chain);
        if (zeros.of[0] == 0 || zeros.of[1] == 0 || (zeros.of[0] == 1 && q->g >= 0.0))
            return by_end;
        if (zeros.of[2] == 0)
            known->bent = f_2_at_p ? f_2_at_p : f_2_at_q;
    }
    if (known->bent > 0)
        return by_end; /* g' e^{l_m t} rises: no maximum but at the ends */
    if (known->bent < 0)
        return judge_falling(p, q, gain, by_end);
    if (zeros.of[1] == 1 && (at_p < 0 || at_p * at_q > 0))
        return by_end;
    if (zeros.of[1] == 1 && at_p > 0 && at_q < 0)
        return MAXIMUM;
    if (sag <= 0x1p-53 * (p->g_size + q->g_size) || h <= 0x1p-48 * q->t)
        return by_end; /* the ends tell all, to the rounding of g */
    return zeros.of[2] == 1 && f_2_at_p * f_2_at_q < 0 ? TWO : OPEN;
}

/* --- searches within a piece -------------------------------------------------------------------------------------- */

enum { MAX_ITERATIONS = 200 };

/* The zero of g in (low, high], where g(low) < 0 <= g(high) and g has one zero. As in crossing.c. */
static double solve(const search *s, point low, point high) {
    const double fastest = s->m->fastest;
    point at = low.slope > 0.0 ? low : high;
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        double disc = at.slope * at.slope - 2.0 * at.g * at.bend;
        double step = disc >= 0.0 && at.slope > 0.0 ? -2.0 * at.g / (at.slope + sqrt(disc)) : NAN;
        double t = at.t + step;
        double turn = step * (fabs(at.bend) / at.slope + fastest);
        bool converged = fabs(step) * turn * turn <= 0x1p-55 * t;
        if (t > low.t && t < high.t) {
            if (converged)
                return t;
        } else {
            if (converged && fabs(step) <= 0x1p-48 * at.t)
                return at.t; /* at one end of the bracket to the last bits */
            t = low.t + 0.5 * (high.t - low.t);
            if (!(t > low.t && t < high.t))
                return high.t;
        }
        at = point_at(s, t);
        if (at.g == 0.0)
            return at.t;
        if (at.g < 0.0)
            low = at;
        else
            high = at;
    }
    return high.t;
}

/* What is known of the one maximum in a piece. */
typedef enum top { BELOW, ABOVE, UNCLEAR } top;

/* Closes in on the maximum between low, where g rises for sure, and high, where it falls (for `bent` < 0: where it does
 * not rise, for then it never will again) until the bracket proves that g stays below 0, or a point *at is above.
 * Newton's steps on g', every other one twice as long so that the bracket closes from both sides. */
static top climb(const search *s, point low, point high, const knowledge *known, point *at) {
    const double most = larger(0.0, -known->bend.low);
    int side = 0;
    *at = low.g > high.g ? low : high;
    if (at->g >= 0.0)
        return ABOVE;
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        const double width = high.t - low.t, sag = 0.125 * width * width * most, rounding = 0x1p-53 * at->g_size;
        if (larger(low.g, high.g) + sag < -NOISE * at->g_size || sag <= rounding)
            return BELOW;
        const double slope = fabs(at->slope) + NOISE * at->slope_size, gain = -0.5 * slope * slope / known->bend.high;
        if (known->bend.high < 0.0 && (at->g + gain < -NOISE * at->g_size || gain <= rounding))
            return BELOW; /* g is concave */
        double t = at->bend < 0.0 ? at->t - (side > 1 || side < -1 ? 2.0 : 1.0) * at->slope / at->bend : NAN;
        if (!(t > low.t && t < high.t))
            t = low.t + 0.5 * width;
        if (!(t > low.t && t < high.t))
            return BELOW; /* neighbours */
        *at = point_at(s, t);
        if (at->g >= 0.0)
            return ABOVE;
        const int sign = sign_of(at->slope, at->slope_size);
        if (sign > 0) {
            low = *at;
            side = side > 0 ? side + 1 : 1;
        } else if (sign < 0 || known->bent < 0) {
            high = *at;
            side = side < 0 ? side - 1 : -1;
        } else {
            /* On the maximum itself, or where g is all but level: ask at both sides of it. */
            const double off = larger(sqrt(rounding / most), 0x1p-50 * t);
            const point before = point_at(s, larger(low.t, t - off)), after = point_at(s, smaller(high.t, t + off));
            if (sign_of(before.slope, before.slope_size) <= 0 || sign_of(after.slope, after.slope_size) >= 0)
                return UNCLEAR;
            low = before;
            high = after;
            if (larger(low.g, high.g) >= 0.0) {
                *at = low.g > high.g ? low : high;
                return ABOVE;
            }
        }
    }
    return UNCLEAR;
}

/* Closes in on the one zero of f_2 between two places at which it has different signs for sure. */
static void enclose_extremum(const search *s, point *low, point *high) {
    const bool rising = low->f_2 < 0.0;
    const double start = high->t - low->t;
    int side = 0;
    for (int k = 0; k < MAX_ITERATIONS && high->t - low->t > 0x1p-24 * start; k++) {
        const double width = high->t - low->t;
        double root = low->t - low->f_2 * (width / (high->f_2 - low->f_2));
        double t = side > 1 ? root + (root - low->t) : side < -1 ? root - (high->t - root) : root;
        if (!(t > low->t && t < high->t) || k % 4 == 3)
            t = low->t + 0.5 * width;
        if (!(t > low->t && t < high->t))
            return;
        const point at = point_at(s, t);
        const int sign = sign_of(at.f_2, at.f_2_size);
        if (sign == 0)
            return;
        if ((sign < 0) == rising) {
            *low = at;
            side = side > 0 ? side + 1 : 1;
        } else {
            *high = at;
            side = side < 0 ? side - 1 : -1;
        }
    }
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

enum { DEEPEST = 64 };

/* Whether g < 0 on [a, b] for sure, by a search if need be. */
static bool dismissed(const search *s, const place *a, const place *b, int bent) {
    knowledge known = {.bent = bent};
    const verdict v = judge(s, a, b, &known);
    point at;
    return v == NONE || (v == MAXIMUM && climb(s, a->at, b->at, &known, &at) == BELOW && at.g < -NOISE * at.g_size);
}

static double first_in(const search *s, const place *a, const place *b, int bent, int depth);

/* The first crossing in the pieces into which [a, b] falls at t. */
static double first_in_halves(const search *s, const place *a, const place *b, double t, const int bent[2], int depth) {
    place cut;
    place_at(s, t, &cut);
    const double first = first_in(s, a, &cut, bent[0], depth);
    if (first < INFINITY || cut.at.g >= 0.0)
        return smaller(first, t);
    return first_in(s, &cut, b, bent[1], depth);
}

/* The same where f_2 has one zero: it is enclosed, and the small piece around it is one like any other. */
static double first_around_extremum(const search *s, const place *a, const place *b, int depth) {
    const int left = a->at.f_2 > 0.0 ? 1 : -1;
    point low = a->at, high = b->at;
    enclose_extremum(s, &low, &high);
    if (low.t == a->at.t && high.t == b->at.t)
        return first_in_halves(s, a, b, low.t + 0.5 * (high.t - low.t), (const int[]){0, 0}, depth);
    if (high.t == b->at.t)
        return first_in_halves(s, a, b, low.t, (const int[]){left, 0}, depth);
    place end;
    place_at(s, high.t, &end);
    const double first = low.t == a->at.t ? first_in(s, a, &end, 0, depth)
                                          : first_in_halves(s, a, &end, low.t, (const int[]){left, 0}, depth);
    if (first < INFINITY || end.at.g >= 0.0)
        return smaller(first, high.t);
    return first_in(s, &end, b, -left, depth);
}

static double first_in(const search *s, const place *a, const place *b, int bent, int depth) {
    if (a->at.t >= s->horizon)
        return INFINITY;
    if (s->end && s->end->at.t < b->at.t && a->at.t > 0.0 && dismissed(s, a, s->end, bent))
        return INFINITY;
    knowledge known = {.bent = bent};
    const verdict v = judge(s, a, b, &known);
    const double middle = a->at.t + 0.5 * (b->at.t - a->at.t);
    if (v == NONE)
        return INFINITY;
    if (v == ONCE || depth == DEEPEST)
        return b->at.g < 0.0 ? INFINITY : solve(s, a->at, b->at);
    if (v == TWO)
        return first_around_extremum(s, a, b, depth + 1);
    if (v == MAXIMUM) {
        point at;
        const top t = climb(s, a->at, b->at, &known, &at);
        if (t != UNCLEAR)
            return t == BELOW ? INFINITY : solve(s, a->at, at);
    }
    return first_in_halves(s, a, b, middle, (const int[]){known.bent, known.bent}, depth + 1);
}

/* Whether the cheap bound excludes all that is left. */
static bool silent(const search *s, place *a) {
    if (a->at.t == 0.0)
        return false; /* asked before */
    const double deviation = a->x[0];
    a->x[0] = deviation + s->m->u_inf;
    const bool below = pm_membrane_bound(s->m, a->x, s->horizon - a->at.t) < 0.0;
    a->x[0] = deviation;
    return below;
}

double pm_membrane_crossing(const pm_membrane *m, const double *x, double horizon, const double *row) {
    const double raised = pm_membrane_raised(m, x);
    search s = {.m = m, .x = x, .deviation = x[0] - m->u_inf, .horizon = horizon};
    s.start_g = (x[0] - m->theta) - raised;
    if (s.start_g >= 0.0)
        return 0.0;
    if (!(horizon > 0.0) || pm_membrane_bound(m, x, horizon) < 0.0)
        return INFINITY;
    s.start_g_size = fabs(s.start_g); /* as given: the rounding of its sums is the caller's */
    place one, two, end;
    place *a = &one, *b = &two;
    place_start(&s, a);
    const double step = fmin(1.0 / m->fastest, m->longest);
    bool near = m->fastest * horizon < 256.0 && horizon <= m->longest;
    if (near) {
        if (row)
            place_by(&s, horizon, row, &end);
        else
            place_at(&s, horizon, &end);
        s.end = &end;
        if (dismissed(&s, a, &end, 0))
            return INFINITY;
    }
    double t = INFINITY;
    for (double to = step; t == INFINITY && a->at.t < horizon && !silent(&s, a); to += smaller(to, m->longest)) {
        place_at(&s, to, b);
        if (to > horizon && !s.end) {
            place_at(&s, horizon, &end);
            s.end = &end;
        }
        t = first_in(&s, a, b, 0, 0);
        place *done = a;
        a = b;
        b = done;
    }
    if (t <= horizon)
        return t;
    return s.end && s.end->at.g >= 0.0 ? horizon : INFINITY;
}
