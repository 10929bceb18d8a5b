/* test_views.c - texts, JSON and CSV of a small database: one connection with a reinjection, one
 * failed join, one join to an unknown token. */
#include <string.h>

#include <glib.h>
#include <sqlite3.h>

#include <mptcpscope/error.h>

#include "views/charts.h"
#include "views/text_table.h"
#include "views/views.h"

/* Columns that the views name; a real database has more. */
static const char schema[] =
    "CREATE TABLE capture(capture_id INTEGER, path TEXT, packets INTEGER, tcp_packets INTEGER,"
    " mptcp_packets INTEGER, first_ns INTEGER, last_ns INTEGER, truncated_packets INTEGER,"
    " malformed_packets INTEGER, duplicate_packets INTEGER, late_packets INTEGER,"
    " filtered_packets INTEGER, unfollowed_syns INTEGER, evicted_connections INTEGER,"
    " plain_connections INTEGER, dropped INTEGER, status TEXT,"
    " error TEXT) STRICT;"
    "CREATE TABLE v_diagnosis(connection_id INTEGER, subflow_id INTEGER, direction TEXT,"
    " rank INTEGER, ts_ns INTEGER, capture_id INTEGER, packet INTEGER, kind TEXT,"
    " sentence TEXT) STRICT;"
    "INSERT INTO v_diagnosis VALUES(1, NULL, 'c2s', 2, 5, 1, 7, 'reinjection', 'So it was'),"
    " (1, NULL, NULL, 1, 4, NULL, NULL, 'fallback', 'It fell');"
    "INSERT INTO v_diagnosis VALUES(NULL, NULL, NULL, 1, NULL, 1, NULL, 'options_cut', 'Some were "
    "cut');"
    "CREATE TABLE connection(connection_id INTEGER, protocol TEXT, version INTEGER,"
    " client_addr TEXT, client_port INTEGER, server_addr TEXT, server_port INTEGER,"
    " client_token INTEGER, server_token INTEGER, start_ns INTEGER, duration_ns INTEGER,"
    " close TEXT, closed_by TEXT, fallback TEXT, subflows INTEGER, joins_attempted INTEGER,"
    " vantage TEXT, handshake TEXT) STRICT;"
    "CREATE TABLE connection_direction(connection_id INTEGER, direction TEXT, data_bytes INTEGER,"
    " goodput_bps REAL, retransmitted_bytes INTEGER, retransmitted_packets INTEGER,"
    " hole_filled_bytes INTEGER, hole_filled_packets INTEGER, reinjected_bytes INTEGER,"
    " remapped_bytes INTEGER, orphaned_bytes INTEGER, missing_bytes INTEGER,"
    " unmapped_bytes INTEGER, data_rtt_mean_ns INTEGER, data_rtt_p95_ns INTEGER,"
    " rtt_spread_ns INTEGER, longest_stall_ns INTEGER) STRICT;"
    "CREATE TABLE subflow(subflow_id INTEGER, connection_id INTEGER, ordinal INTEGER, kind TEXT,"
    " opened_by TEXT, client_addr TEXT, client_port INTEGER, server_addr TEXT,"
    " server_port INTEGER, backup INTEGER, join_syn_delay_ns INTEGER, join_delay_ns INTEGER,"
    " result TEXT, result_detail TEXT, close TEXT, closed_by TEXT, use TEXT, interface TEXT) "
    "STRICT;"
    "CREATE TABLE subflow_direction(subflow_id INTEGER, direction TEXT, payload_bytes INTEGER,"
    " data_bytes INTEGER, share REAL, rtt_mean_ns INTEGER, rtt_min_ns INTEGER, rtt_max_ns INTEGER,"
    " retransmitted_bytes INTEGER, reinjected_bytes INTEGER) STRICT;"
    "CREATE TABLE damage(capture_id INTEGER, kind TEXT, packets INTEGER, first_packet INTEGER,"
    " serious INTEGER, meaning TEXT);"
    "INSERT INTO damage VALUES(1, 'jump', 2, 17, 1, 'leaps'), (1, 'late', 3, 5, 0, 'comes late');"
    "CREATE TABLE interface(capture_id INTEGER, interface_id INTEGER, name TEXT, packets INTEGER,"
    " dropped INTEGER) STRICT;"
    "CREATE TABLE host_name(capture_id INTEGER, address TEXT, name TEXT) STRICT;"
    "CREATE TABLE file_note(capture_id INTEGER, kind TEXT, packet INTEGER, interface_id INTEGER,"
    " text TEXT) STRICT;"
    "CREATE TABLE reinjection(ts_ns INTEGER, capture_id INTEGER, packet INTEGER,"
    " connection_id INTEGER, direction TEXT, subflow_id INTEGER, from_subflow_id INTEGER,"
    " data_offset INTEGER, bytes INTEGER, delay_ns INTEGER, acked INTEGER) STRICT;"
    "CREATE TABLE event(ts_ns INTEGER, capture_id INTEGER, packet INTEGER, connection_id INTEGER,"
    " subflow_id INTEGER, kind TEXT, sent_by TEXT, detail TEXT) STRICT;"
    "CREATE TABLE address(ts_ns INTEGER, capture_id INTEGER, packet INTEGER, connection_id INTEGER,"
    " sent_by TEXT, kind TEXT, address_id INTEGER, address TEXT, port INTEGER, hmac TEXT,"
    " announcements INTEGER, echoed_ns INTEGER, outcome TEXT) STRICT;"
    "CREATE TABLE stall(connection_id INTEGER, direction TEXT, kind TEXT, subflow_id INTEGER,"
    " start_ns INTEGER,"
    " capture_id INTEGER, packet INTEGER, length_ns INTEGER, outstanding_bytes INTEGER,"
    " cause TEXT, ended_by TEXT) STRICT;"
    "CREATE TABLE head_of_line(connection_id INTEGER, direction TEXT, subflow_id INTEGER,"
    " reordered_packets INTEGER, late_packets INTEGER, duplicate_packets INTEGER, waits INTEGER,"
    " waited_for_ns INTEGER, waited_for_byte_s REAL) STRICT;"
    "CREATE TABLE option_count(connection_id INTEGER, first_ns INTEGER, first_packet INTEGER) "
    "STRICT;"
    "CREATE TABLE v_option(connection_id INTEGER, subflow_id INTEGER, sent_by TEXT, name TEXT,"
    " words TEXT, count INTEGER, first_ns INTEGER, first_capture_id INTEGER, first_packet INTEGER,"
    " first_value TEXT, last_value TEXT) STRICT;"
    "CREATE TABLE fault(rule_id TEXT, verdict TEXT, count INTEGER) STRICT;"
    "CREATE TABLE meta(key TEXT, value TEXT) STRICT;"
    "CREATE TABLE note(text TEXT, number REAL) STRICT;";

static const char rows[] =
    "INSERT INTO capture VALUES(1, 'a\x1b.pcap', 100, 90, 80, 1000000000000000000,"
    " 1000000004000000000, 0, 1, 2, 7, 5, 0, 0, 4, 3, 'cut', 'ends inside packet 101');"
    "INSERT INTO connection VALUES(1, 'mptcp', 1, '10.1.0.2', 5000, '192.0.2.1', 80, 1, 4294967295,"
    " 1000000000000000000, 3760000000, 'data_fin', 'client', NULL, 2, 2, 'near_client', 'full');"
    "INSERT INTO connection_direction VALUES(1, 'c2s', 1000, 2127.6, 100, 1, 0, 0, 200, 0, 0, 0, 0,"
    " 60000000, NULL, NULL, 0), (1, 's2c', 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL,"
    " NULL, NULL);"
    "INSERT INTO subflow VALUES"
    " (1, 1, 0, 'initial', 'client', '10.1.0.2', 5000, '192.0.2.1', 80, 0, NULL, NULL,"
    " 'established', NULL, 'fin', 'client', 'used', 'eth0'),"
    " (2, 1, 1, 'join', 'client', '2001:db8:0:1::1111:2', 5001, '2001:db8::1', 80, 1, 1000000,"
    " 21000000, 'established', NULL, 'reset', 'server', 'used', 'wlan\x1b'),"
    " (3, 1, 2, 'join', 'client', '10.3.0.2', 5002, '192.0.2.1', 80, 0, 2000000, NULL, 'refused',"
    " 'RST, reason 1', NULL, NULL, NULL, NULL),"
    " (4, NULL, 0, 'join', 'client', '10.9.0.2', 5002, '192.0.2.1', 80, 0, NULL, NULL,"
    " 'unknown_token', NULL, NULL, NULL, NULL, NULL);"
    "INSERT INTO subflow_direction VALUES(1, 'c2s', 700, 600, 0.6, 27000000, 20000000, 35000000,"
    " 100, 0), (2, 'c2s', 600, 400, 0.4, NULL, NULL, NULL, 0, 200);"
    "INSERT INTO reinjection VALUES(1000000001000000000, 1, 42, 1, 'c2s', 2, 1, 300, 200, 50000000,"
    " 1);"
    "INSERT INTO event VALUES(1000000000021000000, 1, 4, 1, 2, 'add_addr', 'server',"
    " '{\"id\":1,\"hmac\":\"valid\"}'), (1000000002000000000, 1, 90, 1, NULL, 'data_fin', 'client',"
    " NULL);"
    "INSERT INTO address VALUES(1000000000020000000, 1, 4, 1, 'server', 'add', 3, '192.0.2.9', 81,"
    " 'valid', 2, 1000000000045000000, 'no join');"
    "INSERT INTO stall VALUES(1, 'c2s', 'stale', 2, 1000000000500000000, 1, 40, 250000000, 1400, "
    "NULL,"
    " 'reinjection');"
    "INSERT INTO interface VALUES(1, 0, 'wlan0\x1b', 60, 2), (1, 1, NULL, 40, 1),"
    " (1, 2, 'idle0', 0, NULL);"
    "INSERT INTO host_name VALUES(1, '192.0.2.1', 'server\x1b[2J'), (1, '192.0.2.2', 'other');"
    "INSERT INTO file_note VALUES(1, 'os', NULL, NULL, 'Unix'),"
    " (1, 'comment', 17, NULL, 'see' || char(10) || 'here'), (1, 'comment', NULL, 1, 'noisy'),"
    " (1, 'comment', NULL, NULL, 'all');"
    "INSERT INTO head_of_line VALUES(1, 'c2s', NULL, 0, 0, 0, 3, 4500000, 12.25),"
    " (1, 'c2s', 2, 5, 6, 7, 8, 9000000, 1234.5);"
    "INSERT INTO note VALUES('plain', 1.5), ('with, comma', NULL), ('a \"quote\"', 0.0), ('', "
    "1e300),"
    " ('two' || char(10) || 'lines', 2.0), (NULL, 9e999);";

static sqlite3 *database(bool filled)
{
    sqlite3 *db = NULL;

    g_assert_cmpint(sqlite3_open(":memory:", &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, schema, NULL, NULL, NULL), ==, SQLITE_OK);
    if (filled)
        g_assert_cmpint(sqlite3_exec(db, rows, NULL, NULL, NULL), ==, SQLITE_OK);
    return db;
}

typedef bool View(sqlite3 *db, FILE *out, GError **error);

/* What @view writes; freed with free(). */
static char *text_of(View *view, bool filled)
{
    sqlite3 *db = database(filled);
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);

    g_assert_true(view(db, out, &error));
    g_assert_no_error(error);
    fclose(out);
    sqlite3_close(db);
    return text;
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("'%s' is not in:\n%s", part, text);
}

/* No line of a person's view is wider than a terminal. */
static void assert_narrow(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++)
        g_assert_cmpint(g_utf8_strlen(*line, -1), <=, 80);
}

static void summary(void)
{
    char *text = text_of(mps_view_summary, true);

    assert_narrow(text);
    assert_contains(text,
                    "a\\x1b.pcap\n  100 packets in 4.00 s from 2001-09-09 01:46:40.000000 UTC");
    assert_contains(text, "90 TCP, 80 MPTCP, 2 captured twice and ignored, 5 passed over");
    assert_contains(text, "  2 packets (the first: 17): leaps\n");
    g_assert_null(strstr(text, "comes late"));
    assert_contains(text, "  captured on wlan0\\x1b (60 packets)\n"
                          "  packets dropped by the capturing host: 3 (may look like loss below)\n"
                          "    on wlan0\\x1b (2 packets), interface 1 (1 packet)\n");
    assert_contains(text, "  comment on packet 17: see\\x0ahere\n"
                          "  comment on interface 1: noisy\n"
                          "  comment: all\n");
    g_assert_null(strstr(text, "Unix"));
    assert_contains(text, "1 malformed\n"
                          "  4 TCP connections without MPTCP, not analyzed (see --tcp)\n"
                          "  7 packets of connections that had");
    assert_contains(text, "CUT: ends inside packet 101");
    assert_contains(text, "Connection 1: MPTCP v1, 10.1.0.2:5000 -> 192.0.2.1:80");
    assert_contains(text, "server 0xffffffff, captured near the client");
    assert_contains(text, "2 established, 2 joins attempted");
    assert_contains(text, "200 B (20.0 %)");
    assert_contains(text, "[2001:db8:0:1::1111:2]:5001 -> [2001:db8::1]:80\n");
    assert_contains(text, "established\n     backup, reset by server\n");
    assert_contains(text, "RST, reason 1");
    assert_contains(text, "unknown_token");
    g_assert_null(strstr(text, "remapped")); /* zero in both directions */
    free(text);

    text = text_of(mps_view_summary, false);
    assert_contains(text, "no MPTCP connection in 0 TCP packets");
    free(text);
}

/* 40 more subflows and 9 more joins, without data; one subflow with a little. */
static bool many(sqlite3 *db, GError **error)
{
    return sqlite3_exec(db,
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 49)"
                        "INSERT INTO subflow SELECT 100 + i, iif(i <= 40, 1, NULL),"
                        " iif(i <= 40, 10 + i, 1), 'join', 'client', '10.4.0.' || i, 6000 + i,"
                        " '192.0.2.1', 80, 0, NULL, NULL, CASE WHEN i > 40 THEN 'unknown_token'"
                        " WHEN i > 38 THEN 'bad_hmac' WHEN i > 30 THEN 'no_reply'"
                        " WHEN i > 25 THEN 'refused' ELSE 'established' END, NULL, NULL, NULL,"
                        " iif(i <= 24, 'unused', NULL), NULL FROM n;"
                        "INSERT INTO subflow_direction VALUES(140, 'c2s', 9, 9, 0.1, NULL, NULL,"
                        " NULL, 0, 0)",
                        NULL, NULL, NULL) == SQLITE_OK ||
           mps_throw(error, MPS_ERROR_STORE, "%s", sqlite3_errmsg(db));
}

static bool many_summary(sqlite3 *db, FILE *out, GError **error)
{
    return many(db, error) && mps_view_summary(db, out, error);
}

static bool many_show(sqlite3 *db, FILE *out, GError **error)
{
    return many(db, error) && mps_view_show(db, MPS_ALL_CONNECTIONS, false, out, error);
}

static bool many_show_one(sqlite3 *db, FILE *out, GError **error)
{
    return many(db, error) && mps_view_show(db, 1, false, out, error);
}

/* However many subflows there are: those with the most data, in their order, and a count. */
static void caps(void)
{
    char *text = text_of(many_summary, true);

    assert_narrow(text);
    assert_contains(text, "\n  50  10.4.0.40:6040"); /* has data, so it stands behind the first */
    assert_contains(text, "\n  22  10.4.0.12:6012");
    g_assert_null(strstr(text, "10.4.0.13:6013"));
    assert_contains(text, "\n  27 more subflows: 13 established (12 unused), 8 without reply,"
                          " 5 refused,\n  1 with bad HMAC;\n"
                          "  `mptcpscope show -c 1` lists all\n");
    assert_contains(text, "10.4.0.44:6044");
    g_assert_null(strstr(text, "10.4.0.45:6045"));
    assert_contains(text, "\n  5 more joins: 5 to unknown tokens;\n");
    free(text);
    text = text_of(many_show, true);
    assert_contains(text, "27 more subflows");
    assert_contains(text, "5 more joins");
    assert_contains(text, "\nSubflow 22:");
    g_assert_null(strstr(text, "\nSubflow 23:"));
    free(text);
    text = text_of(many_show_one, true);
    assert_contains(text, "\nSubflow 23:");
    g_assert_null(strstr(text, "more subflows"));
    free(text);
}

static bool remapped_summary(sqlite3 *db, FILE *out, GError **error)
{
    sqlite3_exec(db, "UPDATE connection_direction SET remapped_bytes = 5", NULL, NULL, NULL);
    return mps_view_summary(db, out, error);
}

/* A word that few know is explained, once, where it stands. */
static void meanings(void)
{
    char *text = text_of(remapped_summary, true);

    assert_narrow(text);
    assert_contains(text, "\nremapped: mapped a second time on the same subflow\n");
    g_assert_null(strstr(text, "orphaned"));
    free(text);
}

static bool plain_list(sqlite3 *db, FILE *out, GError **error)
{
    return mps_view_list(db, false, out, error);
}

static void list(void)
{
    char *text = text_of(plain_list, true);

    assert_narrow(text);
    assert_contains(text, "1  10.1.0.2:5000  192.0.2.1:80    2  3.76 s  1.00 kB  0 B  data_fin");
    assert_contains(text, "1 join to tokens that no connection here has");
    g_assert_true(g_str_has_prefix(text, "OPTIONS CUT in a\\x1b.pcap\n  Some were cut\n\n"));
    free(text);
    text = text_of(plain_list, false);
    g_assert_cmpstr(text, ==, "No MPTCP connection.\n");
    free(text);
}

static bool show(sqlite3 *db, FILE *out, GError **error)
{
    return mps_view_show(db, 1, false, out, error);
}

static bool show_json(sqlite3 *db, FILE *out, GError **error)
{
    return mps_view_show_json(db, 1, out, error);
}

static void shows(void)
{
    char *text = text_of(show, true);
    sqlite3 *db = database(true);
    g_autoptr(GError) error = NULL;

    g_assert_true(
        g_str_has_prefix(text, "OPTIONS CUT in a\\x1b.pcap\n  Some were cut\n\nConnection 1"));
    /* what failed comes first, each with its packet where there is one */
    assert_contains(text, "Connection 1: 10.1.0.2:5000 -> 192.0.2.1:80\n"
                          "  192.0.2.1 is server\\x1b[2J, says the capture\n");
    assert_contains(text, "Findings\n  - It fell\n  - So it was (packet 7)\n");
    assert_contains(text, "\n     on wlan\\x1b\n");
    assert_contains(text, "+0.021000 s");
    assert_contains(text, "add_addr: id 1, hmac valid");
    assert_contains(text, "192.0.2.9 port 81 valid     2    25.0 ms no join");
    assert_contains(text, "40 c2s stale 1 250 ms     1.40 kB not visible reinjection");
    assert_contains(text, "c2s        -      0     0      0       3     4.50 ms    12.3\n"
                          "  c2s        1      5     6      7       8     9.00 ms  1234.5\n");
    assert_contains(text,
                    "+1.000000 s     42 c2s        0        1         300   200 50.0 ms useless");
    free(text);
    g_assert_false(mps_view_show(db, 2, false, stdout, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_ABSENT);
    sqlite3_close(db);
}

/* SQLite judges whether it is JSON, and finds values in it. */
static void assert_json(const char *json, const char *path, const char *expected)
{
    sqlite3 *db = database(false);
    sqlite3_stmt *statement = NULL;

    sqlite3_prepare_v2(db, "SELECT json_extract(?1, ?2)", -1, &statement, NULL);
    sqlite3_bind_text(statement, 1, json, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, path, -1, SQLITE_STATIC);
    g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
    g_assert_cmpstr((const char *)sqlite3_column_text(statement, 0), ==, expected);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void json(void)
{
    char *text = text_of(mps_view_summary_json, true);

    assert_json(text, "$.capture[0].path", "a\x1b.pcap");
    assert_json(text, "$.connection[0].start_ns", "1000000000000000000");
    assert_json(text, "$.connection[0].subflow[1].subflow_direction[0].reinjected_bytes", "200");
    assert_json(text, "$.connection[0].subflow[0].subflow_direction[0].share", "0.6");
    assert_json(text, "$.connection[0].subflows", "2"); /* the column, not the rows */
    assert_json(text, "$.connection[0].fallback", NULL);
    assert_json(text, "$.unknown_join[0].result", "unknown_token");
    free(text);
    text = text_of(show_json, true);
    assert_json(text, "$[0].event[0].detail.hmac", "valid");
    assert_json(text, "$[0].reinjection[0].packet", "42");
    assert_json(text, "$[0].head_of_line[1].waits", "8");
    free(text);
    text = text_of(mps_view_list_json, true);
    assert_json(text, "$[0].c2s_bytes", "1000");
    free(text);
    text = text_of(mps_view_list_json, false);
    assert_json(text, "$[0]", NULL);
    free(text);
    text = text_of(mps_view_export_json, true);
    assert_json(text, "$.note[2].text", "a \"quote\"");
    assert_json(text, "$.note[5].number", NULL); /* infinity */
    assert_json(text, "$.subflow[3].connection_id", NULL);
    free(text);
}

static bool csv_of_note(sqlite3 *db, FILE *out, GError **error)
{
    return mps_view_export_csv(db, "note", out, error);
}

static bool lines_of_note(sqlite3 *db, FILE *out, GError **error)
{
    return mps_view_export_json_lines(db, "note", out, error);
}

static void export(void)
{
    char *text = text_of(csv_of_note, true);

    g_assert_cmpstr(text, ==,
                    "text,number\nplain,1.5\n\"with, comma\",\n\"a \"\"quote\"\"\",0.0\n"
                    "\"\",1.0e+300\n\"two\nlines\",2.0\n,Inf\n");
    free(text);
    text = text_of(lines_of_note, true);
    g_assert_true(g_str_has_prefix(text, "{\"text\":\"plain\",\"number\":1.5}\n"));
    assert_contains(text, "{\"text\":\"two\\nlines\",\"number\":2.0}\n");
    free(text);
}

/* A table that is not there, or a broken database, is an error and not a crash. */
static void errors(void)
{
    sqlite3 *db = database(true);
    g_autoptr(GError) error = NULL;
    FILE *nowhere = fopen("/dev/null", "w");
    g_autofree char *name = g_strdup("x\" UNION SELECT 1 --");

    g_assert_false(mps_view_export_csv(db, name, nowhere, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_clear_error(&error);
    sqlite3_exec(db, "DROP TABLE connection_direction", NULL, NULL, NULL);
    g_assert_false(mps_view_list(db, false, nowhere, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    sqlite3_close(db);
    fclose(nowhere);
}

static void text_table(void)
{
    static const MpsTextColumn columns[] = {{"n", true}, {"name", false}, {"x", true}, {0}};
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 1);
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);

    mps_text_table_add(table, (const char *[]){"1", "µs", "10"});
    mps_text_table_add_line(table, "3", 1, "a long name");
    mps_text_table_add(table, (const char *[]){"20", NULL, NULL});
    mps_text_table_print(table, out);
    fclose(out);
    g_assert_cmpstr(text, ==, "  n  name   x\n  1  µs    10\n  3  a long name\n 20\n");
    free(text);
}

static void charts(void)
{
    static const struct {
        double share;
        const char *bar;
    } bars[] = {{0, ""},        {1e-9, "▏"}, {0.5, "██"}, {0.53, "██▏"},
                {0.99, "████"}, {1, "████"}, {7, "████"}};
    static const double values[] = {0, 1e-9, 1, 4, 8, 9};
    g_autofree char *line = mps_chart_line(values, G_N_ELEMENTS(values), 8);
    g_autofree char *nothing = mps_chart_line(values, 1, 0);

    for (size_t i = 0; i < G_N_ELEMENTS(bars); i++) {
        g_autofree char *bar = mps_chart_bar(bars[i].share, 4);

        g_assert_cmpstr(bar, ==, bars[i].bar);
    }
    g_assert_cmpstr(line, ==, " ▁▁▄██");
    g_assert_cmpstr(nothing, ==, " ");
}

static void plot_names(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(mps_view_plot_check(NULL, "both", &error));
    g_assert_true(mps_view_plot_check("sequence", "svg", &error));
    g_assert_true(mps_view_plot_check("sequence,rtt", "svg", &error));
    g_assert_true(mps_view_plot_term_check("flight,rtt", &error));
    g_assert_false(mps_view_plot_check("", "svg", &error));
    g_clear_error(&error);
    g_assert_false(mps_view_plot_check("rtt,", "svg", &error));
    g_clear_error(&error);
    g_assert_false(mps_view_plot_term_check("rtt,share", &error));
    g_clear_error(&error);
    g_assert_false(mps_view_plot_check("rtt,sequenz", "svg", &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_false(mps_view_plot_check("rtt", "gif", &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/views/text-table", text_table);
    g_test_add_func("/views/summary", summary);
    g_test_add_func("/views/caps", caps);
    g_test_add_func("/views/meanings", meanings);
    g_test_add_func("/views/list", list);
    g_test_add_func("/views/show", shows);
    g_test_add_func("/views/json", json);
    g_test_add_func("/views/export", export);
    g_test_add_func("/views/errors", errors);
    g_test_add_func("/views/charts", charts);
    g_test_add_func("/views/plot-names", plot_names);
    return g_test_run();
}
