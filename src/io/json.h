/* JSON values built up piece by piece. A value that is NULL for want of memory makes every value that it is put into
 * NULL, so that it is enough to look at the outermost one; nothing can be lost without a word. Each call takes over
 * the value that it is given. */
#ifndef PM_IO_JSON_H
#define PM_IO_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

void pm_json_set(json_t **map, const char *key, json_t *value);
void pm_json_append(json_t **list, json_t *value);
/* Sets all keys of `more`. */
void pm_json_update(json_t **map, json_t *more);

/* The value in a file. NULL after an error: *starved says that there was no memory; otherwise the text is at fault, and
 * *problem says why. To be called while no other thread uses jansson. */
json_t *pm_json_load(FILE *file, json_error_t *problem, bool *starved);

/* The text of a value, numbers with 17 digits, freed with free(); `flags` as for json_dumps(). NULL when there is no
 * memory, or no value. */
char *pm_json_text(const json_t *value, size_t flags);

#endif
