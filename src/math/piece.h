/* What is known of g = u - threshold at an instant and all over a piece of time: the questions of the search for the
 * first crossing (membrane_crossing.c). f_0 = g, f_1 = g', f_2 = g'' + l_m g'. */
#ifndef PM_MATH_PIECE_H
#define PM_MATH_PIECE_H

#include "math/chain.h"
#include "math/membrane.h"

/* Where the search starts: all instants are told from here. */
typedef struct pm_outset {
    const pm_membrane *m;
    const double *x;
    double g, deviation; /* mV: u - threshold and u - u_inf of x */
} pm_outset;

/* f_0 to f_2 and g'', with the magnitudes of their terms: mV, mV/ms, mV/ms^2. */
typedef struct pm_instant {
    double t; /* ms after the outset */
    double g, slope, bend, f_2;
    double g_size, slope_size, f_2_size;
} pm_instant;

/* The same with the state there, its u as deviation from u_inf, and the magnitudes that its numbers were made of. */
typedef struct pm_position {
    pm_instant at;
    double x[PM_MEMBRANE_WIDTH], size[PM_MEMBRANE_WIDTH];
} pm_position;

typedef enum pm_verdict {
    PM_NO_CROSSING,
    PM_ONE_CROSSING, /* g has one zero in the piece and ends at or above 0 */
    PM_ONE_MAXIMUM,  /* g' falls through its one zero */
    PM_ONE_EXTREMUM, /* f_2 has one zero: monotone courses of g' e^{l_m t} on either side */
    PM_OPEN
} pm_verdict;

/* What else is known of a piece. */
typedef struct pm_piece {
    int bent;                   /* the sign that f_2 has all over it, or 0 */
    double low_bend, high_bend; /* of g'', mV/ms^2 */
} pm_piece;

/* The sign of a computed number, 0 where its noise leaves it open. */
static inline int pm_sign_of(double value, double size) {
    return value > PM_CHAIN_NOISE * size ? 1 : value < -PM_CHAIN_NOISE * size ? -1 : 0;
}

pm_instant pm_instant_at(const pm_outset *from, double t);
void pm_place_at(const pm_outset *from, double t, pm_position *to);
/* Where the row of t is at hand. */
void pm_place_by(const pm_outset *from, double t, const double *row, pm_position *to);
void pm_place_start(const pm_outset *from, pm_position *to);

/* Judges [a, b], where g(a) < 0 and the piece is no longer than `longest`. piece->bent is given as far as known. */
pm_verdict pm_piece_judge(const pm_membrane *m, const pm_position *a, const pm_position *b, pm_piece *piece);

#endif
