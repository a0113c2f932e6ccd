/* Kinds and their fields, from inside: what punctum/kind.h shows, and what tables are written and searched with.
 *
 * A list of kinds is one macro PM_..S(X) with an X(name) for each; it declares and lists them all. */
#ifndef PM_BASE_KIND_H
#define PM_BASE_KIND_H

#include <punctum/kind.h>

/* Positive numbers below it leave no room for products and quotients in double precision. */
#define PM_LEAST 1e-9

/* The kind of that name. Errors: PM_INVALID with the name that is near, or else with all names; `what` says what they
 * are the names of: "learning rule". */
pm_status pm_kind_choose(const pm_kind *const *list, const char *what, const char *name, const pm_kind **kind,
                         pm_error *error);

/* The name in `names` (ends with NULL) that differs from `word` in at most two letters, or NULL. */
const char *pm_closest(const char *word, const char *const *names);

/* A finite number for messages, in the fewest digits: "0.001", "100", "1e15". Returns `text`. */
enum { PM_NUMBER_SIZE = 32 };
char *pm_number_text(double value, char text[PM_NUMBER_SIZE]);

#endif
