/* Errors as values: a status, one line of text, and the parameter that is to blame, if it is one. */
#include <punctum/error.h>

#include <stdarg.h>
#include <stdio.h>

static pm_status fill(pm_error *error, pm_status status, const char *key, const char *format, va_list arguments) {
    if (error) {
        vsnprintf(error->message, sizeof error->message, format, arguments);
        snprintf(error->key, sizeof error->key, "%s", key);
        error->status = status;
    }
    return status;
}

pm_status pm_fail(pm_error *error, pm_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fill(error, status, "", format, arguments);
    va_end(arguments);
    return status;
}

pm_status pm_fail_key(pm_error *error, const char *key, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fill(error, PM_INVALID, key, format, arguments);
    va_end(arguments);
    return PM_INVALID;
}
