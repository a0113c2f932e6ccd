/* The pieces of docs/api.md in a program: what there is by name, the gradient of a loss with respect to weights, a
 * classifier. */
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>

static void list(void) {
    for (size_t c = 0; pm_category_at(c); c++)
        for (const pm_kind *const *kind = pm_category_at(c)->kinds; *kind; kind++)
            for (size_t k = 0; k < (*kind)->n_fields; k++) {
                char preset[60], range[300];
                const pm_field *field = pm_kind_field_at(*kind, k);
                printf("%s.%s: %s; %s\n", (*kind)->name, field->name, pm_field_default(field, preset, sizeof preset),
                       pm_field_range(field, range, sizeof range));
            }
}

/* Of the synapses of a network whose spikes are recorded. */
static pm_status differentiate(pm_simulation *simulation, const pm_recording *recording, size_t n_synapses) {
    pm_error error = {0};
    pm_spike *spikes;
    size_t n;
    pm_status status = pm_recording_all(recording, &spikes, &n, &error);
    double *dl_dt = calloc(n + 1, sizeof *dl_dt), *weight = calloc(n_synapses, sizeof *weight);
    for (size_t k = 0; k < n && dl_dt; k++) /* L = sum of 1/2 (t - 20 ms)^2 over the spikes of population 1 */
        dl_dt[k] = spikes[k].population == 1 ? spikes[k].time - 20.0 : 0.0;
    if (!status)
        status = pm_simulation_gradient(simulation, spikes, n, dl_dt, 0.0, &(pm_gradient){.weight = weight}, &error);
    for (size_t k = 0; k < n_synapses && !status && weight; k++)
        printf("dL/dw[%zu] = %.6g ms^2/pA\n", k, weight[k]);
    pm_free(spikes);
    free(dl_dt);
    free(weight);
    return status;
}

/* Which of two intensities is larger. */
static pm_status classify(void) {
    enum { N = 60 };
    pm_error error = {0};
    double values[2 * N];
    uint8_t labels[N];
    for (size_t k = 0; k < N; k++) {
        labels[k] = k % 2;
        values[2 * k] = (k % 2 ? 0.1 : 0.6) + 0.3 * (double)(7 * k % N) / N;
        values[2 * k + 1] = (k % 2 ? 0.6 : 0.1) + 0.3 * (double)(11 * k % N) / N;
    }
    pm_dataset examples = {.n = N, .n_features = 2, .n_classes = 2, .values = values, .label = labels};
    static const char text[] =
        "duration: 30\n"
        "data: {given: {classes: 2}}\n"
        "coding: {latency: {to: 15}, bias: 0}\n"
        "neuron: {V_th: -55}\n"
        "layers: [{size: 12, weight: {normal: [900, 400]}}, {size: 2, weight: {normal: [50, 30]}}]\n"
        "loss: {discounted: {scale: 0.3, tau: 10}}\n"
        "epochs: 20\nbatch: 20\nrate: 10\n";
    pm_classification *experiment;
    pm_class_outcome outcome = {0};
    pm_status status = pm_classification_parse(text, "text", &experiment, &error);
    if (!status)
        status = pm_classification_train(
            experiment, &(pm_class_training){.train = &examples, .test = &examples, .size = sizeof(pm_class_training)},
            &outcome, &error);
    if (!status)
        printf("%zu of %zu examples right after %zu epochs\n", outcome.test.correct, outcome.test.n, outcome.n_epochs);
    pm_class_outcome_free(&outcome);
    pm_classification_free(experiment);
    return status;
}

int main(void) {
    pm_error error = {0};
    pm_simulation *simulation = NULL;
    pm_recording *recording = NULL;
    pm_neuron neuron = pm_neuron_default();
    pm_event inputs[] = {{.time = 1.0}, {.time = 4.0}, {.time = 4.5}};
    pm_projection synapses = {.from = 0, .to = 1, .weight.a = 8000.0, .delay.a = 1.5};
    pm_network *network = pm_network_new();
    list();
    pm_status status = !network ? PM_NO_MEMORY : PM_OK;
    if (!status)
        status = pm_network_add_spike_source(network, "input", 1, inputs, 3, NULL, &error);
    if (!status)
        status = pm_network_record_spikes(network, 0, true, &error);
    if (!status)
        status = pm_network_add_lif(network, "cell", 1, &neuron, NULL, &error);
    if (!status)
        status = pm_network_connect(network, &synapses, &error);
    if (!status)
        status = pm_simulation_new(network, NULL, &simulation, &error);
    if (!status)
        status = pm_recording_new(network, &recording, &error);
    if (!status) {
        pm_simulation_record(simulation, recording);
        status = pm_simulation_run(simulation, 100.0, &error);
    }
    if (!status)
        status = differentiate(simulation, recording, 1);
    if (!status)
        status = classify();
    pm_recording_free(recording);
    pm_simulation_free(simulation);
    pm_network_free(network);
    return status;
}
