/* All kinds there are, by category: the list of lists, which has to stand below everything that it names; and kinds as
 * parts of pages, whose words are all those of the tables. */
#include <punctum/kind.h>

#include "classify/classification.h"
#include "data/camera.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "model/source.h"
#include "model/synapse.h"
#include "rule/rule.h"

#include <string.h>

static const pm_kind *const classifiers[] = {
    &pm_classification_sets,   &pm_deformation_kind,           &pm_classification_input,
    &pm_classification_layers, &pm_classification_convolution, &pm_classification_delay,
    &pm_classification_learning, &pm_classification_activity,  NULL};
static const pm_kind *const learnt[] = {&pm_learnt_weights, &pm_learnt_delays, &pm_learnt_parameters, NULL};
static const pm_kind *const cameras[] = {&pm_camera_kind, NULL};

static const pm_category categories[] = {
    {"neuron", "neurons", pm_neurons},
    {"receptor", "receptors of neurons", pm_receptors},
    {"synapse", "models of synapses", pm_synapse_kinds},
    {"source", "sources of spikes", pm_sources},
    {"rule", "learning rules of spike times", pm_rules},
    {"code", "codes, which make spikes of the features of an example", pm_codes},
    {"loss", "losses of classifiers", pm_losses},
    {"optimiser", "how a gradient becomes a step", pm_optimisers},
    {"model", "models of classifiers in place of the exact network", pm_image_models},
    {"classifier", "what else an experiment in classification says", classifiers},
    {"network_loss", "losses of networks in network files", pm_network_losses},
    {"learn", "what is learnt of a network in a network file", learnt},
    {"task", "tasks whose examples are drawn", pm_tasks},
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

/* --- pages -------------------------------------------------------------------------------------------------------- */

/* A text with a backslash before what would mean something else. */
static void put_escaped(FILE *to, const char *text, const char *special) {
    for (; *text; text++)
        fprintf(to, "%s%c", strchr(special, *text) ? "\\" : "", *text);
}

void pm_kind_markdown(FILE *to, const pm_kind *kind) {
    static const char special[] = "|*<\\";
    fprintf(to, "\n`%s`: ", kind->name);
    put_escaped(to, kind->help, special);
    if (kind->source[0])
        fprintf(to, ". Source: %s", kind->source);
    (void)fputs("\n", to);
    if (kind->n_fields > 0)
        (void)fputs("\n| key | unit | default | range | |\n|---|---|---|---|---|\n", to);
    for (size_t k = 0; k < kind->n_fields; k++) {
        const pm_field *field = &kind->fields[k];
        char preset[60], range[300];
        fprintf(to, "| `%s` |%s%s | %s | %s | ", field->name, field->unit[0] ? " " : "", field->unit,
                pm_field_default(field, preset, sizeof preset), pm_field_range(field, range, sizeof range));
        put_escaped(to, field->help, special);
        (void)fputs(" |\n", to);
    }
}

void pm_kind_manual(FILE *to, const pm_kind *kind) {
    fprintf(to, ".PP\n\\fB%s\\fR: ", kind->name);
    put_escaped(to, kind->help, "-\\");
    (void)fputs("\n", to);
    for (size_t k = 0; k < kind->n_fields; k++) {
        const pm_field *field = &kind->fields[k];
        char preset[60], range[300];
        fprintf(to, ".TP\n\\fB%s\\fR\n", field->name);
        put_escaped(to, field->help, "-\\");
        fprintf(to, " [");
        put_escaped(to, pm_field_default(field, preset, sizeof preset), "-\\");
        fprintf(to, "; ");
        put_escaped(to, pm_field_range(field, range, sizeof range), "-\\");
        (void)fputs("]\n", to);
    }
}
