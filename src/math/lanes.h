/* Up to eight neurons over one interval each, at once: the common case of interval.h, without branches.
 *
 * Each lane holds a neuron whose states at both ends are known. Where u' has no maximum inside, ends above the
 * threshold and the interval is short against the time constants, the crossing is found here, in the same arithmetic
 * for every lane; all other lanes are left to pm_lif_crossing_between. */
#ifndef PM_MATH_LANES_H
#define PM_MATH_LANES_H

#include "math/lif.h"

enum { PM_LANES = 8 };

typedef enum pm_lane_course {
    PM_LANE_OPEN,   /* not told apart */
    PM_LANE_SILENT, /* no crossing */
    PM_LANE_FOUND,  /* the first crossing is at `time`, with the state u, i, b */
    PM_LANE_HARD    /* there is one crossing, which takes more steps: for pm_lanes_solve */
} pm_lane_course;

typedef struct pm_lanes {
    double h[PM_LANES];                              /* the length of its interval, ms */
    double u0[PM_LANES], i0[PM_LANES], b0[PM_LANES]; /* at the start */
    double u1[PM_LANES], i1[PM_LANES], b1[PM_LANES]; /* at the end, without a spike */
    double time[PM_LANES];                           /* ms after the start */
    double u[PM_LANES], i[PM_LANES], b[PM_LANES];    /* at the crossing */
    double course[PM_LANES];                         /* a pm_lane_course */
    double after[PM_LANES];                          /* u at the end after one spike there and a reset, if t_ref is 0 */
    double bound[PM_LANES];                          /* upper bound of u between that spike and the end, mV */
} pm_lanes;

/* Fills in time, u, i, b, course, after and bound. Lanes without a neuron hold any numbers; fastest where all intervals
 * are about as long. */
void pm_lanes_cross(const pm_lif *lif, pm_lanes *lanes);

/* The same for lanes that pm_lanes_cross has called hard, with the bits of pm_lif_crossing_between; all lanes must be
 * such. What takes still more steps is left open. */
void pm_lanes_solve(const pm_lif *lif, pm_lanes *lanes);

#endif
