/* Pictures become SYNTHETIC recordings of an event camera, one file each. A recording depends on its picture and the
 * camera alone, and its file appears whole, so that nothing that is stopped leaves a broken set. */
#define _GNU_SOURCE
#include "base/sized.h"
#include "data/camera.h"
#include "io/event_file.h"
#include "io/idx.h"
#include "io/nmnist.h"
#include "io/output.h"
#include "io/results.h"

#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PIECE = 64 }; /* pictures between looks around */

static bool stopped(const pm_camera_film_options *o) { return o->stop && *o->stop; }

/* --- the folder --------------------------------------------------------------------------------------------------- */

static pm_status digit_folder(const char *folder, unsigned label, char **path, pm_error *error) {
    return asprintf(path, "%s/%u", folder, label) < 0 ? (*path = NULL, pm_fail_memory(error, "a path")) : PM_OK;
}

/* Recordings of another run would mix with those of this one. */
static pm_status check_folder(const char *folder, pm_error *error) {
    pm_status status = PM_OK;
    for (unsigned k = 0; !status && k < PM_NMNIST_CLASSES; k++) {
        char *path = NULL;
        struct stat found;
        status = digit_folder(folder, k, &path, error);
        if (!status && stat(path, &found) == 0)
            status =
                pm_fail(error, PM_INVALID, "%s: there are recordings already; give a new folder, or remove them", path);
        free(path);
    }
    return status;
}

static pm_status write_readme(const pm_camera_film_options *o, size_t n, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open(&out, o->folder, "README.md", error);
    if (!status)
        status = pm_output_write(
            &out, error,
            "# SYNTHETIC event recordings\n\n"
            "These files were computed by `punctum camera` (punctum %s), a model of an event camera that looks at "
            "pictures in three\nsaccades. They are NOT the N-MNIST data set of Orchard et al. (2015), which was "
            "recorded "
            "with a real sensor; they only\nshare its file format, and results on them are no results on N-MNIST.\n\n"
            "Pictures: the first %zu of `%s`; labels: `%s`.\nA file `<digit>/<number>.bin` per picture, numbered from "
            "1 "
            "in the order of the pictures.\n\n"
            "| parameter | value | |\n|---|---|---|\n",
            PM_VERSION, n, o->images, o->labels);
    for (size_t k = 0; !status && k < pm_camera_kind.n_fields; k++) {
        const pm_field *p = &pm_camera_kind.fields[k];
        status = pm_output_write(&out, error, "| %s | %.15g %s | %s |\n", p->name, pm_field_value(p, o->camera),
                                 p->unit, p->help);
    }
    return pm_output_close(&out, status, error);
}

static pm_status make_folders(const pm_camera_film_options *o, const pm_dataset *data, pm_error *error) {
    bool made[PM_NMNIST_CLASSES] = {false};
    pm_status status = write_readme(o, data->n, error);
    for (size_t k = 0; !status && k < data->n; k++) {
        char *path = NULL;
        if (made[data->label[k]])
            continue;
        made[data->label[k]] = true;
        status = digit_folder(o->folder, data->label[k], &path, error);
        if (!status)
            status = pm_folder_make(path, error);
        free(path);
    }
    return status;
}

/* --- recordings --------------------------------------------------------------------------------------------------- */

static pm_status record_one(const pm_camera_film_options *o, const pm_dataset *data, size_t k, pm_pixel_events *events,
                            pm_error *error) {
    char name[32], *path = NULL;
    snprintf(name, sizeof name, "%05zu.bin", k + 1);
    pm_status status =
        pm_camera_record(o->camera, data->bytes + k * data->n_features, data->width, data->height, events, error);
    if (!status && events->n == 0)
        status =
            pm_fail(error, PM_INVALID, "%s: picture %zu makes no event: it is blank, or the threshold is too large",
                    o->images, k + 1);
    if (!status)
        status = digit_folder(o->folder, data->label[k], &path, error);
    if (!status)
        status = pm_event_file_write(path, name, events, error);
    free(path);
    return status;
}

typedef struct outcome {
    size_t done;
    uint64_t events;
    size_t failed; /* the first picture that did, if one did */
    pm_status status;
    pm_error error;
} outcome;

/* Pictures begin to end - 1. They are handed out in order, so that the first one that fails is always among those that
 * were tried. */
static void record_some(const pm_camera_film_options *o, const pm_dataset *data, size_t begin, size_t end,
                        outcome *all) {
#pragma omp parallel
    {
        outcome own = {0};
        pm_pixel_events events = {0};
#pragma omp for schedule(dynamic, 1)
        for (size_t k = begin; k < end; k++) {
            if (own.status || stopped(o))
                continue;
            own.status = record_one(o, data, k, &events, &own.error);
            own.failed = k;
            own.done += !own.status;
            own.events += own.status ? 0 : events.n;
        }
        pm_pixel_events_free(&events);
#pragma omp critical
        {
            all->done += own.done;
            all->events += own.events;
            if (own.status && (!all->status || own.failed < all->failed)) {
                all->failed = own.failed;
                all->status = own.status;
                all->error = own.error;
            }
        }
    }
}

static pm_status record_all(const pm_camera_film_options *o, const pm_dataset *data, pm_film *film, pm_error *error) {
    outcome all = {0};
    film->pictures = data->n;
    for (size_t k = 0; !all.status && !stopped(o) && k < data->n; k += PIECE) {
        record_some(o, data, k, k + PIECE < data->n ? k + PIECE : data->n, &all);
        film->done = all.done;
        film->events = all.events;
        if (o->progress)
            o->progress(o->user, film);
    }
    if (all.status)
        return pm_fail(error, all.status, "%s", all.error.message);
    if (stopped(o) && all.done < data->n)
        return pm_fail(error, PM_STOPPED, "stopped after %zu of %zu pictures; the recordings so far are whole",
                       all.done, data->n);
    return PM_OK;
}

pm_status pm_camera_film(const pm_camera_film_options *given, pm_film *film, pm_error *error) {
    enum { FIVE_DIGITS = 99999 }; /* of the names of recordings */
    pm_camera_film_options own;
    const pm_camera_film_options *o = &own;
    *film = (pm_film){0};
    pm_status status = PM_SIZED_COPY(own, given, "a film", error);
    if (status)
        return status;
    const size_t count = o->count;
    const pm_idx_wanted wanted = {.n_classes = PM_NMNIST_CLASSES,
                                  .most = count > 0 ? count : SIZE_MAX,
                                  .side = PM_CAMERA_SIDE,
                                  .limit = FIVE_DIGITS};
    pm_dataset data = {0};
    pm_results *results = NULL;
    status = pm_kind_check(&pm_camera_kind, o->camera, error);
    if (!status)
        status = pm_idx_read(o->images, o->labels, &wanted, &data, error);
    if (!status && data.n < count)
        status = pm_fail(error, PM_INVALID, "%s: has %zu images; %zu are wanted", o->images, data.n, count);
    if (!status)
        status = pm_results_open(o->folder, NULL, true, &results, error);
    if (!status)
        status = check_folder(o->folder, error);
    if (!status)
        status = make_folders(o, &data, error);
    if (!status)
        status = record_all(o, &data, film, error);
    pm_results_close(results, false);
    pm_dataset_free(&data);
    return status;
}
