/* punctum compare: two spike files, neuron by neuron. */
#include "cli/command.h"
#include "cli/options.h"

#include <punctum/metric.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct options {
    const char *files[2];
    double window;    /* ms */
    double tolerance; /* ms; INFINITY: whatever the difference, the exit status is 0 */
} options;

static pm_status compare_files(const options *o, pm_match *result, pm_error *error) {
    pm_spike *trains[2] = {NULL, NULL};
    size_t n[2] = {0, 0};
    pm_status status = PM_OK;
    for (int k = 0; !status && k < 2; k++)
        status = pm_spikes_read(o->files[k], &trains[k], &n[k], error);
    for (int k = 0; !status && k < 2; k++)
        if (n[k] == 0)
            fprintf(stderr, "punctum: warning: %s holds no spike\n", o->files[k]);
    if (!status)
        status = pm_match_spikes(trains[0], n[0], trains[1], n[1], o->window, result, error);
    free(trains[0]);
    free(trains[1]);
    return status;
}

static const pm_operand operands[] = {{"A.dat", offsetof(options, files[0]), 1, "give two spike files"},
                                      {"B.dat", offsetof(options, files[1]), 1, "give two spike files"},
                                      {0}};

static const pm_option list[] = {
    {PM_OPTION_NUMBER, "window", 'w', "MS",
     "largest difference between spikes that are taken for the same one (default 1 ms)",
     .target = offsetof(options, window), .least = 0.0, .most = 1e15},
    {PM_OPTION_NUMBER, "tolerance", 't', "MS",
     "exit with status 1 if a spike is missing, extra, or off by more than MS", .target = offsetof(options, tolerance),
     .least = 0.0, .most = 1e15},
    {0},
};

static const pm_call call = {
    "compare",
    "Compare two spike files ('neuron time_ms' in each line), of which A is the reference.",
    operands,
    list,
    "Printed are the numbers of spikes that are matched, missing from B and extra in B, and the largest and the median "
    "difference of matched ones in ms.",
    (const char *const[]){"punctum compare reference.dat results/spikes-cells.dat",
                          "punctum compare --tolerance 1e-9 reference.dat results/spikes-cells.dat", NULL},
    NULL};

static int run(int argc, char **argv) {
    options o = {.window = 1.0, .tolerance = INFINITY};
    pm_match c = {0};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    if (compare_files(&o, &c, &error))
        return pm_complain(&error);
    printf("matched %zu\nmissing %zu\nextra %zu\n", c.matched, c.missing, c.extra);
    printf("largest_difference_ms %.6g\nmedian_difference_ms %.6g\n", c.largest, c.median);
    bool differs = c.missing > 0 || c.extra > 0 || c.largest > o.tolerance;
    return isfinite(o.tolerance) && differs ? 1 : 0;
}

const pm_command pm_command_compare = {"compare", "compare two spike files", run};
