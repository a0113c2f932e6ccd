/* Random neurons and states for the tests of math/, from a stream of their own (Philox by way of GSL). */
#ifndef TEST_SUPPORT_DRAW_H
#define TEST_SUPPORT_DRAW_H

#include "base/random.h"
#include "math/lif.h"

#include <math.h>
#include <punctum/neuron.h>

static inline double draw_uniform(gsl_rng *rng, double low, double high) {
    return low + (high - low) * gsl_rng_uniform(rng);
}
static inline double draw_log(gsl_rng *rng, double low, double high) {
    return low * exp(gsl_rng_uniform(rng) * log(high / low));
}
static inline bool draw_chance(gsl_rng *rng, double probability) { return gsl_rng_uniform(rng) < probability; }

/* A value next to `tau`: equal to it, or by a factor 1 + 10^-k apart, k = 1..15. */
static inline double draw_close(gsl_rng *rng, double tau) {
    int k = (int)gsl_rng_uniform_int(rng, 16);
    double apart = k == 0 ? 0.0 : pow(10.0, -k);
    return draw_chance(rng, 0.5) ? tau * (1.0 + apart) : tau / (1.0 + apart);
}

/* Time constants between 0.1 and 100 ms in every order; one half has a pair, or all three, equal or close; one in
 * six has tau_2 = 0. E_L = 0, so that thresholds are exact. */
static inline pm_neuron draw_neuron(gsl_rng *rng) {
    pm_neuron n = {.C_m = draw_uniform(rng, 50.0, 500.0), .V_th = 20.0};
    double tau_m = draw_log(rng, 0.1, 100.0);
    n.tau_1 = draw_log(rng, 0.1, 100.0);
    n.tau_2 = n.tau_1 * draw_log(rng, 1e-3, 1.0);
    switch (gsl_rng_uniform_int(rng, 8)) {
    case 0:
        n.tau_1 = draw_close(rng, tau_m);
        break;
    case 1:
        n.tau_2 = draw_close(rng, tau_m);
        break;
    case 2:
        n.tau_2 = draw_close(rng, n.tau_1);
        break;
    case 3:
        n.tau_1 = draw_close(rng, tau_m), n.tau_2 = draw_close(rng, tau_m);
        break;
    default:
        break;
    }
    n.g_L = n.C_m / tau_m;
    if (draw_chance(rng, 0.2)) { /* exact quotients, so that tau_m equals its neighbour to the last bit */
        n.C_m = 256.0 * tau_m;
        n.g_L = 256.0;
    }
    if (n.tau_2 > n.tau_1) {
        double tau = n.tau_1;
        n.tau_1 = n.tau_2;
        n.tau_2 = tau;
    }
    if (n.tau_2 == n.tau_1)
        n.tau_1 = nextafter(n.tau_1, INFINITY);
    if (draw_chance(rng, 1.0 / 6.0))
        n.tau_2 = 0.0;
    if (draw_chance(rng, 0.5))
        n.I_e = draw_uniform(rng, -40.0, 40.0) * n.g_L;
    return n;
}

/* A membrane potential of some mV and currents that move it by some 10 mV, of either sign; b = 0 where tau_2 = 0. */
static inline pm_lif_state draw_state(gsl_rng *rng, const pm_neuron *n) {
    double tau_m = n->C_m / n->g_L, scale = n->C_m / (tau_m < n->tau_1 ? tau_m : n->tau_1);
    pm_lif_state s = {.u = draw_uniform(rng, -30.0, 19.0), .i = draw_uniform(rng, -60.0, 60.0) * scale};
    if (n->tau_2 > 0.0)
        s.b = draw_uniform(rng, -1.0, 1.0) * scale * draw_log(rng, 1.0, 300.0);
    if (draw_chance(rng, 0.2))
        s.i = 0.0;
    if (draw_chance(rng, 0.1))
        s.u = 0.0;
    return s;
}

#endif
