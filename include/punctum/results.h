/* Folders of results: one program at a time writes into one, and it holds all files of a run or none. Formats:
 * docs/formats.md. */
#ifndef PUNCTUM_RESULTS_H
#define PUNCTUM_RESULTS_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pm_results pm_results;

/* Takes hold of a folder, which is made if need be; finishes what a program that was killed had begun to put in place.
 * With several ranks one of them is the owner, and the others call this after it. `input` (or NULL) is a file that is
 * still needed. Errors: PM_INVALID for a folder that cannot be had, or where `input` is one of the results that would
 * be replaced; PM_FAILED where another program writes into it. */
PM_API pm_status pm_results_open(const char *folder, const char *input, bool owner, pm_results **results,
                                 pm_error *error);
/* The same for a folder that is there and has results already. */
PM_API pm_status pm_results_visit(const char *folder, pm_results **results, pm_error *error);
/* Lets go of the folder; files that were prepared and not committed are removed, unless they are left for a run that
 * goes on. NULL is allowed. */
PM_API void pm_results_close(pm_results *results, bool leave);
/* Its path; lives as long as the results. */
PM_API const char *pm_results_folder(const pm_results *results);
/* Notes in summary.json, if there is one, that a picture is made of the results, as "pictures": it goes when they go.
 * Errors: PM_FAILED, PM_NO_MEMORY. */
PM_API pm_status pm_results_add_picture(pm_results *results, const char *name, pm_error *error);

struct json_t; /* of the library jansson */
/* Reads "folder/summary.json"; the caller releases it with json_decref(). To be called while no other thread uses
 * jansson. Errors: PM_INVALID where there is none, or it is no summary. */
PM_API pm_status pm_summary_read(const char *folder, struct json_t **summary, pm_error *error);
/* Whether a file in its folder is one of the results: a summary of versions that named none is believed of any. */
PM_API bool pm_summary_names(const struct json_t *summary, const char *file);

/* Makes a folder and those above it. Errors: PM_INVALID where that is impossible. */
PM_API pm_status pm_folder_make(const char *path, pm_error *error);
/* The bytes of a whole file, followed by a 0; the caller frees them with pm_free. Errors: PM_INVALID for a file that is
 * missing, a directory, or may not be read; PM_NO_MEMORY, PM_FAILED. */
PM_API pm_status pm_file_read(const char *path, uint8_t **bytes, size_t *size, pm_error *error);
/* Writes "folder/name", which appears whole or not at all. Errors: PM_FAILED. */
PM_API pm_status pm_file_write(const char *folder, const char *name, const void *bytes, size_t size, pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
