/* The names of all recordings are collected and sorted before the first one is read, so that the order of a data set
 * does not depend on the file system. Memory grows with the events that are kept. */
#define _GNU_SOURCE
#include "io/nmnist.h"

#include "base/list.h"
#include "io/event_file.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FEATURES = 2 * PM_CAMERA_PIXELS };

typedef struct recording {
    char *name; /* of the file */
    uint8_t label;
} recording;

typedef struct collection {
    const char *folder;
    recording *list;
    size_t n, capacity;
} collection;

/* --- names -------------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    const recording *first = a, *second = b;
    size_t n = strlen(first->name), m = strlen(second->name);
    if (n != m)
        return n < m ? -1 : 1;
    int order = strcmp(first->name, second->name);
    return order ? order : (int)first->label - (int)second->label;
}

static pm_status add(collection *c, const char *name, uint8_t label, pm_error *error) {
    char *copy = NULL;
    if (!pm_list_reserve((void **)&c->list, &c->capacity, c->n + 1, sizeof *c->list) || !(copy = strdup(name)))
        return pm_fail_memory(error, "names of recordings");
    c->list[c->n++] = (recording){.name = copy, .label = label};
    return PM_OK;
}

static pm_status open_folder(const char *path, DIR **folder, pm_error *error) {
    *folder = opendir(path);
    if (*folder)
        return PM_OK;
    if (errno == ENOENT || errno == ENOTDIR)
        return pm_fail(error, PM_INVALID, "%s: %s", path,
                       errno == ENOENT ? "there is no such folder"
                                       : "this is a file; a folder with a folder of event files per digit is wanted");
    return pm_file_refuse(path, errno, error);
}

static bool ends_with_bin(const char *name) {
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".bin") == 0;
}

/* The recordings of one digit. */
static pm_status collect_digit(collection *c, uint8_t label, pm_error *error) {
    char *path = NULL;
    DIR *folder = NULL;
    size_t before = c->n;
    if (asprintf(&path, "%s/%u", c->folder, label) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = open_folder(path, &folder, error);
    for (struct dirent *e; !status && (e = readdir(folder));) {
        if (e->d_name[0] == '.') /* hidden files, half-written ones too */
            continue;
        status = ends_with_bin(e->d_name)
                     ? add(c, e->d_name, label, error)
                     : pm_fail(error, PM_INVALID, "%s/%s: this is no event file; their names end with .bin", path,
                               e->d_name);
    }
    if (!status && c->n == before)
        status = pm_fail(error, PM_INVALID, "%s: the folder holds no event files", path);
    if (folder)
        (void)closedir(folder);
    free(path);
    return status;
}

/* Whether an entry of the folder is one of the digits; files beside them are of no interest. */
static pm_status classify(const collection *c, const char *name, bool *digit, pm_error *error) {
    char *path = NULL;
    struct stat found;
    *digit = false;
    if (asprintf(&path, "%s/%s", c->folder, name) < 0)
        return pm_fail_memory(error, "a path");
    pm_status status = PM_OK;
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
        *digit = name[0] >= '0' && name[0] <= '9' && name[1] == '\0';
        if (!*digit)
            status = pm_fail(error, PM_INVALID, "%s: a folder of recordings is named after its digit, 0 to 9", path);
    }
    free(path);
    return status;
}

static pm_status collect(collection *c, pm_error *error) {
    DIR *folder = NULL;
    bool found[PM_NMNIST_CLASSES] = {false};
    pm_status status = open_folder(c->folder, &folder, error);
    for (struct dirent *e; !status && (e = readdir(folder));) {
        bool digit = false;
        if (e->d_name[0] != '.')
            status = classify(c, e->d_name, &digit, error);
        if (digit)
            found[e->d_name[0] - '0'] = true;
    }
    if (folder)
        (void)closedir(folder);
    for (uint8_t k = 0; !status && k < PM_NMNIST_CLASSES; k++)
        if (found[k])
            status = collect_digit(c, k, error);
    if (!status && c->n == 0)
        status = pm_fail(error, PM_INVALID, "%s: there are no folders 0 to 9 with recordings in it", c->folder);
    if (c->n > 1)
        qsort(c->list, c->n, sizeof *c->list, compare);
    return status;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

typedef struct reading {
    const pm_nmnist_part *part;
    pm_dataset *data;
    size_t capacity; /* of the events */
    pm_pixel_events events;
} reading;

/* Room for n more events. */
static bool reserve(reading *r, uint64_t used, size_t n) {
    size_t stamps = r->capacity;
    return pm_list_reserve((void **)&r->data->stamp, &stamps, used + n, sizeof *r->data->stamp) &&
           pm_list_reserve((void **)&r->data->feature, &r->capacity, used + n, sizeof *r->data->feature);
}

/* Puts what is wanted of a recording's events, which are in order, behind those of the data set. */
static pm_status keep(reading *r, size_t example, pm_error *error) {
    pm_dataset *data = r->data;
    uint32_t count[FEATURES] = {0};
    uint64_t at = data->first[example];
    double from = pm_microseconds(r->part->from), to = pm_microseconds(r->part->to); /* us */
    data->before = from - floor(from);
    if (!reserve(r, at, r->events.n))
        return pm_fail_memory(error, "events");
    for (size_t k = 0; k < r->events.n; k++) {
        const pm_pixel_event *e = &r->events.list[k];
        uint16_t feature = (uint16_t)(e->on * PM_CAMERA_PIXELS + e->y * PM_CAMERA_SIDE + e->x);
        if (e->time < from || e->time >= to || (r->part->most_events && count[feature] >= r->part->most_events))
            continue;
        count[feature]++;
        data->stamp[at] = e->time - (uint32_t)from;
        data->feature[at++] = feature;
    }
    data->first[example + 1] = at;
    return PM_OK;
}

static pm_status read_all(reading *r, const collection *c, pm_error *error) {
    pm_dataset *data = r->data;
    data->n = c->n < r->part->most ? c->n : r->part->most;
    data->first = calloc(data->n + 1, sizeof *data->first);
    data->label = malloc(data->n + 1);
    if (!data->first || !data->label)
        return pm_fail_memory(error, "recordings");
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < data->n; k++) {
        char *path = NULL;
        data->label[k] = c->list[k].label;
        if (asprintf(&path, "%s/%u/%s", c->folder, c->list[k].label, c->list[k].name) < 0)
            return pm_fail_memory(error, "a path");
        status = pm_event_file_read(path, &r->events, error);
        if (!status)
            status = keep(r, k, error);
        free(path);
    }
    if (!status && data->n > 0 && data->first[data->n] == 0)
        status = pm_fail(error, PM_INVALID, "%s: no recording has an event from %g to %g ms", c->folder, r->part->from,
                         r->part->to);
    return status;
}

pm_status pm_nmnist_read(const char *folder, const pm_nmnist_part *part, pm_dataset *data, pm_error *error) {
    *data = (pm_dataset){.n_features = FEATURES,
                         .n_classes = PM_NMNIST_CLASSES,
                         .width = PM_CAMERA_SIDE,
                         .height = (size_t)2 * PM_CAMERA_SIDE};
    collection c = {.folder = folder};
    reading r = {.part = part, .data = data};
    pm_status status = collect(&c, error);
    if (!status)
        status = read_all(&r, &c, error);
    for (size_t k = 0; k < c.n; k++)
        free(c.list[k].name);
    free(c.list);
    pm_pixel_events_free(&r.events);
    if (status)
        pm_dataset_free(data);
    return status;
}
