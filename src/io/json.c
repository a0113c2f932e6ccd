/* jansson ends each of these calls with an error where either value is NULL or memory runs out; what was built so far
 * is then dropped. Its writer goes on after some failures of its own buffer, so texts are gathered here. */
#include "io/json.h"

#include "base/list.h"

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

/* jansson says of a failed allocation whatever comes to its mind, errors of syntax included. A text that is wrong is
 * wrong twice, and then there is memory left. */
json_t *pm_json_load(FILE *file, json_error_t *problem, bool *starved) {
    enum { PROBE = 1 << 16 }; /* bytes: more than jansson needs at a time */
    json_t *value = NULL;
    *starved = false;
    for (int k = 0; !value && !*starved && k < 2; k++) {
        rewind(file);
        value = json_loadf(file, 0, problem);
        void *volatile probe = value ? NULL : malloc(PROBE);
        *starved = !value && !probe;
        free(probe);
    }
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
