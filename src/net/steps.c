/* Steps as they are written: low, high and step are decimal numbers, and so are the values between. In units of their
 * last digit all of them are whole numbers, which add without an error, and a whole number divided by a power of ten is
 * the double that the decimal number stands for. So the values are those of the same numbers written out: 0.3 and not
 * 0.1 + 2 x 0.1, which is the next double. Numbers of more digits than a double has whole numbers for are added as they
 * are. */
#include "net/steps.h"

#include <math.h>

static bool whole(double value, double scale) {
    double units = rint(value * scale);
    return fabs(units) <= 0x1p53 && units / scale == value;
}

pm_steps pm_steps_of(const pm_distribution *d) {
    enum { MOST_DIGITS = 15 };
    double scale = 1.0;
    for (int digits = 0; digits <= MOST_DIGITS; digits++, scale *= 10.0)
        if (whole(d->a, scale) && whole(d->b, scale) && whole(d->step, scale)) {
            pm_steps s = {rint(d->a * scale), rint(d->step * scale), scale, d->b, 0.0};
            s.count = floor((rint(d->b * scale) - s.first) / s.step) + 1.0;
            return s;
        }
    return (pm_steps){d->a, d->step, 1.0, d->b, floor((d->b - d->a) / d->step + 1e-9) + 1.0};
}
