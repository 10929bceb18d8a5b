/* command.h - a subcommand: a file of its own with its own options, and a line in commands.def. */
#ifndef MPS_CLI_COMMAND_H
#define MPS_CLI_COMMAND_H

#include <stdbool.h>

#include <glib.h>

#include <mptcpscope/error.h>

#include "util/limits.h"
#include "util/option_names.h"
#include "util/vantage.h"

typedef enum {
    MPS_EXIT_DONE = 0,
    MPS_EXIT_FAILED = 1,
    MPS_EXIT_USAGE = 2,
    MPS_EXIT_VIOLATION = 3,
    MPS_EXIT_DAMAGED = 4, /* done, but some input was cut or unreadable */
} MpsExit;

/* What every command may want to know. */
typedef struct {
    bool quiet;
    int n_behind;          /* arguments behind `--`; -1: there is none */
    bool tcp;              /* analyze plain TCP connections, too */
    const char *metrics;   /* which ones; NULL: all */
    bool no_rules;         /* compliance is not checked */
    bool dss_checksums;    /* also by the rules that read payload */
    bool verify_checksums; /* of IP and TCP */
    MpsVantage vantage;    /* where captures were taken; 0: guessed */
    bool strict_input;     /* a capture that is cut or unreadable fails the run */
    const char *filter;    /* only packets that pass are analyzed; or NULL */
    MpsLimits limits;
    const MpsOptionNames *option_names;
    const char *command_line; /* as typed, for `meta` */
} MpsSettings;

typedef struct {
    const char *name;
    const char *arguments;       /* as the usage line shows them */
    const char *help;            /* one line */
    bool alone;                  /* needs neither captures nor a database */
    const char *examples;        /* lines, each starting with two spaces */
    const GOptionEntry *options; /* of this command alone, or NULL */
    /* @arguments is what is left behind the options, NULL-terminated.  Results go to stdout, notes
     * to stderr.  If @error gets set, its code decides the exit status and the result does not. */
    MpsExit (*run)(char **arguments, const MpsSettings *settings, GError **error);
} MpsCommand;

#define COMMAND(name) extern const MpsCommand mps_command_##name;
#include "cli/commands.def"
#undef COMMAND

#endif
