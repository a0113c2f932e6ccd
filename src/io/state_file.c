/* A state in a file: a head, the state, and a checksum of all that precedes it. */
#include "io/file.h"
#include "io/output.h"
#include "net/mark.h"

#include <punctum/punctum.h>
#include <punctum/state.h>
#include <stdlib.h>
#include <string.h>

typedef struct head {
    char magic[8], version[24];
} head;

enum { WORD = sizeof(uint64_t) };
static const head HEAD = {"PMSTATE", PM_VERSION};

pm_status pm_simulation_save_file(pm_simulation *simulation, const char *path, pm_error *error) {
    void *bytes = NULL;
    size_t size = 0;
    pm_output output = {0};
    pm_status status = pm_simulation_save(simulation, &bytes, &size, error);
    if (status)
        return status;
    const uint64_t sum = pm_hash(pm_hash(PM_HASH_START, &HEAD, sizeof HEAD), bytes, size);
    status = pm_output_open_path(&output, path, error);
    if (!status)
        status = pm_output_bytes(&output, &HEAD, sizeof HEAD, error);
    if (!status)
        status = pm_output_bytes(&output, bytes, size, error);
    if (!status)
        status = pm_output_bytes(&output, &sum, WORD, error);
    free(bytes);
    return pm_output_close(&output, status, error);
}

/* Whether the bytes of a file are a state that this version wrote, all of it. */
static pm_status check(const char *path, const unsigned char *bytes, size_t size, pm_error *error) {
    head found;
    uint64_t sum = 0;
    if (size < sizeof found + WORD || memcmp(bytes, HEAD.magic, sizeof HEAD.magic) != 0)
        return pm_fail(error, PM_INVALID, "%s: this is no state of a simulation", path);
    memcpy(&found, bytes, sizeof found);
    if (memcmp(found.version, HEAD.version, sizeof HEAD.version) != 0)
        return pm_fail(error, PM_INVALID, "%s: the state was written by another version, %.24s", path, found.version);
    memcpy(&sum, bytes + size - WORD, WORD);
    if (sum != pm_hash(PM_HASH_START, bytes, size - WORD))
        return pm_fail(error, PM_INVALID, "%s: the state is cut short or damaged", path);
    return PM_OK;
}

pm_status pm_simulation_restore_file(pm_simulation *simulation, const char *path, pm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    pm_status status = pm_file_read(path, &bytes, &size, error);
    if (!status)
        status = check(path, bytes, size, error);
    if (!status)
        status = pm_simulation_restore(simulation, bytes + sizeof HEAD, size - sizeof HEAD - WORD, error);
    free(bytes);
    return status;
}
