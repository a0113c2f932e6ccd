/* punctum compare: two spike files, neuron by neuron. */
#include "cli/command.h"

#include "metric/match.h"

#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct options {
    const char *files[2];
    int n_files;
    double window;    /* ms */
    double tolerance; /* ms; INFINITY: whatever the difference, the exit status is 0 */
} options;

static pm_status compare_files(const options *o, pm_match *result, pm_error *error) {
    pm_spike *trains[2] = {NULL, NULL};
    size_t n[2] = {0, 0};
    pm_status status = PM_OK;
    for (int k = 0; !status && k < 2; k++)
        status = pm_spikes_read(o->files[k], &trains[k], &n[k], error);
    if (!status)
        status = pm_match_spikes(trains[0], n[0], trains[1], n[1], o->window, result, error);
    free(trains[0]);
    free(trains[1]);
    return status;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    options *o = state->input;
    switch (key) {
    case 'w':
        o->window = pm_option_number("--window", argument, 0.0, 1e15);
        return 0;
    case 't':
        o->tolerance = pm_option_number("--tolerance", argument, 0.0, 1e15);
        return 0;
    case ARGP_KEY_ARG:
        if (o->n_files == 2)
            argp_error(state, "two spike files only; '%s' is too many", argument);
        o->files[o->n_files++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (o->n_files < 2)
            argp_error(state, "give two spike files");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run(int argc, char **argv) {
    static const struct argp_option list[] = {
        {"window", 'w', "MS", 0, "largest difference between spikes that are taken for the same one (default 1 ms)", 0},
        {"tolerance", 't', "MS", 0, "exit with status 1 if a spike is missing, extra, or off by more than MS", 0},
        {0},
    };
    static const struct argp argp = {
        list,
        parse,
        "A.dat B.dat",
        "Compare two spike files ('neuron time_ms' in each line), of which A is the reference.\v"
        "Printed are the numbers of spikes that are matched, missing from B and extra in B, and the largest and the "
        "median "
        "difference of matched ones in ms.\n\n"
        "Examples:\n"
        "  punctum compare reference.dat results/spikes-cells.dat\n"
        "  punctum compare --tolerance 1e-9 reference.dat results/spikes-cells.dat && echo the same\n",
        NULL,
        NULL,
        NULL};
    options o = {.window = 1.0, .tolerance = INFINITY};
    pm_match c = {0};
    pm_error error = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    if (compare_files(&o, &c, &error))
        return pm_complain(&error);
    printf("matched %zu\nmissing %zu\nextra %zu\n", c.matched, c.missing, c.extra);
    printf("largest_difference_ms %.6g\nmedian_difference_ms %.6g\n", c.largest, c.median);
    bool differs = c.missing > 0 || c.extra > 0 || c.largest > o.tolerance;
    return isfinite(o.tolerance) && differs ? 1 : 0;
}

const pm_command pm_command_compare = {"compare", "compare two spike files", run};
