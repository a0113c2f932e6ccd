/* A model of an event camera that looks at a picture in three saccades. It makes SYNTHETIC recordings in the manner of
 * N-MNIST (Orchard, Jayawant, Cohen and Thakor, Front. Neurosci. 9:437, 2015); nothing of it was measured. */
#ifndef PUNCTUM_CAMERA_H
#define PUNCTUM_CAMERA_H

#include <punctum/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PM_CAMERA_SIDE = 34, PM_CAMERA_PIXELS = PM_CAMERA_SIDE * PM_CAMERA_SIDE, PM_CAMERA_SACCADES = 3 };

/* One event of a pixel: its intensity rose (on = 1) or fell (0) by the threshold. */
typedef struct pm_pixel_event {
    uint32_t time; /* us */
    uint8_t x, y;  /* pixel, from 0; y downwards */
    uint8_t on;
} pm_pixel_event;

typedef struct pm_pixel_events {
    pm_pixel_event *list;
    size_t n, capacity;
} pm_pixel_events;

PM_API void pm_pixel_events_free(pm_pixel_events *events); /* an empty list stays behind */

typedef struct pm_camera {
    double threshold;  /* change of the natural logarithm of the intensity that makes an event */
    double dark;       /* added to intensities, which are 0 to 1, before the logarithm is taken */
    double refractory; /* ms */
    double saccade;    /* ms, each of the three */
    double amplitude;  /* pixels: half the width and half the height of the triangle */
    double step;       /* ms between samples of the intensity, which is linear in between after the logarithm */
    size_t size;       /* of this structure, bytes, as in pm_options */
} pm_camera;

/* The defaults, which the category "camera" lists (pm_category_find). */
PM_API pm_camera pm_camera_default(void);

/* Records a picture of width x height bytes (row by row, dark surroundings), which lies in the middle of the sensor
 * when the offset is 0; `events` is replaced, in order of time. Errors: PM_INVALID for a picture larger than the
 * sensor; PM_NO_MEMORY. */
PM_API pm_status pm_camera_record(const pm_camera *camera, const uint8_t *picture, size_t width, size_t height,
                                  pm_pixel_events *events, pm_error *error);

/* How far a set of recordings is. */
typedef struct pm_film {
    size_t pictures, done;
    uint64_t events; /* in all of those that are done */
} pm_film;

/* What to record; all but the last four must be given. */
typedef struct pm_camera_film_options {
    const pm_camera *camera;
    const char *images, *labels; /* IDX files, plain or gzip */
    const char *folder;          /* a new one: recordings go to folder/DIGIT/NUMBER.bin, with a README.md */
    size_t count;                /* the first pictures only; 0: all */
    const volatile int *stop;    /* ends it with PM_STOPPED once it is other than 0; NULL: never */
    void (*progress)(void *user, const pm_film *film); /* called now and then; NULL: nobody asks */
    void *user;
    size_t size; /* of this structure, bytes, as in pm_options */
} pm_camera_film_options;

/* Records pictures on all cores, a file for each, in the format of N-MNIST (docs/nmnist.md). Errors: PM_INVALID for
 * parameters out of range, files that are none, labels other than digits, a picture without an event, and a folder that
 * has recordings already; PM_FAILED where files cannot be written. */
PM_API pm_status pm_camera_film(const pm_camera_film_options *options, pm_film *film, pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
