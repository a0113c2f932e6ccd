/* All kinds there are, by category: the list of lists, which has to stand below everything that it names. */
#include "classify/classification.h"
#include "data/camera.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "model/source.h"
#include "rule/rule.h"

#include <string.h>

static const pm_kind *const classifiers[] = {&pm_classification_sets,     &pm_deformation_kind,
                                             &pm_classification_input,    &pm_classification_layers,
                                             &pm_classification_learning, &pm_classification_activity,
                                             NULL};
static const pm_kind *const cameras[] = {&pm_camera_kind, NULL};

static const pm_category categories[] = {
    {"neuron", "neurons", pm_neurons},
    {"receptor", "receptors of neurons", pm_receptors},
    {"source", "sources of spikes", pm_sources},
    {"rule", "learning rules of spike times", pm_rules},
    {"code", "codes, which make spikes of the features of an example", pm_codes},
    {"loss", "losses of classifiers", pm_losses},
    {"optimiser", "how a gradient becomes a step", pm_optimisers},
    {"model", "models of classifiers in place of the exact network", pm_image_models},
    {"classifier", "what else an experiment in classification says", classifiers},
    {"camera", "cameras of punctum camera", cameras},
};
enum { N_CATEGORIES = sizeof categories / sizeof *categories };

const pm_category *pm_category_at(size_t k) { return k < N_CATEGORIES ? &categories[k] : NULL; }

const pm_category *pm_category_find(const char *name) {
    size_t k = 0;
    while (k < N_CATEGORIES && strcmp(categories[k].name, name) != 0)
        k++;
    return pm_category_at(k);
}
