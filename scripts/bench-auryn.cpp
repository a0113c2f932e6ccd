/* B1 in Auryn, for scripts/bench-peer.py: bench-auryn NEURONS WEIGHT_MV RATE_HZ WARM_UP_MS DURATION_MS FOLDER prints processor seconds
 * and spikes of the duration after the warm-up. WEIGHT_MV: weight times resistance of the membrane. Auryn's own model of neurons and
 * its own Poisson input, on its grid of 0.1 ms, in single precision; delays are axonal. */
#include <auryn.h>
#include <cstdio>
#include <ctime>

using namespace auryn;

class Counter : public Device {
    SpikingGroup *group;

  public:
    unsigned long spikes = 0;
    Counter(SpikingGroup *group) : group(group) { sys->register_device(this); }
    void execute() override { spikes += group->get_spikes_immediate()->size(); }
};

static IafPscExpGroup *population(NeuronID size, double rate, double weight) {
    IafPscExpGroup *group = new IafPscExpGroup(size);
    group->set_tau_mem(10e-3f);
    group->e_rest = 0.0f; /* V */
    group->thr = 20e-3f;
    group->clear(); /* potentials at e_rest */
    group->set_refractory_period(2e-3);
    group->synapse_model->set_tau(2e-3f);
    group->set_delay(15); /* steps */
    (new PoissonStimulator(group, (AurynFloat)rate, (AurynWeight)weight))->set_target_state("syn_current");
    return group;
}

int main(int count, char **words) {
    if (count != 7)
        return 2;
    const int neurons = atoi(words[1]);
    const double weight = 1e-3 * atof(words[2]), rate = atof(words[3]), warm_up = 1e-3 * atof(words[4]), duration = 1e-3 * atof(words[5]);
    auryn_init(count, words, words[6], "B1", "", ERROR, ERROR);
    sys->quiet = true;
    IafPscExpGroup *groups[2] = {population(neurons / 5 * 4, rate, weight), population(neurons / 5, rate, weight)};
    for (int target = 0; target < 2; target++)
        for (int source = 0; source < 2; source++)
            new SparseConnection(groups[source], groups[target], (AurynWeight)(source ? -5.0 * weight : weight), 0.1, GLUT);
    const Counter *const counters[2] = {new Counter(groups[0]), new Counter(groups[1])}; /* the system deletes all */
    sys->run(warm_up, false);
    const unsigned long before[2] = {counters[0]->spikes, counters[1]->spikes};
    const clock_t begun = clock();
    sys->run(duration, false);
    printf("%.6f %lu %lu\n", (double)(clock() - begun) / CLOCKS_PER_SEC, counters[0]->spikes - before[0],
           counters[1]->spikes - before[1]);
    auryn_free();
    return 0;
}
