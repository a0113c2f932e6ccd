/* The basis without branches, in loops over times and over neurons, has the bits of the one with. */
#include "math/basis.h"
#include "math/basis_point.h"
#include "model/neuron.h"
#include "support/draw.h"

#include <check.h>

enum { NEURONS = 20000, TIMES = 9 };

static void expect_same(const pm_lif_basis *a, const pm_lif_basis *b, const pm_lif *lif, double t) {
    const double one[] = {a->em, a->rise, a->e1, a->e2, a->alpha, a->d1, a->d12};
    const double other[] = {b->em, b->rise, b->e1, b->e2, b->alpha, b->d1, b->d12};
    for (size_t k = 0; k < sizeof one / sizeof *one; k++)
        ck_assert_msg(one[k] == other[k], "number %zu: %.17g and %.17g at t = %.17g, rates %.17g %.17g %.17g", k,
                      one[k], other[k], t, lif->l_m, lif->l_1, lif->l_2);
}

/* Every neuron alone is every neuron among others. */
START_TEST(all_forms_have_the_same_bits) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    gsl_rng_set(rng, 104);
    pm_basis_table table = {0};
    ck_assert_int_eq(pm_basis_reserve(&table, TIMES, NULL), PM_OK);
    for (int k = 0; k < NEURONS; k++) {
        pm_neuron n = draw_neuron(rng);
        if (k % 2)
            n.tau_2 = 0.0;
        if (k % 16 == 1)
            n.tau_1 = n.C_m / n.g_L;
        const pm_lif lif = pm_lif_of_neuron(&n);
        const pm_basis_rates rates = pm_basis_rates_of(&lif);
        for (size_t j = 0; j < TIMES; j++)
            table.t[j] = draw_log(rng, 1e-9, 1000.0);
        pm_basis_fill(&lif, &table, TIMES);
        for (size_t j = 0; j < TIMES; j++) {
            const double t = table.t[j];
            const pm_lif_basis alone = pm_lif_basis_at(&lif, t), at = pm_basis_get(&table, j);
            const pm_lif_basis mixed =
                lif.single ? pm_basis_single_point(&rates, t) : pm_basis_point(&rates, rates.at_m, t);
            expect_same(&alone, &at, &lif, t);
            expect_same(&alone, &mixed, &lif, t);
        }
    }
    pm_basis_free(&table);
    gsl_rng_free(rng);
}
END_TEST

Suite *pm_suite_basis(void);
Suite *pm_suite_basis(void) {
    Suite *suite = suite_create("basis");
    TCase *tests = tcase_create("basis");
    tcase_add_test(tests, all_forms_have_the_same_bits);
    suite_add_tcase(suite, tests);
    return suite;
}
