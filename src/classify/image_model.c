/* The list of models, and batches over threads. Invariant: chunk c of a batch holds its images c * PM_IMAGE_CHUNK and
 * following and has sums and an outcome of its own; threads take chunks in any order, and what they gathered is added
 * chunk after chunk. */
#include "classify/image_model.h"

#include "base/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define HEAD(name) &pm_image_model_##name.head,
const pm_kind *const pm_image_models[] = {PM_IMAGE_MODELS(HEAD) NULL};

static pm_status allocate(pm_image_net *net, pm_error *error) {
    net->learnt = calloc(net->n_learnt, sizeof *net->learnt);
    net->sums = calloc(net->n_sums, sizeof *net->sums);
    net->room = calloc((size_t)net->threads, sizeof *net->room);
    if (!net->learnt || !net->sums || !net->room)
        return pm_fail_memory(error, "the weights of a network");
    pm_status status = PM_OK;
    for (int t = 0; t < net->threads && status == PM_OK; t++)
        status = net->kind->room_new(net->model, &net->room[t], error);
    return status;
}

pm_status pm_image_net_new(pm_image_net *net, const pm_image_model *kind, const uint32_t *sizes, size_t n_layers,
                           const void *parameters, uint64_t key, int threads, pm_error *error) {
    *net = (pm_image_net){.kind = kind, .n_layers = n_layers, .threads = threads > 0 ? threads : 1};
    if (n_layers < 2 || n_layers > PM_IMAGE_LAYERS)
        return pm_fail(error, PM_INVALID, "%s: %zu layers, the input included; 2 to %d are possible", kind->head.name,
                       n_layers, PM_IMAGE_LAYERS);
    for (size_t l = 0; l < n_layers; l++)
        if (sizes[l] == 0)
            return pm_fail(error, PM_INVALID, "%s: layer %zu is empty", kind->head.name, l);
    if (sizes[n_layers - 1] > 256)
        return pm_fail(error, PM_INVALID, "%s: %u output neurons; labels tell at most 256 apart", kind->head.name,
                       sizes[n_layers - 1]);
    net->n_inputs = sizes[0];
    net->n_outputs = sizes[n_layers - 1];
    pm_status status = pm_kind_check(&kind->head, parameters, error);
    if (status == PM_OK)
        status = kind->create(&net->model, sizes, n_layers, parameters, error);
    if (status == PM_OK) {
        net->n_learnt = kind->n_learnt(net->model);
        net->n_sums = kind->n_sums(net->model);
        status = allocate(net, error);
    }
    if (status == PM_OK)
        kind->draw(net->model, key, net->learnt);
    else
        pm_image_net_free(net);
    return status;
}

void pm_image_net_free(pm_image_net *net) {
    for (size_t c = 0; c < net->n_chunk_sums; c++)
        free(net->chunk_sums[c]);
    for (int t = 0; net->room && t < net->threads; t++)
        net->kind->room_free(net->room[t]);
    if (net->model)
        net->kind->destroy(net->model);
    free(net->chunk_sums);
    free(net->room);
    free(net->sums);
    free(net->learnt);
    *net = (pm_image_net){0};
}

static pm_status reserve(pm_image_net *net, size_t chunks, pm_error *error) {
    size_t capacity = net->n_chunk_sums;
    if (!pm_list_reserve((void **)&net->chunk_sums, &capacity, chunks, sizeof *net->chunk_sums))
        return pm_fail_memory(error, "the gradient of a batch");
    for (; net->n_chunk_sums < chunks; net->n_chunk_sums++) {
        double *sums = net->chunk_sums[net->n_chunk_sums] = malloc(net->n_sums * sizeof *sums);
        if (!sums)
            return pm_fail_memory(error, "the gradient of a batch");
    }
    return PM_OK;
}

/* What the threads share while they work on a batch. */
typedef struct batch {
    pm_image_net *net;
    const pm_images *images;
    bool learn;
    pm_image_outcome *outcome; /* of each chunk */
    pm_status *status;         /* of each chunk */
    pm_error *error;           /* of each chunk */
    uint8_t *guess;
} batch;

static void run_chunk(batch *b, size_t c, void *room) {
    const pm_images *all = b->images;
    size_t from = c * PM_IMAGE_CHUNK, n = all->n - from < PM_IMAGE_CHUNK ? all->n - from : PM_IMAGE_CHUNK;
    pm_images part = *all;
    part.n = n;
    part.pixel = all->pixel ? all->pixel + from * b->net->n_inputs : NULL;
    part.label = all->label + from;
    part.number = all->number + from;
    double *sums = b->learn ? b->net->chunk_sums[c] : NULL;
    const double *values = !b->learn && b->net->tested ? b->net->tested : b->net->learnt;
    uint8_t unused[PM_IMAGE_CHUNK];
    if (sums)
        memset(sums, 0, b->net->n_sums * sizeof *sums);
    b->outcome[c] = (pm_image_outcome){0};
    b->status[c] = b->net->kind->run(b->net->model, room, values, &part, sums, &b->outcome[c],
                                     b->guess ? b->guess + from : unused, &b->error[c]);
}

enum { PIECE = 4096 }; /* doubles that are summed over all chunks before the next ones */

static void add_chunks(pm_image_net *net, size_t chunks) {
    size_t pieces = (net->n_sums + PIECE - 1) / PIECE;
#pragma omp parallel for schedule(static) num_threads(net->threads)
    for (size_t p = 0; p < pieces; p++) {
        size_t from = p * PIECE, n = net->n_sums - from < PIECE ? net->n_sums - from : PIECE;
        memcpy(net->sums + from, net->chunk_sums[0] + from, n * sizeof *net->sums);
        for (size_t c = 1; c < chunks; c++)
            for (size_t k = 0; k < n; k++)
                net->sums[from + k] += net->chunk_sums[c][from + k];
    }
}

static void add_outcome(pm_image_outcome *to, const pm_image_outcome *from) {
    to->loss += from->loss;
    to->correct += from->correct;
    for (size_t l = 0; l < PM_IMAGE_LAYERS; l++)
        to->spikes[l] += from->spikes[l];
}

static pm_status run_chunks(batch *b, size_t chunks, pm_image_outcome *outcome, pm_error *error) {
    pm_image_net *net = b->net;
#pragma omp parallel num_threads(net->threads)
    {
        int thread = 0;
#ifdef _OPENMP
        thread = omp_get_thread_num();
#endif
#pragma omp for schedule(dynamic, 1)
        for (size_t c = 0; c < chunks; c++)
            run_chunk(b, c, net->room[thread]);
    }
    *outcome = (pm_image_outcome){0};
    for (size_t c = 0; c < chunks; c++) {
        if (b->status[c] != PM_OK) {
            if (error)
                *error = b->error[c];
            return b->status[c];
        }
        add_outcome(outcome, &b->outcome[c]);
    }
    return PM_OK;
}

static bool all_finite(const double *x, size_t n) {
    double sum = 0.0; /* 0 x is no number unless x is finite */
    for (size_t k = 0; k < n; k++)
        sum += 0.0 * x[k];
    return sum == 0.0;
}

pm_status pm_image_net_run(pm_image_net *net, const pm_images *images, bool learn, pm_image_outcome *outcome,
                           uint8_t *guess, pm_error *error) {
    size_t chunks = (images->n + PM_IMAGE_CHUNK - 1) / PM_IMAGE_CHUNK;
    *outcome = (pm_image_outcome){0};
    for (size_t k = 0; k < images->n; k++)
        if (images->label[k] >= net->n_outputs)
            return pm_fail(error, PM_INVALID, "image %llu has label %u; the network has %zu output neurons",
                           (unsigned long long)images->number[k], images->label[k], net->n_outputs);
    if (chunks == 0)
        return PM_OK;
    batch b = {net,
               images,
               learn,
               calloc(chunks, sizeof *b.outcome),
               calloc(chunks, sizeof *b.status),
               calloc(chunks, sizeof *b.error),
               guess};
    pm_status status =
        b.outcome && b.status && b.error ? PM_OK : pm_fail_memory(error, "the results of a batch of images");
    if (status == PM_OK && learn)
        status = reserve(net, chunks, error);
    if (status == PM_OK)
        status = run_chunks(&b, chunks, outcome, error);
    free(b.outcome);
    free(b.status);
    free(b.error);
    if (status != PM_OK || !learn)
        return status;
    add_chunks(net, chunks);
    net->kind->finish(net->model, images->n, net->learnt, net->sums);
    if (!isfinite(outcome->loss) || !all_finite(net->sums, net->n_sums))
        return pm_fail(error, PM_FAILED,
                       "training diverged: the loss or its gradient is no number any more; a lower "
                       "learning rate may help");
    return PM_OK;
}
