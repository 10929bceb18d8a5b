/* gnuplot.h - the scripts of plots/ and the program that runs them. */
#ifndef MPS_VIEWS_GNUPLOT_H
#define MPS_VIEWS_GNUPLOT_H

#include <stdbool.h>

#include <gio/gio.h>

/* The directory with figures.sql: $MPTCPSCOPE_PLOTS, else in the tree that the program was built
 * in (next to build/, two directories above), else where it was installed.  NULL and MPS_ERROR_TOOL
 * if nowhere. */
char *mps_gnuplot_scripts(GError **error);

/* Whether program @name is installed; if not, MPS_ERROR_TOOL. */
bool mps_gnuplot_check(const char *name, GError **error);

/* For a process that ends with this one, and counts and sorts as C does. */
GSubprocessLauncher *mps_gnuplot_launcher(GSubprocessFlags flags);

/* Whether @file ends as a picture does; gnuplot does not notice that a disk is full. */
bool mps_gnuplot_is_complete(const char *file, const char *format);

/* MPS_ERROR_TOOL; the last line of gnuplot's @words says what is wrong. */
bool mps_gnuplot_blame(char *words, GError **error);

#endif
