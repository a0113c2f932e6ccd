/* One search, one default, one check for everything that has a name and parameters. Invariant: nothing here knows what
 * a field means; all that is said of it comes from its table. */
#include "base/kind.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const pm_kind *pm_kind_find(const pm_kind *const *list, const char *name) {
    size_t k = 0;
    while (list[k] && strcmp(list[k]->name, name) != 0)
        k++;
    return list[k];
}

const pm_field *pm_kind_field(const pm_kind *kind, const char *name) {
    for (size_t k = 0; k < kind->n_fields; k++)
        if (strcmp(kind->fields[k].name, name) == 0)
            return &kind->fields[k];
    return NULL;
}

const pm_field *pm_kind_field_at(const pm_kind *kind, size_t k) { return k < kind->n_fields ? &kind->fields[k] : NULL; }

/* --- names -------------------------------------------------------------------------------------------------------- */

/* Number of letters to insert, delete or change, up to 3; words are cut after 31 letters. */
static size_t letters_apart(const char *a, const char *b) {
    enum { MOST = 31 };
    size_t n = strnlen(a, MOST), m = strnlen(b, MOST), row[MOST + 1];
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
            row[j] = change < shorter + 1 ? change : shorter + 1;
        }
    }
    return row[m];
}

const char *pm_closest(const char *word, const char *const *names) {
    const char *best = NULL;
    size_t least = 3;
    for (size_t k = 0; names[k]; k++) {
        size_t apart = letters_apart(word, names[k]);
        if (apart < least && apart < strlen(names[k])) {
            least = apart;
            best = names[k];
        }
    }
    return best;
}

/* Words one after the other, cut where they do not fit. */
static void join(const char *const *words, char *text, size_t size) {
    text[0] = '\0';
    for (size_t k = 0, used = 0; words[k] && used < size; k++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", k > 0 ? ", " : "", words[k]);
}

pm_status pm_kind_choose(const pm_kind *const *list, const char *what, const char *name, const pm_kind **kind,
                         pm_error *error) {
    enum { MOST = 64 };
    const char *names[MOST + 1] = {NULL};
    char all[300];
    *kind = pm_kind_find(list, name);
    if (*kind)
        return PM_OK;
    for (size_t k = 0; list[k] && k < MOST; k++)
        names[k] = list[k]->name;
    const char *close = pm_closest(name, names);
    if (close)
        return pm_fail(error, PM_INVALID, "there is no %s '%.60s'; did you mean '%s'?", what, name, close);
    join(names, all, sizeof all);
    return pm_fail(error, PM_INVALID, "there is no %s '%.60s'; one of these is wanted: %s", what, name, all);
}

/* --- values ------------------------------------------------------------------------------------------------------- */

double pm_field_value(const pm_field *field, const void *structure) {
    const void *at = (const char *)structure + field->offset;
    if (field->type != PM_COUNT)
        return *(const double *)at;
    size_t count = *(const size_t *)at;
    return count == SIZE_MAX ? INFINITY : (double)count;
}

void pm_field_set(const pm_field *field, void *structure, double value) {
    void *at = (char *)structure + field->offset;
    if (field->type != PM_COUNT)
        *(double *)at = value;
    else
        *(size_t *)at = value < (double)SIZE_MAX ? (size_t)value : SIZE_MAX;
}

void pm_kind_preset(const pm_kind *kind, void *structure) {
    for (size_t k = 0; k < kind->n_fields; k++)
        pm_field_set(&kind->fields[k], structure, kind->fields[k].preset);
}

const char *pm_field_default(const pm_field *field, char *text, size_t size) {
    char number[PM_NUMBER_SIZE];
    if (field->otherwise)
        snprintf(text, size, "%s", field->otherwise);
    else if (field->words)
        snprintf(text, size, "%s", field->words[(size_t)field->preset]);
    else if (isnan(field->preset))
        snprintf(text, size, "must be given");
    else
        snprintf(text, size, "%s%s%s", pm_number_text(field->preset, number), field->unit[0] ? " " : "", field->unit);
    return text;
}

pm_status pm_kind_set(const pm_kind *kind, void *structure, const char *name, double value, pm_error *error) {
    const pm_field *field = pm_kind_field(kind, name);
    if (!field)
        return pm_fail(error, PM_INVALID, "'%s' has no parameter '%.60s'", kind->name, name);
    pm_status status = pm_field_check(field, value, error);
    if (!status)
        pm_field_set(field, structure, value);
    return status;
}

/* --- ranges ------------------------------------------------------------------------------------------------------- */

char *pm_number_text(double value, char text[PM_NUMBER_SIZE]) {
    int digits = 1;
    while (snprintf(text, PM_NUMBER_SIZE, "%.*e", digits - 1, value) > 0 && strtod(text, NULL) != value && digits < 17)
        digits++;
    char *exponent = strchr(text, 'e');
    const int power = atoi(exponent + 1);
    if (power >= -3 && power < digits + 5) /* 9007199254740992, but 1e15 */
        snprintf(text, PM_NUMBER_SIZE, "%.*f", digits - 1 > power ? digits - 1 - power : 0, value);
    else
        snprintf(exponent, (size_t)(text + PM_NUMBER_SIZE - exponent), "e%d", power);
    return text;
}

const char *pm_field_range(const pm_field *field, char *text, size_t size) {
    double low = field->bounds.low, high = field->bounds.high;
    bool above = field->bounds.open & PM_LOW_OPEN, below = field->bounds.open & PM_HIGH_OPEN;
    bool number = field->type == PM_NUMBER;
    const char *unit = field->unit, *blank = unit[0] ? " " : "", *whole = number ? "" : "a whole number, ";
    char words[300], least[PM_NUMBER_SIZE] = "", most[PM_NUMBER_SIZE] = "";
    if (isfinite(low))
        pm_number_text(low, least);
    if (isfinite(high))
        pm_number_text(high, most);
    if (field->words) {
        join(field->words, words, sizeof words);
        snprintf(text, size, "one of %s", words);
    } else if (!least[0] && !most[0]) {
        snprintf(text, size, "a %s number%s%s", number ? "finite" : "whole", unit[0] ? " in " : "", unit);
    } else if (!least[0]) {
        snprintf(text, size, "%s%s %s%s%s", whole, below ? "below" : "at most", most, blank, unit);
    } else if (!most[0] && low == 0.0) {
        snprintf(text, size, "%s%s", whole, above ? "positive" : "0 or more");
    } else if (!most[0]) {
        const char *sign = number && low > 0.0 ? "positive, " : "";
        snprintf(text, size, "%s%s%s %s%s%s", whole, sign, above ? "above" : "at least", least, blank, unit);
    } else {
        const char *to = above ? (below ? "and below" : "and at most") : (below ? "to below" : "to");
        snprintf(text, size, "%s%s %s %s %s%s%s", number ? "" : "a whole number ", above ? "above" : "from", least, to,
                 most, blank, unit);
    }
    return text;
}

static bool within(const pm_field *field, double value) {
    const pm_bounds *b = &field->bounds;
    if (field->words) {
        double n = 0.0;
        for (size_t k = 0; field->words[k]; k++)
            n++;
        return value >= 0.0 && value < n && floor(value) == value;
    }
    return isfinite(value) && (field->type == PM_NUMBER || floor(value) == value) &&
           (b->open & PM_LOW_OPEN ? value > b->low : value >= b->low) &&
           (b->open & PM_HIGH_OPEN ? value < b->high : value <= b->high);
}

pm_status pm_field_check(const pm_field *field, double value, pm_error *error) {
    char range[400];
    if (within(field, value))
        return PM_OK;
    bool unit = field->unit[0] && !field->words;
    return pm_fail_key(error, field->name, "%s is %g%s%s; it must be %s", field->name, value, unit ? " " : "",
                       unit ? field->unit : "", pm_field_range(field, range, sizeof range));
}

/* Whether a field is as its default, which may be no number, or outside of the range of what is given. */
static bool untouched(const pm_field *field, double value) {
    return value == field->preset || (isnan(value) && isnan(field->preset) && field->otherwise);
}

pm_status pm_kind_check(const pm_kind *kind, const void *structure, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < kind->n_fields; k++) {
        double value = pm_field_value(&kind->fields[k], structure);
        status = untouched(&kind->fields[k], value) ? PM_OK : pm_field_check(&kind->fields[k], value, error);
    }
    return status || !kind->check ? status : kind->check(structure, error);
}
