/* test_series.c - what other metrics add to the time lines: table series against hand arithmetic.
 */
#include "bench_rows.h"

static const uint64_t CLIENT_KEY = 0x0102030405060708, SERVER_KEY = 0x1112131415161718;

enum { BYTES = 1000 };

/* Path 0: 0 ms SYN, ... 3 ms data 0-1000, 4 ms its ACK and DATA_ACK, 5 ms data 1000-2000, 10 ms
 * TCP's ACK alone, 20 ms the DATA_ACK. */
static void two_segments(Bench *bench)
{
    const int64_t begin_ns = bench->now_ns;

    bench_open(bench);
    bench_send(bench, 0, MPS_CLIENT, 1, BYTES, 0);
    bench_ack(bench, 0, MPS_SERVER, 1, 1 + BYTES, BYTES);
    bench_send(bench, 0, MPS_CLIENT, 1 + BYTES, BYTES, BYTES);
    bench->now_ns = begin_ns + 10 * 1000 * 1000;
    bench_ack(bench, 0, MPS_SERVER, 1, 1 + 2 * BYTES, BYTES);
    bench->now_ns = begin_ns + 20 * 1000 * 1000;
    bench_ack(bench, 0, MPS_SERVER, 1, 1 + 2 * BYTES, 2 * BYTES);
}

static void test_delays(void)
{
    Rows rows = rows_new(1, CLIENT_KEY, SERVER_KEY);

    two_segments(rows.bench);
    rows_finish(&rows);
    /* SYN 2 ms (its ACK is the SYN/ACK, 1 ms later), data 1 and 5 ms; base 1 ms. */
    rows_assert(&rows,
                "SELECT sum(rtt_samples), min(rtt_min_ns), max(rtt_max_ns),"
                " sum(rtt_samples * queueing_mean_ns), max(queueing_mean_ns)"
                " FROM series WHERE direction = 'c2s' AND subflow_id IS NOT NULL",
                "3|1000000|5000000|4000000|4000000");
    /* Data RTT: 1 ms and 15 ms. */
    rows_assert(&rows,
                "SELECT sum(rtt_samples), min(rtt_min_ns), max(rtt_max_ns),"
                " sum(queueing_mean_ns) FROM series WHERE direction = 'c2s' AND subflow_id IS NULL",
                "2|1000000|15000000|");
    rows_free(&rows);
}

/* A segment every 370 µs, some in the first half of a bin, some in the second: each is counted by
 * the bin that its time lies in, also where bins were widened often. */
static void test_bins(void)
{
    static const int numbers[] = {50, 5000};
    const int64_t step_ns = 370 * 1000, handshake_ns = 3 * step_ns;

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        Rows rows = rows_new(1, CLIENT_KEY, SERVER_KEY);
        g_autofree char *shall = g_strdup_printf("%d|0", numbers[i] * BYTES);
        g_autofree char *sql = g_strdup_printf(
            "WITH RECURSIVE sent(ns) AS (SELECT start_ns + %" G_GINT64_FORMAT " FROM connection"
            " UNION ALL SELECT ns + %" G_GINT64_FORMAT " FROM sent LIMIT %d)"
            "SELECT sum(data_bytes), sum(data_bytes <> %d * (SELECT count(*) FROM sent WHERE"
            " ns >= bin_start_ns AND ns < bin_start_ns + bin_width_ns)) FROM series WHERE"
            " direction = 'c2s' AND subflow_id IS NOT NULL",
            handshake_ns, step_ns, numbers[i], BYTES);

        rows.bench->step_ns = step_ns;
        bench_open(rows.bench);
        for (int k = 0; k < numbers[i]; k++)
            bench_send(rows.bench, 0, MPS_CLIENT, 1 + (uint32_t)(k * BYTES), BYTES, k * BYTES);
        rows_finish(&rows);
        rows_assert(&rows, sql, shall);
        rows_free(&rows);
    }
}

static void test_acknowledgements(void)
{
    Rows rows = rows_new(1, CLIENT_KEY, SERVER_KEY);

    two_segments(rows.bench);
    rows_finish(&rows);
    /* TCP was ahead by the second segment between 10 and 20 ms. */
    rows_assert(&rows,
                "SELECT sum(data_acks), sum(data_ack_bytes), max(ack_gap_bytes),"
                " max(tcp_flight_bytes), max(flight_bytes) FROM series"
                " WHERE direction = 'c2s' AND subflow_id IS NULL",
                "2|2000|1000|1000|1000");
    rows_assert(&rows,
                "SELECT (bin_start_ns - (SELECT start_ns FROM connection)) / 1000000,"
                " ack_gap_bytes FROM series WHERE direction = 'c2s' AND subflow_id IS NULL"
                " AND ack_gap_bytes IS NOT NULL ORDER BY 1",
                "4|0\n10|1000\n20|0");
    rows_assert(&rows,
                "SELECT count(data_acks), count(ack_gap_bytes), count(tcp_flight_bytes)"
                " FROM series WHERE subflow_id IS NOT NULL",
                "0|0|0");
    rows_free(&rows);
}

/* What is outstanding is so in each bin, whether or not something was sent in it; a DATA_ACK has
 * its time:
 *
 *  ms   0     20   40.05     60        80
 *       2000  ACK  DATA_ACK  DATA_ACK  a copy of the second half
 *                  1000      2000 */
static void test_levels(void)
{
    static const int64_t MS_NS = 1000 * 1000;
    Rows rows = rows_new(1, CLIENT_KEY, SERVER_KEY);
    Bench *bench = rows.bench;

    bench_open(bench);
    bench->step_ns = 0;

    const int64_t begin_ns = bench->now_ns;

    bench_send(bench, 0, MPS_CLIENT, 1, 2 * BYTES, 0);
    bench->now_ns = begin_ns + 20 * MS_NS;
    bench_ack(bench, 0, MPS_SERVER, 1, 1 + 2 * BYTES, 0);
    bench->now_ns = begin_ns + 40 * MS_NS + 50 * 1000;
    bench_ack(bench, 0, MPS_SERVER, 1, 1 + 2 * BYTES, BYTES);
    bench->now_ns = begin_ns + 60 * MS_NS;
    bench_ack(bench, 0, MPS_SERVER, 1, 1 + 2 * BYTES, 2 * BYTES);
    bench->now_ns = begin_ns + 80 * MS_NS;
    bench_send(bench, 0, MPS_CLIENT, 1 + BYTES, BYTES, BYTES);
    rows_finish(&rows);
    rows_assert(
        &rows,
        "SELECT (bin_start_ns - start_ns) / 1000000 - 3, flight_bytes, flight_end_bytes,"
        " (data_acked_ns - start_ns) / 1e6 - 3, window_bytes, window_end_bytes,"
        " window_filled FROM series JOIN connection USING (connection_id)"
        " WHERE direction = 'c2s' AND subflow_id IS NULL ORDER BY bin_start_ns",
        "0|2000|2000||||\n20|2000|2000|20.0|65535|65535|0\n40|2000|1000|40.05|65535|65535|0\n"
        "60|1000|0|60.0|65535|65535|0\n80|0|0||65535|65535|0");
    rows_assert(&rows,
                "SELECT sum(flight_bytes), count(flight_end_bytes), count(data_acked_ns) FROM"
                " series WHERE direction = 'c2s' AND subflow_id IS NOT NULL",
                "2000|0|0");
    rows_free(&rows);
}

static void test_retransmissions(void)
{
    Rows rows = rows_new(1, CLIENT_KEY, SERVER_KEY);
    const int64_t begin_ns = rows.bench->now_ns;

    bench_open(rows.bench);
    bench_send(rows.bench, 0, MPS_CLIENT, 1, BYTES, 0);
    rows.bench->now_ns = begin_ns + 2003 * INT64_C(1000000);
    bench_send(rows.bench, 0, MPS_CLIENT, 1, BYTES, 0);
    bench_ack(rows.bench, 0, MPS_SERVER, 1, 1 + BYTES, BYTES);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT (bin_start_ns + bin_width_ns - (SELECT start_ns FROM connection)) / 1000000"
                " >= 2003, retransmitted_bytes FROM series WHERE subflow_id IS NOT NULL"
                " AND retransmission_timeout_packets = 1",
                "1|1000");
    rows_assert(&rows,
                "SELECT sum(retransmission_fast_packets), sum(retransmission_spurious_packets),"
                " sum(retransmission_timeout_packets) FROM series WHERE direction = 'c2s'",
                "0|0|1");
    rows_assert(&rows,
                "SELECT count(retransmission_fast_packets) FROM series WHERE subflow_id IS NULL",
                "0");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/series/delays", test_delays);
    g_test_add_func("/series/bins", test_bins);
    g_test_add_func("/series/acknowledgements", test_acknowledgements);
    g_test_add_func("/series/levels", test_levels);
    g_test_add_func("/series/retransmissions", test_retransmissions);
    return g_test_run();
}
