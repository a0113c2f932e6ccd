/* Spikes of populations, and their rates. */
#ifndef PM_CLI_PLOT_RASTER_H
#define PM_CLI_PLOT_RASTER_H

#include <punctum/error.h>
#include <stddef.h>

/* A population. */
typedef struct pm_band {
    char *path; /* of its spikes */
    const char *name;
    double size;   /* neurons */
    size_t colour; /* from 1 */
} pm_band;

/* Draws "folder/name" from `from` to `to`, ms; the first population at the bottom. Memory does not depend on the number
 * of spikes. Errors: PM_INVALID with file and line, PM_FAILED, PM_NO_MEMORY, PM_STOPPED. */
pm_status pm_draw_raster(const char *folder, const char *name, const pm_band *bands, size_t n, double from, double to,
                         pm_error *error);

#endif
