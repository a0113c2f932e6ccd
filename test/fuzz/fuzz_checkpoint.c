/* A checkpoint of a small run with some of its numbers replaced and its checksum put right: either it is refused with a
 * message, or the run goes on to an end. The first byte says from when it is, then five bytes make a change. */
#include "folder.h"

#include "io/checkpoint.h"
#include "support/crafted.inc"

#include <stdio.h>
#include <zlib.h>

static const uint64_t MARK = 1;
enum { TIMES = 4, CHANGE = 5 };

typedef struct file {
    unsigned char *bytes;
    size_t size;
} file;

/* What a checkpoint at that time looks like. */
static file written(const pm_network *network, double time) {
    file f = {0};
    pm_archive archive = crafted_archive(network, time);
    const char *path = pm_fuzz_text("checkpoint", "");
    const pm_part part = {archive.bytes, archive.size};
    pm_output output = {0};
    FILE *from = NULL;
    if (pm_output_open_path(&output, path, NULL) != PM_OK ||
        pm_checkpoint_write(&output, &pm_checkpoint_of_run, MARK, &part, 1, NULL) != PM_OK ||
        !(from = fopen(path, "rb")))
        abort();
    f.bytes = malloc(archive.size + 4096);
    f.size = f.bytes ? fread(f.bytes, 1, archive.size + 4096, from) : 0;
    if (f.size == 0 || fclose(from) != 0)
        abort();
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
    const size_t body = own.size - sizeof(uint32_t);
    for (size_t k = 1; k + CHANGE <= size; k += CHANGE)
        craft(own.bytes, body, (uint16_t)(data[k] << 8 | data[k + 1]), data[k + 2],
              (uint16_t)(data[k + 3] << 8 | data[k + 4]));
    const uint32_t sum = (uint32_t)crc32_z(0, own.bytes, body);
    memcpy(own.bytes + body, &sum, sizeof sum);
    const char *path = pm_fuzz_file("checkpoint", own.bytes, own.size);
    pm_checkpoint checkpoint;
    pm_error error = {0};
    pm_status status = pm_checkpoint_read(path, &pm_checkpoint_of_run, MARK, &checkpoint, &error);
    if (status == PM_OK && checkpoint.n_parts > 0) {
        pm_simulation *simulation = crafted_simulation(network);
        status = crafted_run(simulation, &(pm_archive){.bytes = checkpoint.parts, .size = checkpoint.sizes[0]}, &error);
        pm_simulation_free(simulation);
    }
    if (status == PM_NO_MEMORY || (status != PM_OK && error.message[0] == '\0'))
        abort();
    pm_checkpoint_free(&checkpoint);
    free(own.bytes);
    return 0;
}
