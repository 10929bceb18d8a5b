/* test_causes.c - what became of addresses, backups, stalls, handovers and unused subflows: events
 * of segments built here, rows asked for in SQL. */
#include "bench_rows.h"

#define C     MPS_CLIENT
#define S     MPS_SERVER
#define MS_NS (INT64_C(1000) * 1000)

/* Two open subflows of a version 1 connection. */
static Rows two_paths(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    bench_join(rows.bench, 1, C);
    return rows;
}

static void wait_ms(Rows *rows, int64_t ms)
{
    rows->bench->now_ns += ms * MS_NS;
}

/* ---- addresses ---- */

typedef enum { GENUINE, FORGED, NO_HMAC } Seal;

/* ADD_ADDR of 10.0.@path.1 (client) or 192.0.2.@path (server); @port 0: none. */
static void announce(Rows *rows, MpsSide from, uint8_t id, uint8_t path, uint16_t port, Seal seal,
                     bool echo)
{
    Bench *bench = rows->bench;
    MpsSegment segment = bench_segment(bench, 0, from, MPS_TCP_ACK, 1, 1, 0);
    MpsMptcpOption *option = bench_option(&segment, MPS_ADD_ADDR);
    const MpsSide owner = echo == (from == C) ? S : C;
    const uint8_t client[4] = {10, 0, path, 1}, server[4] = {192, 0, 2, path};
    uint8_t message[7] = {id}, hmac[MPS_HMAC_BYTES];

    memcpy(message + 1, owner == C ? client : server, 4);
    message[5] = (uint8_t)(port >> 8);
    message[6] = (uint8_t)port;
    option->add_addr.version = (uint8_t)bench->version;
    option->add_addr.echo = echo;
    option->add_addr.address_id = id;
    option->add_addr.address.family = 4;
    memcpy(option->add_addr.address.bytes, message + 1, 4);
    option->add_addr.has_port = port != 0;
    option->add_addr.port = port;
    option->add_addr.has_hmac = seal != NO_HMAC;
    mps_hmac(1, bench->key[from], bench->key[from == C ? S : C], message, sizeof message, hmac);
    memcpy(option->add_addr.hmac, hmac + 24, 8);
    option->add_addr.hmac[7] ^= seal == FORGED;
    bench_feed(bench, segment);
}

static void removes(Rows *rows, MpsSide from, uint8_t n_ids, uint8_t first_id)
{
    MpsSegment segment = bench_segment(rows->bench, 0, from, MPS_TCP_ACK, 1, 1, 0);
    MpsMptcpOption *option = bench_option(&segment, MPS_REMOVE_ADDR);

    option->remove_addr.n_ids = n_ids;
    for (uint8_t i = 0; i < n_ids; i++)
        option->remove_addr.ids[i] = (uint8_t)(first_id + i);
    bench_feed(rows->bench, segment);
}

#define ADDRESSES                                                                                  \
    "SELECT packet, sent_by, kind, address_id, address, port, hmac, announcements, "               \
    "(echoed_ns - ts_ns) / 1000000, (removed_ns - ts_ns) / 1000000, used, outcome FROM address "   \
    "ORDER BY ts_ns, address_id"

/* A capture that begins in mid-connection shows of no subflow which address ids it has. */
static void test_address_midstream(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    removes(&rows, C, 2, 0);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT address_id, used, outcome FROM address ORDER BY address_id",
                "0|0|which subflow is not visible in this capture\n"
                "1|0|which subflow is not visible in this capture");
    rows_free(&rows);
}

/* Said three times, echoed after the second; joined by address 1 of path 1. */
static void test_address_joined(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    announce(&rows, C, 1, 1, 0, GENUINE, false);
    announce(&rows, C, 1, 1, 0, GENUINE, false);
    announce(&rows, S, 1, 1, 0, NO_HMAC, true);
    announce(&rows, C, 1, 1, 0, GENUINE, false);
    bench_join(rows.bench, 1, S);
    removes(&rows, C, 1, 1);
    removes(&rows, C, 1, 1);
    rows_finish(&rows);
    rows_assert(&rows, ADDRESSES,
                "4|client|add|1|10.0.1.1||valid|3|2|8|1|joined\n"
                "12|client|remove|1|10.0.1.1|||2|||1|subflow open to the end");
    rows_free(&rows);
}

/* After a removal the same announcement is a new one, and the old join is not its use. */
static void test_address_again(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    announce(&rows, C, 1, 1, 0, GENUINE, false);
    bench_join(rows.bench, 1, C);
    removes(&rows, C, 1, 1);
    bench_feed(rows.bench, bench_segment(rows.bench, 1, S, MPS_TCP_ACK | MPS_TCP_RST, 1, 1, 0));
    announce(&rows, C, 1, 1, 0, GENUINE, false);
    removes(&rows, C, 2, 1);
    rows_finish(&rows);
    rows_assert(&rows, ADDRESSES,
                "4|client|add|1|10.0.1.1||valid|1||5|1|joined\n"
                "9|client|remove|1|10.0.1.1|||1|||1|subflow closed\n"
                "11|client|add|1|10.0.1.1||valid|1||1|0|removed\n"
                "12|client|remove|1|10.0.1.1|||1|||1|no subflow\n"
                "12|client|remove|2||||1|||0|no subflow");
    rows_free(&rows);
}

/* Announcements that come to nothing, each for its reason. */
static void test_address_unused(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    announce(&rows, S, 1, 7, 0, FORGED, false);
    announce(&rows, S, 1, 7, 0, GENUINE, false); /* not a repeat of the forged one */
    announce(&rows, S, 3, 1, 8080, GENUINE, false);
    announce(&rows, C, 1, 1, 0, GENUINE, false);
    bench_join_syn(rows.bench, 1, C, rows.bench->token[S]);
    announce(&rows, C, 9, 9, 0, NO_HMAC, true); /* the server's ADD_ADDR is not in the capture */
    rows_finish(&rows);
    rows_assert(&rows, ADDRESSES,
                "4|server|add|1|192.0.2.7||invalid|1|||0|not usable because its HMAC is invalid\n"
                "5|server|add|1|192.0.2.7||valid|1|||0|no join\n"
                "6|server|add|3|192.0.2.1|8080|valid|1|||0|no join\n"
                "7|client|add|1|10.0.1.1||valid|1|||0|join failed (no_reply)\n"
                "9|client|echo|9|192.0.2.9|||1||||");
    rows_free(&rows);
}

/* Version 0 has no HMAC; without the keys none can be checked. */
static void test_address_hmac(void)
{
    Rows rows = rows_new(0, 0x11, 0x22);

    bench_open(rows.bench);
    announce(&rows, S, 1, 7, 0, NO_HMAC, false);
    announce(&rows, S, 2, 1, 0, NO_HMAC, false);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT hmac, outcome FROM address ORDER BY address_id",
                "|no join\n|no join: the initial subflow has this address");
    rows_free(&rows);
    rows = rows_new(1, 0x11, 0x22);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    announce(&rows, S, 1, 7, 0, GENUINE, false);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT hmac, outcome FROM address", "unchecked|no join");
    rows_free(&rows);
}

/* A host that never stops announcing: every announcement is a row, memory stays bounded. */
static void test_address_flood(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    for (uint32_t i = 0; i < 3000; i++)
        announce(&rows, S, 1, 7, (uint16_t)(i + 1), NO_HMAC, false);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT count(*), count(DISTINCT port) FROM address", "3000|3000");
    rows_free(&rows);
}

/* ---- backup ---- */

static void prio(Rows *rows, int path, MpsSide from, bool backup, int address_id)
{
    MpsSegment segment = bench_segment(rows->bench, path, from, MPS_TCP_ACK, 1, 1, 0);
    MpsMptcpOption *option = bench_option(&segment, MPS_MP_PRIO);

    option->prio.backup = backup;
    option->prio.has_address_id = address_id >= 0;
    option->prio.address_id = (uint8_t)MAX(address_id, 0);
    bench_feed(rows->bench, segment);
}

#define BACKUP                                                                                     \
    "SELECT ordinal, backup_data_bytes, backup_reinjected_bytes FROM subflow_direction "           \
    "JOIN subflow USING (subflow_id) WHERE direction = 'c2s' ORDER BY ordinal"
#define FLAGS                                                                                      \
    "SELECT ordinal, client_backup, server_backup, client_backup_last, server_backup_last "        \
    "FROM subflow ORDER BY ordinal"

/* Priority comes and goes: only what was sent meanwhile counts, new and reinjected apart. */
static void test_backup(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 1, C, 1, 100, 0);
    prio(&rows, 1, S, true, -1);
    bench_send(rows.bench, 0, C, 1, 100, 100);
    bench_send(rows.bench, 1, C, 101, 200, 200); /* new, on the backup */
    bench_send(rows.bench, 1, C, 301, 50, 100);  /* reinjected there */
    bench_send(rows.bench, 1, C, 301, 50, 100);  /* a retransmission is neither */
    prio(&rows, 1, S, false, -1);
    bench_send(rows.bench, 1, C, 351, 400, 400);
    rows_finish(&rows);
    rows_assert(&rows, BACKUP, "0|0|0\n1|200|50");
    rows_assert(&rows, FLAGS, "0|||0|0\n1|0|0|0|0");
    rows_assert(&rows, "SELECT sent_by, detail FROM event WHERE kind = 'mp_prio' ORDER BY ts_ns",
                "server|{\"backup\":1}\nserver|{\"backup\":0}");
    rows_free(&rows);
}

/* Nothing else to send on: a backup does what it is for. */
static void test_backup_alone(void)
{
    Rows rows = two_paths();

    prio(&rows, 1, C, true, -1);
    prio(&rows, 0, S, true, 0); /* version 0: all subflows from that address id, both here */
    bench_send(rows.bench, 1, C, 1, 100, 0);
    prio(&rows, 0, S, false, -1);
    bench_send(rows.bench, 1, C, 101, 10, 100);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, S, MPS_TCP_ACK | MPS_TCP_RST, 1, 1, 0));
    bench_send(rows.bench, 1, C, 111, 100, 110);
    rows_finish(&rows);
    rows_assert(&rows, BACKUP, "0|0|0\n1|10|0");
    rows_assert(&rows, FLAGS, "0|||0|0\n1|0|0|1|1");
    rows_free(&rows);
}

#define ASKED                                                                                      \
    "SELECT backup_data_bytes, backup_reinjected_bytes, backup_asked_data_bytes, "                 \
    "backup_asked_reinjected_bytes FROM subflow_direction JOIN subflow USING (subflow_id) "        \
    "WHERE direction = 'c2s' AND ordinal = 1"
#define SENTENCES(kind)                                                                            \
    "SELECT packet, sentence FROM v_diagnosis WHERE kind = '" kind "' ORDER BY ts_ns"

/* The client sends on a backup: nobody but itself wanted one; then the server did, too. */
static void test_backup_asked(void)
{
    Rows rows = two_paths();

    prio(&rows, 1, C, true, -1);
    bench_send(rows.bench, 1, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, ASKED, "100|0|0|0");
    rows_assert(&rows, SENTENCES("backup_used"),
                "|Backup subflow 1 carried 100 bytes c2s while a regular one was open, 0 of them "
                "sent before on another; only the client itself had set the backup bit, which "
                "binds its peer");
    rows_free(&rows);

    rows = two_paths();
    prio(&rows, 1, C, true, -1);
    bench_send(rows.bench, 1, C, 1, 100, 0);
    bench_send(rows.bench, 0, C, 1, 100, 100);
    prio(&rows, 1, S, true, -1);
    bench_send(rows.bench, 1, C, 101, 200, 200);
    bench_send(rows.bench, 1, C, 301, 50, 100);
    rows_finish(&rows);
    rows_assert(&rows, ASKED, "300|50|200|50");
    rows_assert(&rows, SENTENCES("backup_used"),
                "|Backup subflow 1 carried 350 bytes c2s while a regular one was open, 50 of them "
                "sent before on another; for 250 of them the server had set the backup bit, which "
                "binds the client");
    rows_free(&rows);

    rows = two_paths();
    prio(&rows, 1, S, true, -1);
    bench_send(rows.bench, 1, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, ASKED, "100|0|100|0");
    rows_assert(&rows, SENTENCES("backup_used"),
                "|Backup subflow 1 carried 100 bytes c2s while a regular one was open, 0 of them "
                "sent before on another; the server had set the backup bit, which binds the "
                "client");
    rows_free(&rows);
}

/* ---- priority ---- */

#define PRIORITY                                                                                   \
    "SELECT ordinal, packet, sent_by, option, v.backup, backup_before FROM v_priority v "          \
    "JOIN subflow USING (subflow_id) ORDER BY ts_ns, ordinal"

/* What is said at the join and later; what changes nothing is a row, but no finding. */
static void test_priority(void)
{
    Rows rows = two_paths();

    prio(&rows, 1, S, true, -1);
    prio(&rows, 1, S, true, -1);
    prio(&rows, 1, S, false, -1);
    prio(&rows, 0, C, false, -1);
    rows_finish(&rows);
    rows_assert(&rows, PRIORITY,
                "1|4|client|MP_JOIN|0|\n1|5|server|MP_JOIN|0|\n1|8|server|MP_PRIO|1|0\n"
                "1|9|server|MP_PRIO|1|1\n1|10|server|MP_PRIO|0|1\n0|11|client|MP_PRIO|0|0");
    rows_assert(&rows, SENTENCES("priority"),
                "8|The server asked the client to use subflow 1 (10.0.1.1:40001 -> 192.0.2.1:80) "
                "as a backup\n"
                "10|The server asked the client to use subflow 1 (10.0.1.1:40001 -> 192.0.2.1:80) "
                "as a regular one again");
    rows_free(&rows);
}

/* Version 0: an address id stands for the subflows there are from that address. */
static void test_priority_of_address(void)
{
    Rows rows = rows_new(0, 0x11, 0x22);

    bench_open(rows.bench);
    bench_join(rows.bench, 1, C);
    prio(&rows, 1, S, true, 0);
    bench_join(rows.bench, 2, C);
    rows_finish(&rows);
    rows_assert(&rows, PRIORITY,
                "1|4|client|MP_JOIN|0|\n1|5|server|MP_JOIN|0|\n0|8|server|MP_PRIO|1|0\n"
                "1|8|server|MP_PRIO|1|0\n2|9|client|MP_JOIN|0|\n2|10|server|MP_JOIN|0|");
    rows_free(&rows);
}

/* @changes times to and fro. */
static void priority_changes(int changes, const char *expected)
{
    Rows rows = two_paths();

    for (int i = 0; i < changes; i++)
        prio(&rows, 1, C, i % 2 == 0, -1);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT count(*), max(packet), max(CASE WHEN sentence LIKE '%more%' THEN "
                "sentence END) FROM v_diagnosis WHERE kind = 'priority'",
                expected);
    rows_free(&rows);
}

static void test_priority_bounded(void)
{
    priority_changes(5, "5|12|");
    priority_changes(6, "6|13|1 more change of priority follows");
    priority_changes(1000, "6|13|995 more changes of priority follow");
}

/* ---- stalls ---- */

#define STALLS                                                                                     \
    "SELECT direction, packet, length_ns / 1000000, outstanding_bytes, cause, ended_by FROM "      \
    "stall WHERE kind = 'no_data_ack' ORDER BY start_ns"
#define LONGEST "SELECT direction, longest_stall_ns / 1000000 FROM connection_direction ORDER BY 1"

/* Base RTT 1 ms, so that 200 ms are a stall and 199 are not. */
static void test_stall_threshold(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    wait_ms(&rows, 198);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    wait_ms(&rows, 5000); /* nothing outstanding: silence is no stall */
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_send(rows.bench, 0, C, 201, 100, 200);
    wait_ms(&rows, 198);
    bench_ack(rows.bench, 0, S, 1, 301, 300);
    rows_finish(&rows);
    rows_assert(&rows, STALLS, "c2s|10|200|200|subflow silent|data_ack");
    rows_assert(&rows, LONGEST, "c2s|200\ns2c|");
    rows_free(&rows);
}

/* With an RTT of 100 ms it takes 300 ms. */
static void test_stall_rtt(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    rows.bench->step_ns = 100 * MS_NS;
    bench_open(rows.bench);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    wait_ms(&rows, 199);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    rows_finish(&rows);
    rows_assert(&rows, STALLS, "");
    rows_assert(&rows, LONGEST, "c2s|0\ns2c|");
    rows_free(&rows);
}

/* Path 0 goes silent, what it carried is reinjected on path 1. */
static void test_stall_reinjected(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 1, C, 1, 100, 100);
    bench_ack(rows.bench, 1, S, 1, 101, 0);
    wait_ms(&rows, 300);
    bench_send(rows.bench, 0, C, 1, 100, 0); /* retransmitted first */
    bench_send(rows.bench, 1, C, 101, 100, 0);
    bench_ack(rows.bench, 1, S, 1, 201, 200);
    rows_finish(&rows);
    rows_assert(&rows, STALLS, "c2s|8|305|200|subflow silent|reinjection");
    rows_free(&rows);
}

/* Both paths go silent with data on both, and path 0 comes back. */
static void test_stall_all_silent(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 1, C, 1, 100, 100);
    wait_ms(&rows, 300);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    rows_finish(&rows);
    rows_assert(&rows, STALLS, "c2s|8|303|200|all subflows silent|retransmission");
    rows_assert(
        &rows, SENTENCES("stall"),
        "8|No data c2s was acknowledged for 303 ms while 200 bytes were outstanding: nothing "
        "was heard from the server on any open subflow; a retransmission ended it");
    rows_free(&rows);
}

/* The hole of a lost segment is filled late; the receiver goes on answering meanwhile. */
static void test_stall_retransmitted(void)
{
    Rows rows = two_paths();

    bench_announce(rows.bench, 0, C, 1, 200, 0);
    bench_send_bare(rows.bench, 0, C, 101, 100); /* the first half is lost before the tap */
    for (int i = 0; i < 30; i++) {
        wait_ms(&rows, 10);
        bench_ack(rows.bench, 0, S, 1, 1, 0);
    }
    bench_send_bare(rows.bench, 0, C, 1, 100);
    bench_ack(rows.bench, 0, S, 1, 201, 200);
    rows_finish(&rows);
    rows_assert(&rows, STALLS, "c2s|9|332|200|missing data|retransmission");
    rows_free(&rows);
}

/* The same data again under new subflow numbers is no retransmission. */
static void test_stall_remapped(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 0); /* taken by the subflow alone */
    wait_ms(&rows, 300);
    bench_send(rows.bench, 0, C, 101, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 201, 100);
    rows_finish(&rows);
    rows_assert(&rows, STALLS, "c2s|8|303|100||remapping");
    rows_free(&rows);
}

/* TCP takes all of it, @ms + 1 milliseconds before the DATA_ACK. */
static void stall_acked_by_tcp(int64_t ms, const char *expected)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    wait_ms(&rows, 100);
    bench_ack(rows.bench, 0, S, 1, 101, 0);
    wait_ms(&rows, ms);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    rows_finish(&rows);
    rows_assert(&rows, STALLS, expected);
    rows_free(&rows);
}

static void test_stall_acked_by_tcp(void)
{
    stall_acked_by_tcp(199, "c2s|8|301|100|acknowledged by TCP alone|data_ack");
    stall_acked_by_tcp(198, "c2s|8|300|100||data_ack");
}

static void test_stall_zero_window(void)
{
    Rows rows = two_paths();
    MpsSegment closed = bench_segment(rows.bench, 0, S, MPS_TCP_ACK, 1, 101, 0);

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_data_ack(rows.bench, &closed, S, 100);
    closed.window = 0;
    bench_feed(rows.bench, closed);
    wait_ms(&rows, 400);
    bench_ack(rows.bench, 0, S, 1, 201, 200);
    rows_finish(&rows);
    rows_assert(&rows, STALLS, "c2s|10|401|100|zero window|data_ack");
    rows_free(&rows);
}

/* At the end: a reset ends it, the capture cuts it; a fallback has no DATA_ACKs to wait for. */
static void test_stall_last(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);
    Bench *bench = rows.bench;

    bench_open(bench);
    bench_send(bench, 0, C, 1, 100, 0);
    wait_ms(&rows, 499);
    bench_feed(bench, bench_segment(bench, 0, C, MPS_TCP_ACK | MPS_TCP_RST, 101, 1, 0));
    rows_finish(&rows);
    rows_assert(&rows, STALLS, "c2s|4|500|100|subflow silent|close");
    rows_assert(&rows, LONGEST, "c2s|500\ns2c|");
    rows_free(&rows);

    rows = rows_new(1, 0x11, 0x22);
    bench_open(rows.bench);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    wait_ms(&rows, 499);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, STALLS, "c2s|4|500|100|subflow silent|capture_end");
    rows_free(&rows);

    rows = rows_new(1, 0x11, 0x22);
    bench = rows.bench;
    bench_open(bench);
    for (uint32_t i = 0; i < 3; i++) {
        bench_feed(bench, bench_segment(bench, 0, C, MPS_TCP_ACK, 1 + 100 * i, 1, 100));
        wait_ms(&rows, 500);
        bench_feed(bench, bench_segment(bench, 0, S, MPS_TCP_ACK, 1, 101 + 100 * i, 0));
    }
    rows_finish(&rows);
    rows_assert(&rows, "SELECT fallback FROM connection", "no_dss");
    rows_assert(&rows, STALLS, "");
    rows_assert(&rows, LONGEST, "c2s|\ns2c|");
    rows_free(&rows);
}

#define OF_KIND(kind)                                                                              \
    "SELECT direction, packet, length_ns / 1000000, outstanding_bytes, cause, ended_by FROM "      \
    "stall WHERE kind = '" kind "' ORDER BY start_ns"
#define IDLE                                                                                       \
    "SELECT client_longest_idle_ns / 1000000, client_idle_times, "                                 \
    "server_longest_idle_ns / 1000000, server_idle_times FROM connection"

/* From the DATA_ACK of everything to the next data: 999 ms are nothing, 1000 are. */
static void test_idle_threshold(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    wait_ms(&rows, 998);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_ack(rows.bench, 0, S, 1, 201, 200);
    wait_ms(&rows, 999);
    bench_send(rows.bench, 0, C, 201, 100, 200);
    bench_ack(rows.bench, 0, S, 1, 301, 300);
    wait_ms(&rows, 5000); /* no data after it */
    bench_ack(rows.bench, 0, S, 1, 301, 300);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("idle"),
                "c2s|11|1000|0|application or scheduler (or loss before the tap)|data");
    rows_assert(&rows, IDLE, "1000|1||");
    rows_assert(&rows, LONGEST, "c2s|0\ns2c|");
    rows_assert(&rows, SENTENCES("idle"),
                "11|The client sent no data for 1.0 s though nothing was outstanding and the "
                "receive window was open: application or scheduler (or loss before the tap), not "
                "visible which");
    rows_free(&rows);
}

/* Who waits for an answer is not idle; who takes long to answer is, if there was data before. */
static void test_idle_answer(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    wait_ms(&rows, 3000);
    bench_send(rows.bench, 0, S, 1, 100, 0);
    bench_ack(rows.bench, 0, C, 101, 101, 100);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    bench_ack(rows.bench, 0, S, 101, 201, 200);
    wait_ms(&rows, 1999);
    bench_send(rows.bench, 0, S, 101, 100, 100);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("idle"),
                "s2c|12|2001|0|application or scheduler (or loss before the tap)|data");
    rows_assert(&rows, IDLE, "0|0|2001|1");
    rows_free(&rows);
}

static void test_idle_closed_window(void)
{
    Rows rows = two_paths();
    MpsSegment closed = bench_segment(rows.bench, 0, S, MPS_TCP_ACK, 1, 101, 0);

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_data_ack(rows.bench, &closed, S, 100);
    closed.window = 0;
    bench_feed(rows.bench, closed);
    wait_ms(&rows, 3000);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("idle"), "");
    rows_assert(&rows, OF_KIND("closed_window"), "c2s|9|3001|0|zero window|window");
    rows_assert(&rows, SENTENCES("closed_window"),
                "9|The receive window of the server was closed for 3001 ms: the client, all of "
                "whose data was acknowledged, could send nothing");
    rows_free(&rows);
}

/* Probes meanwhile, one of them of a byte that is acknowledged; the window is still closed at the
 * end, and after that nobody sends any more. */
static void test_closed_window_to_the_end(void)
{
    Rows rows = two_paths();
    MpsSegment closed = bench_segment(rows.bench, 0, S, MPS_TCP_ACK, 1, 101, 0);

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_data_ack(rows.bench, &closed, S, 100);
    closed.window = 0;
    bench_feed(rows.bench, closed);
    wait_ms(&rows, 150);
    bench_send(rows.bench, 0, C, 100, 1, 99);
    bench_feed(rows.bench, closed);
    wait_ms(&rows, 150);
    bench_feed(rows.bench, closed);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("closed_window"), "c2s|9|303|0|zero window|capture_end");
    rows_assert(&rows, STALLS, "");
    rows_free(&rows);
}

/* A window that opened at once, and a host that had nothing to send for long. */
static void test_closed_window_short(void)
{
    Rows rows = two_paths();
    MpsSegment closed = bench_segment(rows.bench, 0, S, MPS_TCP_ACK, 1, 101, 0);

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_data_ack(rows.bench, &closed, S, 100);
    closed.window = 0;
    bench_feed(rows.bench, closed);
    wait_ms(&rows, 190);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    wait_ms(&rows, 3000);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("closed_window"), "");
    rows_free(&rows);
}

/* Nothing to send on: it is not said who is to blame. */
static void test_idle_no_subflow(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    for (int path = 0; path < 2; path++)
        bench_feed(rows.bench,
                   bench_segment(rows.bench, path, S, MPS_TCP_ACK | MPS_TCP_RST, 1, 101, 0));
    wait_ms(&rows, 2000);
    bench_join(rows.bench, 2, C);
    bench_send(rows.bench, 2, C, 1, 100, 100);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("idle"), "c2s|9|2007|0||data");
    rows_free(&rows);
}

/* All count, the longest have rows. */
static void test_idle_bounded(void)
{
    Rows rows = two_paths();

    for (uint32_t i = 0; i < 25; i++) {
        bench_send(rows.bench, 0, C, 1 + 100 * i, 100, 100 * i);
        bench_ack(rows.bench, 0, S, 1, 101 + 100 * i, 100 * i + 100);
        wait_ms(&rows, 1000 + i);
    }
    rows_finish(&rows);
    rows_assert(&rows, IDLE, "1024|24||");
    rows_assert(&rows, "SELECT count(*), min(length_ns) / 1000000 FROM stall", "20|1005");
    rows_assert(&rows,
                "SELECT count(*), max(sentence LIKE '%(the longest of 24 times)') FROM "
                "v_diagnosis WHERE kind = 'idle'",
                "1|1");
    rows_free(&rows);
}

/* Path 0 is not answered for @ms + 3 milliseconds; one before that, path 1 is. */
static Rows one_of_two_silent(int64_t ms)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    wait_ms(&rows, ms);
    bench_send(rows.bench, 1, C, 1, 100, 100);
    bench_ack(rows.bench, 1, S, 1, 101, 0);
    return rows;
}

#define STALE                                                                                      \
    "SELECT ordinal, c2s_stale_ns / 1000000, s2c_stale_ns, c2s_unacked_bytes FROM subflow "        \
    "ORDER BY ordinal"

/* The other subflow has to be heard after the threshold, not only before it. */
static void test_stale_threshold(void)
{
    Rows rows = one_of_two_silent(998);

    bench_ack(rows.bench, 0, S, 1, 101, 200);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("stale"), "c2s|8|1001|100|subflow silent|ack");
    rows_assert(&rows, STALE, "0|1001||0\n1|0||0");
    rows_assert(
        &rows, SENTENCES("stale"),
        "8|Subflow 0 (10.0.0.1:40000 -> 192.0.2.1:80) was stale: TCP acknowledged nothing "
        "more of 100 bytes c2s for 1001 ms while other subflows went on: nothing was heard on it; "
        "then it recovered");
    rows_free(&rows);

    rows = one_of_two_silent(997);
    bench_ack(rows.bench, 0, S, 1, 101, 200);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("stale"), "");
    rows_assert(&rows, STALE, "0|0||0\n1|0||0");
    rows_free(&rows);
}

/* A silence of all subflows is none of one. */
static void test_stale_all(void)
{
    Rows rows = one_of_two_silent(1);

    wait_ms(&rows, 3000);
    bench_send(rows.bench, 1, C, 101, 100, 200);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("stale"), "");
    rows_free(&rows);
}

/* Both paths are down at once: the one that recovers first had not gone on meanwhile. */
static void test_stale_both(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 1, C, 1, 100, 100);
    bench_send(rows.bench, 1, C, 101, 100, 200);
    bench_ack(rows.bench, 1, S, 1, 101, 0);
    wait_ms(&rows, 3000);
    bench_ack(rows.bench, 1, S, 1, 201, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 300);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("stale"), "");
    rows_free(&rows);
}

/* It never recovers; its peer does send, but acknowledges nothing. */
static void test_stale_to_the_end(void)
{
    Rows rows = one_of_two_silent(2000);

    bench_ack(rows.bench, 0, S, 1, 1, 0);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, C, MPS_TCP_ACK | MPS_TCP_RST, 101, 1, 0));
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("stale"), "c2s|8|2005|100||close");
    rows_assert(&rows, STALE, "0|2005||100\n1|0||0");
    rows_free(&rows);

    rows = one_of_two_silent(2000);
    rows_finish(&rows);
    rows_assert(&rows, OF_KIND("stale"), "c2s|8|2002|100|subflow silent|capture_end");
    rows_free(&rows);
}

/* ---- ends ---- */

/* Path 0: the server is heard, the client sends FIN, and again, @ms + 2 milliseconds later. */
static Rows fin_twice(int64_t ms)
{
    Rows rows = two_paths();
    const MpsSegment fin = bench_segment(rows.bench, 0, C, MPS_TCP_ACK | MPS_TCP_FIN, 101, 1, 0);

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    bench_feed(rows.bench, fin);
    wait_ms(&rows, ms);
    bench_feed(rows.bench, fin);
    return rows;
}

static void test_silent_death(void)
{
    Rows rows = fin_twice(198);

    rows_finish(&rows);
    rows_assert(
        &rows, SENTENCES("silent_death"),
        "10|Subflow 0 (10.0.0.1:40000 -> 192.0.2.1:80) died silently: the FIN of the client "
        "was not answered, and nothing was seen of the server in its last 200 ms");
    rows_free(&rows);

    rows = fin_twice(197);
    rows_finish(&rows);
    rows_assert(&rows, SENTENCES("silent_death"), "");
    rows_free(&rows);

    rows = fin_twice(198);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, S, MPS_TCP_ACK | MPS_TCP_FIN, 1, 102, 0));
    rows_finish(&rows);
    rows_assert(&rows, SENTENCES("silent_death"), "");
    rows_free(&rows);

    rows = two_paths();
    bench_send(rows.bench, 0, C, 1, 100, 0);
    wait_ms(&rows, 198);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT sentence LIKE '%100 bytes of the client were not acknowledged%' "
                "FROM v_diagnosis WHERE kind = 'silent_death'",
                "1");
    rows_free(&rows);
}

/* The DATA_FIN of @from after @bytes. */
static void data_fin_at(Rows *rows, MpsSide from, uint32_t bytes)
{
    MpsSegment segment = bench_segment(rows->bench, 0, from, MPS_TCP_ACK, 1, 1, 0);

    bench_map(rows->bench, &segment, from, bytes, 0, 0, true);
    bench_feed(rows->bench, segment);
}

static void data_fin(Rows *rows, MpsSide from)
{
    data_fin_at(rows, from, 0);
}

#define CLOSES                                                                                     \
    "SELECT packet, sentence FROM v_diagnosis WHERE kind IN ('slow_data_fin', 'lost_data_fin', "   \
    "'close_data_fin') ORDER BY rank, ts_ns"

/* 199 ms until the acknowledgement are what a close takes, 200 are long. */
static void test_data_fin(void)
{
    Rows rows = two_paths();

    data_fin(&rows, C);
    data_fin(&rows, S);
    wait_ms(&rows, 197);
    bench_ack(rows.bench, 0, S, 1, 1, 1);
    bench_ack(rows.bench, 0, C, 1, 1, 1);
    rows_finish(&rows);
    rows_assert(&rows, CLOSES,
                "8|Closed at the data level, first by the client; both DATA_FINs were acknowledged "
                "200.0 ms later");
    rows_free(&rows);

    rows = two_paths();
    data_fin(&rows, C);
    data_fin(&rows, C);
    wait_ms(&rows, 198);
    bench_ack(rows.bench, 0, S, 1, 1, 1);
    data_fin(&rows, S);
    rows_finish(&rows);
    rows_assert(&rows, CLOSES,
                "8|The DATA_FIN of the client was acknowledged only 200 ms after it and all data "
                "had been sent; it was sent 2 times\n"
                "11|The DATA_FIN of the server was not seen to be acknowledged\n"
                "8|Both hosts sent a DATA_FIN, not both seen to be acknowledged; first the client");
    rows_free(&rows);
}

/* The capture ends while the client repeats its DATA_FIN; one alone may still be answered. */
static void test_data_fin_repeated(void)
{
    for (int times = 1; times <= 2; times++) {
        Rows rows = two_paths();

        for (int i = 0; i < times; i++)
            data_fin(&rows, C);
        wait_ms(&rows, 300);
        bench_ack(rows.bench, 1, C, 1, 1, 0);
        rows_finish(&rows);
        rows_assert(&rows, "SELECT sentence FROM v_diagnosis WHERE kind = 'lost_data_fin'",
                    times == 1 ? ""
                               : "The DATA_FIN of the client was not seen to be acknowledged, "
                                 "though it was sent 2 times");
        rows_free(&rows);
    }
}

/* ---- resets ---- */

/* A RST of the server on path @path, with TTL @ttl, after packets with TTL 63. */
static void reset_with_ttl(int path, uint8_t ttl, const char *expected)
{
    Rows rows = two_paths();
    MpsSegment ack = bench_segment(rows.bench, 0, S, MPS_TCP_ACK, 1, 1, 0), reset;

    ack.hop_limit = 63;
    bench_feed(rows.bench, ack);
    if (path == 2)
        bench_join_syn(rows.bench, 2, C, rows.bench->token[S]);
    reset = bench_segment(rows.bench, path, S, MPS_TCP_ACK | MPS_TCP_RST, path == 2 ? 0 : 1, 1, 0);
    reset.hop_limit = ttl;
    bench_feed(rows.bench, reset);
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT kind, substr(sentence, instr(sentence, 'the RST')) FROM v_diagnosis WHERE "
                "sentence LIKE '%the RST%'",
                expected);
    rows_free(&rows);
}

static void test_reset_ttl(void)
{
    reset_with_ttl(0, 63, "");
    reset_with_ttl(
        0, 64,
        "subflow_reset|the RST has TTL 64, packets of the server before it 63: it may be "
        "of a middlebox");
    reset_with_ttl(2, 63, "");
    reset_with_ttl(2, 255,
                   "join_refused|the RST has TTL 255, packets of the server before it 63: it may "
                   "be of a middlebox");
}

/* ---- handovers ---- */

#define HANDOVERS "SELECT packet, sent_by, detail FROM event WHERE kind = 'handover' ORDER BY ts_ns"

/* Path 0 is reset in mid-transfer; @joined: path 1 is there already. */
static void test_handover_reset(gconstpointer joined)
{
    Rows rows = rows_new(1, 0x11, 0x22);
    Bench *bench = rows.bench;

    bench_open(bench);
    if (joined)
        bench_join(bench, 1, C);
    bench_send(bench, 0, C, 1, 100, 0);
    bench_feed(bench, bench_segment(bench, 0, S, MPS_TCP_ACK | MPS_TCP_RST, 1, 101, 0));
    if (!joined)
        bench_join(bench, 1, C);
    bench_send(bench, 1, C, 1, 100, 100);
    bench_send(bench, 1, C, 101, 100, 200);
    rows_finish(&rows);
    rows_assert(&rows, HANDOVERS,
                joined ? "10|client|{\"from\":0,\"to\":1,\"break_before_make\":0,"
                         "\"reason\":\"reset\",\"direction\":\"c2s\"}"
                       : "10|client|{\"from\":0,\"to\":1,\"break_before_make\":1,"
                         "\"reason\":\"reset\",\"direction\":\"c2s\"}");
    rows_free(&rows);
}

/* Path 0 falls silent with data unanswered; its data goes again on path 1, more follows. */
static void test_handover_silent(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    bench_send(rows.bench, 0, C, 101, 100, 100);
    wait_ms(&rows, 300);
    bench_send(rows.bench, 1, C, 1, 100, 100);
    bench_send(rows.bench, 1, C, 101, 100, 200);
    bench_send(rows.bench, 1, C, 201, 100, 300);
    wait_ms(&rows, 20);
    bench_send(rows.bench, 1, C, 301, 100, 400);
    rows_finish(&rows);
    rows_assert(&rows, HANDOVERS,
                "11|client|{\"from\":0,\"to\":1,\"break_before_make\":0,\"reason\":\"silent\","
                "\"direction\":\"c2s\"}");
    rows_free(&rows);
}

/* The packet is the first data after the reset, not the first elsewhere. */
static void test_handover_packet(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_send(rows.bench, 1, C, 1, 100, 100);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, S, MPS_TCP_ACK | MPS_TCP_RST, 1, 101, 0));
    bench_send(rows.bench, 1, C, 101, 100, 200);
    rows_finish(&rows);
    rows_assert(&rows, HANDOVERS,
                "11|client|{\"from\":0,\"to\":1,\"break_before_make\":0,\"reason\":\"reset\","
                "\"direction\":\"c2s\"}");
    rows_free(&rows);
}

/* Data sent again though it was acknowledged has not moved: path 0 had given it up, then was closed
 * by FIN, and only such data goes on path 1. */
static void test_handover_acknowledged(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 1, C, 1, 100, 0);
    bench_send(rows.bench, 0, C, 1, 100, 100);
    bench_ack(rows.bench, 1, S, 1, 101, 200);
    bench_send(rows.bench, 1, C, 101, 50, 100);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, C, MPS_TCP_ACK | MPS_TCP_FIN, 101, 1, 0));
    bench_feed(rows.bench, bench_segment(rows.bench, 0, S, MPS_TCP_ACK | MPS_TCP_FIN, 1, 102, 0));
    bench_send(rows.bench, 1, C, 151, 50, 150);
    rows_finish(&rows);
    rows_assert(&rows, HANDOVERS, "");
    rows_free(&rows);
}

/* Path 0 is closed by FIN and data goes on; @done: the sender has said before that there is no more
 * than what is in flight. */
static void closed_by_fin(Rows *rows, bool done)
{
    bench_send(rows->bench, 0, C, 1, 100, 0);
    if (done)
        data_fin_at(rows, C, 300);
    bench_feed(rows->bench, bench_segment(rows->bench, 0, C, MPS_TCP_ACK | MPS_TCP_FIN, 101, 1, 0));
    bench_feed(rows->bench, bench_segment(rows->bench, 0, S, MPS_TCP_ACK | MPS_TCP_FIN, 1, 102, 0));
    bench_send(rows->bench, 1, C, 1, 100, 100);
    bench_send(rows->bench, 1, C, 101, 100, 200);
    rows_finish(rows);
}

static void test_handover_closed(void)
{
    Rows rows = two_paths();

    closed_by_fin(&rows, false);
    rows_assert(&rows, HANDOVERS,
                "11|client|{\"from\":0,\"to\":1,\"break_before_make\":0,\"reason\":\"closed\","
                "\"direction\":\"c2s\"}");
    rows_free(&rows);
}

/* The tap is at a host that lost path 0's link: nothing of it is captured any more, all that was is
 * answered, and only path 1 is closed in the end. */
static void test_handover_gone(void)
{
    for (int closed = 0; closed <= 1; closed++) {
        Rows rows = two_paths();

        bench_send(rows.bench, 0, C, 1, 100, 0);
        bench_ack(rows.bench, 0, S, 1, 101, 100);
        for (uint32_t i = 0; i < 3; i++) {
            bench_send(rows.bench, 1, C, 1 + 100 * i, 100, 100 + 100 * i);
            wait_ms(&rows, 600);
        }
        for (int side = C; closed && side <= S; side++)
            bench_feed(rows.bench, bench_segment(rows.bench, 1, side, MPS_TCP_ACK | MPS_TCP_FIN,
                                                 side == C ? 301 : 1, side == C ? 1 : 302, 0));
        rows_finish(&rows);
        rows_assert(&rows, HANDOVERS,
                    closed ? "10|client|{\"from\":0,\"to\":1,\"break_before_make\":0,"
                             "\"reason\":\"silent\",\"direction\":\"c2s\"}"
                           : "");
        rows_free(&rows);
    }
}

/* Not chosen any more, answered to the last; or back again later; or the normal end. */
static void test_handover_none(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    for (uint32_t i = 0; i < 5; i++) {
        wait_ms(&rows, 1000);
        bench_send(rows.bench, 1, C, 1 + 100 * i, 100, 100 + 100 * i);
    }
    rows_finish(&rows);
    rows_assert(&rows, HANDOVERS, "");
    rows_free(&rows);

    rows = two_paths();
    bench_send(rows.bench, 0, C, 1, 100, 0);
    wait_ms(&rows, 2000);
    for (uint32_t i = 0; i < 5; i++)
        bench_send(rows.bench, 1, C, 1 + 100 * i, 100, 100 * i);
    bench_send(rows.bench, 0, C, 101, 100, 500);
    rows_finish(&rows);
    rows_assert(&rows, HANDOVERS, "");
    rows_free(&rows);

    rows = two_paths();
    closed_by_fin(&rows, true);
    rows_assert(&rows, HANDOVERS, "");
    rows_free(&rows);

    rows = two_paths(); /* resets of all paths, the first a little earlier */
    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, S, MPS_TCP_ACK | MPS_TCP_RST, 1, 101, 0));
    bench_send(rows.bench, 1, C, 1, 100, 100);
    bench_send(rows.bench, 1, C, 101, 100, 200);
    bench_feed(rows.bench, bench_segment(rows.bench, 1, S, MPS_TCP_ACK | MPS_TCP_RST, 1, 201, 0));
    rows_finish(&rows);
    rows_assert(&rows, HANDOVERS, "");
    rows_free(&rows);
}

/* ---- unused subflows ---- */

#define USE "SELECT use, use_reason FROM subflow ORDER BY ordinal"

/* Of 100 segments, @before precede the join. */
static void join_after(uint32_t before, const char *expected)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    for (uint32_t i = 0; i < 100; i++) {
        if (i == before)
            bench_join(rows.bench, 1, C);
        bench_send(rows.bench, 0, C, 1 + 100 * i, 100, 100 * i);
    }
    rows_finish(&rows);
    rows_assert(&rows, USE, expected);
    rows_free(&rows);
}

static void test_use_late(void)
{
    join_after(95, "used|\nunused|late"); /* 5 % are left */
    join_after(94, "used|\nunused|");
}

static void test_use_backup(void)
{
    Rows rows = two_paths();

    prio(&rows, 1, C, true, -1);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, USE, "used|\nunused|backup");
    rows_free(&rows);
}

/* The join's handshake takes @percent of the initial subflow's. */
static void join_slower(int64_t percent, const char *expected)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    rows.bench->step_ns = 10 * MS_NS;
    bench_open(rows.bench);
    rows.bench->step_ns = 10 * MS_NS * percent / 100;
    bench_join(rows.bench, 1, C);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, USE, expected);
    rows_free(&rows);
}

static void test_use_slower(void)
{
    join_slower(200, "used|\nunused|slower");
    join_slower(112, "used|\nunused|slower");
    join_slower(108, "used|\nunused|");
}

/* As fast as the other one, early, regular: nobody knows why. */
static void test_use_unknown(void)
{
    Rows rows = two_paths();

    bench_send(rows.bench, 0, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, USE, "used|\nunused|");
    rows_free(&rows);
}

/* A join whose MP_JOIN ACK is repeated @times, by then answered or not. */
static Rows join_acks(int times, bool answered)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    bench_join_syn(rows.bench, 1, C, rows.bench->token[S]);
    bench_join_synack(rows.bench, 1, C);
    for (int i = 0; i < times; i++)
        bench_join_third(rows.bench, 1, C);
    if (answered)
        bench_ack(rows.bench, 1, S, 1, 1, 0);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    rows_finish(&rows);
    return rows;
}

/* A third packet that is never answered, though it was sent again, proves nothing. */
static void test_use_unanswered(void)
{
    Rows rows = join_acks(3, false);

    rows_assert(&rows, "SELECT result, established_ns, use FROM subflow WHERE ordinal = 1", "||");
    rows_assert(&rows,
                "SELECT substr(sentence, instr(sentence, ') ') + 2) FROM v_diagnosis WHERE kind = "
                "'join_unfinished'",
                "was not seen to be established: third ACK sent 3 times and never answered: it or "
                "the answer was lost");
    rows_free(&rows);
    rows = join_acks(1, false); /* the only one, and the capture ends */
    rows_assert(&rows, "SELECT result FROM subflow WHERE ordinal = 1", "established");
    rows_free(&rows);
}

/* The tap sees the answers that the opener does not. */
static void test_use_answer_lost(void)
{
    Rows rows = join_acks(5, true);

    rows_assert(&rows, "SELECT result FROM subflow WHERE ordinal = 1", "established");
    rows_assert(
        &rows,
        "SELECT substr(sentence, instr(sentence, ';')) FROM v_diagnosis WHERE kind = "
        "'unused'",
        "; the client sent its MP_JOIN ACK 5 times: as long as it gets no answer, which the "
        "tap saw, it must not send data");
    rows_free(&rows);
}

/* The acceptor goes on sending its SYN/ACK after the third packet. */
static void test_use_third_lost(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    bench_join_syn(rows.bench, 1, C, rows.bench->token[S]);
    bench_join_synack(rows.bench, 1, C);
    bench_join_third(rows.bench, 1, C);
    wait_ms(&rows, 1000);
    bench_join_synack(rows.bench, 1, C);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT result, result_detail FROM subflow WHERE ordinal = 1",
                "|third ACK sent, but the server went on repeating its SYN/ACK: the ACK was lost");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/address/joined", test_address_joined);
    g_test_add_func("/address/midstream", test_address_midstream);
    g_test_add_func("/address/again", test_address_again);
    g_test_add_func("/address/came to nothing", test_address_unused);
    g_test_add_func("/address/HMAC", test_address_hmac);
    g_test_add_func("/address/flood", test_address_flood);
    g_test_add_func("/backup/comes and goes", test_backup);
    g_test_add_func("/backup/nothing else usable", test_backup_alone);
    g_test_add_func("/backup/by whose request", test_backup_asked);
    g_test_add_func("/priority/changes", test_priority);
    g_test_add_func("/priority/by address id", test_priority_of_address);
    g_test_add_func("/priority/bounded", test_priority_bounded);
    g_test_add_func("/stall/threshold", test_stall_threshold);
    g_test_add_func("/stall/long RTT", test_stall_rtt);
    g_test_add_func("/stall/reinjected", test_stall_reinjected);
    g_test_add_func("/stall/all silent", test_stall_all_silent);
    g_test_add_func("/stall/retransmitted", test_stall_retransmitted);
    g_test_add_func("/stall/remapped", test_stall_remapped);
    g_test_add_func("/stall/acknowledged by TCP", test_stall_acked_by_tcp);
    g_test_add_func("/stall/zero window", test_stall_zero_window);
    g_test_add_func("/stall/at the end", test_stall_last);
    g_test_add_func("/idle/threshold", test_idle_threshold);
    g_test_add_func("/idle/answers", test_idle_answer);
    g_test_add_func("/idle/zero window", test_idle_closed_window);
    g_test_add_func("/closed window/to the end", test_closed_window_to_the_end);
    g_test_add_func("/closed window/short", test_closed_window_short);
    g_test_add_func("/idle/no subflow", test_idle_no_subflow);
    g_test_add_func("/idle/bounded", test_idle_bounded);
    g_test_add_func("/stale/threshold", test_stale_threshold);
    g_test_add_func("/stale/all are silent", test_stale_all);
    g_test_add_func("/stale/both paths at once", test_stale_both);
    g_test_add_func("/stale/to the end", test_stale_to_the_end);
    g_test_add_func("/end/silent death", test_silent_death);
    g_test_add_func("/end/DATA_FIN", test_data_fin);
    g_test_add_func("/end/data_fin repeated", test_data_fin_repeated);
    g_test_add_func("/reset/ttl", test_reset_ttl);
    g_test_add_data_func("/handover/reset, make before break", "joined", test_handover_reset);
    g_test_add_data_func("/handover/reset, break before make", NULL, test_handover_reset);
    g_test_add_func("/handover/silent", test_handover_silent);
    g_test_add_func("/handover/packet", test_handover_packet);
    g_test_add_func("/handover/acknowledged", test_handover_acknowledged);
    g_test_add_func("/handover/closed", test_handover_closed);
    g_test_add_func("/handover/gone", test_handover_gone);
    g_test_add_func("/handover/none", test_handover_none);
    g_test_add_func("/use/late", test_use_late);
    g_test_add_func("/use/backup", test_use_backup);
    g_test_add_func("/use/slower", test_use_slower);
    g_test_add_func("/use/unknown", test_use_unknown);
    g_test_add_func("/use/unanswered", test_use_unanswered);
    g_test_add_func("/use/answer lost", test_use_answer_lost);
    g_test_add_func("/use/third lost", test_use_third_lost);
    return g_test_run();
}
