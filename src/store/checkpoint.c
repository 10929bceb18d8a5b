/* checkpoint.c - see checkpoint.h; the committing is the writer's. */
#include "store/checkpoint.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "store/database.h"

static const MpsColumn columns[] = {
    {"id", MPS_INT, "1"},
    {"packets", MPS_INT, "read so far"},
    {"number", MPS_INT, "of the file that has the state"},
    {"digest", MPS_TEXT, "of the state"},
    {"run", MPS_TEXT, "what was run"},
    {0},
};

const MpsTable mps_checkpoint_table = {
    .name = "checkpoint",
    .help = "Of unfinished databases only: where to go on.",
    .columns = columns,
    .primary_key = "id",
};

void mps_checkpoint_row(MpsRowSink *rows, const MpsCheckpoint *checkpoint)
{
    rows->add(rows, &mps_checkpoint_table,
              (MpsValue[]){
                  mps_int(1),
                  mps_count(checkpoint->n_packets),
                  mps_int(checkpoint->number),
                  mps_text(checkpoint->digest),
                  mps_text(checkpoint->run),
              });
}

char *mps_checkpoint_part(const char *path)
{
    return g_strconcat(path, ".part", NULL);
}

char *mps_checkpoint_state(const char *path, int64_t number)
{
    return g_strdup_printf("%s.state%" G_GINT64_FORMAT, path, number);
}

void mps_checkpoint_clean(const char *path, int64_t number)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *begin = g_strconcat(base, ".state", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        guint64 its_number;
        g_autofree char *state = g_build_filename(folder, name, NULL);

        if (g_str_has_prefix(name, begin) &&
            g_ascii_string_to_unsigned(name + strlen(begin), 10, 1, G_MAXINT64, &its_number,
                                       NULL) &&
            its_number != (guint64)number)
            g_unlink(state);
    }
}

static MpsCheckpoint *take_row(sqlite3_stmt *select)
{
    MpsCheckpoint *self = g_new0(MpsCheckpoint, 1);

    self->n_packets = (uint64_t)sqlite3_column_int64(select, 0);
    self->number = sqlite3_column_int64(select, 1);
    self->digest = g_strdup((const char *)sqlite3_column_text(select, 2));
    self->run = g_strdup((const char *)sqlite3_column_text(select, 3));
    return self;
}

/* The last checkpoint in @db; NULL and SQLITE_OK or SQLITE_ERROR (no such table): none was reached.
 */
static MpsCheckpoint *select_checkpoint(sqlite3 *db, int *status)
{
    MpsCheckpoint *self = NULL;
    sqlite3_stmt *select = NULL;

    *status = sqlite3_prepare_v2(db,
                                 "SELECT packets, number, digest, run FROM checkpoint WHERE digest "
                                 "NOTNULL AND run NOTNULL",
                                 -1, &select, NULL);
    if (*status == SQLITE_OK && sqlite3_step(select) == SQLITE_ROW)
        self = take_row(select);
    if (*status == SQLITE_OK)
        *status = sqlite3_finalize(select);
    return self;
}

/* Whether all pages of @db are what they should be. */
static bool is_sound(sqlite3 *db)
{
    sqlite3_stmt *check = NULL;
    bool sound = false;

    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &check, NULL) == SQLITE_OK &&
        sqlite3_step(check) == SQLITE_ROW)
        sound = g_strcmp0((const char *)sqlite3_column_text(check, 0), "ok") == 0;
    sqlite3_finalize(check);
    return sound;
}

/* Whether @db has its views, which come last. */
static bool is_complete(sqlite3 *db)
{
    return sqlite3_exec(db, "SELECT 1 FROM v_connection LIMIT 0", NULL, NULL, NULL) == SQLITE_OK;
}

static bool look_into(sqlite3 *db, const char *part, MpsCheckpoint **found, bool *useless,
                      GError **error)
{
    const char *problem =
        mps_database_problem_of(db); /* also takes up the log of what was committed */
    int status;

    if (problem)
        return mps_throw(error, MPS_ERROR_STORE, "%s: %s; it is not replaced", part, problem);
    *found = select_checkpoint(db, &status);
    *useless = !*found && is_complete(db);
    if (*useless)
        return mps_throw(error, MPS_ERROR_STORE, "%s is complete, but was not given its name",
                         part);
    if (!*found && (status == SQLITE_OK || status == SQLITE_ERROR))
        return true;
    *useless = !*found || !is_sound(db);
    if (!*useless)
        return true;
    g_clear_pointer(found, mps_checkpoint_free);
    return mps_throw(error, MPS_ERROR_STORE, "%s: damaged", part);
}

bool mps_checkpoint_find(const char *path, MpsCheckpoint **found, bool *useless, GError **error)
{
    g_autofree char *part = mps_checkpoint_part(path);
    sqlite3 *db = NULL;
    GStatBuf file;
    bool good;

    *found = NULL;
    *useless = false;
    if (g_lstat(part, &file) != 0)
        return true;
    if (!S_ISREG(file.st_mode))
        return mps_throw(error, MPS_ERROR_STORE, "%s is not a regular file", part);
    if (file.st_size == 0)
        return true;
    if (sqlite3_open_v2(part, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
        good = look_into(db, part, found, useless, error);
    else
        good = mps_throw(error, MPS_ERROR_STORE, "%s: %s", part, sqlite3_errmsg(db));
    sqlite3_close(db);
    return good;
}

void mps_checkpoint_free(MpsCheckpoint *self)
{
    if (!self)
        return;
    g_free(self->run);
    g_free(self->digest);
    g_free(self);
}
