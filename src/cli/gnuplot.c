/* gnuplot runs in a temporary folder of its own, where every file has a plain name that was chosen here: no path and no
 * name of the user's is ever a word of gnuplot's language, nor seen by a shell. Variables come through a pipe; texts
 * are strings that nothing in them can end. Pictures that are complete are then copied to where they belong. */
#define _GNU_SOURCE
#include "cli/gnuplot.h"

#include "cli/command.h"
#include "cli/plot_results.h"

#include <punctum/results.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t drawing; /* the gnuplot to be ended by an interrupt; 0: none */

void pm_picture_stop(int signal_number) {
    (void)signal_number;
    pm_interrupted = 1;
    if (drawing > 0)
        (void)kill(drawing, SIGKILL);
}

/* The folder of the scripts: beside the source tree's build folder, or where `make install` puts them. */
static char *find_scripts(void) {
    const char *given = getenv("PUNCTUM_SCRIPTS");
    return given ? realpath(given, NULL) : pm_shared_folder("scripts", "raster.gp");
}

/* The path of a file in the stage; NULL without memory. */
static char *staged(const pm_picture *picture, const char *name) {
    char *path = NULL;
    return asprintf(&path, "%s/%s", picture->stage, name) < 0 ? NULL : path;
}

static void remove_stage(pm_picture *picture) {
    DIR *stage = opendir(picture->stage);
    for (struct dirent *entry; stage && (entry = readdir(stage));)
        (void)unlinkat(dirfd(stage), entry->d_name, 0);
    if (stage)
        (void)closedir(stage);
    (void)rmdir(picture->stage);
}

static void release(pm_picture *picture) {
    if (picture->stage[0])
        remove_stage(picture);
    free(picture->folder);
    free(picture->name);
    *picture = (pm_picture){0};
}

/* What becomes of the child: it ends with its parent, however that ends. */
static void become_gnuplot(const char *stage, int input, pid_t parent) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && dup2(input, STDIN_FILENO) >= 0 && chdir(stage) == 0)
        (void)execlp("gnuplot", "gnuplot", "-d", (char *)NULL);
    _exit(127);
}

static pm_status start(pm_picture *picture, pm_error *error) {
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return pm_fail(error, PM_FAILED, "gnuplot cannot be started: %s", strerror(errno));
    picture->gnuplot = fdopen(ends[1], "w");
    picture->child = picture->gnuplot ? fork() : -1;
    if (picture->child == 0)
        become_gnuplot(picture->stage, ends[0], parent);
    int code = errno;
    (void)close(ends[0]);
    if (picture->child > 0) {
        drawing = picture->child;
        if (pm_interrupted)
            (void)kill(picture->child, SIGKILL);
        return PM_OK;
    }
    if (picture->gnuplot)
        (void)fclose(picture->gnuplot);
    else
        (void)close(ends[1]);
    return pm_fail(error, PM_FAILED, "gnuplot cannot be started: %s", strerror(code));
}

/* A file name in the stage that leads to a path. */
static pm_status link_path(const pm_picture *picture, const char *name, const char *path, pm_error *error) {
    char *link = staged(picture, name), *whole = realpath(path, NULL);
    pm_status status = PM_OK;
    if (!whole || !link || symlink(whole, link) != 0)
        status = pm_fail(error, PM_FAILED, "%s: cannot be read: %s", path, strerror(errno));
    free(whole);
    free(link);
    return status;
}

static pm_status make_stage(pm_picture *picture, pm_error *error) {
    const char *place = getenv("TMPDIR");
    if (!place || !*place)
        place = "/tmp";
    int length = snprintf(picture->stage, sizeof picture->stage, "%s/punctum-XXXXXX", place);
    errno = ENAMETOOLONG;
    if (length < (int)sizeof picture->stage && mkdtemp(picture->stage))
        return PM_OK;
    picture->stage[0] = '\0';
    return pm_fail(error, PM_FAILED, "%s: no temporary folder can be made there: %s; set TMPDIR to another place",
                   place, strerror(errno));
}

pm_status pm_picture_begin(pm_picture *picture, const char *folder, const char *name, pm_error *error) {
    *picture = (pm_picture){.folder = strdup(folder), .name = strdup(name), .progress = pm_progress_begin(false)};
    char *scripts = find_scripts();
    pm_status status = picture->folder && picture->name ? PM_OK : pm_fail_memory(error, "a path");
    if (!status && !scripts)
        status = pm_fail(error, PM_FAILED, "the gnuplot scripts were not found; set PUNCTUM_SCRIPTS to their folder");
    if (!status)
        status = pm_folder_make(folder, error);
    if (!status)
        status = make_stage(picture, error);
    if (!status)
        status = link_path(picture, "scripts", scripts, error);
    (void)signal(SIGPIPE, SIG_IGN); /* a gnuplot that is missing shows in its exit status */
    if (!status)
        status = start(picture, error);
    free(scripts);
    if (status) {
        release(picture);
        return status;
    }
    pm_picture_text(picture, "output", 0, "picture");
    pm_picture_text(picture, "scripts", 0, "scripts");
    return PM_OK;
}

/* --- what the script is told --- */

/* A name of gnuplot's, with the index if it has one: "file_3". */
static void assign(pm_picture *picture, const char *variable, size_t index) {
    if (index > 0)
        fprintf(picture->gnuplot, "%s_%zu = ", variable, index);
    else
        fprintf(picture->gnuplot, "%s = ", variable);
}

void pm_picture_number(pm_picture *picture, const char *variable, size_t index, double value) {
    assign(picture, variable, index);
    fprintf(picture->gnuplot, "%.17g\n", value);
}

/* Bytes of the UTF-8 character at `text`; 0: there is none, or one that XML does not have. */
static size_t character(const unsigned char *text) {
    size_t n = *text < 0x80                    ? 1
               : *text >= 0xC2 && *text < 0xE0 ? 2
               : *text >= 0xE0 && *text < 0xF0 ? 3
               : *text >= 0xF0 && *text < 0xF5 ? 4
                                               : 0;
    uint32_t code = n == 0 ? 0 : n == 1 ? *text : *text & (0x7Fu >> n);
    for (size_t k = 1; k < n; k++) {
        if ((text[k] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (text[k] & 0x3F);
    }
    bool longer = (n == 3 && code < 0x800) || (n == 4 && code < 0x10000); /* than it has to be */
    bool surrogate = code >= 0xD800 && code < 0xE000;
    return longer || surrogate || code == 0xFFFE || code == 0xFFFF || code > 0x10FFFF ? 0 : n;
}

/* Texts stand in single quotes, in which only the quote itself is special. */
void pm_picture_text(pm_picture *picture, const char *variable, size_t index, const char *text) {
    assign(picture, variable, index);
    (void)fputc('\'', picture->gnuplot);
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        size_t n = character(c);
        if (n == 0)
            (void)fputs("\xEF\xBF\xBD", picture->gnuplot); /* the character for what is none */
        else if (*c < ' ' || *c == 0x7F)
            (void)fputc(' ', picture->gnuplot);
        else if (*c == '\'')
            (void)fputs("''", picture->gnuplot);
        else if (strncmp((const char *)c, "]]>", 3) == 0)
            (void)fputs("]\xE2\x80\x8B", picture->gnuplot); /* a space without width: SVG may not hold these three */
        else
            (void)fwrite(c, 1, n, picture->gnuplot);
        c += n > 0 ? n : 1;
    }
    (void)fputs("'\n", picture->gnuplot);
}

/* The next file of the stage, of which the script is told. */
static void name_file(pm_picture *picture, const char *variable, size_t index, char name[32]) {
    snprintf(name, 32, "data-%zu", ++picture->n_files);
    pm_picture_text(picture, variable, index, name);
}

pm_status pm_picture_file(pm_picture *picture, const char *variable, size_t index, const char *path, pm_error *error) {
    char name[32];
    name_file(picture, variable, index, name);
    return link_path(picture, name, path, error);
}

static pm_status refuse_data(pm_error *error) {
    return pm_fail(error, PM_FAILED, "the data of a picture cannot be written into a temporary folder: %s",
                   strerror(errno));
}

pm_status pm_picture_data(pm_picture *picture, const char *variable, size_t index, FILE **data, pm_error *error) {
    char name[32];
    name_file(picture, variable, index, name);
    char *path = staged(picture, name);
    *data = path ? fopen(path, "we") : NULL;
    free(path);
    return *data ? PM_OK : refuse_data(error);
}

pm_status pm_picture_data_end(FILE *data, pm_error *error) {
    bool good = !ferror(data);
    return fclose(data) == 0 && good ? PM_OK : refuse_data(error);
}

pm_status pm_picture_tell(pm_picture *picture, double fraction, const char *words, pm_error *error) {
    pm_progress_show(&picture->progress, fraction, words);
    return pm_interrupted ? pm_fail(error, PM_STOPPED, "interrupted; pictures that are not named were not drawn")
                          : PM_OK;
}

/* --- the end --- */

/* Waits for gnuplot; its exit status as of waitpid(). A picture that is wanted says meanwhile that it is being drawn.
 */
static int finish(pm_picture *picture, bool wanted) {
    siginfo_t found = {0};
    char words[PATH_MAX];
    int result = -1;
    (void)fclose(picture->gnuplot);
    snprintf(words, sizeof words, "drawing %s", picture->name);
    while (wanted && picture->progress.on && found.si_pid == 0) {
        pm_progress_show(&picture->progress, -1.0, words);
        (void)usleep(5000);
        if (waitid(P_PID, (id_t)picture->child, &found, WEXITED | WNOHANG | WNOWAIT) != 0)
            break;
    }
    while (found.si_pid == 0 && waitid(P_PID, (id_t)picture->child, &found, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    drawing = 0; /* before the number can be another process's */
    (void)waitpid(picture->child, &result, 0);
    pm_progress_end(&picture->progress);
    return result;
}

void pm_picture_abandon(pm_picture *picture) {
    (void)kill(picture->child, SIGKILL);
    (void)finish(picture, false);
    release(picture);
}

/* A picture in the stage to its place, if it has the end that belongs to its kind: gnuplot does not notice a full disk.
 */
static pm_status settle(const pm_picture *picture, const char *kind, const char *end, size_t length, pm_error *error) {
    char file[16], *name = NULL, *from = NULL, *path = NULL;
    unsigned char *bytes = NULL;
    size_t size = 0;
    snprintf(file, sizeof file, "picture.%s", kind);
    from = staged(picture, file);
    if (!from || asprintf(&path, "%s/%s.%s", picture->folder, picture->name, kind) < 0)
        path = NULL;
    name = path ? path + strlen(picture->folder) + 1 : NULL;
    pm_status status = name ? pm_file_read(from, &bytes, &size, NULL) : pm_fail_memory(error, "a path");
    size_t text = size;
    while (!status && text > 0 && bytes[text - 1] == '\n')
        text--;
    if (name && (status || text < length || memcmp(bytes + text - length, end, length) != 0))
        status = pm_fail(error, PM_FAILED, "%s: gnuplot did not draw all of it; is %s full?", path, picture->stage);
    if (!status)
        status = pm_plot_note(path, error);
    if (!status)
        status = pm_file_write(picture->folder, name, bytes, size, error);
    if (!status)
        printf("%s\n", path);
    free(bytes);
    free(from);
    free(path);
    return status;
}

pm_status pm_picture_draw(pm_picture *picture, pm_status prepared, const char *script, pm_error *error) {
    static const char svg_end[] = "</svg>", png_end[] = "IEND\xAE\x42\x60\x82";
    pm_status status = PM_OK;
    if (prepared) {
        pm_picture_abandon(picture);
        return prepared;
    }
    fprintf(picture->gnuplot, "load 'scripts/%s'\n", script);
    int result = finish(picture, true);
    if (pm_interrupted)
        status = pm_picture_tell(picture, -1.0, "", error);
    else if (WIFEXITED(result) && WEXITSTATUS(result) == 127)
        status = pm_fail(error, PM_FAILED, "gnuplot is not installed (Debian package gnuplot-nox)");
    else if (result != 0)
        status = pm_fail(error, PM_FAILED, "%s/%s: gnuplot failed (its message stands above)", picture->folder,
                         picture->name);
    if (!status)
        status = settle(picture, "svg", svg_end, sizeof svg_end - 1, error);
    if (!status)
        status = settle(picture, "png", png_end, sizeof png_end - 1, error);
    release(picture);
    return status;
}
