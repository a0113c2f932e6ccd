/* What comes with the program beside the program itself. It is found from where the program lies, so that a source tree
 * and an installation can be moved. */
#define _GNU_SOURCE
#include "cli/command.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

char *pm_shared_folder(const char *name, const char *file) {
    static const char *const places[] = {"..", "../..", "../share/punctum"}; /* build, build/VARIANT, bin */
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n < 0)
        return NULL;
    program[n] = '\0';
    const char *folder = dirname(program);
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        char *path = NULL, *real = NULL, *inside = NULL;
        if (asprintf(&path, "%s/%s/%s", folder, places[k], name) < 0)
            return NULL;
        real = realpath(path, NULL);
        free(path);
        const bool there = real && asprintf(&inside, "%s/%s", real, file) >= 0 && access(inside, R_OK) == 0;
        free(inside);
        if (there)
            return real;
        free(real);
    }
    return NULL;
}

void pm_print_samples(FILE *to) {
    char *folder = pm_shared_folder("data", "demo/network.yaml");
    if (folder)
        fprintf(to, "\nNetworks and experiments to begin with are in\n  %s\n", folder);
    free(folder);
}
