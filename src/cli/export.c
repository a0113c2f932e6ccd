/* punctum export: a network as a script for another simulator. */
#include "cli/command.h"
#include "cli/options.h"

#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const simulators[] = {"brian2", "nest", NULL};

typedef struct options {
    const char *file, *script;
    int to; /* place in simulators: a pm_simulator */
} options;

static pm_status export_network(const options *o, pm_error *error) {
    pm_network *network = NULL;
    pm_status status = pm_load_network(o->file, true, &network, error);
    if (status)
        return status;
    pm_watch_signals(NULL);
    const pm_export how = {.to = (pm_simulator)o->to, .script = o->script, .name = o->file, .stop = &pm_interrupted};
    pm_export_model *models = calloc(network->n_populations + 1, sizeof *models);
    status = models ? pm_network_export(network, &how, models, error) : pm_fail_memory(error, "the models");
    if (status == PM_INVALID && strcmp(error->key, "script") == 0) {
        const pm_error found = *error;
        status = pm_fail(error, PM_INVALID, "-o: %.900s", found.message);
    }
    if (!status)
        printf("%s\n", o->script);
    for (size_t p = 0; !status && p < network->n_populations; p++)
        if (models[p].model)
            printf("%s: %s, %s\n", network->populations[p].name, models[p].model,
                   models[p].grid ? "spikes on the grid" : "spikes at their times");
    free(models);
    pm_network_free(network);
    return status;
}

static const pm_operand operands[] = {{"NETWORK.yaml", offsetof(options, file), 1, "which network file?"}, {0}};

static const pm_option list[] = {
    {PM_OPTION_CHOICE, "to", 't', "NAME", "brian2 or nest", .target = offsetof(options, to), .choices = simulators,
     .question = "for which simulator? Give --to brian2 or --to nest"},
    {PM_OPTION_TEXT, "output", 'o', "FILE.py", "the script; synapses and input spikes go into text files beside it",
     .target = offsetof(options, script), .question = "where to? Give the name of the script with -o FILE.py"},
    {0},
};

static const pm_call call = {
    "export",
    "Write a network as a script for Brian2 or PyNEST that runs as it is.",
    operands,
    list,
    "The script takes --dt MS (time step) and --output DIR, where it leaves spikes-POPULATION.dat ('neuron time_ms') "
    "for 'punctum compare'. For NEST, a model of precise spike times is chosen where one has the population's "
    "equations "
    "(iaf_psc_exp_ps_lossless, iaf_psc_exp_ps, iaf_psc_alpha_ps, iaf_psc_delta_ps), else one on the grid "
    "(iaf_psc_exp_multisynapse, iaf_psc_alpha_multisynapse, mat2_psc_exp, glif_psc); where there is none, the network "
    "is "
    "refused, and the message names the key.",
    (const char *const[]){"punctum export network.yaml --to brian2 -o brian.py",
                          "python3 brian.py --dt 0.01 --output brian",
                          "punctum compare results/spikes-cells.dat brian/spikes-cells.dat", NULL},
    NULL};

static int run(int argc, char **argv) {
    options o = {0};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    pm_status status = export_network(&o, &error);
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_export = {"export", "write a network for Brian2 or NEST", run};
