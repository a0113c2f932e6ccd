/* A checkpoint of a small run with some of its numbers replaced and its checksum put right: either it is refused with a
 * message, or the run goes on to an end. The first byte says from when it is, then five bytes make a change. */
#include "folder.h"

#include "io/checkpoint.h"
#include "net/mark.h"
#include "support/crafted.inc"

#include <stdio.h>

static const uint64_t MARK = 1;
enum { TIMES = 4, CHANGE = 5 };

typedef struct file {
    unsigned char *bytes;
    size_t size;
} file;

static char *folder_of(const char *path) {
    char *folder = strdup(path);
    if (!folder)
        abort();
    *strrchr(folder, '/') = '\0';
    return folder;
}

/* What a checkpoint at that time looks like. */
static file written(const pm_network *network, double time) {
    file f = {0};
    pm_archive archive = crafted_archive(network, time);
    const char *path = pm_fuzz_text("checkpoint", "");
    char *folder = folder_of(path);
    FILE *from = NULL;
    if (pm_checkpoint_write(folder, MARK, 1, &archive.size, archive.bytes, NULL) != PM_OK || !(from = fopen(path, "rb")))
        abort();
    f.bytes = malloc(archive.size + 4096);
    f.size = f.bytes ? fread(f.bytes, 1, archive.size + 4096, from) : 0;
    if (f.size == 0 || fclose(from) != 0)
        abort();
    free(folder);
    free(archive.bytes);
    return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const double times[TIMES] = {0.0, 5.0, 8.3, 16.0};
    static file files[TIMES];
    static pm_network *network;
    if (size < 1 + CHANGE)
        return 0;
    if (!network)
        network = crafted_network(false);
    file *f = &files[data[0] % TIMES];
    if (!f->bytes)
        *f = written(network, times[data[0] % TIMES]);
    file own = {malloc(f->size), f->size};
    if (!own.bytes)
        abort();
    memcpy(own.bytes, f->bytes, f->size);
    const size_t body = own.size - sizeof(uint64_t);
    for (size_t k = 1; k + CHANGE <= size; k += CHANGE)
        craft(own.bytes, body, (uint16_t)(data[k] << 8 | data[k + 1]), data[k + 2],
              (uint16_t)(data[k + 3] << 8 | data[k + 4]));
    const uint64_t sum = pm_hash(PM_HASH_START, own.bytes, body);
    memcpy(own.bytes + body, &sum, sizeof sum);
    char *folder = folder_of(pm_fuzz_file("checkpoint", own.bytes, own.size));
    pm_checkpoint checkpoint = {0};
    pm_error error = {0};
    bool found = false;
    pm_status status = pm_checkpoint_read(folder, MARK, &checkpoint, &found, &error);
    if (status == PM_OK && found && checkpoint.ranks > 0) {
        pm_simulation *simulation = crafted_simulation(network);
        status = crafted_run(simulation, &(pm_archive){.bytes = checkpoint.parts, .size = checkpoint.sizes[0]}, &error);
        pm_simulation_free(simulation);
    }
    if (status == PM_NO_MEMORY || (status != PM_OK && error.message[0] == '\0'))
        abort();
    pm_checkpoint_free(&checkpoint);
    free(folder);
    free(own.bytes);
    return 0;
}
