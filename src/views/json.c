/* json.c - see json.h. */
#include "views/json.h"

#include <math.h>
#include <string.h>

#include "views/query.h"

void mps_json_put(const char *json, FILE *out)
{
    g_autofree char *valid = g_utf8_validate(json, -1, NULL) ? NULL : g_utf8_make_valid(json, -1);

    for (const char *at = valid ? valid : json; *at;) {
        const size_t plain = strcspn(at, "\x7f\xc2");
        const gunichar c = g_utf8_get_char(at + plain);

        fwrite(at, 1, plain, out);
        at += plain;
        if (!*at)
            return;
        if (g_unichar_iscntrl(c))
            fprintf(out, "\\u%04x", c);
        else
            fwrite(at, 1, (size_t)(g_utf8_next_char(at) - at), out);
        at = g_utf8_next_char(at);
    }
}

/* Asks SQLite for the JSON form of one text. */
static bool write_text(sqlite3 *db, const char *sql, const char *text, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);

    mps_query_bind_text(query, 1, text);
    if (mps_query_next(query))
        mps_json_put((const char *)sqlite3_column_text(query->statement, 0), out);
    return mps_query_finish(query, error);
}

bool mps_json_string(sqlite3 *db, const char *text, FILE *out, GError **error)
{
    /* Nearly all texts are words and addresses. */
    if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:- ") ==
        strlen(text)) {
        fprintf(out, "\"%s\"", text);
        return true;
    }

    g_autofree char *valid = g_utf8_make_valid(text, -1); /* file names may be anything */

    return write_text(db, "SELECT json_quote(?1)", valid, out, error);
}

static bool write_value(sqlite3 *db, sqlite3_stmt *statement, int column, FILE *out, GError **error)
{
    const char *name = sqlite3_column_name(statement, column);
    const int type = sqlite3_column_type(statement, column);
    const double real = sqlite3_column_double(statement, column);
    const char *text = (const char *)sqlite3_column_text(statement, column);

    if (type == SQLITE_NULL || (type == SQLITE_FLOAT && !isfinite(real))) {
        fputs("null", out); /* JSON has no infinities */
        return true;
    }
    if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
        fputs(text, out);
        return true;
    }
    if (strcmp(name, "detail") == 0)
        return write_text(db,
                          "SELECT CASE WHEN json_valid(?1) THEN json(?1) ELSE json_quote(?1) END",
                          text, out, error);
    return mps_json_string(db, text, out, error);
}

bool mps_json_open_row(sqlite3 *db, sqlite3_stmt *statement, FILE *out, GError **error)
{
    const int n = sqlite3_column_count(statement);

    for (int i = 0; i < n; i++) {
        fprintf(out, "%c\"%s\":", i ? ',' : '{', sqlite3_column_name(statement, i));
        if (!write_value(db, statement, i, out, error))
            return false;
    }
    return true;
}

bool mps_json_rows(sqlite3 *db, const char *sql, int64_t parameter, const char *separator,
                   FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);

    mps_query_bind_int(query, 1, parameter);
    for (const char *before = ""; mps_query_next(query); before = separator) {
        fprintf(out, "%s\n", before);
        if (!mps_json_open_row(db, query->statement, out, error))
            return false;
        fputc('}', out);
    }
    return mps_query_finish(query, error);
}
