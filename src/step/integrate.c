/* Extrapolation (W. B. Gragg, SIAM J. Numer. Anal. 2, 1965; R. Bulirsch and J. Stoer, Numerische Mathematik 8, 1966):
 * modified midpoint rules of 2, 4, 6, ... steps, whose errors are series in the square of the step. Only the change
 * over a step is extrapolated, so that rounding is in proportion to it. */
#include "step/integrate.h"

#include <math.h>

enum { RULES = 8, MOST = PM_SYSTEM_MOST };
static const double TOLERANCE = 1e-13;

static void slopes(const pm_system *s, double time, const double *y, const double *change, double *dydt) {
    double at[MOST];
    for (size_t k = 0; k < s->n; k++)
        at[k] = y[k] + change[k];
    s->derivatives(s->system, time, at, dydt);
}

/* The change over h by the modified midpoint rule of n steps. */
static void midpoint(const pm_system *s, const double *y, double from, double h, int n, double *change) {
    double before[MOST] = {0.0}, now[MOST], slope[MOST];
    const double part = h / n;
    slopes(s, from, y, before, slope);
    for (size_t k = 0; k < s->n; k++)
        now[k] = part * slope[k];
    for (int step = 1; step < n; step++) {
        slopes(s, from + step * part, y, now, slope);
        for (size_t k = 0; k < s->n; k++) {
            double next = before[k] + 2.0 * part * slope[k];
            before[k] = now[k];
            now[k] = next;
        }
    }
    slopes(s, from + h, y, now, slope);
    for (size_t k = 0; k < s->n; k++)
        change[k] = 0.5 * (before[k] + now[k] + part * slope[k]);
}

/* The change over h; how many rules it took, 0 if all of them did not do. */
static int extrapolate(const pm_system *s, const double *y, double from, double h, double *change) {
    const size_t n = s->n;
    double table[RULES][MOST] = {{0.0}}; /* table[j]: extrapolated over the last j + 1 rules */
    for (int rule = 0; rule < RULES; rule++) {
        double error = 0.0;
        midpoint(s, y, from, h, 2 * (rule + 1), change);
        for (int j = 0; j < rule; j++) {
            const double ratio = (double)(rule + 1) / (double)(rule - j);
            error = 0.0;
            for (size_t k = 0; k < n; k++) {
                double better = (change[k] - table[j][k]) / (ratio * ratio - 1.0);
                table[j][k] = change[k];
                change[k] += better;
                error = fmax(error, fabs(better) / (TOLERANCE * (1.0 + fabs(y[k]))));
            }
        }
        for (size_t k = 0; k < n; k++)
            table[rule][k] = change[k];
        if (rule > 0 && error <= 1.0)
            return rule + 1;
    }
    return 0;
}

bool pm_integrate(const pm_system *system, double *y, double from, double to, double *step) {
    while (from < to) {
        const double h = fmin(*step, to - from);
        double change[MOST] = {0.0};
        const int rules = extrapolate(system, y, from, h, change);
        if (rules == 0) {
            *step = 0.5 * h;
            if (!(from + *step > from))
                return false;
            continue;
        }
        for (size_t k = 0; k < system->n; k++)
            y[k] += change[k];
        if (rules < RULES - 2 && h == *step)
            *step *= 2.0;
        from = h < to - from ? from + h : to;
    }
    return true;
}

const double pm_fehlberg[PM_FEHLBERG_STAGES + 1][PM_FEHLBERG_STAGES] = {
    {0.0},
    {1.0 / 4.0},
    {3.0 / 32.0, 9.0 / 32.0},
    {1932.0 / 2197.0, -7200.0 / 2197.0, 7296.0 / 2197.0},
    {439.0 / 216.0, -8.0, 3680.0 / 513.0, -845.0 / 4104.0},
    {-8.0 / 27.0, 2.0, -3544.0 / 2565.0, 1859.0 / 4104.0, -11.0 / 40.0},
    {16.0 / 135.0, 0.0, 6656.0 / 12825.0, 28561.0 / 56430.0, -9.0 / 50.0, 2.0 / 55.0},
};
const double pm_fehlberg_at[PM_FEHLBERG_STAGES] = {0.0, 1.0 / 4.0, 3.0 / 8.0, 12.0 / 13.0, 1.0, 1.0 / 2.0};

void pm_integrate_once(const pm_system *system, double *y, double from, double to) {
    double slope[PM_FEHLBERG_STAGES][MOST], change[MOST];
    const double h = to - from;
    for (int stage = 0;; stage++) {
        for (size_t k = 0; k < system->n; k++) {
            change[k] = 0.0;
            for (int j = 0; j < stage; j++)
                change[k] += pm_fehlberg[stage][j] * slope[j][k];
            change[k] *= h;
        }
        if (stage == PM_FEHLBERG_STAGES)
            break;
        slopes(system, from + pm_fehlberg_at[stage] * h, y, change, slope[stage]);
    }
    for (size_t k = 0; k < system->n; k++)
        y[k] += change[k];
}
