/* Files that appear whole or not at all: they are written under a temporary name and renamed in the end, alone or
 * together with the other results of their folder. */
#ifndef PM_IO_OUTPUT_H
#define PM_IO_OUTPUT_H

#include <punctum/results.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct pm_results; /* see results.h */

typedef struct pm_output {
    char *path;
    char *partial; /* the temporary name */
    char *buffer;
    size_t used;
    bool begun, open;           /* the temporary file exists; `file` is its descriptor */
    bool kept;                  /* it stays open between writes */
    bool ready;                 /* it is complete and on disk */
    int file;                   /* written to by this descriptor alone */
    dev_t device;               /* which file that is */
    ino_t number;               /* likewise */
    uint64_t length, check;     /* of what was written: bytes, CRC-32 */
    struct pm_results *results; /* whose commit gives the file its name; NULL: pm_output_commit does */
    size_t entry;               /* its place among them */
} pm_output;

/* How much of a file a checkpoint knows. */
typedef struct pm_output_mark {
    uint64_t length, check; /* bytes, and their CRC-32 */
} pm_output_mark;

/* Begins a file "folder/name" of its own. The file system is touched when the buffer is full for the first time. */
pm_status pm_output_open(pm_output *output, const char *folder, const char *name, pm_error *error);
/* The same by a path. Errors: PM_INVALID where that is a folder. */
pm_status pm_output_open_path(pm_output *output, const char *path, pm_error *error);
/* Begins a file that is one of several results; the name may have a subfolder in front, which is made if need be. */
pm_status pm_output_open_in(pm_output *output, struct pm_results *results, const char *name, pm_error *error);
pm_status pm_output_write(pm_output *output, pm_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with bytes. */
pm_status pm_output_bytes(pm_output *output, const void *bytes, size_t size, pm_error *error);

/* Brings everything so far to disk; *mark is then what the temporary file holds. */
pm_status pm_output_flush(pm_output *output, pm_output_mark *mark, pm_error *error);
/* After pm_output_open: goes on with a file that was left, or was already given its name, and begins with what the mark
 * says; the rest is dropped. Errors: PM_INVALID where there is none. */
pm_status pm_output_reopen(pm_output *output, const pm_output_mark *mark, pm_error *error);
/* Whether there is no temporary file to go on with. */
bool pm_output_missing(const pm_output *output);
/* Closes the output and leaves the temporary file for pm_output_reopen; what was not flushed is lost. */
void pm_output_leave(pm_output *output);

/* Brings what is left to disk and makes sure that the temporary name still is that of the file that was written.
 * Errors: PM_FAILED. */
pm_status pm_output_prepare(pm_output *output, pm_error *error);
/* The same, if need be, and gives the file its name; among results, leaves that to pm_results_commit. Errors:
 * PM_FAILED. The output is closed in any case. */
pm_status pm_output_commit(pm_output *output, pm_error *error);
/* Commits files that belong together, of which the first is the head: that of those before goes first, this one comes
 * last. Errors: PM_FAILED. */
pm_status pm_output_commit_all(pm_output *outputs, size_t n, pm_error *error);
/* Commits where `status` is PM_OK, drops the file elsewhere. */
pm_status pm_output_close(pm_output *output, pm_status status, pm_error *error);
/* Drops the file. Harmless after a commit, and on an output that was never opened. */
void pm_output_discard(pm_output *output);

/* Brings the names in a folder to disk. Errors: PM_FAILED. */
pm_status pm_folder_sync(const char *path, pm_error *error);
/* Removes what stands under a temporary name, a link for one, unless another program is writing it; nothing there is
 * fine. Errors: PM_FAILED. */
pm_status pm_partial_remove(const char *partial, pm_error *error);

#endif
