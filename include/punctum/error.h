/* Errors are values: every function that can fail returns a pm_status and fills in a pm_error.
 * Nothing in the library prints or exits. */
#ifndef PUNCTUM_ERROR_H
#define PUNCTUM_ERROR_H

#include <punctum/api.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum pm_status {
    PM_OK = 0,
    PM_FAILED = 1,    /* failed while running: a full disk, runaway activity, diverged training */
    PM_INVALID = 2,   /* the input or the call was wrong; the message says where and what would be right */
    PM_NO_MEMORY = 3, /* memory exhausted */
    PM_STOPPED = 4    /* ended early at a clean point because a stop was requested */
} pm_status;

enum { PM_MESSAGE_SIZE = 1024, PM_KEY_SIZE = 48 };

typedef struct pm_error {
    pm_status status;
    char message[PM_MESSAGE_SIZE]; /* one line, without a trailing newline */
    char key[PM_KEY_SIZE];         /* the parameter that is to blame, as it is called in files; "": none */
} pm_error;

/* Fills in `error` (which may be NULL) with a printf-style message and returns `status`. */
PM_API pm_status pm_fail(pm_error *error, pm_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with PM_INVALID, blaming the parameter `key`. */
PM_API pm_status pm_fail_key(pm_error *error, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for memory exhaustion; `what` says what there was no memory for. Returns PM_NO_MEMORY. */
static inline pm_status pm_fail_memory(pm_error *error, const char *what) {
    (void)pm_fail(error, PM_NO_MEMORY, "not enough memory for %s", what);
    return PM_NO_MEMORY;
}

#ifdef __cplusplus
}
#endif
#endif
