/* An archive whose numbers were replaced is refused, or the simulation that it makes runs on to an end: no crash, and
 * nothing without end. */
#include "base/random.h"
#include "support/crafted.inc"

#include <check.h>

START_TEST(refused_or_run) {
    const size_t crafted = _i == 1 ? 400 : 2000; /* the long ring takes its time */
    static const double times[] = {0.0, 5.0, 8.3, 16.0};
    pm_network *network = crafted_network(_i == 1);
    pm_simulation *simulation = crafted_simulation(network);
    size_t refused = 0, let_in = 0;
    for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
        pm_archive right = crafted_archive(network, times[t]);
        unsigned char *bytes = malloc(right.size);
        for (uint64_t k = 0; k < crafted / 4; k++) {
            uint32_t word[4];
            pm_error error = {0};
            memcpy(bytes, right.bytes, right.size);
            pm_philox_block((uint64_t)_i, t, k, word);
            craft(bytes, right.size, (uint16_t)word[0], (uint8_t)word[1], (uint16_t)word[2]);
            pm_status status = crafted_run(simulation, &(pm_archive){.bytes = bytes, .size = right.size}, &error);
            ck_assert(status == PM_OK || error.message[0] != '\0');
            refused += status == PM_INVALID;
            let_in += status == PM_OK;
        }
        ck_assert_int_eq(crafted_run(simulation, &right, NULL), PM_OK);
        free(bytes);
        free(right.bytes);
    }
    ck_assert_uint_gt(refused, crafted / 4);
    ck_assert_uint_gt(let_in, 0); /* states that are as possible as others */
    pm_simulation_free(simulation);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_crafted(void);
Suite *pm_suite_crafted(void) {
    Suite *suite = suite_create("crafted");
    TCase *cases = tcase_create("all");
    tcase_add_loop_test(cases, refused_or_run, 0, 2);
    suite_add_tcase(suite, cases);
    return suite;
}
