/* bench_rows.h - a bench whose events go through all metrics into a database in memory, so that a
 * test asks for rows in SQL. */
#ifndef MPS_TESTS_BENCH_ROWS_H
#define MPS_TESTS_BENCH_ROWS_H

#include "bench.h"

#include "metrics/metrics.h"
#include "rules/rules.h"
#include "store/writer.h"

typedef struct {
    Bench *bench;
    MpsObservers *observers;
    MpsWriter *writer;
    GPtrArray *tables; /* MpsTable, NULL-terminated: views name those of the rules, too */
    sqlite3 *db;       /* after rows_finish() */
} Rows;

static inline Rows rows_new(int version, uint64_t client_key, uint64_t server_key)
{
    g_autoptr(GError) error = NULL;
    Rows self = {.observers = mps_observers_new(MPS_ALL_METRICS), .tables = g_ptr_array_new()};

    for (const MpsTable *const *table = mps_observers_tables(self.observers); *table; table++)
        g_ptr_array_add(self.tables, (gpointer)(uintptr_t)*table);
    for (const MpsTable *const *table = mps_rules_tables; *table; table++)
        g_ptr_array_add(self.tables, (gpointer)(uintptr_t)*table);
    g_ptr_array_add(self.tables, NULL);
    self.writer = mps_writer_new(NULL, false, (const MpsTable *const *)self.tables->pdata, &error);
    g_assert_no_error(error);
    self.bench = bench_new_observed(version, client_key, server_key, self.observers,
                                    mps_writer_rows(self.writer));
    return self;
}

/* The end of the capture: all rows are written.  Tables of captures, which the findings name, are
 * not made by metrics: here they are empty. */
static inline void rows_finish(Rows *self)
{
    g_autoptr(GError) error = NULL;

    bench_finish(self->bench);
    self->db = mps_writer_finish(self->writer, &error);
    g_assert_no_error(error);
    g_assert_cmpint(
        sqlite3_exec(self->db,
                     "CREATE TABLE capture(capture_id INTEGER, path TEXT, packets INTEGER,"
                     " truncated_packets INTEGER, dropped INTEGER);"
                     "CREATE TABLE interface(capture_id INTEGER, interface_id INTEGER,"
                     " name TEXT, dropped INTEGER)",
                     NULL, NULL, NULL),
        ==, SQLITE_OK);
}

/* Checks that @sql gives @shall: values separated by '|', rows by a new line, NULL is empty. */
static inline void rows_assert(const Rows *self, const char *sql, const char *shall)
{
    g_autoptr(GString) is = g_string_new(NULL);
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(self->db, sql, -1, &statement, NULL) != SQLITE_OK)
        g_error("%s: %s", sql, sqlite3_errmsg(self->db));
    while (statement && sqlite3_step(statement) == SQLITE_ROW) {
        if (is->len > 0)
            g_string_append_c(is, '\n');
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *text = (const char *)sqlite3_column_text(statement, i);

            g_string_append_printf(is, "%s%s", i > 0 ? "|" : "", text ? text : "");
        }
    }
    sqlite3_finalize(statement);
    g_assert_cmpstr(is->str, ==, shall);
}

static inline void rows_free(Rows *self)
{
    bench_free(self->bench);
    mps_writer_free(self->writer);
    sqlite3_close(self->db);
    mps_observers_free(self->observers);
    g_ptr_array_unref(self->tables);
}

#endif
