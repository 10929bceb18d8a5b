/* test_retransmission.c - each class of retransmission, both sides of each threshold.
 *
 * Packets are 10 ms apart unless told otherwise, so that the handshake gives a smallest RTT of 10
 * ms to each side of the tap, 20 ms in all.  Its SYN is the only sample of the smoothed RTT: 10 ms
 * with a variation of 5 ms, which makes an RTO of 10 + 200 ms. */
#include "bench_rows.h"

#define C MPS_CLIENT
#define S MPS_SERVER

#define MS ((int64_t)1000 * 1000)

static const char ROWS[] =
    "SELECT seq, bytes, hole_filled_bytes, class, trigger, evidence FROM retransmission"
    " ORDER BY packet";

static Rows open_rows(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    rows.bench->step_ns = 10 * MS;
    bench_open(rows.bench);
    return rows;
}

/* The client's SYN permits SACK. */
static Rows open_rows_sack(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    rows.bench->step_ns = 10 * MS;

    MpsSegment syn = bench_segment(rows.bench, 0, C, MPS_TCP_SYN, 0, 0, 0);

    bench_capable(rows.bench, &syn, 0, C);
    syn.tcp_options = MPS_TCPOPT_SACK_PERMITTED;
    bench_feed(rows.bench, syn);
    bench_synack(rows.bench);
    bench_third(rows.bench);
    return rows;
}

static void wait_ns(Rows *rows, int64_t ns)
{
    rows->bench->now_ns += ns - rows->bench->step_ns;
}

/* Payload of the client; IP ID and time stamp are left out where 0. */
static void put(Rows *rows, uint32_t seq, uint32_t bytes, uint16_t ip_id, uint32_t tsval)
{
    MpsSegment segment = bench_segment(rows->bench, 0, C, MPS_TCP_ACK, seq, 1, bytes);

    bench_data_ack(rows->bench, &segment, C, 0);
    segment.ip_id = ip_id;
    segment.tsval = tsval;
    segment.tcp_options = tsval ? MPS_TCPOPT_TIMESTAMP : 0;
    bench_feed(rows->bench, segment);
}

static void send_at(Rows *rows, uint32_t seq, uint32_t bytes)
{
    put(rows, seq, bytes, 0, 0);
}

typedef struct {
    uint32_t ack;
    uint32_t sack[2][2]; /* 0: no block */
    uint32_t tsecr;
    bool closed;    /* no window */
    bool addresses; /* with an ADD_ADDR */
} Ack;

static void acked(Rows *rows, Ack ack)
{
    MpsSegment segment = bench_segment(rows->bench, 0, S, MPS_TCP_ACK, 1, ack.ack, 0);

    bench_data_ack(rows->bench, &segment, S, 0);
    if (ack.addresses)
        bench_option(&segment, MPS_ADD_ADDR);
    for (; segment.n_sack < 2 && ack.sack[segment.n_sack][0] > 0; segment.n_sack++) {
        segment.sack[segment.n_sack].begin = rows->bench->isn[0][C] + ack.sack[segment.n_sack][0];
        segment.sack[segment.n_sack].end = rows->bench->isn[0][C] + ack.sack[segment.n_sack][1];
    }
    segment.tsecr = ack.tsecr;
    segment.tsval = 7;
    segment.tcp_options = ack.tsecr ? MPS_TCPOPT_TIMESTAMP : 0;
    segment.window = ack.closed ? 0 : 65535;
    bench_feed(rows->bench, segment);
}

#define ACK(rows, ...) acked(rows, (Ack){__VA_ARGS__})

static void finish(Rows *rows, const char *shall)
{
    rows_finish(rows);
    rows_assert(rows, ROWS, shall);
    rows_free(rows);
}

/* Segments of 100 bytes at 1, 101, ... @n of them. */
static void send_flight(Rows *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        send_at(rows, 1 + 100 * i, 100);
}

static void test_dup_acks(void)
{
    for (int n = 2; n <= 3; n++) {
        Rows rows = open_rows();

        rows.bench->step_ns = MS;
        send_flight(&rows, 5);
        ACK(&rows, .ack = 101);
        for (int i = 0; i < n; i++)
            ACK(&rows, .ack = 101);
        send_at(&rows, 101, 100);
        finish(&rows, n == 3 ? "101|100|0|fast|fast|" : "101|100|0|unknown||");
    }
}

/* An ACK with another option than DSS, and one that changes the window, are no duplicates. */
static void test_no_dup_ack(void)
{
    Rows rows = open_rows();

    rows.bench->step_ns = MS;
    send_flight(&rows, 5);
    ACK(&rows, .ack = 101);
    ACK(&rows, .ack = 101);
    ACK(&rows, .ack = 101);
    ACK(&rows, .ack = 101, .addresses = true);
    ACK(&rows, .ack = 101, .closed = true);
    send_at(&rows, 101, 100);
    finish(&rows, "101|100|0|unknown||");
}

static void test_sack(void)
{
    Rows rows = open_rows();

    rows.bench->step_ns = MS;
    send_flight(&rows, 5);
    ACK(&rows, .ack = 101, .sack = {{201, 301}});
    send_at(&rows, 301, 100); /* nothing above it was SACKed */
    send_at(&rows, 101, 100);
    send_at(&rows, 201, 100); /* SACKed before */
    finish(&rows, "301|100|0|unknown||\n101|100|0|fast|fast|\n201|100|0|spurious|fast|acked");
}

/* What follows in recovery has its cause; after it, not. */
static void test_recovery(void)
{
    Rows rows = open_rows();

    rows.bench->step_ns = MS;
    send_flight(&rows, 4);
    wait_ns(&rows, 250 * MS);
    send_at(&rows, 1, 100);
    send_at(&rows, 101, 100);
    ACK(&rows, .ack = 401);
    send_at(&rows, 401, 100);
    send_at(&rows, 501, 100);
    send_at(&rows, 401, 100);
    finish(&rows, "1|100|0|timeout|timeout|\n101|100|0|timeout|timeout|\n401|100|0|unknown||");
}

/* A timer that runs out ends fast recovery; what the timeout lost is sent again long before another
 * one could run out.  The ACK was a second sample, of 15 ms. */
static void test_recovery_changes(void)
{
    for (int64_t ms = 210; ms <= 211; ms++) {
        Rows rows = open_rows();

        rows.bench->step_ns = MS;
        send_flight(&rows, 5);
        ACK(&rows, .ack = 101, .sack = {{201, 301}});
        send_at(&rows, 101, 100);
        wait_ns(&rows, ms * MS);
        send_at(&rows, 101, 100);
        wait_ns(&rows, 30 * MS);
        send_at(&rows, 101, 100);
        finish(&rows, ms == 211 ? "101|100|0|fast|fast|\n101|100|0|timeout|timeout|\n"
                                  "101|100|0|timeout|timeout|"
                                : "101|100|0|fast|fast|\n101|100|0|fast|fast|\n"
                                  "101|100|0|fast|fast|");
    }
}

static void test_timeout(void)
{
    for (int64_t ms = 209; ms <= 210; ms++) {
        Rows rows = open_rows();

        send_at(&rows, 1, 100);
        wait_ns(&rows, 5 * MS);
        send_at(&rows, 101, 100);
        wait_ns(&rows, ms * MS);
        send_at(&rows, 1, 100);
        /* Last sent 214 ms before, but by then the sender was not quiet for so long. */
        finish(&rows, "1|100|0|timeout|timeout|");
    }
    for (int64_t ms = 209; ms <= 210; ms++) {
        Rows rows = open_rows();

        send_at(&rows, 1, 100);
        wait_ns(&rows, ms * MS);
        send_at(&rows, 1, 100);
        finish(&rows, ms == 210 ? "1|100|0|timeout|timeout|" : "1|100|0|tail_probe|tail_probe|");
    }
}

static void test_tail_probe(void)
{
    for (int64_t ms = 9; ms <= 10; ms++) {
        Rows rows = open_rows();

        send_at(&rows, 1, 100);
        wait_ns(&rows, ms * MS);
        send_at(&rows, 1, 100);
        wait_ns(&rows, 100 * MS); /* there is one probe only */
        send_at(&rows, 1, 100);
        finish(&rows, ms == 10 ? "1|100|0|tail_probe|tail_probe|\n1|100|0|unknown||"
                               : "1|100|0|unknown||\n1|100|0|tail_probe|tail_probe|");
    }

    Rows rows = open_rows();

    send_flight(&rows, 2);
    wait_ns(&rows, 100 * MS);
    send_at(&rows, 1, 100); /* not the last segment */
    finish(&rows, "1|100|0|unknown||");

    rows = open_rows();
    ACK(&rows, .ack = 1);
    send_at(&rows, 1, 100);
    wait_ns(&rows, 9 * MS);
    ACK(&rows, .ack = 1); /* tells of nothing received */
    wait_ns(&rows, MS);
    send_at(&rows, 1, 100);
    finish(&rows, "1|100|0|tail_probe|tail_probe|");
}

/* Where SACK is in use, what comes when the timer runs out is a probe the first time, if it repeats
 * the last segment; far later, or in recovery, it is none. */
static void test_late_tail_probe(void)
{
    for (int64_t ms = 274; ms <= 275; ms++) {
        Rows rows = open_rows_sack();

        send_at(&rows, 1, 100);
        wait_ns(&rows, ms * MS);
        send_at(&rows, 1, 100);
        wait_ns(&rows, 220 * MS);
        send_at(&rows, 1, 100);
        finish(&rows, ms == 274 ? "1|100|0|tail_probe|tail_probe|\n1|100|0|timeout|timeout|"
                                : "1|100|0|timeout|timeout|\n1|100|0|timeout|timeout|");
    }

    Rows rows = open_rows_sack();

    send_flight(&rows, 2);
    ACK(&rows, .ack = 1);
    wait_ns(&rows, 400 * MS);
    send_at(&rows, 101, 100); /* a timeout would repeat the first */
    send_at(&rows, 1, 100);
    finish(&rows, "101|100|0|tail_probe|tail_probe|\n1|100|0|timeout|timeout|");
}

/* New data and duplicate ACKs do not restart the timer. */
static void test_timeout_in_recovery(void)
{
    for (int64_t ms = 206; ms <= 207; ms++) {
        Rows rows = open_rows();

        rows.bench->step_ns = MS;
        send_flight(&rows, 5);
        ACK(&rows, .ack = 101, .sack = {{201, 301}});
        send_at(&rows, 101, 100);
        send_at(&rows, 501, 100);
        send_at(&rows, 601, 100);
        ACK(&rows, .ack = 101, .sack = {{201, 401}});
        ACK(&rows, .ack = 101, .sack = {{201, 501}});
        wait_ns(&rows, ms * MS);
        send_at(&rows, 101, 100);
        finish(&rows, ms == 207 ? "101|100|0|fast|fast|\n101|100|0|timeout|timeout|"
                                : "101|100|0|fast|fast|\n101|100|0|fast|fast|");
    }
}

/* Something sent after it arrived: it was sent again itself, and lies below. */
static void test_overtaken(void)
{
    for (int n = 0; n < 2; n++) {
        Rows rows = open_rows();

        rows.bench->step_ns = MS;
        send_flight(&rows, 5);
        ACK(&rows, .ack = 101, .sack = {{201, 401}});
        if (n == 1)
            send_at(&rows, 101, 100);
        wait_ns(&rows, 6 * MS); /* more than half the RTT */
        ACK(&rows, .ack = 401);
        send_at(&rows, 401, 100);
        finish(&rows,
               n == 1 ? "101|100|0|fast|fast|\n401|100|0|fast|fast|" : "401|100|0|unknown||");
    }
}

/* The first copy comes behind the retransmission, which was not needed. */
static void test_late_original(void)
{
    Rows rows = open_rows();

    rows.bench->step_ns = MS;
    put(&rows, 1, 100, 0, 5);
    put(&rows, 201, 100, 0, 5);
    ACK(&rows, .ack = 101, .sack = {{201, 301}});
    wait_ns(&rows, 30 * MS);
    put(&rows, 101, 100, 0, 7);
    wait_ns(&rows, 10 * MS);
    put(&rows, 101, 100, 0, 5);
    ACK(&rows, .ack = 301, .sack = {{101, 201}});
    finish(&rows, "101|100|100|spurious|fast|dsack\n101|100|0|reordering||");
}

static void test_network_duplicate(void)
{
    Rows rows = open_rows();

    put(&rows, 1, 100, 77, 5);
    put(&rows, 1, 100, 77, 5);
    put(&rows, 1, 100, 77, 6); /* another stamp */
    put(&rows, 101, 100, 78, 0);
    put(&rows, 101, 100, 78, 0);
    put(&rows, 201, 100, 0, 0);
    put(&rows, 201, 100, 0, 0); /* IP ID 0 says nothing */
    finish(&rows, "1|100|0|network_duplicate||\n1|100|0|tail_probe|tail_probe|\n"
                  "101|100|0|network_duplicate||\n201|100|0|tail_probe|tail_probe|");
}

static void test_reordering(void)
{
    for (int64_t ms = 19; ms <= 20; ms++) {
        Rows rows = open_rows();

        send_at(&rows, 1, 100);
        send_at(&rows, 201, 100);
        wait_ns(&rows, ms * MS);
        send_at(&rows, 101, 100);
        finish(&rows, ms == 19 ? "101|100|100|reordering||" : "101|100|100|unknown||");
    }
    for (uint32_t tsval = 4; tsval <= 6; tsval++) { /* the stamp decides unless it is the same */
        Rows rows = open_rows();

        put(&rows, 1, 100, 0, 5);
        put(&rows, 201, 100, 0, 5);
        wait_ns(&rows, (tsval == 4 ? 150 : 5) * MS);
        put(&rows, 101, 100, 0, tsval);
        finish(&rows, tsval == 6 ? "101|100|100|unknown||" : "101|100|100|reordering||");
    }
}

static void test_probes(void)
{
    Rows rows = open_rows();

    send_at(&rows, 1, 100);
    ACK(&rows, .ack = 101, .closed = true);
    send_at(&rows, 101, 1); /* new */
    send_at(&rows, 101, 1);
    send_at(&rows, 100, 0);
    send_at(&rows, 100, 1);
    ACK(&rows, .ack = 102);
    send_at(&rows, 101, 0);
    send_at(&rows, 101, 1);
    send_at(&rows, 102, 0); /* a pure ACK */
    send_at(&rows, 102, 100);
    send_at(&rows, 101, 0); /* not idle */
    rows_finish(&rows);
    rows_assert(&rows, ROWS,
                "101|1|0|window_probe||\n100|0|0|window_probe||\n100|1|0|window_probe||\n"
                "101|0|0|keep_alive||\n101|1|0|keep_alive||");
    rows_assert(&rows,
                "SELECT retransmission_window_probe_packets, retransmission_window_probe_bytes,"
                " retransmission_keep_alive_packets, retransmitted_packets, spurious_share"
                " FROM subflow_direction WHERE direction = 'c2s'",
                "3|2|2|3|");
    rows_free(&rows);
}

static void test_dsack(void)
{
    Rows rows = open_rows();

    send_flight(&rows, 2);
    wait_ns(&rows, 300 * MS);
    send_at(&rows, 1, 100);
    send_at(&rows, 101, 100);
    ACK(&rows, .ack = 201, .sack = {{1, 101}}); /* of the first copy and the second */
    send_at(&rows, 201, 100);
    send_at(&rows, 301, 100);
    wait_ns(&rows, 300 * MS);
    send_at(&rows, 301, 100);
    ACK(&rows, .ack = 201, .sack = {{321, 341}, {301, 401}}); /* within the second block */
    rows_finish(&rows);
    rows_assert(&rows, ROWS,
                "1|100|0|spurious|timeout|dsack\n101|100|0|timeout|timeout|\n"
                "301|100|0|spurious|timeout|dsack");
    rows_assert(&rows,
                "SELECT retransmission_spurious_packets, retransmission_spurious_bytes,"
                " retransmission_timeout_packets, round(spurious_share, 3)"
                " FROM subflow_direction WHERE direction = 'c2s'",
                "2|200|1|0.667");
    rows_free(&rows);
}

/* Of two copies the D-SACK tells of the later one that can have arrived. */
static void test_dsack_of_later(void)
{
    Rows rows = open_rows();

    send_at(&rows, 1, 100);
    wait_ns(&rows, 300 * MS);
    send_at(&rows, 1, 100);
    wait_ns(&rows, 600 * MS);
    send_at(&rows, 1, 100);
    wait_ns(&rows, 4 * MS); /* less than half the way to the receiver and back */
    ACK(&rows, .ack = 101, .sack = {{1, 101}});
    finish(&rows, "1|100|0|spurious|timeout|dsack\n1|100|0|timeout|timeout|");
}

static void test_echo(void)
{
    for (uint32_t tsecr = 5; tsecr <= 6; tsecr++) {
        Rows rows = open_rows();

        put(&rows, 1, 100, 0, 5);
        wait_ns(&rows, 300 * MS);
        put(&rows, 1, 100, 0, 6);
        ACK(&rows, .ack = 101, .tsecr = tsecr);
        finish(&rows,
               tsecr == 5 ? "1|100|0|spurious|timeout|timestamp" : "1|100|0|timeout|timeout|");
    }
}

/* One ACK of two retransmissions echoes the first of them: it tells nothing of the second. */
static void test_echo_of_first(void)
{
    Rows rows = open_rows();

    put(&rows, 1, 100, 0, 5);
    put(&rows, 101, 100, 0, 5);
    wait_ns(&rows, 300 * MS);
    put(&rows, 1, 100, 0, 6);
    put(&rows, 101, 100, 0, 7);
    ACK(&rows, .ack = 1, .tsecr = 5);
    ACK(&rows, .ack = 201, .tsecr = 6);
    finish(&rows, "1|100|0|timeout|timeout|\n101|100|0|timeout|timeout|");
}

static void test_acked_before(void)
{
    Rows rows = open_rows();

    send_flight(&rows, 2);
    ACK(&rows, .ack = 101);
    wait_ns(&rows, 300 * MS);
    send_at(&rows, 51, 50);
    send_at(&rows, 51, 100); /* half of it was not */
    finish(&rows, "51|50|0|spurious|timeout|acked\n51|100|0|timeout|timeout|");
}

/* More than wait for a D-SACK: all have their row, and are counted once. */
static void test_many(void)
{
    Rows rows = open_rows();

    send_at(&rows, 1, 100);
    for (int i = 0; i < 1000; i++)
        send_at(&rows, 1, 100);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT count(*), sum(bytes), (SELECT sum(retransmission_unknown_packets +"
                " retransmission_tail_probe_packets + retransmission_timeout_packets)"
                " FROM subflow_direction) FROM retransmission",
                "1000|100000|1000");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/retransmission/dup-acks", test_dup_acks);
    g_test_add_func("/retransmission/no-dup-ack", test_no_dup_ack);
    g_test_add_func("/retransmission/sack", test_sack);
    g_test_add_func("/retransmission/recovery", test_recovery);
    g_test_add_func("/retransmission/recovery-changes", test_recovery_changes);
    g_test_add_func("/retransmission/timeout", test_timeout);
    g_test_add_func("/retransmission/tail-probe", test_tail_probe);
    g_test_add_func("/retransmission/late-tail-probe", test_late_tail_probe);
    g_test_add_func("/retransmission/timeout-in-recovery", test_timeout_in_recovery);
    g_test_add_func("/retransmission/overtaken", test_overtaken);
    g_test_add_func("/retransmission/late-original", test_late_original);
    g_test_add_func("/retransmission/network-duplicate", test_network_duplicate);
    g_test_add_func("/retransmission/reordering", test_reordering);
    g_test_add_func("/retransmission/probes", test_probes);
    g_test_add_func("/retransmission/dsack", test_dsack);
    g_test_add_func("/retransmission/dsack-of-later", test_dsack_of_later);
    g_test_add_func("/retransmission/echo", test_echo);
    g_test_add_func("/retransmission/echo-of-first", test_echo_of_first);
    g_test_add_func("/retransmission/acked-before", test_acked_before);
    g_test_add_func("/retransmission/many", test_many);
    return g_test_run();
}
