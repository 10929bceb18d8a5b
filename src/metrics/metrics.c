/* metrics.c - the list, made from metrics.def, and what metrics share. */
#include "metrics/metrics.h"

#include <math.h>
#include <string.h>

/* RTTs above it are no measure of anything. */
static const int64_t MOST_RTT_NS = INT64_C(60) * 1000 * 1000 * 1000;

const MpsMetric *const mps_metrics[] = {
#define METRIC(name) &mps_metric_##name,
#include "metrics/metrics.def"
#undef METRIC
    NULL,
};

G_STATIC_ASSERT(G_N_ELEMENTS(mps_metrics) <= 64);

static bool add_named(const char *name, MpsMetricSet *set)
{
    bool known = false;

    for (size_t i = 0; mps_metrics[i]; i++) {
        if (strcmp(mps_metrics[i]->name, name) == 0) {
            *set |= UINT64_C(1) << i;
            known = true;
        }
    }
    return known;
}

static bool unknown_name(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autofree char *printable = g_strescape(name, NULL);

    for (const MpsMetric *const *metric = mps_metrics; *metric; metric++)
        if (!(*metric)->always)
            g_string_append_printf(names, ", %s", (*metric)->name);
    return mps_throw(error, MPS_ERROR_USAGE, "--metrics: no metric '%s'; there are all, none%s",
                     printable, names->str);
}

bool mps_metrics_select(const char *wish, MpsMetricSet *set, GError **error)
{
    g_auto(GStrv) names = g_strsplit(wish ? wish : "all", ",", -1);

    *set = names[0] && names[0][0] == '-' ? MPS_ALL_METRICS : 0;
    for (char **each = names; *each; each++) {
        const char *name = g_strstrip(*each);
        const bool without = name[0] == '-';
        MpsMetricSet named = 0;

        if (strcmp(name, "all") == 0)
            named = MPS_ALL_METRICS;
        else if (strcmp(name, "none") != 0 && !add_named(name + without, &named))
            return unknown_name(name + without, error);
        *set = without ? *set & ~named : *set | named;
    }
    for (size_t i = 0; mps_metrics[i]; i++)
        if (mps_metrics[i]->always)
            *set |= UINT64_C(1) << i;
    return true;
}

char *mps_metrics_left_out(MpsMetricSet set)
{
    GString *names = NULL;

    for (size_t i = 0; mps_metrics[i]; i++) {
        if (set & UINT64_C(1) << i)
            continue;
        names = names ? g_string_append(names, ", ") : g_string_new(NULL);
        g_string_append(names, mps_metrics[i]->name);
    }
    return names ? g_string_free(names, FALSE) : NULL;
}

int64_t mps_base_rtt_ns(const MpsConnection *connection)
{
    int64_t sum_ns = 0;

    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        int64_t least_ns = INT64_MAX;

        for (guint i = 0; i < connection->subflows->len; i++) {
            const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

            if (subflow->side[side].rtt_samples > 0)
                least_ns = MIN(least_ns, subflow->side[side].rtt_min_ns);
        }
        sum_ns += least_ns == INT64_MAX ? 0 : MIN(least_ns, MOST_RTT_NS);
    }
    return sum_ns;
}

void mps_sizes(const MpsHistogram *histogram, MpsValue *values)
{
    values[0] = mps_count(histogram->n);
    if (histogram->n == 0)
        return;
    values[1] = mps_real(histogram->mean);
    values[2] = mps_int(mps_histogram_quantile(histogram, 0.5));
    values[3] = mps_int(mps_histogram_quantile(histogram, 0.95));
    values[4] = mps_int(histogram->max);
}

static const MpsColumn distribution_columns[] = {
    {"connection_id", MPS_INT, "whose", "connection(connection_id)"},
    {"subflow_id", MPS_INT, "NULL: of a direction of the connection", "subflow(subflow_id)"},
    {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    {"quantity", MPS_TEXT,
     "segment_bytes (payload of a segment), ack_bytes (payload newly covered by a TCP ACK), "
     "data_ack_bytes (data newly covered by a DATA_ACK), burst_bytes, burst_duration_ns, "
     "response_delay_ns (see table burst) or reinjection_gain_ns (see table reinjection)"},
    {"low", MPS_INT, "smallest value of the class"},
    {"high", MPS_INT, "end of the class: values are less; twice low, or 1"},
    {"n", MPS_INT, "how many values; classes without any have no row"},
    {0},
};

const MpsTable mps_distribution_table = {
    .name = "distribution",
    .help =
        "Histograms: how many values of a quantity lie between two powers of two; for quantities "
        "of which a subflow or connection has 20 values or more.",
    .columns = distribution_columns,
    .index = "connection_id, quantity",
};

void mps_distribution_row(MpsRowSink *rows, const MpsSubject *subject, const char *quantity,
                          int64_t low, int64_t high, uint64_t n)
{
    const MpsSubflow *subflow = subject->subflow;

    rows->add(rows, &mps_distribution_table,
              (MpsValue[]){
                  mps_count(subject->connection->id),
                  mps_int_if(subflow != NULL, subflow ? (int64_t)subflow->id : 0),
                  mps_text(mps_direction_name(subject->direction)),
                  mps_text(quantity),
                  mps_int(low),
                  mps_int(high),
                  mps_count(n),
              });
}

void mps_distribution_rows(MpsRowSink *rows, const MpsSubject *subject, const char *quantity,
                           const MpsHistogram *histogram)
{
    uint32_t at = 0;
    int64_t low, high;
    uint64_t n;

    if (histogram->n < MPS_DISTRIBUTION_LEAST)
        return;
    while (mps_histogram_next_octave(histogram, &at, &low, &high, &n))
        mps_distribution_row(rows, subject, quantity, low, high, n);
}

void mps_distribution(const MpsHistogram *histogram, MpsValue *values)
{
    static const double quantiles[] = {0.5, 0.9, 0.95, 0.99};

    values[0] = mps_count(histogram->n);
    if (histogram->n == 0)
        return;
    values[1] = mps_int(histogram->min);
    values[2] = mps_int(llround(histogram->mean));
    values[3] = mps_int(llround(mps_histogram_sd(histogram)));
    for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++)
        values[4 + i] = mps_int(mps_histogram_quantile(histogram, quantiles[i]));
    values[8] = mps_int(histogram->max);
}
