/* The parts of exported scripts that do not depend on the network. */
#ifndef PM_CLI_EXPORT_H
#define PM_CLI_EXPORT_H

typedef struct pm_export_text {
    const char *head; /* before the network's parameters */
    const char *body; /* after them and pm_export_common */
} pm_export_text;

extern const char *const pm_export_common;
extern const pm_export_text pm_export_brian2, pm_export_nest;

#endif
