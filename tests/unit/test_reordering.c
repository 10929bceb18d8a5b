/* test_reordering.c - data out of order, by hand arithmetic on a few packets. */
#include "bench_rows.h"

#define C     MPS_CLIENT
#define S     MPS_SERVER
#define MS_NS (INT64_C(1000) * 1000)

#define SUMMARY(columns) "SELECT " columns " FROM connection_direction WHERE direction = 'c2s'"
#define PARTS                                                                                      \
    "SELECT subflow_id, reordered_packets, reordered_bytes, late_packets, duplicate_packets, "     \
    "duplicate_bytes, overlapping_packets, waits, waited_for_ns / 1000000, "                       \
    "printf('%.2f', waited_for_byte_s) FROM head_of_line WHERE direction = 'c2s' "                 \
    "ORDER BY subflow_id"

/* Subflows 1 and 2 are open; time 0 is now. */
static Rows two_paths(int64_t *zero_ns)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    bench_join(rows.bench, 1, C);
    rows.bench->step_ns = 0;
    *zero_ns = rows.bench->now_ns;
    return rows;
}

/* 100 new bytes of the client at @offset, @ms after @zero_ns. */
static void piece(Rows *rows, int64_t zero_ns, int64_t ms, int path, uint32_t seq, int64_t offset)
{
    rows->bench->now_ns = zero_ns + ms * MS_NS;
    bench_send(rows->bench, path, C, seq, 100, offset);
}

/* Data 100..200 comes on subflow 1 after 200..400 came on subflow 2:
 *   ms     0        10       20       30
 *   data   0..100   200..300 300..400 100..200
 *   held   0        100      200      0 */
static void hole(Rows *rows, int64_t zero_ns)
{
    piece(rows, zero_ns, 0, 0, 1, 0);
    piece(rows, zero_ns, 10, 1, 1, 200);
    piece(rows, zero_ns, 20, 1, 101, 300);
    piece(rows, zero_ns, 30, 0, 101, 100);
}

/* The connection has joins only, as its begin was not captured: ordinals begin at 1. */
static void test_joins_only(void)
{
    int64_t zero_ns;
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_join(rows.bench, 1, C);
    bench_join(rows.bench, 2, C);
    zero_ns = rows.bench->now_ns;
    piece(&rows, zero_ns, 0, 1, 1, 0);
    piece(&rows, zero_ns, 10, 2, 1, 200);
    piece(&rows, zero_ns, 20, 1, 101, 100);
    rows_finish(&rows);
    rows_assert(&rows, PARTS, "1|0|0|1|0|0|0|1|10|1.00\n2|1|100|0|0|0|0|0|0|0.00");
    rows_free(&rows);
}

/* 100 bytes waited 20 ms, 100 bytes 10 ms, 200 bytes not at all. */
static void test_wait(void)
{
    int64_t zero_ns;
    Rows rows = two_paths(&zero_ns);

    hole(&rows, zero_ns);
    rows.bench->now_ns = zero_ns + 35 * MS_NS;
    bench_ack(rows.bench, 0, S, 1, 201, 400);
    rows_finish(&rows);
    rows_assert(&rows, SUMMARY("ofo_max_bytes, ofo_mean_bytes, hol_byte_s, hol_bytes"),
                "200|100.0|3.0|200");
    rows_assert(&rows,
                SUMMARY("hol_blocked_ns, hol_mean_ns, hol_p50_ns, hol_p95_ns BETWEEN 19360000 AND "
                        "20000000, hol_p99_ns BETWEEN 19360000 AND 20000000, hol_max_ns"),
                "20000000|7500000|0|1|1|20000000");
    rows_assert(&rows, SUMMARY("hol_ack_p50_ns BETWEEN 15000000 AND 15500000, hol_ack_max_ns"),
                "1|25000000");
    rows_assert(&rows, PARTS, "1|0|0|1|0|0|0|1|20|3.00\n2|2|200|0|0|0|0|0|0|0.00");
    rows_assert(&rows,
                "SELECT group_concat(DISTINCT subflow_id IS NULL), max(ofo_bytes) FROM series "
                "WHERE direction = 'c2s' AND ofo_bytes IS NOT NULL",
                "1|200");
    rows_free(&rows);
}

/* Arrivals 1 2 3 4 carry the data in the order 1 3 4 2. */
static void test_extent_and_density(void)
{
    int64_t zero_ns;
    Rows rows = two_paths(&zero_ns);

    hole(&rows, zero_ns);
    rows_finish(&rows);
    rows_assert(&rows,
                SUMMARY("reordered_packets, reordered_bytes, late_packets, reorder_extent_mean, "
                        "reorder_extent_max, late_max_ns"),
                "2|200|1|2.0|2|20000000");
    rows_assert(&rows, "SELECT at_least, n FROM reorder_histogram WHERE what = 'displacement'",
                "-1|2\n0|1\n2|1");
    rows_assert(&rows, "SELECT at_least, below, n FROM reorder_histogram WHERE what = 'wait'",
                "0|1|200\n8388608|16777216|100\n16777216|33554432|100");
    rows_free(&rows);
}

/* Two holes: the second one's late packet was overtaken by the last packet alone, and its wait
 * begins where the first one ends.
 *   ms     0      10       20       30       40       50
 *   data   0..100 200..300 400..500 100..200 600..700 300..400, then 500..600 at 60 */
static void test_two_holes(void)
{
    int64_t zero_ns;
    Rows rows = two_paths(&zero_ns);

    piece(&rows, zero_ns, 0, 0, 1, 0);
    piece(&rows, zero_ns, 10, 1, 1, 200);
    piece(&rows, zero_ns, 20, 1, 101, 400);
    piece(&rows, zero_ns, 30, 0, 101, 100); /* extent 4 - 2; frees 200..300 */
    piece(&rows, zero_ns, 40, 1, 201, 600);
    piece(&rows, zero_ns, 50, 0, 201, 300); /* extent 6 - 3; frees 400..500 */
    piece(&rows, zero_ns, 60, 0, 301, 500); /* extent 7 - 5; frees 600..700 */
    rows_finish(&rows);
    rows_assert(&rows, SUMMARY("late_packets, round(reorder_extent_mean, 3), reorder_extent_max"),
                "3|2.333|3");
    /* 20 + 30 + 20 ms times 100 bytes; blocked from 10 to 60. */
    rows_assert(&rows, SUMMARY("hol_byte_s, hol_blocked_ns, late_max_ns"), "7.0|50000000|30000000");
    rows_assert(&rows, PARTS, "1|0|0|3|0|0|0|3|50|7.00\n2|3|300|0|0|0|0|0|0|0.00");
    rows_free(&rows);
}

/* A packet that comes late and is early at the same time: there is another hole below it. */
static void test_late_and_early(void)
{
    int64_t zero_ns;
    Rows rows = two_paths(&zero_ns);

    piece(&rows, zero_ns, 0, 1, 1, 400);
    piece(&rows, zero_ns, 10, 0, 1, 200);
    rows_finish(&rows);
    rows_assert(&rows, SUMMARY("reordered_packets, late_packets, reorder_extent_max, late_max_ns"),
                "2|1|1|10000000");
    rows_assert(&rows, SUMMARY("ofo_max_bytes, hol_bytes, hol_byte_s"), "200|0|1.0");
    rows_free(&rows);
}

static void test_in_order(void)
{
    int64_t zero_ns;
    Rows rows = two_paths(&zero_ns);

    piece(&rows, zero_ns, 0, 0, 1, 0);
    piece(&rows, zero_ns, 10, 1, 1, 100);
    rows_finish(&rows);
    rows_assert(&rows,
                SUMMARY("reordered_packets, late_packets, ofo_max_bytes, hol_max_ns, hol_p50_ns, "
                        "reorder_extent_max, hol_ack_max_ns"),
                "0|0|0|0|0||");
    rows_assert(&rows, "SELECT count(*) FROM head_of_line", "0");
    rows_assert(&rows, "SELECT count(*) FROM reorder_histogram", "0");
    rows_assert(&rows,
                "SELECT reordered_packets, hol_max_ns FROM connection_direction "
                "WHERE direction = 's2c'",
                "|");
    rows_free(&rows);
}

/* Subflow 1 skipped the data that subflow 2 brings: the wait was for subflow 1. */
static void test_waited_for_first_sender(void)
{
    int64_t zero_ns;
    Rows rows = two_paths(&zero_ns);

    bench_announce(rows.bench, 0, C, 1, 200, 0);
    bench_send_bare(rows.bench, 0, C, 101, 100);
    piece(&rows, zero_ns, 5, 1, 1, 0);
    rows_finish(&rows);
    rows_assert(&rows, PARTS, "1|1|100|0|0|0|0|1|5|0.50\n2|0|0|1|0|0|0|0|0|0.00");
    rows_free(&rows);
}

/* The capture lacks 100..200, and a DATA_ACK says that it arrived. */
static void test_not_in_capture(void)
{
    int64_t zero_ns;
    Rows rows = two_paths(&zero_ns);

    piece(&rows, zero_ns, 0, 0, 1, 0);
    piece(&rows, zero_ns, 10, 1, 1, 200);
    rows.bench->now_ns = zero_ns + 14 * MS_NS;
    bench_ack(rows.bench, 1, S, 1, 101, 300);
    piece(&rows, zero_ns, 20, 1, 101, 300);
    rows_finish(&rows);
    rows_assert(&rows, PARTS, "|0|0|0|0|0|0|1|4|0.40\n2|1|100|0|0|0|0|0|0|0.00");
    rows_assert(&rows, SUMMARY("reordered_packets, hol_max_ns, hol_ack_max_ns"),
                "1|4000000|4000000");
    rows_free(&rows);
}

/* All of it seen before, a part of it, and a TCP retransmission, which is neither. */
static void test_duplicates(void)
{
    int64_t zero_ns;
    Rows rows = two_paths(&zero_ns);

    piece(&rows, zero_ns, 0, 0, 1, 0);
    piece(&rows, zero_ns, 1, 1, 1, 0);
    piece(&rows, zero_ns, 2, 1, 101, 50);
    piece(&rows, zero_ns, 3, 0, 1, 0);
    piece(&rows, zero_ns, 4, 0, 101, 50);
    rows_finish(&rows);
    rows_assert(&rows, PARTS, "1|0|0|0|1|100|0|0|0|0.00\n2|0|0|0|1|100|1|0|0|0.00");
    rows_assert(&rows, SUMMARY("duplicate_packets, duplicate_bytes, overlapping_packets"),
                "2|200|1");
    rows_free(&rows);
}

/* Displacements of 64 places or more are one bin. */
static void test_displaced_far(void)
{
    for (uint32_t n = 63; n <= 66; n += 3) {
        int64_t zero_ns;
        Rows rows = two_paths(&zero_ns);
        g_autofree char *shall = g_strdup_printf("-1|%u\n%u|1", n, MIN(n, 64));

        for (uint32_t i = 0; i < n; i++)
            piece(&rows, zero_ns, i, 1, 1 + 100 * i, 100 + 100 * i);
        piece(&rows, zero_ns, n, 0, 1, 0);
        rows_finish(&rows);
        rows_assert(&rows, "SELECT at_least, n FROM reorder_histogram WHERE what = 'displacement'",
                    shall);
        rows_free(&rows);
    }
}

/* The tap is near the server: SYN/ACK soon, third packet late. */
static void test_receiver_view(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_syn(rows.bench);
    bench_synack(rows.bench);
    rows.bench->now_ns += 10 * MS_NS;
    bench_third(rows.bench);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 0, S, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT vantage, direction, receiver_view FROM connection JOIN "
                "connection_direction USING (connection_id)",
                "near_server|c2s|1\nnear_server|s2c|0");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/reordering/joins only", test_joins_only);
    g_test_add_func("/reordering/wait", test_wait);
    g_test_add_func("/reordering/extent-and-density", test_extent_and_density);
    g_test_add_func("/reordering/two-holes", test_two_holes);
    g_test_add_func("/reordering/late-and-early", test_late_and_early);
    g_test_add_func("/reordering/in-order", test_in_order);
    g_test_add_func("/reordering/waited-for-first-sender", test_waited_for_first_sender);
    g_test_add_func("/reordering/not-in-capture", test_not_in_capture);
    g_test_add_func("/reordering/duplicates", test_duplicates);
    g_test_add_func("/reordering/displaced-far", test_displaced_far);
    g_test_add_func("/reordering/receiver-view", test_receiver_view);
    return g_test_run();
}
