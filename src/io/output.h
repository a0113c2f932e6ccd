/* Text files that appear whole or not at all: they are written under a temporary name and renamed in the end. */
#ifndef PM_IO_OUTPUT_H
#define PM_IO_OUTPUT_H

#include <punctum/error.h>
#include <stddef.h>

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
/* Writes what is left to disk and gives the file its name. Errors: PM_FAILED. The output is closed in any case. */
pm_status pm_output_commit(pm_output *output, pm_error *error);
/* Drops the file. Harmless after a commit, and on an output that was never opened. */
void pm_output_discard(pm_output *output);

#endif
