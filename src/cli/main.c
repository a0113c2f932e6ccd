/* The program: a table of commands, and what they share. Everything that prints or decides an exit status is in this
 * room. */
#include "cli/command.h"
#include "cli/options.h"

#include <punctum/kind.h>

#include <errno.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { N_COMMANDS = 11 };
static const pm_command *const commands[N_COMMANDS + 1] = {
    &pm_command_run,    &pm_command_train,    &pm_command_search,   &pm_command_test,
    &pm_command_plot,   &pm_command_compare,  &pm_command_validate, &pm_command_export,
    &pm_command_camera, &pm_command_describe, &pm_command_bench,    NULL};

int pm_complain(const pm_error *error) {
    if (error->message[0])
        fprintf(stderr, "punctum: %s\n", error->message);
    return error->status == PM_INVALID ? 2 : 1;
}

double pm_seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

pm_progress pm_progress_begin(bool quiet) {
    return (pm_progress){.on = !quiet && isatty(STDERR_FILENO), .begun = pm_seconds()};
}

/* Characters that fit on a line of the terminal without moving to the next. */
static int line_width(void) {
    struct winsize size;
    return (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80) - 1;
}

void pm_progress_show(pm_progress *progress, double fraction, const char *words) {
    enum { WIDEST = 30, FRAME = 3, MOST = 300 };
    static const char full[] = "##############################", empty[] = "..............................";
    double now = pm_seconds(), passed = now - progress->begun;
    if (!progress->on || now - progress->shown < 0.1)
        return;
    progress->shown = now;
    char line[MOST];
    int width = line_width(), done = 0, bar = 0;
    if (fraction < 0.0) {
        snprintf(line, sizeof line, "%s, %.0f s", words, passed);
    } else {
        double left = fraction > 0.0 ? passed * (1.0 - fraction) / fraction : 0.0;
        snprintf(line, sizeof line, "%5.1f %%  %s, %.0f s left", 100.0 * fraction, words, left);
        bar = width - FRAME - (int)strlen(line);
        bar = bar < 5 ? 0 : bar > WIDEST ? WIDEST : bar;
        done = (int)(fmin(fraction, 1.0) * bar);
    }
    if (bar > 0)
        fprintf(stderr, "\r[%.*s%.*s] %s\033[K", done, full, bar - done, empty, line);
    else
        fprintf(stderr, "\r%.*s\033[K", width, line);
    (void)fflush(stderr);
}

void pm_progress_end(pm_progress *progress) {
    if (progress->on && progress->shown > 0.0)
        fprintf(stderr, "\r\033[K");
    progress->on = false;
}

static void print_help(FILE *to) {
    fprintf(to, "Usage: punctum COMMAND [OPTION...]\n");
    pm_print_wrapped(
        to, 0, 0, "Exact event-driven simulation of spiking neural networks, and training to fire at given instants.");
    fprintf(to, "\nCommands:\n");
    for (size_t k = 0; commands[k]; k++)
        fprintf(to, "  %-9s %s\n", commands[k]->name, commands[k]->summary);
    fprintf(to, "\n");
    pm_print_wrapped(
        to, 0, 0,
        "'punctum help COMMAND' shows the options and examples of a command; 'punctum --version' the version.");
    fprintf(to, "\nExamples:\n"
                "  punctum run network.yaml -o results && punctum plot results\n"
                "  punctum train experiment.yaml -o results && punctum plot results\n\n"
                "Exit status: 0 done; 1 failed while running; 2 the input or the call was wrong.\n");
}

int pm_flushed(int status) {
    if ((fflush(stdout) == 0 && !ferror(stdout)) || status != 0)
        return status;
    fprintf(stderr, "punctum: the standard output cannot be written: %s\n", strerror(errno));
    return 1;
}

static const pm_command *find_command(const char *word) {
    for (size_t k = 0; commands[k]; k++)
        if (strcmp(word, commands[k]->name) == 0)
            return commands[k];
    return NULL;
}

static int refuse_command(const char *word) {
    const char *names[N_COMMANDS + 1] = {NULL};
    for (size_t k = 0; commands[k]; k++)
        names[k] = commands[k]->name;
    const char *close = pm_closest(word, names);
    fprintf(stderr, "punctum: there is no command '%s'%s%s%s\n\n", word, close ? "; did you mean '" : "",
            close ? close : "", close ? "'?" : "");
    print_help(stderr);
    return 2;
}

int main(int argc, char **argv) {
    pm_begin_signals();
    (void)gsl_set_error_handler_off(); /* which would end the program by a signal: errors are returned */
    const char *word = argc > 1 ? argv[1] : "";
    const bool help = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("punctum %s\n", PM_VERSION);
        return pm_flushed(0);
    }
    if (argc == 1) {
        print_help(stderr);
        return 2;
    }
    if (help && argc == 2) {
        print_help(stdout);
        return pm_flushed(0);
    }
    const pm_command *command = find_command(help ? argv[2] : word);
    if (!command)
        return refuse_command(help ? argv[2] : word);
    char *ask[] = {argv[0], (char[]){"--help"}, NULL};
    return pm_flushed(help ? command->run(2, ask) : command->run(argc - 1, argv + 1));
}
