/* A curve may have millions of points, a picture has some hundred columns: of each column the first, the lowest, the
 * highest and the last point are kept, through which the line covers the same pixels. Spikes within a column are one
 * stroke. Curves end with their last sample, before the end of the run: the last stretch goes on to there. A threshold
 * that moves is computed from the spikes, which the curve has all. */
#include "cli/plot_potential.h"

#include "cli/gnuplot.h"
#include "cli/plot.h"
#include "math/elementary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    COLUMNS = 620,    /* pixels of the time axis, as in potential.gp */
    FINE_TRACES = 20, /* that are drawn with two columns a pixel */
    MOST_TRACES = 100 /* that are drawn */
};

typedef struct point {
    double time, potential; /* ms, mV */
    size_t place;           /* among those that were taken, from 1 */
} point;

/* A curve as it is read. */
typedef struct reduction {
    double from, to, columns;              /* ms, ms, of the picture */
    double column;                         /* of the points that are held; -1: none are */
    point first, low, high, last, earlier; /* earlier: the last of another column since the last spike, if place > 0 */
    size_t taken;
    double stroke_column;   /* of the last stroke */
    size_t strokes, marks;  /* marks: of the threshold */
    double lowest, largest; /* of the curve */
    double highest;         /* of thresholds and spikes, mV */
    const pm_curves *all;
    double V_th;                  /* mV, or NAN */
    double raised[PM_MOST_JUMPS]; /* mV, at `raised_at`, ms */
    double raised_at, threshold_column;
    FILE *curve, *spikes, *threshold; /* NULL: none is wanted */
} reduction;

/* Writes the points of a column in their order. */
static void flush(reduction *r) {
    if (r->column < 0.0)
        return;
    const point *earlier = r->low.place < r->high.place ? &r->low : &r->high;
    const point *later = earlier == &r->low ? &r->high : &r->low, *list[4] = {&r->first, earlier, later, &r->last};
    for (size_t k = 0; k < 4; k++)
        if (k == 0 || list[k]->place != list[k - 1]->place)
            fprintf(r->curve, "%.17g %.9g\n", list[k]->time, list[k]->potential);
    r->column = -1.0;
}

static void take(reduction *r, double time, double potential) {
    double column = floor((time - r->from) / (r->to - r->from) * r->columns);
    point p = {time, potential, ++r->taken};
    if (column != r->column) {
        r->earlier = r->last;
        flush(r);
        r->first = r->low = r->high = p;
        r->column = column;
    }
    r->low = potential < r->low.potential ? p : r->low;
    r->high = potential > r->high.potential ? p : r->high;
    r->last = p;
    r->lowest = fmin(r->lowest, potential);
    r->largest = fmax(r->largest, potential);
}

/* Where the line between two points crosses an edge of the window, ms. */
static void take_edge(reduction *r, double edge, const double *last, const double *row) {
    if (last[0] < edge && edge < row[0])
        take(r, edge, last[1] + (edge - last[0]) / (row[0] - last[0]) * (row[1] - last[1]));
}

/* The threshold at a time, before what a spike there adds. */
static double threshold_at(const reduction *r, double time) {
    double sum = r->V_th;
    for (size_t k = 0; r->all && k < r->all->n_rises; k++)
        sum += r->raised[k] * pm_exp((r->raised_at - time) / r->all->rises[k].tau);
    return sum;
}

static void write_threshold(reduction *r, double time) {
    const double threshold = threshold_at(r, time);
    if (!r->threshold || !(time >= r->from && time <= r->to) || isnan(threshold))
        return;
    fprintf(r->threshold, "%.17g %.9g\n", time, threshold);
    r->highest = fmax(r->highest, threshold);
    r->marks++;
}

static void raise_threshold(reduction *r, double time) {
    write_threshold(r, time);
    for (size_t k = 0; k < r->all->n_rises; k++)
        r->raised[k] = r->raised[k] * pm_exp((r->raised_at - time) / r->all->rises[k].tau) + r->all->rises[k].jump;
    r->raised_at = time;
    write_threshold(r, time);
}

/* A row `time V spike` after another one. */
static void enter(reduction *r, const double *last, const double *row) {
    take_edge(r, r->from, last, row);
    if (last[0] < r->from && row[0] > r->from)
        write_threshold(r, r->from);
    if (row[0] >= r->from && row[0] <= r->to) {
        take(r, row[0], row[1]);
        if (r->column != r->threshold_column)
            write_threshold(r, row[0]);
        r->threshold_column = r->column;
        if (row[2] == 1.0 && r->column != r->stroke_column) {
            fprintf(r->spikes, "%.17g %.9g\n", row[0], row[1]);
            r->highest = fmax(r->highest, row[1]);
            r->strokes++;
            r->stroke_column = r->column;
        }
        if (row[2] == 1.0)
            r->last.place = r->earlier.place = 0;
    }
    if (row[2] == 1.0)
        raise_threshold(r, row[0]);
    take_edge(r, r->to, last, row);
}

/* From the last point to the end of the window. */
static void go_on(reduction *r) {
    double gap = r->to - r->last.time, potential = r->last.potential;
    if (r->taken == 0)
        return;
    write_threshold(r, r->to);
    if (!(gap > 0.0))
        return;
    if (r->earlier.place > 0)
        potential += gap * (potential - r->earlier.potential) / (r->last.time - r->earlier.time);
    take(r, r->to, fmin(fmax(potential, r->lowest), threshold_at(r, r->to)));
}

/* done, all: of the files that a picture needs; `columns` of each row, for whose lack there is a message. */
static pm_status read_rows(pm_picture *picture, reduction *r, const char *path, double done, double all, size_t columns,
                           const char *lack, pm_error *error) {
    pm_table *table = NULL;
    const double *values = NULL;
    size_t n = 0, rows = 0;
    double last[] = {INFINITY, 0.0, 0.0};
    pm_status status = pm_table_open(path, &table, error);
    while (!status && !(status = pm_table_next(table, &values, &n, error)) && n > 0) {
        if (n < columns) {
            status = pm_table_refuse(table, lack, error);
            break;
        }
        const double row[] = {values[0], values[1], columns > 2 ? values[2] : 0.0};
        enter(r, last, row);
        memcpy(last, row, sizeof last);
        if (++rows % 16384 == 0)
            status = pm_picture_tell(picture, (done + pm_table_share(table)) / all, "reading potentials", error);
    }
    go_on(r);
    flush(r);
    pm_table_close(table);
    return status;
}

static bool moves(const pm_curves *t) { return t->varied || t->n_rises > 0; }

/* Files of a trace for the script. */
typedef struct wanted {
    const char *name;
    FILE **file; /* NULL: not wanted */
} wanted;

static pm_status write_trace(pm_picture *picture, reduction *r, const pm_trace *trace, size_t index, size_t n,
                             pm_error *error) {
    const wanted list[] = {
        {"file", &r->curve}, {"spikes", &r->spikes}, {"threshold", moves(r->all) ? &r->threshold : NULL}};
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < sizeof list / sizeof *list; k++)
        if (list[k].file)
            status = pm_picture_data(picture, list[k].name, index, list[k].file, error);
    if (!status)
        status = read_rows(picture, r, trace->path, (double)(index - 1), (double)n, 3,
                           "too few columns; 'time_ms V_mV spike' is wanted", error);
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        const pm_status end =
            list[k].file && *list[k].file ? pm_picture_data_end(*list[k].file, status ? NULL : error) : PM_OK;
        status = status ? status : end;
    }
    pm_picture_number(picture, "rows", index, (double)r->taken);
    pm_picture_number(picture, "strokes", index, (double)r->strokes);
    pm_picture_number(picture, "marks", index, (double)r->marks);
    pm_picture_number(picture, "neuron", index, trace->neuron);
    return status;
}

static reduction begin(double from, double to, double columns) {
    return (reduction){.from = from,
                       .to = to,
                       .columns = columns,
                       .column = -1.0,
                       .stroke_column = -1.0,
                       .threshold_column = -1.0,
                       .lowest = INFINITY,
                       .largest = -INFINITY,
                       .highest = -INFINITY,
                       .V_th = NAN};
}

static pm_status write_traces(pm_picture *picture, const pm_curves *t, double from, double to, pm_error *error) {
    size_t step = (t->n + MOST_TRACES - 1) / MOST_TRACES, n = (t->n + step - 1) / step;
    double lowest = t->V_reset, highest = -INFINITY;
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++) {
        reduction r = begin(from, to, n > FINE_TRACES ? COLUMNS : 2.0 * COLUMNS);
        r.all = t;
        r.V_th = t->list[k * step].V_th;
        status = write_trace(picture, &r, &t->list[k * step], k + 1, n, error);
        lowest = fmin(lowest, r.lowest);
        highest = fmax(highest, moves(t) ? r.highest : r.V_th);
    }
    pm_picture_number(picture, "n_traces", 0, (double)n);
    pm_picture_number(picture, "n_recorded", 0, (double)t->n);
    pm_picture_number(picture, "lowest", 0, lowest);
    pm_picture_number(picture, "V_th", 0, highest > -INFINITY ? highest : lowest + 1.0);
    pm_picture_number(picture, "moves", 0, moves(t));
    return status;
}

static pm_status write_currents(pm_picture *picture, const pm_curves *t, double from, double to, pm_error *error) {
    const size_t n = t->n <= PM_CURRENT_PANELS ? t->n_currents : 0;
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++) {
        const pm_current_trace *c = &t->currents[k];
        reduction r = begin(from, to, 2.0 * COLUMNS);
        status = pm_picture_data(picture, "current", k + 1, &r.curve, error);
        if (status)
            break;
        status = read_rows(picture, &r, c->path, (double)k, (double)n, 2,
                           "too few columns; 'time_ms I_pA' is wanted", error);
        const pm_status end = pm_picture_data_end(r.curve, status ? NULL : error);
        status = status ? status : end;
        pm_picture_number(picture, "of_trace", k + 1, (double)c->trace + 1.0);
        pm_picture_number(picture, "points", k + 1, (double)r.taken);
        pm_picture_number(picture, "least", k + 1, r.taken > 0 ? r.lowest : 0.0);
        pm_picture_number(picture, "most", k + 1, r.taken > 0 ? r.largest : 0.0);
        pm_picture_text(picture, "receptor", k + 1, c->receptor ? c->receptor : "");
    }
    pm_picture_number(picture, "n_currents", 0, (double)n);
    return status;
}

pm_status pm_draw_potentials(const char *folder, const char *name, const pm_curves *traces, double from, double to,
                             pm_error *error) {
    pm_picture picture;
    pm_status status = pm_picture_begin(&picture, folder, name, error);
    if (status)
        return status;
    to = to - from >= PM_LEAST_WINDOW ? to : from + 1.0;
    pm_picture_text(&picture, "name", 0, traces->population);
    pm_picture_number(&picture, "population", 0, (double)traces->colour);
    pm_picture_number(&picture, "t_from", 0, from);
    pm_picture_number(&picture, "t_to", 0, to);
    status = write_traces(&picture, traces, from, to, error);
    if (!status)
        status = write_currents(&picture, traces, from, to, error);
    return pm_picture_draw(&picture, status, "potential.gp", error);
}
