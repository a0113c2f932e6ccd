/* A model of an event camera that looks at a picture in three saccades. It makes SYNTHETIC recordings in the manner of
 * N-MNIST (Orchard, Jayawant, Cohen and Thakor, Front. Neurosci. 9:437, 2015); nothing of it was measured. */
#ifndef PM_DATA_CAMERA_H
#define PM_DATA_CAMERA_H

#include "base/kind.h"

#include <math.h>
#include <punctum/error.h>
#include <stddef.h>
#include <stdint.h>

enum { PM_CAMERA_SIDE = 34, PM_CAMERA_PIXELS = PM_CAMERA_SIDE * PM_CAMERA_SIDE, PM_CAMERA_SACCADES = 3 };

/* One event of a pixel: its intensity rose (on = 1) or fell (0) by the threshold. */
typedef struct pm_pixel_event {
    uint32_t time; /* us */
    uint8_t x, y;  /* pixel, from 0; y downwards */
    uint8_t on;
} pm_pixel_event;

/* A time in ms in us: the whole number whose thousandth it is, to the last bit, if there is one; 1e3 * 1.001 is none.
 */
static inline double pm_microseconds(double ms) {
    double whole = rint(1e3 * ms);
    return whole / 1e3 == ms ? whole : 1e3 * ms;
}

typedef struct pm_pixel_events {
    pm_pixel_event *list;
    size_t n, capacity;
} pm_pixel_events;

void pm_pixel_events_free(pm_pixel_events *events); /* leaves an empty list behind */
pm_status pm_pixel_events_append(pm_pixel_events *events, pm_pixel_event event, pm_error *error);
/* Puts events into the order (time, y, x); those that agree in all of these keep theirs. */
void pm_pixel_events_sort(pm_pixel_events *events);

typedef struct pm_camera {
    double threshold;  /* change of the natural logarithm of the intensity that makes an event */
    double dark;       /* added to intensities, which are 0 to 1, before the logarithm is taken */
    double refractory; /* ms */
    double saccade;    /* ms, each of the three */
    double amplitude;  /* pixels: half the width and half the height of the triangle */
    double step;       /* ms between samples of the intensity, which is linear in between after the logarithm */
} pm_camera;

extern const pm_kind pm_camera_kind; /* of pm_camera */
pm_camera pm_camera_default(void);

/* The way the picture takes over the sensor: its offset in pixels at time t, in ms, from the middle. */
void pm_camera_offset(const pm_camera *camera, double t, double offset[2]);

/* Records a picture of width x height bytes (row by row, dark surroundings), which lies in the middle of the sensor
 * when the offset is 0; `events` is replaced, in order of time. Errors: PM_INVALID for a picture larger than the
 * sensor; PM_NO_MEMORY. */
pm_status pm_camera_record(const pm_camera *camera, const uint8_t *picture, size_t width, size_t height,
                           pm_pixel_events *events, pm_error *error);

#endif
