/* Each pixel of the sensor is followed on its own through the whole recording. Its level, the logarithm of the
 * intensity it sees, is sampled and linear between samples, so that crossings of the threshold have closed forms.
 * Invariant: a pixel that is not refractory has a level less than a threshold away from its reference. */
#include "data/camera.h"
#include "base/sized.h"

#include "base/list.h"
#include "base/random.h"
#include "math/elementary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Thresholds have a bound because ever smaller ones make ever more events of nothing; time stamps have 23 bits of
 * microseconds for three saccades. */
static const pm_field fields[] = {
    {"threshold", "", "change of the logarithm of the intensity that makes an event", offsetof(pm_camera, threshold),
     0.3, .bounds = {1e-3, INFINITY, PM_CLOSED}},
    {"dark", "", "added to the intensities, which are 0 to 1, before the logarithm", offsetof(pm_camera, dark), 0.1,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
    {"refractory", "ms", "how long a pixel rests after an event", offsetof(pm_camera, refractory), 2.0,
     .bounds = {0.0, INFINITY, PM_CLOSED}},
    {"saccade", "ms", "duration of each of the three saccades", offsetof(pm_camera, saccade), 100.0,
     .bounds = {0.0, 2700.0, PM_LOW_OPEN}},
    {"amplitude", "pixels", "half the width of the triangle of saccades", offsetof(pm_camera, amplitude), 3.0,
     .bounds = {0.0, PM_CAMERA_SIDE, PM_LOW_OPEN}},
    {"step", "ms", "time between samples of the intensity", offsetof(pm_camera, step), 1.0,
     .bounds = {0.0, INFINITY, PM_LOW_OPEN}},
};

/* A recording is cut into no more than a million steps a saccade. */
static pm_status check(const void *structure, pm_error *error) {
    enum { MOST_STEPS = 1000000 };
    const pm_camera *c = structure;
    if (c->step <= c->saccade && c->saccade / c->step <= MOST_STEPS)
        return PM_OK;
    return pm_fail_key(error, "step", "step is %g ms; it must be from a millionth of a saccade to one", c->step);
}

const pm_kind pm_camera_kind = {.name = "camera",
                                .help = "an event camera that looks at a picture in three saccades",
                                .source = "after G. Orchard, A. Jayawant, G. K. Cohen and N. Thakor, Frontiers in "
                                          "Neuroscience 9:437, 2015",
                                .fields = fields,
                                .n_fields = sizeof fields / sizeof *fields,
                                .size = sizeof(pm_camera),
                                .check = check};

pm_camera pm_camera_default(void) {
    pm_camera camera = {.size = sizeof camera};
    pm_kind_preset(&pm_camera_kind, &camera);
    return camera;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

void pm_pixel_events_free(pm_pixel_events *events) {
    free(events->list);
    *events = (pm_pixel_events){0};
}

pm_status pm_pixel_events_append(pm_pixel_events *events, pm_pixel_event event, pm_error *error) {
    if (!pm_list_reserve((void **)&events->list, &events->capacity, events->n + 1, sizeof event))
        return pm_fail_memory(error, "events");
    events->list[events->n++] = event;
    return PM_OK;
}

/* Events that agree in time and pixel are of one polarity each way; OFF goes first, so that the order is complete. */
static uint64_t rank_of(const pm_pixel_event *e) {
    return (uint64_t)e->time << 32 | (uint64_t)e->y << 24 | (uint64_t)e->x << 16 | e->on;
}

static int compare(const void *a, const void *b) {
    uint64_t first = rank_of(a), second = rank_of(b);
    return (first > second) - (first < second);
}

void pm_pixel_events_sort(pm_pixel_events *events) {
    size_t sorted = 1; /* most files are in order already */
    while (sorted < events->n && compare(&events->list[sorted - 1], &events->list[sorted]) <= 0)
        sorted++;
    if (sorted < events->n)
        qsort(events->list, events->n, sizeof *events->list, compare);
}

/* --- the way ------------------------------------------------------------------------------------------------------ */

void pm_camera_offset(const pm_camera *c, double t, double offset[2]) {
    static const double corner[PM_CAMERA_SACCADES + 1][2] = {{-1.0, -1.0}, {0.0, 1.0}, {1.0, -1.0}, {-1.0, -1.0}};
    double of = t / c->saccade;
    int which = of < 0.0 ? 0 : of >= PM_CAMERA_SACCADES ? PM_CAMERA_SACCADES - 1 : (int)of;
    double part = of - which;
    part = part < 0.0 ? 0.0 : part > 1.0 ? 1.0 : part;
    part -= pm_sin(2.0 * M_PI * part) / (2.0 * M_PI); /* starts and ends at rest */
    for (int k = 0; k < 2; k++)
        offset[k] = c->amplitude * (corner[which][k] + part * (corner[which + 1][k] - corner[which][k]));
}

/* --- a pixel ------------------------------------------------------------------------------------------------------ */

/* Where the middle of the sensor falls in the picture at a sample: whole pixels, and the rest from 0 to 1. */
typedef struct sample {
    double time; /* ms */
    int x, y;
    double fx, fy;
} sample;

typedef struct scene {
    const pm_camera *camera;
    const uint8_t *picture;
    int width, height;
    sample *samples;
    size_t n_samples;
    double *level; /* of one pixel at every sample */
} scene;

static double brightness(const scene *s, int x, int y) {
    return x < 0 || y < 0 || x >= s->width || y >= s->height ? 0.0 : s->picture[y * s->width + x] * (1.0 / 255.0);
}

/* The levels that pixel (x, y) sees; false if they are all the same. */
static bool watch(const scene *s, int x, int y) {
    bool changes = false;
    for (size_t k = 0; k < s->n_samples; k++) {
        const sample *at = &s->samples[k];
        int i = x + at->x, j = y + at->y;
        double above = (1.0 - at->fx) * brightness(s, i, j) + at->fx * brightness(s, i + 1, j);
        double below = (1.0 - at->fx) * brightness(s, i, j + 1) + at->fx * brightness(s, i + 1, j + 1);
        s->level[k] = (1.0 - at->fy) * above + at->fy * below;
        changes = changes || s->level[k] != s->level[0];
    }
    for (size_t k = 0; changes && k < s->n_samples; k++)
        s->level[k] = -pm_minus_log(s->camera->dark + s->level[k]);
    return changes;
}

/* The state of a pixel. */
typedef struct pixel {
    double reference;
    double free_at; /* ms: end of the refractory time */
    bool resting;
} pixel;

/* Follows a pixel through the interval between samples k and k + 1. */
static pm_status follow(const scene *s, pixel *p, size_t k, pm_pixel_event event, pm_pixel_events *events,
                        pm_error *error) {
    const pm_camera *c = s->camera;
    double t0 = s->samples[k].time, t1 = s->samples[k + 1].time, from = s->level[k], to = s->level[k + 1];
    for (;;) {
        if (p->resting && p->free_at >= t1)
            return PM_OK;
        if (p->resting) { /* until here the reference followed the level */
            p->reference = from + (to - from) * ((p->free_at - t0) / (t1 - t0));
            p->resting = false;
        }
        double change = to - p->reference;
        if (fabs(change) < c->threshold)
            return PM_OK;
        double level = p->reference + copysign(c->threshold, change);
        double t = t0 + (t1 - t0) * ((level - from) / (to - from));
        event.time = (uint32_t)pm_microseconds(t);
        event.on = change > 0.0;
        pm_status status = pm_pixel_events_append(events, event, error);
        if (status)
            return status;
        p->reference = level;
        p->resting = c->refractory > 0.0;
        p->free_at = t + c->refractory;
    }
}

/* --- the recording ------------------------------------------------------------------------------------------------ */

static pm_status prepare(scene *s, pm_error *error) {
    const pm_camera *c = s->camera;
    size_t each = (size_t)ceil(c->saccade / c->step);
    s->n_samples = PM_CAMERA_SACCADES * each + 1;
    s->samples = calloc(s->n_samples, sizeof *s->samples);
    s->level = calloc(s->n_samples, sizeof *s->level);
    if (!s->samples || !s->level)
        return pm_fail_memory(error, "a recording");
    for (size_t k = 0; k < s->n_samples; k++) {
        double offset[2], t = c->saccade * (double)k / (double)each;
        pm_camera_offset(c, t, offset);
        double x = -0.5 * (PM_CAMERA_SIDE - s->width) - offset[0], y = -0.5 * (PM_CAMERA_SIDE - s->height) - offset[1];
        s->samples[k] =
            (sample){.time = t, .x = (int)floor(x), .y = (int)floor(y), .fx = x - floor(x), .fy = y - floor(y)};
    }
    return PM_OK;
}

static pm_status record(const scene *s, pm_pixel_events *events, pm_error *error) {
    pm_status status = PM_OK;
    for (int y = 0; !status && y < PM_CAMERA_SIDE; y++)
        for (int x = 0; !status && x < PM_CAMERA_SIDE; x++) {
            if (!watch(s, x, y))
                continue;
            pixel p = {.reference = s->level[0]};
            for (size_t k = 0; !status && k + 1 < s->n_samples; k++)
                status = follow(s, &p, k, (pm_pixel_event){.x = (uint8_t)x, .y = (uint8_t)y}, events, error);
        }
    pm_pixel_events_sort(events);
    return status;
}

pm_status pm_camera_record(const pm_camera *camera, const uint8_t *picture, size_t width, size_t height,
                           pm_pixel_events *events, pm_error *error) {
    events->n = 0;
    pm_camera own;
    pm_status status = PM_SIZED_COPY(own, camera, "a camera", error);
    if (status)
        return status;
    if (width == 0 || height == 0 || width > PM_CAMERA_SIDE || height > PM_CAMERA_SIDE)
        return pm_fail(error, PM_INVALID, "a picture of %zu x %zu pixels does not fit on a sensor of %d x %d", width,
                       height, PM_CAMERA_SIDE, PM_CAMERA_SIDE);
    scene s = {.camera = &own, .picture = picture, .width = (int)width, .height = (int)height};
    status = prepare(&s, error);
    if (!status)
        status = record(&s, events, error);
    free(s.samples);
    free(s.level);
    return status;
}
