/* What pm_validate measures as files, which are written together. */
#include "io/output.h"
#include "io/results.h"
#include "io/summary.h"

#include <math.h>
#include <punctum/punctum.h>

enum { N_STEPS = PM_VALIDATION_STEPS, N_KINDS = PM_VALIDATION_SCHEMES };

static bool has_run(const pm_validation *v, size_t kind) {
    return v->results[kind][0].done || v->results[kind][0].failed;
}

static pm_status write_table(const pm_validation *v, pm_results *results, pm_error *error) {
    pm_output output = {0};
    pm_status status = pm_output_open_in(&output, results, "validation.dat", error);
    if (!status)
        status = pm_output_write(&output, error,
                                 "# scheme dt_ms median_ms largest_ms matched missing extra seconds\n"
                                 "event 0 %.17g %.17g %zu 0 0 %.6g\n",
                                 v->residual_median, v->residual_largest, v->spikes, v->seconds);
    for (size_t kind = 0; kind < N_KINDS; kind++)
        for (size_t k = 0; !status && k < N_STEPS; k++) {
            const pm_validation_result *r = &v->results[kind][k];
            if (r->done)
                status =
                    pm_output_write(&output, error, "%s %g %.17g %.17g %zu %zu %zu %.6g\n", pm_validation_scheme(kind),
                                    pm_validation_step(k), r->match.median, r->match.largest, r->match.matched,
                                    r->match.missing, r->match.extra, r->seconds);
        }
    return pm_output_close(&output, status, error);
}

static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *kind_json(const pm_validation *v, size_t kind) {
    json_t *steps = json_array();
    for (size_t k = 0; k < N_STEPS; k++) {
        const pm_validation_result *r = &v->results[kind][k];
        if (r->done)
            pm_json_append(&steps,
                           json_pack("{s:f, s:o, s:o, s:I, s:I, s:I, s:f}", "dt_ms", pm_validation_step(k), "median_ms",
                                     number(r->match.median), "largest_ms", number(r->match.largest), "matched",
                                     (json_int_t)r->match.matched, "missing", (json_int_t)r->match.missing, "extra",
                                     (json_int_t)r->match.extra, "seconds", r->seconds));
        else if (r->failed)
            pm_json_append(&steps, json_pack("{s:f, s:b}", "dt_ms", pm_validation_step(k), "failed", 1));
    }
    return json_pack("{s:s, s:o, s:o}", "scheme", pm_validation_scheme(kind), "order", number(v->order[kind]), "steps",
                     steps);
}

pm_status pm_validation_write(pm_results *results, const pm_network *network, double window, const pm_validation *v,
                              double seconds, pm_error *error) {
    pm_status status = write_table(v, results, error);
    if (status)
        return status;
    json_t *schemes = json_array();
    for (size_t kind = 0; kind < N_KINDS; kind++)
        if (has_run(v, kind))
            pm_json_append(&schemes, kind_json(v, kind));
    json_t *potential = json_pack("{s:I, s:I, s:f}", "neurons", (json_int_t)v->neurons, "points", (json_int_t)v->points,
                                  "largest_difference_mV", v->potential_error);
    json_t *engine =
        json_pack("{s:f, s:I, s:o, s:o}", "seconds", v->seconds, "spikes_checked", (json_int_t)v->spikes_checked,
                  "median_ms", number(v->residual_median), "largest_ms", number(v->residual_largest));
    json_t *summary = json_pack("{s:s, s:s, s:I, s:b, s:f, s:f, s:I, s:o, s:o, s:o, s:o}", "version", PM_VERSION,
                                "command", "validate", "seed", (json_int_t)network->seed, "complete", 1, "wall_seconds",
                                seconds, "window_ms", window, "spikes", (json_int_t)v->spikes, "engine", engine,
                                "potential", potential, "schemes", schemes, "network", pm_network_json(network));
    status = pm_results_commit(results, summary, error);
    json_decref(summary);
    return status;
}
