/* Running the gnuplot scripts of scripts/. */
#ifndef PM_CLI_GNUPLOT_H
#define PM_CLI_GNUPLOT_H

#include "cli/command.h"

#include <punctum/error.h>
#include <stdio.h>
#include <sys/types.h>

/* One picture in the making: gnuplot, which reads variables and then a script. */
typedef struct pm_picture {
    FILE *gnuplot;
    pid_t child;
    char stage[512]; /* a temporary folder, in which gnuplot runs; empty: none yet */
    char *folder, *name;
    size_t n_files; /* in the stage */
    pm_progress progress;
} pm_picture;

/* Starts gnuplot for the pictures "folder/name.svg" and ".png"; the folder is made if need be. Errors: PM_INVALID where
 * it cannot be written, PM_FAILED. After an error there is nothing to release. */
pm_status pm_picture_begin(pm_picture *picture, const char *folder, const char *name, pm_error *error);
/* Sets a variable of the script, "variable_index", or "variable" where the index is 0. A text is shown as it is. */
void pm_picture_number(pm_picture *picture, const char *variable, size_t index, double value);
void pm_picture_text(pm_picture *picture, const char *variable, size_t index, const char *text);
/* Gives the script a file of the user's, whatever its name. Errors: PM_FAILED. */
pm_status pm_picture_file(pm_picture *picture, const char *variable, size_t index, const char *path, pm_error *error);
/* Gives the script a file that the caller writes and ends with pm_picture_data_end(). Errors: PM_FAILED. */
pm_status pm_picture_data(pm_picture *picture, const char *variable, size_t index, FILE **data, pm_error *error);
pm_status pm_picture_data_end(FILE *data, pm_error *error);
/* A sign of life on a terminal. Errors: PM_STOPPED after an interrupt. */
pm_status pm_picture_tell(pm_picture *picture, double fraction, const char *words, pm_error *error);
/* Runs the script and gives the pictures their names, which are printed; where what was `prepared` has failed, ends
 * gnuplot without a picture and returns that. Errors: PM_FAILED, PM_STOPPED. */
pm_status pm_picture_draw(pm_picture *picture, pm_status prepared, const char *script, pm_error *error);
/* Ends gnuplot without a picture. */
void pm_picture_abandon(pm_picture *picture);

/* For pm_watch_signals(): ends a gnuplot that is drawing. */
void pm_picture_stop(int signal_number);

#endif
