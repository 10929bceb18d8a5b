/* query.c - see query.h. */
#include "views/query.h"

#include <string.h>

#include <mptcpscope/error.h>

MpsQuery *mps_query_new(sqlite3 *db, const char *sql)
{
    MpsQuery *self = g_new0(MpsQuery, 1);

    self->db = db;
    self->status = sqlite3_prepare_v2(db, sql, -1, &self->statement, NULL);
    return self;
}

void mps_query_free(MpsQuery *self)
{
    if (!self)
        return;
    sqlite3_finalize(self->statement);
    g_clear_pointer(&self->printable, g_ptr_array_unref);
    g_free(self);
}

/* A statement without the parameter is the caller's business: queries built from parts may lack
 * it. */
void mps_query_bind_int(MpsQuery *self, int parameter, int64_t value)
{
    if (self->statement && parameter <= sqlite3_bind_parameter_count(self->statement))
        sqlite3_bind_int64(self->statement, parameter, value);
}

void mps_query_bind_text(MpsQuery *self, int parameter, const char *value)
{
    if (self->statement && parameter <= sqlite3_bind_parameter_count(self->statement))
        sqlite3_bind_text(self->statement, parameter, value, -1, SQLITE_TRANSIENT);
}

bool mps_query_next(MpsQuery *self)
{
    if (self->status != SQLITE_OK && self->status != SQLITE_ROW)
        return false;
    g_clear_pointer(&self->printable, g_ptr_array_unref);
    self->status = sqlite3_step(self->statement);
    return self->status == SQLITE_ROW;
}

bool mps_query_finish(MpsQuery *self, GError **error)
{
    if (self->status == SQLITE_OK || self->status == SQLITE_ROW || self->status == SQLITE_DONE)
        return true;
    return mps_throw(error, MPS_ERROR_STORE, "database: %s", sqlite3_errmsg(self->db));
}

static int index_of(MpsQuery *self, const char *column)
{
    const int n = sqlite3_column_count(self->statement);

    for (int i = 0; i < n; i++)
        if (strcmp(sqlite3_column_name(self->statement, i), column) == 0)
            return i;
    g_error("no column %s in: %s", column, sqlite3_sql(self->statement));
}

bool mps_query_known(MpsQuery *self, const char *column)
{
    return sqlite3_column_type(self->statement, index_of(self, column)) != SQLITE_NULL;
}

int64_t mps_query_int(MpsQuery *self, const char *column)
{
    return sqlite3_column_int64(self->statement, index_of(self, column));
}

double mps_query_real(MpsQuery *self, const char *column)
{
    return sqlite3_column_double(self->statement, index_of(self, column));
}

const char *mps_query_raw(MpsQuery *self, const char *column)
{
    const unsigned char *text = sqlite3_column_text(self->statement, index_of(self, column));

    return text ? (const char *)text : "";
}

/* Nearly all texts are. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (((uint8_t)*text < ' ' && *text != '\n') || (uint8_t)*text >= 0x7f)
            return false;
    return true;
}

const char *mps_query_text(MpsQuery *self, const char *column)
{
    const char *text = mps_query_raw(self, column);

    if (is_plain(text))
        return text;

    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        char *raw = *line;

        *line = mps_format_printable(raw);
        g_free(raw);
    }
    if (!self->printable)
        self->printable = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(self->printable, g_strjoinv("\n", lines));
    return self->printable->pdata[self->printable->len - 1];
}

static const MpsShort unknown = {"-"};

MpsShort mps_query_bytes(MpsQuery *self, const char *column)
{
    return mps_query_known(self, column) ? mps_format_bytes(mps_query_int(self, column)) : unknown;
}

MpsShort mps_query_duration(MpsQuery *self, const char *column)
{
    return mps_query_known(self, column) ? mps_format_duration(mps_query_int(self, column))
                                         : unknown;
}

MpsShort mps_query_rate(MpsQuery *self, const char *column)
{
    return mps_query_known(self, column) ? mps_format_rate(mps_query_real(self, column)) : unknown;
}

MpsShort mps_query_percent(MpsQuery *self, const char *column)
{
    return mps_query_known(self, column) ? mps_format_percent(mps_query_real(self, column))
                                         : unknown;
}

MpsShort mps_query_token(MpsQuery *self, const char *column)
{
    return mps_query_known(self, column) ? mps_format_token(mps_query_int(self, column)) : unknown;
}

MpsShort mps_query_endpoint(MpsQuery *self, const char *side)
{
    g_autofree char *address = g_strconcat(side, "_addr", NULL);
    g_autofree char *port = g_strconcat(side, "_port", NULL);

    return mps_query_known(self, address)
               ? mps_format_endpoint(mps_query_text(self, address), mps_query_int(self, port))
               : unknown;
}

bool mps_query_single(sqlite3 *db, const char *sql, int64_t parameter, int64_t *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);

    mps_query_bind_int(query, 1, parameter);
    *out = mps_query_next(query) ? sqlite3_column_int64(query->statement, 0) : 0;
    return mps_query_finish(query, error);
}
