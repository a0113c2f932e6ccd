#include <punctum/punctum.h>
#include <stdio.h>

static pm_status print(const pm_spike *spike, void *user, pm_error *error) {
    (void)user, (void)error;
    printf("fires at %.12f ms, dV/dt = %.9f mV/ms\n", spike->time, spike->slope);
    return PM_OK;
}

int main(void) {
    pm_error error = {0};
    pm_simulation *simulation = NULL;
    pm_neuron neuron = pm_neuron_default();
    pm_event spikes[] = {{.time = 1.0}, {.time = 4.0}, {.time = 4.5}}; /* ms */
    pm_projection synapses = {.from = 0, .to = 1, .weight.a = 8000.0, .delay.a = 1.5}; /* pA, ms */
    pm_network *network = pm_network_new();
    if (!network || pm_network_add_spike_source(network, "input", 1, spikes, 3, NULL, &error) ||
        pm_network_add_lif(network, "cell", 1, &neuron, NULL, &error) ||
        pm_network_connect(network, &synapses, &error) || pm_simulation_new(network, NULL, &simulation, &error))
        return fprintf(stderr, "%s\n", error.message), error.status;
    pm_simulation_on_spike(simulation, print, NULL);
    pm_status status = pm_simulation_run(simulation, 100.0, &error);
    pm_simulation_free(simulation);
    pm_network_free(network);
    return status;
}
