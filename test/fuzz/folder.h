/* A folder of its own for a fuzz target, since the parsers read files: files are written anew for each input, and the
 * folder goes when the process ends. */
#ifndef PM_FUZZ_FOLDER_H
#define PM_FUZZ_FOLDER_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry point. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes a file of that name and returns its path, valid until the next call. Aborts where that cannot be done. */
const char *pm_fuzz_file(const char *name, const void *data, size_t size);
const char *pm_fuzz_text(const char *name, const char *text);

#endif
