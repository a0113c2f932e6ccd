/* Invariant: where summary.json is, it is the summary of the files that it names, all of one run, at every instant at
 * which the program may be killed, or the power fail.
 *
 * The folder itself is locked; the lock goes with the process. All files of a run are complete on disk under temporary
 * names before any of them gets its name. Then
 *   1. a list of them and of their numbers (inodes), ".results.commit", appears: from here on there is no way back, and
 *      whoever opens the folder next does what is left of the following;
 *   2. summary.json of the run before becomes ".results.replaced";
 *   3. the files get their names;
 *   4. what ".results.replaced" names, pictures included, and the list does not is removed;
 *   5. the new summary.json gets its name;
 *   6. ".results.replaced", the list, and temporary files of killed programs are removed.
 * Each step may be repeated: a file of the list is known by its number, under either of its names. A list of which a
 * file is gone cannot be carried out; then all that is left of it is removed, and the folder has no results. */
#define _GNU_SOURCE
#include "io/results.h"

#include "base/list.h"

#include "io/file.h"
#include "io/folder_lock.h"
#include "io/output.h"
#include "io/summary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char SUMMARY[] = "summary.json", LIST[] = ".results.commit", REPLACED[] = ".results.replaced";
enum { MOST_OPEN = 200, LONGEST_NAME = 300 };

/* A file of the run, and which it is. */
typedef struct entry {
    char *name;
    uint64_t number; /* 0: not known yet, or not complete */
} entry;

struct pm_results {
    char *folder;
    int lock; /* the folder, locked; -1 where another rank is the owner */
    entry *entries;
    size_t n, capacity;
    size_t n_open;    /* outputs that stay open between writes */
    bool handed_over; /* the files are no longer this process's to remove */
};

/* --- paths -------------------------------------------------------------------------------------------------------- */

typedef enum which { FINAL, PARTIAL, SUBFOLDER } which;

/* "folder/sub/name", "folder/sub/.name.partial", "folder/sub/."; one that is too long is none, and cannot be opened. */
typedef struct path {
    char text[PATH_MAX];
} path;

static path path_of(const pm_results *r, const char *name, which of) {
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
    const int above = (int)(last - name);
    path p;
    int n = of == FINAL ? snprintf(p.text, sizeof p.text, "%s/%s", r->folder, name)
            : of == PARTIAL
                ? snprintf(p.text, sizeof p.text, "%s/%.*s.%s.partial", r->folder, above, name, last)
                : snprintf(p.text, sizeof p.text, "%s/%.*s", r->folder, above ? above - 1 : 1, above ? name : ".");
    if (n < 0 || (size_t)n >= sizeof p.text)
        p.text[0] = '\0';
    return p;
}

/* A name that results may have: in the folder or one below, and not hidden. A summary is input like any other. */
static bool is_proper(const char *name) {
    const char *slash = strchr(name, '/');
    size_t length = strlen(name);
    if (length == 0 || length > LONGEST_NAME || name[0] == '.' || name[0] == '/' || strchr(name, '\n'))
        return false;
    return !slash || (slash[1] != '.' && slash[1] != '\0' && !strchr(slash + 1, '/'));
}

static pm_status refuse(const char *what, const char *verb, pm_error *error) {
    return pm_fail(error, PM_FAILED, "%s: cannot be %s: %s", what, verb, strerror(errno));
}

/* Does something in every folder in which there are entries. */
static pm_status in_all_folders(const pm_results *r, pm_status (*what)(const char *, pm_error *), pm_error *error) {
    path before = {""};
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < r->n; k++) {
        path p = path_of(r, r->entries[k].name, SUBFOLDER);
        if (strcmp(p.text, before.text) != 0) /* files of a folder follow each other */
            status = what(p.text, error);
        before = p;
    }
    return status;
}

/* Withdraws the summary; there may be none. */
static pm_status withdraw(const pm_results *r, pm_error *error) {
    path from = path_of(r, SUMMARY, FINAL), to = path_of(r, REPLACED, FINAL);
    if (rename(from.text, to.text) != 0 && errno != ENOENT)
        return refuse(from.text, "withdrawn", error);
    return pm_folder_sync(r->folder, error);
}

/* Removes a file of the folder, never through a link; the subfolder goes too when it is empty. */
static pm_status erase(const pm_results *r, const char *name, pm_error *error) {
    const char *slash = strrchr(name, '/');
    path place = path_of(r, name, SUBFOLDER);
    pm_status status = PM_OK;
    int folder = open(place.text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return PM_OK;
    if (unlinkat(folder, slash ? slash + 1 : name, 0) != 0 && errno != ENOENT && errno != EISDIR)
        status = refuse(path_of(r, name, FINAL).text, "removed", error);
    (void)close(folder);
    if (slash)
        (void)rmdir(place.text);
    return status;
}

/* Where a file of the list is. */
typedef enum position { GONE, WAITING, PLACED } position;

static pm_status look_at(const path *p, bool *there, uint64_t *number, pm_error *error) {
    struct stat found;
    *there = lstat(p->text, &found) == 0;
    if (!*there && errno != ENOENT && errno != ENOTDIR)
        return refuse(p->text, "read", error);
    *there = *there && S_ISREG(found.st_mode);
    *number = *there ? found.st_ino : 0;
    return PM_OK;
}

static pm_status find(const pm_results *r, const entry *e, position *at, pm_error *error) {
    path partial = path_of(r, e->name, PARTIAL), final = path_of(r, e->name, FINAL);
    uint64_t number = 0;
    bool there = false;
    *at = GONE;
    pm_status status = look_at(&partial, &there, &number, error);
    if (!status && there && number == e->number)
        *at = WAITING;
    if (status || *at == WAITING)
        return status;
    status = look_at(&final, &there, &number, error);
    if (!status && there && number == e->number)
        *at = PLACED;
    return status;
}

/* Whether the folder is still where it was. */
static pm_status check_place(const pm_results *r, pm_error *error) {
    struct stat named, held;
    bool same = stat(r->folder, &named) == 0 && fstat(r->lock, &held) == 0 && named.st_dev == held.st_dev &&
                named.st_ino == held.st_ino;
    return same ? PM_OK : pm_fail(error, PM_FAILED, "%s: the folder was moved or removed during the run", r->folder);
}

/* --- the list of files -------------------------------------------------------------------------------------------- */

static void forget(pm_results *r) {
    for (size_t k = 0; k < r->n; k++)
        free(r->entries[k].name);
    free(r->entries);
    r->entries = NULL;
    r->n = r->capacity = 0;
}

static pm_status add(pm_results *r, const char *name, uint64_t number, pm_error *error) {
    if (!pm_list_reserve((void **)&r->entries, &r->capacity, r->n + 1, sizeof *r->entries))
        return pm_fail_memory(error, "the names of results");
    entry *e = &r->entries[r->n];
    e->number = number;
    e->name = strdup(name);
    if (!e->name)
        return pm_fail_memory(error, "the names of results");
    r->n++;
    return PM_OK;
}

/* Which files they are, now that they are complete. */
static pm_status number_entries(pm_results *r, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; k < r->n; k++) { /* all, so that what was not lost is known, and removed */
        entry *e = &r->entries[k];
        path partial = path_of(r, e->name, PARTIAL), final = path_of(r, e->name, FINAL);
        bool there = e->number != 0;
        pm_status found = there ? PM_OK : look_at(&partial, &there, &e->number, error);
        if (!found && !there)
            found = look_at(&final, &there, &e->number, error);
        if (!found && !there)
            found = pm_fail(error, PM_FAILED, "%s: its temporary file was removed by another program", final.text);
        status = status ? status : found;
    }
    return status;
}

static pm_status write_list(const pm_results *r, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open(&out, r->folder, LIST, error);
    for (size_t k = 0; !status && k < r->n; k++)
        status = pm_output_write(&out, error, "%" PRIu64 " %s\n", r->entries[k].number, r->entries[k].name);
    return pm_output_close(&out, status, error);
}

/* The list that another program left. */
static pm_status read_list(pm_results *r, pm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    pm_status status = pm_file_read(path_of(r, LIST, FINAL).text, &bytes, &size, error);
    char *rest = (char *)bytes;
    for (char *line; !status && (line = strsep(&rest, "\n")) && *line;) {
        char *name = NULL;
        uint64_t number = strtoull(line, &name, 10);
        if (*name == ' ' && is_proper(name + 1))
            status = add(r, name + 1, number, error);
    }
    free(bytes);
    return status;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* --- putting in place --------------------------------------------------------------------------------------------- */

/* Removes what a list of the old summary names and `kept`, in order, does not. */
static pm_status erase_old(const pm_results *r, const json_t *old, const char **kept, pm_error *error) {
    const json_t *item;
    size_t k;
    pm_status status = PM_OK;
    json_array_foreach(old, k, item) {
        const char *name = json_string_value(item);
        if (!status && name && is_proper(name) && !bsearch(&name, kept, r->n, sizeof *kept, compare_names))
            status = erase(r, name, error);
    }
    return status;
}

/* Step 4. */
static pm_status erase_replaced(const pm_results *r, pm_error *error) {
    json_error_t problem;
    json_t *old = json_load_file(path_of(r, REPLACED, FINAL).text, 0, &problem);
    if (!old && json_error_code(&problem) != json_error_out_of_memory)
        return PM_OK; /* there is none, or it is not ours */
    const char **kept = malloc((r->n + 1) * sizeof *kept);
    pm_status status = old && kept ? PM_OK : pm_fail_memory(error, "the names of results");
    for (size_t k = 0; kept && k < r->n; k++)
        kept[k] = r->entries[k].name;
    if (!status) {
        qsort(kept, r->n, sizeof *kept, compare_names);
        status = erase_old(r, json_object_get(old, "files"), kept, error);
    }
    if (!status)
        status = erase_old(r, json_object_get(old, "pictures"), kept, error);
    free(kept);
    json_decref(old);
    return status;
}

/* Temporary files that killed programs left in one folder; what is in use stays. */
static pm_status erase_partials(const char *folder, pm_error *error) {
    static const char ending[] = ".partial";
    const struct dirent *found;
    DIR *list = opendir(folder);
    if (!list)
        return refuse(folder, "read", error);
    while ((found = readdir(list))) {
        path p;
        size_t length = strlen(found->d_name), end = strlen(ending);
        if (found->d_name[0] == '.' && length > end && strcmp(found->d_name + length - end, ending) == 0 &&
            (size_t)snprintf(p.text, sizeof p.text, "%s/%s", folder, found->d_name) < sizeof p.text)
            (void)pm_partial_remove(p.text, NULL);
    }
    (void)closedir(list);
    return PM_OK;
}

/* Step 6. */
static pm_status clean(const pm_results *r, pm_error *error) {
    pm_status status = erase(r, REPLACED, error);
    if (!status)
        status = erase(r, LIST, error);
    return status ? status : in_all_folders(r, erase_partials, error);
}

/* Steps 3 and 5 for one file. */
static pm_status place(const pm_results *r, const entry *e, pm_error *error) {
    position at = GONE;
    pm_status status = find(r, e, &at, error);
    if (status || at == PLACED)
        return status;
    path partial = path_of(r, e->name, PARTIAL), final = path_of(r, e->name, FINAL);
    return rename(partial.text, final.text) == 0 ? PM_OK : refuse(final.text, "put in place", error);
}

/* A list of which a file is gone. */
static pm_status give_up(const pm_results *r, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < r->n; k++) {
        position at = GONE;
        status = find(r, &r->entries[k], &at, error);
        if (!status && at == PLACED)
            status = erase(r, r->entries[k].name, error);
        else if (!status && at == WAITING)
            status = pm_partial_remove(path_of(r, r->entries[k].name, PARTIAL).text, error);
    }
    return status ? status : erase(r, LIST, error);
}

/* Steps 2 to 5. */
static pm_status replace(const pm_results *r, pm_error *error) {
    pm_status status = withdraw(r, error);
    for (size_t k = 0; !status && k + 1 < r->n; k++)
        status = place(r, &r->entries[k], error);
    if (!status)
        status = erase_replaced(r, error);
    if (!status)
        status = in_all_folders(r, pm_folder_sync, error);
    if (!status)
        status = place(r, &r->entries[r->n - 1], error);
    return status ? status : pm_folder_sync(r->folder, error);
}

/* Does what is left of steps 2 to 6. *lost: a file of the list is gone. */
static pm_status carry_out(const pm_results *r, bool *lost, pm_error *error) {
    position at = GONE;
    pm_status status = PM_OK;
    *lost = false;
    for (size_t k = 0; !status && k < r->n; k++) {
        status = find(r, &r->entries[k], &at, error);
        *lost = *lost || at == GONE;
    }
    if (!status && *lost)
        return give_up(r, error);
    if (!status && at != PLACED) /* the last one is the summary */
        status = replace(r, error);
    return status ? status : clean(r, error);
}

/* Carries out the list that a program left. */
static pm_status recover(pm_results *r, pm_error *error) {
    path list = path_of(r, LIST, FINAL);
    bool there = false, lost = false;
    uint64_t number = 0;
    pm_status status = look_at(&list, &there, &number, error);
    if (status || !there)
        return status;
    status = read_list(r, error);
    if (!status && (r->n == 0 || strcmp(r->entries[r->n - 1].name, SUMMARY) != 0))
        status = erase(r, LIST, error);
    else if (!status)
        status = carry_out(r, &lost, error);
    forget(r);
    return status;
}

/* --- the owner ---------------------------------------------------------------------------------------------------- */

static pm_status new_results(const char *folder, pm_results **results, pm_error *error) {
    pm_results *r = calloc(1, sizeof *r);
    *results = r;
    if (r) {
        r->lock = -1;
        r->folder = strdup(folder);
    }
    return r && r->folder ? PM_OK : pm_fail_memory(error, "a folder");
}

pm_status pm_results_visit(const char *folder, pm_results **results, pm_error *error) {
    pm_status status = new_results(folder, results, error);
    if (!status)
        status = pm_folder_lock(folder, &(*results)->lock, error);
    return status ? status : recover(*results, error);
}

/* Whether a path leads to one of the results that are there. */
static pm_status check_input(const pm_results *r, const char *input, pm_error *error) {
    char *place = realpath(r->folder, NULL), *whole = realpath(input, NULL);
    size_t length = place ? strlen(place) : 0;
    json_t *summary = NULL;
    pm_status status = PM_OK;
    if (whole && length > 0 && strncmp(whole, place, length) == 0 && whole[length] == '/' &&
        pm_summary_read(r->folder, &summary, NULL) == PM_OK && json_object_get(summary, "files") &&
        pm_summary_names(summary, whole + length + 1))
        status = pm_fail(error, PM_INVALID,
                         "%s: this file is one of the results in %s, which would be replaced; give another folder",
                         input, r->folder);
    json_decref(summary);
    free(whole);
    free(place);
    return status;
}

pm_status pm_results_open(const char *folder, const char *input, bool owner, pm_results **results, pm_error *error) {
    if (!owner)
        return new_results(folder, results, error);
    pm_status status = pm_folder_make(folder, error);
    if (!status)
        status = pm_results_visit(folder, results, error);
    return status || !input ? status : check_input(*results, input, error);
}

const char *pm_results_folder(const pm_results *results) { return results->folder; }

bool pm_results_exist(const pm_results *results) { return access(path_of(results, SUMMARY, FINAL).text, F_OK) == 0; }

pm_status pm_results_add(pm_results *results, const char *name, pm_error *error) {
    if (!is_proper(name))
        return pm_fail(error, PM_INVALID, "%s/%s: no results can have this name", results->folder, name);
    path p = path_of(results, name, SUBFOLDER);
    struct stat found;
    if (strchr(name, '/') && mkdir(p.text, 0777) != 0 && errno != EEXIST)
        return refuse(p.text, "made", error);
    if (strchr(name, '/') && (lstat(p.text, &found) != 0 || !S_ISDIR(found.st_mode)))
        return pm_fail(error, PM_INVALID, "%s: this is no folder, and one is wanted", p.text);
    return add(results, name, 0, error);
}

void pm_results_prepared(pm_results *results, size_t index, uint64_t number) {
    results->entries[index].number = number;
}

size_t pm_results_size(const pm_results *results) { return results->n; }

pm_status pm_results_retire(pm_results *results, pm_error *error) { return withdraw(results, error); }

static pm_status name_files(const pm_results *r, json_t *summary, pm_error *error) {
    json_t *files = json_array();
    for (size_t k = 0; k < r->n; k++)
        pm_json_append(&files, json_string(r->entries[k].name));
    bool good = json_object_set(summary, "files", files) == 0;
    json_decref(files);
    return good ? PM_OK : pm_fail_memory(error, SUMMARY);
}

pm_status pm_results_commit(pm_results *results, json_t *summary, pm_error *error) {
    pm_results *r = results;
    pm_output out = {0};
    bool lost = false;
    if (r->lock < 0) {
        r->handed_over = true;
        return PM_OK;
    }
    pm_status status = number_entries(r, error);
    if (!status)
        status = check_place(r, error);
    if (!status)
        status = name_files(r, summary, error);
    if (!status)
        status = pm_output_open_in(&out, r, SUMMARY, error);
    if (!status)
        status = pm_summary_write(&out, summary, error);
    status = pm_output_close(&out, status, error);
    if (!status)
        status = in_all_folders(r, pm_folder_sync, error);
    if (!status)
        status = write_list(r, error);
    if (status)
        return status;
    r->handed_over = true;
    status = pm_folder_sync(r->folder, error);
    if (!status)
        status = carry_out(r, &lost, error);
    if (!status && lost)
        return pm_fail(error, PM_FAILED, "%s: another program removed files of the run", r->folder);
    pm_error why = error ? *error : (pm_error){0};
    return status ? pm_fail(error, status, "%.900s; the next command that uses the folder goes on with it", why.message)
                  : PM_OK;
}

/* Whether it was noted before. */
static bool has(const json_t *names, const char *name) {
    const json_t *item;
    size_t k;
    json_array_foreach(names, k, item) {
        if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
            return true;
    }
    return false;
}

static pm_status rewrite_summary(const pm_results *r, const json_t *summary, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open(&out, r->folder, SUMMARY, error);
    if (!status)
        status = pm_summary_write(&out, summary, error);
    return pm_output_close(&out, status, error);
}

pm_status pm_results_add_picture(pm_results *results, const char *name, pm_error *error) {
    json_t *summary = NULL;
    if (!pm_results_exist(results))
        return PM_OK;
    pm_status status = pm_summary_read(results->folder, &summary, error);
    json_t *pictures = json_incref(json_object_get(summary, "pictures"));
    if (!status && !has(pictures, name)) {
        if (!json_is_array(pictures)) {
            json_decref(pictures);
            pictures = json_array();
        }
        pm_json_append(&pictures, json_string(name));
        pm_json_set(&summary, "pictures", json_incref(pictures));
        status = rewrite_summary(results, summary, error);
    }
    json_decref(pictures);
    json_decref(summary);
    return status;
}

void pm_results_close(pm_results *results, bool leave) {
    if (!results)
        return;
    for (size_t k = 0; !leave && !results->handed_over && k < results->n; k++)
        if (results->entries[k].number != 0)
            (void)pm_partial_remove(path_of(results, results->entries[k].name, PARTIAL).text, NULL);
    forget(results);
    if (results->lock >= 0)
        (void)close(results->lock);
    free(results->folder);
    free(results);
}

bool pm_results_keep(pm_results *results) {
    if (results->n_open == MOST_OPEN)
        return false;
    results->n_open++;
    return true;
}

void pm_results_unkeep(pm_results *results) { results->n_open--; }
