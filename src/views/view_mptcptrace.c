/* view_mptcptrace.c - the files that scripts written for mptcptrace (Hesmans and Bonaventure, 2014)
 * read: its names, columns and colours, drawn from the bounded time lines of the database.
 *
 * <dir>_<graph>_<n>.csv and .xpl, stats_<n>.csv and so on; n counts connections from 0. */
#include "views/views.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "views/query.h"

/* Rows of a graph have ts_ns and flow (the colour), and
 *   POINTS  y
 *   LINES   y, y2 (vertical; NULL: a point), reinjected: colour of the subflow that sent the data
 *           first, -1 if it was not sent before
 *   SUMS    n, total: so many points, of which only the sum is known
 *   RANGES  the same and low, high: their extremes are known, too */
typedef enum { POINTS, LINES, SUMS, RANGES } Shape;

typedef struct {
    const char *name, *title, *y_label;
    Shape shape;
    bool real;       /* values are not integers */
    const char *sql; /* of a connection (?1) and direction (?2) */
} Graph;

#define FLOW     "(SELECT s.ordinal + 1 FROM subflow s WHERE s.subflow_id = "
#define OF_WHOLE " FROM series WHERE connection_id = ?1 AND direction = ?2 AND subflow_id IS NULL"
#define OF_SUBFLOWS                                                                                \
    " FROM series r WHERE connection_id = ?1 AND direction = ?2 AND r.subflow_id IS NOT NULL"

static const Graph graphs[] = {
    {"seq", "Time sequence", "Sequence number", LINES, false,
     "SELECT first_ns AS ts_ns, data_offset AS y, data_offset + bytes AS y2,"
     " " FLOW "r.subflow_id) AS flow, -1 AS reinjected FROM dsn_run r"
     " WHERE connection_id = ?1 AND direction = ?2 AND kind <> 'reinjection'"
     " UNION ALL SELECT ts_ns, data_offset, data_offset + bytes, " FLOW "r.subflow_id),"
     " coalesce(" FLOW "r.from_subflow_id), 0) FROM reinjection r"
     " WHERE connection_id = ?1 AND direction = ?2"
     " UNION ALL SELECT data_acked_ns, data_acked_bytes, NULL, 0, NULL" OF_WHOLE
     " AND data_acked_bytes IS NOT NULL ORDER BY 1, 2"},
    {"acksize", "MPTCP Ack size", "Ack size", SUMS, false,
     "SELECT bin_start_ns AS ts_ns, 0 AS flow, data_acks AS n, data_ack_bytes AS total" OF_WHOLE
     " AND data_acks > 0 ORDER BY 1"},
    {"rtt_seq", "MPTCP RTT", "RTT [ms]", RANGES, true,
     "SELECT bin_start_ns AS ts_ns, 0 AS flow, rtt_samples AS n, rtt_samples * rtt_mean_ns / 1e6"
     " AS total, rtt_min_ns / 1e6 AS low, rtt_max_ns / 1e6 AS high" OF_WHOLE
     " AND rtt_samples > 0 ORDER BY 1"},
    {"flight", "Window and MPTCP flight size", "size", POINTS, false,
     "SELECT bin_start_ns AS ts_ns, window_bytes AS y, 1 AS flow" OF_WHOLE
     " AND window_bytes IS NOT NULL"
     " UNION ALL SELECT bin_start_ns, flight_bytes, 2" OF_WHOLE " AND flight_bytes IS NOT NULL"
     " UNION ALL SELECT bin_start_ns, tcp_flight_bytes, 3" OF_WHOLE
     " AND tcp_flight_bytes IS NOT NULL ORDER BY 1, 3"},
    {"flight_per_flow", "Per flow flight size", "size", LINES, false,
     "SELECT bin_start_ns AS ts_ns, 0 AS y, flight_bytes AS y2, " FLOW "r.subflow_id) AS flow,"
     " -1 AS reinjected" OF_SUBFLOWS " AND flight_bytes IS NOT NULL ORDER BY 1, 4"},
    {"rightEdge", "Right edge Evolution", "Right edge", POINTS, false,
     "SELECT data_acked_ns AS ts_ns, data_acked_bytes AS y, 1 AS flow" OF_WHOLE
     " AND data_acked_bytes IS NOT NULL"
     " UNION ALL SELECT data_acked_ns, data_acked_bytes + window_end_bytes, 2" OF_WHOLE
     " AND data_acked_bytes IS NOT NULL AND window_bytes IS NOT NULL ORDER BY 1, 3"},
    {"gput", "MPTCP goodput", "Goodput", POINTS, true,
     "WITH acked AS (SELECT bin_start_ns + bin_width_ns AS ts_ns, bin_width_ns AS width_ns,"
     " data_ack_bytes AS bytes,"
     " min(bin_start_ns) OVER () AS first_ns" OF_WHOLE " AND data_ack_bytes > 0)"
     " SELECT ts_ns, bytes * 1e3 / width_ns AS y, 1 AS flow FROM acked"
     " UNION ALL SELECT ts_ns, sum(bytes) OVER (ORDER BY ts_ns) * 1e3 / (ts_ns - first_ns), 2"
     " FROM acked"
     " UNION ALL SELECT ts_ns, (SELECT sum(b.bytes) FROM acked b WHERE b.ts_ns <= a.ts_ns AND"
     " b.ts_ns > a.ts_ns - 8 * a.width_ns) * 1e3 / min(8 * width_ns, ts_ns - first_ns), 3"
     " FROM acked a ORDER BY 1, 3"},
};

/* ---- marks as text ---- */

typedef struct {
    char text[32];
} Number;

static Number number_text(const Graph *graph, double value)
{
    Number number;

    g_snprintf(number.text, sizeof number.text, graph->real ? "%.6f" : "%.0f", value);
    return number;
}

static Number time_text(int64_t ns)
{
    Number number;

    g_snprintf(number.text, sizeof number.text, "%" PRId64 ".%06d", ns / 1000000000,
               (int)(ns % 1000000000 / 1000));
    return number;
}

/* xplot has eight colours. */
static int colour(int64_t flow)
{
    return (int)(flow % 8);
}

static void print_point(const Graph *graph, bool csv, int64_t ts_ns, double y, int64_t flow,
                        FILE *out)
{
    if (csv)
        fprintf(out, "%s,%s,%" PRId64 ",0,0,-1\n", time_text(ts_ns).text,
                number_text(graph, y).text, flow);
    else
        fprintf(out, "%d\ndiamond %s %s\n", colour(flow), time_text(ts_ns).text,
                number_text(graph, y).text);
}

static void print_line(const Graph *graph, bool csv, MpsQuery *query, FILE *out)
{
    const Number time = time_text(mps_query_int(query, "ts_ns"));
    const Number y = number_text(graph, mps_query_real(query, "y"));
    const Number y2 = number_text(graph, mps_query_real(query, "y2"));
    const int64_t flow = mps_query_int(query, "flow");
    const int64_t reinjected = mps_query_int(query, "reinjected");

    if (csv) {
        fprintf(out, "%s,%s,%" PRId64 ",1,%s,%" PRId64 "\n", time.text, y.text, flow, y2.text,
                reinjected);
        return;
    }
    if (reinjected >= 0)
        fprintf(out, "%d\natext %s %s\n R \n", colour(reinjected), time.text, y2.text);
    fprintf(out, "%d\nline %s %s %s %s \n", colour(flow), time.text, y.text, time.text, y2.text);
}

/* The @i-th of the @n points of a row. */
static double spread(const Graph *graph, MpsQuery *query, int64_t i, int64_t n)
{
    if (graph->shape == SUMS) {
        const int64_t total = mps_query_int(query, "total");

        return (double)(total * (i + 1) / n - total * i / n);
    }

    const double low = mps_query_real(query, "low"), high = mps_query_real(query, "high");

    if (i == 0 || i == n - 1)
        return i == 0 ? low : high;
    return (mps_query_real(query, "total") - low - high) / (double)(n - 2);
}

static void print_mark(const Graph *graph, bool csv, MpsQuery *query, FILE *out)
{
    const int64_t ts_ns = mps_query_int(query, "ts_ns"), flow = mps_query_int(query, "flow");

    if (graph->shape == LINES && mps_query_known(query, "y2")) {
        print_line(graph, csv, query, out);
    } else if (graph->shape == LINES || graph->shape == POINTS) {
        print_point(graph, csv, ts_ns, mps_query_real(query, "y"), flow, out);
    } else {
        const int64_t n = mps_query_int(query, "n");

        for (int64_t i = 0; i < n; i++)
            print_point(graph, csv, ts_ns, spread(graph, query, i, n), flow, out);
    }
}

static bool print_graph(sqlite3 *db, const Graph *graph, int64_t connection_id,
                        const char *direction, bool csv, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, graph->sql);

    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_text(query, 2, direction);
    if (!csv)
        fprintf(out, "timeval double\ntitle\n%s - %s\nxlabel\nTime\nylabel\n%s\n", direction,
                graph->title, graph->y_label);
    while (mps_query_next(query))
        print_mark(graph, csv, query, out);
    return mps_query_finish(query, error);
}

/* ---- other files ---- */

/* Rows of one column of text. */
typedef struct {
    const char *name;
    bool directed; /* one for each direction: <dir>_<name>_<n>.csv */
    const char *sql;
} Sheet;

/* Sequence numbers are data offsets, so each direction begins with 0. */
static const Sheet sheets[] = {
    {"stats", false,
     "WITH c AS (SELECT c.*, (SELECT group_concat(path, ',') FROM capture) AS file,"
     " u.data_acked_bytes AS up, d.data_acked_bytes AS down, u.reinjected_bytes AS up_again,"
     " d.reinjected_bytes AS down_again FROM connection c"
     " JOIN connection_direction u ON u.connection_id = c.connection_id AND u.direction = 'c2s'"
     " JOIN connection_direction d ON d.connection_id = c.connection_id AND d.direction = 's2c'"
     " WHERE c.connection_id = ?1),"
     " stat(name, c2s, s2c) AS ("
     " SELECT 'firstSeq', 0, 0"
     " UNION ALL SELECT 'lastAck', down, up FROM c"
     " UNION ALL SELECT 'conTime', printf('%.6f', duration_ns / 1e9),"
     " printf('%.6f', duration_ns / 1e9) FROM c"
     " UNION ALL SELECT 'beginTime', t, t FROM (SELECT printf('%d.%06d', start_ns / 1000000000,"
     " start_ns / 1000 % 1000000) AS t FROM c)"
     " UNION ALL SELECT 'seqAcked', up, down FROM c"
     " UNION ALL SELECT 'reinjected', up_again, down_again FROM c"
     " UNION ALL SELECT 'bytesReinjected', up_again, down_again FROM c"
     " UNION ALL SELECT 'precentReinjected',"
     " printf('%.6f', CASE WHEN up > 0 THEN 1.0 * up_again / up ELSE 0 END),"
     " printf('%.6f', CASE WHEN down > 0 THEN 1.0 * down_again / down ELSE 0 END) FROM c"
     " WHERE up IS NOT NULL AND down IS NOT NULL)"
     " SELECT file || ';' || (connection_id - 1) || ';' || name || ';' || c2s || ';' || s2c AS line"
     " FROM c JOIN stat WHERE c2s IS NOT NULL AND s2c IS NOT NULL"},
    {"sf", true,
     "SELECT s.ordinal || ',' || u.mapped_bytes || ',' || d.mapped_bytes AS line FROM subflow s"
     " JOIN subflow_direction u ON u.subflow_id = s.subflow_id AND u.direction = 'c2s'"
     " JOIN subflow_direction d ON d.subflow_id = s.subflow_id AND d.direction = 's2c'"
     " WHERE s.connection_id = ?1 AND ?2 <> '' ORDER BY s.ordinal"},
    {"map_reinject", true,
     /* A byte is reinjected at most once per subflow. */
     "WITH edge AS (SELECT data_offset AS at, 1 AS step FROM reinjection"
     " WHERE connection_id = ?1 AND direction = ?2 UNION ALL SELECT data_offset + bytes, -1"
     " FROM reinjection WHERE connection_id = ?1 AND direction = ?2),"
     " piece AS (SELECT at, sum(sum(step)) OVER (ORDER BY at) AS n, lead(at) OVER (ORDER BY at)"
     " AS high FROM edge GROUP BY at)"
     " SELECT line FROM (SELECT 'id,n,bytes' AS line, -9e18 AS at"
     " UNION ALL SELECT at || ',' || n || ',' || (high - at), at FROM piece WHERE n > 0)"
     " ORDER BY at"},
    {"add_addr", false,
     "SELECT printf('%d.%06d', ts_ns / 1000000000, ts_ns / 1000 % 1000000) || ',' ||"
     " CASE sent_by WHEN 'client' THEN 'c2s' ELSE 's2c' END || ',' || address_id || ',' ||"
     " coalesce(address, '') || ',' || coalesce(port, '') AS line"
     " FROM address WHERE connection_id = ?1 AND kind = 'add' ORDER BY ts_ns"},
    {"rm_addr", false,
     "SELECT printf('%d.%06d', ts_ns / 1000000000, ts_ns / 1000 % 1000000) || ',' ||"
     " CASE sent_by WHEN 'client' THEN 'c2s' ELSE 's2c' END || ',' || address_id || ',' ||"
     " coalesce(address, '') AS line"
     " FROM address WHERE connection_id = ?1 AND kind = 'remove' ORDER BY ts_ns"},
};

static bool print_sheet(sqlite3 *db, const Sheet *sheet, int64_t connection_id,
                        const char *direction, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, sheet->sql);

    mps_query_bind_int(query, 1, connection_id);
    if (sheet->directed)
        mps_query_bind_text(query, 2, direction);
    while (mps_query_next(query))
        fprintf(out, "%s\n", mps_query_text(query, "line"));
    return mps_query_finish(query, error);
}

/* ---- names ---- */

static const char *const directions[] = {"c2s", "s2c"};

static void add_names(GPtrArray *names, int64_t number)
{
    for (size_t way = 0; way < G_N_ELEMENTS(directions); way++) {
        for (size_t i = 0; i < G_N_ELEMENTS(graphs); i++) {
            g_ptr_array_add(names, g_strdup_printf("%s_%s_%" PRId64 ".csv", directions[way],
                                                   graphs[i].name, number));
            g_ptr_array_add(names, g_strdup_printf("%s_%s_%" PRId64 ".xpl", directions[way],
                                                   graphs[i].name, number));
        }
        for (size_t i = 0; i < G_N_ELEMENTS(sheets); i++)
            if (sheets[i].directed)
                g_ptr_array_add(names, g_strdup_printf("%s_%s_%" PRId64 ".csv", directions[way],
                                                       sheets[i].name, number));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(sheets); i++)
        if (!sheets[i].directed)
            g_ptr_array_add(names, g_strdup_printf("%s_%" PRId64 ".csv", sheets[i].name, number));
}

char **mps_view_mptcptrace_files(sqlite3 *db, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT connection_id FROM connection WHERE protocol = 'mptcp' ORDER BY 1");

    while (mps_query_next(query))
        add_names(names, mps_query_int(query, "connection_id") - 1);
    if (!mps_query_finish(query, error))
        return NULL;
    g_ptr_array_add(names, NULL);
    g_ptr_array_set_free_func(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

bool mps_view_mptcptrace_file(sqlite3 *db, const char *name, FILE *out, GError **error)
{
    const char *direction = g_str_has_prefix(name, "s2c_") ? "s2c" : "c2s";
    const bool directed = g_str_has_prefix(name, "s2c_") || g_str_has_prefix(name, "c2s_");
    const char *number = strrchr(name, '_') + 1;
    const int64_t connection_id = strtoll(number, NULL, 10) + 1;
    const char *begin = directed ? name + strlen("c2s_") : name;
    g_autofree char *what = g_strndup(begin, (size_t)(number - 1 - begin));

    for (size_t i = 0; i < G_N_ELEMENTS(graphs); i++)
        if (directed && strcmp(graphs[i].name, what) == 0)
            return print_graph(db, &graphs[i], connection_id, direction,
                               g_str_has_suffix(name, ".csv"), out, error);
    for (size_t i = 0; i < G_N_ELEMENTS(sheets); i++)
        if (strcmp(sheets[i].name, what) == 0)
            return print_sheet(db, &sheets[i], connection_id, direction, out, error);
    g_assert_not_reached();
}

bool mps_view_mptcptrace_list(sqlite3 *db, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT c.connection_id - 1 AS id, s.ordinal, s.client_addr, s.client_port,"
            " s.server_addr, s.server_port, coalesce(u.syn_window_scale, 0) AS up,"
            " coalesce(d.syn_window_scale, 0) AS down FROM connection c"
            " JOIN subflow s USING (connection_id)"
            " JOIN subflow_direction u ON u.subflow_id = s.subflow_id AND u.direction = 'c2s'"
            " JOIN subflow_direction d ON d.subflow_id = s.subflow_id AND d.direction = 's2c'"
            " WHERE protocol = 'mptcp' ORDER BY c.connection_id, s.ordinal");

    while (mps_query_next(query)) {
        const int64_t id = mps_query_int(query, "id"), ordinal = mps_query_int(query, "ordinal");
        const char *client = mps_query_text(query, "client_addr");

        if (ordinal == 0)
            fprintf(out, "MPTCP connection %" PRId64 " with id %" PRId64 "\n", id, id);
        fprintf(out,
                "\tSubflow %" PRId64 " with wscale : %" PRId64 " %" PRId64 " %s sport %" PRId64,
                ordinal, mps_query_int(query, "up"), mps_query_int(query, "down"),
                strchr(client, ':') ? "IPv6" : "IPv4", mps_query_int(query, "client_port"));
        fprintf(out, " dport %" PRId64 " saddr %s daddr %s\n", mps_query_int(query, "server_port"),
                client, mps_query_text(query, "server_addr"));
    }
    return mps_query_finish(query, error);
}
