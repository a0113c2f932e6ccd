/* What a lane has found is taken as it is; where a neuron is held, or a lane has left its course open, the neuron is
 * followed from spike to spike by the exact crossing. Invariant: a reset changes nothing at the end of the span but u,
 * by the part of the jump that is left. */
#include "layer/layer_span.h"

#include "math/exponential.h"
#include "math/interval.h"

#include <math.h>

/* Adds a spike, keeping those from `first` on in order. */
static pm_status insert(const pm_layer_spikes *spikes, double time, uint32_t neuron, double slope, pm_error *error) {
    pm_raster *out = spikes->out;
    pm_status status = pm_raster_append(out, time, neuron, slope, error);
    if (status)
        return status;
    size_t k = out->n - 1;
    for (; k > spikes->first && (out->time[k - 1] > time || (out->time[k - 1] == time && out->neuron[k - 1] > neuron));
         k--) {
        out->time[k] = out->time[k - 1];
        out->neuron[k] = out->neuron[k - 1];
        out->slope[k] = out->slope[k - 1];
    }
    out->time[k] = time;
    out->neuron[k] = neuron;
    out->slope[k] = slope;
    return PM_OK;
}

pm_status pm_span_fire(pm_layer_spikes *spikes, pm_span *span, double time, double slope, pm_error *error) {
    pm_status status = insert(spikes, time, span->neuron, slope, error);
    span->held = time + spikes->lif->t_ref;
    if (status || spikes->out->n <= spikes->limit)
        return status;
    return pm_fail(error, PM_FAILED, "runaway activity: more than %zu spikes in one layer; neuron %u at %.17g ms",
                   spikes->limit, span->neuron, time);
}

/* Carries a held neuron to the end of its refractory time or of the span. */
static void wait_out(const pm_lif *lif, pm_span *span) {
    double until = span->held < span->end ? span->held : span->end;
    span->state = pm_lif_advance(lif, &span->state, until - span->begin);
    span->state.u = lif->u_reset;
    span->begin = until;
    span->last.u = until < span->end ? pm_lif_u(lif, &span->state, span->end - until) : lif->u_reset;
}

pm_status pm_span_follow(pm_layer_spikes *spikes, pm_span *span, pm_error *error) {
    const pm_lif *lif = spikes->lif;
    pm_lif_state at = span->state;
    for (;;) {
        if (span->held > span->begin)
            wait_out(lif, span);
        double left = span->end - span->begin, wait = INFINITY;
        if (span->begin < span->end)
            wait = pm_lif_crossing_between(lif, &span->state, &span->last, left, &at);
        if (!(wait <= left))
            return PM_OK;
        double spike = span->begin + wait < span->end ? span->begin + wait : span->end;
        pm_status status = pm_span_fire(spikes, span, spike, pm_lif_slope_now(lif, &at), error);
        if (status)
            return status;
        span->last.u -= (at.u - lif->u_reset) * pm_exponential_at(-lif->l_m * (left - wait)).e;
        span->state = at;
        span->state.u = lif->u_reset;
        span->begin = spike;
    }
}

pm_status pm_span_take(pm_layer_spikes *spikes, pm_span *span, const pm_lanes *lanes, size_t k, pm_error *error) {
    const pm_lif *lif = spikes->lif;
    if (!(span->held > span->begin)) {
        if (lanes->course[k] == PM_LANE_SILENT)
            return PM_OK;
        if (lanes->course[k] == PM_LANE_FOUND) {
            pm_lif_state at = {lanes->u[k], lanes->i[k], lanes->b[k]};
            double t = span->begin + lanes->time[k];
            t = t < span->end ? t : span->end;
            pm_status status = pm_span_fire(spikes, span, t, pm_lif_slope_now(lif, &at), error);
            span->last.u = lanes->after[k];
            if (status || (lif->t_ref == 0.0 && lanes->bound[k] < lif->theta))
                return status;
            span->begin = t;
            span->state = (pm_lif_state){lif->u_reset, at.i, at.b};
        }
    }
    return pm_span_follow(spikes, span, error);
}
