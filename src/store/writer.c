/* writer.c - one prepared INSERT per table, one transaction, a temporary name until the database is
 * complete. */
#include "store/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "store/database.h"
#include "store/schema.h"

/* How rows of a table go in. */
typedef struct {
    sqlite3_stmt *statement;
    MpsValue *bound; /* what its parameters are; texts are bound anew each time */
} Insert;

struct _MpsWriter {
    MpsRowSink rows; /* first: the sink is the writer */
    sqlite3 *db;
    const MpsTable *const *tables;
    Insert *inserts; /* by table */
    guint n_tables;
    char *path, *temporary; /* NULL: a database without a name */
    bool force;
    bool resumable;             /* rows are committed now and then, */
    _Atomic int64_t checkpoint; /* the last time with the state of that number; 0: not yet */
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

/* Most columns of most rows are zero, unknown or as in the row before: SQLite keeps what is bound.
 */
static void bind(Insert *insert, int column, MpsColumnType type, const MpsValue *value)
{
    MpsValue *bound = &insert->bound[column];

    if (type == MPS_TEXT && value->known)
        sqlite3_bind_text(insert->statement, column + 1, value->text, -1, SQLITE_STATIC);
    else if (value->known == bound->known && (!value->known || value->i64 == bound->i64))
        return;
    else if (!value->known)
        sqlite3_bind_null(insert->statement, column + 1);
    else if (type == MPS_INT)
        sqlite3_bind_int64(insert->statement, column + 1, value->i64);
    else
        sqlite3_bind_double(insert->statement, column + 1, value->real);
    *bound = *value;
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

/* The row of checkpoint @number was added: makes it hold, after the state that it names. */
static void commit(MpsWriter *self, int64_t number)
{
    g_autofree char *state = mps_checkpoint_state(self->path, number);
    g_autofree char *before = mps_checkpoint_state(self->path, self->checkpoint);
    g_autofree char *folder = g_path_get_dirname(self->path);
    GError *reason = NULL;

    if (!sync_file(state) || !sync_file(folder))
        mps_throw(&reason, MPS_ERROR_STORE, "%s: %s", state, g_strerror(errno));
    else if (execute(self, "COMMIT", &reason)) {
        g_unlink(before);
        self->checkpoint = number;
        execute(self, "BEGIN EXCLUSIVE", &reason);
    }
    self->error = reason;
}

static void add(MpsRowSink *rows, const MpsTable *table, const MpsValue *values)
{
    MpsWriter *self = (MpsWriter *)rows;
    guint at = 0;

    if (self->error)
        return;
    while (at < self->n_tables && self->tables[at] != table)
        at++;
    g_assert(at < self->n_tables);
    for (int i = 0; table->columns[i].name; i++)
        bind(&self->inserts[at], i, table->columns[i].type, &values[i]);
    if (sqlite3_step(self->inserts[at].statement) != SQLITE_DONE) {
        GError *reason = NULL;

        failed(self, &reason);
        self->error = reason;
    }
    sqlite3_reset(self->inserts[at].statement);
    if (table == &mps_checkpoint_table && !self->error)
        commit(self, values[2].i64);
}

static bool create_tables(MpsWriter *self, GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);

    for (guint i = 0; i < self->n_tables; i++)
        mps_schema_append_table(sql, self->tables[i], false);
    return execute(self, sql->str, error);
}

static bool prepare_inserts(MpsWriter *self, GError **error)
{
    self->inserts = g_new0(Insert, self->n_tables);
    for (guint i = 0; i < self->n_tables; i++) {
        g_autoptr(GString) sql = g_string_new(NULL);
        guint n_columns = 0;

        g_string_append_printf(sql, "INSERT OR %s INTO %s VALUES (",
                               self->tables[i] == &mps_checkpoint_table ? "REPLACE" : "ABORT",
                               self->tables[i]->name);
        for (; self->tables[i]->columns[n_columns].name; n_columns++)
            g_string_append(sql, n_columns ? ",?" : "?");
        g_string_append_c(sql, ')');
        self->inserts[i].bound = g_new0(MpsValue, n_columns); /* nothing is: NULL */
        if (sqlite3_prepare_v3(self->db, sql->str, -1, SQLITE_PREPARE_PERSISTENT,
                               &self->inserts[i].statement, NULL) != SQLITE_OK)
            return failed(self, error);
    }
    return true;
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
    g_autofree char *journal = g_strconcat(self->temporary, "-journal", NULL);

    g_unlink(self->temporary);
    if (!self->resumable)
        return;
    g_unlink(journal);
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

static MpsWriter *new_writer(const char *path, bool force, const MpsTable *const *tables,
                             bool resumable, int64_t checkpoint, GError **error)
{
    g_autoptr(MpsWriter) self = g_new0(MpsWriter, 1);
    /* Nobody reads the file before it is complete, so it needs no journal, but to go on with. */
    g_autofree char *settings =
        g_strdup_printf("PRAGMA page_size = 8192; PRAGMA journal_mode = %s;"
                        "PRAGMA synchronous = %s; PRAGMA locking_mode = EXCLUSIVE;"
                        "PRAGMA cache_size = -8000",
                        resumable ? "DELETE" : "OFF", resumable ? "FULL" : "OFF");
    g_autofree char *identity =
        g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %d", MPS_APPLICATION_ID,
                        MPS_SCHEMA_VERSION);

    /* Nobody asks how much memory SQLite has; refused if it has run before in this process. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    self->rows.add = add;
    self->tables = tables;
    self->force = force;
    self->resumable = resumable;
    self->checkpoint = checkpoint;
    self->path = g_strdup(path);
    while (tables[self->n_tables])
        self->n_tables++;
    if (path && (!check_path(self, error) || !reserve(self, error)))
        return NULL;
    if (sqlite3_open_v2(self->temporary ? self->temporary : "", &self->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) { /* one thread writes: no lock for each value */
        failed(self, error);
        return NULL;
    }
    if (!execute(self, settings, error) || (!checkpoint && !execute(self, identity, error)) ||
        !execute(self, "BEGIN EXCLUSIVE", error) || (!checkpoint && !create_tables(self, error)) ||
        !prepare_inserts(self, error))
        return NULL;
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

bool mps_writer_check(const MpsWriter *self, GError **error)
{
    const GError *reason = self->error;

    if (reason)
        g_propagate_error(error, g_error_copy(reason));
    return !reason;
}

static bool finish_schema(MpsWriter *self, GError **error)
{
    g_autoptr(GString) sql = g_string_new(self->resumable ? "DROP TABLE checkpoint;" : NULL);

    for (guint i = 0; i < self->n_tables; i++)
        mps_schema_append_indexes(sql, self->tables[i]);
    g_string_append(sql, mps_schema_views);
    g_string_append(sql, mps_schema_priority);
    g_string_append(sql, mps_schema_diagnosis);
    g_string_append(sql, mps_schema_finding);
    g_string_append(sql, "COMMIT;");
    return execute(self, sql->str, error);
}

static void finalize_inserts(MpsWriter *self)
{
    for (guint i = 0; self->inserts && i < self->n_tables; i++) {
        sqlite3_finalize(self->inserts[i].statement);
        g_free(self->inserts[i].bound);
    }
    g_clear_pointer(&self->inserts, g_free);
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
    if (!mps_writer_check(self, error) || !finish_schema(self, error))
        return NULL;
    finalize_inserts(self);
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
    finalize_inserts(self);
    sqlite3_close(self->db);
    if (self->temporary && !self->checkpoint)
        remove_unfinished(self);
    if (self->error)
        g_error_free(self->error);
    g_free(self->temporary);
    g_free(self->path);
    g_free(self);
}
