/* Kinds and their fields, from inside: what punctum/kind.h shows, and what tables are written with.
 *
 * A list of kinds is one macro PM_..S(X) with an X(name) for each; it declares and lists them all. */
#ifndef PM_BASE_KIND_H
#define PM_BASE_KIND_H

#include <punctum/kind.h>

/* Positive numbers below the one, and numbers above the other, leave no room for products and quotients in double
 * precision. */
#define PM_LEAST 1e-9
#define PM_LARGEST 1e15

#endif
