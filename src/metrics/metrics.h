/* metrics.h - all metrics, in the order of metrics.def. */
#ifndef MPS_METRICS_METRICS_H
#define MPS_METRICS_METRICS_H

#include <mptcpscope/error.h>
#include <mptcpscope/observer.h>

#include "util/histogram.h"

#define METRIC(name) extern const MpsMetric mps_metric_##name;
#include "metrics/metrics.def"
#undef METRIC

/* NULL-terminated. */
extern const MpsMetric *const mps_metrics[];

/* A set of metrics: bit i is mps_metrics[i]. */
typedef uint64_t MpsMetricSet;
#define MPS_ALL_METRICS UINT64_MAX

/* The metrics that @wish names: all, none, or names separated by commas; such with a minus sign in
 * front are left out, of all if no other stands before them.  NULL: all.  Those that are always
 * measured are in any set.  False and MPS_ERROR_USAGE if a name is unknown. */
bool mps_metrics_select(const char *wish, MpsMetricSet *set, GError **error);

/* The names of the metrics that are not in @set, separated by ", "; NULL: it is all of them. */
char *mps_metrics_left_out(MpsMetricSet set);

/* Columns <prefix>samples, min, mean, sd, p50, p90, p95, p99, max of a distribution in ns. */
#define MPS_DISTRIBUTION_COLUMNS(prefix, what)                                                     \
    {prefix "samples", MPS_INT, "number of samples: " what},                                       \
        {prefix "min_ns", MPS_INT, "minimum [ns]"}, {prefix "mean_ns", MPS_INT, "mean [ns]"},      \
        {prefix "sd_ns", MPS_INT, "sample standard deviation [ns]"},                               \
        {prefix "p50_ns", MPS_INT, "median [ns], within 3.2 %"},                                   \
        {prefix "p90_ns", MPS_INT, "90th percentile [ns], within 3.2 %"},                          \
        {prefix "p95_ns", MPS_INT, "95th percentile [ns], within 3.2 %"},                          \
        {prefix "p99_ns", MPS_INT, "99th percentile [ns], within 3.2 %"},                          \
    {                                                                                              \
        prefix "max_ns", MPS_INT, "maximum [ns]"                                                   \
    }

/* Fills the values of those columns; all but the count are NULL for an empty one. */
void mps_distribution(const MpsHistogram *histogram, MpsValue *values);

/* Columns <prefix>samples, mean, p50, p95, max of a distribution of sizes in bytes. */
#define MPS_SIZE_COLUMNS(prefix, what)                                                             \
    {prefix "samples", MPS_INT, "number of samples: " what},                                       \
        {prefix "mean_bytes", MPS_REAL, "mean [bytes]"},                                           \
        {prefix "p50_bytes", MPS_INT, "median [bytes], within 3.2 %"},                             \
        {prefix "p95_bytes", MPS_INT, "95th percentile [bytes], within 3.2 %"},                    \
    {                                                                                              \
        prefix "max_bytes", MPS_INT, "maximum [bytes]"                                             \
    }

/* Fills the values of those columns; all but the count are NULL for an empty one. */
void mps_sizes(const MpsHistogram *histogram, MpsValue *values);

/* Histograms in classes of powers of two, for metrics whose .table it is: one class, or all classes
 * of @histogram that have values. */
enum { MPS_DISTRIBUTION_LEAST = 20 }; /* fewer values are not worth rows */
extern const MpsTable mps_distribution_table;
void mps_distribution_row(MpsRowSink *rows, const MpsSubject *subject, const char *quantity,
                          int64_t low, int64_t high, uint64_t n);
void mps_distribution_rows(MpsRowSink *rows, const MpsSubject *subject, const char *quantity,
                           const MpsHistogram *histogram);

/* Smallest RTT so far from the tap to both hosts and back; 0: no samples. */
int64_t mps_base_rtt_ns(const MpsConnection *connection);

/* How much of its connection's data a subflow carried: at least 1 % of a direction, less, nothing.
 * Unknown (0) unless it was established and the connection carried data. */
typedef enum { MPS_USED = 1, MPS_UNDER_USED, MPS_UNUSED } MpsUse;
MpsUse mps_subflow_use(const MpsSubflow *subflow);

/* A time in which data did not move, of one of the kinds of table stall. */
typedef struct {
    MpsDirection direction;
    const char *kind;
    const MpsSubflow *subflow; /* or NULL */
    int64_t start_ns, length_ns;
    uint64_t packet; /* at the start */
    uint32_t capture_id;
    uint64_t outstanding_bytes;
    const char *cause, *ended_by; /* or NULL */
} MpsStall;

extern const MpsTable mps_stall_table;
void mps_stall_row(MpsRowSink *rows, const MpsConnection *connection, const MpsStall *stall);

/* The timeline, for metrics that find out more about it: adds a row of @kind with the place of
 * @event (packet 0: known at the end only); @detail is a JSON object or NULL. */
extern const MpsTable mps_event_table;
void mps_event_row(MpsRowSink *rows, const MpsEvent *event, const char *kind, const char *detail);

#endif
