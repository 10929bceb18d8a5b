/* source.h - SOURCE on a command line: one database, or captures that are analyzed first. */
#ifndef MPS_CLI_SOURCE_H
#define MPS_CLI_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>
#include <sqlite3.h>

#include "cli/command.h"

typedef struct {
    sqlite3 *db;
    char *path;      /* of the database file; NULL if it has no name */
    char *temporary; /* directory that goes away with the source, or NULL */
    bool damaged;    /* a capture was cut or unreadable */
} MpsSource;

/* Opens @arguments.  @need_file: a database made from captures gets a file name, for programs that
 * are to read it. */
MpsSource *mps_source_open(char **arguments, bool need_file, const MpsSettings *settings,
                           GError **error);
void mps_source_free(MpsSource *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsSource, mps_source_free)

/* A given option that says how captures are read, as "--name"; NULL: none was given. */
const char *mps_source_captures_option(const MpsSettings *settings);

/* Exit status of a command that did its work on @self. */
MpsExit mps_source_exit(const MpsSource *self);

/* Captures of a command line: at least one, none of them a database, standard input at most once
 * and not a terminal.  False and MPS_ERROR_USAGE otherwise. */
bool mps_source_check_captures(char **paths, GError **error);

/* The argument of --connection: a number from 1 on, or NULL for MPS_ALL_CONNECTIONS.  False and
 * MPS_ERROR_USAGE otherwise. */
bool mps_source_connection(const char *text, int64_t *out, GError **error);

#endif
