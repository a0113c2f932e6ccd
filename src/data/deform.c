/* Smoothing is separable and runs over rows with a border of zeros: first along the rows of both components, then over
 * rows that hold both, so that each inner loop goes over neighbours in memory. The picture too has a dark border, to
 * which places outside are clamped. Invariant: all is a function of the picture, the key and the presentation; sums are
 * in one order on every machine. */
#include "data/deform.h"

#include "base/random.h"
#include "base/simd.h"
#include "math/elementary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Floats that are smoothed at once; rows have room for a multiple of it. */
enum { BLOCK = 16 };

#define MOST_PIXELS 1000.0

struct pm_deformer {
    pm_deformation of;
    size_t width, height;
    size_t across, down; /* reach of the Gaussian; nothing lies further away than a side of the picture */
    size_t pitch;        /* of a row of noise, with its border */
    size_t stride;       /* of a row of both components */
    float *kernel;       /* weights at the distances 0, 1, ... */
    float *noise;        /* 2 height rows */
    float *half;         /* smoothed along the rows: height rows of both components, and a border above and below */
    float *field;        /* height rows of both components, pixels */
    float *picture;      /* (height + 3) rows of width + 3 */
};

bool pm_deformation_any(const pm_deformation *d) {
    return d->shift > 0.0 || d->rotate > 0.0 || d->scale > 0.0 || d->strength > 0.0;
}

static const pm_field fields[] = {
    {"shift", "pixels", "each way, uniform up to this", offsetof(pm_deformation, shift), 0.0,
     .bounds = {0.0, MOST_PIXELS, PM_CLOSED}},
    {"rotate", "degrees", "in both directions, uniform up to this", offsetof(pm_deformation, rotate), 0.0,
     .bounds = {0.0, 180.0, PM_CLOSED}},
    {"scale", "", "share by which the size changes, uniform up to this", offsetof(pm_deformation, scale), 0.0,
     .bounds = {0.0, 1.0, PM_HIGH_OPEN}},
    {"elastic.strength", "pixels", "of the elastic displacement before it is smoothed",
     offsetof(pm_deformation, strength), 0.0, .bounds = {0.0, MOST_PIXELS, PM_CLOSED}},
    {"elastic.smoothness", "pixels", "standard deviation of the Gaussian that smooths it; positive where strength is",
     offsetof(pm_deformation, smoothness), 0.0, .bounds = {0.0, MOST_PIXELS, PM_CLOSED}},
};

static pm_status check(const void *structure, pm_error *error) {
    const pm_deformation *d = structure;
    if (!(d->strength > 0.0) || d->smoothness > 0.0)
        return PM_OK;
    return pm_fail_key(error, "elastic.smoothness",
                       "elastic.smoothness is %g pixels; it must be positive where strength is", d->smoothness);
}

const pm_kind pm_deformation_kind = {.name = "deform",
                                     .help = "training images are deformed anew in every presentation",
                                     .source = "P. Y. Simard, D. Steinkraus and J. C. Platt, ICDAR 2003",
                                     .fields = fields,
                                     .n_fields = sizeof fields / sizeof *fields,
                                     .size = sizeof(pm_deformation),
                                     .check = check};

/* --- room --------------------------------------------------------------------------------------------------------- */

static size_t whole_blocks(size_t n) { return (n + BLOCK - 1) / BLOCK * BLOCK; }

/* Weights of a Gaussian whose sum over all distances within three standard deviations is 1. */
static void find_kernel(pm_deformer *r, size_t reach) {
    double sum = 0.0, s = r->of.smoothness;
    size_t most = r->across > r->down ? r->across : r->down;
    for (size_t k = 0; k <= reach; k++)
        sum += (k == 0 ? 1.0 : 2.0) * pm_exp(-0.5 * ((double)k / s) * ((double)k / s));
    for (size_t k = 0; k <= most; k++)
        r->kernel[k] = (float)(pm_exp(-0.5 * ((double)k / s) * ((double)k / s)) / sum);
}

pm_status pm_deformer_new(const pm_deformation *d, size_t width, size_t height, pm_deformer **deformer,
                          pm_error *error) {
    pm_deformer *r = *deformer = calloc(1, sizeof *r);
    if (!r)
        return pm_fail_memory(error, "deformed pictures");
    *r = (pm_deformer){.of = *d, .width = width, .height = height};
    r->picture = calloc((width + 3) * (height + 3), sizeof(float));
    bool enough = r->picture;
    if (enough && d->strength > 0.0) {
        size_t reach = (size_t)ceil(3.0 * d->smoothness);
        r->across = reach < width ? reach : width - 1;
        r->down = reach < height ? reach : height - 1;
        r->pitch = whole_blocks(width) + 2 * r->across;
        r->stride = whole_blocks(2 * width);
        r->kernel = calloc(r->across + r->down + 1, sizeof(float));
        r->noise = calloc(2 * height * r->pitch, sizeof(float));
        r->half = calloc((height + 2 * r->down) * r->stride, sizeof(float));
        r->field = calloc(height * r->stride, sizeof(float));
        enough = r->kernel && r->noise && r->half && r->field;
        if (enough)
            find_kernel(r, reach);
    }
    if (enough)
        return PM_OK;
    pm_deformer_free(r);
    *deformer = NULL;
    return pm_fail_memory(error, "deformed pictures");
}

void pm_deformer_free(pm_deformer *r) {
    if (!r)
        return;
    free(r->kernel);
    free(r->noise);
    free(r->half);
    free(r->field);
    free(r->picture);
    free(r);
}

/* --- draws -------------------------------------------------------------------------------------------------------- */

/* Uniform in [-1, 1], and never quite at its ends. */
static double both_ways(uint32_t word) { return ((double)word + 0.5) * 0x1p-31 - 1.0; }

pm_pose pm_pose_draw(const pm_deformation *d, uint64_t key, uint64_t presentation) {
    static const double radians = 0.017453292519943295; /* per degree */
    uint32_t word[4];
    pm_philox_block(key, presentation, 0, word);
    return (pm_pose){.right = d->shift * both_ways(word[0]),
                     .down = d->shift * both_ways(word[1]),
                     .angle = d->rotate * radians * both_ways(word[2]),
                     .size = 1.0 + d->scale * both_ways(word[3])};
}

/* Two numbers, of 16 bits each, from every word of the stream after the pose. */
static void draw_noise(pm_deformer *r, uint64_t key, uint64_t presentation) {
    enum { EACH = 8 };
    uint64_t block = 1;
    for (size_t row = 0; row < 2 * r->height; row++) {
        float *to = r->noise + row * r->pitch + r->across;
        for (size_t x = 0; x < r->width; x += EACH) {
            uint32_t word[EACH / 2];
            float number[EACH];
            size_t n = r->width - x < EACH ? r->width - x : EACH;
            pm_philox_block(key, presentation, block++, word);
            for (size_t k = 0; k < EACH; k++)
                number[k] = ((float)(int32_t)(word[k / 2] >> 16 * (k % 2) & 0xffffu) - 32767.5f) * (1.0f / 32767.5f);
            memcpy(to + x, number, n * sizeof *number);
        }
    }
}

/* Block by block: to[k] = the sum over d of kernel[|d|] from[k + d * step], d from -reach to reach. */
PM_SIMD static void smooth(const float *restrict from, float *restrict to, size_t n, const float *restrict kernel,
                           size_t reach, size_t step) {
    for (size_t at = 0; at < n; at += BLOCK) {
        float sum[BLOCK];
        for (size_t k = 0; k < BLOCK; k++)
            sum[k] = kernel[0] * from[at + k];
        for (size_t d = 1; d <= reach; d++) {
            const float *before = from + at - d * step, *after = from + at + d * step;
            for (size_t k = 0; k < BLOCK; k++)
                sum[k] += kernel[d] * (before[k] + after[k]);
        }
        for (size_t k = 0; k < BLOCK; k++)
            to[at + k] = sum[k];
    }
}

void pm_deformer_draw(pm_deformer *r, uint64_t key, uint64_t presentation, const float **field) {
    if (field)
        *field = r->field;
    if (!r->field)
        return;
    draw_noise(r, key, presentation);
    for (size_t row = 0; row < 2 * r->height; row++) {
        float smoothed[BLOCK];
        const float *from = r->noise + row * r->pitch + r->across;
        float *to = r->half + (r->down + row / 2) * r->stride + row % 2 * r->width;
        for (size_t x = 0; x < r->width; x += BLOCK) {
            size_t n = r->width - x < BLOCK ? r->width - x : BLOCK;
            smooth(from + x, smoothed, BLOCK, r->kernel, r->across, 1);
            for (size_t k = 0; k < n; k++)
                to[x + k] = (float)r->of.strength * smoothed[k];
        }
    }
    for (size_t y = 0; y < r->height; y++)
        smooth(r->half + (r->down + y) * r->stride, r->field + y * r->stride, 2 * r->width, r->kernel, r->down,
               r->stride);
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/* Into [-1, most]: there it is dark. */
static float within(float x, float most) {
    x = x > -1.0f ? x : -1.0f;
    return x < most ? x : most;
}

/* One row of the new picture; (x, y) is where its first pixel comes from, dx and dy what each further one adds. */
static void take_row(const pm_deformer *r, float x, float y, float dx, float dy, const float *shift, uint8_t *to) {
    size_t pitch = r->width + 3;
    float right = (float)r->width, bottom = (float)r->height;
    for (size_t k = 0; k < r->width; k++) {
        float u = within(x + (float)k * dx + (shift ? shift[k] : 0.0f), right) + 1.0f;
        float v = within(y + (float)k * dy + (shift ? shift[r->width + k] : 0.0f), bottom) + 1.0f;
        size_t i = (size_t)u, j = (size_t)v;
        const float *above = r->picture + j * pitch + i, *below = above + pitch;
        u -= (float)i;
        v -= (float)j;
        float upper = above[0] + u * (above[1] - above[0]), lower = below[0] + u * (below[1] - below[0]);
        to[k] = (uint8_t)(upper + v * (lower - upper) + 0.5f);
    }
}

void pm_deformer_apply(pm_deformer *r, const pm_pose *pose, const uint8_t *from, uint8_t *to) {
    for (size_t y = 0; y < r->height; y++)
        for (size_t x = 0; x < r->width; x++)
            r->picture[(y + 1) * (r->width + 3) + x + 1] = from[y * r->width + x];
    double a = pm_cos(pose->angle) / pose->size, b = pm_sin(pose->angle) / pose->size;
    double right = 0.5 * (double)(r->width - 1), down = 0.5 * (double)(r->height - 1);
    for (size_t y = 0; y < r->height; y++) {
        double p = -right - pose->right, q = (double)y - down - pose->down;
        take_row(r, (float)(right + a * p - b * q), (float)(down + b * p + a * q), (float)a, (float)b,
                 r->field ? r->field + y * r->stride : NULL, to + y * r->width);
    }
}

void pm_deform(pm_deformer *r, uint64_t key, uint64_t presentation, const uint8_t *from, uint8_t *to) {
    pm_pose pose = pm_pose_draw(&r->of, key, presentation);
    pm_deformer_draw(r, key, presentation, NULL);
    pm_deformer_apply(r, &pose, from, to);
}
