/* The defaults of kinds, and single values of them, for tests. */
#ifndef PM_TEST_SUPPORT_PRESETS_H
#define PM_TEST_SUPPORT_PRESETS_H

#include "base/kind.h"

#include <check.h>

/* All fields of the kind at their defaults; valid until the fourth next call. */
static inline const void *presets_of(const pm_kind *kind) {
    enum { ROOMS = 4, NUMBERS = 64 };
    static double room[ROOMS][NUMBERS];
    static size_t next;
    double *to = room[next++ % ROOMS];
    ck_assert_uint_le(kind->size, sizeof room[0]);
    pm_kind_preset(kind, to);
    return to;
}

/* Sets a field that there is, to a value that it may have. */
static inline void set_value(const pm_kind *kind, void *structure, const char *name, double value) {
    ck_assert_int_eq(pm_kind_set(kind, structure, name, value, NULL), PM_OK);
}

#endif
