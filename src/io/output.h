/* Text files that appear whole or not at all: they are written under a temporary name and renamed in the end. */
#ifndef PM_IO_OUTPUT_H
#define PM_IO_OUTPUT_H

#include <punctum/error.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pm_output {
    char *path;
    char *partial; /* the temporary name */
    char *buffer;
    size_t used;
    int started; /* the temporary file exists */
} pm_output;

/* Makes a folder and those above it. Errors: PM_INVALID where that is impossible. */
pm_status pm_folder_make(const char *path, pm_error *error);

/* Begins a file "folder/name". The file system is touched when the buffer is full for the first time. */
pm_status pm_output_open(pm_output *output, const char *folder, const char *name, pm_error *error);
pm_status pm_output_write(pm_output *output, pm_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with bytes. */
pm_status pm_output_bytes(pm_output *output, const void *bytes, size_t size, pm_error *error);

/* Brings everything so far to disk; *length is then the length of the temporary file. */
pm_status pm_output_flush(pm_output *output, uint64_t *length, pm_error *error);
/* After pm_output_open: goes on with a file that was left with at least that length, of which the rest is dropped.
 * Errors: PM_INVALID where there is none. */
pm_status pm_output_reopen(pm_output *output, uint64_t length, pm_error *error);
/* Closes the output and leaves the temporary file for pm_output_reopen; what was not flushed is lost. */
void pm_output_leave(pm_output *output);

/* Writes what is left to disk and gives the file its name. Errors: PM_FAILED. The output is closed in any case. */
pm_status pm_output_commit(pm_output *output, pm_error *error);
/* Drops the file. Harmless after a commit, and on an output that was never opened. */
void pm_output_discard(pm_output *output);

#endif
