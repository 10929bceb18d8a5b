/* inputs.h - the files that the paths of a command line stand for; private to capture. */
#ifndef MPS_CAPTURE_INPUTS_H
#define MPS_CAPTURE_INPUTS_H

#include <stdbool.h>

#include <glib.h>

typedef struct {
    char *path;
    unsigned argument; /* 1, 2, ...: the path it stands for */
    bool found;        /* in a directory: whether it is a capture at all is not known */
} MpsInput;

/* An MpsInput for each file, in the order of @paths; below a directory, all regular files but
 * hidden ones, by name, and what cannot be looked into.  Symbolic links to directories are not
 * followed there.  To be freed with g_array_unref(). */
GArray *mps_inputs_find(const char *const *paths);

/* Whether a file of that name is meant to be a capture: then it is reported if it is none. */
bool mps_inputs_is_named_capture(const char *path);

#endif
