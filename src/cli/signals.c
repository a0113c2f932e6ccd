/* Signals have two phases. Before a command has anything to lose, an interruption says so and ends the program by the
 * same signal, so that shells see what happened; nothing is on disk then. Once there is something to save, or a file
 * has been begun, the signal is only noted, and the command comes to a clean end by itself. */
#include "cli/command.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

volatile int pm_interrupted;

static void note_interruption(int signal_number) {
    (void)signal_number;
    pm_interrupted = 1;
}

/* The handler has been reset: the signal takes its course when it returns. */
static void end_program(int signal_number) {
    static const char message[] = "\npunctum: interrupted; nothing was written\n";
    ssize_t written = write(STDERR_FILENO, message, strlen(message));
    (void)written;
    (void)raise(signal_number);
}

static void handle(void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

void pm_begin_signals(void) {
    handle(end_program, (int)SA_RESETHAND);
    (void)signal(SIGXFSZ, SIG_IGN);
}

void pm_quiet_signals(void) { handle(SIG_DFL, 0); }

void pm_watch_signals(void (*stop)(int)) { handle(stop ? stop : note_interruption, SA_RESTART); }
