/* view_interval.c - rates per interval of time, per subflow and in all, from table series. */
#include "views/views.h"

#include <inttypes.h>

#include <mptcpscope/error.h>

#include "views/parts.h"
#include "views/query.h"
#include "views/text_table.h"

/* More lines than this per subflow are a mistake. */
#define INTERVALS_MAX 100000

/* Bins of direction ?2, in the intervals of ?3 ns since ?4.  A bin, no wider than an interval and
 * cut at the ends of the connection (?4, ?5), lies in one or two of them; its numbers are shared by
 * time.  Subflow NULL: all. */
#define RATES                                                                                      \
    "WITH RECURSIVE step(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM step"                       \
    " WHERE ?4 + (i + 1) * ?3 <= ?5),"                                                             \
    " bin AS (SELECT subflow_id, max(bin_start_ns, ?4) AS low,"                                    \
    " min(bin_start_ns + bin_width_ns, ?5 + 1) AS high, payload_bytes, data_bytes,"                \
    " retransmitted_bytes, reinjected_bytes FROM series WHERE connection_id = ?1"                  \
    " AND direction = ?2 AND subflow_id IS NOT NULL),"                                             \
    " piece AS (SELECT b.*, (b.low - ?4) / ?3 + k.column1 AS i FROM bin b"                         \
    " JOIN (VALUES (0), (1)) k WHERE ?4 + ((b.low - ?4) / ?3 + k.column1) * ?3 < b.high),"         \
    " part AS (SELECT *, 1.0 * (min(high, ?4 + (i + 1) * ?3) - max(low, ?4 + i * ?3))"             \
    " / max(high - low, 1) AS part FROM piece),"                                                   \
    " used AS (SELECT s.subflow_id, s.ordinal FROM subflow s JOIN subflow_direction d"             \
    " USING (subflow_id) WHERE s.connection_id = ?1 AND d.direction = ?2"                          \
    " AND d.payload_bytes > 0 UNION ALL SELECT NULL, NULL)"                                        \
    " SELECT step.i, u.ordinal, min(?3, ?5 - ?4 - step.i * ?3) AS length_ns,"                      \
    " CAST(round(ifnull(sum(p.payload_bytes * p.part), 0)) AS INTEGER) AS payload_bytes,"          \
    " CAST(round(ifnull(sum(p.data_bytes * p.part), 0)) AS INTEGER) AS data_bytes,"                \
    " CAST(round(ifnull(sum(p.retransmitted_bytes * p.part), 0)) AS INTEGER)"                      \
    " AS retransmitted_bytes,"                                                                     \
    " CAST(round(ifnull(sum(p.reinjected_bytes * p.part), 0)) AS INTEGER) AS reinjected_bytes"     \
    " FROM step JOIN used u LEFT JOIN part p"                                                      \
    " ON p.i = step.i AND (p.subflow_id = u.subflow_id OR u.subflow_id IS NULL)"                   \
    " GROUP BY step.i, u.subflow_id ORDER BY step.i, u.ordinal IS NULL, u.ordinal"

typedef struct {
    int64_t connection_id, start_ns, end_ns;
    const char *direction;
    int decimals; /* of seconds */
} Span;

static void add_row(MpsTextTable *table, MpsQuery *query, int64_t interval_ns, int decimals)
{
    const int64_t length_ns = MAX(mps_query_int(query, "length_ns"), 1);
    const double begin_s = (double)(mps_query_int(query, "i") * interval_ns) / 1e9;
    const double end_s = begin_s + (double)length_ns / 1e9;
    const double per_second = 8e9 / (double)length_ns;
    const MpsShort payload = mps_query_bytes(query, "payload_bytes");
    const MpsShort again = mps_query_bytes(query, "retransmitted_bytes");
    const MpsShort elsewhere = mps_query_bytes(query, "reinjected_bytes");
    const MpsShort rate =
        mps_format_rate((double)mps_query_int(query, "payload_bytes") * per_second);
    const MpsShort goodput =
        mps_format_rate((double)mps_query_int(query, "data_bytes") * per_second);
    g_autofree char *interval = g_strdup_printf("%.*f-%.*f", decimals, begin_s, decimals, end_s);
    g_autofree char *subflow = mps_query_known(query, "ordinal")
                                   ? g_strdup_printf("%" PRId64, mps_query_int(query, "ordinal"))
                                   : g_strdup("all");
    const char *const cells[] = {subflow,      interval,   payload.text,  rate.text,
                                 goodput.text, again.text, elsewhere.text};

    mps_text_table_add(table, cells);
}

static bool add_rows(sqlite3 *db, const Span *span, int64_t interval_ns, MpsTextTable *table,
                     GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, RATES);

    mps_query_bind_int(query, 1, span->connection_id);
    mps_query_bind_text(query, 2, span->direction);
    mps_query_bind_int(query, 3, interval_ns);
    mps_query_bind_int(query, 4, span->start_ns);
    mps_query_bind_int(query, 5, span->end_ns);
    while (mps_query_next(query))
        add_row(table, query, interval_ns, span->decimals);
    return mps_query_finish(query, error);
}

/* The widest bin: nothing finer is known.  0: there are none. */
static bool widest_bin(sqlite3 *db, const Span *span, int64_t *out_ns, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT max(bin_width_ns) AS width_ns FROM series WHERE connection_id = ?1"
            " AND direction = ?2 AND subflow_id IS NOT NULL AND payload_bytes > 0");

    mps_query_bind_int(query, 1, span->connection_id);
    mps_query_bind_text(query, 2, span->direction);
    *out_ns = mps_query_next(query) ? mps_query_int(query, "width_ns") : 0;
    return mps_query_finish(query, error);
}

static bool print_direction(sqlite3 *db, Span *span, int64_t wanted_ns, FILE *out, GError **error)
{
    static const MpsTextColumn columns[] = {
        {"subflow", true}, {"interval [s]", true},  {"payload", true},    {"rate", true},
        {"goodput", true}, {"retransmitted", true}, {"reinjected", true}, {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 0);
    const int64_t whole_ns = MAX(span->end_ns - span->start_ns + 1, 1);
    int64_t finest_ns = 0;

    if (!widest_bin(db, span, &finest_ns, error))
        return false;
    if (finest_ns == 0)
        return true;

    const int64_t interval_ns = MAX(wanted_ns, finest_ns);

    span->decimals = interval_ns % 1000000000 == 0 ? 2 : interval_ns % 1000000 == 0 ? 3 : 4;
    if (whole_ns / interval_ns > INTERVALS_MAX)
        return mps_throw(error, MPS_ERROR_USAGE,
                         "more than %d intervals: choose longer ones or another connection",
                         INTERVALS_MAX);
    fprintf(out, "\n%s\n",
            g_str_equal(span->direction, "c2s") ? "Client to server" : "Server to client");
    if (interval_ns > wanted_ns)
        fprintf(out, "Intervals of %s: the database keeps nothing finer.\n",
                mps_format_duration(interval_ns).text);
    if (!add_rows(db, span, interval_ns, table, error) ||
        (interval_ns < whole_ns && !add_rows(db, span, whole_ns, table, error)))
        return false;
    mps_text_table_print(table, out);
    return true;
}

bool mps_view_interval(sqlite3 *db, int64_t connection_id, int64_t interval_ns, FILE *out,
                       GError **error)
{
    static const char *const directions[] = {"c2s", "s2c"};
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT * FROM connection WHERE ?1 < 0 OR connection_id = ?1 ORDER BY connection_id");

    if (!mps_view_check_connection(db, connection_id, error))
        return false;
    mps_query_bind_int(query, 1, connection_id);
    for (int64_t n = 0; mps_query_next(query); n++) {
        g_autofree char *path = mps_view_path(query);
        Span span = {
            .connection_id = mps_query_int(query, "connection_id"),
            .start_ns = mps_query_int(query, "start_ns"),
            .end_ns = mps_query_int(query, "end_ns"),
        };

        fprintf(out, "%sConnection %" PRId64 ": %s\n", n ? "\n\n" : "", span.connection_id, path);
        for (size_t i = 0; i < G_N_ELEMENTS(directions); i++) {
            span.direction = directions[i];
            if (!print_direction(db, &span, interval_ns, out, error))
                return false;
        }
    }
    return mps_query_finish(query, error);
}
