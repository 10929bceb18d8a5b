/* plot_kept.h - the scripts that are kept beside figures, to restyle and rerun them. */
#ifndef MPS_VIEWS_PLOT_KEPT_H
#define MPS_VIEWS_PLOT_KEPT_H

#include "views/views.h"

typedef struct {
    const char *scripts;  /* directory */
    const char *name;     /* of the figure */
    const char *database; /* or NULL: not kept */
    const char *direction, *labels;
    int64_t connection_id;
} MpsKept;

/* Writes a copy of the figure's script that knows what it drew. */
bool mps_kept_write(const MpsKept *self, const char *file, GError **error);

/* Copies what all scripts load into the directory of @request. */
bool mps_kept_common(const MpsPlotRequest *request, const char *scripts, GError **error);

#endif
