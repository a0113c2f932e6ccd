/* Membrane potentials of neurons of a population, with their thresholds, and what was recorded of their currents. */
#ifndef PM_CLI_PLOT_POTENTIAL_H
#define PM_CLI_PLOT_POTENTIAL_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>

/* A recorded neuron. */
typedef struct pm_trace {
    char *path; /* of its curve: `time_ms V_mV spike` */
    double neuron;
    double V_th; /* mV; NAN: not known */
} pm_trace;

/* A recorded current of the trace of that number. */
typedef struct pm_current_trace {
    char *path;           /* `time_ms I_pA` */
    const char *receptor; /* NULL: all that charges the membrane */
    size_t trace;
} pm_current_trace;

enum { PM_MOST_JUMPS = 16, PM_CURRENT_PANELS = 4 /* of more neurons no currents are drawn */ };

/* What a spike adds to the threshold. */
typedef struct pm_rise {
    double jump, tau; /* mV, ms */
} pm_rise;

typedef struct pm_curves {
    const char *population;
    size_t colour;  /* from 1 */
    double V_reset; /* mV */
    pm_rise rises[PM_MOST_JUMPS];
    size_t n_rises;
    bool varied; /* thresholds differ from neuron to neuron */
    pm_trace *list;
    size_t n;
    pm_current_trace *currents;
    size_t n_currents;
} pm_curves;

/* Draws "folder/name" from `from` to `to`, ms. Of very many neurons some are drawn. Errors: PM_INVALID with file and
 * line, PM_FAILED, PM_NO_MEMORY, PM_STOPPED. */
pm_status pm_draw_potentials(const char *folder, const char *name, const pm_curves *traces, double from, double to,
                             pm_error *error);

#endif
