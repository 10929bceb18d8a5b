/* writer.h - rows in, one SQLite database out, whole or not at all. */
#ifndef MPS_STORE_WRITER_H
#define MPS_STORE_WRITER_H

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

#include <mptcpscope/error.h>
#include <mptcpscope/row.h>

#include "store/checkpoint.h"

typedef struct _MpsWriter MpsWriter;

/* Begins a database with @tables (NULL-terminated, borrowed until the writer is gone).  With a
 * @path it is written to a temporary name beside it; without, to a temporary database that dies
 * when it is closed.  Returns NULL and MPS_ERROR_STORE, also if @path exists and not @force. */
MpsWriter *mps_writer_new(const char *path, bool force, const MpsTable *const *tables,
                          GError **error);

/* The same for a database that another run can go on with, which needs a @path:
 * mps_checkpoint_table is among @tables, and a row of it makes all before it last.  With @from, it
 * is gone on with the unfinished database that is there; without, an unfinished one is replaced. */
MpsWriter *mps_writer_resume(const char *path, bool force, const MpsTable *const *tables,
                             const MpsCheckpoint *from, GError **error);

/* Where rows go; belongs to the writer.  Another thread than the writer's may have it alone. */
MpsRowSink *mps_writer_rows(MpsWriter *self);

/* Puts all rows so far into the file, where they otherwise come a page at a time. By the thread
 * that adds them. */
void mps_writer_flush(MpsWriter *self);

/* Whether all rows that came to the file could be stored; may be asked while another thread adds
 * more.  A key of several columns that comes twice is found by mps_writer_finish(). */
bool mps_writer_check(const MpsWriter *self, GError **error);

/* Makes indexes and views, commits, and gives the database its name.  Returns it open for reading,
 * owned by the caller, or NULL and MPS_ERROR_STORE.  The writer can only be freed afterwards. */
sqlite3 *mps_writer_finish(MpsWriter *self, GError **error);

/* Frees the writer; an unfinished database is removed, unless there is a checkpoint of it. */
void mps_writer_free(MpsWriter *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsWriter, mps_writer_free)

/* The SQL that creates @tables and the views, with the meaning of every column as a comment. */
char *mps_schema_sql(const MpsTable *const *tables);

/* The same as JSON: {"tables":[{"name","help","columns":[{"name","type","help","references"}]}]}.
 */
char *mps_schema_json(const MpsTable *const *tables);

#endif
