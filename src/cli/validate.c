/* punctum validate: what pm_validate measures, as a table on the terminal. */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/options.h"

#include <inttypes.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_STEPS = PM_VALIDATION_STEPS, N_KINDS = PM_VALIDATION_SCHEMES };

typedef struct options {
    const char *file, *folder;
    const char *schemes;    /* NULL: all */
    bool left_out[N_KINDS]; /* the others */
    double smallest;        /* ms */
    double window;          /* ms */
    bool quiet;
} options;

static bool has_run(const pm_validation *v, size_t kind) {
    return v->results[kind][0].done || v->results[kind][0].failed;
}

static void print_table(const pm_validation *v, const pm_network *network) {
    printf("%zu spikes of LIF neurons in %g ms; the event-driven engine took %.3g s\n\n", v->spikes, network->duration,
           v->seconds);
    printf("%-13s %8s %12s %12s %8s %6s %10s\n", "scheme", "dt/ms", "median/ms", "largest/ms", "missing", "extra",
           "time/s");
    for (size_t kind = 0; kind < N_KINDS; kind++)
        for (size_t k = 0; k < N_STEPS; k++) {
            const pm_validation_result *r = &v->results[kind][k];
            if (r->done && r->match.matched > 0)
                printf("%-13s %8g %12.3g %12.3g %8zu %6zu %10.3g\n", pm_validation_scheme(kind), pm_validation_step(k),
                       r->match.median, r->match.largest, r->match.missing, r->match.extra, r->seconds);
            else if (r->done)
                printf("%-13s %8g %12s %12s %8zu %6zu %10.3g\n", pm_validation_scheme(kind), pm_validation_step(k), "-",
                       "-", r->match.missing, r->match.extra, r->seconds);
            else if (r->failed)
                printf("%-13s %8g %12s\n", pm_validation_scheme(kind), pm_validation_step(k), "failed");
        }
    printf("\norder of convergence of the median (steps with which all spikes were found)\n");
    for (size_t kind = 0; kind < N_KINDS; kind++) {
        if (!has_run(v, kind))
            continue;
        if (isnan(v->order[kind]))
            printf("  %-13s -\n", pm_validation_scheme(kind));
        else
            printf("  %-13s %.2f\n", pm_validation_scheme(kind), v->order[kind]);
    }
    printf("\nagainst an adaptive integration with tolerance 1e-13 (%zu neurons, %zu points)\n", v->neurons, v->points);
    printf("  membrane potential: largest difference %.3g mV\n", v->potential_error);
    if (v->spikes_checked > 0)
        printf("  spike times: median %.3g ms, largest %.3g ms (%zu spikes)\n", v->residual_median, v->residual_largest,
               v->spikes_checked);
}

static void show(void *user, double done, const char *words) { pm_progress_show(user, done, words); }

static pm_status validate(const options *o, pm_error *error) {
    pm_validation v;
    pm_network *network = NULL;
    pm_results *results = NULL;
    double begun = pm_seconds();
    pm_status status = pm_load_network(o->file, true, &network, error);
    if (status)
        return status;
    if (o->folder)
        status = pm_results_open(o->folder, o->file, true, &results, error);
    if (!status) {
        pm_progress progress = pm_progress_begin(o->quiet);
        pm_validation_options how = {.smallest = o->smallest, .window = o->window, .progress = show, .user = &progress};
        memcpy(how.left_out, o->left_out, sizeof how.left_out);
        status = pm_validate(network, &how, &v, error);
        pm_progress_end(&progress);
    }
    if (!status && o->folder) {
        pm_watch_signals(NULL); /* what has begun is finished */
        status = pm_validation_write(results, network, o->window, &v, pm_seconds() - begun, error);
    }
    if (!status)
        print_table(&v, network);
    pm_results_close(results, false);
    pm_network_free(network);
    return status;
}

/* --- the call --- */

static const pm_operand operands[] = {{"NETWORK.yaml", offsetof(options, file), 1, "which network file?"}, {0}};

static const pm_option list[] = {
    {PM_OPTION_TEXT, "output", 'o', "DIR", "folder for validation.dat and summary.json, made if need be",
     .target = offsetof(options, folder)},
    {PM_OPTION_TEXT, "schemes", 's', "LIST",
     "of exact-grid, exact-linear, exact-cubic, rk-grid, rk-linear and rk-cubic, separated by commas (default: all)",
     .target = offsetof(options, schemes)},
    {PM_OPTION_NUMBER, "smallest", 'm', "MS", "shortest time step, from 0.001 (the default) to 1",
     .target = offsetof(options, smallest), .least = 0.001, .most = 1.0},
    {PM_OPTION_NUMBER, "window", 'w', "MS",
     "largest difference between spikes that are taken for the same one (default 1 ms)",
     .target = offsetof(options, window), .least = 1e-9, .most = 1e15},
    {PM_OPTION_FLAG, "quiet", 'q', NULL, "no progress bar", .target = offsetof(options, quiet)},
    {0},
};

static const pm_call call = {
    "validate",
    "Compare the event-driven engine with a time-stepped simulator at dt = 1, 0.5, 0.2, ..., 0.001 ms.",
    operands,
    list,
    "Printed are, for every scheme and step, the median and the largest error of spike times, the spikes missing and "
    "extra, and the time it took; the order of convergence; and the largest difference of membrane potentials from an "
    "adaptive integration with tolerance 1e-13 (of the neurons whose potential the file records, or the first ten of "
    "each population). 'punctum plot DIR' draws the errors.",
    (const char *const[]){"punctum validate network.yaml",
                          "punctum validate network.yaml -o results --smallest 0.01 --schemes rk-grid", NULL},
    pm_print_samples};

/* "exact-cubic,rk-grid"; NULL: all. */
static void choose(options *o) {
    char word[20];
    memset(o->left_out, o->schemes != NULL, sizeof o->left_out);
    for (const char *rest = o->schemes; rest; rest = strchr(rest, ',') ? strchr(rest, ',') + 1 : NULL) {
        const char *names[N_KINDS + 1] = {NULL};
        size_t k = 0;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(rest, ","), rest);
        for (size_t i = 0; i < N_KINDS; i++)
            names[i] = pm_validation_scheme(i);
        while (k < N_KINDS && strcmp(names[k], word) != 0)
            k++;
        if (k == N_KINDS)
            pm_call_refuse_word(&call, "--schemes", word, names);
        o->left_out[k] = false;
    }
}

static int run(int argc, char **argv) {
    options o = {.smallest = 0.001, .window = 1.0};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    choose(&o);
    pm_status status = validate(&o, &error);
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_validate = {"validate", "compare with time-stepped simulation", run};
