/* test_flight.c - flight, receive window and what limits the sender, by hand arithmetic. */
#include "bench_rows.h"

#define C     MPS_CLIENT
#define S     MPS_SERVER
#define MS_NS (INT64_C(1000) * 1000)

#define SUMMARY(columns) "SELECT " columns " FROM connection_direction WHERE direction = 'c2s'"
/* The shares as times. */
#define LIMITS                                                                                     \
    "SELECT round(limited_window * ms), round(limited_path * ms), round(limited_application * "    \
    "ms), round((limited_window + limited_path + limited_application + limited_idle) * ms) = ms "  \
    "FROM connection_direction JOIN (SELECT connection_id, duration_ns / 1e6 AS ms FROM "          \
    "connection) USING (connection_id) WHERE direction = 'c2s'"

enum { NO_SCALE = -1 };

static void handshake_segment(Rows *rows, MpsSide from, int scale)
{
    const uint8_t flags = from == C ? MPS_TCP_SYN : MPS_TCP_SYN | MPS_TCP_ACK;
    MpsSegment segment = bench_segment(rows->bench, 0, from, flags, 0, 1, 0);

    bench_capable(rows->bench, &segment, from == S, from);
    if (scale != NO_SCALE) {
        segment.tcp_options |= MPS_TCPOPT_WSCALE;
        segment.wscale = (uint8_t)scale;
    }
    bench_feed(rows->bench, segment);
}

/* An open connection, seen near the client; time 0 is now. */
static Rows near_client(int client_scale, int server_scale, int64_t *zero_ns)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    rows.bench->step_ns = 0;
    handshake_segment(&rows, C, client_scale);
    rows.bench->now_ns += 4 * MS_NS;
    handshake_segment(&rows, S, server_scale);
    bench_third(rows.bench);
    *zero_ns = rows.bench->now_ns;
    return rows;
}

static void at(Rows *rows, int64_t zero_ns, int64_t ms)
{
    rows->bench->now_ns = zero_ns + ms * MS_NS;
}

/* The server acknowledges the client's data below @offset on path 0, in TCP and DATA_ACK. */
static void ack(Rows *rows, int64_t offset, uint16_t window)
{
    MpsSegment segment = bench_segment(rows->bench, 0, S, MPS_TCP_ACK, 1, (uint32_t)offset + 1, 0);

    segment.window = window;
    bench_data_ack(rows->bench, &segment, S, offset);
    bench_feed(rows->bench, segment);
}

static void send(Rows *rows, int64_t offset, uint32_t bytes)
{
    bench_send(rows->bench, 0, C, (uint32_t)offset + 1, bytes, offset);
}

/*  ms   0     10    30    40    50
 *  data 1000  2000  2000  1000  0       not DATA_ACKed
 *  TCP  1000  2000  1000  1000  0       500 each of path 0 and 1 from 30 on */
static void test_levels(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);
    Bench *bench = rows.bench;

    bench_open(bench);
    bench_join(bench, 1, C);
    bench->step_ns = 0;

    const int64_t zero_ns = bench->now_ns;

    bench_send(bench, 0, C, 1, 1000, 0);
    at(&rows, zero_ns, 10);
    bench_send(bench, 1, C, 1, 1000, 1000);
    at(&rows, zero_ns, 30);
    bench_ack(bench, 0, S, 1, 501, 0);
    bench_ack(bench, 1, S, 1, 501, 0);
    at(&rows, zero_ns, 40);
    bench_ack(bench, 0, S, 1, 501, 1000);
    at(&rows, zero_ns, 50);
    bench_ack(bench, 0, S, 1, 1001, 2000);
    bench_ack(bench, 1, S, 1, 1001, 2000);
    rows_finish(&rows);
    rows_assert(&rows,
                SUMMARY("flight_mean_bytes, flight_max_bytes, tcp_flight_mean_bytes, "
                        "tcp_flight_max_bytes"),
                "1600.0|2000|1400.0|2000");
    rows_assert(&rows,
                "SELECT flight_mean_bytes, flight_max_bytes FROM subflow_direction "
                "WHERE direction = 'c2s' ORDER BY subflow_id",
                "800.0|1000\n750.0|1000");
    rows_assert(&rows,
                "SELECT subflow_id, max(flight_bytes), max(window_bytes), max(ofo_bytes) "
                "FROM series WHERE direction = 'c2s' GROUP BY 1",
                "|2000|65535|0\n1|1000||\n2|1000||");
    rows_assert(&rows, "SELECT flight_max_bytes FROM connection_direction WHERE direction = 's2c'",
                "");
    rows_free(&rows);
}

/* The window after the SYN is scaled if both ends scale, and only if it is known. */
static void test_scale(void)
{
    static const struct {
        int client, server;
        const char *edge;
    } cases[] = {{5, 3, "1300"}, {0, 3, "1300"}, {5, NO_SCALE, "600"}, {NO_SCALE, 3, "600"}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t zero_ns;
        Rows rows = near_client(cases[i].client, cases[i].server, &zero_ns);

        send(&rows, 0, 500);
        ack(&rows, 500, 100);
        rows_finish(&rows);
        rows_assert(&rows, SUMMARY("window_edge_bytes"), cases[i].edge);
        rows_free(&rows);
    }
}

/* A scale above 14 counts as 14. */
static void test_scale_limit(void)
{
    int64_t zero_ns;
    Rows rows = near_client(1, 15, &zero_ns);

    send(&rows, 0, 500);
    ack(&rows, 500, 1);
    rows_finish(&rows);
    rows_assert(&rows, SUMMARY("window_edge_bytes"), "16884");
    rows_free(&rows);
}

static void test_no_syn(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_third(rows.bench);
    send(&rows, 0, 500);
    ack(&rows, 500, 100);
    rows_finish(&rows);
    rows_assert(&rows, SUMMARY("flight_max_bytes, window_max_bytes, zero_windows, limited_idle"),
                "500|||");
    rows_free(&rows);
}

/* 0 ms: 2000 from 1000 on; 10 ms: 500 from 2000 on changes nothing; 20 ms: 3000 from 2000 on. */
static void test_right_edge(void)
{
    int64_t zero_ns;
    Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

    send(&rows, 0, 2000);
    ack(&rows, 1000, 2000);
    at(&rows, zero_ns, 10);
    ack(&rows, 2000, 500);
    at(&rows, zero_ns, 20);
    ack(&rows, 2000, 3000);
    rows_finish(&rows);
    rows_assert(&rows, SUMMARY("window_edge_bytes, window_max_bytes, window_mean_bytes"),
                "5000|3000|1500.0");
    rows_assert(&rows,
                "SELECT min(window_bytes) FROM series WHERE direction = 'c2s' AND subflow_id "
                "IS NULL",
                "1000");
    rows_free(&rows);
}

/* 0 ms: 1500 of 2000, of which the DATA_ACK leaves nothing, and 500 of the window; 100 ms: these.
 */
static void test_filled(void)
{
    int64_t zero_ns;
    Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

    send(&rows, 0, 1000);
    ack(&rows, 1000, 2000);
    send(&rows, 1000, 1500);
    ack(&rows, 2500, 500);
    at(&rows, zero_ns, 100);
    send(&rows, 2500, 500);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT flight_bytes, window_bytes, window_end_bytes, window_filled FROM series"
                " WHERE direction = 'c2s' AND subflow_id IS NULL ORDER BY bin_start_ns",
                "1500|500|500|0\n500|500|500|1");
    rows_free(&rows);
}

/* Zero from 0 to 50 ms, and from 60 ms to the last packet at 80 ms, which says nothing new. */
static void test_zero_window(void)
{
    int64_t zero_ns;
    Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

    send(&rows, 0, 1000);
    ack(&rows, 1000, 0);
    at(&rows, zero_ns, 50);
    ack(&rows, 1000, 1000);
    at(&rows, zero_ns, 60);
    send(&rows, 1000, 1000);
    ack(&rows, 2000, 0);
    at(&rows, zero_ns, 80);
    bench_send(rows.bench, 0, C, 2000, 1, 1999);
    rows_finish(&rows);
    rows_assert(&rows, SUMMARY("zero_windows, zero_window_ns, zero_window_max_ns"),
                "2|70000000|50000000");
    rows_assert(&rows, LIMITS, "70.0|0.0|10.0|1");
    rows_free(&rows);
}

/* 1000 bytes for 40 ms, with less than 3 segments of window left, or just not. */
static void test_window_limit(void)
{
    for (uint16_t short_by = 0; short_by <= 1; short_by++) {
        int64_t zero_ns;
        Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

        ack(&rows, 0, (uint16_t)(1000 + 3 * 1460 - short_by));
        send(&rows, 0, 1000);
        at(&rows, zero_ns, 40);
        ack(&rows, 1000, 65535);
        rows_finish(&rows);
        rows_assert(&rows, LIMITS, short_by ? "40.0|0.0|0.0|1" : "0.0|0.0|40.0|1");
        rows_free(&rows);
    }
}

/* A flight of 4 segments that was never larger, or just not as much. */
static void test_path_least(void)
{
    for (uint32_t short_by = 0; short_by <= 1; short_by++) {
        int64_t zero_ns;
        Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

        ack(&rows, 0, 65535);
        send(&rows, 0, 4 * 1460 - short_by);
        at(&rows, zero_ns, 40);
        ack(&rows, 4 * 1460 - short_by, 65535);
        rows_finish(&rows);
        rows_assert(&rows, LIMITS, short_by ? "0.0|0.0|40.0|1" : "0.0|40.0|0.0|1");
        rows_free(&rows);
    }
}

/* 10000 bytes for 10 ms, then 9000 for 30 ms, or 8999. */
static void test_path_recent_maximum(void)
{
    for (uint32_t short_by = 0; short_by <= 1; short_by++) {
        int64_t zero_ns;
        Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

        ack(&rows, 0, 65535);
        send(&rows, 0, 10000);
        at(&rows, zero_ns, 10);
        ack(&rows, 1000 + short_by, 65535);
        at(&rows, zero_ns, 40);
        ack(&rows, 10000, 65535);
        rows_finish(&rows);
        rows_assert(&rows, LIMITS, short_by ? "0.0|10.0|30.0|1" : "0.0|40.0|0.0|1");
        rows_free(&rows);
    }
}

/* A maximum of 20000 is forgotten by the time that 10000 are in flight: two times 200 ms later. */
static void test_path_old_maximum(void)
{
    static const struct {
        int64_t ms;
        const char *limits;
    } cases[] = {{399, "0.0|10.0|40.0|1"}, {400, "0.0|50.0|0.0|1"}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t zero_ns;
        Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

        ack(&rows, 0, 65535);
        send(&rows, 0, 20000);
        at(&rows, zero_ns, 10);
        ack(&rows, 20000, 65535);
        at(&rows, zero_ns, cases[i].ms);
        send(&rows, 20000, 10000);
        at(&rows, zero_ns, cases[i].ms + 40);
        ack(&rows, 30000, 65535);
        rows_finish(&rows);
        rows_assert(&rows, LIMITS, cases[i].limits);
        rows_free(&rows);
    }
}

/* Sent again at 10 ms; recovered at 30 ms, when all sent by then is acknowledged, not at 20. */
static void test_recovery(void)
{
    int64_t zero_ns;
    Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

    ack(&rows, 0, 65535);
    send(&rows, 0, 1000);
    send(&rows, 1000, 1000);
    at(&rows, zero_ns, 10);
    send(&rows, 0, 1000);
    at(&rows, zero_ns, 15);
    send(&rows, 2000, 1000);
    at(&rows, zero_ns, 20);
    ack(&rows, 1000, 65535);
    at(&rows, zero_ns, 30);
    ack(&rows, 2000, 65535);
    at(&rows, zero_ns, 40);
    ack(&rows, 3000, 65535);
    rows_finish(&rows);
    rows_assert(&rows, LIMITS, "0.0|20.0|20.0|1");
    rows_free(&rows);
}

/* Nothing outstanding for 50 ms is the application's pause, for longer it is idleness. */
static void test_idle(void)
{
    for (int64_t ms = 50; ms <= 51; ms++) {
        int64_t zero_ns;
        Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

        ack(&rows, 0, 65535);
        send(&rows, 0, 1000);
        at(&rows, zero_ns, 5);
        ack(&rows, 1000, 65535);
        at(&rows, zero_ns, 5 + ms);
        send(&rows, 1000, 1000);
        at(&rows, zero_ns, 10 + ms);
        ack(&rows, 2000, 65535);
        rows_finish(&rows);
        rows_assert(&rows, LIMITS, ms > 50 ? "0.0|0.0|10.0|1" : "0.0|0.0|60.0|1");
        rows_free(&rows);
    }
}

/* Near the server it is not visible what the client could have sent. */
static void test_sender_view(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_syn(rows.bench);
    bench_synack(rows.bench);
    rows.bench->now_ns += 10 * MS_NS;
    bench_third(rows.bench);
    send(&rows, 0, 1000);
    ack(&rows, 1000, 65535);
    rows_finish(&rows);
    rows_assert(&rows, SUMMARY("sender_view, flight_max_bytes, window_max_bytes, limited_window"),
                "0|1000|65535|");
    rows_free(&rows);
}

/* After a fallback the acknowledgements of TCP count. */
static void test_fallback(void)
{
    int64_t zero_ns;
    Rows rows = near_client(NO_SCALE, NO_SCALE, &zero_ns);

    bench_feed(rows.bench, bench_segment(rows.bench, 0, C, MPS_TCP_ACK, 1, 1, 1000));
    bench_feed(rows.bench, bench_segment(rows.bench, 0, S, MPS_TCP_ACK, 1, 1001, 0));
    bench_feed(rows.bench, bench_segment(rows.bench, 0, C, MPS_TCP_ACK, 1001, 1, 2000));
    at(&rows, zero_ns, 10);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, S, MPS_TCP_ACK, 1, 3001, 0));
    rows_finish(&rows);
    rows_assert(&rows, "SELECT fallback IS NOT NULL FROM connection", "1");
    rows_assert(&rows, SUMMARY("tcp_flight_max_bytes, window_edge_bytes, flight_mean_bytes"),
                "2000|68535|3000.0");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/flight/levels", test_levels);
    g_test_add_func("/flight/scale", test_scale);
    g_test_add_func("/flight/scale-limit", test_scale_limit);
    g_test_add_func("/flight/no-syn", test_no_syn);
    g_test_add_func("/flight/right-edge", test_right_edge);
    g_test_add_func("/flight/filled", test_filled);
    g_test_add_func("/flight/zero-window", test_zero_window);
    g_test_add_func("/flight/window-limit", test_window_limit);
    g_test_add_func("/flight/path-least", test_path_least);
    g_test_add_func("/flight/path-recent-maximum", test_path_recent_maximum);
    g_test_add_func("/flight/path-old-maximum", test_path_old_maximum);
    g_test_add_func("/flight/recovery", test_recovery);
    g_test_add_func("/flight/idle", test_idle);
    g_test_add_func("/flight/sender-view", test_sender_view);
    g_test_add_func("/flight/fallback", test_fallback);
    return g_test_run();
}
