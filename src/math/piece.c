/* An instant is a row applied to the outset. A piece is judged by its two ends: signs of the chain there, and Taylor
 * bounds from its start; docs/model.md, "Any number of terms", has the rules and their proofs. Invariant: a verdict is
 * a proof that holds whatever signs the noise leaves open. u is taken as its deviation d from u_inf, and all but g is a
 * sum of decaying terms: relative errors stay small however far out. */
#include "math/piece.h"

#include "math/rotation.h"

#include <string.h>

/* What the terms add up to at one instant: u's response, the current, its derivative; the threshold's rise, what it has
 * fallen since the start, how fast it falls, and its parts of g'' and f_2. With magnitudes. */
typedef struct sums {
    double response, response_size, current, current_size, drift, drift_size;
    double raised, raised_size, fallen, fallen_size, fall, fall_size, ease, tilt, tilt_size;
} sums;

#define PART static inline __attribute__((always_inline)) void

PART put(double *x, double *size, size_t k, double value, double magnitude) {
    if (x) {
        x[k] = value;
        size[k] = magnitude;
    }
}

PART add_ports(const pm_membrane *m, const double *v, const double *row, sums *s, double *x, double *size) {
    row += 2;
    for (size_t p = 0; p < m->n_ports; p++, row += PM_ROW_PORT) {
        const pm_port *port = &m->ports[p];
        const double i_0 = v[1 + 2 * p], b_0 = v[2 + 2 * p];
        const double i = i_0 * row[PM_ROW_E1] + b_0 * row[PM_ROW_ALPHA], b = b_0 * row[PM_ROW_E2];
        const double size_i = fabs(i_0) * row[PM_ROW_E1] + fabs(b_0) * row[PM_ROW_ALPHA];
        s->response += i_0 * row[PM_ROW_D1] + b_0 * row[PM_ROW_D12];
        s->response_size += fabs(i_0) * row[PM_ROW_D1] + fabs(b_0) * row[PM_ROW_D12];
        s->current += i;
        s->current_size += size_i;
        s->drift += port->k * b - port->l_1 * i;
        s->drift_size += port->k * fabs(b) + port->l_1 * size_i;
        put(x, size, 1 + 2 * p, i, size_i);
        put(x, size, 2 + 2 * p, b, fabs(b));
    }
}

PART add_thresholds(const pm_membrane *m, const double *v, const double *row, sums *s, double *x, double *size) {
    row += 2 + PM_ROW_PORT * m->n_ports;
    for (size_t j = 0, at = pm_membrane_at_threshold(m); j < m->n_thresholds; j++, at++, row += 2) {
        const double rate = m->thresholds[j].rate, h = v[at] * row[0], fallen = v[at] * row[1];
        const double fall = rate * h, tilt = (m->l_m - rate) * fall;
        s->raised += h;
        s->raised_size += fabs(h);
        s->fallen += fallen;
        s->fallen_size += fabs(fallen);
        s->fall += fall;
        s->fall_size += fabs(fall);
        s->ease += rate * fall;
        s->tilt += tilt;
        s->tilt_size += fabs(tilt);
        put(x, size, at, h, fabs(h));
    }
}

PART add_after(const pm_membrane *m, const double *v, const double *row, sums *s, double *x, double *size) {
    row += 2 + PM_ROW_PORT * m->n_ports + 2 * m->n_thresholds;
    for (size_t k = 0, at = pm_membrane_at_after(m); k < m->n_after; k++, at++, row += 2) {
        const double rate = m->after[k].rate, A = v[at] * row[0];
        s->response += v[at] * row[1];
        s->response_size += fabs(v[at]) * row[1];
        s->current += A;
        s->current_size += fabs(A);
        s->drift -= rate * A;
        s->drift_size += rate * fabs(A);
        put(x, size, at, A, fabs(A));
    }
}

PART add_sines(const pm_membrane *m, const double *v, const double *row, sums *s, double *x, double *size) {
    row += 2 + PM_ROW_PORT * m->n_ports + 2 * (m->n_thresholds + m->n_after);
    for (size_t q = 0, at = pm_membrane_at_sine(m); q < m->n_sines; q++, at += 2, row += PM_ROW_SINE) {
        const double w = m->sines[q].w, s_0 = v[at], c_0 = v[at + 1], most = fabs(s_0) + fabs(c_0);
        const double now = s_0 * row[PM_ROW_COS] + c_0 * row[PM_ROW_SIN];
        const double c = c_0 * row[PM_ROW_COS] - s_0 * row[PM_ROW_SIN];
        s->response += s_0 * row[PM_ROW_OF_S] + c_0 * row[PM_ROW_OF_C];
        s->response_size += fabs(s_0 * row[PM_ROW_OF_S]) + fabs(c_0 * row[PM_ROW_OF_C]);
        s->current += now;
        s->current_size += most;
        s->drift += w * c;
        s->drift_size += w * most;
        put(x, size, at, now, most);
        put(x, size, at + 1, c, most);
    }
}

/* g is taken as increments from the start, so that a crossing soon after it loses no digits; or from the limit u_inf -
 * theta, so that an approach to it keeps its sign: whichever has the smaller terms. */
PART view(const pm_outset *from, double t, const double *row, pm_instant *at, double *x, double *size) {
    const pm_membrane *m = from->m;
    sums s = {0};
    add_ports(m, from->x, row, &s, x, size);
    add_thresholds(m, from->x, row, &s, x, size);
    add_after(m, from->x, row, &s, x, size);
    add_sines(m, from->x, row, &s, x, size);
    const double own = from->deviation * row[0], d = own + s.response, d_size = fabs(own) + s.response_size;
    put(x, size, 0, d, d_size);
    const double gone = from->deviation * row[1], rest = m->u_inf - m->theta;
    const double near_size = fabs(from->g) + fabs(gone) + s.response_size + s.fallen_size;
    const double far_size = fabs(rest) + d_size + s.raised_size;
    const bool near = near_size < far_size;
    const double u_slope = s.current * m->inv_C - d * m->l_m;
    at->t = t;
    at->g = near ? from->g + ((s.response - gone) + s.fallen) : rest + (d - s.raised);
    at->g_size = near ? near_size : far_size;
    at->slope = u_slope + s.fall;
    at->slope_size = s.current_size * m->inv_C + d_size * m->l_m + s.fall_size;
    at->bend = s.drift * m->inv_C - m->l_m * u_slope - s.ease;
    at->f_2 = s.drift * m->inv_C + s.tilt;
    at->f_2_size = s.drift_size * m->inv_C + s.tilt_size;
}

pm_instant pm_instant_at(const pm_outset *from, double t) {
    double row[PM_MEMBRANE_ROW];
    pm_instant at;
    pm_membrane_row_at(from->m, t, row);
    view(from, t, row, &at, NULL, NULL);
    return at;
}

void pm_place_by(const pm_outset *from, double t, const double *row, pm_position *to) {
    view(from, t, row, &to->at, to->x, to->size);
}

void pm_place_at(const pm_outset *from, double t, pm_position *to) {
    double row[PM_MEMBRANE_ROW];
    pm_membrane_row_at(from->m, t, row);
    pm_place_by(from, t, row, to);
}

void pm_place_start(const pm_outset *from, pm_position *to) {
    const pm_membrane *m = from->m;
    double row[PM_MEMBRANE_ROW], *r = row + 2;
    memset(row, 0, pm_membrane_row_length(m) * sizeof *row);
    row[0] = 1.0;
    for (size_t p = 0; p < m->n_ports; p++, r += PM_ROW_PORT)
        r[PM_ROW_E1] = r[PM_ROW_E2] = 1.0;
    for (size_t k = 0; k < m->n_thresholds + m->n_after; k++, r += 2)
        r[0] = 1.0;
    for (size_t q = 0; q < m->n_sines; q++, r += PM_ROW_SINE)
        r[PM_ROW_COS] = 1.0;
    pm_place_by(from, 0.0, row, to);
}

/* --- what is known of a piece ------------------------------------------------------------------------------------- */

/* Ranges over a piece, by its start and its length. */
typedef struct range {
    double low, high;
} range;

static inline range add(range x, range y) { return (range){x.low + y.low, x.high + y.high}; }

/* x e^{-l t} for t up to h. */
static inline range fading(double x, double l, double h) {
    double end = x * pm_larger(0.0, 1.0 - l * h);
    return x > 0.0 ? (range){end, x} : (range){x, end};
}

typedef struct ranges {
    range bend, f_2;
} ranges;

static ranges ranges_of(const pm_membrane *m, const pm_position *a, double h) {
    range drift = {0.0, 0.0}, tilt = {0.0, 0.0}, ease = {0.0, 0.0};
    const double *x = a->x + 1;
    for (size_t p = 0; p < m->n_ports; p++, x += 2) {
        const pm_port *port = &m->ports[p];
        const double source = port->k * x[1], pull = -source * pm_smaller(1.0, port->l_2 * h);
        range j = fading(source - port->l_1 * x[0], port->l_1, h);
        drift = add(drift, (range){j.low + pm_smaller(0.0, pull), j.high + pm_larger(0.0, pull)});
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
        drift = add(drift, (range){pm_larger(-most, w * x[1] - way), pm_smaller(most, w * x[1] + way)});
    }
    drift.low *= m->inv_C;
    drift.high *= m->inv_C;
    double slope = a->at.slope;
    const double *thresholds = a->x + pm_membrane_at_threshold(m);
    for (size_t j = 0; j < m->n_thresholds; j++)
        slope -= m->thresholds[j].rate * thresholds[j];
    range u_slope = fading(slope, m->l_m, h);
    u_slope = add(u_slope, (range){pm_smaller(0.0, drift.low) * h, pm_larger(0.0, drift.high) * h});
    const double noise = PM_CHAIN_NOISE * (a->at.f_2_size + m->l_m * a->at.slope_size);
    range bend = add(drift, (range){-m->l_m * u_slope.high - noise, -m->l_m * u_slope.low + noise});
    range f_2 = add(drift, tilt);
    return (ranges){.bend = add(bend, ease),
                    .f_2 = {f_2.low - PM_CHAIN_NOISE * a->at.f_2_size, f_2.high + PM_CHAIN_NOISE * a->at.f_2_size}};
}

_Static_assert((int)PM_CHAIN_PAIRS == (int)PM_MEMBRANE_TERMS && (int)PM_CHAIN_SINES == (int)PM_MEMBRANE_TERMS &&
                   (int)PM_CHAIN_DECAYS == 3 * PM_MEMBRANE_TERMS,
               "every port, threshold and after-spike current has a place in the chain");

static inline pm_ends ends(const pm_position *a, const pm_position *b, size_t k) {
    return (pm_ends){{a->x[k], b->x[k]}, {a->size[k], b->size[k]}};
}

/* Terms that have decayed to less than 2^-200 of g's at the start of the piece are no part of g to its rounding. */
static inline bool lives(pm_ends x, double least) { return x.size[0] > least; }

static void load_chain(const pm_membrane *m, const pm_position *a, const pm_position *b, pm_chain *chain) {
    const double unit = 1.0 / m->fastest, least = 0x1p-200 * a->at.g_size * m->fastest;
    chain->f_0 = (pm_ends){{a->at.g, b->at.g}, {a->at.g_size, b->at.g_size}};
    chain->f_1 = (pm_ends){{a->at.slope, b->at.slope}, {a->at.slope_size, b->at.slope_size}};
    chain->n_pairs = chain->n_decays = chain->n_sines = 0;
    size_t at = 1;
    for (size_t p = 0; p < m->n_ports; p++, at += 2) {
        const pm_port *port = &m->ports[p];
        const double l_1 = port->l_1 * unit, l_2 = port->l_2 * unit, k = port->k * unit;
        const pm_ends b_k = pm_ends_times(ends(a, b, at + 1), k * m->inv_C);
        const pm_ends f = pm_ends_plus(pm_ends_times(ends(a, b, at), -l_1 * m->inv_C), b_k);
        if (lives(b_k, least))
            chain->pairs[chain->n_pairs++] = (pm_chain_pair){f, pm_ends_times(b_k, -l_2), l_1, l_2};
        else if (lives(f, least))
            chain->decays[chain->n_decays++] = (pm_chain_decay){f, l_1};
    }
    for (size_t j = 0; j < m->n_thresholds; j++, at++) {
        const double rate = m->thresholds[j].rate;
        const pm_ends f = pm_ends_times(ends(a, b, at), (m->l_m - rate) * unit * rate);
        if (lives(f, least))
            chain->decays[chain->n_decays++] = (pm_chain_decay){f, rate * unit};
    }
    for (size_t k = 0; k < m->n_after; k++, at++) {
        const double rate = m->after[k].rate * unit;
        const pm_ends f = pm_ends_times(ends(a, b, at), -rate * m->inv_C);
        if (lives(f, least))
            chain->decays[chain->n_decays++] = (pm_chain_decay){f, rate};
    }
    for (size_t q = 0; q < m->n_sines; q++, at += 2) {
        const double w = m->sines[q].w;
        const pm_ends s = pm_ends_times(ends(a, b, at + 1), w * unit * m->inv_C);
        const pm_ends c = pm_ends_times(ends(a, b, at), -w * unit * m->inv_C);
        const pm_rotation turn = pm_rotation_at(w, b->at.t - a->at.t);
        if (lives(s, least))
            chain->sines[chain->n_sines++] = (pm_chain_sine){s, c, w * unit, turn.versine / turn.sin};
    }
}

/* With f_2 < 0 all over the piece g' e^{l_m t} falls: what g can gain once g' is no longer positive beyond its noise is
 * `gain`. */
static pm_verdict judge_falling(const pm_instant *p, const pm_instant *q, double gain, pm_verdict by_end) {
    const int at_p = pm_sign_of(p->slope, p->slope_size), at_q = pm_sign_of(q->slope, q->slope_size);
    if (at_p < 0 || at_q > 0)
        return by_end;
    if (at_p > 0)
        return PM_ONE_MAXIMUM;
    return gain > 4.0 * PM_CHAIN_NOISE * p->g_size ? PM_OPEN : by_end;
}

pm_verdict pm_piece_judge(const pm_membrane *m, const pm_position *a, const pm_position *b, pm_piece *piece) {
    const pm_instant *p = &a->at, *q = &b->at;
    const double h = q->t - p->t, noise = PM_CHAIN_NOISE * (p->g_size + q->g_size);
    const pm_verdict by_end = q->g < 0.0 ? PM_NO_CROSSING : PM_ONE_CROSSING;
    const ranges over = ranges_of(m, a, h);
    piece->low_bend = over.bend.low;
    piece->high_bend = over.bend.high;
    const double sag = 0.125 * h * h * pm_larger(0.0, -over.bend.low);
    if (pm_larger(p->g, q->g) + sag + noise < 0.0)
        return PM_NO_CROSSING;
    /* g' <= g'(a) e^{-l_m t} and what f_2 adds to it: the better bound where l_m h is large. */
    const double reach = pm_smaller(h, 1.0 / m->l_m), most_f_2 = piece->bent < 0 ? 0.0 : pm_larger(0.0, over.f_2.high);
    const double gain = PM_CHAIN_NOISE * p->slope_size * reach;
    if (p->g + (pm_larger(0.0, p->slope) + most_f_2 * h) * reach + gain + noise < 0.0)
        return PM_NO_CROSSING;
    const int at_p = pm_sign_of(p->slope, p->slope_size), at_q = pm_sign_of(q->slope, q->slope_size);
    if (at_p * at_q > 0 &&
        pm_smaller(fabs(p->slope), fabs(q->slope)) > 0.5 * h * pm_larger(-over.bend.low, over.bend.high))
        return by_end;
    if (piece->bent == 0)
        piece->bent = over.f_2.low > 0.0 ? 1 : over.f_2.high < 0.0 ? -1 : 0;
    const int f_2_at_p = pm_sign_of(p->f_2, p->f_2_size), f_2_at_q = pm_sign_of(q->f_2, q->f_2_size);
    pm_chain_zeros zeros = {{2, 2, 2}};
    if (piece->bent == 0) {
        pm_chain chain;
        load_chain(m, a, b, &chain);
        zeros = pm_chain_count(&chain);
        if (zeros.of[0] == 0 || zeros.of[1] == 0 || (zeros.of[0] == 1 && q->g >= 0.0))
            return by_end;
        if (zeros.of[2] == 0)
            piece->bent = f_2_at_p ? f_2_at_p : f_2_at_q;
    }
    if (piece->bent > 0)
        return by_end; /* g' e^{l_m t} rises: no maximum but at the ends */
    if (piece->bent < 0)
        return judge_falling(p, q, gain, by_end);
    if (zeros.of[1] == 1 && (at_p < 0 || at_p * at_q > 0))
        return by_end;
    if (zeros.of[1] == 1 && at_p > 0 && at_q < 0)
        return PM_ONE_MAXIMUM;
    if (!(sag > 0x1p-53 * (p->g_size + q->g_size) && h > 0x1p-48 * q->t))
        return by_end; /* the ends tell all, to the rounding of g */
    return zeros.of[2] == 1 && f_2_at_p * f_2_at_q < 0 ? PM_ONE_EXTREMUM : PM_OPEN;
}
