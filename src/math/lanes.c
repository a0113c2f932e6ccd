/* The steps of interval.c in all lanes at once: which course u takes, a first guess by the inverse cubic, the state
 * there by a Taylor series from the start or the end, Halley's step, and Newton's method on six terms of the
 * series around that point. Lanes for which that is not enough go through the whole search of interval.c in
 * pm_lanes_solve. Invariant: a lane says FOUND only if the result lies within the interval and the last
 * change is below its rounding; what any lane does depends on nothing in the others. */
#include "math/lanes.h"

#include "math/exponential.h"
#include "base/simd.h"

#include <math.h>

enum { DEGREE = 6, REFINEMENTS = 3 };
static const double NEAR = 0x1p-8;       /* as in interval.c */
static const double TOLERANCE = 0x1p-55; /* of an interval */

static inline __attribute__((always_inline)) double larger(double a, double b) { return a > b ? a : b; }

/* Signs at both ends tell the course, as in interval.c. */
static inline __attribute__((always_inline)) void tell_course(const pm_lif *lif, pm_lanes *v, double *guess) {
    const double l_m = lif->l_m, l_1 = lif->l_1, gap = lif->d12, inv_C = lif->inv_C, u_inf = lif->u_inf;
    const double theta = lif->theta, constant = fabs(u_inf) + fabs(theta);
    for (int k = 0; k < PM_LANES; k++) {
        double s0 = (u_inf - v->u0[k]) * l_m + v->i0[k] * inv_C, s1 = (u_inf - v->u1[k]) * l_m + v->i1[k] * inv_C;
        double c0 = gap * v->b0[k] - l_1 * v->i0[k], c1 = gap * v->b1[k] - l_1 * v->i1[k];
        double noise = 0x1p-46 * ((fabs(v->u0[k]) + constant) * l_m + (fabs(v->i0[k]) + fabs(v->b0[k])) * inv_C);
        double rises = s0 > 0.0 ? 1.0 : 0.0, ends_rising = s1 > 0.0 ? 1.0 : 0.0;
        double more = c0 > 0.0 ? 1.0 : 0.0, ends_more = c1 > 0.0 ? 1.0 : 0.0;
        double hill = more * (1.0 - ends_more), valley = (1.0 - more) * ends_more;
        double clear = (fabs(s1) > noise ? 1.0 : 0.0) * (v->u0[k] < theta ? 1.0 : 0.0);
        double once = ends_rising * (1.0 - rises * valley) * clear;
        double falls = (1.0 - rises) * (1.0 - ends_rising) * (1.0 - hill) * clear;
        double above = v->u1[k] >= theta ? 1.0 : 0.0;
        v->course[k] = once * above * PM_LANE_FOUND + (falls + once * (1.0 - above)) * PM_LANE_SILENT;
        double g0 = v->u0[k] - theta, rise = v->u1[k] - v->u0[k], x = -g0 / rise;
        double m0 = rise / (s0 * v->h[k]), m1 = rise / (s1 * v->h[k]);
        double y = x + x * (1.0 - x) * ((m0 - 1.0) * (1.0 - x) - (m1 - 1.0) * x);
        double monotone = (m0 > 0.0 ? 1.0 : 0.0) * (m0 < 3.0 ? 1.0 : 0.0) * (m1 > 0.0 ? 1.0 : 0.0) *
                          (m1 < 3.0 ? 1.0 : 0.0) * (y > 0.0 ? 1.0 : 0.0) * (y < 1.0 ? 1.0 : 0.0);
        guess[k] = (monotone > 0.0 ? y : x) * v->h[k];
    }
}

/* Up to this half of the interval times the fastest rate, FEW or SOME terms of the series do, and MOST up to 1: x^(n+1)
 * / (n+1)! is below 2^-58. */
enum { FEW = 10, SOME = 15, MOST = 20 };
static const double FEW_UP_TO = 0.125, SOME_UP_TO = 0.5, MOST_UP_TO = 1.0;

static inline __attribute__((always_inline)) double fastest_rate(const pm_lif *lif) {
    return lif->x + (lif->single ? lif->dxy : lif->dxz);
}

/* The states at `guess` into u, i, b: `terms` terms, but no more in any lane than its own interval asks for. */
static inline __attribute__((always_inline)) void approach(const pm_lif *lif, pm_lanes *v, const double *guess,
                                                           int terms) {
    const double fastest = fastest_rate(lif);
    for (int k = 0; k < PM_LANES; k++) {
        const double h = v->h[k], x = 0.5 * h * fastest;
        const double more = x <= FEW_UP_TO ? 0.0 : 1.0, most = x <= SOME_UP_TO ? 0.0 : 1.0;
        double late = guess[k] - h, step = guess[k] <= 0.5 * h ? guess[k] : late;
        double u0 = guess[k] <= 0.5 * h ? v->u0[k] : v->u1[k];
        double i0 = guess[k] <= 0.5 * h ? v->i0[k] : v->i1[k];
        double b0 = guess[k] <= 0.5 * h ? v->b0[k] : v->b1[k];
        double m = lif->l_m * step, c = lif->inv_C * step, l_1 = lif->l_1 * step, l_2 = lif->l_2 * step;
        double gap = lif->d12 * step, u = (lif->u_inf - u0) * m + i0 * c, i = gap * b0 - l_1 * i0, b = -l_2 * b0;
        double sum_u = u, sum_i = i, sum_b = b;
#pragma GCC unroll 20
        for (int n = 2; n <= terms; n++) {
            const double part = 1.0 / n;
            if (n == FEW + 1 || n == SOME + 1) { /* terms from here on are 0 in lanes that are done */
                const double go_on = n == FEW + 1 ? more : most;
                u *= go_on;
                i *= go_on;
                b *= go_on;
            }
            u = (c * part) * i - (m * part) * u;
            i = (gap * part) * b - (l_1 * part) * i;
            b *= -(l_2 * part);
            sum_u += u;
            sum_i += i;
            sum_b += b;
        }
        v->u[k] = u0 + sum_u;
        v->i[k] = i0 + sum_i;
        v->b[k] = b0 + sum_b;
    }
}

/* From the states near the crossing to those at the crossing. */
static inline __attribute__((always_inline)) void settle(const pm_lif *lif, pm_lanes *v, const double *guess) {
    const double fastest = fastest_rate(lif);
    for (int k = 0; k < PM_LANES; k++) {
        const double h = v->h[k], tolerance = TOLERANCE * h;
        double c[DEGREE + 1], ci[DEGREE + 1], cb[DEGREE + 1]; /* derivatives over k! */
        c[0] = v->u[k] - lif->theta;
        ci[0] = v->i[k];
        cb[0] = v->b[k];
        c[1] = (lif->u_inf - v->u[k]) * lif->l_m + ci[0] * lif->inv_C;
        ci[1] = lif->d12 * cb[0] - lif->l_1 * ci[0];
        cb[1] = -lif->l_2 * cb[0];
#pragma GCC unroll 6
        for (int n = 2; n <= DEGREE; n++) {
            const double part = 1.0 / n;
            c[n] = (lif->inv_C * ci[n - 1] - lif->l_m * c[n - 1]) * part;
            ci[n] = (lif->d12 * cb[n - 1] - lif->l_1 * ci[n - 1]) * part;
            cb[n] = -lif->l_2 * part * cb[n - 1];
        }
        double step = -c[0] * c[1] / (c[1] * c[1] - c[0] * c[2]), change = 0.0; /* Halley's */
#pragma GCC unroll 3
        for (int round = 0; round < REFINEMENTS; round++) {
            double value = c[DEGREE], slope = 0.0;
#pragma GCC unroll 6
            for (int n = DEGREE; n-- > 0;) {
                slope = slope * step + value;
                value = value * step + c[n];
            }
            change = value / slope;
            step -= change;
        }
        double time = guess[k] + step, i = ci[DEGREE], b = cb[DEGREE], u = c[DEGREE];
#pragma GCC unroll 6
        for (int n = DEGREE; n-- > 0;) {
            i = i * step + ci[n];
            b = b * step + cb[n];
        }
#pragma GCC unroll 6
        for (int n = DEGREE; n-- > 1;)
            u = u * step + c[n];
        double good = (fabs(step) * fastest <= NEAR ? 1.0 : 0.0) * (fabs(change) <= tolerance ? 1.0 : 0.0) *
                      (time > 0.0 ? 1.0 : 0.0) * (time <= h ? 1.0 : 0.0) * (c[1] > 0.0 ? 1.0 : 0.0);
        v->course[k] = v->course[k] == PM_LANE_FOUND && !(good > 0.0) ? PM_LANE_HARD : v->course[k];
        v->time[k] = time;
        v->u[k] += u * step;
        v->i[k] = i;
        v->b[k] = b;
    }
}

/* What follows a spike and the reset after it. */
static inline __attribute__((always_inline)) void look_on(const pm_lif *lif, pm_lanes *v) {
    for (int k = 0; k < PM_LANES; k++) {
        double left = v->h[k] - v->time[k], decay = 1.0 - lif->l_1 * left, rise = lif->d12 * left;
        left = left > 0.0 ? left : 0.0;
        decay = decay > 0.0 ? decay : 0.0;
        rise = rise < 1.0 ? rise : 1.0;
        double low = v->i[k] * decay, fast = v->b[k] * rise;
        double current = larger(v->i[k], low) + larger(fast, 0.0);
        double climb = ((lif->u_inf - lif->u_reset) * lif->l_m + current * lif->inv_C) * left;
        v->bound[k] = lif->u_reset + larger(climb, 0.0);
        v->after[k] = v->u1[k] - (v->u[k] - lif->u_reset) * pm_exponential_at(-lif->l_m * left).e;
    }
}

static inline __attribute__((always_inline)) void cross(const pm_lif *lif, pm_lanes *lanes, int terms) {
    const double fastest = fastest_rate(lif);
    double guess[PM_LANES], found = 0.0;
    tell_course(lif, lanes, guess);
    for (int k = 0; k < PM_LANES; k++) {
        if (lanes->course[k] == PM_LANE_FOUND && !(0.5 * lanes->h[k] * fastest <= MOST_UP_TO))
            lanes->course[k] = PM_LANE_HARD;
        found += lanes->course[k] == PM_LANE_FOUND ? 1.0 : 0.0;
    }
    if (!(found > 0.0))
        return;
    approach(lif, lanes, guess, terms);
    settle(lif, lanes, guess);
    look_on(lif, lanes);
}

PM_SIMD static void cross_few(const pm_lif *lif, pm_lanes *lanes) { cross(lif, lanes, FEW); }
PM_SIMD static void cross_some(const pm_lif *lif, pm_lanes *lanes) { cross(lif, lanes, SOME); }
PM_SIMD static void cross_most(const pm_lif *lif, pm_lanes *lanes) { cross(lif, lanes, MOST); }

void pm_lanes_cross(const pm_lif *lif, pm_lanes *lanes) {
    double longest = 0.0;
    for (int k = 0; k < PM_LANES; k++)
        longest = larger(lanes->h[k], longest);
    const double x = 0.5 * longest * fastest_rate(lif);
    (x <= FEW_UP_TO ? cross_few : x <= SOME_UP_TO ? cross_some : cross_most)(lif, lanes);
}

/* What follows are the functions of interval.c of the same names, lane by lane. */
typedef struct points {
    double t[PM_LANES], u[PM_LANES], i[PM_LANES], b[PM_LANES];
} points;

static inline __attribute__((always_inline)) void guess_all(const pm_lif *lif, const pm_lanes *v, double *t) {
    for (int k = 0; k < PM_LANES; k++) {
        const double h = v->h[k], g0 = v->u0[k] - lif->theta, g1 = v->u1[k] - lif->theta;
        const double s0 = (lif->u_inf - v->u0[k]) * lif->l_m + v->i0[k] * lif->inv_C;
        const double s1 = (lif->u_inf - v->u1[k]) * lif->l_m + v->i1[k] * lif->inv_C;
        const double x = -g0 / (g1 - g0), rise = g1 - g0, m0 = rise / (s0 * h), m1 = rise / (s1 * h);
        const double y = x + x * (1.0 - x) * ((m0 - 1.0) * (1.0 - x) - (m1 - 1.0) * x);
        const double monotone = (s0 > 0.0 ? 1.0 : 0.0) * (s1 > 0.0 ? 1.0 : 0.0) * (m0 < 3.0 ? 1.0 : 0.0) *
                                (m1 < 3.0 ? 1.0 : 0.0) * (y > 0.0 ? 1.0 : 0.0) * (y < 1.0 ? 1.0 : 0.0);
        t[k] = (monotone > 0.0 ? y : x) * h;
    }
}

/* The states at p->t; `far` where that takes exponentials. */
static inline __attribute__((always_inline)) void states_at(const pm_lif *lif, const pm_lanes *v, points *p,
                                                            double *far) {
    enum { FIRST = 10, SECOND = 13, THIRD = 20 };
    const double fastest = fastest_rate(lif);
    for (int k = 0; k < PM_LANES; k++) {
        const double h = v->h[k], t = p->t[k];
        const double late = t <= 0.5 * h ? 0.0 : 1.0, close = (h - t) * fastest > 0.25 ? 0.0 : 1.0;
        const double end = late * close, step = end > 0.0 ? t - h : t, x = fabs(step) * fastest;
        const double u0 = end > 0.0 ? v->u1[k] : v->u0[k], i0 = end > 0.0 ? v->i1[k] : v->i0[k];
        const double b0 = end > 0.0 ? v->b1[k] : v->b0[k];
        const double more = x <= 0.0625 ? 0.0 : 1.0, most = x <= 0.25 ? 0.0 : 1.0;
        const double m = lif->l_m * step, c = lif->inv_C * step;
        const double l_1 = lif->l_1 * step, l_2 = lif->l_2 * step, gap = lif->d12 * step;
        double u = ((lif->u_inf - u0) * lif->l_m + i0 * lif->inv_C) * step, i = gap * b0 - l_1 * i0, b = -l_2 * b0;
        double sum_u = u, sum_i = i, sum_b = b;
#pragma GCC unroll 20
        for (int n = 2; n <= THIRD; n++) {
            const double part = 1.0 / n;
            if (n == FIRST + 1 || n == SECOND + 1) {
                const double go_on = n == FIRST + 1 ? more : most;
                u *= go_on;
                i *= go_on;
                b *= go_on;
            }
            u = (c * part) * i - (m * part) * u;
            i = (gap * part) * b - (l_1 * part) * i;
            b *= -(l_2 * part);
            sum_u += u;
            sum_i += i;
            sum_b += b;
        }
        p->u[k] = u0 + sum_u;
        p->i[k] = i0 + sum_i;
        p->b[k] = b0 + sum_b;
        far[k] = x <= 1.0 ? 0.0 : 1.0;
    }
}

/* The states `exact` ms away from p, by six terms. */
static inline __attribute__((always_inline)) void step_all(const pm_lif *lif, points *p, const double *exact) {
    for (int k = 0; k < PM_LANES; k++) {
        const double step = exact[k], m = lif->l_m * step, c = lif->inv_C * step;
        const double l_1 = lif->l_1 * step, l_2 = lif->l_2 * step, gap = lif->d12 * step;
        double u = ((lif->u_inf - p->u[k]) * lif->l_m + p->i[k] * lif->inv_C) * step;
        double i = gap * p->b[k] - l_1 * p->i[k], b = -l_2 * p->b[k], sum_u = u, sum_i = i, sum_b = b;
#pragma GCC unroll 6
        for (int n = 2; n <= DEGREE; n++) {
            const double part = 1.0 / n;
            u = (c * part) * i - (m * part) * u;
            i = (gap * part) * b - (l_1 * part) * i;
            b *= -(l_2 * part);
            sum_u += u;
            sum_i += i;
            sum_b += b;
        }
        p->u[k] += sum_u;
        p->i[k] += sum_i;
        p->b[k] += sum_b;
    }
}

/* Newton's method from p + step on; 0 in `settled` where it does not settle at once. */
static inline __attribute__((always_inline)) void refine_all(const pm_lif *lif, const pm_lanes *v, const points *p,
                                                             const double *steps, double *exact, double *settled) {
    for (int k = 0; k < PM_LANES; k++) {
        const double tolerance = TOLERANCE * v->h[k];
        double c[DEGREE + 1], i = lif->d12 * p->b[k] - lif->l_1 * p->i[k], b = -lif->l_2 * p->b[k];
        double step = steps[k], done = 0.0;
        c[0] = p->u[k] - lif->theta;
        c[1] = (lif->u_inf - p->u[k]) * lif->l_m + p->i[k] * lif->inv_C;
#pragma GCC unroll 6
        for (int n = 2; n <= DEGREE; n++) {
            const double part = 1.0 / n;
            c[n] = (lif->inv_C * i - lif->l_m * c[n - 1]) * part;
            i = (lif->d12 * b - lif->l_1 * i) * part;
            b *= -lif->l_2 * part;
        }
#pragma GCC unroll 3
        for (int round = 0; round < REFINEMENTS; round++) {
            double value = c[DEGREE], slope = 0.0;
#pragma GCC unroll 6
            for (int n = DEGREE; n-- > 0;) {
                slope = slope * step + value;
                value = value * step + c[n];
            }
            const double change = value / slope;
            step = done > 0.0 ? step : step - change;
            done = done > 0.0 ? 1.0 : fabs(change) <= tolerance ? 1.0 : 0.0;
        }
        exact[k] = step;
        settled[k] = done;
    }
}

/* A round of `solve`: one step within the bracket, and the crossing itself where it is close. */
typedef struct bracket {
    double low[PM_LANES], high[PM_LANES];
} bracket;

static inline __attribute__((always_inline)) double solve_round(const pm_lif *lif, pm_lanes *v, points *p, bracket *w) {
    const double fastest = fastest_rate(lif);
    double far[PM_LANES], steps[PM_LANES], exact[PM_LANES], settled[PM_LANES], open = 0.0;
    states_at(lif, v, p, far);
    for (int k = 0; k < PM_LANES; k++) {
        const double g = p->u[k] - lif->theta;
        const double slope = (lif->u_inf - p->u[k]) * lif->l_m + p->i[k] * lif->inv_C;
        const double bend = (lif->d12 * p->b[k] - lif->l_1 * p->i[k]) * lif->inv_C - lif->l_m * slope;
        const double disc = slope * slope - 2.0 * g * bend, root = sqrt(disc > 0.0 ? disc : 0.0);
        const double possible = (disc >= 0.0 ? 1.0 : 0.0) * (slope > 0.0 ? 1.0 : 0.0);
        w->low[k] = g < 0.0 ? p->t[k] : w->low[k];
        w->high[k] = g < 0.0 ? w->high[k] : p->t[k];
        steps[k] = possible > 0.0 ? -2.0 * g / (slope + root) : (double)NAN;
    }
    refine_all(lif, v, p, steps, exact, settled);
    points end = *p;
    step_all(lif, &end, exact);
    for (int k = 0; k < PM_LANES; k++) {
        const double low = w->low[k], high = w->high[k], t = p->t[k] + steps[k], time = p->t[k] + exact[k];
        const double inside = (t > low ? 1.0 : 0.0) * (t < high ? 1.0 : 0.0), middle = low + 0.5 * (high - low);
        const double split = (middle > low ? 1.0 : 0.0) * (middle < high ? 1.0 : 0.0);
        const double near = (fabs(steps[k]) * fastest <= NEAR ? 1.0 : 0.0) * settled[k];
        const double good = near * (fabs(exact[k]) * fastest <= NEAR ? 1.0 : 0.0) * (time >= low ? 1.0 : 0.0) *
                            (time <= high ? 1.0 : 0.0);
        const double hard = v->course[k] == PM_LANE_HARD ? 1.0 : 0.0, known = hard * (1.0 - far[k]);
        const double lost = hard * (known > 0.0 ? 0.0 : 1.0), found = known * good;
        const double stuck = known * (1.0 - good) * (1.0 - inside) * (1.0 - split);
        v->time[k] = found > 0.0 ? time : v->time[k];
        v->u[k] = found > 0.0 ? end.u[k] : v->u[k];
        v->i[k] = found > 0.0 ? end.i[k] : v->i[k];
        v->b[k] = found > 0.0 ? end.b[k] : v->b[k];
        v->course[k] = found > 0.0 ? PM_LANE_FOUND : lost + stuck > 0.0 ? PM_LANE_OPEN : v->course[k];
        p->t[k] = inside > 0.0 ? t : middle;
        open += v->course[k] == PM_LANE_HARD ? 1.0 : 0.0;
    }
    return open;
}

PM_SIMD void pm_lanes_solve(const pm_lif *lif, pm_lanes *v) {
    enum { ROUNDS = 5 };
    points p;
    bracket w;
    guess_all(lif, v, p.t);
    for (int k = 0; k < PM_LANES; k++) {
        w.low[k] = 0.0;
        w.high[k] = v->h[k];
        v->course[k] = PM_LANE_HARD;
    }
    for (int round = 0; round < ROUNDS && solve_round(lif, v, &p, &w) > 0.0; round++) {
    }
    for (int k = 0; k < PM_LANES; k++)
        v->course[k] = v->course[k] == PM_LANE_HARD ? PM_LANE_OPEN : v->course[k];
    look_on(lif, v);
}
