/* A raster is drawn from what a pixel can show. Every spike is counted in a grid of as many columns as the picture has
 * pixels and at most as many rows; while spikes are few they are kept as well and drawn as strokes, else the grid is
 * drawn, the darker the more spikes a cell has. What gnuplot gets is bounded by the picture, whatever the number of
 * spikes. Up to PANELS populations have a band and a panel of rates each; more share an image, and one of rates. */
#include "cli/plot_raster.h"

#include "cli/gnuplot.h"
#include "cli/plot.h"

#include "math/elementary.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    COLUMNS = 600,      /* pixels of the time axis, as in raster.gp */
    OVERVIEW = 480,     /* pixels of the height of an overview, as there */
    PANELS = 12,        /* populations with panels of their own */
    MOST_BINS = 128,    /* of rates; there are up to 100 */
    MOST_MARKS = 20000, /* spikes drawn as strokes */
    SHADES = 32,        /* of a colour */
    HUES = 8,           /* colours, as in style.gp */
    LABEL_HEIGHT = 15   /* pixels */
};

typedef struct mark {
    double time; /* ms */
    uint32_t neuron;
} mark;

/* A population as it is read. */
typedef struct strip {
    double height; /* pixels */
    size_t rows;   /* of the grid */
    size_t most_marks, n_marks;
    uint64_t spikes;
    uint64_t in_bin[MOST_BINS];
} strip;

typedef struct raster {
    pm_picture picture;
    const pm_band *bands;
    size_t n;
    double from, to, bin; /* ms */
    size_t n_bins;
    strip *strips;
    uint32_t *grid;        /* of the population at hand: rows of COLUMNS counts */
    mark *marks;           /* of the population at hand */
    unsigned char *shaded; /* OVERVIEW rows of COLUMNS shades of all, from the bottom up; NULL where each has a band */
} raster;

/* The smallest of 1, 2, 5, 10, 20, ... and their tenths that is not below x > 0. */
static double round_up(double x) {
    double decade = pm_pow(10.0, floor(pm_log(x) * (1.0 / M_LN10) + 1e-9)), m = x / decade;
    return decade * (m <= 1.000001 ? 1.0 : m <= 2.000001 ? 2.0 : m <= 5.000001 ? 5.0 : 10.0);
}

/* Heights of the bands, pixels: by numbers of neurons, but none that could not be seen. */
static void lay_out(raster *r) {
    double neurons = 0.0, total = r->n == 1 ? 360.0 : 420.0, least = r->n == 1 ? 52.0 : 38.0, sum = 0.0;
    for (size_t k = 0; k < r->n; k++)
        neurons += r->bands[k].size;
    total = fmin(total, 16.0 * neurons);
    for (size_t k = 0; k < r->n; k++) {
        double share = r->bands[k].size / neurons;
        r->strips[k].height =
            r->shaded ? OVERVIEW * (0.5 / (double)r->n + 0.5 * share) : floor(fmax(least, total * share));
        r->strips[k].rows = (size_t)fmax(1.0, fmin(r->bands[k].size, ceil(r->strips[k].height)));
        sum += r->strips[k].height;
    }
    for (size_t k = 0; k < r->n; k++) {
        strip *s = &r->strips[k];
        size_t room = s->rows * COLUMNS / 2, share = (size_t)(MOST_MARKS * s->height / sum);
        s->most_marks = r->shaded ? 0 : room < share ? room : share;
    }
}

static void enter(raster *r, size_t k, const pm_spike *spike) {
    strip *s = &r->strips[k];
    double part = (spike->time - r->from) / (r->to - r->from);
    if (!(spike->time >= r->from && spike->time < r->to) || spike->neuron >= r->bands[k].size)
        return;
    size_t column = (size_t)(part * COLUMNS), bin = (size_t)((spike->time - r->from) / r->bin);
    size_t row = (size_t)((double)spike->neuron * (double)s->rows / r->bands[k].size);
    r->grid[row * COLUMNS + (column < COLUMNS ? column : COLUMNS - 1)]++;
    s->in_bin[bin < r->n_bins ? bin : r->n_bins - 1]++;
    if (s->n_marks < s->most_marks)
        r->marks[s->n_marks++] = (mark){spike->time, spike->neuron};
    s->spikes++;
}

static pm_status read_band(raster *r, size_t k, pm_error *error) {
    pm_table *table = NULL;
    pm_spike spike;
    const double *values = NULL;
    size_t n = 0, rows = 0;
    memset(r->grid, 0, r->strips[k].rows * COLUMNS * sizeof *r->grid);
    pm_status status = pm_table_open(r->bands[k].path, &table, error);
    while (!status && !(status = pm_table_next(table, &values, &n, error)) && n > 0) {
        status = pm_table_spike(table, &spike, error);
        if (!status)
            enter(r, k, &spike);
        if (!status && ++rows % 16384 == 0)
            status = pm_picture_tell(&r->picture, ((double)k + pm_table_share(table)) / (double)r->n, "reading spikes",
                                     error);
    }
    pm_table_close(table);
    return status;
}

/* The grid as shades: of the colour of a band, or 0 where there is no spike. Logarithmic, so that a burst hides
 * nothing; one spike among cells of many can still be seen. */
static void shade(const raster *r, size_t k, unsigned char *shades) {
    size_t cells = r->strips[k].rows * COLUMNS, hue = (r->bands[k].colour - 1) % HUES;
    uint32_t most = 1;
    for (size_t c = 0; c < cells; c++)
        most = r->grid[c] > most ? r->grid[c] : most;
    double scale = 1.0 / pm_log1p((double)most);
    for (size_t c = 0; c < cells; c++) {
        double part = fmax(0.25, scale * pm_log1p((double)r->grid[c]));
        shades[c] = (unsigned char)(r->grid[c] ? hue * SHADES + 1 + (size_t)((SHADES - 2) * part) : 0);
    }
}

static pm_status write_marks(raster *r, size_t k, pm_error *error) {
    FILE *data = NULL;
    pm_status status = pm_picture_data(&r->picture, "marks", k + 1, &data, error);
    if (status)
        return status;
    for (size_t i = 0; i < r->strips[k].n_marks; i++)
        fprintf(data, "%.17g %u\n", r->marks[i].time, r->marks[i].neuron);
    return pm_picture_data_end(data, error);
}

static pm_status write_image(raster *r, const char *variable, size_t index, const unsigned char *bytes, size_t rows,
                             pm_error *error) {
    FILE *data = NULL;
    pm_status status = pm_picture_data(&r->picture, variable, index, &data, error);
    if (status)
        return status;
    (void)fwrite(bytes, COLUMNS, rows, data);
    if (rows == 1) /* gnuplot draws no image of one row */
        (void)fwrite(bytes, COLUMNS, rows, data);
    return pm_picture_data_end(data, error);
}

/* Spikes per second and neuron in a bin, of which the last one may be cut short. */
static double rate(const raster *r, size_t k, size_t bin) {
    double begin = r->from + (double)bin * r->bin, end = fmin(begin + r->bin, r->to);
    return 1e3 * (double)r->strips[k].in_bin[bin] / (r->bands[k].size * (end - begin));
}

/* The outline of the rates: both upper corners of every bin. */
static pm_status write_rates(raster *r, size_t k, pm_error *error) {
    FILE *data = NULL;
    double top = 0.0;
    pm_status status = pm_picture_data(&r->picture, "rates", k + 1, &data, error);
    if (status)
        return status;
    for (size_t b = 0; b < r->n_bins; b++) {
        double begin = r->from + (double)b * r->bin, height = rate(r, k, b);
        fprintf(data, "%.17g %.9g\n%.17g %.9g\n", begin, height, fmin(begin + r->bin, r->to), height);
        top = fmax(top, height);
    }
    pm_picture_number(&r->picture, "top", k + 1, top);
    return pm_picture_data_end(data, error);
}

static pm_status write_panel(raster *r, size_t k, pm_error *error) {
    strip *s = &r->strips[k];
    pm_status status = PM_OK;
    pm_picture_text(&r->picture, "name", k + 1, r->bands[k].name);
    pm_picture_number(&r->picture, "size", k + 1, r->bands[k].size);
    pm_picture_number(&r->picture, "colour", k + 1, (double)r->bands[k].colour);
    pm_picture_number(&r->picture, "band", k + 1, s->height);
    pm_picture_number(&r->picture, "spikes", k + 1, (double)s->spikes);
    if (s->spikes > s->most_marks) {
        unsigned char *shades = malloc(s->rows * COLUMNS);
        if (!shades)
            return pm_fail_memory(error, "a picture");
        shade(r, k, shades);
        pm_picture_number(&r->picture, "rows", k + 1, s->rows == 1 ? 2.0 : (double)s->rows);
        status = write_image(r, "image", k + 1, shades, s->rows, error);
        free(shades);
    } else if (s->spikes > 0) {
        status = write_marks(r, k, error);
    }
    return status ? status : write_rates(r, k, error);
}

/* A population in the overview, from pixel `bottom` on; a cell covers every pixel that it touches. */
static pm_status add_to_overview(raster *r, size_t k, double bottom, pm_error *error) {
    const strip *s = &r->strips[k];
    unsigned char *shades = calloc(s->rows, COLUMNS);
    if (!shades)
        return pm_fail_memory(error, "a picture");
    shade(r, k, shades);
    double height = s->height > 4.0 ? s->height - 1.0 : s->height; /* space between bands */
    for (size_t row = 0; row < s->rows; row++) {
        double low = bottom + height * (double)row / (double)s->rows;
        double high = bottom + height * (double)(row + 1) / (double)s->rows;
        for (size_t y = (size_t)low; y < OVERVIEW && (double)y < fmax(high - 0.01, floor(low) + 1.0); y++)
            for (size_t c = 0; c < COLUMNS; c++) {
                unsigned char *pixel = &r->shaded[y * COLUMNS + c], new = shades[row * COLUMNS + c];
                if (new % SHADES > *pixel % SHADES)
                    *pixel = new;
            }
    }
    free(shades);
    return PM_OK;
}

/* Names at the side of the overview, as many as there is room for. */
static void write_labels(raster *r) {
    double bottom = 0.0, last = -LABEL_HEIGHT, neurons = 0.0;
    size_t labels = 0;
    for (size_t k = 0; k < r->n; k++) {
        double centre = bottom + 0.5 * r->strips[k].height;
        bottom += r->strips[k].height;
        neurons += r->bands[k].size;
        if (centre < last + LABEL_HEIGHT)
            continue;
        last = centre;
        labels++;
        pm_picture_text(&r->picture, "name", labels, r->bands[k].name);
        pm_picture_number(&r->picture, "at", labels, centre);
        pm_picture_number(&r->picture, "colour", labels, (double)r->bands[k].colour);
    }
    pm_picture_number(&r->picture, "n_labels", 0, (double)labels);
    pm_picture_number(&r->picture, "n_neurons", 0, neurons);
}

static pm_status write_overview(raster *r, pm_error *error) {
    FILE *data = NULL;
    write_labels(r);
    pm_status status = write_image(r, "overview", 0, r->shaded, OVERVIEW, error);
    if (!status)
        status = pm_picture_data(&r->picture, "rates", 0, &data, error);
    if (status)
        return status;
    for (size_t k = 0; k < r->n; k++) {
        for (size_t b = 0; b < r->n_bins; b++)
            fprintf(data, "%.6g ", rate(r, k, b));
        (void)fputc('\n', data);
    }
    return pm_picture_data_end(data, error);
}

static pm_status prepare(raster *r, pm_error *error) {
    double bottom = 0.0;
    size_t rows = 1;
    pm_status status = PM_OK;
    r->strips = calloc(r->n, sizeof *r->strips);
    r->marks = malloc(MOST_MARKS * sizeof *r->marks);
    r->shaded = r->n > PANELS ? calloc((size_t)OVERVIEW * COLUMNS, 1) : NULL;
    if (!r->strips || !r->marks || (r->n > PANELS && !r->shaded))
        return pm_fail_memory(error, "a picture");
    lay_out(r);
    for (size_t k = 0; k < r->n; k++)
        rows = r->strips[k].rows > rows ? r->strips[k].rows : rows;
    r->grid = malloc(rows * COLUMNS * sizeof *r->grid);
    if (!r->grid)
        return pm_fail_memory(error, "a picture");
    for (size_t k = 0; !status && k < r->n; k++) {
        status = read_band(r, k, error);
        if (!status)
            status = r->shaded ? add_to_overview(r, k, bottom, error) : write_panel(r, k, error);
        bottom += r->strips[k].height;
    }
    return status || !r->shaded ? status : write_overview(r, error);
}

pm_status pm_draw_raster(const char *folder, const char *name, const pm_band *bands, size_t n, double from, double to,
                         pm_error *error) {
    raster r = {.bands = bands, .n = n, .from = from, .to = to - from >= PM_LEAST_WINDOW ? to : from + 1.0};
    r.bin = round_up((r.to - r.from) / 100.0);
    r.n_bins = (size_t)ceil((r.to - r.from) / r.bin - 1e-6);
    pm_status status = pm_picture_begin(&r.picture, folder, name, error);
    if (status)
        return status;
    pm_picture_number(&r.picture, "n_populations", 0, (double)n);
    pm_picture_number(&r.picture, "t_from", 0, r.from);
    pm_picture_number(&r.picture, "t_to", 0, r.to);
    pm_picture_number(&r.picture, "bin", 0, r.bin);
    status = pm_picture_draw(&r.picture, prepare(&r, error), "raster.gp", error);
    free(r.strips);
    free(r.grid);
    free(r.marks);
    free(r.shaded);
    return status;
}
