/* What a command says of itself: --help and --usage, written from its table in lines that fit the terminal. Only a word
 * that is longer than a line makes a line longer; examples stay whole, for they are copied. */
#include "cli/options.h"

#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NARROW = 50, COLUMN = 29, COLUMN_NARROW = 8 };

int pm_terminal_width(FILE *stream) {
    struct winsize size = {0};
    const int file = fileno(stream);
    return isatty(file) && ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Lines that are being written. */
typedef struct lines {
    FILE *to;
    int width, indent; /* columns; of all lines but the first */
    int column;        /* that comes next */
    bool fresh;        /* no word stands in this line yet */
} lines;

/* Columns that n bytes of UTF-8 take. */
static int columns(const char *text, size_t n) {
    int width = 0;
    for (size_t k = 0; k < n; k++)
        width += ((unsigned char)text[k] & 0xC0) != 0x80;
    return width;
}

static void put_words(lines *l, const char *text, size_t n) {
    const char *end = text + n;
    for (const char *word = text + strspn(text, " "); word < end; word += strspn(word, " ")) {
        const size_t length = strcspn(word, " ") < (size_t)(end - word) ? strcspn(word, " ") : (size_t)(end - word);
        if (!l->fresh && l->column + 1 + columns(word, length) >= l->width) {
            fprintf(l->to, "\n%*s", l->indent, "");
            l->column = l->indent;
            l->fresh = true;
        }
        l->column += fprintf(l->to, l->fresh ? "" : " ") + columns(word, length);
        fprintf(l->to, "%.*s", (int)length, word);
        l->fresh = false;
        word += length;
    }
}

void pm_print_wrapped(FILE *to, int column, int indent, const char *text) {
    lines l = {.to = to, .width = pm_terminal_width(to), .indent = indent, .column = column, .fresh = true};
    for (const char *end = NULL; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        put_words(&l, text, (size_t)(end - text));
        (void)fputc('\n', to);
        l.column = 0;
        l.fresh = true;
    }
    put_words(&l, text, strlen(text));
    (void)fputc('\n', to);
}

void pm_print_term(FILE *to, const char *term, const char *text) {
    const int column = pm_terminal_width(to) >= NARROW ? COLUMN : COLUMN_NARROW;
    const int length = fprintf(to, "%s", term);
    if (length + 2 > column)
        fprintf(to, "\n%*s", column, "");
    else
        fprintf(to, "%*s", column - length, "");
    pm_print_wrapped(to, column, column, text);
}

static void print_option(FILE *to, const pm_option *o) {
    char term[80], letter[] = "    ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(term, sizeof term, "  %s--%s%s%s%s%s", letter, o->name, o->bare ? "[" : "", o->argument ? "=" : "",
             o->argument ? o->argument : "", o->bare ? "]" : "");
    pm_print_term(to, term, o->help);
}

static void print_options(const pm_call *call, FILE *to) {
    static const pm_option common[] = {{.name = "help", .letter = 'h', .help = "print this text"},
                                       {.name = "usage", .help = "print the call in short"}};
    bool headings = false;
    (void)fputc('\n', to);
    for (const pm_option *o = call->options; o->kind; o++) {
        headings |= o->kind == PM_OPTION_HEADING;
        if (o->kind == PM_OPTION_HEADING)
            fprintf(to, "\n%s\n", o->help);
        else
            print_option(to, o);
    }
    if (headings)
        (void)fputc('\n', to);
    for (size_t k = 0; k < sizeof common / sizeof *common; k++)
        print_option(to, &common[k]);
}

/* "NETWORK.yaml", "[NAME]", "DIR..." */
static void put_operands(const pm_call *call, lines *l) {
    char word[80];
    for (const pm_operand *o = call->operands; o && o->name; o++) {
        const int length =
            snprintf(word, sizeof word, o->question ? "%s%s" : "[%s%s]", o->name, o->most > 1 ? "..." : "");
        put_words(l, word, (size_t)length);
    }
    (void)fputc('\n', l->to);
}

/* The lines that a usage is written in, begun. */
static lines begin_usage(const pm_call *call, FILE *to) {
    lines l = {.to = to, .width = pm_terminal_width(to), .indent = 8};
    l.column = fprintf(to, "Usage: punctum %s", call->name);
    return l;
}

void pm_call_synopsis(const pm_call *call, FILE *to) {
    lines l = begin_usage(call, to);
    put_words(&l, "[OPTION...]", strlen("[OPTION...]"));
    put_operands(call, &l);
}

void pm_call_help(const pm_call *call, FILE *to) {
    pm_call_synopsis(call, to);
    pm_print_wrapped(to, 0, 0, call->about);
    print_options(call, to);
    (void)fputc('\n', to);
    pm_print_wrapped(to, 0, 0, call->details);
    fprintf(to, "\nExamples:\n");
    for (size_t k = 0; call->examples[k]; k++)
        fprintf(to, "  %s\n", call->examples[k]);
    if (call->more)
        call->more(to);
}

void pm_call_usage(const pm_call *call, FILE *to) {
    lines l = begin_usage(call, to);
    for (const pm_option *o = call->options; o->kind; o++) {
        char word[100], letter[] = "-x|";
        if (o->kind == PM_OPTION_HEADING)
            continue;
        letter[1] = o->letter;
        const int length = snprintf(word, sizeof word, o->question ? "%s--%s%s%s%s%s" : "[%s--%s%s%s%s%s]",
                                    o->letter ? letter : "", o->name, o->bare ? "[" : "", o->argument ? "=" : "",
                                    o->argument ? o->argument : "", o->bare ? "]" : "");
        put_words(&l, word, (size_t)length);
    }
    put_operands(call, &l);
}
