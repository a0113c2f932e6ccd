/* Steps as they are written: low, high and step are decimal numbers, and so are the values between. In units of their
 * last digit all of them are whole numbers, which add without an error, and a whole number divided by a power of ten is
 * the double that the decimal number stands for. So the values are those of the same numbers written out: 0.3 and not
 * 0.1 + 2 x 0.1, which is the next double. Numbers of more digits than a double has whole numbers for are added as they
 * are. */
#include "net/steps.h"

#include "math/elementary.h"

#include <math.h>

enum { MOST_DIGITS = 15 };

static bool whole(double value, double scale) {
    double units = rint(value * scale);
    return fabs(units) <= 0x1p53 && units / scale == value;
}

/* Where values are drawn: nothing lies beyond 16 standard deviations or 40 means, as random numbers have 53 bits. */
static void support_of(const pm_distribution *d, double *low, double *high) {
    enum { DEVIATIONS = 16, MEANS = 40 };
    *low = d->kind == PM_EXPONENTIAL ? 0.0 : d->a;
    *high = d->kind == PM_EXPONENTIAL ? MEANS * d->a : d->kind == PM_UNIFORM ? d->b : d->a;
    if (d->kind == PM_NORMAL || d->kind == PM_LOGNORMAL) {
        *low -= DEVIATIONS * d->b;
        *high += DEVIATIONS * d->b;
    }
    if (d->kind == PM_LOGNORMAL) {
        *low = pm_exp(*low);
        *high = pm_exp(*high);
    }
}

/* The multiples of the step to which values are rounded, and which are within the bounds. */
static pm_steps multiples_of(const pm_distribution *d) {
    double low, high, scale = 1.0;
    support_of(d, &low, &high);
    for (int digits = 0; digits < MOST_DIGITS && !whole(d->step, scale); digits++)
        scale *= 10.0;
    scale = whole(d->step, scale) ? scale : 1.0;
    const double step = scale > 1.0 ? rint(d->step * scale) : d->step;
    double first = rint(low / d->step), last = rint(high / d->step);
    if (d->bounded) {
        first = fmax(first, floor(d->low / d->step));
        last = fmin(last, ceil(d->high / d->step));
        while (first <= last && first * step / scale < d->low)
            first++;
        while (first <= last && last * step / scale > d->high)
            last--;
    }
    return (pm_steps){first * step, step, scale, d->bounded ? d->high : INFINITY, last - first + 1.0};
}

pm_steps pm_steps_of(const pm_distribution *d) {
    double scale = 1.0;
    if (d->kind != PM_UNIFORM_STEPS)
        return multiples_of(d);
    for (int digits = 0; digits <= MOST_DIGITS; digits++, scale *= 10.0)
        if (whole(d->a, scale) && whole(d->b, scale) && whole(d->step, scale)) {
            pm_steps s = {rint(d->a * scale), rint(d->step * scale), scale, d->b, 0.0};
            s.count = floor((rint(d->b * scale) - s.first) / s.step) + 1.0;
            return s;
        }
    return (pm_steps){d->a, d->step, 1.0, d->b, floor((d->b - d->a) / d->step + 1e-9) + 1.0};
}
