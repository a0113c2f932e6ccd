/* What the shared library hands out: everything declared PM_API, and nothing else. */
#ifndef PUNCTUM_API_H
#define PUNCTUM_API_H

#ifdef __GNUC__
#define PM_API __attribute__((visibility("default")))
#else
#define PM_API
#endif

#endif
