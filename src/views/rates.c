/* rates.c - see rates.h. */
#include "views/rates.h"

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
    " ifnull(sum(p.payload_bytes) FILTER (WHERE p.part = 1), 0) AS least_bytes,"                   \
    " ifnull(sum(p.payload_bytes), 0) AS most_bytes,"                                              \
    " CAST(round(ifnull(sum(p.data_bytes * p.part), 0)) AS INTEGER) AS data_bytes,"                \
    " CAST(round(ifnull(sum(p.retransmitted_bytes * p.part), 0)) AS INTEGER)"                      \
    " AS retransmitted_bytes,"                                                                     \
    " CAST(round(ifnull(sum(p.reinjected_bytes * p.part), 0)) AS INTEGER) AS reinjected_bytes"     \
    " FROM step JOIN used u LEFT JOIN part p"                                                      \
    " ON p.i = step.i AND (p.subflow_id = u.subflow_id OR u.subflow_id IS NULL)"                   \
    " GROUP BY step.i, u.subflow_id ORDER BY step.i, u.ordinal IS NULL, u.ordinal"

MpsQuery *mps_rates_new(sqlite3 *db, const MpsRatesSpan *span, int64_t interval_ns)
{
    MpsQuery *const query = mps_query_new(db, RATES);

    mps_query_bind_int(query, 1, span->connection_id);
    mps_query_bind_text(query, 2, span->direction);
    mps_query_bind_int(query, 3, interval_ns);
    mps_query_bind_int(query, 4, span->start_ns);
    mps_query_bind_int(query, 5, span->end_ns);
    return query;
}

bool mps_rates_finest(sqlite3 *db, const MpsRatesSpan *span, int64_t *out_ns, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT max(bin_width_ns) AS width_ns FROM series WHERE connection_id = ?1"
            " AND direction = ?2 AND subflow_id IS NOT NULL AND payload_bytes > 0");

    mps_query_bind_int(query, 1, span->connection_id);
    mps_query_bind_text(query, 2, span->direction);
    *out_ns = mps_query_next(query) ? mps_query_int(query, "width_ns") : 0;
    return mps_query_finish(query, error);
}
