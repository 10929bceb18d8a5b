/* output.h - where a command's result goes: standard output, or a file that appears whole or not at
 * all. */
#ifndef MPS_CLI_OUTPUT_H
#define MPS_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <glib.h>

typedef struct {
    FILE *stream;
    char *path;      /* NULL: standard output */
    char *temporary; /* name until mps_output_commit() */
} MpsOutput;

/* Whether @path may become a file: nothing is there yet, or, with @force, a regular file that is
 * none of @sources (NULL-terminated or NULL), by whatever name.  If not, MPS_ERROR_USAGE, or
 * MPS_ERROR_OPEN if only @force is missing. */
bool mps_output_check(const char *path, bool force, char *const *sources, GError **error);
/* Whether @path is, or could become, a directory; if not, MPS_ERROR_USAGE. */
bool mps_output_check_directory(const char *path, GError **error);

/* Opens @path; NULL or "-" is standard output.  An existing file needs @force. */
MpsOutput *mps_output_open(const char *path, bool force, GError **error);
/* Everything has been written: gives the file its name.  False if some write failed. */
bool mps_output_commit(MpsOutput *self, GError **error);
/* Without a commit before, nothing is left behind. */
void mps_output_free(MpsOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsOutput, mps_output_free)

/* Writes out what @stream has buffered.  Returns 0, or the errno of this or an earlier write. */
int mps_output_flush(FILE *stream);

/* Makes @path a directory unless it is one. */
bool mps_output_directory(const char *path, GError **error);

#endif
