/* The commands of the program: one file each, listed in main.c. */
#ifndef PM_CLI_COMMAND_H
#define PM_CLI_COMMAND_H

#include <punctum/punctum.h>
#include <stdio.h>

typedef struct pm_command {
    const char *name;
    const char *summary;               /* one line for punctum --help */
    int (*run)(int argc, char **argv); /* argv[0] is no option; returns the exit status */
} pm_command;

extern const pm_command pm_command_run, pm_command_train, pm_command_search, pm_command_plot, pm_command_compare,
    pm_command_test, pm_command_validate, pm_command_export, pm_command_camera, pm_command_describe, pm_command_bench;

/* Prints "punctum: message", if there is one, and returns the exit status that belongs to the error. */
int pm_complain(const pm_error *error);

/* What was printed may be all that a command is for: a status of 0 becomes 1, with a message, where it does not arrive. */
int pm_flushed(int status);

/* pm_network_load, with a warning about files of spikes or synapses that are empty if `speak`. */
pm_status pm_load_network(const char *path, bool speak, pm_network **network, pm_error *error);

/* A folder that comes with the program, in the source tree or where it was installed, known by a file in it: "scripts".
 * Freed with free(); NULL where it is not found. */
char *pm_shared_folder(const char *name, const char *file);
/* Where networks and experiments to begin with are, for --help. */
void pm_print_samples(FILE *to);

/* From the start of the program: SIGINT and SIGTERM end it with a message, on rank 0, while there is nothing to save; a
 * limit of file sizes becomes an error of write. */
void pm_begin_signals(void);
void pm_quiet_signals(void); /* without the message */
/* From now on SIGINT and SIGTERM call `stop`, or set pm_interrupted where that is NULL. */
void pm_watch_signals(void (*stop)(int));
extern volatile int pm_interrupted;

/* A progress bar on standard error, if that is a terminal, as wide as that allows: fraction from 0 to 1 (no bar below 0),
 * and a few words. */
typedef struct pm_progress {
    bool on;
    double begun, shown; /* s, monotonic clock */
} pm_progress;
pm_progress pm_progress_begin(bool quiet);
void pm_progress_show(pm_progress *progress, double fraction, const char *words);
void pm_progress_end(pm_progress *progress); /* clears the line */
double pm_seconds(void);                     /* monotonic clock, s */

#endif
