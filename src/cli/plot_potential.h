/* Membrane potentials of neurons of a population. */
#ifndef PM_CLI_PLOT_POTENTIAL_H
#define PM_CLI_PLOT_POTENTIAL_H

#include <punctum/error.h>
#include <stddef.h>

/* A recorded neuron. */
typedef struct pm_trace {
    char *path; /* of its curve: `time_ms V_mV spike` */
    double neuron;
} pm_trace;

typedef struct pm_curves {
    const char *population;
    size_t colour;        /* from 1 */
    double V_th, V_reset; /* mV */
    pm_trace *list;
    size_t n;
} pm_curves;

/* Draws "folder/name" from `from` to `to`, ms. Of very many neurons some are drawn. Errors: PM_INVALID with file and
 * line, PM_FAILED, PM_NO_MEMORY, PM_STOPPED. */
pm_status pm_draw_potentials(const char *folder, const char *name, const pm_curves *traces, double from, double to,
                             pm_error *error);

#endif
