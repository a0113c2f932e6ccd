/* The commands of the program: one file each, listed in main.c. */
#ifndef PM_CLI_COMMAND_H
#define PM_CLI_COMMAND_H

#include <punctum/punctum.h>

typedef struct pm_command {
    const char *name;
    const char *summary;               /* one line for punctum --help */
    int (*run)(int argc, char **argv); /* argv[0] is "punctum NAME"; returns the exit status */
} pm_command;

extern const pm_command pm_command_run, pm_command_train, pm_command_search, pm_command_plot, pm_command_compare,
    pm_command_test, pm_command_validate, pm_command_export, pm_command_camera, pm_command_bench;

/* Prints "punctum: message", if there is one, and returns the exit status that belongs to the error. */
int pm_complain(const pm_error *error);

/* Parses a whole text as a number; the program ends with status 2 and a message that names the option if it is none. */
double pm_option_number(const char *option, const char *text, double least, double most);
/* The same for whole numbers. */
double pm_option_count(const char *option, const char *text, double least, double most);

/* Has SIGINT and SIGTERM call `stop`, or set pm_interrupted where that is NULL; a limit of file sizes becomes an error
 * of write. */
void pm_watch_signals(void (*stop)(int));
extern volatile int pm_interrupted;

/* A progress bar on standard error, if that is a terminal: fraction from 0 to 1, and a few words. */
typedef struct pm_progress {
    bool on;
    double begun, shown; /* s, monotonic clock */
} pm_progress;
pm_progress pm_progress_begin(bool quiet);
void pm_progress_show(pm_progress *progress, double fraction, const char *words);
void pm_progress_end(pm_progress *progress); /* clears the line */
double pm_seconds(void);                     /* monotonic clock, s */

#endif
