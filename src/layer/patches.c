/* Two ways to make patches: by the geometry of a convolution, and by likeness of any fields. Then the tables of both:
 * by source, which patches it reaches, and by neuron, where it is. Invariant: every neuron is in one patch; sources of
 * a patch ascend. */
#include "layer/patches.h"

#include "layer/layer.h"

#include <stdlib.h>
#include <string.h>

void pm_patches_free(pm_patches *p) {
    free(p->patch);
    free(p->source);
    free(p->target);
    free(p->first);
    free(p->tap);
    free(p->home);
    free(p->owner);
    free(p->window);
    *p = (pm_patches){0};
}

static size_t padded(size_t n) { return (n + PM_LAYER_LANES - 1) / PM_LAYER_LANES * PM_LAYER_LANES; }

/* Room for so many patches with so many sources in all. */
static bool reserve(pm_patches *p, size_t n, size_t n_sources) {
    p->n = n;
    p->n_sources = n_sources;
    p->patch = calloc(n + 1, sizeof *p->patch);
    p->source = malloc((n_sources + 1) * sizeof *p->source);
    p->target = malloc((p->n_out + 1) * sizeof *p->target);
    p->first = calloc(p->n_in + 2, sizeof *p->first);
    p->tap = malloc((n_sources + 1) * sizeof *p->tap);
    p->home = malloc((p->n_out + 1) * sizeof *p->home);
    p->owner = calloc(n_sources + 1, sizeof *p->owner);
    return p->patch && p->source && p->target && p->first && p->tap && p->home && p->owner;
}

/* The tables by source and by neuron. */
static void index_patches(pm_patches *p) {
    for (size_t k = 0; k < p->n_sources; k++)
        p->first[p->source[k] + 2]++;
    for (size_t i = 1; i <= p->n_in; i++)
        p->first[i + 1] += p->first[i];
    for (uint32_t q = 0; q < p->n; q++) {
        const pm_patch *of = &p->patch[q];
        for (uint32_t k = 0; k < of->n_sources; k++)
            p->tap[p->first[p->source[of->source + k] + 1]++] = (pm_tap){q, k};
        for (size_t k = 0; !p->shared && k < of->n_sources; k++)
            p->owner[of->row + k] = q;
        for (uint32_t k = 0; k < of->n_targets; k++)
            p->home[p->target[of->target + k]] = (pm_tap){q, k};
    }
}

/* --- convolutions ------------------------------------------------------------------------------------------------- */

bool pm_convolution_shapes(const pm_convolution *c, const pm_maps *in, pm_maps *fires, pm_maps *passes) {
    if (c->size > in->height || c->size > in->width)
        return false;
    *fires = (pm_maps){c->channels, (in->height - c->size) / c->stride + 1, (in->width - c->size) / c->stride + 1};
    *passes = (pm_maps){c->channels, (fires->height + c->pool - 1) / c->pool, (fires->width + c->pool - 1) / c->pool};
    return true;
}

/* The place (y, x). */
static void fill_place(pm_patches *p, const pm_convolution *c, const pm_maps *in, const pm_maps *out, size_t y,
                       size_t x) {
    pm_patch *of = &p->patch[y * out->width + x];
    uint32_t *source = p->source + of->source, *target = p->target + of->target;
    for (size_t channel = 0; channel < in->channels; channel++)
        for (size_t dy = 0; dy < c->size; dy++)
            for (size_t dx = 0; dx < c->size; dx++)
                *source++ = (uint32_t)((channel * in->height + y * c->stride + dy) * in->width + x * c->stride + dx);
    for (size_t i = pm_maps_size(in); i < p->n_in; i++)
        *source++ = (uint32_t)i;
    for (size_t channel = 0; channel < c->channels; channel++)
        *target++ = (uint32_t)((channel * out->height + y) * out->width + x);
}

static void fill_windows(pm_patches *p, const pm_convolution *c, const pm_maps *out, const pm_maps *passes) {
    for (size_t channel = 0; channel < out->channels; channel++)
        for (size_t y = 0; y < out->height; y++)
            for (size_t x = 0; x < out->width; x++)
                p->window[(channel * out->height + y) * out->width + x] =
                    (uint32_t)((channel * passes->height + y / c->pool) * passes->width + x / c->pool);
}

pm_status pm_patches_convolve(pm_patches *p, const pm_convolution *c, const pm_maps *in, size_t n_in,
                              pm_error *error) {
    pm_maps out, passes;
    *p = (pm_patches){0};
    if (!pm_convolution_shapes(c, in, &out, &passes))
        return pm_fail(error, PM_INVALID, "a kernel of %zu x %zu is larger than the %zu x %zu that it sees", c->size,
                       c->size, in->height, in->width);
    const size_t seen = in->channels * c->size * c->size + n_in - pm_maps_size(in);
    *p = (pm_patches){.n_in = n_in,
                      .n_out = pm_maps_size(&out),
                      .n_rows = seen,
                      .stride = padded(c->channels),
                      .shared = true,
                      .n_windows = pm_maps_size(&passes)};
    bool enough = reserve(p, out.height * out.width, out.height * out.width * seen);
    if (enough && c->pool > 1)
        enough = (p->window = malloc(p->n_out * sizeof *p->window)) != NULL;
    if (!enough) {
        pm_patches_free(p);
        return pm_fail_memory(error, "the places of a convolution");
    }
    for (size_t q = 0; q < p->n; q++)
        p->patch[q] = (pm_patch){
            .source = q * seen, .n_sources = seen, .target = q * c->channels, .n_targets = c->channels};
    for (size_t y = 0; y < out.height; y++)
        for (size_t x = 0; x < out.width; x++)
            fill_place(p, c, in, &out, y, x);
    if (p->window)
        fill_windows(p, c, &out, &passes);
    index_patches(p);
    return PM_OK;
}

/* --- fields ------------------------------------------------------------------------------------------------------- */

enum { WORD = 64 };

/* Fields as sets of bits, while neurons are put together. */
typedef struct gathering {
    size_t words; /* of a field */
    uint64_t *field, *all; /* all: what the patch at hand sees */
    uint8_t *taken;
} gathering;

static size_t in_both(const gathering *g, size_t j) {
    size_t n = 0;
    for (size_t w = 0; w < g->words; w++)
        n += (size_t)__builtin_popcountll(g->all[w] & g->field[j * g->words + w]);
    return n;
}

static size_t sees(const gathering *g, size_t j) {
    size_t n = 0;
    for (size_t w = 0; w < g->words; w++)
        n += (size_t)__builtin_popcountll(g->field[j * g->words + w]);
    return n;
}

static void take(gathering *g, pm_patches *p, pm_patch *of, size_t j) {
    g->taken[j] = 1;
    p->target[of->target + of->n_targets++] = (uint32_t)j;
    for (size_t w = 0; w < g->words; w++)
        g->all[w] |= g->field[j * g->words + w];
}

/* A neuron that is left and would add the fewest sources to those of the patch, the first one of several; n_out: none.
 */
static size_t nearest(const gathering *g, size_t n_out) {
    size_t best = n_out, least = SIZE_MAX;
    for (size_t j = 0; j < n_out; j++) {
        const size_t added = g->taken[j] ? SIZE_MAX : sees(g, j) - in_both(g, j);
        best = added < least ? j : best;
        least = added < least ? added : least;
    }
    return best;
}

static void list_sources(const gathering *g, pm_patches *p, pm_patch *of) {
    for (size_t i = 0; i < p->n_in; i++)
        if (g->all[i / WORD] >> i % WORD & 1)
            p->source[of->source + of->n_sources++] = (uint32_t)i;
}

static void gather(gathering *g, pm_patches *p, size_t width) {
    size_t first = 0, targets = 0;
    p->n_sources = 0;
    for (size_t q = 0; q < p->n; q++) {
        pm_patch *of = &p->patch[q];
        *of = (pm_patch){.source = p->n_sources, .target = targets, .row = p->n_sources};
        memset(g->all, 0, g->words * sizeof *g->all);
        while (g->taken[first])
            first++;
        for (size_t j = first; j < p->n_out && of->n_targets < width; j = nearest(g, p->n_out))
            take(g, p, of, j);
        list_sources(g, p, of);
        p->n_sources += of->n_sources;
        targets += of->n_targets;
    }
    p->n_rows = p->n_sources;
}

pm_status pm_patches_gather(pm_patches *p, const uint8_t *fields, size_t n_in, size_t n_out, size_t stride,
                            size_t width, pm_error *error) {
    const size_t n = (n_out + width - 1) / width, words = (n_in + WORD - 1) / WORD;
    *p = (pm_patches){.n_in = n_in, .n_out = n_out, .stride = padded(width), .n_windows = n_out};
    gathering g = {.words = words,
                   .field = calloc(n_out * words + 1, sizeof *g.field),
                   .all = calloc(words + 1, sizeof *g.all),
                   .taken = calloc(n_out + 1, 1)};
    pm_status status = PM_OK;
    if (reserve(p, n, n * n_in) && g.field && g.all && g.taken) {
        for (size_t i = 0; i < n_in; i++)
            for (size_t j = 0; j < n_out; j++)
                g.field[j * words + i / WORD] |= (uint64_t)(fields[i * stride + j] != 0) << i % WORD;
        gather(&g, p, width);
        index_patches(p);
    } else {
        status = pm_fail_memory(error, "receptive fields");
        pm_patches_free(p);
    }
    free(g.field);
    free(g.all);
    free(g.taken);
    return status;
}

/* --- places ------------------------------------------------------------------------------------------------------- */

size_t pm_patches_place(const pm_patches *p, size_t source, size_t target) {
    const pm_tap home = p->home[target];
    const pm_patch *of = &p->patch[home.patch];
    for (size_t k = p->first[source]; k < p->first[source + 1]; k++)
        if (p->tap[k].patch == home.patch)
            return (of->row + p->tap[k].number) * p->stride + home.number;
    return PM_NO_WEIGHT;
}
