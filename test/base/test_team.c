/* Every task of every turn is done once, and before the turn ends, whether threads are awake, asleep, or more than there
 * are processors. */
#include "base/team.h"
#include "support/starve.h"

#include <check.h>
#include <time.h>

enum { MOST = 9, TURNS = 20000 };

typedef struct work {
    int n, turn;
    int done[MOST]; /* turns */
} work;

static void count(void *user, int number) {
    work *w = user;
    ck_assert_int_eq(w->done[number], w->turn);
    w->done[number]++;
}

START_TEST(every_task_once) {
    const int sizes[] = {1, 2, 3, MOST};
    work w = {.n = sizes[_i]};
    pm_team *team = pm_team_new(w.n);
    ck_assert_ptr_nonnull(team);
    for (; w.turn < TURNS; w.turn++) {
        pm_team_run(team, count, &w);
        for (int k = 0; k < MOST; k++)
            ck_assert_int_eq(w.done[k], k < w.n ? w.turn + 1 : 0);
        if (w.turn % 2000 == 0) /* they fall asleep */
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    pm_team_free(team);
}
END_TEST

START_TEST(ends_unused) {
    pm_team_free(pm_team_new(4));
    pm_team_free(NULL);
}
END_TEST

START_TEST(no_memory) {
    for (int k = 1; k <= 3; k++) {
        starve((size_t)k);
        pm_team *team = pm_team_new(2);
        starve(0);
        ck_assert_ptr_null(team);
    }
}
END_TEST

Suite *pm_suite_team(void);
Suite *pm_suite_team(void) {
    Suite *suite = suite_create("team");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, every_task_once, 0, 4);
    tcase_add_test(tests, ends_unused);
    tcase_add_test(tests, no_memory);
    suite_add_tcase(suite, tests);
    return suite;
}
