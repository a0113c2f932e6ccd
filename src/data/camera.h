/* The camera of punctum/camera.h, from inside. */
#ifndef PM_DATA_CAMERA_H
#define PM_DATA_CAMERA_H

#include "base/kind.h"

#include <math.h>
#include <punctum/camera.h>

/* A time in ms in us: the whole number whose thousandth it is, to the last bit, if there is one; 1e3 * 1.001 is none.
 */
static inline double pm_microseconds(double ms) {
    double whole = rint(1e3 * ms);
    return whole / 1e3 == ms ? whole : 1e3 * ms;
}

pm_status pm_pixel_events_append(pm_pixel_events *events, pm_pixel_event event, pm_error *error);
/* Puts events into the order (time, y, x); those that agree in all of these keep theirs. */
void pm_pixel_events_sort(pm_pixel_events *events);

extern const pm_kind pm_camera_kind; /* of pm_camera */

/* The way the picture takes over the sensor: its offset in pixels at time t, in ms, from the middle. */
void pm_camera_offset(const pm_camera *camera, double t, double offset[2]);

#endif
