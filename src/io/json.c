/* jansson ends each of these calls with an error where either value is NULL or memory runs out; what was built so far
 * is then dropped. Its writer goes on after some failures of its own buffer, so texts are gathered here. */
#include "io/json.h"

#include "base/list.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

static void keep_or_drop(json_t **whole, int failed) {
    if (failed) {
        json_decref(*whole);
        *whole = NULL;
    }
}

void pm_json_set(json_t **map, const char *key, json_t *value) {
    keep_or_drop(map, json_object_set_new(*map, key, value));
}

void pm_json_append(json_t **list, json_t *value) { keep_or_drop(list, json_array_append_new(*list, value)); }

void pm_json_update(json_t **map, json_t *more) { keep_or_drop(map, json_object_update_new(*map, more)); }

static jmp_buf starving;

static void *take_or_jump(size_t size) {
    void *taken = malloc(size);
    if (!taken)
        longjmp(starving, 1);
    return taken;
}

/* jansson's reader takes a failed allocation for an error of syntax, or ends the process; it is left before. What it
 * holds then is lost, on the way to the end of the program. */
json_t *pm_json_load(FILE *file, json_error_t *problem, bool *starved) {
    json_t *volatile value = NULL;
    json_malloc_t take = NULL;
    json_free_t give = NULL;
    *starved = false;
    json_get_alloc_funcs(&take, &give);
    json_set_alloc_funcs(take_or_jump, give);
    if (setjmp(starving) == 0)
        value = json_loadf(file, 0, problem);
    else
        *starved = true;
    json_set_alloc_funcs(take, give);
    return value;
}

typedef struct text {
    PM_LIST(char) all;
    bool failed;
} text;

static int add(const char *piece, size_t size, void *user) {
    text *t = user;
    t->failed = t->failed || !PM_LIST_RESERVE(t->all, t->all.count + size + 1);
    if (t->failed)
        return -1;
    memcpy(t->all.items + t->all.count, piece, size);
    t->all.count += size;
    t->all.items[t->all.count] = '\0';
    return 0;
}

char *pm_json_text(const json_t *value, size_t flags) {
    text t = {.failed = false};
    if (value && json_dump_callback(value, add, &t, flags | JSON_REAL_PRECISION(17)) == 0 && !t.failed)
        return t.all.items;
    free(t.all.items);
    return NULL;
}
