/* punctum search: what is seen of it on the terminal. */
#include "cli/command.h"
#include "cli/options.h"
#include "cli/ranks.h"

#include <inttypes.h>

typedef struct options {
    const char *file, *folder;
    int jobs; /* 0: all cores */
    bool resume, quiet;
} options;

static void show(void *user, const pm_search_progress *p) {
    char words[120];
    snprintf(words, sizeof words,
             "round %" PRIu32 " of %" PRIu32 ", %" PRIu32 " points, %" PRIu64 " of %" PRIu64 " trials", p->round + 1,
             p->rounds, p->points, p->done, p->trials);
    pm_progress_show(user, (double)p->done / (double)p->trials, words);
}

static void print_best(const pm_search *search, const pm_search_point *best, const char *folder) {
    printf("best of %" PRIu32 " points: %" PRIu32 " of %" PRIu32 " trials converged, %.4g iterations in the mean\n",
           pm_search_points(search), best->converged, best->trials, best->iterations);
    for (size_t v = 0; pm_search_varied(search, v); v++) {
        char text[PM_SEARCH_VALUE_SIZE];
        pm_search_value(search, best->number, v, text, sizeof text);
        printf("  %s: %s\n", pm_search_varied(search, v), text);
    }
    printf("all points are in %s/search.dat, the experiment at the best one in %s/best.yaml\n", folder, folder);
}

static pm_status search_file(const options *o, pm_error *error) {
    pm_search *search = NULL;
    pm_search_point *points = NULL;
    pm_status status = pm_search_load(o->file, &search, error);
    if (status)
        return status;
    pm_progress progress = pm_progress_begin(o->quiet);
    const pm_search_options how = {.folder = o->folder,
                                   .jobs = o->jobs,
                                   .resume = o->resume,
                                   .stop = &pm_interrupted,
                                   .progress = show,
                                   .user = &progress};
    pm_watch_signals(NULL);
    status = pm_search_run(search, &how, &points, error);
    pm_progress_end(&progress);
    if (!status && !o->quiet)
        print_best(search, &points[0], o->folder);
    pm_free(points);
    pm_search_free(search);
    return status;
}

static const pm_operand operands[] = {{"SEARCH.yaml", offsetof(options, file), 1, "which search file?"}, {0}};

static const pm_option list[] = {
    {PM_OPTION_TEXT, "output", 'o', "DIR", "folder for the results, made if need be",
     .target = offsetof(options, folder), .question = "where to? Give a folder for the results with -o DIR"},
    {PM_OPTION_COUNT, "jobs", 'j', "N", "trials at the same time (default: all cores; the results do not depend on it)",
     .target = offsetof(options, jobs), .least = 1.0, .most = 1024.0},
    {PM_OPTION_FLAG, "resume", 'r', NULL, "go on where the same command was interrupted",
     .target = offsetof(options, resume)},
    {PM_OPTION_FLAG, "quiet", 'q', NULL, "no progress bar, no closing lines", .target = offsetof(options, quiet)},
    {0},
};

static const pm_call call = {
    "search",
    "Try an experiment with other values of its parameters.",
    operands,
    list,
    "The search file names the experiment, the values that are varied and the seed of the problems, which is another "
    "one than the experiment's. DIR receives search.dat (a row per point, the best first), best.yaml (the experiment "
    "at the best point) and summary.json. Ctrl-C ends at a clean point; --resume goes on from there, or after a crash, "
    "with the same results.",
    (const char *const[]){"punctum search search-xor.yaml -o found", "punctum train found/best.yaml -o results", NULL},
    pm_print_samples};

static int run(int argc, char **argv) {
    options o = {0};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    const pm_exchange *ranks = pm_ranks();
    if (ranks->size > 1) { /* all would do the same, into the same folder */
        (void)pm_fail(&error, PM_INVALID,
                      "a search runs in one process, on all cores (--jobs); start it without mpirun");
        return ranks->rank == 0 ? pm_complain(&error) : 2;
    }
    return search_file(&o, &error) ? pm_complain(&error) : 0;
}

const pm_command pm_command_search = {"search", "look for the parameters with which training works best", run};
