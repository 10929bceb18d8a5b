/* view_interval.c - rates per interval of time, per subflow and in all, from table series. */
#include "views/views.h"

#include <inttypes.h>

#include <mptcpscope/error.h>

#include "views/parts.h"
#include "views/query.h"
#include "views/rates.h"
#include "views/text_table.h"

/* More lines than this per subflow are a mistake. */
#define INTERVALS_MAX 100000

/* How far the payload of an interval may be off. */
static int64_t error_bytes(MpsQuery *query)
{
    const int64_t bytes = mps_query_int(query, "payload_bytes");

    return MAX(bytes - mps_query_int(query, "least_bytes"),
               mps_query_int(query, "most_bytes") - bytes);
}

static void add_row(MpsTextTable *table, MpsQuery *query, int64_t interval_ns, int decimals)
{
    const int64_t length_ns = MAX(mps_query_int(query, "length_ns"), 1);
    const double begin_s = (double)(mps_query_int(query, "i") * interval_ns) / 1e9;
    const double end_s = begin_s + (double)length_ns / 1e9;
    const double per_second = 8e9 / (double)length_ns;
    const MpsShort payload = mps_query_bytes(query, "payload_bytes");
    const MpsShort off = mps_format_bytes(error_bytes(query));
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
    const char *const cells[] = {subflow,   interval,     payload.text, off.text,
                                 rate.text, goodput.text, again.text,   elsewhere.text};

    mps_text_table_add(table, cells);
}

/* Decimals of seconds that tell intervals apart. */
static int decimals_of(int64_t interval_ns)
{
    return interval_ns % 1000000000 == 0 ? 2 : interval_ns % 1000000 == 0 ? 3 : 4;
}

static bool add_rows(sqlite3 *db, const MpsRatesSpan *span, int64_t interval_ns, int decimals,
                     MpsTextTable *table, bool *estimated, GError **error)
{
    g_autoptr(MpsQuery) query = mps_rates_new(db, span, interval_ns);

    while (mps_query_next(query)) {
        add_row(table, query, interval_ns, decimals);
        *estimated |= error_bytes(query) > 0;
    }
    return mps_query_finish(query, error);
}

static bool print_direction(sqlite3 *db, const MpsRatesSpan *span, int64_t wanted_ns, FILE *out,
                            GError **error)
{
    static const MpsTextColumn columns[] = {
        {"subflow", true}, {"interval [s]", true}, {"payload", true},   {"±", true}, {"rate", true},
        {"goodput", true}, {"retrans.", true},     {"reinject.", true}, {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 0);
    const int64_t whole_ns = MAX(span->end_ns - span->start_ns + 1, 1);
    int64_t finest_ns = 0;
    bool estimated = false;

    if (!mps_rates_finest(db, span, &finest_ns, error))
        return false;
    if (finest_ns == 0)
        return true;

    const int64_t interval_ns = MAX(wanted_ns, finest_ns);
    const int decimals = decimals_of(interval_ns);

    if (whole_ns / interval_ns > INTERVALS_MAX)
        return mps_throw(error, MPS_ERROR_USAGE,
                         "more than %d intervals: choose longer ones or another connection",
                         INTERVALS_MAX);
    if (!add_rows(db, span, interval_ns, decimals, table, &estimated, error) ||
        (interval_ns < whole_ns &&
         !add_rows(db, span, whole_ns, decimals, table, &estimated, error)))
        return false;
    fprintf(out, "\n%s\n",
            g_str_equal(span->direction, "c2s") ? "Client to server" : "Server to client");
    if (interval_ns > wanted_ns)
        fprintf(out, "Intervals of %s: the database keeps nothing finer.\n",
                mps_format_duration(interval_ns).text);
    if (estimated)
        fprintf(out,
                "Estimated from bins of up to %s: one that lies in two intervals is shared by\n"
                "time. ±: how far that may put the payload off; other numbers are shared alike.\n",
                mps_format_duration(finest_ns).text);
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
        MpsRatesSpan span = {
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
