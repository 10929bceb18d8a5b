/* view_export.c - tables as they are: CSV and JSON. */
#include "views/views.h"

#include <string.h>

#include "views/json.h"
#include "views/query.h"

char **mps_view_tables(sqlite3 *db, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT name FROM sqlite_schema WHERE type = 'table'"
                          " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name");

    while (mps_query_next(query))
        g_ptr_array_add(names, g_strdup(mps_query_text(query, "name")));
    if (!mps_query_finish(query, error))
        return NULL;
    g_ptr_array_add(names, NULL);
    g_ptr_array_set_free_func(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* A table name cannot be a bound parameter; it is quoted by SQLite's rule.  Newly allocated by
 * sqlite3_malloc(). */
static char *select_all(const char *table)
{
    return sqlite3_mprintf("SELECT * FROM \"%w\"", table);
}

static void write_csv_field(const char *text, FILE *out)
{
    bool quote = *text == '\0' || *text == ' ' || text[strlen(text) - 1] == ' ';

    for (const char *c = text; *c; c++)
        quote |= *c == ',' || *c == '"' || (unsigned char)*c < 0x20 || *c == 0x7f;
    if (!quote) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

bool mps_view_export_csv(sqlite3 *db, const char *table, FILE *out, GError **error)
{
    char *sql = select_all(table);
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);
    const int n = sqlite3_column_count(query->statement);

    sqlite3_free(sql);
    for (int i = 0; i < n; i++) {
        fputs(i ? "," : "", out);
        write_csv_field(sqlite3_column_name(query->statement, i), out);
    }
    fputc('\n', out);
    while (mps_query_next(query)) {
        for (int i = 0; i < n; i++) {
            const char *text = (const char *)sqlite3_column_text(query->statement, i);

            fputs(i ? "," : "", out);
            if (text)
                write_csv_field(text, out);
        }
        fputc('\n', out);
    }
    return mps_query_finish(query, error);
}

bool mps_view_export_json_lines(sqlite3 *db, const char *table, FILE *out, GError **error)
{
    char *sql = select_all(table);
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);

    sqlite3_free(sql);
    while (mps_query_next(query)) {
        if (!mps_json_open_row(db, query->statement, out, error))
            return false;
        fputs("}\n", out);
    }
    return mps_query_finish(query, error);
}

bool mps_view_export_json(sqlite3 *db, FILE *out, GError **error)
{
    g_auto(GStrv) tables = mps_view_tables(db, error);

    if (!tables)
        return false;
    for (char **table = tables; *table; table++) {
        char *sql = select_all(*table);

        fprintf(out, "%s\"%s\":[", table == tables ? "{" : ",\n", *table);

        const bool written = mps_json_rows(db, sql, 0, ",", out, error);

        sqlite3_free(sql);
        if (!written)
            return false;
        fputs("\n]", out);
    }
    fputs(tables[0] ? "}\n" : "{}\n", out);
    return true;
}
