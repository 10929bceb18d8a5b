/* test_worth.c - what acknowledgements cover, what carrying data costs, bursts and their answers,
 * what reinjections were good for: segments built here, rows asked for in SQL.  Packets are 1 ms
 * apart; two_paths() ends with packet 7. */
#include "bench_rows.h"

#define C     MPS_CLIENT
#define S     MPS_SERVER
#define MS_NS (INT64_C(1000) * 1000)

static Rows one_path(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    return rows;
}

static Rows two_paths(void)
{
    Rows rows = one_path();

    bench_join(rows.bench, 1, C);
    return rows;
}

static void wait_ms(Rows *rows, int64_t ms)
{
    rows->bench->now_ns += ms * MS_NS;
}

/* Payload of the server that acknowledges payload below @ack and the data below @data_ack. */
static void answer(Rows *rows, int path, uint32_t seq, uint32_t bytes, int64_t offset, uint32_t ack,
                   int64_t data_ack)
{
    MpsSegment segment = bench_segment(rows->bench, path, S, MPS_TCP_ACK, seq, ack, bytes);

    bench_map(rows->bench, &segment, S, offset, seq, (uint16_t)bytes, false);
    bench_data_ack(rows->bench, &segment, S, data_ack);
    bench_feed(rows->bench, segment);
}

/* A pure ACK of the server with a SACK block, without DATA_ACK. */
static void sack(Rows *rows, int path, uint32_t ack, uint32_t begin, uint32_t end)
{
    Bench *bench = rows->bench;
    MpsSegment segment = bench_segment(bench, path, S, MPS_TCP_ACK, 1, ack, 0);

    segment.tcp_options = MPS_TCPOPT_SACK;
    segment.n_sack = 1;
    segment.sack[0].begin = bench->isn[path][C] + begin;
    segment.sack[0].end = bench->isn[path][C] + end;
    bench_feed(bench, segment);
}

/* ---- acknowledgements ---- */

#define ACK_SIZE                                                                                   \
    "SELECT ack_size_samples, ack_size_mean_bytes, ack_size_max_bytes FROM subflow_direction "     \
    "WHERE direction = 'c2s' ORDER BY subflow_id"
#define DATA_ACK                                                                                   \
    "SELECT data_ack_size_samples, data_ack_size_mean_bytes, data_ack_size_max_bytes, "            \
    "ack_gap_max_bytes, ack_gap_mean_bytes FROM connection_direction ORDER BY direction"

static void test_ack_size(void)
{
    Rows rows = one_path();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 0, C, 101, 200, 100);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    bench_ack(rows.bench, 0, S, 1, 301, 300);
    bench_ack(rows.bench, 0, S, 1, 301, 300); /* covers nothing new */
    rows_finish(&rows);
    rows_assert(&rows, ACK_SIZE, "2|150.0|200");
    rows_assert(&rows, DATA_ACK, "2|150.0|200|0|0.0\n0||||");
    rows_free(&rows);
}

/* 200 bytes wait for 10 of 20 ms, because data below them is missing. */
static void test_ack_gap(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 1, C, 1, 200, 100);
    bench_ack(rows.bench, 1, S, 1, 201, 0); /* the time begins */
    wait_ms(&rows, 9);
    bench_ack(rows.bench, 0, S, 1, 101, 300);
    bench_send(rows.bench, 0, C, 101, 100, 300);
    sack(&rows, 0, 101, 151, 201); /* does not count */
    wait_ms(&rows, 7);
    bench_ack(rows.bench, 0, S, 1, 201, 400);
    rows_finish(&rows);
    rows_assert(&rows, ACK_SIZE, "2|100.0|100\n1|200.0|200");
    rows_assert(&rows, DATA_ACK, "2|200.0|300|200|100.0\n0||||");
    rows_free(&rows);
}

/* ---- overhead ---- */

static void test_overhead(void)
{
    static const uint32_t sizes[] = {127, 127, 128, 127, 1, 127, 128, 127, 127};
    Rows rows = one_path();
    Bench *bench = rows.bench;
    uint32_t seq = 1;
    MpsSegment fin, segment;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        bench_send(bench, 0, C, seq, sizes[i], seq - 1);
        seq += sizes[i];
    }
    bench_send(bench, 0, C, 1, 127, 0); /* again */
    segment = bench_segment(bench, 0, C, MPS_TCP_ACK, seq, 1, 0);
    bench_data_ack(bench, &segment, C, 0);
    segment.mptcp[0].length = 8;
    segment.option_bytes = 20;
    bench_feed(bench, segment);
    fin = bench_segment(bench, 0, C, MPS_TCP_ACK, seq, 1, 0);
    bench_map(bench, &fin, C, seq - 1, 0, 0, true);
    bench_feed(bench, fin);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT option_bytes, mptcp_option_bytes, pure_acks, signal_packets, "
                "round(repeated_share * (1019 + 127)), first_payload_delay_ns / 1000000, "
                "tiny_packets, tiny_runs, tiny_run_max_packets FROM subflow_direction "
                "WHERE direction = 'c2s'",
                "20|8|3|3|127.0|3|7|1|3");
    rows_assert(&rows,
                "SELECT option_bytes, signal_packets, tiny_runs, first_payload_delay_ns / 1000000 "
                "FROM connection_direction WHERE direction = 'c2s'",
                "20|3|1|3");
    rows_assert(&rows, "SELECT count(*) FROM distribution", "0"); /* 9 segments: no rows */
    rows_free(&rows);
}

static void test_segment_sizes(void)
{
    Rows rows = one_path();

    for (uint32_t i = 0; i < 20; i++)
        bench_send(rows.bench, 0, C, 1 + 100 * i, i < 5 ? 63 : 64, 100 * i);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT subflow_id, direction, low, high, n FROM distribution "
                "WHERE quantity = 'segment_bytes' ORDER BY low",
                "1|c2s|32|64|5\n1|c2s|64|128|15");
    rows_free(&rows);
}

/* ---- bursts ---- */

#define BURSTS                                                                                     \
    "SELECT direction, number, packet, last_packet, duration_ns / 1000000, pause_ns / 1000000, "   \
    "bytes, packets, switches, response_delay_ns / 1000000 FROM burst ORDER BY direction, number"

/* A pause of 51 ms ends a burst, one of 50 does not. */
static void test_burst_threshold(void)
{
    Rows rows = one_path();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    wait_ms(&rows, 48);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_ack(rows.bench, 0, S, 1, 201, 200);
    wait_ms(&rows, 49);
    bench_send(rows.bench, 0, C, 201, 300, 200);
    rows_finish(&rows);
    rows_assert(&rows, BURSTS, "c2s|1|4|6|50||200|2|0|\nc2s|2|8|8|0|51|300|1|0|");
    rows_assert(&rows,
                "SELECT bursts, burst_mean_bytes, burst_max_bytes, burst_duration_max_ns / 1000000 "
                "FROM connection_direction ORDER BY direction",
                "2|250.0|300|50\n0|||");
    rows_free(&rows);
}

/* With RTTs of 100 ms to both hosts it takes more than 600 ms. */
static void test_burst_rtt(void)
{
    for (int64_t pause_ms = 600; pause_ms <= 601; pause_ms++) {
        Rows rows = rows_new(1, 0x11, 0x22);

        rows.bench->step_ns = 100 * MS_NS;
        bench_open(rows.bench);
        bench_send(rows.bench, 0, C, 1, 100, 0);
        bench_ack(rows.bench, 0, S, 1, 101, 100);
        wait_ms(&rows, pause_ms - 200);
        bench_send(rows.bench, 0, C, 101, 100, 100);
        rows_finish(&rows);
        rows_assert(&rows, "SELECT bursts FROM connection_direction WHERE direction = 'c2s'",
                    pause_ms > 600 ? "2" : "1");
        rows_free(&rows);
    }
}

/* Who waits for an acknowledgement makes no pause. */
static void test_burst_unacked(void)
{
    Rows rows = one_path();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    wait_ms(&rows, 500);
    bench_send(rows.bench, 0, C, 201, 100, 200);
    rows_finish(&rows);
    rows_assert(&rows, BURSTS, "c2s|1|4|7|503||300|3|0|");
    rows_free(&rows);
}

/* Nine bursts of ten small segments every 300 ms, on the two subflows in turn, and one answer of
 * 750 bytes 20 ms after the last of them; twice. */
static void test_burst_voice(void)
{
    Rows rows = two_paths();
    uint32_t sent[2] = {0, 0};
    int64_t offset = 0;

    for (uint32_t turn = 0; turn < 2; turn++) {
        for (int burst = 0; burst < 9; burst++) {
            for (int i = 0; i < 10; i++) {
                bench_send(rows.bench, i % 2, C, 1 + sent[i % 2], 50, offset);
                sent[i % 2] += 50;
                offset += 50;
            }
            if (burst == 8)
                continue;
            bench_ack(rows.bench, 0, S, 1 + 750 * turn, 1 + sent[0], offset);
            bench_ack(rows.bench, 1, S, 1, 1 + sent[1], offset);
            wait_ms(&rows, 288);
        }
        wait_ms(&rows, 19);
        answer(&rows, 0, 1 + 750 * turn, 750, 750 * turn, 1 + sent[0], offset);
        bench_ack(rows.bench, 0, C, 1 + sent[0], 751 + 750 * turn, 750 + 750 * turn);
        wait_ms(&rows, 30);
    }
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT bursts, burst_mean_bytes, bursts_split, subflow_switches, "
                "burst_switches_mean, burst_switches_max, subflow_switch_rate, "
                "response_delay_samples, response_delay_mean_ns / 1000000 "
                "FROM connection_direction ORDER BY direction",
                "18|500.0|18|179|9.0|9|1000.0|2|20\n2|750.0|0|0|0.0|0||1|32");
    rows_assert(&rows,
                "SELECT count(*), sum(pause_ns / 1000000 = 291), min(duration_ns / 1000000), "
                "max(duration_ns / 1000000) FROM burst WHERE direction = 'c2s'",
                "18|16|9|9");
    rows_assert(&rows,
                "SELECT number, first_subflow_id, last_subflow_id, response_subflow_id FROM burst "
                "WHERE direction = 'c2s' AND response_delay_ns NOT NULL",
                "9|1|2|1\n18|1|2|1");
    rows_free(&rows);
}

/* Question and answer without a pause: each question is a burst. */
static void test_burst_answered(void)
{
    Rows rows = one_path();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    answer(&rows, 0, 1, 50, 0, 101, 100);
    bench_ack(rows.bench, 0, C, 101, 51, 50);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    wait_ms(&rows, 2);
    answer(&rows, 0, 51, 50, 50, 201, 200);
    rows_finish(&rows);
    rows_assert(&rows, BURSTS,
                "c2s|1|4|4|0||100|1|0|1\nc2s|2|7|7|0|3|100|1|0|3\n"
                "s2c|1|5|5|0||50|1|0|2\ns2c|2|8|8|0|5|50|1|0|");
    rows_free(&rows);
}

/* Both send all the time: the server acknowledges everything, but does not answer. */
static void test_burst_both(void)
{
    Rows rows = one_path();

    answer(&rows, 0, 1, 100, 0, 1, 0);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    answer(&rows, 0, 101, 100, 100, 101, 100);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    rows_finish(&rows);
    rows_assert(&rows, BURSTS, "c2s|1|5|7|2||200|2|0|\ns2c|1|4|6|2||200|2|0|");
    rows_free(&rows);
}

/* After a fallback TCP's acknowledgements have to do. */
static void test_burst_fallback(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);
    Bench *bench = rows.bench;

    bench_syn(bench);
    bench_feed(bench, bench_segment(bench, 0, S, MPS_TCP_SYN | MPS_TCP_ACK, 0, 1, 0));
    bench_feed(bench, bench_segment(bench, 0, C, MPS_TCP_ACK, 1, 1, 0));
    bench_feed(bench, bench_segment(bench, 0, C, MPS_TCP_ACK, 1, 1, 100));
    bench_feed(bench, bench_segment(bench, 0, C, MPS_TCP_ACK, 101, 1, 100));
    bench_feed(bench, bench_segment(bench, 0, S, MPS_TCP_ACK, 1, 101, 10)); /* not all of it */
    bench_feed(bench, bench_segment(bench, 0, C, MPS_TCP_ACK, 201, 11, 0));
    wait_ms(&rows, 9);
    bench_feed(bench, bench_segment(bench, 0, S, MPS_TCP_ACK, 11, 201, 10));
    rows_finish(&rows);
    rows_assert(&rows, BURSTS, "c2s|1|4|5|1||200|2|0|12\ns2c|1|6|8|11||20|2|0|");
    rows_free(&rows);
}

static void test_burst_bounded(void)
{
    Rows rows = one_path();

    for (uint32_t i = 0; i < 201; i++) {
        bench_send(rows.bench, 0, C, 1 + 10 * i, 10, 10 * i);
        bench_ack(rows.bench, 0, S, 1, 11 + 10 * i, 10 + 10 * i);
        wait_ms(&rows, 100);
    }
    rows_finish(&rows);
    rows_assert(&rows, "SELECT count(*), max(number) FROM burst", "200|200");
    rows_assert(&rows, "SELECT bursts FROM connection_direction WHERE direction = 'c2s'", "201");
    rows_assert(&rows,
                "SELECT quantity, low, high, n FROM distribution WHERE quantity LIKE 'burst%'",
                "burst_bytes|8|16|201\nburst_duration_ns|0|1|201");
    rows_free(&rows);
}

/* ---- reinjections ---- */

#define WORTH                                                                                      \
    "SELECT trigger, first, judged_by, gain_ns / 1000000, copy_ack_delay_ns / 1000000, "           \
    "original_ack_delay_ns / 1000000 FROM reinjection ORDER BY data_offset"
#define TRIGGER "SELECT DISTINCT trigger FROM reinjection"

/* The copy is acknowledged 1 ms after it was sent, the original 6 ms. */
static void test_worth_gain(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 1, C, 1, 100, 0);
    bench_ack(rows.bench, 1, S, 1, 101, 100);
    wait_ms(&rows, 4);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    rows_finish(&rows);
    rows_assert(&rows, WORTH, "|copy|ack|5|1|6");
    rows_assert(&rows,
                "SELECT reinjections, reinjected_useful_bytes, reinjected_wasted_bytes, "
                "reinjection_gain_samples, reinjection_gain_mean_ns / 1000000 "
                "FROM connection_direction WHERE direction = 'c2s'",
                "1|100|0|1|5");
    rows_assert(&rows,
                "SELECT from_ordinal, ordinal, times, bytes, useful_bytes, wasted_bytes, "
                "useless_bytes, mean_gain_ms FROM v_reinjection",
                "0|1|1|100|100|0|0|5.0");
    rows_free(&rows);
}

/* The original is never acknowledged: useful, and nobody knows by how much. */
static void test_worth_original_lost(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 1, C, 1, 100, 0);
    bench_ack(rows.bench, 1, S, 1, 101, 100);
    rows_finish(&rows);
    rows_assert(&rows, WORTH, "|copy|ack||1|");
    rows_free(&rows);
}

/* A hole hides from the ACK, not from the SACK, that the original had arrived. */
static void test_worth_sacked(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_send(rows.bench, 0, C, 201, 100, 200);
    sack(&rows, 0, 1, 201, 301);
    sack(&rows, 0, 1, 101, 201); /* another block, below */
    bench_send(rows.bench, 1, C, 1, 100, 100);
    bench_ack(rows.bench, 1, S, 1, 101, 0);
    rows_finish(&rows);
    rows_assert(&rows, WORTH, "|original|ack|0|1|0");
    rows_free(&rows);
}

/* A DATA_ACK on the copy's subflow before TCP's ACK of the copy. */
static void test_worth_data_acked(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 1, C, 1, 100, 0);
    bench_ack(rows.bench, 1, S, 1, 1, 100);
    bench_ack(rows.bench, 1, S, 1, 101, 100);
    bench_send(rows.bench, 1, C, 101, 100, 100);
    bench_ack(rows.bench, 1, S, 1, 201, 200);
    bench_send(rows.bench, 0, C, 101, 100, 100); /* useless */
    rows_finish(&rows);
    rows_assert(&rows, WORTH, "|original|ack|0|2|\n|original|data_ack|0||");
    rows_assert(&rows, "SELECT reinjected_wasted_bytes FROM connection_direction", "200\n0");
    rows_free(&rows);
}

/* Near the receiver the order of capture tells: the original comes 3 ms after the copy; of the
 * second one the original was there before. */
static void test_worth_arrival(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);
    Bench *bench = rows.bench;

    bench_syn(bench);
    bench_synack(bench);
    wait_ms(&rows, 9);
    bench_third(bench);
    bench_join(bench, 1, C);
    bench_send(bench, 0, C, 101, 100, 100);
    bench_announce(bench, 0, C, 1, 100, 0); /* what was skipped */
    bench_send(bench, 1, C, 1, 100, 0);
    bench_send(bench, 1, C, 101, 100, 100);
    wait_ms(&rows, 1);
    bench_send(bench, 0, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, WORTH, "|copy|arrival|3||\n|original|arrival|0||");
    rows_free(&rows);
}

/* ---- why ---- */

/* Outstanding on path 0 for 199 or 200 ms, in which it was sent again or not, and the receiver was
 * heard on it or not. */
static void after_silence(int64_t ms, bool again, bool heard, const char *shall)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    wait_ms(&rows, ms - 3);
    if (again)
        bench_send(rows.bench, 0, C, 1, 100, 0);
    else
        wait_ms(&rows, 1);
    if (heard)
        bench_ack(rows.bench, 0, S, 1, 1, 0);
    else
        wait_ms(&rows, 1);
    bench_send(rows.bench, 1, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, TRIGGER, shall);
    rows_free(&rows);
}

static void test_trigger_silence(void)
{
    after_silence(199, true, true, "");
    after_silence(200, true, true, "timeout");
    after_silence(200, true, false, "timeout");
    after_silence(199, false, false, "");
    after_silence(200, false, false, "subflow silent");
    after_silence(200, false, true, "");
}

typedef enum { CLOSED, OTHER_CLOSED, REMOVED, BACKUP, WINDOW, FITS } Cause;

static void after(Cause cause, const char *shall)
{
    Rows rows = two_paths();
    Bench *bench = rows.bench;
    MpsSegment segment = bench_segment(bench, 0, S, MPS_TCP_ACK, 1, 1, 0);

    bench_join(bench, 2, C);
    bench_send(bench, 0, C, 1, 100, 0);
    switch (cause) {
    case CLOSED:
        segment.flags |= MPS_TCP_RST;
        break;
    case OTHER_CLOSED:
        segment = bench_segment(bench, 2, S, MPS_TCP_ACK | MPS_TCP_RST, 1, 1, 0);
        break;
    case REMOVED: {
        MpsMptcpOption *option = bench_option(&segment, MPS_REMOVE_ADDR);

        option->remove_addr.n_ids = 1; /* id 0: of the initial subflow */
        break;
    }
    case BACKUP:
        bench_option(&segment, MPS_MP_PRIO)->prio.backup = true;
        break;
    case WINDOW:
    case FITS:
        bench_data_ack(bench, &segment, S, 0);
        segment.window = cause == FITS ? 200 : 199; /* 100 sent, 100 more */
        break;
    }
    bench_feed(bench, segment);
    bench_send(bench, 1, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, TRIGGER, shall);
    rows_free(&rows);
}

static void test_trigger(void)
{
    after(CLOSED, "subflow closed");
    after(OTHER_CLOSED, "another subflow closed");
    after(REMOVED, "address removed");
    after(BACKUP, "priority change");
    after(WINDOW, "window blocked");
    after(FITS, "");
}

/* The other way round: what is undecided stays so, in bounded memory. */
static void test_worth_bounded(void)
{
    Rows rows = two_paths();
    const uint32_t n = 5000;

    for (uint32_t i = 0; i < n; i++)
        bench_send(rows.bench, 0, C, 1 + 10 * i, 10, 10 * i);
    for (uint32_t i = 0; i < n; i++)
        bench_send(rows.bench, 1, C, 1 + 10 * i, 10, 10 * i);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT count(*), sum(bytes), count(first) FROM reinjection",
                "5000|50000|0");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/ack/size", test_ack_size);
    g_test_add_func("/ack/gap", test_ack_gap);
    g_test_add_func("/overhead/counts", test_overhead);
    g_test_add_func("/overhead/segment sizes", test_segment_sizes);
    g_test_add_func("/burst/threshold", test_burst_threshold);
    g_test_add_func("/burst/RTT", test_burst_rtt);
    g_test_add_func("/burst/unacknowledged", test_burst_unacked);
    g_test_add_func("/burst/voice", test_burst_voice);
    g_test_add_func("/burst/answered", test_burst_answered);
    g_test_add_func("/burst/both send", test_burst_both);
    g_test_add_func("/burst/fallback", test_burst_fallback);
    g_test_add_func("/burst/bounded", test_burst_bounded);
    g_test_add_func("/worth/gain", test_worth_gain);
    g_test_add_func("/worth/original lost", test_worth_original_lost);
    g_test_add_func("/worth/SACK", test_worth_sacked);
    g_test_add_func("/worth/DATA_ACK", test_worth_data_acked);
    g_test_add_func("/worth/arrival", test_worth_arrival);
    g_test_add_func("/worth/bounded", test_worth_bounded);
    g_test_add_func("/trigger/silence", test_trigger_silence);
    g_test_add_func("/trigger/others", test_trigger);
    return g_test_run();
}
