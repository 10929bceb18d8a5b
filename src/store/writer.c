/* writer.c - a temporary name until the database is complete. */
#include "store/writer.h"

#include <errno.h>
#include <fcntl.h>
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
    MpsBatch *batch;
    char *path, *temporary; /* NULL: a database without a name */
    bool force;
    GError *_Atomic error; /* of the first row that failed; stays */
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

static void add(MpsRowSink *rows, const MpsTable *table, const MpsValue *values)
{
    MpsWriter *self = (MpsWriter *)rows;

    if (!self->error && !mps_batch_add(self->batch, table, values))
        remember(self);
}

static bool create_tables(MpsWriter *self, GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);

    for (const MpsTable *const *table = self->tables; *table; table++)
        mps_schema_append_table(sql, "", *table, false);
    return execute(self, sql->str, error);
}

/* Makes an empty file that nobody else uses, beside the final name. */
static bool reserve(MpsWriter *self, GError **error)
{
    GStatBuf old;

    if (g_lstat(self->path, &old) == 0) {
        if (S_ISDIR(old.st_mode))
            return mps_throw(error, MPS_ERROR_STORE, "%s is a directory", self->path);
        if (!S_ISREG(old.st_mode))
            return mps_throw(error, MPS_ERROR_STORE, "%s is not a regular file", self->path);
        if (!self->force)
            return mps_throw(error, MPS_ERROR_STORE, "%s exists; --force replaces it", self->path);
        /* A slip of the hand must not cost a capture. */
        const char *problem = old.st_size > 0 ? mps_database_problem(self->path) : NULL;

        if (problem)
            return mps_throw(error, MPS_ERROR_STORE, "%s: %s; it is not replaced", self->path,
                             problem);
    }
    self->temporary = g_strdup_printf("%s.XXXXXX", self->path);

    const int fd = g_mkstemp_full(self->temporary, O_RDWR, 0666);

    if (fd < 0) {
        const int reason = errno;

        g_clear_pointer(&self->temporary, g_free);
        return mps_throw(error, MPS_ERROR_STORE, "%s: %s", self->path, g_strerror(reason));
    }
    close(fd);
    return true;
}

MpsWriter *mps_writer_new(const char *path, bool force, const MpsTable *const *tables,
                          GError **error)
{
    g_autoptr(MpsWriter) self = g_new0(MpsWriter, 1);
    /* Nobody reads the file before it is complete, so it needs no journal. */
    g_autofree char *settings =
        g_strdup_printf("PRAGMA page_size = 8192; PRAGMA journal_mode = OFF;"
                        "PRAGMA synchronous = OFF; PRAGMA main.locking_mode = EXCLUSIVE;"
                        "PRAGMA cache_size = -8000; PRAGMA application_id = %d;"
                        "PRAGMA user_version = %d; BEGIN;",
                        MPS_APPLICATION_ID, MPS_SCHEMA_VERSION);

    /* Nobody asks how much memory SQLite has; refused if it has run before in this process. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    self->rows.add = add;
    self->tables = tables;
    self->force = force;
    self->path = g_strdup(path);
    if (path && !reserve(self, error))
        return NULL;
    if (sqlite3_open_v2(self->temporary ? self->temporary : "", &self->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) { /* one thread writes: no lock for each value */
        failed(self, error);
        return NULL;
    }
    if (!execute(self, settings, error) || !create_tables(self, error) ||
        !execute(self, "COMMIT", error))
        return NULL;
    self->batch = mps_batch_new(self->db, tables);
    if (!self->batch) {
        failed(self, error);
        return NULL;
    }
    return g_steal_pointer(&self);
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

static bool finish_schema(MpsWriter *self, GError **error)
{
    g_autoptr(GString) sql = g_string_new("BEGIN;");

    for (const MpsTable *const *table = self->tables; *table; table++)
        mps_schema_append_indexes(sql, *table);
    g_string_append(sql, mps_schema_views);
    g_string_append(sql, mps_schema_priority);
    g_string_append(sql, mps_schema_diagnosis);
    g_string_append(sql, mps_schema_finding);
    g_string_append(sql, "COMMIT;");
    return execute(self, sql->str, error);
}

/* To disk, then to its name: a reader sees the old file or the whole new one. */
static bool publish(MpsWriter *self, GError **error)
{
    const int fd = g_open(self->temporary, O_RDONLY, 0);
    const bool synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    if (!synced || g_rename(self->temporary, self->path) != 0)
        return mps_throw(error, MPS_ERROR_STORE, "%s: %s", self->path, g_strerror(errno));
    g_clear_pointer(&self->temporary, g_free);
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
    if (self->temporary)
        g_unlink(self->temporary);
    if (self->error)
        g_error_free(self->error);
    g_free(self->temporary);
    g_free(self->path);
    g_free(self);
}
