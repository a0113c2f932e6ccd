/* Small random deformations of pictures, drawn anew for every presentation: an affine map and an elastic displacement
 * (P. Y. Simard, D. Steinkraus and J. C. Platt, ICDAR 2003). Lengths in pixels; x to the right, y downwards.
 *
 * The deformed picture takes at the place p the value that the picture has, by bilinear interpolation, at
 * c + R (p - c - s) / f + e(p): c is its centre, s the shift, f the factor of its size, R the rotation back; it is dark
 * outside. The two components of e are fields of numbers that are uniform in [-1, 1] at every pixel, smoothed by a
 * Gaussian (cut at three standard deviations), times the strength. */
#ifndef PM_DATA_DEFORM_H
#define PM_DATA_DEFORM_H

#include "base/kind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pm_deformation {
    double shift;      /* pixels: each way, uniform up to this */
    double rotate;     /* degrees: likewise, in both directions */
    double scale;      /* share: the size is multiplied by 1 - scale to 1 + scale, uniform */
    double strength;   /* pixels, of the elastic displacement before it is smoothed */
    double smoothness; /* pixels: standard deviation of the Gaussian */
} pm_deformation;

/* Whether pictures are changed at all. */
bool pm_deformation_any(const pm_deformation *d);
extern const pm_kind pm_deformation_kind; /* of pm_deformation */

/* One affine map. */
typedef struct pm_pose {
    double right, down; /* shift, pixels */
    double angle;       /* radians, counterclockwise as seen */
    double size;        /* factor */
} pm_pose;

/* A function of (key, presentation), which nothing else disturbs. */
pm_pose pm_pose_draw(const pm_deformation *d, uint64_t key, uint64_t presentation);

/* Room for one thread's work on pictures of one size. */
typedef struct pm_deformer pm_deformer;

/* Errors: PM_NO_MEMORY. */
pm_status pm_deformer_new(const pm_deformation *d, size_t width, size_t height, pm_deformer **deformer,
                          pm_error *error);
void pm_deformer_free(pm_deformer *deformer); /* NULL is allowed */

/* Draws the elastic displacement of a presentation, which pm_deformer_apply uses until the next one is drawn; field, if
 * given, receives it: for each row its displacements to the right, then those down, pixels. */
void pm_deformer_draw(pm_deformer *deformer, uint64_t key, uint64_t presentation, const float **field);
/* Both pictures have width * height bytes and do not overlap. */
void pm_deformer_apply(pm_deformer *deformer, const pm_pose *pose, const uint8_t *from, uint8_t *to);
/* All of that: picture `from` as it looks in a presentation. */
void pm_deform(pm_deformer *deformer, uint64_t key, uint64_t presentation, const uint8_t *from, uint8_t *to);

#endif
