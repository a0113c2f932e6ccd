/* Which neurons of a dense layer need a closer look in an interval. */
#include "base/simd.h"
#include "layer/layer_vectors.h"
#include "model/neuron.h"

#include "support/draw.h"

#include <check.h>

#define PM_KERNELS "layer/test_layer_vectors.inc"
#include "base/widths.inc"

/* Vectors of all widths that the processor has say the same. */
static bool is_asked(const pm_guard *guard, const pm_excess *watch, const pm_lif_state *start,
                     const pm_lif_state *end) {
    const bool asked = asked_2(guard, watch, start, end);
#ifdef PM_WIDER_REGISTERS
    ck_assert(pm_register_lanes() < 4 || asked_4(guard, watch, start, end) == asked);
    ck_assert(pm_register_lanes() < 8 || asked_8(guard, watch, start, end) == asked);
#endif
    return asked;
}

/* A neuron that crosses in an interval is always looked at, thresholds being just below the largest potential; one that
 * stays a tenth of its climb below is not, in most cases. */
START_TEST(no_crossing_goes_unwatched) {
    enum { SETS = 200000 };
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 41);
    long crossings = 0, quiet = 0, watched = 0;
    for (int set = 0; set < SETS; set++) {
        pm_neuron neuron = draw_neuron(rng);
        pm_lif lif = pm_lif_of_neuron(&neuron);
        pm_lif_state start = draw_state(rng, &neuron);
        double h = draw_log(rng, 1e-3, 4.0) / (lif.x + (lif.single ? lif.dxy : lif.dxz));
        pm_lif_state end = pm_lif_advance(&lif, &start, h);
        double top = fmax(start.u, end.u), turn = pm_lif_first_maximum(&lif, &start);
        if (turn < h)
            top = fmax(top, pm_lif_u(&lif, &start, turn));
        double climb = top - start.u;
        if (!(climb > 1e-9 * (fabs(start.u) + fabs(top))))
            continue;
        for (int below = 0; below < 2; below++) {
            lif.theta = below ? top + 0.1 * climb : top - draw_log(rng, 1e-6, 0.5) * climb;
            const pm_guard guard = pm_guard_of(&lif);
            const pm_excess watch = pm_excess_of(&lif, h);
            const bool asked = is_asked(&guard, &watch, &start, &end);
            if (pm_lif_crossing(&lif, &start, h) <= h) {
                ck_assert_msg(asked, "set %d", set);
                crossings++;
            } else if (below) {
                quiet++;
                watched += asked;
            }
        }
    }
    ck_assert_msg(crossings > 20000 && quiet > 20000 && watched < quiet / 2, "%ld crossings; %ld of %ld without one",
                  crossings, watched, quiet);
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_layer_vectors(void);
Suite *pm_suite_layer_vectors(void) {
    Suite *suite = suite_create("layer_vectors");
    TCase *tests = tcase_create("layer_vectors");
    tcase_add_test(tests, no_crossing_goes_unwatched);
    suite_add_tcase(suite, tests);
    return suite;
}
