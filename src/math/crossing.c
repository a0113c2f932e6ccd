/* The first threshold crossing, which cannot be missed.
 *
 * g(t) = u(t) - theta. Since u'' = -u'/tau_m + i'/C_m, the function w = u' e^{t/tau_m} has w' = e^{t/tau_m} i'/C_m, and
 * i' is a sum of two exponentials with at most one zero t*, a logarithm. On [0, t*] and on [t*, inf) w is monotone, so
 * u' has at most one zero in each of these pieces. Invariant of the search: at the start p of a piece, g < 0 on [0, p].
 * Then
 *   - u' changes from + to - inside the piece: one maximum, and the crossing, if any, lies before it;
 *   - otherwise u falls and then rises, or does one of the two: the piece holds a crossing if and only if it ends at or
 *     above theta, and g has one zero in it.
 * The horizon serves to give up early; brackets and iterations depend on the state alone, so that a crossing has the
 * same bits whatever the horizon. */
#include "math/lif.h"

#include "math/elementary.h"

#include <math.h>

/* g, u', u'' at one instant. */
typedef struct point {
    double t, g, slope, bend;
} point;

static point point_at(const pm_lif *lif, const pm_lif_state *state, double t) {
    pm_lif_basis at = pm_lif_basis_at(lif, t);
    double i = state->i * at.e1 + state->b * at.alpha;
    double b = state->b * at.e2;
    /* As increments from the start, so that a crossing soon after it loses no digits. */
    double response = state->i * at.d1 + state->b * at.d12;
    double g = (state->u - lif->theta) + ((lif->u_inf - state->u) * at.rise + response);
    /* A sum of decaying terms only, so that its sign is right however far out: u itself would leave its rounding. */
    double slope = ((lif->u_inf - state->u) * at.em - response) * lif->l_m + i * lif->inv_C;
    double bend = -lif->l_m * slope + (lif->d12 * b - lif->l_1 * i) * lif->inv_C;
    return (point){t, g, slope, bend};
}

/* The same at t = 0, where there is nothing to compute. */
static point point_now(const pm_lif *lif, const pm_lif_state *state) {
    const double slope = pm_lif_slope_now(lif, state);
    const double bend = -lif->l_m * slope + (lif->d12 * state->b - lif->l_1 * state->i) * lif->inv_C;
    return (point){0.0, state->u - lif->theta, slope, bend};
}

/* The zero t* > 0 of i', or INFINITY: e^{(l_2 - l_1) t} = l_2 b / (l_1 (i + b)). */
static double current_extremum(const pm_lif *lif, const pm_lif_state *state) {
    double slow = lif->l_1 * (state->i + state->b);
    double ratio = (lif->d12 * state->b - lif->l_1 * state->i) / slow; /* the quotient above, minus 1 */
    return lif->single || !(ratio > 0.0) || slow == 0.0 ? INFINITY : pm_log1p(ratio) / lif->d12;
}

/* Whether u' is positive in the end: the sign of w as t -> inf. With a = i + b, w grows like -a e^{(l_m - l_1) t} where
 * a current outlasts the membrane; otherwise it has the limit u'(0) + integral of e^{l_m t} i'/C_m. */
static bool rises_in_the_end(const pm_lif *lif, const pm_lif_state *state) {
    double a = state->i + state->b;
    double gap_1 = lif->l_1 - lif->l_m, gap_2 = lif->l_2 - lif->l_m;
    if (a != 0.0 && gap_1 <= 0.0)
        return a < 0.0;
    if (!lif->single && state->b != 0.0 && gap_2 <= 0.0)
        return state->b > 0.0;
    double w = pm_lif_slope_now(lif, state);
    if (a != 0.0)
        w -= a * lif->l_1 / gap_1 * lif->inv_C;
    if (!lif->single && state->b != 0.0)
        w += state->b * lif->l_2 / gap_2 * lif->inv_C;
    return w > 0.0;
}

/* Whether w falls until i' has its zero. */
static bool falls_first(const pm_lif *lif, const pm_lif_state *state) {
    return lif->d12 * state->b - lif->l_1 * state->i < 0.0;
}

/* Doubles the distance from `start` until `reached` holds; INFINITY if the exponentials are gone, or `limit` is
 * reached, before. */
typedef bool reached(const point *at);
static bool has_crossed(const point *at) { return at->g >= 0.0; }
static bool has_turned(const point *at) { return at->slope <= 0.0; }

static point expand(const pm_lif *lif, const pm_lif_state *state, double start, double limit, reached *done) {
    double slowest = lif->x, fastest = lif->single ? lif->x + lif->dxy : lif->x + lif->dxz;
    for (double step = 0.125 / fastest; step * slowest < 1e3 && start + step < limit; step *= 2.0) {
        point at = point_at(lif, state, start + step);
        if (done(&at))
            return at;
    }
    return (point){.t = INFINITY};
}

enum { MAX_ITERATIONS = 200 };

/* The zero of g in (low, high], where g(low) < 0 <= g(high) and g has one zero. Each step solves the parabola through
 * value, slope and curvature, which converges to third order, grazing courses included; steps that leave the bracket
 * are replaced by bisection. The last step is not evaluated again: its error, step^3 times the squares of the curvature
 * and of the rates, is below the rounding of t. */
static double crossing_between(const pm_lif *lif, const pm_lif_state *state, point low, point high) {
    double fastest = lif->x + (lif->single ? lif->dxy : lif->dxz);
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
        at = point_at(lif, state, t);
        if (at.g == 0.0)
            return at.t;
        if (at.g < 0.0)
            low = at;
        else
            high = at;
    }
    return high.t;
}

/* The maximum between a rising and a falling point. Stops early at any point at or above theta. An error of
 * 1e-10 in its place changes the value there by 1e-20 of the curvature only. */
static point maximum_between(const pm_lif *lif, const pm_lif_state *state, point low, point high) {
    point at = low;
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        double t = at.bend < 0.0 ? at.t - at.slope / at.bend : NAN;
        if (!(t > low.t && t < high.t)) {
            t = low.t + 0.5 * (high.t - low.t);
            if (!(t > low.t && t < high.t))
                break;
        }
        double step = t - at.t;
        at = point_at(lif, state, t);
        if (at.g >= 0.0 || fabs(step) <= 1e-10 * t)
            break;
        if (at.slope > 0.0)
            low = at;
        else
            high = at;
    }
    return at;
}

/* The point at or after the maximum in a piece [low, high] in which w falls from above zero; `high` itself if u' is
 * clearly negative there, and INFINITY if u' stays positive. Close time constants put high far out, to where
 * u' is gone: the maximum is looked for from the start then. */
static point fall(const pm_lif *lif, const pm_lif_state *state, point low, point high) {
    if (high.t < INFINITY && high.slope < -pm_lif_slope_noise(lif, state))
        return high;
    point turned = expand(lif, state, low.t, high.t, has_turned);
    return turned.t == INFINITY && high.t < INFINITY && high.slope <= 0.0 ? high : turned;
}

double pm_lif_first_maximum(const pm_lif *lif, const pm_lif_state *state) {
    point low = point_now(lif, state);
    if (low.slope < 0.0 || (low.slope == 0.0 && low.bend <= 0.0))
        return 0.0;
    double turn = current_extremum(lif, state);
    if (turn < INFINITY) {
        point at_turn = point_at(lif, state, turn);
        point high = falls_first(lif, state) ? fall(lif, state, low, at_turn) : (point){.t = INFINITY};
        if (high.t < INFINITY)
            return maximum_between(lif, state, low, high).t;
        low = at_turn;
    }
    point high = fall(lif, state, low, (point){.t = INFINITY});
    return high.t < INFINITY ? maximum_between(lif, state, low, high).t : INFINITY;
}

/* The crossing in a piece [low, high] on which w is monotone, falling or rising, INFINITY if there is none before the
 * horizon, whose point is `end`. high.t = INFINITY is the last piece. */
static double crossing_in_piece(const pm_lif *lif, const pm_lif_state *state, point low, point high, bool w_falls,
                                point end) {
    bool open = high.t == INFINITY;
    point last = high.t < end.t ? high : end;
    bool starts_rising = low.slope > 0.0 || (low.slope == 0.0 && low.bend > 0.0);
    if (last.g < 0.0 && (!starts_rising || last.slope > pm_lif_slope_noise(lif, state)))
        return INFINITY; /* below theta at the horizon, and no maximum before it */
    point fallen = {.t = INFINITY};
    if (starts_rising && (open ? !rises_in_the_end(lif, state) : w_falls))
        fallen = fall(lif, state, low, high);
    if (fallen.t < INFINITY)
        high = maximum_between(lif, state, low, fallen);
    else if (open) /* u rises for as long as the exponentials last */
        high = expand(lif, state, low.t, INFINITY, has_crossed);
    return high.t < INFINITY && high.g >= 0.0 ? crossing_between(lif, state, low, high) : INFINITY;
}

double pm_lif_crossing(const pm_lif *lif, const pm_lif_state *state, double horizon) {
    if (state->u >= lif->theta)
        return 0.0;
    if (!(horizon > 0.0) || pm_lif_bound(lif, state, horizon) < lif->theta)
        return INFINITY;
    point low = point_now(lif, state);
    point end = point_at(lif, state, horizon);
    double turn = current_extremum(lif, state);
    double t = INFINITY;
    if (turn < INFINITY) {
        point middle = point_at(lif, state, turn);
        t = crossing_in_piece(lif, state, low, middle, falls_first(lif, state), end);
        if (t == INFINITY && turn >= horizon)
            return INFINITY;
        low = middle;
    }
    if (t == INFINITY)
        t = crossing_in_piece(lif, state, low, (point){.t = INFINITY}, false, end);
    if (t <= horizon)
        return t;
    return end.g >= 0.0 ? horizon : INFINITY;
}
