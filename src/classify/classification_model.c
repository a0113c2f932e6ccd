/* A thin layer: sums over images become scores, and what an experiment says becomes what a trainer of images wants. */
#include "classify/classification_model.h"

void pm_score_finish(pm_score *score) {
    double n = score->n ? (double)score->n : 1.0;
    score->loss /= n;
    score->spikes /= n;
    score->input /= n;
}

pm_status pm_model_new(const pm_classification *c, const pm_dataset *train, pm_image_trainer **images,
                       pm_error *error) {
    uint32_t sizes[PM_CLASSIFIER_MOST_LAYERS + 1] = {(uint32_t)train->n_features};
    for (size_t l = 0; l < c->n_layers; l++)
        sizes[l + 1] = (uint32_t)c->layers[l].size;
    const pm_image_training training = {.kind = c->model,
                                        .parameters = c->model_parameters,
                                        .seed = c->seed,
                                        .sizes = sizes,
                                        .n_layers = c->n_layers + 1,
                                        .batch = c->batch,
                                        .optimiser = c->optimiser,
                                        .optimiser_parameters = c->optimiser_parameters,
                                        .deform = &c->deform};
    return pm_image_trainer_new(&training, train, images, error);
}

static pm_score score_of(size_t n, const pm_image_outcome *outcome) {
    pm_score score = {.n = n, .correct = outcome->correct, .loss = outcome->loss, .input = (double)outcome->spikes[0]};
    for (size_t l = 1; l < PM_IMAGE_LAYERS; l++)
        score.spikes += (double)outcome->spikes[l];
    return score;
}

typedef struct listener {
    void (*progress)(void *, size_t, const pm_score *);
    void *argument;
} listener;

static void hear(void *argument, size_t done, const pm_image_outcome *outcome) {
    const listener *to = argument;
    pm_score score = score_of(done, outcome);
    to->progress(to->argument, done, &score);
}

pm_status pm_model_epoch(pm_image_trainer *images, size_t n, double rate,
                         void (*progress)(void *, size_t, const pm_score *), void *argument, const volatile int *stop,
                         pm_score *score, pm_error *error) {
    pm_image_outcome outcome;
    listener to = {progress, argument};
    pm_status status = pm_image_trainer_epoch(images, rate, to.progress ? hear : NULL, &to, stop, &outcome, error);
    *score = score_of(n, &outcome);
    pm_score_finish(score);
    return status;
}

pm_status pm_model_test(pm_image_trainer *images, const pm_dataset *data, uint32_t *confusion, pm_score *score,
                        pm_error *error) {
    pm_image_outcome outcome;
    pm_status status = pm_image_trainer_test(images, data, confusion, &outcome, error);
    *score = score_of(data->n, &outcome);
    pm_score_finish(score);
    return status;
}
