/* Numerical integration of systems of equations, with the same bits on every machine. */
#ifndef PM_STEP_INTEGRATE_H
#define PM_STEP_INTEGRATE_H

#include <stdbool.h>
#include <stddef.h>

enum { PM_SYSTEM_MOST = 128 /* numbers in a state */ };

/* dy/dt at `time` (ms). */
typedef void pm_derivatives(const void *system, double time, const double *y, double *dydt);

typedef struct pm_system {
    pm_derivatives *derivatives;
    const void *system;
    size_t n; /* numbers in a state, at most PM_SYSTEM_MOST */
} pm_system;

/* Moves y from time `from` to `to` by extrapolation, relative and absolute tolerance 1e-13 for every step. *step: the
 * step to begin with, ms, and the last one. False: the tolerance cannot be reached. */
bool pm_integrate(const pm_system *system, double *y, double from, double to, double *step);

/* One step of the Runge-Kutta-Fehlberg method of order 5. */
void pm_integrate_once(const pm_system *system, double *y, double from, double to);

/* E. Fehlberg, NASA Technical Report R-315 (1969): what each stage takes of the slopes of those before it, when it is,
 * and the sum of order 5. */
enum { PM_FEHLBERG_STAGES = 6 };
extern const double pm_fehlberg[PM_FEHLBERG_STAGES + 1][PM_FEHLBERG_STAGES];
extern const double pm_fehlberg_at[PM_FEHLBERG_STAGES];

#endif
