/* Invariant: once `folder` is set, it exists, belongs to this process and holds only the files named in `names`. */
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_NAMES = 8, PATH_SIZE = 512 };
static char folder[PATH_SIZE];
static const char *names[MAX_NAMES];
static char path[2 * PATH_SIZE];

static void remove_folder(void) {
    for (size_t k = 0; k < MAX_NAMES && names[k]; k++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[k]);
        unlink(path);
    }
    rmdir(folder);
}

static void make_folder(void) {
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof folder, "%s/punctum-fuzz-XXXXXX", base);
    if (!mkdtemp(folder) || atexit(remove_folder) != 0)
        abort();
}

const char *pm_fuzz_file(const char *name, const void *data, size_t size) {
    if (!folder[0])
        make_folder();
    size_t k = 0;
    while (k < MAX_NAMES && names[k] && strcmp(names[k], name) != 0)
        k++;
    if (k == MAX_NAMES)
        abort();
    names[k] = name;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
    return path;
}

const char *pm_fuzz_text(const char *name, const char *text) { return pm_fuzz_file(name, text, strlen(text)); }
