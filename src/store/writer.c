/* writer.c - a temporary name until the database is complete.
 *
 * A database that can be gone on with is a log until then: its tables only grow at their ends, so
 * that what came behind a checkpoint can be taken back.  Rows of a table whose key is the rowid,
 * which come in any order, therefore wait in a table of their own. */
#include "store/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "store/batch.h"
#include "store/database.h"
#include "store/schema.h"

struct _MpsWriter {
    MpsRowSink rows; /* first: the sink is the writer */
    sqlite3 *db;
    const MpsTable *const *tables;
    MpsTable *logs;         /* of a database that can be gone on with: where rows of each go */
    const MpsTable **goals; /* the same, or @tables; NULL-terminated */
    MpsBatch *batch;
    char *path, *temporary; /* NULL: a database without a name */
    bool force;
    bool resumable;             /* there are checkpoints now and then, */
    _Atomic int64_t checkpoint; /* the last one has the state of that number; 0: none yet */
    GError *_Atomic error;      /* of the first row that failed; stays */
};

static bool failed(MpsWriter *self, GError **error)
{
    return mps_throw(error, MPS_ERROR_STORE, "%s: %s",
                     self->path ? self->path : "temporary database", sqlite3_errmsg(self->db));
}

static bool execute(MpsWriter *self, const char *sql, GError **error)
{
    return sqlite3_exec(self->db, sql, NULL, NULL, NULL) == SQLITE_OK || failed(self, error);
}

static void remember(MpsWriter *self)
{
    GError *reason = NULL;

    failed(self, &reason);
    self->error = reason;
}

/* What was written under the names of @path is on disk, and so are the names. */
static bool sync_file(const char *path)
{
    const int fd = g_open(path, O_RDONLY | O_CLOEXEC, 0);
    const bool synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return synced;
}

/* How far each log goes. */
static bool note_ends(MpsWriter *self, GError **error)
{
    g_autoptr(GString) sql = g_string_new("DELETE FROM log_end;");

    for (const MpsTable **log = self->goals; *log; log++)
        g_string_append_printf(sql,
                               "INSERT INTO log_end SELECT '%s', coalesce(max(rowid), 0) FROM %s;",
                               (*log)->name, (*log)->name);
    return execute(self, sql->str, error);
}

/* Takes back what came behind the checkpoint. */
static bool cut_logs(MpsWriter *self, GError **error)
{
    g_autoptr(GString) sql = g_string_new("BEGIN;");

    for (const MpsTable **log = self->goals; *log; log++)
        g_string_append_printf(
            sql, "DELETE FROM %s WHERE rowid > (SELECT rows FROM log_end WHERE name = '%s');",
            (*log)->name, (*log)->name);
    g_string_append(sql, "COMMIT;");
    return execute(self, sql->str, error);
}

static bool store_checkpoint(MpsWriter *self, const MpsValue *values, GError **error)
{
    sqlite3_stmt *insert = NULL;
    bool good;

    if (!execute(self, "BEGIN", error) || !note_ends(self, error))
        return false;
    if (sqlite3_prepare_v2(self->db, "INSERT OR REPLACE INTO checkpoint VALUES (?,?,?,?,?)", -1,
                           &insert, NULL) != SQLITE_OK)
        return failed(self, error);
    for (int i = 0; mps_checkpoint_table.columns[i].name; i++) {
        if (mps_checkpoint_table.columns[i].type == MPS_TEXT)
            sqlite3_bind_text(insert, i + 1, values[i].text, -1, SQLITE_STATIC);
        else
            sqlite3_bind_int64(insert, i + 1, values[i].i64);
    }
    good = sqlite3_step(insert) == SQLITE_DONE || failed(self, error);
    sqlite3_finalize(insert);
    return good && execute(self, "COMMIT", error);
}

/* Makes all rows so far, and the state that the checkpoint names, last. */
static void keep(MpsWriter *self, const MpsValue *values)
{
    const int64_t number = values[2].i64;
    g_autofree char *state = mps_checkpoint_state(self->path, number);
    g_autofree char *before = mps_checkpoint_state(self->path, self->checkpoint);
    g_autofree char *folder = g_path_get_dirname(self->path);
    g_autofree char *log = g_strconcat(self->temporary, "-wal", NULL);
    GError *reason = NULL;

    mps_writer_flush(self);
    if (self->error)
        return;
    if (!sync_file(state) || !sync_file(folder))
        mps_throw(&reason, MPS_ERROR_STORE, "%s: %s", state, g_strerror(errno));
    else if (store_checkpoint(self, values, &reason) && !sync_file(log))
        mps_throw(&reason, MPS_ERROR_STORE, "%s: %s", log, g_strerror(errno));
    if (!reason) {
        g_unlink(before);
        self->checkpoint = number;
    }
    self->error = reason;
}

static void add(MpsRowSink *rows, const MpsTable *table, const MpsValue *values)
{
    MpsWriter *self = (MpsWriter *)rows;

    if (self->error)
        return;
    if (table == &mps_checkpoint_table)
        keep(self, values);
    else if (!mps_batch_add(self->batch, table, values))
        remember(self);
}

/* Whether rows of a table wait elsewhere than in it. */
static bool is_apart(const MpsWriter *self, guint table)
{
    return strcmp(self->goals[table]->name, self->tables[table]->name) != 0;
}

static void choose_goals(MpsWriter *self)
{
    guint n = 0;

    while (self->tables[n])
        n++;
    self->goals = g_new0(const MpsTable *, n + 1);
    self->logs = self->resumable ? g_new(MpsTable, n) : NULL;
    for (guint i = 0; i < n; i++) {
        self->goals[i] = self->tables[i];
        if (!self->resumable)
            continue;
        self->logs[i] = *self->tables[i];
        if (mps_schema_rowid_column(self->tables[i]) >= 0) {
            self->logs[i].name = g_strconcat(self->tables[i]->name, "_log", NULL);
            self->logs[i].primary_key = NULL;
        }
        self->goals[i] = &self->logs[i];
    }
}

static void clear_goals(MpsWriter *self)
{
    for (guint i = 0; self->resumable && self->goals[i]; i++)
        if (is_apart(self, i))
            g_free((gpointer)(uintptr_t)self->goals[i]->name);
    g_free(self->goals);
    g_free(self->logs);
}

static bool create_tables(MpsWriter *self, GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);

    for (const MpsTable *const *table = self->tables; *table; table++)
        mps_schema_append_table(sql, "", *table, false);
    for (guint i = 0; self->resumable && self->tables[i]; i++)
        if (is_apart(self, i))
            mps_schema_append_table(sql, "", self->goals[i], false);
    if (self->resumable)
        g_string_append(sql, "CREATE TABLE log_end (name TEXT, rows INTEGER) STRICT;");
    return execute(self, sql->str, error);
}

/* Whether the final name is free, or what has it may be replaced. */
static bool check_path(const MpsWriter *self, GError **error)
{
    GStatBuf old;

    if (g_lstat(self->path, &old) != 0)
        return true;
    if (S_ISDIR(old.st_mode))
        return mps_throw(error, MPS_ERROR_STORE, "%s is a directory", self->path);
    if (!S_ISREG(old.st_mode))
        return mps_throw(error, MPS_ERROR_STORE, "%s is not a regular file", self->path);
    if (!self->force)
        return mps_throw(error, MPS_ERROR_STORE, "%s exists; --force replaces it", self->path);

    /* A slip of the hand must not cost a capture. */
    const char *problem = old.st_size > 0 ? mps_database_problem(self->path) : NULL;

    return !problem ||
           mps_throw(error, MPS_ERROR_STORE, "%s: %s; it is not replaced", self->path, problem);
}

/* Removes the unfinished database. */
static void remove_unfinished(const MpsWriter *self)
{
    g_autofree char *log = g_strconcat(self->temporary, "-wal", NULL);

    g_unlink(self->temporary);
    if (!self->resumable)
        return;
    g_unlink(log);
    mps_checkpoint_clean(self->path, 0);
}

/* Makes an empty file that nobody else uses, beside the final name. */
static bool reserve(MpsWriter *self, GError **error)
{
    int fd;

    if (self->resumable) {
        self->temporary = mps_checkpoint_part(self->path);
        if (self->checkpoint) {
            mps_checkpoint_clean(self->path, self->checkpoint);
            return true;
        }
        remove_unfinished(self);
        fd = g_open(self->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } else {
        self->temporary = g_strdup_printf("%s.XXXXXX", self->path);
        fd = g_mkstemp_full(self->temporary, O_RDWR, 0666);
    }
    if (fd < 0) {
        const int reason = errno;

        g_clear_pointer(&self->temporary, g_free);
        return mps_throw(error, MPS_ERROR_STORE, "%s: %s", self->path, g_strerror(reason));
    }
    close(fd);
    return true;
}

/* Tables and settings; @lives_on: they are there. */
static bool begin(MpsWriter *self, bool lives_on, GError **error)
{
    /* Nobody reads the file before it is complete, so it needs no journal, but to go on with. */
    g_autofree char *settings =
        g_strdup_printf("PRAGMA page_size = 8192; PRAGMA main.locking_mode = EXCLUSIVE;"
                        "PRAGMA main.journal_mode = %s; PRAGMA synchronous = %s;"
                        "PRAGMA cache_size = -2000", /* the ends of the tables */
                        self->resumable ? "WAL" : "OFF", self->resumable ? "NORMAL" : "OFF");
    g_autofree char *identity =
        g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN",
                        MPS_APPLICATION_ID, MPS_SCHEMA_VERSION);

    if (!execute(self, settings, error))
        return false;
    if (lives_on)
        return cut_logs(self, error);
    return execute(self, identity, error) && create_tables(self, error) &&
           execute(self, "COMMIT", error);
}

static MpsWriter *new_writer(const char *path, bool force, const MpsTable *const *tables,
                             bool resumable, int64_t checkpoint, GError **error)
{
    g_autoptr(MpsWriter) self = g_new0(MpsWriter, 1);

    /* Nobody asks how much memory SQLite has; refused if it has run before in this process. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    self->rows.add = add;
    self->tables = tables;
    self->force = force;
    self->resumable = resumable;
    self->checkpoint = checkpoint;
    self->path = g_strdup(path);
    choose_goals(self);
    if (path && (!check_path(self, error) || !reserve(self, error)))
        return NULL;
    if (sqlite3_open_v2(self->temporary ? self->temporary : "", &self->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) { /* one thread writes: no lock for each value */
        failed(self, error);
        return NULL;
    }
    if (!begin(self, checkpoint > 0, error))
        return NULL;
    self->batch = mps_batch_new(self->db, tables, self->goals);
    if (!self->batch) {
        failed(self, error);
        return NULL;
    }
    return g_steal_pointer(&self);
}

MpsWriter *mps_writer_new(const char *path, bool force, const MpsTable *const *tables,
                          GError **error)
{
    return new_writer(path, force, tables, false, 0, error);
}

MpsWriter *mps_writer_resume(const char *path, bool force, const MpsTable *const *tables,
                             const MpsCheckpoint *from, GError **error)
{
    return new_writer(path, force, tables, true, from ? from->number : 0, error);
}

MpsRowSink *mps_writer_rows(MpsWriter *self)
{
    return &self->rows;
}

void mps_writer_flush(MpsWriter *self)
{
    if (!self->error && !mps_batch_flush(self->batch))
        remember(self);
}

bool mps_writer_check(const MpsWriter *self, GError **error)
{
    const GError *reason = self->error;

    if (reason)
        g_propagate_error(error, g_error_copy(reason));
    return !reason;
}

/* Nobody will go on with the database. */
static void append_settling(const MpsWriter *self, GString *sql)
{
    for (guint i = 0; self->tables[i]; i++)
        if (is_apart(self, i))
            g_string_append_printf(sql,
                                   "INSERT INTO %s SELECT * FROM %s ORDER BY %s; DROP TABLE %s;",
                                   self->tables[i]->name, self->goals[i]->name,
                                   self->tables[i]->primary_key, self->goals[i]->name);
    g_string_append(sql, "DROP TABLE checkpoint; DROP TABLE log_end;");
}

static bool finish_schema(MpsWriter *self, GError **error)
{
    g_autoptr(GString) sql = g_string_new("PRAGMA cache_size = -8000; BEGIN;"); /* for sorting */

    if (self->resumable)
        append_settling(self, sql);
    for (const MpsTable *const *table = self->tables; *table; table++)
        mps_schema_append_indexes(sql, *table);
    g_string_append(sql, mps_schema_views);
    g_string_append(sql, mps_schema_priority);
    g_string_append(sql, mps_schema_diagnosis);
    g_string_append(sql, mps_schema_finding);
    g_string_append(sql, "COMMIT;");
    if (self->resumable) /* all of it in one file */
        g_string_append(sql, "PRAGMA main.journal_mode = DELETE;");
    return execute(self, sql->str, error);
}

/* To disk, then to its name: a reader sees the old file or the whole new one. */
static bool publish(MpsWriter *self, GError **error)
{
    if (!sync_file(self->temporary) || g_rename(self->temporary, self->path) != 0)
        return mps_throw(error, MPS_ERROR_STORE, "%s: %s", self->path, g_strerror(errno));
    g_clear_pointer(&self->temporary, g_free);
    if (self->resumable)
        mps_checkpoint_clean(self->path, 0);
    return true;
}

sqlite3 *mps_writer_finish(MpsWriter *self, GError **error)
{
    mps_writer_flush(self);
    g_clear_pointer(&self->batch, mps_batch_free);
    if (!mps_writer_check(self, error) || !finish_schema(self, error))
        return NULL;
    if (!self->path)
        return g_steal_pointer(&self->db);
    if (sqlite3_close(self->db) != SQLITE_OK) {
        failed(self, error);
        return NULL;
    }
    self->db = NULL;
    return publish(self, error) ? mps_database_open(self->path, error) : NULL;
}

void mps_writer_free(MpsWriter *self)
{
    if (!self)
        return;
    mps_batch_free(self->batch);
    sqlite3_close(self->db);
    if (self->temporary && !self->checkpoint)
        remove_unfinished(self);
    if (self->error)
        g_error_free(self->error);
    clear_goals(self);
    g_free(self->temporary);
    g_free(self->path);
    g_free(self);
}
