/* test_tcp.c - counts of TCP headers against hand arithmetic. */
#include "bench_rows.h"

static const uint64_t CLIENT_KEY = 0x0102030405060708, SERVER_KEY = 0x1112131415161718;

enum { BYTES = 1000 };

static const char *const of_client = " FROM subflow_direction WHERE direction = 'c2s'";

/* SYN and SYN/ACK with window scale 2 and an MSS. */
static void open_scaled(Bench *bench)
{
    MpsSegment syn = bench_segment(bench, 0, MPS_CLIENT, MPS_TCP_SYN, 0, 0, 0);
    MpsSegment synack = bench_segment(bench, 0, MPS_SERVER, MPS_TCP_SYN | MPS_TCP_ACK, 0, 1, 0);

    bench_capable(bench, &syn, 0, MPS_CLIENT);
    bench_capable(bench, &synack, 1, MPS_SERVER);
    syn.tcp_options = synack.tcp_options = MPS_TCPOPT_WSCALE | MPS_TCPOPT_MSS;
    syn.wscale = synack.wscale = 2;
    syn.mss = 1460;
    bench_feed(bench, syn);
    bench_feed(bench, synack);
    bench_third(bench);
}

/* Payload of the client at @seq; @window is not scaled yet. */
static void send(Bench *bench, uint8_t flags, uint32_t seq, uint32_t bytes, uint16_t window)
{
    MpsSegment segment =
        bench_segment(bench, 0, MPS_CLIENT, (uint8_t)(MPS_TCP_ACK | flags), seq, 1, bytes);

    segment.window = window;
    segment.captured_bytes = bytes / 2;
    bench_map(bench, &segment, MPS_CLIENT, seq - 1, seq, (uint16_t)bytes, false);
    bench_feed(bench, segment);
}

static void test_flags_and_windows(void)
{
    Rows rows = rows_new(1, CLIENT_KEY, SERVER_KEY);

    open_scaled(rows.bench);
    send(rows.bench, MPS_TCP_PSH, 1, BYTES, 100);
    send(rows.bench, 0, 1, BYTES, 0);
    send(rows.bench, 0, 1 + BYTES, BYTES / 2, 200);
    bench_ack(rows.bench, 0, MPS_SERVER, 1, 1 + BYTES, BYTES);
    send(rows.bench, 0, 1 + BYTES + BYTES / 2, BYTES, 300);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, MPS_CLIENT, MPS_TCP_FIN | MPS_TCP_ACK,
                                         1 + 5 * BYTES / 2, 1, 0));
    rows_finish(&rows);

    g_autofree char *counts =
        g_strconcat("SELECT syn_packets, fin_packets, rst_packets, ack_packets, pushed_packets,"
                    " syn_window_scale, syn_mss_bytes, syn_timestamps",
                    of_client, NULL);
    g_autofree char *sizes =
        g_strconcat("SELECT segment_min_bytes, segment_max_bytes, initial_window_packets,"
                    " initial_window_bytes, stream_bytes, truncated_packets, truncated_bytes",
                    of_client, NULL);
    /* The third ACK and the FIN announce 65535; all times 4. */
    g_autofree char *windows =
        g_strconcat("SELECT announced_window_min_bytes, announced_window_max_bytes,"
                    " announced_window_zero_packets, announced_window_mean_bytes * 6",
                    of_client, NULL);

    rows_assert(&rows, counts, "1|1|0|6|1|2|1460|0");
    rows_assert(&rows, sizes, "500|1000|2|1500|2500|4|1750");
    rows_assert(&rows, windows, "400|262140|1|526680.0");
    rows_free(&rows);
}

/* A segment without payload may be a probe, too, but is not counted. */
static void test_closed_window(void)
{
    Rows rows = rows_new(1, CLIENT_KEY, SERVER_KEY);
    Bench *bench = rows.bench;

    bench_open(bench);
    bench_send(bench, 0, MPS_CLIENT, 1, BYTES, 0);
    for (uint16_t window = 0; window < 2; window++) {
        MpsSegment ack = bench_segment(bench, 0, MPS_SERVER, MPS_TCP_ACK, 1, 1 + BYTES, 0);

        ack.window = window;
        bench_feed(bench, ack);
        bench_ack(bench, 0, MPS_CLIENT, BYTES, 1, BYTES);
        bench_send(bench, 0, MPS_CLIENT, 1 + BYTES, 1, BYTES);
    }
    rows_finish(&rows);

    g_autofree char *closed =
        g_strconcat("SELECT closed_window_packets, closed_window_bytes", of_client, NULL);

    rows_assert(&rows, closed, "1|1");
    rows_free(&rows);
}

static void test_sack(void)
{
    Rows rows = rows_new(1, CLIENT_KEY, SERVER_KEY);

    open_scaled(rows.bench);
    for (uint32_t first = 1; first <= 3001; first += 3000) { /* at 1: below the ACK, a D-SACK */
        MpsSegment segment = bench_segment(rows.bench, 0, MPS_CLIENT, MPS_TCP_ACK, 1, 1001, 0);

        segment.tcp_options = MPS_TCPOPT_SACK;
        segment.n_sack = 2;
        segment.sack[0].begin = rows.bench->isn[0][MPS_SERVER] + first;
        segment.sack[0].end = segment.sack[0].begin + 500;
        segment.sack[1].begin = rows.bench->isn[0][MPS_SERVER] + 5001;
        segment.sack[1].end = segment.sack[1].begin + 500;
        bench_feed(rows.bench, segment);
    }
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT sack_packets, dsack_packets, sack_blocks_max FROM subflow_direction"
                " WHERE direction = 'c2s'",
                "2|1|2");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/tcp/flags and windows", test_flags_and_windows);
    g_test_add_func("/tcp/closed-window", test_closed_window);
    g_test_add_func("/tcp/sack", test_sack);
    return g_test_run();
}
