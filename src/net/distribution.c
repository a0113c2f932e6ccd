/* Drawing from streams of the caller's. A bounded distribution is drawn again until the value is inside; the
 * check asks for at least one value in a million there, so that drawing comes to an end. */
#include "net/distribution.h"

#include "math/draw.h"
#include "math/elementary.h"

#include <math.h>

static const double RAREST = 1e-6;

pm_draw pm_draw_begin(const pm_distribution *distribution) {
    pm_draw draw = {.from = distribution};
    if (pm_is_in_steps(distribution))
        draw.steps = pm_steps_of(distribution);
    if (pm_is_rounded(distribution))
        draw.least = rint(draw.steps.first / draw.steps.step);
    return draw;
}

/* One of the two: where numbers come from. */
typedef struct source {
    gsl_rng *rng;
    pm_words *words;
} source;

static double uniform(const source *s) { return s->words ? pm_words_uniform(s->words) : gsl_rng_uniform(s->rng); }
static double normal(const source *s, double deviation) {
    return s->words ? pm_words_normal(s->words, deviation) : pm_draw_normal(s->rng, deviation);
}

static double draw_once(const pm_draw *draw, const source *s, size_t index) {
    const pm_distribution *d = draw->from;
    switch (d->kind) {
    case PM_NORMAL:
        return d->a + normal(s, d->b);
    case PM_UNIFORM:
        return s->words ? pm_words_flat(s->words, d->a, d->b) : pm_draw_flat(s->rng, d->a, d->b);
    case PM_UNIFORM_STEPS:
        return pm_steps_value(&draw->steps, floor(uniform(s) * draw->steps.count));
    case PM_LOGNORMAL:
        return pm_exp(d->a + normal(s, d->b));
    case PM_EXPONENTIAL:
        return s->words ? pm_words_exponential(s->words, d->a) : pm_draw_exponential(s->rng, d->a);
    case PM_MATRIX:
    case PM_VALUES:
        return d->values[index];
    default:
        return d->a;
    }
}

static bool is_inside(const pm_distribution *d, double value) {
    return !d->bounded || (value >= d->low && value <= d->high);
}

/* The number of the multiple of the step nearest to what is drawn, until it is within the bounds. */
static double draw_multiple(const pm_draw *draw, const source *s) {
    for (;;) {
        const double k = rint(draw_once(draw, s, 0) / draw->from->step) - draw->least;
        if (k >= 0.0 && k < draw->steps.count)
            return k;
    }
}

static double draw_value(const pm_draw *draw, const source *s, size_t index) {
    double value;
    if (pm_is_rounded(draw->from))
        return pm_steps_value(&draw->steps, draw_multiple(draw, s));
    do
        value = draw_once(draw, s, index);
    while (!is_inside(draw->from, value));
    return value;
}

double pm_draw_next(const pm_draw *draw, gsl_rng *rng, size_t index) {
    return draw_value(draw, &(source){.rng = rng}, index);
}

/* The number of a value among the steps. */
static double draw_step(const pm_draw *draw, const source *s) {
    double k;
    if (pm_is_rounded(draw->from))
        return draw_multiple(draw, s);
    do
        k = floor(uniform(s) * draw->steps.count);
    while (!is_inside(draw->from, pm_steps_value(&draw->steps, k)));
    return k;
}

void pm_draw_many(const pm_draw *draw, pm_words *words, size_t n, double *values, uint32_t *step) {
    const pm_distribution *d = draw->from;
    const source from = {.words = words};
    if (pm_is_in_steps(d)) {
        for (size_t k = 0; k < n; k++)
            values[k] = draw_step(draw, &from);
        for (size_t k = 0; step && k < n; k++)
            step[k] = (uint32_t)values[k];
        for (size_t k = 0; k < n; k++)
            values[k] = pm_steps_value(&draw->steps, values[k]);
    } else if (d->kind == PM_NORMAL) {
        pm_words_normals(words, d->a, d->b, d->bounded ? d->low : -INFINITY, d->bounded ? d->high : INFINITY, n,
                         values);
    } else {
        for (size_t k = 0; k < n; k++)
            values[k] = draw_value(draw, &from, 0);
    }
}

double pm_distribution_typical(const pm_distribution *d) {
    double middle = d->a;
    if (d->kind == PM_UNIFORM || d->kind == PM_UNIFORM_STEPS)
        middle = 0.5 * (d->a + d->b);
    else if (d->kind == PM_LOGNORMAL)
        middle = pm_exp(d->a);
    return d->bounded ? fmin(fmax(middle, d->low), d->high) : middle;
}

double pm_distribution_least(const pm_distribution *d) {
    double least = -INFINITY;
    if (d->kind == PM_CONSTANT || d->kind == PM_UNIFORM || d->kind == PM_UNIFORM_STEPS)
        least = d->a;
    else if (d->kind == PM_LOGNORMAL || d->kind == PM_EXPONENTIAL)
        least = 0.0;
    return d->bounded ? fmax(least, d->low) : least;
}

/* The share of a standard normal distribution below z, within 1e-7: M. Abramowitz and I. A. Stegun, Handbook of
 * Mathematical Functions (1964), 26.2.17. */
static double normal_below(double z) {
    if (!isfinite(z))
        return z > 0.0;
    const double t = 1.0 / (1.0 + 0.2316419 * fabs(z));
    const double tail = 0.3989422804014327 * pm_exp(-0.5 * z * z) * t *
                        (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    return z > 0.0 ? 1.0 - tail : tail;
}

/* The share of values in [low, high]. */
static double share_inside(const pm_distribution *d) {
    double low = d->low, high = d->high;
    if (pm_is_rounded(d)) {
        const pm_steps steps = pm_steps_of(d);
        low = steps.first / steps.scale - 0.5 * d->step;
        high = low + fmax(steps.count, 0.0) * d->step;
    }
    switch (d->kind) {
    case PM_NORMAL:
        if (d->b == 0.0)
            return d->a >= low && d->a <= high;
        return normal_below((high - d->a) / d->b) - normal_below((low - d->a) / d->b);
    case PM_LOGNORMAL:
        low = low > 0.0 ? pm_log(low) : -INFINITY;
        high = high > 0.0 ? pm_log(high) : -INFINITY;
        if (d->b == 0.0)
            return d->a >= low && d->a <= high;
        return normal_below((high - d->a) / d->b) - normal_below((low - d->a) / d->b);
    case PM_EXPONENTIAL:
        return high > 0.0 ? pm_exp(-fmax(low, 0.0) / d->a) - pm_exp(-high / d->a) : 0.0;
    case PM_UNIFORM:
        if (d->a == d->b)
            return d->a >= low && d->a <= high;
        return (fmin(high, d->b) - fmax(low, d->a)) / (d->b - d->a);
    default: { /* PM_UNIFORM_STEPS */
        const double count = pm_steps_of(d).count;
        const double first = fmax(ceil((low - d->a) / d->step - 1e-9), 0.0);
        const double last = fmin(floor((high - d->a) / d->step + 1e-9), count - 1.0);
        return (last - first + 1.0) / count;
    }
    }
}

/* Values are multiples of the step that a double can count. */
static pm_status check_step(const pm_distribution *d, const char *what, pm_error *error) {
    if (d->kind == PM_CONSTANT || d->kind == PM_MATRIX || d->kind == PM_VALUES)
        return pm_fail(error, PM_INVALID, "the %s is given; a step goes with a distribution", what);
    if (!(d->step > 0.0 && isfinite(d->step)))
        return pm_fail(error, PM_INVALID, "the step of the %s is %g; it must be positive", what, d->step);
    const pm_steps steps = pm_steps_of(d);
    if (!(fabs(steps.first) <= 0x1p53 * steps.step && steps.count <= 0x1p53))
        return pm_fail(error, PM_INVALID, "the step of the %s is %g, which is lost in the rounding of its values", what,
                       d->step);
    return PM_OK;
}

static pm_status check_bounds(const pm_distribution *d, const char *what, pm_error *error) {
    if (d->kind == PM_CONSTANT || d->kind == PM_MATRIX || d->kind == PM_VALUES)
        return pm_fail(error, PM_INVALID, "the %s is given; low and high go with a distribution", what);
    if (!(d->low <= d->high))
        return pm_fail(error, PM_INVALID, "the %s is between %g and %g; low must not exceed high", what, d->low,
                       d->high);
    if (!(share_inside(d) >= RAREST))
        return pm_fail(error, PM_INVALID,
                       "the %s falls between low = %g and high = %g less than once in a million draws; widen them",
                       what, d->low, d->high);
    return PM_OK;
}

pm_status pm_distribution_check(const pm_distribution *d, const char *what, double largest, pm_error *error) {
    if (d->kind == PM_MATRIX || d->kind == PM_VALUES)
        return d->step != 0.0 ? check_step(d, what, error)
               : d->bounded   ? check_bounds(d, what, error)
                              : PM_OK; /* the values are checked where they are counted */
    const bool two = d->kind != PM_CONSTANT && d->kind != PM_EXPONENTIAL;
    if (!isfinite(d->a) || (two && !isfinite(d->b)))
        return pm_fail(error, PM_INVALID, "the %s is not a finite number", what);
    if (fabs(d->a) > largest || (two && fabs(d->b) > largest))
        return pm_fail(error, PM_INVALID, "the %s is %g; at most %g in magnitude is possible", what,
                       fabs(d->a) > largest ? d->a : d->b, largest);
    if ((d->kind == PM_NORMAL || d->kind == PM_LOGNORMAL) && d->b < 0.0)
        return pm_fail(error, PM_INVALID, "the standard deviation of the %s is %g; it must not be negative", what,
                       d->b);
    if (d->kind == PM_LOGNORMAL && d->a + 9.0 * d->b > pm_log(largest))
        return pm_fail(error, PM_INVALID, "the %s is lognormal with [%g, %g], of its logarithm; values would exceed %g",
                       what, d->a, d->b, largest);
    if (d->kind == PM_EXPONENTIAL && !(d->a > 0.0))
        return pm_fail(error, PM_INVALID, "the mean of the %s is %g; it must be positive", what, d->a);
    if ((d->kind == PM_UNIFORM || d->kind == PM_UNIFORM_STEPS) && d->b < d->a)
        return pm_fail(error, PM_INVALID, "the %s is uniform over [%g, %g]; the first must not exceed the second", what,
                       d->a, d->b);
    if (d->kind == PM_UNIFORM_STEPS && !(d->step > 0.0 && isfinite(d->step)))
        return pm_fail(error, PM_INVALID, "the step of the %s is %g; it must be positive", what, d->step);
    if (d->kind != PM_UNIFORM_STEPS && d->step != 0.0 && check_step(d, what, error) != PM_OK)
        return PM_INVALID;
    return d->bounded ? check_bounds(d, what, error) : PM_OK;
}
