/* The list of losses, and the cross-entropy that several of them are. */
#include "classify/classifier.h"
#include "math/elementary.h"

#define HEAD(name) &pm_loss_##name.head,
const pm_kind *const pm_losses[] = {PM_LOSSES(HEAD) NULL};

void pm_cross_entropy_soften(pm_lane *lane) {
    size_t n = lane->of->sizes[lane->of->n_layers];
    double most = lane->score[pm_lane_decision(lane)], sum = 0.0;
    for (size_t o = 0; o < n; o++)
        sum += lane->share[o] = pm_exp(lane->score[o] - most);
    for (size_t o = 0; o < n; o++)
        lane->share[o] /= sum;
}

double pm_cross_entropy(const pm_lane *lane, size_t label) {
    size_t n = lane->of->sizes[lane->of->n_layers], best = pm_lane_decision(lane);
    double most = lane->score[best], others = 0.0;
    for (size_t o = 0; o < n; o++)
        others += o == best ? 0.0 : pm_exp(lane->score[o] - most);
    return pm_log1p(others) + most - lane->score[label];
}

double *pm_cross_entropy_slopes(pm_lane *lane, size_t label, pm_error *error) {
    if (pm_lane_reserve(lane, pm_lane_last(lane)->n, error))
        return NULL;
    lane->share[label] -= 1.0;
    return lane->share;
}
