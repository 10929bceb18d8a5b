/* terminal.c - see terminal.h. */
#include "cli/terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <mptcpscope/error.h>

static bool is_drawable(unsigned columns)
{
    const char *const term = g_getenv("TERM");
    struct winsize size;

    return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && g_get_charset(NULL) &&
           ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= columns;
}

bool mps_terminal_charts(const char *when, unsigned columns, bool *charts, GError **error)
{
    const char *const word = when ? when : "auto";
    const bool automatic = strcmp(word, "auto") == 0;

    *charts = strcmp(word, "always") == 0 || (automatic && is_drawable(columns));
    return *charts || automatic || strcmp(word, "never") == 0 ||
           mps_throw(error, MPS_ERROR_USAGE, "--charts: auto, always or never, not '%s'", word);
}
