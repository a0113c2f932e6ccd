/* Running the gnuplot scripts of scripts/. */
#ifndef PM_CLI_GNUPLOT_H
#define PM_CLI_GNUPLOT_H

#include <punctum/error.h>
#include <stdio.h>

/* One picture in the making: gnuplot, which reads variables and then a script. */
typedef struct pm_picture {
    FILE *gnuplot;
    char *scripts; /* folder of the scripts */
    const char *folder, *name;
} pm_picture;

/* Starts gnuplot for the pictures "folder/name.svg" and ".png". Errors: PM_FAILED. */
pm_status pm_picture_begin(pm_picture *picture, const char *folder, const char *name, pm_error *error);
/* Sets a variable of the script; the names are formatted with `index` (%zu) where they hold it. */
void pm_picture_number(pm_picture *picture, const char *variable, size_t index, double value);
void pm_picture_text(pm_picture *picture, const char *variable, size_t index, const char *text);
/* Runs the script and gives the pictures their names, which are printed. Errors: PM_FAILED. */
pm_status pm_picture_draw(pm_picture *picture, const char *script, pm_error *error);
/* Ends gnuplot without a picture. */
void pm_picture_abandon(pm_picture *picture);

#endif
