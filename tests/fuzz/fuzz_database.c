/* fuzz_database.c - a database that somebody else wrote, and every text that is printed about it: |
 * view: 1, 255 is all | column: 2 | bytes: 1 | value | and so on; a column number beyond the last
 * means all columns.  A number is the begin of the value, read as one.  Promises: see outputs.h;
 * what cannot be read is an error. */
#include "outputs.h"
#include "pipeline/pipeline.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static sqlite3 *db;
static GPtrArray *updates; /* UPDATE <table> SET <column> = ?1 */

static void say_nothing(const char *text G_GNUC_UNUSED)
{
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    static const char *const paths[] = {"testdata/gen/join-stripped.pcap",
                                        "testdata/fuzz/pcapng/notes", NULL};
    const MpsAnalysis analysis = {.paths = paths, .command_line = ""};
    g_autoptr(GError) error = NULL;
    MpsOutcome outcome = {0};
    sqlite3_stmt *statement = NULL;

    g_set_printerr_handler(say_nothing);
    db = mps_pipeline_analyze(&analysis, &outcome, &error);
    if (!db)
        g_error("%s", error->message);
    updates = g_ptr_array_new();
    g_assert_cmpint(sqlite3_prepare_v2(db,
                                       "SELECT printf('UPDATE \"%w\" SET \"%w\" = ?1', t.name,"
                                       " c.name), c.type FROM sqlite_master t, pragma_table_info("
                                       "t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid",
                                       -1, &statement, NULL),
                    ==, SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        g_ptr_array_add(updates, g_strdup((const char *)sqlite3_column_text(statement, 0)));
    sqlite3_finalize(statement);
    return 0;
}

/* Takes a value of the wrong type as the right one; constraints may forbid it. */
static void update(guint column, const uint8_t *value, int n_bytes)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;

    g_assert_cmpint(
        sqlite3_prepare_v2(db, g_ptr_array_index(updates, column), -1, &statement, NULL), ==,
        SQLITE_OK);
    sqlite3_bind_text(statement, 1, (const char *)value, n_bytes, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_CONSTRAINT) {
        memcpy(&number, value, (size_t)MIN(n_bytes, (int)sizeof number));
        sqlite3_reset(statement);
        sqlite3_bind_int64(statement, 1, number);
        sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    if (n_bytes == 0)
        return 0;
    sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    for (size_t at = 1; at + 3 <= n_bytes;) {
        const guint column = (guint)(data[at] << 8 | data[at + 1]);
        const size_t length = MIN(data[at + 2], n_bytes - at - 3);

        at += 3;
        for (guint i = 0; i < updates->len; i++)
            if (i == column || column >= updates->len)
                update(i, data + at, (int)length);
        at += length;
    }
    assert_views(db, data[0]);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return 0;
}
