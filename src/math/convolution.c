/* The table is the exponential of a matrix: rates on the diagonal, with a minus, and t beside it (G. Opitz, Zeitschrift
 * fuer angewandte Mathematik und Mechanik 44, 1964), by its series for a short time and squaring (A. McCurdy, K. C. Ng
 * and B. N. Parlett, Mathematics of Computation 43, 1984). Nothing cancels: the slowest rate is taken out, the series
 * is used where the other rates have decayed by less than a half, and a square is a sum of positive products.
 * Invariant: the diagonal is computed by itself at every time, so that squaring doubles no error. */
#include "math/convolution.h"

#include "math/exponential.h"

enum { N = PM_CONVOLUTION };
static const double SHORT = 0.5;

/* Where time runs in units of t, x: the rates above the slowest one. */
static void short_table(const double x[N], double g[N][N]) {
    enum { TERMS = 18 };
    for (int i = 0; i < N; i++) {
        double h[TERMS]; /* complete symmetric polynomials of rates i to j, by degree */
        h[0] = 1.0;
        for (int k = 1; k < TERMS; k++)
            h[k] = h[k - 1] * x[i];
        double factorial = 1.0;
        for (int j = i + 1; j < N; j++) {
            factorial *= j - i;
            double coefficient = 1.0 / factorial, sum = coefficient;
            for (int k = 1; k < TERMS; k++) {
                h[k] += x[j] * h[k - 1];
                coefficient /= -(double)(k + j - i);
                sum += coefficient * h[k];
            }
            g[i][j] = sum;
        }
    }
}

static void put_diagonal(const double x[N], double g[N][N]) {
    for (int k = 0; k < N; k++)
        g[k][k] = pm_exponential_at(-x[k]).e;
}

/* From the end of a row back, so that only what has been used is overwritten. */
static void square(double g[N][N]) {
    for (int i = 0; i < N; i++)
        for (int j = N - 1; j > i; j--) {
            double sum = 0.0;
            for (int k = i; k <= j; k++)
                sum += g[i][k] * g[k][j];
            g[i][j] = sum;
        }
}

void pm_convolutions(const double rate[N], double t, double g[N][N]) {
    double low = rate[0], most = 0.0, x[N], power = 1.0;
    for (int k = 1; k < N; k++)
        low = rate[k] < low ? rate[k] : low;
    for (int k = 0; k < N; k++) {
        x[k] = (rate[k] - low) * t;
        most = x[k] > most ? x[k] : most;
    }
    int doublings = 0;
    while (most * power > SHORT) {
        power *= 0.5;
        doublings++;
    }
    for (int k = 0; k < N; k++)
        x[k] *= power;
    short_table(x, g);
    put_diagonal(x, g);
    for (int d = 0; d < doublings; d++) {
        square(g);
        for (int k = 0; k < N; k++)
            x[k] *= 2.0;
        put_diagonal(x, g);
    }
    /* Each off-diagonal was in units of the short time. */
    const double unit = t * power, slowest = pm_exponential_at(-low * t).e;
    for (int i = 0; i < N; i++) {
        double scale = slowest;
        for (int j = i; j < N; j++, scale *= unit)
            g[i][j] *= scale;
    }
}
