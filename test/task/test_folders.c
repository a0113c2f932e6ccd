/* What fills folders of results, through the public header alone. */
#include <punctum/punctum.h>

#include "support/folder.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static char folder[TEST_FOLDER_SIZE];
static pm_error error;

static void setup(void) {
    test_folder_make(folder);
    error = (pm_error){0};
}

static void teardown(void) { test_folder_remove(folder); }

static void good(pm_status status) { ck_assert_msg(status == PM_OK, "%s", error.message); }

static void put(const char *name, const char *text) { good(pm_file_write(folder, name, text, strlen(text), &error)); }

static pm_network *build(void) {
    pm_neuron neuron = pm_neuron_default();
    pm_event spikes[] = {{.time = 1.0}, {.time = 4.0}, {.time = 4.5}};
    pm_projection synapses = {.from = 0, .to = 1, .weight.a = 8000.0, .delay.a = 1.5};
    pm_network *network = pm_network_new();
    network->duration = 50.0;
    good(pm_network_add_spike_source(network, "input", 1, spikes, 3, NULL, &error));
    good(pm_network_add_lif(network, "cell", 1, &neuron, NULL, &error));
    good(pm_network_connect(network, &synapses, &error));
    return network;
}

static void see(void *user, pm_simulation *simulation) { *(int *)user += simulation ? 1 : 10; }

/* A run leaves the spikes that a simulation reports, as a table that can be read. */
START_TEST(a_network_runs_into_a_folder) {
    pm_network *network = build();
    pm_network_outcome end;
    pm_simulation *simulation = NULL;
    pm_recording *recording = NULL;
    pm_recorded_spikes spikes;
    pm_table *table = NULL;
    pm_spike spike;
    const double *values = NULL;
    size_t n = 0;
    int calls = 0;
    pm_network_job how = {.folder = folder, .running = see, .user = &calls, .size = sizeof how};
    good(pm_network_run(network, &how, &end, &error));
    ck_assert_int_eq(calls, 11);
    ck_assert_uint_eq(end.counts.spikes, 2);
    ck_assert_double_eq(end.rates[1], 2.0 / 0.05);
    ck_assert_double_eq(end.rates[0], 0.0);
    pm_network_outcome_free(&end);
    good(pm_simulation_new(network, NULL, &simulation, &error));
    good(pm_recording_new(network, &recording, &error));
    pm_simulation_record(simulation, recording);
    good(pm_simulation_run(simulation, 50.0, &error));
    good(pm_recording_spikes(recording, 1, &spikes, &error));
    good(pm_table_open(test_folder_place(folder, "spikes-cell.dat"), &table, &error));
    for (size_t k = 0; k < spikes.n; k++) {
        good(pm_table_next(table, &values, &n, &error));
        ck_assert_uint_eq(n, 3);
        good(pm_table_spike(table, &spike, &error));
        ck_assert_double_eq(spike.time, spikes.time[k]);
        ck_assert_double_eq(spike.slope, spikes.slope[k]);
    }
    good(pm_table_next(table, &values, &n, &error));
    ck_assert_uint_eq(n, 0);
    ck_assert_double_gt(pm_table_share(table), 0.9);
    ck_assert_int_eq(pm_table_refuse(table, "no more", &error), PM_INVALID);
    pm_table_close(table);
    how.size = 8;
    ck_assert_int_eq(pm_network_run(network, &how, &end, &error), PM_INVALID);
    how.size = 0;
    how.every = 1.0;
    how.options.engine = PM_ENGINE_CLOCK;
    ck_assert_int_eq(pm_network_run(network, &how, &end, &error), PM_INVALID);
    pm_recording_free(recording);
    pm_simulation_free(simulation);
    pm_network_free(network);
}
END_TEST

static const char EXPERIMENT[] = "duration: 60.0\nseed: 3\ntrials: 3\niterations: 4\n"
                                 "layers: [{name: in, size: 8}, {name: out, size: 1}]\n"
                                 "problem: {poisson: {input_rate: 40.0, target_rate: 30.0}}\n"
                                 "goal: {correlation: 0.999, tau: 5.0}\nrule: {normad: {tau_hat: 2.0}}\n";

static void count(void *user, const pm_times_progress *p) {
    *(uint32_t *)user = p->done;
    ck_assert_uint_eq(p->trials, 3);
}

/* A training as a whole has the trials that single ones are, and leaves them for one that resumes. */
START_TEST(trials_are_trained_into_a_folder) {
    put("experiment.yaml", EXPERIMENT);
    pm_experiment *experiment = NULL;
    pm_classification *none = NULL;
    pm_times_outcome all;
    pm_trial one;
    uint32_t done = 0;
    good(pm_training_load(test_folder_place(folder, "experiment.yaml"), &experiment, &none, &error));
    ck_assert_ptr_null(none);
    pm_times_training how = {
        .folder = folder, .jobs = 1, .keep = 1, .progress = count, .user = &done, .size = sizeof how};
    good(pm_experiment_train(experiment, &how, &all, &error));
    ck_assert_uint_eq(all.n_done, 3);
    ck_assert_uint_eq(done, 3);
    for (uint32_t k = 0; k < 3; k++) {
        good(pm_trial_run(experiment, k, NULL, NULL, NULL, &one, &error));
        ck_assert_double_eq(one.correlation, all.trials[k].correlation);
        ck_assert_uint_eq(one.iterations, all.trials[k].iterations);
        pm_trial_free(&one);
    }
    pm_times_outcome_free(&all);
    const volatile int stop = 1;
    how.stop = &stop;
    ck_assert_int_eq(pm_experiment_train(experiment, &how, &all, &error), PM_STOPPED);
    ck_assert_ptr_null(all.trials);
    how.size = 8;
    ck_assert_int_eq(pm_experiment_train(experiment, &how, &all, &error), PM_INVALID);
    pm_experiment_free(experiment);
}
END_TEST

/* The points of a search come in order, the best first, with the values that were tried. */
START_TEST(a_search_orders_its_points) {
    put("experiment.yaml", EXPERIMENT);
    put("search.yaml", "experiment: experiment.yaml\nseed: 7\ntrials: 1\niterations: 3\n"
                       "vary: {rule.normad.tau_hat: {choice: [2.0, 4.0]}}\n");
    pm_search *search = NULL;
    pm_search_point *points = NULL;
    char text[PM_SEARCH_VALUE_SIZE];
    good(pm_search_load(test_folder_place(folder, "search.yaml"), &search, &error));
    ck_assert_uint_eq(pm_search_points(search), 2);
    ck_assert_str_eq(pm_search_varied(search, 0), "rule.normad.tau_hat");
    ck_assert_ptr_null(pm_search_varied(search, 1));
    pm_search_value(search, 1, 0, text, sizeof text);
    ck_assert_double_eq(strtod(text, NULL), 4.0);
    pm_search_value(search, 1, 1, text, sizeof text);
    ck_assert_str_eq(text, "");
    pm_search_options how = {.folder = folder, .jobs = 1, .size = sizeof how};
    good(pm_search_run(search, &how, &points, &error));
    ck_assert(points[0].number != points[1].number);
    ck_assert(points[0].converged > points[1].converged || points[0].best >= points[1].best);
    pm_free(points);
    how.size = 8;
    ck_assert_int_eq(pm_search_run(search, &how, &points, &error), PM_INVALID);
    pm_search_free(search);
}
END_TEST

/* A picture that moves makes events, in order of time and within the sensor; a film of files that are none is refused.
 */
START_TEST(a_camera_sees) {
    uint8_t picture[16] = {0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255};
    pm_camera camera = pm_camera_default();
    pm_pixel_events events = {0};
    pm_film film;
    camera.size = sizeof camera;
    good(pm_camera_record(&camera, picture, 4, 4, &events, &error));
    ck_assert_uint_gt(events.n, 20);
    for (size_t k = 0; k < events.n; k++) {
        ck_assert(events.list[k].x < PM_CAMERA_SIDE && events.list[k].y < PM_CAMERA_SIDE);
        ck_assert(k == 0 || events.list[k].time >= events.list[k - 1].time);
    }
    pm_pixel_events_free(&events);
    const pm_camera_film_options how = {
        .camera = &camera, .images = "missing", .labels = "missing", .folder = folder, .size = sizeof how};
    ck_assert_int_eq(pm_camera_film(&how, &film, &error), PM_INVALID);
    ck_assert_uint_eq(film.done, 0);
    camera.size = 1;
    ck_assert_int_eq(pm_camera_record(&camera, picture, 4, 4, &events, &error), PM_INVALID);
}
END_TEST

/* A validation leaves its table and its summary, which names the table. */
START_TEST(a_validation_is_written) {
    pm_network *network = build();
    pm_validation v;
    pm_results *results = NULL;
    struct json_t *summary = NULL;
    unsigned char *bytes = NULL;
    size_t size = 0;
    good(pm_validate(network, &(pm_validation_options){.smallest = 0.5, .window = 1.0}, &v, &error));
    good(pm_results_open(folder, NULL, true, &results, &error));
    ck_assert_str_eq(pm_results_folder(results), folder);
    good(pm_validation_write(results, network, 1.0, &v, 0.1, &error));
    pm_results_close(results, false);
    good(pm_file_read(test_folder_place(folder, "validation.dat"), &bytes, &size, &error));
    ck_assert_ptr_nonnull(strstr((char *)bytes, "exact-grid 0.5 "));
    ck_assert_uint_eq(strlen((char *)bytes), size);
    pm_free(bytes);
    good(pm_summary_read(folder, &summary, &error));
    ck_assert(pm_summary_names(summary, "validation.dat"));
    ck_assert(!pm_summary_names(summary, "other.dat"));
    json_decref(summary);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_folders(void);
Suite *pm_suite_folders(void) {
    Suite *suite = suite_create("folders");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_network_runs_into_a_folder);
    tcase_add_test(all, trials_are_trained_into_a_folder);
    tcase_add_test(all, a_search_orders_its_points);
    tcase_add_test(all, a_camera_sees);
    tcase_add_test(all, a_validation_is_written);
    suite_add_tcase(suite, all);
    return suite;
}
