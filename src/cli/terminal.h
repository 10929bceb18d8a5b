/* terminal.h - what standard output can show. */
#ifndef MPS_CLI_TERMINAL_H
#define MPS_CLI_TERMINAL_H

#include <stdbool.h>

#include <glib.h>

/* Whether charts are wanted: @when is "always", "never", or "auto" (NULL), which is: standard
 * output is a terminal of at least @columns that shows UTF-8.  MPS_ERROR_USAGE: another word. */
bool mps_terminal_charts(const char *when, unsigned columns, bool *charts, GError **error);

#define MPS_CHARTS_OPTION(when)                                                                    \
    {                                                                                              \
        "charts", 0, 0, G_OPTION_ARG_STRING, when,                                                 \
            "Small charts: auto (on a terminal that shows UTF-8), always or never", "WHEN"         \
    }

#endif
