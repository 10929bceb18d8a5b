/* view_tcptrace.c - each subflow as `tcptrace -l -r -W` prints a connection: names and layout. */
#include "views/views.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "views/query.h"

/* What a line says of one direction; NULL: not known. */
typedef char *Value(MpsQuery *query);

typedef struct {
    const char *name, *unit;
    Value *value;
    const char *column; /* if value is NULL: an integer, as it is */
} Line;

static char *known_int(MpsQuery *query, const char *column)
{
    return mps_query_known(query, column)
               ? g_strdup_printf("%" PRId64, mps_query_int(query, column))
               : NULL;
}

/* ---- the values that are not a column ---- */

static char *ms(MpsQuery *query, const char *column)
{
    /* tcptrace sums microseconds and has 0 where there are no samples. */
    return g_strdup_printf("%.1f", mps_query_real(query, column) / 1e6);
}

#define MS(name, column)                                                                           \
    static char *name(MpsQuery *query)                                                             \
    {                                                                                              \
        return ms(query, column);                                                                  \
    }
MS(rtt_min, "rtt_min_ns")
MS(rtt_max, "rtt_max_ns")
MS(rtt_mean, "rtt_mean_ns")
MS(rtt_handshake, "handshake_ns")
MS(idle, "packet_gap_max_ns")
MS(again_min, "again_min_ns")
MS(again_max, "again_max_ns")
MS(again_mean, "again_mean_ns")

/* tcptrace has 0 for fewer than three samples. */
static char *rtt_sd(MpsQuery *query)
{
    return mps_query_int(query, "rtt_samples") < 3 ? g_strdup("0.0") : ms(query, "rtt_sd_ns");
}

static char *syn_fin(MpsQuery *query)
{
    return g_strdup_printf("%" PRId64 "/%" PRId64, mps_query_int(query, "syn_packets"),
                           mps_query_int(query, "fin_packets"));
}

static char *rfc1323(MpsQuery *query)
{
    return g_strdup_printf("%c/%c", mps_query_known(query, "syn_window_scale") ? 'Y' : 'N',
                           mps_query_int(query, "syn_timestamps") ? 'Y' : 'N');
}

static char *sack(MpsQuery *query)
{
    return g_strdup(mps_query_int(query, "syn_sack_permitted") ? "Y" : "N");
}

static char *scale(MpsQuery *query)
{
    return g_strdup_printf("%" PRId64, mps_query_int(query, "syn_window_scale"));
}

static char *segment_mean(MpsQuery *query)
{
    const int64_t packets = mps_query_int(query, "payload_packets");

    return g_strdup_printf("%" PRId64,
                           packets ? mps_query_int(query, "payload_bytes") / packets : 0);
}

static char *window_mean(MpsQuery *query)
{
    return mps_query_known(query, "announced_window_mean_bytes")
               ? g_strdup_printf("%.0f",
                                 floor(mps_query_real(query, "announced_window_mean_bytes")))
               : NULL;
}

static char *owin_max(MpsQuery *query)
{
    return g_strdup_printf("%" PRId64, mps_query_int(query, "flight_max_bytes") + 1);
}

static char *missed(MpsQuery *query)
{
    return mps_query_known(query, "stream_bytes")
               ? g_strdup_printf("%" PRId64, mps_query_int(query, "stream_bytes") -
                                                 mps_query_int(query, "unique_bytes"))
               : NULL;
}

static char *transmit_time(MpsQuery *query)
{
    return g_strdup_printf("%.3f", (double)(mps_query_int(query, "last_payload_ns") / 1000 -
                                            mps_query_int(query, "first_payload_ns") / 1000) /
                                       1e6);
}

static char *throughput(MpsQuery *query)
{
    const int64_t us =
        mps_query_int(query, "end_ns") / 1000 - mps_query_int(query, "first_ns") / 1000;

    return us > 0 ? g_strdup_printf("%.0f", (double)mps_query_int(query, "unique_bytes") /
                                                ((double)us / 1e6))
                  : NULL;
}

static char *unavailable(MpsQuery *query G_GNUC_UNUSED)
{
    return NULL;
}

/* Said only if there were any. */
static const char RESETS_SENT[] = "resets sent";

static const Line lines[] = {
    {"total packets", "", NULL, "packets"},
    {RESETS_SENT, "", NULL, "rst_packets"},
    {"ack pkts sent", "", NULL, "ack_packets"},
    {"pure acks sent", "", NULL, "pure_acks"},
    {"sack pkts sent", "", NULL, "sack_packets"},
    {"dsack pkts sent", "", NULL, "dsack_packets"},
    {"max sack blks/ack", "", NULL, "sack_blocks_max"},
    {"unique bytes sent", "", NULL, "unique_bytes"},
    {"actual data pkts", "", NULL, "payload_packets"},
    {"actual data bytes", "", NULL, "payload_bytes"},
    {"rexmt data pkts", "", NULL, "retransmitted_packets"},
    {"rexmt data bytes", "", NULL, "retransmitted_bytes"},
    {"zwnd probe pkts", "", NULL, "closed_window_packets"},
    {"zwnd probe bytes", "", NULL, "closed_window_bytes"},
    {"outoforder pkts", "", NULL, "out_of_order_packets"},
    {"pushed data pkts", "", NULL, "pushed_packets"},
    {"SYN/FIN pkts sent", "", syn_fin, NULL},
    {"req 1323 ws/ts", "", rfc1323, NULL},
    {"adv wind scale", "", scale, NULL},
    {"req sack", "", sack, NULL},
    {"sacks sent", "", NULL, "sack_packets"},
    {"urgent data pkts", "pkts", NULL, "urgent_packets"},
    {"urgent data bytes", "bytes", unavailable, NULL},
    {"mss requested", "bytes", NULL, "syn_mss_bytes"},
    {"max segm size", "bytes", NULL, "segment_max_bytes"},
    {"min segm size", "bytes", NULL, "segment_min_bytes"},
    {"avg segm size", "bytes", segment_mean, NULL},
    {"max win adv", "bytes", NULL, "announced_window_max_bytes"},
    {"min win adv", "bytes", NULL, "announced_window_min_bytes"},
    {"zero win adv", "times", NULL, "announced_window_zero_packets"},
    {"avg win adv", "bytes", window_mean, NULL},
    {"max owin", "bytes", owin_max, NULL},
    {"min non-zero owin", "bytes", unavailable, NULL},
    {"avg owin", "bytes", unavailable, NULL},
    {"wavg owin", "bytes", unavailable, NULL},
    {"initial window", "bytes", NULL, "initial_window_bytes"},
    {"initial window", "pkts", NULL, "initial_window_packets"},
    {"ttl stream length", "bytes", NULL, "stream_bytes"},
    {"missed data", "bytes", missed, NULL},
    {"truncated data", "bytes", NULL, "truncated_bytes"},
    {"truncated packets", "pkts", NULL, "truncated_packets"},
    {"data xmit time", "secs", transmit_time, NULL},
    {"idletime max", "ms", idle, NULL},
    {"throughput", "Bps", throughput, NULL},
    {NULL, NULL, NULL, NULL},
    {"RTT samples", "", NULL, "rtt_samples"},
    {"RTT min", "ms", rtt_min, NULL},
    {"RTT max", "ms", rtt_max, NULL},
    {"RTT avg", "ms", rtt_mean, NULL},
    {"RTT stdev", "ms", rtt_sd, NULL},
    {NULL, NULL, NULL, NULL},
    {"RTT from 3WHS", "ms", rtt_handshake, NULL},
    {"RTT full_sz smpls", "", unavailable, NULL},
    {"RTT full_sz min", "ms", unavailable, NULL},
    {"RTT full_sz max", "ms", unavailable, NULL},
    {"RTT full_sz avg", "ms", unavailable, NULL},
    {"RTT full_sz stdev", "ms", unavailable, NULL},
    {NULL, NULL, NULL, NULL},
    {"post-loss acks", "", unavailable, NULL},
    {"segs cum acked", "", unavailable, NULL},
    {"duplicate acks", "", unavailable, NULL},
    {"triple dupacks", "", unavailable, NULL},
    {"max # retrans", "", NULL, "again_times"},
    {"min retr time", "ms", again_min, NULL},
    {"max retr time", "ms", again_max, NULL},
    {"avg retr time", "ms", again_mean, NULL},
    {"sdv retr time", "ms", unavailable, NULL},
};

/* ---- one subflow ---- */

/* a, b, ... z, aa, ab, ... */
static char *host_name(unsigned number)
{
    g_autoptr(GString) name = g_string_new(NULL);

    for (unsigned left = number + 1; left > 0; left = (left - 1) / 26)
        g_string_prepend_c(name, (char)('a' + (left - 1) % 26));
    return g_strdup(name->str);
}

/* As ctime() writes it, with microseconds. */
static void print_time(const char *name, int64_t ns, FILE *out)
{
    const time_t seconds = (time_t)(ns / 1000000000);
    struct tm tm;
    char text[64];

    localtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%a %b %e %H:%M:%S", &tm);
    fprintf(out, "\t%-14s %s.%06d %d\n", name, text, (int)(ns % 1000000000 / 1000),
            tm.tm_year + 1900);
}

static void print_elapsed(int64_t us, FILE *out)
{
    fprintf(out, "\t%-14s %" PRId64 ":%02d:%02d.%06d\n", "elapsed time:", us / 3600000000,
            (int)(us / 60000000 % 60), (int)(us / 1000000 % 60), (int)(us % 1000000));
}

/* A stray RST does not end anything. */
static const char *completeness(MpsQuery *query)
{
    const char *close = mps_query_text(query, "close");

    if (strcmp(close, "reset") == 0 || strcmp(close, "fastclose") == 0)
        return "RESET";
    return strcmp(close, "fin") == 0 && mps_query_int(query, "both_syn") ? "yes" : "no";
}

static void print_host(const char *name, const MpsShort *endpoint, FILE *out)
{
    g_autofree char *label = g_strdup_printf("host %s:", name);

    fprintf(out, "\t%-14s %s\n", label, endpoint->text);
}

static void print_head(MpsQuery *query, int64_t number, const char *a, const char *b, FILE *out)
{
    const bool client_opens = strcmp(mps_query_text(query, "opener"), "client") == 0;
    const MpsShort opener = mps_query_endpoint(query, client_opens ? "client" : "server");
    const MpsShort other = mps_query_endpoint(query, client_opens ? "server" : "client");

    if (number > 1)
        fputs("================================\n", out);
    fprintf(out, "TCP connection %" PRId64 ":\n", number);
    print_host(a, &opener, out);
    print_host(b, &other, out);
    fprintf(out, "\t%-14s %s\n", "complete conn:", completeness(query));
    print_time("first packet:", mps_query_int(query, "first_ns"), out);
    print_time("last packet:", mps_query_int(query, "end_ns"), out);
    print_elapsed(mps_query_int(query, "end_ns") / 1000 - mps_query_int(query, "first_ns") / 1000,
                  out);
    fprintf(out, "\t%-14s %" PRId64 "\n", "total packets:", mps_query_int(query, "both_packets"));
    if (mps_query_known(query, "connection_id"))
        fprintf(out, "\t%-14s c%" PRId64 ".%" PRId64 "\n",
                "subflow:", mps_query_int(query, "connection_id"), mps_query_int(query, "ordinal"));
    fprintf(out, "   %s->%s:\t\t\t      %s->%s:\n", a, b, b, a);
}

static char *value_of(const Line *line, MpsQuery *query)
{
    return line->value ? line->value(query) : known_int(query, line->column);
}

/* Both directions of a subflow; the rows of its two directions follow each other. */
static void print_lines(char **left, char **right, FILE *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        const Line *line = &lines[i];
        g_autofree char *label = line->name ? g_strconcat(line->name, ":", NULL) : NULL;

        if (!label)
            fputc('\n', out);
        else if (line->name != RESETS_SENT || strcmp(left[i], "0") != 0 ||
                 strcmp(right[i], "0") != 0)
            fprintf(out, "     %-19s %8s %-5s     %-19s %8s %-5s\n", label, left[i], line->unit,
                    label, right[i], line->unit);
    }
}

/* The two directions of each subflow with its opener's first. */
static const char sql[] =
    "WITH again AS ("
    "  SELECT subflow_id AS subflow, direction AS dir,"
    "    sum(bytes > 0 AND bytes = hole_filled_bytes) AS out_of_order_packets,"
    "    min(elapsed_ns) FILTER (WHERE bytes > hole_filled_bytes) AS again_min_ns,"
    "    max(elapsed_ns) FILTER (WHERE bytes > hole_filled_bytes) AS again_max_ns,"
    "    avg(elapsed_ns) FILTER (WHERE bytes > hole_filled_bytes) AS again_mean_ns"
    "  FROM retransmission GROUP BY 1, 2),"
    " times AS ("
    "  SELECT subflow AS subflow, dir AS dir, max(n) AS again_times FROM ("
    "    SELECT subflow_id AS subflow, direction AS dir, count(*) AS n FROM retransmission"
    "    WHERE bytes > hole_filled_bytes GROUP BY subflow_id, direction, seq) GROUP BY 1, 2)"
    " SELECT s.*, d.*, coalesce(s.opened_by, 'client') AS opener,"
    "  coalesce(a.out_of_order_packets, 0) AS out_of_order_packets,"
    "  coalesce(t.again_times, 0) AS again_times,"
    "  a.again_min_ns, a.again_max_ns, a.again_mean_ns,"
    "  CASE WHEN (coalesce(s.opened_by, 'client') = 'client') = (d.direction = 'c2s')"
    "    THEN s.syn_to_synack_ns ELSE s.synack_to_ack_ns END AS handshake_ns,"
    "  coalesce(s.syn_ns, c.start_ns, s.end_ns) AS first_ns,"
    "  sum(d.packets) OVER both AS both_packets,"
    "  min(d.syn_packets) OVER both > 0 AS both_syn"
    " FROM subflow s JOIN subflow_direction d USING (subflow_id)"
    " LEFT JOIN connection c USING (connection_id)"
    " LEFT JOIN again a ON a.subflow = s.subflow_id AND a.dir = d.direction"
    " LEFT JOIN times t ON t.subflow = s.subflow_id AND t.dir = d.direction"
    " WINDOW both AS (PARTITION BY s.subflow_id)"
    " ORDER BY first_ns, s.subflow_id,"
    "  (opener = 'client') <> (d.direction = 'c2s')";

static void fill(char **texts, MpsQuery *query)
{
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_free(texts[i]);
        texts[i] = lines[i].name ? value_of(&lines[i], query) : NULL;
        if (!texts[i])
            texts[i] = g_strdup("NA");
    }
}

bool mps_view_tcptrace(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);
    char *texts[2][G_N_ELEMENTS(lines)] = {{NULL}};
    int64_t number = 0;

    for (bool second = false; mps_query_next(query); second = !second) {
        fill(texts[second], query);
        if (second) {
            print_lines(texts[0], texts[1], out);
            continue;
        }
        g_autofree char *a = host_name((unsigned)(2 * number));
        g_autofree char *b = host_name((unsigned)(2 * number + 1));

        print_head(query, ++number, a, b, out);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_free(texts[0][i]);
        g_free(texts[1][i]);
    }
    return mps_query_finish(query, error);
}
