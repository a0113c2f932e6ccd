/* punctum camera: pictures become SYNTHETIC recordings of an event camera, one file each. A recording depends on its
 * picture and the options alone, and its file appears whole, so that nothing that is stopped leaves a broken set. */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/options.h"

#include "io/event_file.h"
#include "io/idx.h"
#include "io/nmnist.h"
#include "io/output.h"
#include "io/results.h"
#include "data/camera.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PIECE = 64 }; /* pictures between looks around */

typedef struct options {
    const char *images, *labels, *folder;
    int count; /* 0: all */
    bool quiet;
    pm_camera camera;
} options;

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

static pm_status write_readme(const options *o, size_t n, pm_error *error) {
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
        status = pm_output_write(&out, error, "| %s | %.15g %s | %s |\n", p->name, pm_field_value(p, &o->camera),
                                 p->unit, p->help);
    }
    return pm_output_close(&out, status, error);
}

static pm_status make_folders(const options *o, const pm_dataset *data, pm_error *error) {
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

static pm_status record_one(const options *o, const pm_dataset *data, size_t k, pm_pixel_events *events,
                            pm_error *error) {
    char name[32], *path = NULL;
    snprintf(name, sizeof name, "%05zu.bin", k + 1);
    pm_status status =
        pm_camera_record(&o->camera, data->bytes + k * data->n_features, data->width, data->height, events, error);
    if (!status && events->n == 0)
        status = pm_fail(error, PM_INVALID, "%s: picture %zu makes no event: it is blank, or --threshold is too large",
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
static void record_some(const options *o, const pm_dataset *data, size_t begin, size_t end, outcome *all) {
#pragma omp parallel
    {
        outcome own = {0};
        pm_pixel_events events = {0};
#pragma omp for schedule(dynamic, 1)
        for (size_t k = begin; k < end; k++) {
            if (own.status || pm_interrupted)
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

static pm_status record_all(const options *o, const pm_dataset *data, pm_error *error) {
    outcome all = {0};
    pm_progress progress = pm_progress_begin(o->quiet);
    double begun = pm_seconds();
    for (size_t k = 0; !all.status && !pm_interrupted && k < data->n; k += PIECE) {
        char words[96];
        record_some(o, data, k, k + PIECE < data->n ? k + PIECE : data->n, &all);
        snprintf(words, sizeof words, "%zu of %zu pictures, %.0f events each", all.done, data->n,
                 (double)all.events / (double)(all.done ? all.done : 1));
        pm_progress_show(&progress, (double)all.done / (double)data->n, words);
    }
    pm_progress_end(&progress);
    if (all.status)
        return *error = all.error, all.status;
    if (pm_interrupted && all.done < data->n)
        return pm_fail(error, PM_STOPPED, "stopped after %zu of %zu pictures; the recordings so far are whole",
                       all.done, data->n);
    if (!o->quiet)
        printf("%zu synthetic recordings, %.0f events each, in %.3g s; %s\n", all.done,
               (double)all.events / (double)all.done, pm_seconds() - begun, o->folder);
    return PM_OK;
}

static pm_status film(const options *o, pm_error *error) {
    enum { FIVE_DIGITS = 99999 }; /* of the names of recordings */
    const size_t count = (size_t)o->count;
    const pm_idx_wanted wanted = {.n_classes = PM_NMNIST_CLASSES,
                                  .most = count > 0 ? count : SIZE_MAX,
                                  .side = PM_CAMERA_SIDE,
                                  .limit = FIVE_DIGITS};
    pm_dataset data = {0};
    pm_results *results = NULL;
    pm_status status = pm_kind_check(&pm_camera_kind, &o->camera, error);
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
        status = record_all(o, &data, error);
    pm_results_close(results, false);
    pm_dataset_free(&data);
    return status;
}

/* --- the call ----------------------------------------------------------------------------------------------------- */

enum { OWN = 6, MOST_PARAMETERS = 16 }; /* options beside the parameters of the camera; room for these */

static const char whose[] = "of which pictures? Give --images FILE and --labels FILE";
static const pm_option own[OWN] = {
    {PM_OPTION_TEXT, "images", 'i', "FILE", "IDX file of pictures, plain or gzip", .target = offsetof(options, images),
     .question = whose},
    {PM_OPTION_TEXT, "labels", 'l', "FILE", "IDX file of their labels", .target = offsetof(options, labels),
     .question = whose},
    {PM_OPTION_TEXT, "output", 'o', "DIR", "folder for the recordings: DIR/DIGIT/NUMBER.bin",
     .target = offsetof(options, folder), .question = "where to? Give the folder with -o DIR"},
    {PM_OPTION_COUNT, "count", 'n', "N", "the first N pictures only", .target = offsetof(options, count), .least = 1.0,
     .most = 1e9},
    {PM_OPTION_FLAG, "quiet", 'q', NULL, "no progress bar, no closing line", .target = offsetof(options, quiet)},
    {PM_OPTION_HEADING, .help = "The camera:"},
};

/* One option per parameter of the camera; `help` holds the texts while the options are in use. */
static void list_parameters(pm_option *list, char help[][160]) {
    for (size_t k = 0; k < pm_camera_kind.n_fields && k < MOST_PARAMETERS; k++) {
        const pm_field *p = &pm_camera_kind.fields[k];
        snprintf(help[k], sizeof help[k], "%s (default %g%s%s)", p->help, p->preset, p->unit[0] ? " " : "", p->unit);
        list[k] =
            (pm_option){PM_OPTION_NUMBER, p->name,    0, "X", help[k], .target = offsetof(options, camera) + p->offset,
                        .least = 0.0,     .most = 1e9};
    }
}

static int run(int argc, char **argv) {
    pm_option list[OWN + MOST_PARAMETERS + 1] = {0};
    char help[MOST_PARAMETERS][160];
    memcpy(list, own, sizeof own);
    list_parameters(list + OWN, help);
    const pm_call call = {
        "camera",
        "Make SYNTHETIC recordings of an event camera, in the file format of N-MNIST.",
        NULL,
        list,
        "A model of an event camera (34 x 34 pixels) looks at each picture in three saccades. The recordings are "
        "synthetic: they are not the N-MNIST data set, which was recorded with a real sensor. DIR/README.md says so "
        "too. They depend on the pictures and the options alone.",
        (const char *const[]){"punctum camera -i train-images.gz -l train-labels.gz --count 1000 -o Train", NULL},
        NULL};
    options o = {.camera = pm_camera_default()};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    pm_watch_signals(NULL);
    return film(&o, &error) ? pm_complain(&error) : 0;
}

const pm_command pm_command_camera = {"camera", "make synthetic recordings of an event camera from pictures", run};
