/* Steps as they are written: low, high and step are decimal numbers, and so are the values between. In units of their
 * last digit all of them are whole numbers, which add without an error, and a whole number divided by a power of ten is
 * the double that the decimal number stands for. So the values are those of the same numbers written out: 0.3 and not
 * 0.1 + 2 x 0.1, which is the next double. Numbers of more digits than a double has whole numbers for are added as they
 * are. */
#include "net/steps.h"

#include "math/elementary.h"

#include <math.h>

/* The power of ten in whose units all of some numbers are whole; 0: there is none. */
static double scale_of(const double *values, int n) {
    enum { MOST_DIGITS = 15 };
    double scale = 1.0;
    for (int digits = 0; digits <= MOST_DIGITS; digits++, scale *= 10.0) {
        int k = 0;
        while (k < n && fabs(rint(values[k] * scale)) <= 0x1p53 && rint(values[k] * scale) / scale == values[k])
            k++;
        if (k == n)
            return scale;
    }
    return 0.0;
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
    const double found = scale_of(&d->step, 1), scale = found > 0.0 ? found : 1.0;
    const double step = found > 0.0 ? rint(d->step * scale) : d->step;
    double low, high;
    support_of(d, &low, &high);
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
    if (pm_is_rounded(d))
        return multiples_of(d);
    const double values[] = {d->a, d->b, d->step}, scale = scale_of(values, 3);
    if (!(scale > 0.0))
        return (pm_steps){d->a, d->step, 1.0, d->b, floor((d->b - d->a) / d->step + 1e-9) + 1.0};
    const double first = rint(d->a * scale), step = rint(d->step * scale);
    return (pm_steps){first, step, scale, d->b, floor((rint(d->b * scale) - first) / step) + 1.0};
}
