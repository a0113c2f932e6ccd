/* A curve may have millions of points, a picture has some hundred columns: of each column the first, the lowest, the
 * highest and the last point are kept, through which the line covers the same pixels. Spikes within a column are one
 * stroke. Curves end with their last sample, before the end of the run: the last stretch goes on to there. */
#include "cli/plot_potential.h"

#include "cli/gnuplot.h"
#include "cli/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
    double stroke_column; /* of the last stroke */
    size_t strokes;
    double lowest, V_th; /* mV */
    FILE *curve, *spikes;
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
}

/* Where the line between two points crosses an edge of the window, ms. */
static void take_edge(reduction *r, double edge, const double *last, const double *row) {
    if (last[0] < edge && edge < row[0])
        take(r, edge, last[1] + (edge - last[0]) / (row[0] - last[0]) * (row[1] - last[1]));
}

/* A row `time V spike` after another one. */
static void enter(reduction *r, const double *last, const double *row) {
    take_edge(r, r->from, last, row);
    if (row[0] >= r->from && row[0] <= r->to) {
        take(r, row[0], row[1]);
        if (row[2] == 1.0 && r->column != r->stroke_column) {
            fprintf(r->spikes, "%.17g\n", row[0]);
            r->strokes++;
            r->stroke_column = r->column;
        }
        if (row[2] == 1.0)
            r->last.place = r->earlier.place = 0;
    }
    take_edge(r, r->to, last, row);
}

/* From the last point to the end of the window. */
static void go_on(reduction *r) {
    double gap = r->to - r->last.time, potential = r->last.potential;
    if (r->taken == 0 || !(gap > 0.0))
        return;
    if (r->earlier.place > 0)
        potential += gap * (potential - r->earlier.potential) / (r->last.time - r->earlier.time);
    take(r, r->to, fmin(fmax(potential, r->lowest), r->V_th));
}

/* done, all: of the files that a picture needs. */
static pm_status read_trace(pm_picture *picture, reduction *r, const char *path, double done, double all,
                            pm_error *error) {
    pm_table *table = NULL;
    const double *values = NULL;
    size_t n = 0, rows = 0;
    double last[] = {INFINITY, 0.0, 0.0};
    pm_status status = pm_table_open(path, &table, error);
    while (!status && !(status = pm_table_next(table, &values, &n, error)) && n > 0) {
        if (n < 3) {
            status = pm_table_refuse(table, "too few columns; 'time_ms V_mV spike' is wanted", error);
            break;
        }
        enter(r, last, values);
        memcpy(last, values, sizeof last);
        if (++rows % 16384 == 0)
            status = pm_picture_tell(picture, (done + pm_table_share(table)) / all, "reading potentials", error);
    }
    go_on(r);
    flush(r);
    pm_table_close(table);
    return status;
}

static pm_status write_trace(pm_picture *picture, reduction *r, const pm_trace *trace, size_t index, size_t n,
                             pm_error *error) {
    pm_status status = pm_picture_data(picture, "file", index, &r->curve, error);
    if (status)
        return status;
    status = pm_picture_data(picture, "spikes", index, &r->spikes, error);
    if (status) {
        (void)fclose(r->curve);
        return status;
    }
    status = read_trace(picture, r, trace->path, (double)(index - 1), (double)n, error);
    pm_status ends[] = {pm_picture_data_end(r->curve, status ? NULL : error),
                        pm_picture_data_end(r->spikes, status ? NULL : error)};
    pm_picture_number(picture, "rows", index, (double)r->taken);
    pm_picture_number(picture, "strokes", index, (double)r->strokes);
    pm_picture_number(picture, "neuron", index, trace->neuron);
    return status ? status : ends[0] ? ends[0] : ends[1];
}

static pm_status write_traces(pm_picture *picture, const pm_curves *t, double from, double to, pm_error *error) {
    size_t step = (t->n + MOST_TRACES - 1) / MOST_TRACES, n = (t->n + step - 1) / step;
    double lowest = t->V_reset;
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++) {
        reduction r = {.from = from,
                       .to = to,
                       .columns = n > FINE_TRACES ? COLUMNS : 2.0 * COLUMNS,
                       .column = -1.0,
                       .stroke_column = -1.0,
                       .lowest = INFINITY,
                       .V_th = t->V_th};
        status = write_trace(picture, &r, &t->list[k * step], k + 1, n, error);
        lowest = fmin(lowest, r.lowest);
    }
    pm_picture_number(picture, "n_traces", 0, (double)n);
    pm_picture_number(picture, "n_recorded", 0, (double)t->n);
    pm_picture_number(picture, "lowest", 0, lowest);
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
    pm_picture_number(&picture, "V_th", 0, traces->V_th);
    pm_picture_number(&picture, "t_from", 0, from);
    pm_picture_number(&picture, "t_to", 0, to);
    status = write_traces(&picture, traces, from, to, error);
    return pm_picture_draw(&picture, status, "potential.gp", error);
}
