#include <punctum/punctum.h>
#include <math.h>
#include <stdio.h>

int main(void) {
    pm_error error = {0};
    pm_trainer *trainer = NULL;
    pm_weight_part spread = {.share = 1.0, .draw = {.kind = PM_UNIFORM, .a = 0.0, .b = 6000.0}}; /* pA */
    pm_training_layer input = {.name = "input", .size = 10};
    pm_training_layer hidden = {.name = "hidden", .size = 20, .parts = &spread, .n_parts = 1, .plastic = true, .rate = 1.0,
                                .lowest = -INFINITY, .highest = INFINITY};
    pm_training_layer output = hidden;
    output.name = "output", output.size = 1, output.n_parts = 0; /* weights begin at 0 */
    pm_event spikes[10], wanted[] = {{.time = 12.0}, {.time = 25.0}}; /* ms */
    for (unsigned k = 0; k < 10; k++)
        spikes[k] = (pm_event){.neuron = k, .time = 2.5 * k};
    pm_experiment *experiment = pm_experiment_new();
    if (!experiment)
        return 1;
    experiment->duration = 40.0;    /* ms */
    experiment->goal.within = 0.01; /* ms */
    if (pm_experiment_add_layer(experiment, &input, &error) || pm_experiment_add_layer(experiment, &hidden, &error) ||
        pm_experiment_add_layer(experiment, &output, &error) ||
        pm_experiment_add_pattern(experiment, spikes, 10, wanted, 2, &error) ||
        pm_experiment_set_rule(experiment, "normad", &error) ||
        pm_experiment_set_parameter(experiment, "step", 30.0, &error) || /* mV */
        pm_trainer_new(experiment, 0, &trainer, &error))
        return fprintf(stderr, "%s\n", error.message), error.status;
    while (!error.status && !pm_trainer_report(trainer).converged && pm_trainer_report(trainer).iteration < 1000)
        (void)pm_trainer_step(trainer, &error);
    if (pm_trainer_report(trainer).converged)
        printf("both spikes within %g ms of their instants\n", experiment->goal.within);
    printf("weight from hidden neuron 3 to the output: %.1f pA\n", pm_trainer_weight(trainer, 2, 3, 0));
    pm_trainer_free(trainer);
    pm_experiment_free(experiment);
    return error.status;
}
