/* While a folder is drawn nobody else writes into it, so that pictures are of one run; it is noted in the summary which
 * ones there are before they get their names, so that they go when the results go. There is one such folder at a time.
 */
#define _GNU_SOURCE
#include "cli/plot_results.h"

#include <punctum/results.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static pm_results *held;
static bool starved; /* something could not be looked for */
static json_t *told; /* the summary; NULL: any file may be drawn */

/* The name of a file in the folder; NULL for one elsewhere. */
static const char *name_in_folder(const char *path) {
    const char *folder = held ? pm_results_folder(held) : "";
    size_t length = strlen(folder);
    return length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

pm_status pm_plot_begin(const char *folder, json_t **summary, pm_error *error) {
    pm_status status = PM_OK;
    if (access(folder, F_OK) == 0) /* elsewhere the summary that is missing is told */
        status = pm_results_visit(folder, &held, error);
    if (!status && summary)
        status = pm_summary_read(folder, summary, error);
    told = status || !summary ? NULL : json_incref(*summary);
    return status;
}

char *pm_plot_path(const char *format, ...) {
    char *path = NULL;
    va_list arguments;
    va_start(arguments, format);
    int made = vasprintf(&path, format, arguments);
    va_end(arguments);
    starved = starved || made < 0;
    return made < 0 ? NULL : path;
}

FILE *pm_plot_open(const char *path) {
    FILE *file = fopen(path, "r");
    starved = starved || (!file && errno == ENOMEM);
    return file;
}

bool pm_plot_starved(void) { return starved; }

bool pm_plot_has(const char *path) {
    const char *name = name_in_folder(path);
    return access(path, R_OK) == 0 && (!name || !told || pm_summary_names(told, name));
}

pm_status pm_plot_note(const char *path, pm_error *error) {
    const char *name = name_in_folder(path);
    return name ? pm_results_add_picture(held, name, error) : PM_OK;
}

void pm_plot_end(void) {
    json_decref(told);
    told = NULL;
    pm_results_close(held, true);
    held = NULL;
}
