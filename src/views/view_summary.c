/* view_summary.c - what happened, on a page: each capture, then each connection with its
 * directions and subflows.  Many connections: the totals and the largest ones. */
#include "views/views.h"

#include <inttypes.h>
#include <string.h>

#include "views/json.h"
#include "views/left_out.h"
#include "views/parts.h"
#include "views/query.h"
#include "views/text_table.h"
#include "views/connection_json.h"

/* More connections than this are listed, not told one by one. */
#define TOLD_ONE_BY_ONE 10
/* More options that nobody knows are only counted. */
#define OPTIONS_TOLD 10

static void add_count(GString *text, MpsQuery *query, const char *column, const char *words)
{
    const int64_t n = mps_query_int(query, column);

    if (n > 0)
        g_string_append_printf(text, ", %" PRId64 " %s", n, words);
}

/* A reason usually names the file that stands above it already. */
static const char *without_path(const char *reason, const char *path)
{
    const size_t n = strlen(path);

    return g_str_has_prefix(reason, path) && g_str_has_prefix(reason + n, ": ") ? reason + n + 2
                                                                                : reason;
}

/* What else is wrong with packets of the capture: the kinds that were not told of in other lines.
 */
static bool print_damage(sqlite3 *db, int64_t capture_id, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT * FROM damage WHERE capture_id = ?1 AND serious ORDER BY first_packet, kind");

    mps_query_bind_int(query, 1, capture_id);
    while (mps_query_next(query))
        fprintf(out, "  %s (the first: %" PRId64 "): %s\n",
                mps_format_count(mps_query_int(query, "packets"), "packet").text,
                mps_query_int(query, "first_packet"), mps_query_text(query, "meaning"));
    return mps_query_finish(query, error);
}

static void print_capture(MpsQuery *query, FILE *out)
{
    g_autofree char *path = mps_format_printable(mps_query_text(query, "path"));
    g_autofree char *reason = mps_format_printable(mps_query_text(query, "error"));
    g_autoptr(GString) kinds = g_string_new(NULL);
    g_autoptr(GString) faults = g_string_new(NULL);
    const char *status = mps_query_text(query, "status");

    fprintf(out, "%s\n  %s", path,
            mps_format_count(mps_query_int(query, "packets"), "packet").text);
    if (mps_query_known(query, "first_ns"))
        fprintf(
            out, " in %s from %s",
            mps_format_duration(mps_query_int(query, "last_ns") - mps_query_int(query, "first_ns"))
                .text,
            mps_format_time(mps_query_int(query, "first_ns")).text);
    g_string_append_printf(kinds, "%" PRId64 " TCP, %" PRId64 " MPTCP",
                           mps_query_int(query, "tcp_packets"),
                           mps_query_int(query, "mptcp_packets"));
    add_count(kinds, query, "duplicate_packets", "captured twice and ignored");
    add_count(kinds, query, "filtered_packets", "passed over");
    fprintf(out, "\n  %s\n", kinds->str);
    add_count(faults, query, "truncated_packets",
              "with headers or options cut (snap length too small): numbers may lack them");
    add_count(faults, query, "malformed_packets", "malformed");
    if (faults->len)
        fprintf(out, "  %s\n", faults->str + 2);
    if (mps_query_int(query, "plain_connections") > 0)
        fprintf(out, "  %s without MPTCP, not analyzed (see --tcp)\n",
                mps_format_count(mps_query_int(query, "plain_connections"), "TCP connection").text);
    if (mps_query_int(query, "late_packets") > 0)
        fprintf(out, "  %s of connections that had been closed and written before: ignored\n",
                mps_format_count(mps_query_int(query, "late_packets"), "packet").text);
    if (mps_query_int(query, "unfollowed_syns") > 0)
        fprintf(out, "  %s not followed: too many were never answered (a flood?)\n",
                mps_format_count(mps_query_int(query, "unfollowed_syns"), "SYN").text);
    if (mps_query_int(query, "evicted_connections") > 0)
        fprintf(out, "  %s closed early to keep memory bounded (see --memory-limit)\n",
                mps_format_count(mps_query_int(query, "evicted_connections"), "connection").text);
    if (strcmp(status, "ok") != 0 && *status)
        fprintf(out, "  %s: %s\n", strcmp(status, "cut") == 0 ? "CUT" : "UNREADABLE",
                without_path(reason, path));
}

static bool print_captures(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, "SELECT * FROM capture ORDER BY capture_id");

    while (mps_query_next(query)) {
        print_capture(query, out);
        if (!mps_view_notes(db, mps_query_int(query, "capture_id"), out, error) ||
            !print_damage(db, mps_query_int(query, "capture_id"), out, error))
            return false;
    }
    return mps_query_finish(query, error);
}

typedef MpsShort Formatter(MpsQuery *query, const char *column);

/* The lines about directions; without @always only if not zero. */
static const struct {
    const char *label, *column;
    Formatter *format;
    bool always;
    const char *packets; /* column with the number of packets, or NULL */
    const char *whole;   /* column that this is a part of, or NULL */
    const char *meaning; /* explained below the connections if the line was there, or NULL */
} direction_lines[] = {
    {"data", "data_bytes", mps_query_bytes, true, NULL, NULL},
    {"goodput", "goodput_bps", mps_query_rate, false, NULL, NULL},
    {"retransmitted", "retransmitted_bytes", mps_query_bytes, true, "retransmitted_packets", NULL},
    {"hole-filled", "hole_filled_bytes", mps_query_bytes, false, "hole_filled_packets", NULL,
     "filled a gap in the sequence: reordered, or lost before the tap"},
    {"reinjected", "reinjected_bytes", mps_query_bytes, true, NULL, "data_bytes"},
    {"remapped", "remapped_bytes", mps_query_bytes, false, NULL, NULL,
     "mapped a second time on the same subflow"},
    {"orphaned", "orphaned_bytes", mps_query_bytes, false, NULL, NULL,
     "skipped by its first sender, and never seen from it"},
    {"missing", "missing_bytes", mps_query_bytes, false, NULL, NULL,
     "acknowledged by the peer, but never captured"},
    {"unmapped", "unmapped_bytes", mps_query_bytes, false, NULL, NULL,
     "without a data sequence mapping"},
    {"data RTT mean", "data_rtt_mean_ns", mps_query_duration, false, NULL, NULL},
    {"data RTT p95", "data_rtt_p95_ns", mps_query_duration, false, NULL, NULL},
    {"RTT spread", "rtt_spread_ns", mps_query_duration, false, NULL, NULL},
};

static char *direction_cell(MpsQuery *query, size_t line)
{
    const char *column = direction_lines[line].column;
    const char *packets = direction_lines[line].packets;
    const char *whole = direction_lines[line].whole;
    const MpsShort value = direction_lines[line].format(query, column);

    /* That of a few FINs tells nothing about data. */
    if (strcmp(column, "rtt_spread_ns") == 0 && mps_query_int(query, "data_bytes") == 0)
        return g_strdup("-");

    if (packets && mps_query_int(query, packets) > 0)
        return g_strdup_printf("%s (%s)", value.text,
                               mps_format_count(mps_query_int(query, packets), "packet").text);
    if (whole && mps_query_int(query, whole) > 0 && mps_query_int(query, column) > 0)
        return g_strdup_printf(
            "%s (%s)", value.text,
            mps_format_percent(mps_query_real(query, column) / mps_query_real(query, whole)).text);
    return g_strdup(value.text);
}

MpsQuery *mps_view_direction(sqlite3 *db, int64_t connection_id, const char *direction)
{
    MpsQuery *query =
        mps_query_new(db, "SELECT d.* FROM (SELECT 1) LEFT JOIN connection_direction d"
                          " ON d.connection_id = ?1 AND d.direction = ?2");

    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_text(query, 2, direction);
    return query;
}

/* Both directions side by side; a direction without a row reads as unknown.  Sets a bit of @told
 * for each line. */
static bool print_directions(sqlite3 *db, int64_t connection_id, unsigned *told, FILE *out,
                             GError **error)
{
    static const MpsTextColumn columns[] = {
        {"", false}, {"client to server", true}, {"server to client", true}, {0}};
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(MpsQuery) up = mps_view_direction(db, connection_id, "c2s");
    g_autoptr(MpsQuery) down = mps_view_direction(db, connection_id, "s2c");

    if (mps_query_next(up) && mps_query_next(down)) {
        for (size_t i = 0; i < G_N_ELEMENTS(direction_lines); i++) {
            const char *column = direction_lines[i].column;
            g_autofree char *c2s = direction_cell(up, i);
            g_autofree char *s2c = direction_cell(down, i);

            if (!direction_lines[i].always && mps_query_real(up, column) <= 0 &&
                mps_query_real(down, column) <= 0)
                continue;
            mps_text_table_add(table, (const char *[]){direction_lines[i].label, c2s, s2c});
            *told |= 1u << i;
        }
        mps_text_table_print(table, out);
    }
    return mps_query_finish(up, error) && mps_query_finish(down, error);
}

static void print_meanings(unsigned told, FILE *out)
{
    const char *before = "\n";

    for (size_t i = 0; i < G_N_ELEMENTS(direction_lines); i++)
        if ((told >> i & 1) && direction_lines[i].meaning) {
            fprintf(out, "%s%s: %s\n", before, direction_lines[i].label,
                    direction_lines[i].meaning);
            before = "";
        }
}

static const char *vantage_words(const char *vantage)
{
    return strcmp(vantage, "near_client") == 0   ? ", captured near the client"
           : strcmp(vantage, "near_server") == 0 ? ", captured near the server"
           : strcmp(vantage, "middle") == 0      ? ", captured between the hosts"
                                                 : "";
}

/* "Connection 2: MPTCP v1", and the path on the same line if there is room. */
static void print_title(MpsQuery *query, FILE *out)
{
    g_autofree char *path = mps_view_path(query);
    g_autoptr(GString) title = g_string_new(NULL);

    g_string_printf(title, "Connection %" PRId64 ": ", mps_query_int(query, "connection_id"));
    if (strcmp(mps_query_text(query, "protocol"), "mptcp") != 0)
        g_string_append(title, mps_query_known(query, "fallback")
                                   ? "TCP, MPTCP offered but not accepted"
                                   : "TCP");
    else if (mps_query_known(query, "version"))
        g_string_append_printf(title, "MPTCP v%" PRId64, mps_query_int(query, "version"));
    else
        g_string_append(title, "MPTCP, version unknown");
    if (strcmp(mps_query_text(query, "handshake"), "none") == 0)
        g_string_append(title, ", handshake not captured");
    fprintf(out, "\n%s%s%s\n", title->str, title->len + strlen(path) > 78 ? "\n  " : ", ", path);
}

static void print_head(MpsQuery *query, FILE *out)
{
    print_title(query, out);
    fprintf(out, "  started %s, lasted %s\n",
            mps_format_time(mps_query_int(query, "start_ns")).text,
            mps_query_duration(query, "duration_ns").text);
    if (mps_query_known(query, "client_token") || mps_query_known(query, "server_token"))
        fprintf(out, "  tokens: client %s, server %s%s\n",
                mps_query_token(query, "client_token").text,
                mps_query_token(query, "server_token").text,
                vantage_words(mps_query_text(query, "vantage")));
    else if (mps_query_known(query, "vantage"))
        fprintf(out, "  %s\n", vantage_words(mps_query_text(query, "vantage")) + 2);
    fprintf(out, "  subflows: %" PRId64 " established, %s attempted\n",
            mps_query_int(query, "subflows"),
            mps_format_count(mps_query_int(query, "joins_attempted"), "join").text);
    if (strcmp(mps_query_text(query, "close"), "capture_end") == 0)
        fputs("  end: not in the capture", out);
    else
        fprintf(out, "  end: %s",
                mps_query_known(query, "close") ? mps_query_text(query, "close") : "-");
    if (mps_query_known(query, "closed_by"))
        fprintf(out, " by %s", mps_query_text(query, "closed_by"));
    if (mps_query_known(query, "fallback"))
        fprintf(out, "; fell back to TCP: %s", mps_query_text(query, "fallback"));
    fputs("\n\n", out);
}

static bool print_connections(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT * FROM connection ORDER BY connection_id");
    unsigned told = 0;

    while (mps_query_next(query)) {
        const int64_t id = mps_query_int(query, "connection_id");

        print_head(query, out);
        if (!print_directions(db, id, &told, out, error))
            return false;
        fputc('\n', out);
        if (!mps_view_subflows(db, id, MPS_SUBFLOWS_TOLD, out, error))
            return false;
    }
    print_meanings(told, out);
    return mps_query_finish(query, error);
}

/* Options that no decoder knows, over all connections. */
static bool print_options(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT words, sum(count) AS times, count(DISTINCT connection_id) AS connections"
            " FROM v_option GROUP BY words ORDER BY name IS NULL, times DESC, words LIMIT ?1");
    int64_t n = 0;

    if (!mps_query_single(db, "SELECT count(DISTINCT words) FROM v_option", 0, &n, error))
        return false;
    mps_query_bind_int(query, 1, OPTIONS_TOLD);
    for (const char *before = "\n"; mps_query_next(query); before = "") {
        g_autofree char *words = mps_format_printable(mps_query_text(query, "words"));

        fprintf(out, "%s%s: %s in %s\n", before, words,
                mps_format_count(mps_query_int(query, "times"), "time").text,
                mps_format_count(mps_query_int(query, "connections"), "connection").text);
    }
    if (n > OPTIONS_TOLD)
        fprintf(out, "... and %s: table option_count\n",
                mps_format_count(n - OPTIONS_TOLD, "other option").text);
    return mps_query_finish(query, error);
}

/* Rules that connections break; `check` tells of them. */
static bool print_violations(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT group_concat(rule_id, ', ') AS rules, sum(times) AS times FROM"
            " (SELECT rule_id, sum(count) AS times FROM fault WHERE verdict = 'violation'"
            " GROUP BY rule_id ORDER BY rule_id)");

    if (mps_query_next(query) && mps_query_int(query, "times") > 0)
        fprintf(out, "\nBroken rules of the RFC (see `mptcpscope check`): %s\n",
                mps_query_text(query, "rules"));
    return mps_query_finish(query, error);
}

static bool print_totals(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT (SELECT count(*) FROM connection) AS connections,"
            " (SELECT count(*) FROM connection WHERE protocol = 'tcp' OR fallback IS NOT NULL)"
            " AS fell_back, (SELECT sum(subflows) FROM connection) AS subflows,"
            " sum(data_bytes) AS data_bytes, sum(retransmitted_bytes) AS retransmitted_bytes,"
            " sum(reinjected_bytes) AS reinjected_bytes FROM connection_direction");

    if (mps_query_next(query))
        fprintf(out,
                "\n%s (%" PRId64 " without MPTCP in the end), %s,\n"
                "%s of data, %s retransmitted, %s reinjected.  The largest:\n\n",
                mps_format_count(mps_query_int(query, "connections"), "connection").text,
                mps_query_int(query, "fell_back"),
                mps_format_count(mps_query_int(query, "subflows"), "subflow").text,
                mps_query_bytes(query, "data_bytes").text,
                mps_query_bytes(query, "retransmitted_bytes").text,
                mps_query_bytes(query, "reinjected_bytes").text);
    return mps_query_finish(query, error);
}

static bool print_largest(sqlite3 *db, FILE *out, GError **error)
{
    if (!print_totals(db, out, error) || !mps_view_list_largest(db, TOLD_ONE_BY_ONE, out, error) ||
        !mps_view_list_unknown_joins(db, out, error) || !print_options(db, out, error) ||
        !print_violations(db, out, error))
        return false;
    fputs("\n`mptcpscope list` shows all, `mptcpscope show -c N` everything about one.\n", out);
    return true;
}

/* Why there is none. */
static bool print_no_connection(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT sum(tcp_packets) AS tcp, sum(mptcp_packets) AS mptcp,"
                          " sum(packets) = sum(filtered_packets) AS none_passed,"
                          " sum(packets) AS packets FROM capture");

    if (!mps_query_next(query))
        return mps_query_finish(query, error);
    if (mps_query_int(query, "packets") > 0 && mps_query_int(query, "none_passed"))
        fputs("\nno packet passed --filter, --since and --until\n", out);
    else
        fprintf(out, "\nno MPTCP connection in %s%s\n",
                mps_format_count(mps_query_int(query, "tcp"), "TCP packet").text,
                mps_query_int(query, "mptcp") > 0 ? ", though some have MPTCP options" : "");
    return mps_query_finish(query, error);
}

bool mps_view_summary(sqlite3 *db, FILE *out, GError **error)
{
    int64_t connections = 0;

    if (!print_captures(db, out, error) || !mps_left_out_print(db, out, error) ||
        !mps_query_single(db, "SELECT count(*) FROM connection", 0, &connections, error) ||
        (connections == 0 && !print_no_connection(db, out, error)))
        return false;
    if (connections > TOLD_ONE_BY_ONE)
        return print_largest(db, out, error);
    return print_connections(db, out, error) && print_options(db, out, error) &&
           mps_view_unknown_joins(db, out, error) && print_violations(db, out, error);
}

bool mps_view_summary_json(sqlite3 *db, FILE *out, GError **error)
{
    fputs("{\"capture\":[", out);
    if (!mps_json_rows(db, "SELECT * FROM capture ORDER BY capture_id", 0, ",", out, error))
        return false;
    fputs("\n],\n\"damage\":[", out);
    if (!mps_json_rows(db, "SELECT * FROM damage ORDER BY capture_id, kind", 0, ",", out, error))
        return false;
    fputs("\n],\n\"connection\":[", out);
    if (!mps_connection_json(db, MPS_ALL_CONNECTIONS, false, out, error))
        return false;
    fputs("\n],\n\"option_count\":[", out);
    if (!mps_json_rows(db, "SELECT * FROM option_count ORDER BY connection_id, first_ns", 0, ",",
                       out, error))
        return false;
    fputs("\n],\n\"unknown_join\":[", out);
    if (!mps_json_rows(db, "SELECT * FROM subflow WHERE connection_id IS NULL ORDER BY subflow_id",
                       0, ",", out, error))
        return false;
    fputs("\n]}\n", out);
    return true;
}
