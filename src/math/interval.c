/* With w = u' e^{t/tau_m} and w' = e^{t/tau_m} i'/C_m (see crossing.c), i' has at most one zero, so w is monotone, has
 * one hill or one valley. The signs of i' and u' at both ends then tell most courses apart:
 *   - no zero of u', or one from - to +: u crosses if and only if it ends at or above theta, and once only;
 *   - one zero of u' from + to -: u has one maximum, and crosses before it or not at all.
 * The rest, a hill between two falling ends and a valley between two rising ones, is left to pm_lif_crossing. */
#include "math/interval.h"

#include <math.h>

static const double TAYLOR_LIMIT =
    0x1p-17; /* step times the fastest rate, below which a series replaces exponentials */

/* The state a tiny step away: the next terms are below TAYLOR_LIMIT^3 / 6 relative. */
static pm_lif_state nudge(const pm_lif *lif, const pm_lif_state *s, double step) {
    double slope = pm_lif_slope_now(lif, s), i1 = pm_lif_current_slope(lif, s), b1 = -lif->l_2 * s->b;
    double half = 0.5 * step * step;
    return (pm_lif_state){
        .u = s->u + step * slope + half * (i1 * lif->inv_C - lif->l_m * slope),
        .i = s->i + step * i1 + half * (lif->d12 * b1 - lif->l_1 * i1),
        .b = s->b + step * b1 - half * lif->l_2 * b1,
    };
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

/* The one zero of u - theta in (0, h]. Third-order steps within a shrinking bracket, as in crossing.c. */
static double solve(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h, pm_lif_state *at) {
    double fastest = lif->x + (lif->single ? lif->dxy : lif->dxz);
    double low = 0.0, high = h, t = guess(lif, start, end, h);
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        *at = pm_lif_advance(lif, start, t);
        double g = at->u - lif->theta;
        if (g < 0.0)
            low = t;
        else
            high = t;
        double slope = pm_lif_slope_now(lif, at);
        double bend = pm_lif_current_slope(lif, at) * lif->inv_C - lif->l_m * slope;
        double disc = slope * slope - 2.0 * g * bend;
        double step = disc >= 0.0 && slope > 0.0 ? -2.0 * g / (slope + sqrt(disc)) : NAN;
        double turn = step * (fabs(bend) / slope + fastest);
        if (fabs(step) * turn * turn <= 0x1p-55 * h && fabs(step) * fastest < TAYLOR_LIMIT) {
            double found = t + step < low ? low : t + step > high ? high : t + step;
            *at = nudge(lif, at, found - t);
            return found;
        }
        t += step;
        if (!(t > low && t < high)) {
            t = low + 0.5 * (high - low);
            if (!(t > low && t < high))
                break;
        }
    }
    *at = pm_lif_advance(lif, start, high);
    return high;
}

/* The maximum in (0, h), or any point at or above theta on the way to it; Newton steps on u' within a bracket. */
static double climb(const pm_lif *lif, const pm_lif_state *start, const pm_lif_state *end, double h, pm_lif_state *at) {
    double s0 = pm_lif_slope_now(lif, start), s1 = pm_lif_slope_now(lif, end);
    double low = 0.0, high = h, t = h * (s0 / (s0 - s1));
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        *at = pm_lif_advance(lif, start, t);
        double slope = pm_lif_slope_now(lif, at);
        if (at->u >= lif->theta)
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
