/* figures.h - a directory of figures: each drawn by gnuplot from a script and a CSV file that stay
 * beside it. */
#ifndef MPS_VIEWS_FIGURES_H
#define MPS_VIEWS_FIGURES_H

#include <stdbool.h>

#include <glib.h>

typedef struct {
    const char *directory, *format; /* where; png, svg, pdf, both or all */
    /* Asked about each file before it is written; false, with an error, ends the work.  Or NULL. */
    bool (*may_write)(const char *file, void *user, GError **error);
    void *user;
    GPtrArray *files; /* char *, owned by it: gets the path of each CSV and figure */
    char *scripts;    /* set by mps_figures_open() */
} MpsFigures;

/* Finds gnuplot and the scripts, and makes the directory.  MPS_ERROR_TOOL, MPS_ERROR_OPEN. */
bool mps_figures_open(MpsFigures *self, GError **error);
void mps_figures_close(MpsFigures *self);

/* Writes @text as file @name; mps_figures_csv(): one that is told of. */
bool mps_figures_text(const MpsFigures *self, const char *name, const char *text, GError **error);
bool mps_figures_csv(const MpsFigures *self, const char *name, const char *text, GError **error);
/* Copies script @from of plots/; here it is called @to. */
bool mps_figures_script(const MpsFigures *self, const char *from, const char *to, GError **error);
/* Runs @name.gp once for each format. */
bool mps_figures_draw(const MpsFigures *self, const char *name, GError **error);

#endif
