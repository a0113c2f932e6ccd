/* gnuplot gets its variables and the name of the script through a pipe, so that no path has to survive a shell. It
 * draws under temporary names; pictures that are complete are renamed. */
#define _GNU_SOURCE
#include "cli/gnuplot.h"

#include "cli/command.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *find_scripts(void) {
    const char *given = getenv("PUNCTUM_SCRIPTS");
    return given ? realpath(given, NULL) : pm_shared_folder("scripts", "raster.gp");
}

/* A name of gnuplot's, with the index if it has one: "file_3". */
static void assign(pm_picture *picture, const char *variable, size_t index) {
    if (index > 0)
        fprintf(picture->gnuplot, "%s_%zu = ", variable, index);
    else
        fprintf(picture->gnuplot, "%s = ", variable);
}

void pm_picture_number(pm_picture *picture, const char *variable, size_t index, double value) {
    assign(picture, variable, index);
    fprintf(picture->gnuplot, "%.17g\n", value);
}

/* Texts stand in single quotes, in which only the quote itself is special. */
static void quote(FILE *to, const char *text) {
    (void)fputc('\'', to);
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            (void)fputc('\'', to);
        (void)fputc(*c == '\n' ? ' ' : *c, to);
    }
    (void)fputc('\'', to);
}

void pm_picture_text(pm_picture *picture, const char *variable, size_t index, const char *text) {
    assign(picture, variable, index);
    quote(picture->gnuplot, text);
    (void)fputc('\n', picture->gnuplot);
}

pm_status pm_picture_begin(pm_picture *picture, const char *folder, const char *name, pm_error *error) {
    *picture = (pm_picture){.folder = folder, .name = name, .scripts = find_scripts()};
    if (!picture->scripts)
        return pm_fail(error, PM_FAILED, "the gnuplot scripts were not found; set PUNCTUM_SCRIPTS to their folder");
    (void)signal(SIGPIPE, SIG_IGN); /* a gnuplot that is missing shows in its exit status */
    picture->gnuplot = popen("gnuplot", "w");
    if (!picture->gnuplot) {
        free(picture->scripts);
        return pm_fail(error, PM_FAILED, "gnuplot cannot be started: %s", strerror(errno));
    }
    char *output = NULL;
    if (asprintf(&output, "%s/.%s.partial", folder, name) >= 0) {
        pm_picture_text(picture, "output", 0, output);
        free(output);
    }
    pm_picture_text(picture, "scripts", 0, picture->scripts);
    return PM_OK;
}

static pm_status settle_name(const pm_picture *picture, const char *kind, bool good, pm_error *error) {
    char *partial = NULL, *path = NULL;
    pm_status status = PM_OK;
    if (asprintf(&partial, "%s/.%s.partial.%s", picture->folder, picture->name, kind) < 0 ||
        asprintf(&path, "%s/%s.%s", picture->folder, picture->name, kind) < 0)
        return pm_fail_memory(error, "a path");
    if (!good)
        (void)unlink(partial);
    else if (rename(partial, path) != 0)
        status = pm_fail(error, PM_FAILED, "%s: gnuplot did not draw it: %s", path, strerror(errno));
    else
        printf("%s\n", path);
    free(partial);
    free(path);
    return status;
}

void pm_picture_abandon(pm_picture *picture) {
    (void)pclose(picture->gnuplot);
    free(picture->scripts);
}

pm_status pm_picture_draw(pm_picture *picture, const char *script, pm_error *error) {
    fprintf(picture->gnuplot, "load scripts.'/%s'\n", script);
    int result = pclose(picture->gnuplot);
    free(picture->scripts);
    bool good = result == 0;
    pm_status status = settle_name(picture, "svg", good, error);
    if (!status)
        status = settle_name(picture, "png", good, error);
    if (good)
        return status;
    if (WIFEXITED(result) && WEXITSTATUS(result) == 127)
        return pm_fail(error, PM_FAILED, "gnuplot is not installed (Debian package gnuplot-nox)");
    return pm_fail(error, PM_FAILED, "%s/%s: gnuplot failed (its message stands above)", picture->folder,
                   picture->name);
}
