/* punctum camera: what is seen of it on the terminal. */
#include "cli/command.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

typedef struct options {
    const char *images, *labels, *folder;
    int count; /* 0: all */
    bool quiet;
    pm_camera camera;
} options;

static double events_each(const pm_film *f) { return (double)f->events / (double)(f->done ? f->done : 1); }

static void show(void *user, const pm_film *f) {
    char words[96];
    snprintf(words, sizeof words, "%zu of %zu pictures, %.0f events each", f->done, f->pictures, events_each(f));
    pm_progress_show(user, (double)f->done / (double)f->pictures, words);
}

static pm_status film(const options *o, pm_error *error) {
    const double begun = pm_seconds();
    pm_progress progress = pm_progress_begin(o->quiet);
    const pm_camera_film_options how = {.camera = &o->camera,
                                        .images = o->images,
                                        .labels = o->labels,
                                        .folder = o->folder,
                                        .count = (size_t)o->count,
                                        .stop = &pm_interrupted,
                                        .progress = show,
                                        .user = &progress};
    pm_film made;
    pm_status status = pm_camera_film(&how, &made, error);
    pm_progress_end(&progress);
    if (!status && !o->quiet)
        printf("%zu synthetic recordings, %.0f events each, in %.3g s; %s\n", made.done, events_each(&made),
               pm_seconds() - begun, o->folder);
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
    const pm_kind *kind = pm_category_find("camera")->kinds[0];
    for (size_t k = 0; k < kind->n_fields && k < MOST_PARAMETERS; k++) {
        const pm_field *p = pm_kind_field_at(kind, k);
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
