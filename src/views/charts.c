/* charts.c - see charts.h. */
#include "views/charts.h"

#include <inttypes.h>

#include "views/parts.h"
#include "views/query.h"
#include "views/rates.h"
#include "views/text_table.h"

/* Columns of a bar, and at most of a line over time. */
enum { BAR_WIDTH = 20, CELLS_MAX = 24, CELLS_OF_LIST = 12 };

static const char *const directions[] = {"c2s", "s2c"};

char *mps_chart_bar(double share, unsigned width)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const unsigned eighths = (unsigned)(CLAMP(share, 0, 1) * 8 * width + 0.5);
    const unsigned n = share > 0 ? MAX(eighths, 1) : 0;
    GString *const out = g_string_new(NULL);

    for (unsigned i = 0; i < n / 8; i++)
        g_string_append(out, "█");
    g_string_append(out, parts[n % 8]);
    return g_string_free(out, FALSE);
}

char *mps_chart_line(const double *values, unsigned n, double most)
{
    static const char *const heights[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    GString *const out = g_string_new(NULL);

    for (unsigned i = 0; i < n; i++) {
        const unsigned eighths = most > 0 ? (unsigned)(CLAMP(values[i] / most, 0, 1) * 8 + 0.5) : 0;

        g_string_append(out, heights[values[i] > 0 ? MAX(eighths, 1) : 0]);
    }
    return g_string_free(out, FALSE);
}

/* The interval that gives at most @n_max cells, none finer than is known; 0: there is no data. */
static bool choose_interval(sqlite3 *db, const MpsRatesSpan *span, int64_t n_max,
                            int64_t *interval_ns, GError **error)
{
    if (!mps_rates_finest(db, span, interval_ns, error))
        return false;
    if (*interval_ns > 0)
        *interval_ns = MAX(*interval_ns, (span->end_ns - span->start_ns + n_max) / n_max);
    return true;
}

/* Whether there is something to see over time. */
static bool has_steps(int64_t interval_ns, int64_t start_ns, int64_t end_ns)
{
    return interval_ns > 0 && interval_ns <= end_ns - start_ns;
}

/* One subflow, or all of them, over time: subflows on one scale, all on another. */
typedef struct {
    bool is_all;
    int64_t ordinal;
    unsigned n;
    double bps[CELLS_MAX];
} Line;

/* Lines in the order of the ordinals, and the one of all. */
static GArray *read_lines(sqlite3 *db, const MpsRatesSpan *span, int64_t interval_ns,
                          GError **error)
{
    g_autoptr(GArray) lines = g_array_new(FALSE, TRUE, sizeof(Line));
    g_autoptr(MpsQuery) query = mps_rates_new(db, span, interval_ns);
    guint row = 0;

    for (int64_t before = 0; mps_query_next(query); row++) {
        const int64_t i = mps_query_int(query, "i");
        const double length_ns = (double)MAX(mps_query_int(query, "length_ns"), 1);

        row = i == before ? row : 0;
        before = i;
        if (i == 0) {
            const Line line = {.is_all = !mps_query_known(query, "ordinal"),
                               .ordinal = mps_query_int(query, "ordinal")};

            g_array_append_val(lines, line);
        }

        Line *const line = &g_array_index(lines, Line, row);

        if (i < CELLS_MAX) {
            line->bps[i] = 8e9 * (double)mps_query_int(query, "payload_bytes") / length_ns;
            line->n = (unsigned)i + 1;
        }
    }
    return mps_query_finish(query, error) ? g_steal_pointer(&lines) : NULL;
}

static double highest(const Line *line)
{
    double most = 0;

    for (unsigned i = 0; i < line->n; i++)
        most = MAX(most, line->bps[i]);
    return most;
}

/* The share of subflow @ordinal; 1 of all. */
static bool read_share(sqlite3 *db, const MpsRatesSpan *span, const Line *line, double *share,
                       GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT d.share FROM subflow s JOIN subflow_direction d USING (subflow_id)"
            " WHERE s.connection_id = ?1 AND d.direction = ?2 AND s.ordinal = ?3");

    mps_query_bind_int(query, 1, span->connection_id);
    mps_query_bind_text(query, 2, span->direction);
    mps_query_bind_int(query, 3, line->ordinal);
    *share = mps_query_next(query) ? mps_query_real(query, "share") : 0;
    if (line->is_all)
        *share = 1;
    return mps_query_finish(query, error);
}

static bool add_line(sqlite3 *db, const MpsRatesSpan *span, const Line *line, double most,
                     MpsTextTable *table, GError **error)
{
    g_autofree char *ordinal =
        line->is_all ? g_strdup("all") : g_strdup_printf("%" PRId64, line->ordinal);
    g_autofree char *over_time = mps_chart_line(line->bps, line->n, most);
    g_autofree char *bar = NULL;
    double share = 0;

    if (!read_share(db, span, line, &share, error))
        return false;
    bar = line->is_all ? g_strdup("") : mps_chart_bar(share, BAR_WIDTH);
    mps_text_table_add(table, (const char *[]){span->direction, ordinal,
                                               line->is_all ? "" : mps_format_percent(share).text,
                                               bar, mps_format_rate(highest(line)).text,
                                               g_strchomp(over_time)});
    return true;
}

static bool print_direction(sqlite3 *db, const MpsRatesSpan *span, int64_t limit, FILE *out,
                            GError **error)
{
    static const MpsTextColumn columns[] = {
        {"dir", false},
        {"#", true},
        {"share", true},
        {"", false},
        {"at most", true},
        {"payload over time", false},
        {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 2);
    g_autoptr(GArray) lines = NULL;
    int64_t interval_ns = 0;
    double most = 0;

    if (!choose_interval(db, span, CELLS_MAX, &interval_ns, error))
        return false;
    if (!has_steps(interval_ns, span->start_ns, span->end_ns))
        return true;
    lines = read_lines(db, span, interval_ns, error);
    if (!lines)
        return false;

    for (guint i = 0; i + 1 < lines->len; i++)
        most = MAX(most, highest(&g_array_index(lines, Line, i)));
    for (guint i = 0; i < lines->len; i++) {
        const Line *const line = &g_array_index(lines, Line, i);

        if ((line->is_all ? lines->len > 2 : limit < 0 || i < limit) &&
            !add_line(db, span, line, line->is_all ? highest(line) : most, table, error))
            return false;
    }
    fprintf(out, "\nShares and rates, in steps of %s\n", mps_format_duration(interval_ns).text);
    mps_text_table_print(table, out);
    return true;
}

bool mps_charts_of_connection(sqlite3 *db, int64_t connection_id, int64_t limit, FILE *out,
                              GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT start_ns, end_ns FROM connection WHERE connection_id = ?1");

    mps_query_bind_int(query, 1, connection_id);
    if (mps_query_next(query))
        for (size_t i = 0; i < G_N_ELEMENTS(directions); i++) {
            const MpsRatesSpan span = {.connection_id = connection_id,
                                       .start_ns = mps_query_int(query, "start_ns"),
                                       .end_ns = mps_query_int(query, "end_ns"),
                                       .direction = directions[i]};

            if (!print_direction(db, &span, limit, out, error))
                return false;
        }
    return mps_query_finish(query, error);
}

char *mps_chart_of_rate(sqlite3 *db, int64_t connection_id, int64_t start_ns, int64_t end_ns,
                        GError **error)
{
    double sum[CELLS_MAX] = {0}, most = 0;
    int64_t interval_ns = 0;
    unsigned n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(directions); i++) {
        const MpsRatesSpan span = {connection_id, start_ns, end_ns, directions[i]};
        int64_t own_ns = 0;

        if (!choose_interval(db, &span, CELLS_OF_LIST, &own_ns, error))
            return NULL;
        interval_ns = MAX(interval_ns, own_ns);
    }
    if (!has_steps(interval_ns, start_ns, end_ns))
        return g_strdup("");
    for (size_t i = 0; i < G_N_ELEMENTS(directions); i++) {
        const MpsRatesSpan span = {connection_id, start_ns, end_ns, directions[i]};
        g_autoptr(GArray) lines = read_lines(db, &span, interval_ns, error);

        if (!lines)
            return NULL;
        if (lines->len == 0)
            continue;

        const Line *const all = &g_array_index(lines, Line, lines->len - 1);

        n = MAX(n, all->n);
        for (unsigned k = 0; k < all->n; k++) {
            sum[k] += all->bps[k];
            most = MAX(most, sum[k]);
        }
    }

    char *const line = mps_chart_line(sum, n, most);

    return g_strchomp(line);
}
