/* test_writer.c - a database whole or not at all, and nothing else is ever replaced. */
#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <math.h>
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
static const MpsColumn two[] = {
    {"id", MPS_INT, "number"}, {"side", MPS_TEXT, "which"}, {"value", MPS_INT, "number"}, {0}};
static const MpsTable half = {
    .name = "half", .help = "Halves.", .columns = two, .primary_key = "id, side"};
static const MpsTable *const tables[] = {&table, &connection, &half, NULL};

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

/* A row that cannot be stored fails the run, when it comes to the file, with its table in the
 * words.
 */
static void test_failing_row(void)
{
    g_autofree char *path = in_folder("b.db");
    g_autoptr(GError) error = NULL;
    MpsWriter *writer = mps_writer_new(path, false, tables, &error);

    g_assert_no_error(error);
    add(writer, 1, "one");
    add(writer, 2, "two");
    add(writer, 1, "the same key");
    add(writer, 3, "three");
    mps_writer_flush(writer);
    g_assert_false(mps_writer_check(writer, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_assert_nonnull(strstr(error->message, "UNIQUE constraint failed: thing.id"));
    g_clear_error(&error);
    add(writer, 4, "ignored after the error");
    g_assert_null(mps_writer_finish(writer, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    mps_writer_free(writer);
    g_assert_cmpuint(files_in_folder(), ==, 0);
}

/* Without a flush, too: pages that are full go to the file, the last one at the end. */
static void test_failing_rows(void)
{
    for (int64_t n_between = 1; n_between < 100000; n_between *= 10) {
        g_autofree char *path = in_folder("c.db");
        g_autoptr(GError) error = NULL;
        MpsWriter *writer = mps_writer_new(path, false, tables, &error);

        for (int64_t i = 0; i < n_between; i++)
            add(writer, i, "once");
        add(writer, 0, "twice");
        g_assert_null(mps_writer_finish(writer, &error));
        g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
        mps_writer_free(writer);
        g_assert_cmpuint(files_in_folder(), ==, 0);
    }
}

/* A key of several columns is unique, too. */
static void test_failing_key(void)
{
    g_autofree char *path = in_folder("d.db");
    g_autoptr(GError) error = NULL;
    MpsWriter *writer = mps_writer_new(path, false, tables, &error);
    MpsRowSink *rows = mps_writer_rows(writer);

    for (int i = 0; i < 2; i++)
        for (int side = 0; side < 2; side++)
            rows->add(rows, &half,
                      (MpsValue[]){mps_int(1), mps_text(side ? "a" : "b"), mps_int(i)});
    g_assert_null(mps_writer_finish(writer, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_assert_nonnull(strstr(error->message, "UNIQUE constraint failed: half.id, half.side"));
    mps_writer_free(writer);
    g_assert_cmpuint(files_in_folder(), ==, 0);
}

/* Whether @sql gives 1. */
static bool holds(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *select = NULL;
    bool one = sqlite3_prepare_v2(db, sql, -1, &select, NULL) == SQLITE_OK &&
               sqlite3_step(select) == SQLITE_ROW && sqlite3_column_int(select, 0) == 1;

    sqlite3_finalize(select);
    return one;
}

static bool is_whole(sqlite3 *db)
{
    return holds(db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check");
}

/* Integers of every length, on both sides of each, numbers that are none, and texts. */
static void test_values(void)
{
    static const double reals[] = {0.0, -0.0, 1.0, 0.1, -2.5e300, 1e-320, HUGE_VAL, -HUGE_VAL};
    static const char *const texts[] = {"", "a", "\xc3\xa4\xf0\x9f\x90\xa7", "'"};
    g_autoptr(GError) error = NULL;
    g_autoptr(MpsWriter) writer = mps_writer_new(NULL, false, tables, &error);
    MpsRowSink *rows = mps_writer_rows(writer);
    g_autoptr(GArray) ints = g_array_new(FALSE, FALSE, sizeof(int64_t));
    sqlite3_stmt *select = NULL;

    for (int shift = 0; shift < 64; shift++)
        for (int64_t by = -2; by <= 2; by++) {
            const int64_t value = (int64_t)((UINT64_C(1) << shift) + (uint64_t)by);
            const int64_t negative = (int64_t) - (uint64_t)value;

            g_array_append_val(ints, value);
            g_array_append_val(ints, negative);
        }
    for (guint i = 0; i < ints->len; i++) {
        rows->add(rows, &half,
                  (MpsValue[]){mps_int(i), mps_text(texts[i % G_N_ELEMENTS(texts)]),
                               mps_int(g_array_index(ints, int64_t, i))});
        rows->add(rows, &table,
                  (MpsValue[]){mps_int(i), mps_text(i % 2 ? "x" : NULL),
                               i % 9 == 8 ? mps_real(NAN) : mps_real(reals[i % 9])});
    }

    sqlite3 *db = mps_writer_finish(writer, &error);

    g_assert_no_error(error);
    g_assert_true(is_whole(db));
    sqlite3_prepare_v2(db,
                       "SELECT half.rowid, half.id, side, value, word, part, typeof(part)"
                       " FROM half JOIN thing USING (id) ORDER BY half.rowid",
                       -1, &select, NULL);
    for (guint i = 0; i < ints->len; i++) {
        g_assert_cmpint(sqlite3_step(select), ==, SQLITE_ROW);
        g_assert_cmpint(sqlite3_column_int64(select, 0), ==, i + 1);
        g_assert_cmpint(sqlite3_column_int64(select, 1), ==, i);
        g_assert_cmpstr((const char *)sqlite3_column_text(select, 2), ==,
                        texts[i % G_N_ELEMENTS(texts)]);
        g_assert_cmpint(sqlite3_column_int64(select, 3), ==, g_array_index(ints, int64_t, i));
        g_assert_cmpstr((const char *)sqlite3_column_text(select, 4), ==, i % 2 ? "x" : NULL);
        g_assert_cmpstr((const char *)sqlite3_column_text(select, 6), ==,
                        i % 9 == 8 ? "null" : "real");
        if (i % 9 < 8) {
            const double real = sqlite3_column_double(select, 5);

            g_assert_true(memcmp(&real, &reals[i % 9], sizeof real) == 0);
        }
    }
    g_assert_cmpint(sqlite3_step(select), ==, SQLITE_DONE);
    sqlite3_finalize(select);
    sqlite3_close(db);
}

/* Texts of all lengths around those where a page is full or another one begins, between rows of
 * other tables. */
static void test_lengths(void)
{
    static const int around[] = {0, 57, 8150, 16320, 32640, 65400, 98100, 1 << 20};
    g_autoptr(GError) error = NULL;
    g_autoptr(MpsWriter) writer = mps_writer_new(NULL, false, tables, &error);
    MpsRowSink *rows = mps_writer_rows(writer);
    int64_t id = 0;

    for (guint i = 0; i < G_N_ELEMENTS(around); i++)
        for (int length = MAX(around[i] - 5, 0); length < around[i] + 150;
             length += 1 + length / 100000 * 20) {
            g_autofree char *text = g_strnfill((gsize)length, (char)('a' + length % 26));

            rows->add(rows, &half, (MpsValue[]){mps_int(id), mps_text(""), mps_int(length)});
            add(writer, id++, text);
        }

    sqlite3 *db = mps_writer_finish(writer, &error);

    g_assert_no_error(error);
    g_assert_true(is_whole(db));
    g_assert_true(
        holds(db, "SELECT count(*) = (SELECT count(*) FROM half) AND min(length(word) = value)"
                  " AND min(word = replace(hex(zeroblob(value)), '00', char(97 + value % 26)))"
                  " FROM thing JOIN half USING (id)"));
    g_assert_true(holds(db, "SELECT count(*) > 700 FROM thing"));
    sqlite3_close(db);
}

/* Rows that come in any order of their keys lie in order. */
static void test_order(void)
{
    enum { ROWS = 40009 }; /* a prime */
    g_autoptr(GError) error = NULL;
    g_autoptr(MpsWriter) writer = mps_writer_new(NULL, false, tables, &error);

    for (int64_t i = 0; i < ROWS; i++) {
        const int64_t id = i < ROWS / 2 ? -i : i * 7919 % ROWS + 1;
        g_autofree char *word = g_strdup_printf("%" PRId64, id);

        if (i < ROWS / 2 || id % 3 == 0)
            add(writer, id, word);
        if (i == ROWS / 3)
            mps_writer_flush(writer);
    }
    g_assert_true(mps_writer_check(writer, &error));

    sqlite3 *db = mps_writer_finish(writer, &error);

    g_assert_no_error(error);
    g_assert_true(is_whole(db));
    g_assert_true(
        holds(db, "SELECT min(id = CAST(word AS INTEGER)) AND count(*) > 20000 FROM thing"));
    sqlite3_close(db);
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
    g_test_add_func("/writer/failing rows", test_failing_rows);
    g_test_add_func("/writer/failing key", test_failing_key);
    g_test_add_func("/writer/values", test_values);
    g_test_add_func("/writer/lengths", test_lengths);
    g_test_add_func("/writer/order", test_order);
    g_test_add_func("/writer/temporary", test_temporary);
    g_test_add_func("/writer/queue", test_queue);
    status = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return status;
}
