/* While a folder is drawn nobody else writes into it, so that pictures are of one run; it is noted in the summary which
 * ones there are before they get their names, so that they go when the results go. There is one such folder at a time. */
#include "cli/plot_results.h"

#include "io/results.h"
#include "io/summary.h"

#include <string.h>
#include <unistd.h>

static pm_results *held;
static json_t *summary_of_held; /* NULL: it has none, or nothing is drawn from it */

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
    summary_of_held = !status && summary ? json_incref(*summary) : NULL;
    return status;
}

bool pm_plot_has(const char *path) {
    const char *name = name_in_folder(path);
    return access(path, R_OK) == 0 && (!name || !summary_of_held || pm_summary_names(summary_of_held, name));
}

pm_status pm_plot_note(const char *path, pm_error *error) {
    const char *name = name_in_folder(path);
    return name ? pm_results_add_picture(held, name, error) : PM_OK;
}

void pm_plot_end(void) {
    json_decref(summary_of_held);
    summary_of_held = NULL;
    pm_results_close(held, true);
    held = NULL;
}
