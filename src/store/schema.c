/* schema.c - the SQL schema, made from the descriptors, and the views that people read. */
#include "store/schema.h"

#include <sqlite3.h>
#include <string.h>

#include "store/writer.h"

static const char *const type_names[] = {
    [MPS_INT] = "INTEGER",
    [MPS_REAL] = "REAL",
    [MPS_TEXT] = "TEXT",
};

static void append_comment(GString *sql, const char *text)
{
    enum { WIDTH = 96 };
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    size_t column = WIDTH;

    for (char **word = words; *word; word++) {
        if (column + strlen(*word) + 1 > WIDTH) {
            g_string_append(sql, column == WIDTH ? "-- " : "\n-- ");
            column = 2;
        } else {
            g_string_append_c(sql, ' ');
        }
        g_string_append(sql, *word);
        column += strlen(*word) + 1;
    }
    g_string_append_c(sql, '\n');
}

size_t mps_schema_n_columns(const MpsTable *table)
{
    size_t n = 0;

    while (table->columns[n].name)
        n++;
    return n;
}

int mps_schema_rowid_column(const MpsTable *table)
{
    for (int i = 0; table->primary_key && table->columns[i].name; i++)
        if (table->columns[i].type == MPS_INT &&
            strcmp(table->columns[i].name, table->primary_key) == 0)
            return i;
    return -1;
}

void mps_schema_append_table(GString *sql, const char *database, const MpsTable *table,
                             bool documented)
{
    const int rowid = mps_schema_rowid_column(table);

    if (documented)
        append_comment(sql, table->help);
    g_string_append_printf(sql, "CREATE TABLE %s%s (\n", database, table->name);
    for (const MpsColumn *column = table->columns; column->name; column++) {
        const bool last = !column[1].name && rowid < 0;
        g_autofree char *definition =
            g_strdup_printf("%s %s%s%s%s", column->name, type_names[column->type],
                            column->references ? " REFERENCES " : "",
                            column->references ? column->references : "", last ? "" : ",");

        if (documented)
            g_string_append_printf(sql, "    %-52s -- %s\n", definition, column->help);
        else
            g_string_append_printf(sql, "    %s\n", definition);
    }
    if (rowid >= 0)
        g_string_append_printf(sql, "    PRIMARY KEY (%s)\n", table->primary_key);
    g_string_append(sql, ") STRICT;\n");
}

void mps_schema_append_indexes(GString *sql, const MpsTable *table)
{
    if (table->primary_key && mps_schema_rowid_column(table) < 0)
        g_string_append_printf(sql, "CREATE UNIQUE INDEX %s_key ON %s (%s);\n", table->name,
                               table->name, table->primary_key);
    if (table->index)
        g_string_append_printf(sql, "CREATE INDEX %s_index ON %s (%s);\n", table->name, table->name,
                               table->index);
}

#define DIRECTION_COLUMNS(alias, prefix)                                                           \
    alias ".data_bytes AS " prefix "_data_bytes, " alias ".payload_bytes AS " prefix               \
          "_payload_bytes, " alias ".retransmitted_bytes AS " prefix                               \
          "_retransmitted_bytes, " alias ".hole_filled_bytes AS " prefix                           \
          "_hole_filled_bytes, " alias ".reinjected_bytes AS " prefix "_reinjected_bytes, " alias  \
          ".missing_bytes AS " prefix "_missing_bytes, "

const char mps_schema_views[] =
    "CREATE VIEW v_option AS SELECT *, coalesce(name || ' (', 'unknown ')\n"
    "    || CASE WHEN subtype IS NULL THEN 'TCP option kind ' || kind\n"
    "        ELSE printf('MPTCP option subtype 0x%x', subtype) END || coalesce(', id ' || id, '')\n"
    "    || CASE WHEN name IS NULL THEN '' ELSE ')' END AS words FROM option_count;\n"
    "CREATE VIEW v_reinjection AS SELECT r.connection_id, r.direction, r.from_subflow_id,\n"
    "    f.ordinal AS from_ordinal, r.subflow_id, s.ordinal, r.trigger, count(*) AS times,\n"
    "    sum(r.bytes) AS bytes,\n"
    "    sum(CASE WHEN r.first = 'copy' THEN r.bytes ELSE 0 END) AS useful_bytes,\n"
    "    sum(CASE WHEN r.first = 'original' THEN r.bytes ELSE 0 END) AS wasted_bytes,\n"
    "    sum(CASE WHEN r.acked THEN r.bytes ELSE 0 END) AS useless_bytes,\n"
    "    avg(CASE WHEN r.first = 'copy' THEN r.gain_ns END) / 1e6 AS mean_gain_ms,\n"
    "    max(CASE WHEN r.first = 'copy' THEN r.gain_ns END) / 1e6 AS max_gain_ms\n"
    "FROM reinjection r LEFT JOIN subflow f ON f.subflow_id = r.from_subflow_id\n"
    "LEFT JOIN subflow s ON s.subflow_id = r.subflow_id\n"
    "GROUP BY r.connection_id, r.direction, r.from_subflow_id, r.subflow_id, r.trigger;\n"
    "CREATE VIEW v_connection AS SELECT c.connection_id, c.protocol, c.version,\n"
    "    c.client_addr, c.client_port, c.server_addr, c.server_port,\n"
    "    printf('0x%08x', c.client_token) AS client_token_hex,\n"
    "    printf('0x%08x', c.server_token) AS server_token_hex,\n"
    "    strftime('%Y-%m-%dT%H:%M:%S', c.start_ns / 1000000000, 'unixepoch')\n"
    "        || printf('.%09dZ', c.start_ns % 1000000000) AS start_utc,\n"
    "    c.duration_ns / 1e9 AS duration_s, c.subflows, c.joins_attempted, c.handshake,\n"
    "    c.vantage, c.fallback, c.close, c.closed_by,\n"
    "    " DIRECTION_COLUMNS(
        "u",
        "c2s") "\n"
               "    u.goodput_bps AS c2s_goodput_bps, u.data_rtt_p50_ns / 1e6 AS "
               "c2s_data_rtt_p50_ms,\n"
               "    u.rtt_spread_ns / 1e6 AS c2s_rtt_spread_ms,\n"
               "    " DIRECTION_COLUMNS(
                   "d",
                   "s2c") "\n"
                          "    d.goodput_bps AS s2c_goodput_bps, d.data_rtt_p50_ns / 1e6 AS "
                          "s2c_data_rtt_p50_ms,\n"
                          "    d.rtt_spread_ns / 1e6 AS s2c_rtt_spread_ms\n"
                          "FROM connection c\n"
                          "LEFT JOIN connection_direction u ON u.connection_id = c.connection_id "
                          "AND u.direction = 'c2s'\n"
                          "LEFT JOIN connection_direction d ON d.connection_id = c.connection_id "
                          "AND d.direction = "
                          "'s2c';\n"
                          "CREATE VIEW v_subflow AS SELECT s.connection_id, s.ordinal, "
                          "s.subflow_id, s.kind,\n"
                          "    s.opened_by, s.client_addr, s.client_port, s.server_addr, "
                          "s.server_port, s.backup,\n"
                          "    s.result, s.result_detail, s.hmac, s.use, s.close, s.closed_by, "
                          "s.reset_reason,\n"
                          "    s.join_syn_delay_ns / 1e6 AS join_syn_delay_ms, s.join_delay_ns / "
                          "1e6 AS join_delay_ms,\n"
                          "    s.handshake_rtt_ns / 1e6 AS handshake_rtt_ms,\n"
                          "    " DIRECTION_COLUMNS(
                              "u",
                              "c2s") "\n"
                                     "    u.share AS c2s_share, u.rtt_samples AS c2s_rtt_samples,\n"
                                     "    u.rtt_min_ns / 1e6 AS c2s_rtt_min_ms, u.rtt_mean_ns / "
                                     "1e6 AS c2s_rtt_mean_ms,\n"
                                     "    u.rtt_p50_ns / 1e6 AS c2s_rtt_p50_ms, u.rtt_p95_ns / 1e6 "
                                     "AS c2s_rtt_p95_ms,\n"
                                     "    u.rtt_max_ns / 1e6 AS c2s_rtt_max_ms,\n"
                                     "    " DIRECTION_COLUMNS(
                                         "d",
                                         "s2c") "\n"
                                                "    d.share AS s2c_share, d.rtt_samples AS "
                                                "s2c_rtt_samples,\n"
                                                "    d.rtt_min_ns / 1e6 AS s2c_rtt_min_ms, "
                                                "d.rtt_mean_ns / 1e6 AS s2c_rtt_mean_ms,\n"
                                                "    d.rtt_p50_ns / 1e6 AS s2c_rtt_p50_ms, "
                                                "d.rtt_p95_ns / 1e6 AS s2c_rtt_p95_ms,\n"
                                                "    d.rtt_max_ns / 1e6 AS s2c_rtt_max_ms\n"
                                                "FROM subflow s\n"
                                                "LEFT JOIN subflow_direction u ON u.subflow_id = "
                                                "s.subflow_id AND u.direction = 'c2s'\n"
                                                "LEFT JOIN subflow_direction d ON d.subflow_id = "
                                                "s.subflow_id AND d.direction = 's2c';\n";

char *mps_schema_sql(const MpsTable *const *tables)
{
    GString *sql = g_string_new(NULL);

    for (; *tables; tables++) {
        mps_schema_append_table(sql, "", *tables, true);
        mps_schema_append_indexes(sql, *tables);
        g_string_append_c(sql, '\n');
    }
    g_string_append(sql, mps_schema_views);
    g_string_append(sql, mps_schema_priority);
    g_string_append(sql, mps_schema_diagnosis);
    g_string_append(sql, mps_schema_finding);
    return g_string_free(sql, FALSE);
}

/* SQLite writes the JSON: it knows how to quote. */
static char *json_object(sqlite3_stmt *statement)
{
    char *text = NULL;

    if (sqlite3_step(statement) == SQLITE_ROW)
        text = g_strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_reset(statement);
    return text;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    g_assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    return statement;
}

char *mps_schema_json(const MpsTable *const *tables)
{
    GString *json = g_string_new("{\"tables\":[");
    sqlite3 *db = NULL;

    g_assert(sqlite3_open(":memory:", &db) == SQLITE_OK);

    sqlite3_stmt *of_column =
        prepare(db, "SELECT json_object('name', ?1, 'type', ?2, 'help', ?3, 'references', ?4)");
    sqlite3_stmt *of_table =
        prepare(db, "SELECT json_object('name', ?1, 'help', ?2, 'columns', json(?3))");

    for (bool first = true; *tables; tables++, first = false) {
        g_autoptr(GString) columns = g_string_new("[");

        for (const MpsColumn *column = (*tables)->columns; column->name; column++) {
            sqlite3_bind_text(of_column, 1, column->name, -1, SQLITE_STATIC);
            sqlite3_bind_text(of_column, 2, type_names[column->type], -1, SQLITE_STATIC);
            sqlite3_bind_text(of_column, 3, column->help, -1, SQLITE_STATIC);
            sqlite3_bind_text(of_column, 4, column->references, -1, SQLITE_STATIC);

            g_autofree char *text = json_object(of_column);

            g_string_append_printf(columns, "%s%s", columns->len > 1 ? "," : "", text);
        }
        g_string_append_c(columns, ']');
        sqlite3_bind_text(of_table, 1, (*tables)->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(of_table, 2, (*tables)->help, -1, SQLITE_STATIC);
        sqlite3_bind_text(of_table, 3, columns->str, -1, SQLITE_STATIC);

        g_autofree char *text = json_object(of_table);

        g_string_append_printf(json, "%s%s", first ? "" : ",", text);
    }
    g_string_append(json, "]}");
    sqlite3_finalize(of_column);
    sqlite3_finalize(of_table);
    sqlite3_close(db);
    return g_string_free(json, FALSE);
}
