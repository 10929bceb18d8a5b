/* test_writer.c - a database whole or not at all, and nothing else is ever replaced. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/database.h"
#include "store/row_queue.h"
#include "store/writer.h"

static const MpsColumn columns[] = {
    {"id", MPS_INT, "number"}, {"word", MPS_TEXT, "text"}, {"part", MPS_REAL, "share"}, {0}};
static const MpsTable table = {
    .name = "thing", .help = "Things.", .columns = columns, .primary_key = "id", .index = "word"};
/* The views name the tables of the program. */
static const MpsColumn any[] = {{"connection_id", MPS_INT, "x"}, {0}};
static const MpsTable connection = {.name = "connection", .help = "x", .columns = any};
static const MpsTable *const tables[] = {&table, &connection, NULL};

static char *folder;

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static guint files_in_folder(void)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir))
        n++;
    return n;
}

static void add(MpsWriter *writer, int64_t id, const char *word)
{
    MpsRowSink *rows = mps_writer_rows(writer);

    rows->add(rows, &table, (MpsValue[]){mps_int(id), mps_text(word), mps_null()});
}

static sqlite3 *write_one(const char *path, bool force, GError **error)
{
    g_autoptr(MpsWriter) writer = mps_writer_new(path, force, tables, error);

    if (!writer)
        return NULL;
    add(writer, 1, "quote ' \" and \n");
    return mps_writer_finish(writer, error);
}

static void test_round_trip(void)
{
    g_autofree char *path = in_folder("a.db");
    g_autoptr(GError) error = NULL;
    sqlite3 *db = write_one(path, false, &error);
    sqlite3_stmt *select = NULL;

    g_assert_no_error(error);
    sqlite3_prepare_v2(db, "SELECT id, word, part FROM thing", -1, &select, NULL);
    g_assert_cmpint(sqlite3_step(select), ==, SQLITE_ROW);
    g_assert_cmpint(sqlite3_column_int(select, 0), ==, 1);
    g_assert_cmpstr((const char *)sqlite3_column_text(select, 1), ==, "quote ' \" and \n");
    g_assert_cmpint(sqlite3_column_type(select, 2), ==, SQLITE_NULL);
    sqlite3_finalize(select);
    sqlite3_close(db);
    g_assert_true(mps_database_probe(path));
    g_assert_null(mps_database_problem(path));
    g_assert_cmpuint(files_in_folder(), ==, 1); /* no temporary file is left */

    g_assert_null(write_one(path, false, &error)); /* exists */
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_clear_error(&error);
    db = write_one(path, true, &error);
    g_assert_no_error(error);
    sqlite3_close(db);
    g_unlink(path);
}

/* With --force too, only a database of the program is replaced. */
static void test_refuses(void)
{
    g_autofree char *text = in_folder("notes.txt"), *fifo = in_folder("fifo"),
                    *link = in_folder("link"), *foreign = in_folder("foreign.db"),
                    *nowhere = in_folder("no/such/folder.db");
    const char *const paths[] = {text, fifo, link, foreign, folder, nowhere};
    g_autofree char *left = NULL;
    sqlite3 *db = NULL;

    g_assert_true(g_file_set_contents(text, "precious\n", -1, NULL));
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_cmpint(symlink("notes.txt", link), ==, 0);
    sqlite3_open(foreign, &db);
    sqlite3_exec(db, "CREATE TABLE t (a)", NULL, NULL, NULL);
    sqlite3_close(db);

    const guint before = files_in_folder();

    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(write_one(paths[i], true, &error));
        g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    }
    g_assert_cmpuint(files_in_folder(), ==, before);
    g_assert_true(g_file_get_contents(text, &left, NULL, NULL));
    g_assert_cmpstr(left, ==, "precious\n");
    for (guint i = 0; i < 4; i++)
        g_unlink(paths[i]);
}

/* A row that cannot be stored fails the run, at the next check, with the table's name in the words.
 */
static void test_failing_row(void)
{
    g_autofree char *path = in_folder("b.db");
    g_autoptr(GError) error = NULL;
    MpsWriter *writer = mps_writer_new(path, false, tables, &error);

    g_assert_no_error(error);
    add(writer, 1, "one");
    add(writer, 1, "the same key");
    add(writer, 2, "ignored after the error");
    g_assert_false(mps_writer_check(writer, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_assert_nonnull(strstr(error->message, "UNIQUE"));
    mps_writer_free(writer);
    g_assert_cmpuint(files_in_folder(), ==, 0);
}

static void test_temporary(void)
{
    g_autoptr(GError) error = NULL;
    sqlite3 *db = write_one(NULL, false, &error);

    g_assert_no_error(error);
    g_assert_cmpint(sqlite3_exec(db, "SELECT word FROM thing", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

/* Rows that go through another thread: more than it lets wait, and one longer than all of that. */
static void test_queue(void)
{
    enum { ROWS = 50000, LONG = 3 << 20 };
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strnfill(LONG, 'x');
    MpsWriter *writer = mps_writer_new(NULL, false, tables, &error);
    MpsRowQueue *queue = mps_row_queue_new(mps_writer_rows(writer), tables);
    MpsRowSink *rows = mps_row_queue_rows(queue);
    sqlite3_stmt *select = NULL;

    for (int64_t i = 1; i <= ROWS; i++) {
        char word[16]; /* gone when the row is stored */

        g_snprintf(word, sizeof word, "word %d", (int)i);
        rows->add(rows, &table,
                  (MpsValue[]){mps_int(i),
                               mps_text(i == 1000    ? text
                                        : i % 2 == 0 ? word
                                                     : NULL),
                               mps_real((double)i / 2)});
        if (i % 10000 == 0)
            g_assert_true(mps_writer_check(writer, &error));
    }
    mps_row_queue_free(queue);

    sqlite3 *db = mps_writer_finish(writer, &error);

    g_assert_no_error(error);
    sqlite3_prepare_v2(db,
                       "SELECT count(*), max(length(word)), sum(word IS NULL), sum(part * 2 = id),"
                       " sum(word = 'word ' || id), min(rowid = id) FROM thing",
                       -1, &select, NULL);
    g_assert_cmpint(sqlite3_step(select), ==, SQLITE_ROW);
    g_assert_cmpint(sqlite3_column_int(select, 0), ==, ROWS);
    g_assert_cmpint(sqlite3_column_int(select, 1), ==, LONG);
    g_assert_cmpint(sqlite3_column_int(select, 2), ==, ROWS / 2);
    g_assert_cmpint(sqlite3_column_int(select, 3), ==, ROWS);
    g_assert_cmpint(sqlite3_column_int(select, 4), ==, ROWS / 2 - 1);
    g_assert_cmpint(sqlite3_column_int(select, 5), ==, 1);
    sqlite3_finalize(select);
    sqlite3_close(db);
    mps_writer_free(writer);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    folder = g_dir_make_tmp("mptcpscope-test-XXXXXX", NULL);
    g_test_add_func("/writer/round trip", test_round_trip);
    g_test_add_func("/writer/refuses", test_refuses);
    g_test_add_func("/writer/failing row", test_failing_row);
    g_test_add_func("/writer/temporary", test_temporary);
    g_test_add_func("/writer/queue", test_queue);
    status = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return status;
}
