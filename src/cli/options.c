/* Reading a command line by its table. getopt_long finds the options, their abbreviations and their arguments; what it
 * finds wrong is told here, so that all messages look alike and name what comes closest. A value is checked before it
 * is stored, and what must be there is asked for at the end: a command that goes on has a whole call. */
#include "cli/options.h"

#include "cli/command.h"
#include <punctum/kind.h>

#include <ctype.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 30, FIRST = 256, HELP = FIRST + MOST_OPTIONS, USAGE }; /* values of getopt_long: FIRST + row */

_Noreturn void pm_call_refuse(const pm_call *call, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "punctum %s: ", call->name);
    vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    pm_call_synopsis(call, stderr);
    fprintf(stderr, "'punctum help %s' lists the options\n", call->name);
    va_end(arguments);
    exit(2);
}

_Noreturn void pm_call_refuse_word(const pm_call *call, const char *what, const char *word, const char *const *words) {
    char list[300] = "";
    for (size_t k = 0, used = 0; words[k] && used < sizeof list; k++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                                 !k             ? ""
                                 : words[k + 1] ? ", "
                                                : " or ",
                                 words[k]);
    const char *close = pm_closest(word, words);
    if (close)
        pm_call_refuse(call, "%s: there is no '%s'; did you mean %s? (%s)", what, word, close, list);
    pm_call_refuse(call, "%s: there is no '%s'; %s is wanted", what, word, list);
}

_Noreturn static void refuse_number(const pm_call *call, const pm_option *o, const char *text) {
    char least[PM_NUMBER_SIZE], most[PM_NUMBER_SIZE];
    pm_call_refuse(call, "--%s: '%s' is not a %s from %s to %s", o->name, text,
                   o->kind == PM_OPTION_NUMBER ? "number" : "whole number", pm_number_text(o->least, least),
                   pm_number_text(o->most, most));
}

static double number(const pm_call *call, const pm_option *o, const char *text) {
    double value = 0.0;
    if (!pm_parse_number(text, &value) || value < o->least || value > o->most ||
        (o->kind != PM_OPTION_NUMBER && floor(value) != value))
        refuse_number(call, o, text);
    return value;
}

static int choice(const pm_call *call, const pm_option *o, const char *word) {
    int k = 0;
    while (o->choices[k] && strcmp(o->choices[k], word) != 0)
        k++;
    if (!o->choices[k]) {
        char what[48];
        snprintf(what, sizeof what, "--%s", o->name);
        pm_call_refuse_word(call, what, word, o->choices);
    }
    return k;
}

static void store(const pm_call *call, const pm_option *o, const char *argument, void *options) {
    void *target = (char *)options + o->target;
    switch (o->kind) {
    case PM_OPTION_FLAG:
        *(bool *)target = true;
        break;
    case PM_OPTION_TEXT:
        *(const char **)target = argument;
        break;
    case PM_OPTION_NUMBER:
    case PM_OPTION_WHOLE:
        *(double *)target = number(call, o, argument);
        break;
    case PM_OPTION_COUNT:
        *(int *)target = (int)number(call, o, argument);
        break;
    case PM_OPTION_CHOICE:
        *(int *)target = choice(call, o, argument ? argument : o->bare);
        break;
    case PM_OPTION_END:
    case PM_OPTION_HEADING:
        break;
    }
}

/* The table in the words of getopt_long. A colon first in `letters` has it tell a missing argument from an unknown
 * option. */
static void translate(const pm_call *call, struct option *names, char *letters) {
    *letters++ = ':';
    for (size_t k = 0; call->options[k].kind; k++) {
        const pm_option *o = &call->options[k];
        if (o->kind == PM_OPTION_HEADING)
            continue;
        const int takes = o->kind == PM_OPTION_FLAG ? no_argument : o->bare ? optional_argument : required_argument;
        *names++ = (struct option){.name = o->name, .has_arg = takes, .val = FIRST + (int)k};
        if (o->letter) {
            *letters++ = o->letter;
            for (int colons = takes; colons > 0; colons--)
                *letters++ = ':';
        }
    }
    *names++ = (struct option){.name = "help", .val = HELP};
    *names++ = (struct option){.name = "usage", .val = USAGE};
    *names = (struct option){0};
    *letters++ = 'h';
    *letters = '\0';
}

/* The row of what getopt_long found; NULL if it is none of the table's. */
static const pm_option *row_of(const pm_call *call, int found) {
    if (found >= FIRST && found < HELP)
        return &call->options[found - FIRST];
    for (size_t k = 0; found > 0 && call->options[k].kind; k++)
        if (call->options[k].letter == found)
            return &call->options[k];
    return NULL;
}

/* "--thread-count 2", "--d", "--quiet=yes", "-z". `word` is the argument of the program that was looked at. */
_Noreturn static void refuse_option(const pm_call *call, const struct option *names, const char *word) {
    const char *all[MOST_OPTIONS + 3] = {NULL};
    char name[64], list[300] = "";
    const pm_option *known = row_of(call, optopt);
    if (known || optopt == HELP || optopt == USAGE)
        pm_call_refuse(call, "--%s takes no argument", known ? known->name : optopt == HELP ? "help" : "usage");
    if (optopt != 0)
        pm_call_refuse(call,
                       isprint((unsigned char)optopt) ? "unrecognized option '-%c'" : "unrecognized option: byte %d",
                       (unsigned char)optopt);
    size_t length = strcspn(word + 2, "="), n_fit = 0, used = 0;
    snprintf(name, sizeof name, "%.*s", (int)length, word + 2);
    for (size_t k = 0; names[k].name; k++) {
        all[k] = names[k].name;
        if (strncmp(names[k].name, name, strlen(name)) == 0 && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s--%s", n_fit++ ? ", " : "", names[k].name);
    }
    if (n_fit > 1)
        pm_call_refuse(call, "option '--%s' is ambiguous: %s", name, list);
    const char *close = pm_closest(name, all);
    for (size_t k = 0; !close && all[k]; k++) /* --thread-count */
        if (strncmp(name, all[k], 4) == 0)
            close = all[k];
    if (close)
        pm_call_refuse(call, "unrecognized option '--%s'; did you mean --%s?", name, close);
    pm_call_refuse(call, "unrecognized option '--%s'", name);
}

/* The words that are no options. */
static void read_operands(const pm_call *call, char **words, void *options) {
    for (const pm_operand *o = call->operands; o && o->name; o++) {
        const char **target = (const char **)(void *)((char *)options + o->target);
        if (!*words && o->question)
            pm_call_refuse(call, "%s", o->question);
        for (size_t k = 0; *words && k < o->most; k++)
            target[k] = *words++;
    }
    if (*words)
        pm_call_refuse(call, call->operands ? "one too many: '%s'" : "'%s': there are options only", *words);
}

_Noreturn static void print(const pm_call *call, void (*what)(const pm_call *, FILE *)) {
    what(call, stdout);
    exit(pm_flushed(0));
}

void pm_call_read(const pm_call *call, int argc, char **argv, void *options) {
    struct option names[MOST_OPTIONS + 3];
    char letters[3 * MOST_OPTIONS + 3];
    bool given[MOST_OPTIONS] = {false};
    translate(call, names, letters);
    opterr = 0;
    for (int found = 0; (found = getopt_long(argc, argv, letters, names, NULL)) != -1;) {
        if (found == HELP || found == 'h' || (found == '?' && optopt == '?')) /* -? is help, and no known letter */
            print(call, pm_call_help);
        if (found == USAGE)
            print(call, pm_call_usage);
        if (found == '?')
            refuse_option(call, names, argv[optind - 1]);
        const pm_option *o = row_of(call, found == ':' ? optopt : found);
        if (found == ':')
            pm_call_refuse(call, "--%s needs an argument: %s", o->name, o->argument);
        store(call, o, optarg, options);
        given[o - call->options] = true;
    }
    read_operands(call, argv + optind, options);
    for (size_t k = 0; call->options[k].kind; k++)
        if (call->options[k].question && !given[k])
            pm_call_refuse(call, "%s", call->options[k].question);
}
