/* Errors as values: a status and one line of text. */
#include <punctum/error.h>

#include <stdarg.h>
#include <stdio.h>

pm_status pm_fail(pm_error *error, pm_status status, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        error->status = status;
    }
    return status;
}
