/* The first threshold crossing of the general neuron, which cannot be missed. Proof: docs/model.md, "Any number of
 * terms".
 *
 * g = u - threshold on pieces of [0, horizon], from left to right. Invariant: g < 0 on everything to the left of a
 * piece. A piece is settled by what is known of its derivatives: f_0 = g, f_1 = g', f_2 = g'' + l_m g', where the
 * numbers of their zeros are bounded by the chain of signs (chain.h) and their sizes by Taylor bounds from the start of
 * the piece. Where that says too little the piece is cut, at the one zero of f_2 if it has one, else in half.
 *
 * Pieces, brackets and iterations depend on the state alone: the horizon serves to give up early, so that a crossing
 * has the same bits whatever the horizon. */
#include "math/piece.h"

typedef struct search {
    pm_outset from;
    double horizon;         /* ms */
    const pm_position *end; /* there, or NULL */
} search;

/* --- searches within a piece -------------------------------------------------------------------------------------- */

enum { MAX_ITERATIONS = 200 };

/* The zero of g in (low, high], where g(low) < 0 <= g(high) and g has one zero. As in crossing.c. */
static double solve(const search *s, pm_instant low, pm_instant high) {
    const double fastest = s->from.m->fastest;
    pm_instant at = low.slope > 0.0 ? low : high;
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
        at = pm_instant_at(&s->from, t);
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
static top climb(const search *s, pm_instant low, pm_instant high, const pm_piece *piece, pm_instant *at) {
    const double most = pm_larger(0.0, -piece->low_bend);
    int side = 0;
    *at = low.g > high.g ? low : high;
    if (at->g >= 0.0)
        return ABOVE;
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        const double width = high.t - low.t, sag = 0.125 * width * width * most, rounding = 0x1p-53 * at->g_size;
        if (pm_larger(low.g, high.g) + sag < -PM_CHAIN_NOISE * at->g_size || sag <= rounding)
            return BELOW;
        const double slope = fabs(at->slope) + PM_CHAIN_NOISE * at->slope_size;
        const double gain = -0.5 * slope * slope / piece->high_bend;
        if (piece->high_bend < 0.0 && (at->g + gain < -PM_CHAIN_NOISE * at->g_size || gain <= rounding))
            return BELOW; /* g is concave */
        double t = at->bend < 0.0 ? at->t - (side > 1 || side < -1 ? 2.0 : 1.0) * at->slope / at->bend : NAN;
        if (!(t > low.t && t < high.t))
            t = low.t + 0.5 * width;
        if (!(t > low.t && t < high.t))
            return BELOW; /* neighbours */
        *at = pm_instant_at(&s->from, t);
        if (at->g >= 0.0)
            return ABOVE;
        const int sign = pm_sign_of(at->slope, at->slope_size);
        if (sign > 0) {
            low = *at;
            side = side > 0 ? side + 1 : 1;
        } else if (sign < 0 || piece->bent < 0) {
            high = *at;
            side = side < 0 ? side - 1 : -1;
        } else {
            /* On the maximum itself, or where g is all but level: ask at both sides of it. */
            const double off = pm_larger(sqrt(rounding / most), 0x1p-50 * t);
            const pm_instant before = pm_instant_at(&s->from, pm_larger(low.t, t - off));
            const pm_instant after = pm_instant_at(&s->from, pm_smaller(high.t, t + off));
            if (pm_sign_of(before.slope, before.slope_size) <= 0 || pm_sign_of(after.slope, after.slope_size) >= 0)
                return UNCLEAR;
            low = before;
            high = after;
            if (pm_larger(low.g, high.g) >= 0.0) {
                *at = low.g > high.g ? low : high;
                return ABOVE;
            }
        }
    }
    return UNCLEAR;
}

/* Closes in on the one zero of f_2 between two places at which it has different signs for sure. */
static void enclose_extremum(const search *s, pm_instant *low, pm_instant *high) {
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
        const pm_instant at = pm_instant_at(&s->from, t);
        const int sign = pm_sign_of(at.f_2, at.f_2_size);
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
static bool dismissed(const search *s, const pm_position *a, const pm_position *b, int bent) {
    pm_piece piece = {.bent = bent};
    const pm_verdict v = pm_piece_judge(s->from.m, a, b, &piece);
    pm_instant at;
    return v == PM_NO_CROSSING ||
           (v == PM_ONE_MAXIMUM && climb(s, a->at, b->at, &piece, &at) == BELOW && at.g < -PM_CHAIN_NOISE * at.g_size);
}

static double first_in(const search *s, const pm_position *a, const pm_position *b, int bent, int depth);

/* The first crossing in the pieces into which [a, b] falls at t. */
static double first_in_halves(const search *s, const pm_position *a, const pm_position *b, double t, const int bent[2],
                              int depth) {
    pm_position cut;
    pm_place_at(&s->from, t, &cut);
    const double first = first_in(s, a, &cut, bent[0], depth);
    if (first < INFINITY || cut.at.g >= 0.0)
        return pm_smaller(first, t);
    return first_in(s, &cut, b, bent[1], depth);
}

/* The same where f_2 has one zero: it is enclosed, and the small piece around it is one like any other. */
static double first_around_extremum(const search *s, const pm_position *a, const pm_position *b, int depth) {
    const int left = a->at.f_2 > 0.0 ? 1 : -1;
    pm_instant low = a->at, high = b->at;
    enclose_extremum(s, &low, &high);
    if (low.t == a->at.t && high.t == b->at.t)
        return first_in_halves(s, a, b, low.t + 0.5 * (high.t - low.t), (const int[]){0, 0}, depth);
    if (high.t == b->at.t)
        return first_in_halves(s, a, b, low.t, (const int[]){left, 0}, depth);
    pm_position end;
    pm_place_at(&s->from, high.t, &end);
    const double first = low.t == a->at.t ? first_in(s, a, &end, 0, depth)
                                          : first_in_halves(s, a, &end, low.t, (const int[]){left, 0}, depth);
    if (first < INFINITY || end.at.g >= 0.0)
        return pm_smaller(first, high.t);
    return first_in(s, &end, b, -left, depth);
}

static double first_in(const search *s, const pm_position *a, const pm_position *b, int bent, int depth) {
    if (a->at.t >= s->horizon)
        return INFINITY;
    if (s->end && s->end->at.t < b->at.t && a->at.t > 0.0 && dismissed(s, a, s->end, bent))
        return INFINITY;
    pm_piece piece = {.bent = bent};
    const pm_verdict v = pm_piece_judge(s->from.m, a, b, &piece);
    const double middle = a->at.t + 0.5 * (b->at.t - a->at.t);
    if (v == PM_NO_CROSSING)
        return INFINITY;
    if (v == PM_ONE_CROSSING || depth == DEEPEST)
        return b->at.g < 0.0 ? INFINITY : solve(s, a->at, b->at);
    if (v == PM_ONE_EXTREMUM)
        return first_around_extremum(s, a, b, depth + 1);
    if (v == PM_ONE_MAXIMUM) {
        pm_instant at;
        const top t = climb(s, a->at, b->at, &piece, &at);
        if (t != UNCLEAR)
            return t == BELOW ? INFINITY : solve(s, a->at, at);
    }
    return first_in_halves(s, a, b, middle, (const int[]){piece.bent, piece.bent}, depth + 1);
}

/* Whether the cheap bound excludes all that is left. */
static bool silent(const search *s, pm_position *a) {
    if (a->at.t == 0.0)
        return false; /* asked before */
    const double deviation = a->x[0];
    a->x[0] = deviation + s->from.m->u_inf;
    const bool below = pm_membrane_bound(s->from.m, a->x, s->horizon - a->at.t) < 0.0;
    a->x[0] = deviation;
    return below;
}

double pm_membrane_crossing(const pm_membrane *m, const double *x, double horizon, const double *row) {
    const double g = (x[0] - m->theta) - pm_membrane_raised(m, x);
    if (g >= 0.0)
        return 0.0;
    if (!(g < 0.0 && horizon > 0.0) || pm_membrane_bound(m, x, horizon) < 0.0)
        return INFINITY;
    search s = {.from = {m, x, g, x[0] - m->u_inf}, .horizon = horizon};
    pm_position one, two, end;
    pm_position *a = &one, *b = &two;
    pm_place_start(&s.from, a);
    if (!(a->at.slope_size + a->at.f_2_size < INFINITY))
        return INFINITY; /* numbers that are none cross nothing */
    const double step = fmin(1.0 / m->fastest, m->longest);
    bool near = m->fastest * horizon < 256.0 && horizon <= m->longest;
    if (near) {
        if (row)
            pm_place_by(&s.from, horizon, row, &end);
        else
            pm_place_at(&s.from, horizon, &end);
        s.end = &end;
        if (dismissed(&s, a, &end, 0))
            return INFINITY;
    }
    double t = INFINITY;
    for (double to = step; t == INFINITY && a->at.t < horizon && !silent(&s, a); to += pm_smaller(to, m->longest)) {
        pm_place_at(&s.from, to, b);
        if (to > horizon && !s.end) {
            pm_place_at(&s.from, horizon, &end);
            s.end = &end;
        }
        t = first_in(&s, a, b, 0, 0);
        pm_position *done = a;
        a = b;
        b = done;
    }
    if (t <= horizon)
        return t;
    return s.end && s.end->at.g >= 0.0 ? horizon : INFINITY;
}
