/* With w = u' e^{t/tau_m} and w' = e^{t/tau_m} i'/C_m (see crossing.c), i' has at most one zero, so w is monotone, has
 * one hill or one valley. The signs of i' and u' at both ends then tell most courses apart:
 *   - no zero of u', or one from - to +: u crosses if and only if it ends at or above theta, and once only;
 *   - one zero of u' from + to -: u has one maximum, and crosses before it or not at all.
 * The rest, a hill between two falling ends and a valley between two rising ones, is left to pm_lif_crossing. */
#include "math/interval.h"

#include <math.h>

/* The state `step` ms away (either way) by `terms` terms of its Taylor series, which the differential equations give:
 * each is a combination of the three before it. Few operations in a row: the factors do not wait for each other. */
static inline __attribute__((always_inline)) pm_lif_state taylor(const pm_lif *lif, const pm_lif_state *s, double step,
                                                                 int terms) {
    const double m = lif->l_m * step, c = lif->inv_C * step;
    const double l_1 = lif->l_1 * step, l_2 = lif->l_2 * step, gap = lif->d12 * step;
    double u = pm_lif_slope_now(lif, s) * step, i = gap * s->b - l_1 * s->i, b = -l_2 * s->b;
    double sum_u = u, sum_i = i, sum_b = b;
#pragma GCC unroll 20
    for (int k = 2; k <= terms; k++) {
        const double part = 1.0 / k;
        u = (c * part) * i - (m * part) * u;
        i = (gap * part) * b - (l_1 * part) * i;
        b *= -(l_2 * part);
        sum_u += u;
        sum_i += i;
        sum_b += b;
    }
    return (pm_lif_state){s->u + sum_u, s->i + sum_i, s->b + sum_b};
}

/* The state at t in [0, h]. The sums stop where x^n/n!, with x the distance times the fastest rate, is below 2^-58.
 * Backwards from the end only a short way: what has decayed on the way there has lost its digits. */
static pm_lif_state state_at(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h,
                             double fastest, double t) {
    bool early = t <= 0.5 * h || (h - t) * fastest > 0.25;
    const pm_lif_state *from = early ? start : end;
    double step = early ? t : t - h, x = fabs(step) * fastest;
    if (x <= 0.0625)
        return taylor(lif, from, step, 10);
    if (x <= 0.25)
        return taylor(lif, from, step, 13);
    return x <= 1.0 ? taylor(lif, from, step, 20) : pm_lif_advance(lif, start, t);
}

static const double NEAR = 0x1p-8; /* step times the fastest rate, for which six terms are exact to the last bits */

/* The zero of u - theta near a point at which it has the value g, from the parabola's `step`: Newton's method on six
 * terms of the series. NAN if it does not settle at once. */
static double refine(const pm_lif *lif, const pm_lif_state *at, double g, double step, double tolerance) {
    enum { DEGREE = 6, ITERATIONS = 3 };
    double c[DEGREE + 1]; /* u^(k)/k! */
    double i = pm_lif_current_slope(lif, at), b = -lif->l_2 * at->b;
    c[0] = g;
    c[1] = pm_lif_slope_now(lif, at);
#pragma GCC unroll 6
    for (int k = 2; k <= DEGREE; k++) {
        const double part = 1.0 / k;
        c[k] = (lif->inv_C * i - lif->l_m * c[k - 1]) * part;
        i = (lif->d12 * b - lif->l_1 * i) * part;
        b *= -lif->l_2 * part;
    }
    for (int k = 0; k < ITERATIONS; k++) {
        double value = c[DEGREE], slope = 0.0;
#pragma GCC unroll 6
        for (int j = DEGREE; j-- > 0;) {
            slope = slope * step + value;
            value = value * step + c[j];
        }
        double change = value / slope;
        step -= change;
        if (fabs(change) <= tolerance)
            return step;
    }
    return NAN;
}

/* The first guess: the inverse cubic through both ends where u rises all the way, the chord otherwise. */
static double guess(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h) {
    double g0 = start->u - lif->theta, g1 = end->u - lif->theta;
    double s0 = pm_lif_slope_now(lif, start), s1 = pm_lif_slope_now(lif, end);
    double x = -g0 / (g1 - g0);
    if (s0 > 0.0 && s1 > 0.0) {
        double rise = g1 - g0, m0 = rise / (s0 * h), m1 = rise / (s1 * h);
        double y = x + x * (1.0 - x) * ((m0 - 1.0) * (1.0 - x) - (m1 - 1.0) * x);
        if (m0 < 3.0 && m1 < 3.0 && y > 0.0 && y < 1.0) /* monotone */
            x = y;
    }
    return x * h;
}

enum { MAX_ITERATIONS = 200 };

/* The one zero of u - theta in (0, h]: a parabola's step within a shrinking bracket, refined as soon as it is short. */
static double solve(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h, pm_lif_state *at) {
    double fastest = lif->x + (lif->single ? lif->dxy : lif->dxz);
    double low = 0.0, high = h, t = guess(lif, start, end, h);
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        *at = state_at(lif, start, end, h, fastest, t);
        double g = at->u - lif->theta;
        if (g < 0.0)
            low = t;
        else
            high = t;
        double slope = pm_lif_slope_now(lif, at);
        double bend = pm_lif_current_slope(lif, at) * lif->inv_C - lif->l_m * slope;
        double disc = slope * slope - 2.0 * g * bend;
        double step = disc >= 0.0 && slope > 0.0 ? -2.0 * g / (slope + sqrt(disc)) : NAN;
        double exact = fabs(step) * fastest <= NEAR ? refine(lif, at, g, step, 0x1p-55 * h) : NAN;
        if (fabs(exact) * fastest <= NEAR && t + exact >= low && t + exact <= high) {
            *at = taylor(lif, at, exact, 6);
            return t + exact;
        }
        t += step;
        if (!(t > low && t < high)) {
            t = low + 0.5 * (high - low);
            if (!(t > low && t < high))
                break;
        }
    }
    *at = state_at(lif, start, end, h, fastest, high);
    return high;
}

/* Whether a maximum less than `way` ms away from a point lies below theta for sure. Where i falls at the point, w falls
 * from the maximum to it, or from it on: |u'| in between is at most |u'| there, times e^{l_m way} if it comes later. */
static bool stays_below(const pm_lif *lif, const pm_lif_state *at, double slope, double way) {
    double growth = slope > 0.0 ? 1.0 : 1.0 + 2.0 * lif->l_m * way; /* e^x <= 1 + 2 x up to 1 */
    double size = fabs(lif->theta) + fabs(at->u) + (fabs(at->i) + fabs(at->b)) * lif->inv_C * way;
    return pm_lif_current_slope(lif, at) < 0.0 && lif->l_m * way <= 1.0 &&
           at->u + fabs(slope) * way * growth < lif->theta - 0x1p-36 * size;
}

/* The maximum in (0, h), or any point at or above theta on the way to it, or one from which is seen that the maximum
 * lies below; Newton steps on u' within a bracket. */
static double climb(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h, pm_lif_state *at) {
    double s0 = pm_lif_slope_now(lif, start), s1 = pm_lif_slope_now(lif, end);
    double fastest = lif->x + (lif->single ? lif->dxy : lif->dxz);
    double low = 0.0, high = h, t = h * (s0 / (s0 - s1));
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        *at = state_at(lif, start, end, h, fastest, t);
        double slope = pm_lif_slope_now(lif, at);
        if (at->u >= lif->theta)
            return t;
        if (stays_below(lif, at, slope, slope > 0.0 ? high - t : t - low))
            return t;
        if (slope > 0.0)
            low = t;
        else
            high = t;
        double bend = pm_lif_current_slope(lif, at) * lif->inv_C - lif->l_m * slope;
        double next = bend < 0.0 ? t - slope / bend : NAN;
        if (!(next > low && next < high))
            next = low + 0.5 * (high - low);
        if (bend < 0.0 && fabs(next - t) <= 1e-10 * h)
            return t;
        if (!(next > low && next < high))
            return t;
        t = next;
    }
    return t;
}

typedef enum course { UNKNOWN, CROSSES_AT_MOST_ONCE, ONE_MAXIMUM, FALLS } course;

static course course_of(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end) {
    double last = pm_lif_slope_now(lif, end);
    if (!(fabs(last) > pm_lif_slope_noise(lif, start)))
        return UNKNOWN; /* after a long silence the sign of u' is one of rounding */
    bool rises = pm_lif_slope_now(lif, start) > 0.0, ends_rising = last > 0.0;
    bool more = pm_lif_current_slope(lif, start) > 0.0, ends_more = pm_lif_current_slope(lif, end) > 0.0;
    bool hill = more && !ends_more, valley = !more && ends_more;
    if (rises && !ends_rising)
        return ONE_MAXIMUM;
    if (!rises && ends_rising)
        return CROSSES_AT_MOST_ONCE;
    if (rises)
        return valley ? UNKNOWN : CROSSES_AT_MOST_ONCE;
    return hill ? UNKNOWN : FALLS;
}

double pm_lif_crossing_between(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h,
                               pm_lif_state *at) {
    course c = start->u < lif->theta ? course_of(lif, start, end) : UNKNOWN;
    if (c == FALLS)
        return INFINITY;
    if (c == CROSSES_AT_MOST_ONCE)
        return end->u < lif->theta ? INFINITY : solve(lif, start, end, h, at);
    if (c == ONE_MAXIMUM) {
        pm_lif_state top;
        double t = climb(lif, start, end, h, &top);
        return top.u < lif->theta ? INFINITY : solve(lif, start, &top, t, at);
    }
    double t = pm_lif_crossing(lif, start, h);
    if (t <= h)
        *at = pm_lif_advance(lif, start, t);
    return t;
}
