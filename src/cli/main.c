/* The program: a table of commands, and what they share. Everything that prints or decides an exit status is in this
 * room. */
#include "cli/command.h"

#include "io/file.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const pm_command *const commands[] = {&pm_command_run,
                                             &pm_command_train,
                                             &pm_command_search,
                                             &pm_command_test,
                                             &pm_command_plot,
                                             &pm_command_compare,
                                             &pm_command_validate,
                                             &pm_command_export,
                                             &pm_command_camera,
                                             &pm_command_bench,
                                             NULL};

int pm_complain(const pm_error *error) {
    if (error->message[0])
        fprintf(stderr, "punctum: %s\n", error->message);
    return error->status == PM_INVALID ? 2 : 1;
}

double pm_option_number(const char *option, const char *text, double least, double most) {
    double value = 0.0;
    if (!pm_parse_number(text, &value) || value < least || value > most) {
        fprintf(stderr, "punctum: %s: '%s' is not a number from %.16g to %.16g\n", option, text, least, most);
        exit(2);
    }
    return value;
}

double pm_option_count(const char *option, const char *text, double least, double most) {
    double value = 0.0;
    if (!pm_parse_number(text, &value) || value < least || value > most || floor(value) != value) {
        fprintf(stderr, "punctum: %s: '%s' is not a whole number from %.16g to %.16g\n", option, text, least, most);
        exit(2);
    }
    return value;
}

double pm_seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

volatile int pm_interrupted;

static void note_interruption(int signal_number) {
    (void)signal_number;
    pm_interrupted = 1;
}

void pm_watch_signals(void (*stop)(int)) {
    struct sigaction action = {.sa_handler = stop ? stop : note_interruption, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGXFSZ, SIG_IGN);
}

pm_progress pm_progress_begin(bool quiet) {
    return (pm_progress){.on = !quiet && isatty(STDERR_FILENO), .begun = pm_seconds()};
}

void pm_progress_show(pm_progress *progress, double fraction, const char *words) {
    enum { WIDTH = 30 };
    double now = pm_seconds(), passed = now - progress->begun;
    if (!progress->on || now - progress->shown < 0.1)
        return;
    progress->shown = now;
    int full = (int)(fraction * WIDTH);
    char bar[WIDTH + 1];
    for (int k = 0; k < WIDTH; k++)
        bar[k] = k < full ? '#' : '.';
    bar[WIDTH] = '\0';
    double left = fraction > 0.0 ? passed * (1.0 - fraction) / fraction : 0.0;
    fprintf(stderr, "\r[%s] %5.1f %%  %s, %.0f s left \033[K", bar, 100.0 * fraction, words, left);
    (void)fflush(stderr);
}

void pm_progress_end(pm_progress *progress) {
    if (progress->on && progress->shown > 0.0)
        fprintf(stderr, "\r\033[K");
    progress->on = false;
}

static void print_help(FILE *to) {
    fprintf(to, "Usage: punctum COMMAND [OPTION...]\n"
                "Exact event-driven simulation of spiking neural networks, and training to fire at given "
                "instants.\n\nCommands:\n");
    for (size_t k = 0; commands[k]; k++)
        fprintf(to, "  %-9s %s\n", commands[k]->name, commands[k]->summary);
    fprintf(
        to,
        "\n'punctum COMMAND --help' shows the options and examples of a command; 'punctum --version' the version.\n\n"
        "Examples:\n"
        "  punctum run network.yaml -o results && punctum plot results\n"
        "  punctum train experiment.yaml -o results && punctum plot results\n\n"
        "Exit status: 0 done; 1 failed while running; 2 the input or the call was wrong.\n");
}

/* What was printed may be all that a command is for: it counts as failed where that does not arrive. */
static int flushed(int status) {
    if ((fflush(stdout) == 0 && !ferror(stdout)) || status != 0)
        return status;
    fprintf(stderr, "punctum: the standard output cannot be written: %s\n", strerror(errno));
    return 1;
}

int main(int argc, char **argv) {
    argp_err_exit_status = 2;
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("punctum %s\n", PM_VERSION);
        return 0;
    }
    for (size_t k = 0; commands[k]; k++)
        if (strcmp(word, commands[k]->name) == 0) {
            char name[32];
            snprintf(name, sizeof name, "punctum %s", word);
            argv[1] = name;
            return flushed(commands[k]->run(argc - 1, argv + 1));
        }
    if (argc > 1)
        fprintf(stderr, "punctum: there is no command '%s'\n\n", word);
    print_help(stderr);
    return 2;
}
