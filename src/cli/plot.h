/* What the commands that draw share. */
#ifndef PM_CLI_PLOT_H
#define PM_CLI_PLOT_H

#include <jansson.h>
#include <punctum/error.h>

#define PM_LEAST_WINDOW 1e-9 /* ms that a picture covers at least */

/* A folder of results, and what is wanted of it. */
typedef struct pm_plot {
    const char *folder;
    const char *output; /* where the pictures go */
    double from, to;    /* ms; NAN: the whole run */
    const json_t *summary;
} pm_plot;

#endif
