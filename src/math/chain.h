/* How often a sum of exponentials can be zero in (a, b]: signs of a chain of derivatives at both ends.
 *
 * With rates l_1, ..., l_n, each as often as it occurs, f_j = (D + l_j) f_(j-1) has one term less than f_(j-1), and
 * f_(j-1) has at most one zero more in (a, b] than f_j (Rolle, for e^{l_j t} f_(j-1)). The changes of sign v along f_j,
 * f_(j+1),
 * ... bound the zeros of f_j in (a, b] by v(a) - v(b). A sine takes two steps, on pieces shorter than half its period.
 * Proof: docs/model.md, "Any number of terms".
 *
 * The caller gives f_0 and f_1 as numbers and the terms of f_2 as blocks; time is scaled so that no rate exceeds 1.
 * Every number comes with a bound of the sum of the magnitudes that it was made of; a sign within NOISE of that is both
 * signs. */
#ifndef PM_MATH_CHAIN_H
#define PM_MATH_CHAIN_H

#include <math.h>
#include <stddef.h>

typedef double pm_two __attribute__((vector_size(16)));

/* A number at a and at b, and its magnitudes. */
typedef struct pm_ends {
    pm_two value, size;
} pm_ends;

static inline pm_ends pm_ends_times(pm_ends x, double factor) {
    return (pm_ends){x.value * factor, x.size * fabs(factor)};
}
static inline pm_ends pm_ends_plus(pm_ends x, pm_ends y) { return (pm_ends){x.value + y.value, x.size + y.size}; }

enum { PM_CHAIN_PAIRS = 32, PM_CHAIN_DECAYS = 96, PM_CHAIN_SINES = 32 };

/* p' = -l_1 p + r,  r' = -l_2 r */
typedef struct pm_chain_pair {
    pm_ends p, r;
    double l_1, l_2;
} pm_chain_pair;

typedef struct pm_chain_decay {
    pm_ends p;
    double rate;
} pm_chain_decay;

/* s' = w c,  c' = -w s */
typedef struct pm_chain_sine {
    pm_ends s, c;
    double w, tan; /* tangent of half the angle of the piece */
} pm_chain_sine;

typedef struct pm_chain {
    pm_ends f_0, f_1;
    size_t n_pairs, n_decays, n_sines;
    pm_chain_pair pairs[PM_CHAIN_PAIRS];
    pm_chain_decay decays[PM_CHAIN_DECAYS];
    pm_chain_sine sines[PM_CHAIN_SINES];
} pm_chain;

/* The most zeros that f_0, f_1 and f_2 have in (a, b]; their true numbers differ by even numbers from it where no sign
 * was open. */
typedef struct pm_chain_zeros {
    int of[3];
} pm_chain_zeros;

/* A computed number at one end may be of either sign if it is within this part of its magnitude: what rows (1e-13) and
 * the steps of the chain lose. */
static const double PM_CHAIN_NOISE = 0x1p-42;

/* Uses up the blocks. */
pm_chain_zeros pm_chain_count(pm_chain *chain);

#endif
