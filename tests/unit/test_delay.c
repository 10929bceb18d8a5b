/* test_delay.c - time stamp RTT, base RTT and queueing delay, half paths, causes of data RTT.
 *
 * Packets are 10 ms apart unless told otherwise, so that the handshake gives each side of the tap a
 * base RTT of 10 ms. */
#include "bench_rows.h"

#define C MPS_CLIENT
#define S MPS_SERVER

#define MS ((int64_t)1000 * 1000)

static Rows new_rows(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    rows.bench->step_ns = 10 * MS;
    return rows;
}

static Rows open_rows(void)
{
    Rows rows = new_rows();

    bench_open(rows.bench);
    return rows;
}

static void wait_ns(Rows *rows, int64_t ns)
{
    rows->bench->now_ns += ns - rows->bench->step_ns;
}

static void put(Rows *rows, MpsSide from, uint32_t seq, uint32_t ack, uint32_t bytes,
                uint32_t tsval, uint32_t tsecr)
{
    MpsSegment segment = bench_segment(rows->bench, 0, from, MPS_TCP_ACK, seq, ack, bytes);

    bench_data_ack(rows->bench, &segment, from, 0);
    segment.tsval = tsval;
    segment.tsecr = tsecr;
    segment.tcp_options = MPS_TCPOPT_TIMESTAMP;
    bench_feed(rows->bench, segment);
}

static void test_time_stamps(void)
{
    Rows rows = open_rows();

    put(&rows, C, 1, 1, 100, 5, 1);
    put(&rows, C, 101, 1, 100, 5, 1);
    put(&rows, S, 1, 101, 0, 9, 5); /* 20 ms after the first that carried 5 */
    put(&rows, S, 1, 201, 0, 9, 5); /* not the first echo */
    put(&rows, C, 201, 1, 100, 6, 1);
    put(&rows, S, 1, 201, 0, 9, 6); /* does not advance, and no later echo counts */
    put(&rows, S, 1, 301, 0, 9, 6);
    put(&rows, C, 301, 1, 100, 7, 1);
    put(&rows, C, 401, 1, 100, 8, 1);
    put(&rows, C, 501, 1, 100, 7, 1); /* a stamp of the past */
    put(&rows, S, 1, 601, 0, 9, 8);   /* passes over 7 */
    put(&rows, S, 1, 602, 0, 9, 7);
    put(&rows, C, 601, 1, 0, 10, 1); /* a pure ACK is not answered */
    put(&rows, S, 1, 603, 0, 9, 10);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT ts_rtt_samples, ts_rtt_min_ns / 1000000, ts_rtt_max_ns / 1000000"
                " FROM subflow_direction WHERE direction = 'c2s'",
                "2|20|20");
    rows_free(&rows);
}

static void test_time_stamps_wrap(void)
{
    Rows rows = open_rows();

    put(&rows, C, 1, 1, 100, UINT32_MAX, 1);
    put(&rows, C, 101, 1, 100, 1, 1);
    put(&rows, S, 1, 101, 0, 9, UINT32_MAX);
    put(&rows, S, 1, 201, 0, 9, 1);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT ts_rtt_samples FROM subflow_direction WHERE direction = 'c2s'", "2");
    rows_free(&rows);
}

/* The handshake's 10 ms are the base for ten minutes from the one in which they were seen. */
static void test_base(void)
{
    Rows rows = open_rows();
    const int64_t begin_ns = rows.bench->now_ns - 20 * MS; /* the SYN/ACK */

    for (uint32_t i = 1; i <= 5; i++) {
        /* One ACK comes just before, one just after the end. */
        const int64_t late_ns = i == 4 ? 120 * 1000 * MS - 60 * MS : 0;

        rows.bench->now_ns = begin_ns + i * 120 * 1000 * MS + late_ns;
        bench_send(rows.bench, 0, C, 1 + 100 * (i - 1), 100, 100 * (i - 1));
        wait_ns(&rows, 50 * MS);
        bench_ack(rows.bench, 0, S, 1, 1 + 100 * i, 100 * i);
    }
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT base_rtt_ns / 1000000, base_rtt_last_ns / 1000000, queueing_delay_samples,"
                " queueing_delay_min_ns / 1000000, queueing_delay_max_ns / 1000000,"
                " queueing_delay_mean_ns / 1000, round(rtt_inflation, 3)"
                " FROM subflow_direction WHERE direction = 'c2s'",
                "10|50|6|0|40|26666|4.333");
    rows_free(&rows);
}

static void test_half_path(void)
{
    for (int64_t ms = 30; ms <= 31; ms++) { /* more than three times the other half is near */
        Rows rows = new_rows();

        bench_syn(rows.bench);
        wait_ns(&rows, ms * MS);
        bench_synack(rows.bench);
        bench_third(rows.bench);
        rows_finish(&rows);
        rows_assert(&rows,
                    "SELECT client_half_rtt_ns / 1000000, server_half_rtt_ns / 1000000,"
                    " path_rtt_ns / 1000000, half_path_asymmetry FROM subflow",
                    ms == 30 ? "10|30|40|0.5" : "10|31|41|");
        rows_free(&rows);
    }
}

static const char CAUSES[] =
    "SELECT data_rtt_reinjection_samples, data_rtt_reinjection_excess_ns / 1000000,"
    " data_rtt_retransmission_samples, data_rtt_retransmission_excess_ns / 1000000,"
    " data_rtt_other_subflow_samples, data_rtt_other_subflow_excess_ns / 1000000,"
    " data_rtt_path_samples, data_rtt_path_excess_ns / 1000000"
    " FROM connection_direction WHERE direction = 'c2s'";

static Rows open_two(void)
{
    Rows rows = open_rows();

    bench_join(rows.bench, 1, C);
    return rows;
}

static void test_other_subflow(void)
{
    Rows rows = open_two();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 1, C, 1, 100, 100);
    wait_ns(&rows, 30 * MS);
    bench_ack(rows.bench, 1, S, 1, 101, 0); /* 30 ms after it was sent: 20 ms too many */
    wait_ns(&rows, 100 * MS);
    bench_ack(rows.bench, 0, S, 1, 101, 200); /* 140 ms after the first was sent */
    rows_finish(&rows);
    rows_assert(&rows, CAUSES, "0|0|0|0|1|100|1|150");
    rows_free(&rows);
}

/* Data that TCP acknowledged waits for its own subflow only: nothing to blame another one for. */
static void test_own_subflow(void)
{
    Rows rows = open_two();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_ack(rows.bench, 0, S, 1, 201, 0);
    bench_ack(rows.bench, 0, S, 1, 201, 200); /* 30, 20 ms */
    rows_finish(&rows);
    rows_assert(&rows, CAUSES, "0|0|0|0|0|0|2|30");
    rows_free(&rows);
}

static void test_resent(void)
{
    Rows rows = open_two();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_send(rows.bench, 0, C, 201, 100, 200);
    bench_send(rows.bench, 0, C, 101, 100, 100); /* the first was sent before it */
    bench_send(rows.bench, 0, C, 301, 100, 300); /* sent after it */
    bench_ack(rows.bench, 0, S, 1, 401, 400);    /* 50, 40, 30, 10 ms */
    rows_finish(&rows);
    rows_assert(&rows, CAUSES, "0|0|2|50|0|0|2|40");
    rows_free(&rows);
}

static void test_reinjected(void)
{
    Rows rows = open_two();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_send(rows.bench, 1, C, 1, 100, 100);
    bench_send(rows.bench, 0, C, 201, 100, 200);
    bench_ack(rows.bench, 1, S, 1, 101, 300); /* 40, 30, 10 ms */
    rows_finish(&rows);
    rows_assert(&rows, CAUSES, "1|20|0|0|0|0|2|30");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/delay/time-stamps", test_time_stamps);
    g_test_add_func("/delay/time-stamps-wrap", test_time_stamps_wrap);
    g_test_add_func("/delay/base", test_base);
    g_test_add_func("/delay/half-path", test_half_path);
    g_test_add_func("/delay/other-subflow", test_other_subflow);
    g_test_add_func("/delay/own-subflow", test_own_subflow);
    g_test_add_func("/delay/resent", test_resent);
    g_test_add_func("/delay/reinjected", test_reinjected);
    return g_test_run();
}
