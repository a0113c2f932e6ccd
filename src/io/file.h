/* Opening files for reading with messages that say what is wrong, numbers, and rows of numbers. */
#ifndef PM_IO_FILE_H
#define PM_IO_FILE_H

#include <punctum/kind.h>
#include <punctum/results.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Opens a regular file (or pipe) for reading. Errors: PM_INVALID for a missing file, a directory, no permission;
 * PM_NO_MEMORY, PM_FAILED. */
pm_status pm_file_open(const char *path, FILE **file, pm_error *error);
/* Fails because of the error number `code` of opening or reading a file: PM_NO_MEMORY and PM_FAILED where the system
 * is at fault, else PM_INVALID. */
pm_status pm_file_refuse(const char *path, int code, pm_error *error);

/* The path of what `folder` may hold under that name, to be freed also after an error, and whether there is something.
 * Errors: PM_NO_MEMORY. */
pm_status pm_file_find(const char *folder, const char *name, char **path, bool *found, pm_error *error);

/* As pm_file_read; PM_INVALID at once where there are more than `most` bytes. */
pm_status pm_file_read_most(const char *path, size_t most, unsigned char **bytes, size_t *size, pm_error *error);

/* Rows of blank-separated numbers. '#' starts a comment; lines without numbers are skipped. */
typedef struct pm_rows {
    const char *path;
    FILE *file;
    char *text;
    size_t text_size;
    size_t line;    /* of the present row, from 1 */
    double *values; /* of the present row */
    size_t n;       /* columns of the present row; 0 after the last one */
    size_t capacity;
} pm_rows;

pm_status pm_rows_open(pm_rows *rows, const char *path, pm_error *error);
/* Reads on. Errors: PM_INVALID with file, line and column for what is not a finite number. */
pm_status pm_rows_next(pm_rows *rows, pm_error *error);
void pm_rows_close(pm_rows *rows);
/* Fails with "file:line: message". */
pm_status pm_rows_fail(const pm_rows *rows, pm_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
