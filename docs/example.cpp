#include <cstdio>
#include <punctum/punctum.h>
#include <vector>

static pm_status print(const pm_spike *spike, void *, pm_error *) {
    std::printf("fires at %.12f ms, dV/dt = %.9f mV/ms\n", spike->time, spike->slope);
    return PM_OK;
}

int main() {
    pm_error error{};
    pm_neuron neuron = pm_neuron_default();
    std::vector<pm_event> spikes;
    for (double time : {1.0, 4.0, 4.5}) { // ms
        pm_event spike{};
        spike.time = time;
        spikes.push_back(spike);
    }
    pm_projection synapses{}; // all to all
    synapses.from = 0;
    synapses.to = 1;
    synapses.weight.a = 8000.0; // pA
    synapses.delay.a = 1.5;     // ms
    pm_simulation *simulation = nullptr;
    pm_network *network = pm_network_new();
    if (!network || pm_network_add_spike_source(network, "input", 1, spikes.data(), spikes.size(), nullptr, &error) ||
        pm_network_add_lif(network, "cell", 1, &neuron, nullptr, &error) ||
        pm_network_connect(network, &synapses, &error) || pm_simulation_new(network, nullptr, &simulation, &error)) {
        std::fprintf(stderr, "%s\n", error.message);
        return error.status;
    }
    pm_simulation_on_spike(simulation, print, nullptr);
    pm_status status = pm_simulation_run(simulation, 100.0, &error);
    pm_simulation_free(simulation);
    pm_network_free(network);
    return status;
}
