/* The command line of a command: one table says which options there are, what they mean and where their values go. From
 * it come the reading, --help, --usage and every message about a wrong call. */
#ifndef PM_CLI_OPTIONS_H
#define PM_CLI_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

/* What an option takes, and the type of its target. */
typedef enum pm_option_kind {
    PM_OPTION_END,     /* the end of a table */
    PM_OPTION_HEADING, /* no option: `help` is a heading in --help */
    PM_OPTION_FLAG,    /* bool: nothing */
    PM_OPTION_TEXT,    /* const char * */
    PM_OPTION_NUMBER,  /* double */
    PM_OPTION_WHOLE,   /* double: a whole number */
    PM_OPTION_COUNT,   /* int */
    PM_OPTION_CHOICE   /* int: the place of a word in `choices` */
} pm_option_kind;

typedef struct pm_option {
    pm_option_kind kind;
    const char *name; /* without dashes */
    char letter;      /* 0: none */
    const char *argument, *help;
    size_t target;              /* offset within the command's structure of options */
    double least, most;         /* of a number */
    const char *const *choices; /* ends with NULL */
    const char *bare;           /* not NULL: the argument may be left out, and is this then */
    const char *question;       /* not NULL: it must be given; what is asked where it is not */
} pm_option;

/* What stands beside the options: a file, a folder. */
typedef struct pm_operand {
    const char *name;     /* NULL: the end of a table */
    size_t target;        /* offset of the first of `most` const char *; those that are not given keep their values */
    size_t most;          /* 1 or more */
    const char *question; /* NULL: it may be left out */
} pm_operand;

typedef struct pm_call {
    const char *name;  /* of the command */
    const char *about; /* one sentence */
    const pm_operand *operands;
    const pm_option *options;
    const char *details;         /* paragraphs, with an empty line between two */
    const char *const *examples; /* a line each, ends with NULL */
    void (*more)(FILE *to);      /* what --help says last; NULL: nothing */
} pm_call;

/* Reads a command line into the structure `options`, which holds the defaults. A wrong call ends the program with
 * status 2 and a message, --help and --usage with status 0. */
void pm_call_read(const pm_call *call, int argc, char **argv, void *options);

/* Ends the program with status 2, a message and the way to the help. */
_Noreturn void pm_call_refuse(const pm_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a word that is none of `words`. `what` names what it was given for. */
_Noreturn void pm_call_refuse_word(const pm_call *call, const char *what, const char *word, const char *const *words);

void pm_call_help(const pm_call *call, FILE *to);     /* everything */
void pm_call_usage(const pm_call *call, FILE *to);    /* the call with all options */
void pm_call_synopsis(const pm_call *call, FILE *to); /* the call with its operands */

/* Columns of the terminal that the stream is; 80 if it is none. */
int pm_terminal_width(FILE *stream);

/* Text in lines of the stream's width, of which all after the first begin after `indent` blanks; the first goes on in
 * `column`. A line feed in the text is one, so that two part paragraphs. Ends the line. */
void pm_print_wrapped(FILE *to, int column, int indent, const char *text);

/* A term in the first columns and a text beside it, or below where the term is long: a line of a list in --help. */
void pm_print_term(FILE *to, const char *term, const char *text);

#endif
