/* The parameters of STBP (see stbp.c); potentials are pure numbers. */
#ifndef PM_CLASSIFY_STBP_H
#define PM_CLASSIFY_STBP_H

#include "classify/image_model.h"

/* the numbers of the words in the descriptor's choices */
enum { PM_STBP_RATE, PM_STBP_CURRENT };
enum { PM_STBP_EXPONENTIAL, PM_STBP_LINEAR };
enum { PM_STBP_STEP, PM_STBP_RAMP };
enum { PM_STBP_SPACE_TIME, PM_STBP_SPACE };

typedef struct pm_stbp_parameters {
    double steps;     /* a whole number */
    double decay;     /* per step, below 1 */
    double threshold; /* potential */
    double width;     /* of the rectangle, in potential */
    double norm;      /* of a neuron's initial weights */
    double input;     /* PM_STBP_RATE or PM_STBP_CURRENT */
    double reset;     /* PM_STBP_EXPONENTIAL or PM_STBP_LINEAR */
    double spike;     /* PM_STBP_STEP or PM_STBP_RAMP */
    double gradient;  /* PM_STBP_SPACE_TIME or PM_STBP_SPACE */
} pm_stbp_parameters;

#endif
