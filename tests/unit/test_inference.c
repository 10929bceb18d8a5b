/* test_inference.c - path managers and schedulers as inferred from joins and data built here, at
 * both sides of each threshold. */
#include "bench_rows.h"

#define C     MPS_CLIENT
#define S     MPS_SERVER
#define MS_NS (INT64_C(1000) * 1000)

#define PATH_MANAGER "SELECT path_manager, path_manager_confidence FROM connection"
#define EVIDENCE     "SELECT path_manager_evidence FROM connection"

static void wait_ms(Bench *bench, int64_t ms)
{
    bench->now_ns += ms * MS_NS;
}

/* The rows of a connection whose handshake takes twice @step_ms; no time passes afterwards unless
 * it is said. */
static Rows opened(int64_t step_ms)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    rows.bench->step_ns = step_ms * MS_NS;
    bench_open(rows.bench);
    rows.bench->step_ns = 0;
    return rows;
}

/* Data that is acknowledged: joins are possible from here on. */
static void begin(Rows *rows)
{
    bench_send(rows->bench, 0, C, 1, 100, 0);
    bench_ack(rows->bench, 0, S, 1, 101, 100);
}

static void done(Rows *rows, const char *sql, const char *expected)
{
    rows_finish(rows);
    rows_assert(rows, sql, expected);
    rows_free(rows);
}

/* A join of @opener on @path from 10.0.@network.1 to 192.0.2.@server. */
static void join(Rows *rows, int path, MpsSide opener, uint8_t network, uint8_t server)
{
    rows->bench->network[path] = network;
    rows->bench->server[path] = server;
    bench_join(rows->bench, path, opener);
}

/* ADD_ADDR of 10.0.@host.1 or 192.0.2.@host, an address of @owner; @port 0: none. */
static void announce(Rows *rows, MpsSide from, MpsSide owner, uint8_t host, uint16_t port)
{
    MpsSegment segment = bench_segment(rows->bench, 0, from, MPS_TCP_ACK, 1, 1, 0);
    MpsMptcpOption *option = bench_option(&segment, MPS_ADD_ADDR);

    option->add_addr.version = 1;
    option->add_addr.address_id = host;
    option->add_addr.has_port = port != 0;
    option->add_addr.port = port;
    option->add_addr.address = owner == C ? (MpsAddress){.bytes = {10, 0, host, 1}, .family = 4}
                                          : (MpsAddress){.bytes = {192, 0, 2, host}, .family = 4};
    bench_feed(rows->bench, segment);
}

static void removes(Rows *rows, MpsSide from)
{
    MpsSegment segment = bench_segment(rows->bench, 0, from, MPS_TCP_ACK, 1, 1, 0);
    MpsMptcpOption *option = bench_option(&segment, MPS_REMOVE_ADDR);

    option->remove_addr.n_ids = 1;
    option->remove_addr.ids[0] = 9;
    bench_feed(rows->bench, segment);
}

static void ends(Rows *rows, int path, MpsSide from, uint8_t flag)
{
    bench_feed(rows->bench, bench_segment(rows->bench, path, from, MPS_TCP_ACK | flag, 1, 1, 0));
}

/* ---- path manager, by addresses ---- */

typedef struct {
    const char *name;
    int n;
    struct {
        MpsSide opener;
        uint8_t network, server;
    } joins[3];
    const char *expected;
} Mesh;

static const Mesh meshes[] = {
    {"none", 0, {{0}}, "|"},
    {"one between the same", 1, {{C, 0, 1}}, "ndiffports|0.6"},
    {"two between the same", 2, {{C, 0, 1}, {C, 0, 1}}, "ndiffports|0.9"},
    {"from another", 2, {{C, 1, 1}, {C, 2, 1}}, "subflow|0.7"},
    {"to another", 2, {{C, 0, 2}, {C, 0, 3}}, "signalled|0.7"},
    {"both at once", 1, {{C, 1, 2}}, "signalled|0.7"},
    {"server opens", 1, {{S, 1, 1}}, "signalled|0.7"},
    {"server opens from another", 1, {{S, 0, 2}}, "subflow|0.7"},
    {"to another, and both", 2, {{C, 0, 2}, {C, 1, 2}}, "signalled|0.7"},
    {"half a mesh", 2, {{C, 1, 1}, {C, 0, 2}}, "fullmesh|0.6"},
    {"mesh", 3, {{C, 1, 1}, {C, 0, 2}, {C, 1, 2}}, "fullmesh|0.9"},
    {"the same, and from another", 2, {{C, 0, 1}, {C, 1, 1}}, "|"},
    {"the same, and to another", 2, {{C, 0, 1}, {C, 0, 2}}, "|"},
    {"from another, and both", 2, {{C, 1, 1}, {C, 1, 2}}, "|"},
};

static void test_addresses(gconstpointer data)
{
    const Mesh *mesh = data;
    Rows rows = opened(1);

    begin(&rows);
    for (int i = 0; i < mesh->n; i++)
        join(&rows, i + 1, mesh->joins[i].opener, mesh->joins[i].network, mesh->joins[i].server);
    done(&rows, PATH_MANAGER, mesh->expected);
}

/* Another port of the server is like another address; of the host that is joined by the server, a
 * port says nothing. */
static void test_ports(void)
{
    Rows rows = opened(1);

    begin(&rows);
    rows.bench->server_port[1] = 81;
    join(&rows, 1, C, 0, 1);
    done(&rows, PATH_MANAGER, "signalled|0.7");

    rows = opened(1);
    begin(&rows);
    join(&rows, 1, S, 0, 1);
    done(&rows, PATH_MANAGER, "ndiffports|0.6");
}

/* The initial subflow is not in the capture: nothing to compare with. */
static void test_no_initial(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    join(&rows, 1, C, 1, 1);
    join(&rows, 2, C, 2, 1);
    bench_send(rows.bench, 1, C, 1, 100, 0);
    rows_finish(&rows);
    rows_assert(&rows, PATH_MANAGER, "|");
    rows_assert(&rows, "SELECT joins_attempted FROM connection", "2");
    rows_free(&rows);
}

/* ---- path manager: subflow_refreshing ---- */

typedef struct {
    const char *name;
    int n;          /* how often */
    int64_t gap_ms; /* from the close to the join */
    MpsSide closer;
    uint8_t flag;     /* FIN or RST */
    bool answered;    /* the other host's FIN comes before the join */
    MpsSide removals; /* who sends REMOVE_ADDR */
    uint8_t move;     /* network of the next join is that much further */
    const char *expected;
} Refresh;

static const Refresh refreshes[] = {
    {"once", 1, 10, C, MPS_TCP_FIN, true, MPS_NOBODY, 0, "ndiffports|0.9"},
    {"twice", 2, 10, C, MPS_TCP_FIN, true, MPS_NOBODY, 0, "subflow_refreshing|0.6"},
    {"three times", 3, 10, C, MPS_TCP_FIN, true, MPS_NOBODY, 0, "subflow_refreshing|0.8"},
    {"at once", 2, 0, C, MPS_TCP_FIN, false, MPS_NOBODY, 0, "subflow_refreshing|0.6"},
    {"before the other FIN", 2, 10, C, MPS_TCP_FIN, false, MPS_NOBODY, 0, "subflow_refreshing|0.6"},
    {"within a second", 2, 1000, C, MPS_TCP_FIN, true, MPS_NOBODY, 0, "subflow_refreshing|0.6"},
    {"after a second", 2, 1001, C, MPS_TCP_FIN, true, MPS_NOBODY, 0, "ndiffports|0.9"},
    {"by reset", 2, 10, C, MPS_TCP_RST, false, MPS_NOBODY, 0, "subflow_refreshing|0.6"},
    {"closed by the other host", 2, 10, S, MPS_TCP_FIN, true, MPS_NOBODY, 0, "ndiffports|0.9"},
    {"reset by the other host", 2, 10, S, MPS_TCP_RST, false, MPS_NOBODY, 0, "ndiffports|0.9"},
    {"address removed", 3, 10, C, MPS_TCP_FIN, true, C, 0, "subflow_refreshing|0.4"},
    {"address of the other host removed", 3, 10, C, MPS_TCP_FIN, true, S, 0,
     "subflow_refreshing|0.8"},
    {"moving on", 2, 10, C, MPS_TCP_FIN, true, MPS_NOBODY, 1, "|"},
};

static void test_refreshing(gconstpointer data)
{
    const Refresh *refresh = data;
    Rows rows = opened(1);
    uint8_t network = 0;

    begin(&rows);
    join(&rows, 1, C, network, 1);
    for (int i = 1; i <= refresh->n; i++) {
        wait_ms(rows.bench, 10);
        if (refresh->removals != MPS_NOBODY)
            removes(&rows, refresh->removals);
        ends(&rows, i, refresh->closer, refresh->flag);
        wait_ms(rows.bench, refresh->answered);
        if (refresh->answered)
            ends(&rows, i, refresh->closer == C ? S : C, refresh->flag);
        wait_ms(rows.bench, refresh->gap_ms - refresh->answered);
        network = (uint8_t)(network + refresh->move);
        join(&rows, i + 1, C, network, 1);
    }
    done(&rows, PATH_MANAGER, refresh->expected);
}

/* A join before the close replaces nothing, two joins after one close replace it once, and what
 * was never established is not replaced, but tried again. */
static void test_not_refreshing(void)
{
    Rows rows = opened(1);

    begin(&rows);
    for (int i = 1; i <= 3; i++)
        join(&rows, i, C, 0, 1);
    wait_ms(rows.bench, 10);
    ends(&rows, 1, C, MPS_TCP_FIN);
    ends(&rows, 2, C, MPS_TCP_FIN);
    done(&rows, PATH_MANAGER, "ndiffports|0.9");

    rows = opened(1);
    begin(&rows);
    join(&rows, 1, C, 0, 1);
    ends(&rows, 1, C, MPS_TCP_FIN);
    join(&rows, 2, C, 0, 1);
    join(&rows, 3, C, 0, 1);
    done(&rows, PATH_MANAGER, "ndiffports|0.9");

    rows = opened(1);
    begin(&rows);
    for (int i = 1; i <= 3; i++) {
        rows.bench->network[i] = 0;
        bench_join_syn(rows.bench, i, C, rows.bench->token[S]);
        ends(&rows, i, C, MPS_TCP_RST);
    }
    done(&rows, PATH_MANAGER, "ndiffports|0.9");

    rows = opened(1); /* to another server */
    begin(&rows);
    for (int i = 1; i <= 3; i++) {
        join(&rows, i, C, 0, (uint8_t)(i + 1));
        ends(&rows, i, C, MPS_TCP_FIN);
    }
    done(&rows, PATH_MANAGER, "signalled|0.7");
}

static void test_refreshing_words(void)
{
    Rows rows = opened(1);

    begin(&rows);
    for (int i = 1; i <= 3; i++) {
        join(&rows, i, C, 0, 1);
        ends(&rows, i, C, MPS_TCP_FIN);
        removes(&rows, C);
    }
    done(&rows, EVIDENCE,
         "3 joins: 3 between the initial addresses, 0 from another, 0 to another address or port, "
         "0 both; 2 came within 1 s after their opener had closed another subflow between the same "
         "addresses; it removed addresses 3 times, and one that comes and goes looks the same");
}

/* ---- path manager: delayed ---- */

/* The first join comes @delay_ms after data was acknowledged; the handshake took @rtt_ms. */
static void delayed_by(int64_t rtt_ms, int64_t delay_ms, const char *expected)
{
    Rows rows = opened(rtt_ms / 2);

    begin(&rows);
    wait_ms(rows.bench, delay_ms);
    join(&rows, 1, C, 0, 1);
    done(&rows, PATH_MANAGER, expected);
}

static void test_delayed(void)
{
    Rows rows = opened(1);

    begin(&rows);
    wait_ms(rows.bench, 1000);
    bench_send(rows.bench, 0, C, 101, 100, 100); /* acknowledged again */
    bench_ack(rows.bench, 0, S, 1, 201, 200);
    join(&rows, 1, C, 0, 1);
    done(&rows, PATH_MANAGER, "delayed|0.6");
    delayed_by(2, 999, "ndiffports|0.6");
    delayed_by(2, 1000, "delayed|0.6");
    delayed_by(120, 1199, "ndiffports|0.6"); /* less than 10 handshake RTTs */
    delayed_by(120, 1200, "delayed|0.6");
}

/* @bytes of data, @delay_ms, then a join; the handshake took 2 ms. */
static void delayed_after(uint32_t bytes, int64_t delay_ms, const char *expected)
{
    Rows rows = opened(1);
    Bench *bench = rows.bench;

    begin(&rows);
    for (uint32_t i = 0; i < bytes; i += 50000)
        bench_send(bench, 0, C, 101 + i, MIN(50000, bytes - i), 100 + i);
    wait_ms(bench, delay_ms);
    join(&rows, 1, C, 0, 1);
    done(&rows, PATH_MANAGER, expected);
}

static void test_delayed_bytes(void)
{
    delayed_after(1000000, 20, "delayed|0.4");
    delayed_after(999999, 20, "ndiffports|0.6");
    delayed_after(1000000, 19, "ndiffports|0.6");
}

/* An address counts from its announcement on, and only if its host made it, for this port. */
static void announced(MpsSide by, uint16_t port, int64_t delay_ms, const char *expected)
{
    Rows rows = opened(1);

    begin(&rows);
    wait_ms(rows.bench, 2000);
    announce(&rows, by, by, 2, port);
    announce(&rows, by, by, 3, port);
    wait_ms(rows.bench, delay_ms);
    announce(&rows, by, by, 3, port); /* again */
    join(&rows, 1, C, by == C ? 3 : 0, by == C ? 1 : 3);
    done(&rows, PATH_MANAGER, expected);
}

static void test_delayed_announced(void)
{
    announced(S, 0, 1000, "delayed|0.6");
    announced(S, 0, 999, "signalled|0.7");
    announced(S, 80, 1000, "delayed|0.6");
    announced(S, 81, 1000, "signalled|0.7");
    announced(C, 0, 1000, "delayed|0.6");
    announced(C, 0, 999, "subflow|0.7");
    announced(C, 81, 1000, "delayed|0.6"); /* its SYN comes from any port */
}

/* An announcement before any data does not count from before joins are possible. */
static void test_delayed_announced_early(void)
{
    Rows rows = opened(1);

    announce(&rows, S, S, 2, 0);
    wait_ms(rows.bench, 2000);
    begin(&rows);
    wait_ms(rows.bench, 999);
    join(&rows, 1, C, 0, 2);
    done(&rows, PATH_MANAGER, "signalled|0.7");

    rows = opened(1); /* nor does that of another host's address */
    begin(&rows);
    announce(&rows, S, C, 2, 0);
    wait_ms(rows.bench, 1000);
    join(&rows, 1, C, 2, 1);
    done(&rows, PATH_MANAGER, "subflow|0.7");
}

/* Nothing shows that an address was there before its first join. */
static void test_delayed_new_address(void)
{
    Rows rows = opened(1);

    begin(&rows);
    wait_ms(rows.bench, 1500);
    join(&rows, 1, C, 1, 1);
    rows_finish(&rows);
    rows_assert(&rows, PATH_MANAGER, "subflow|0.7");
    rows_assert(&rows, EVIDENCE,
                "1 join: 0 between the initial addresses, 1 from another, 0 to another address or "
                "port, 0 both; none earlier than 1.500 s and 0 bytes after joins were possible; 1 "
                "with an address not seen before, and one that came up late looks the same");
    rows_free(&rows);

    rows = opened(1); /* with one that was known all the time */
    begin(&rows);
    wait_ms(rows.bench, 1500);
    join(&rows, 1, C, 1, 1);
    join(&rows, 2, C, 0, 1);
    done(&rows, PATH_MANAGER, "delayed|0.4");

    rows = opened(1); /* another port of the server */
    begin(&rows);
    wait_ms(rows.bench, 1500);
    rows.bench->server_port[1] = 81;
    join(&rows, 1, C, 0, 1);
    done(&rows, PATH_MANAGER, "signalled|0.7");
}

/* The earliest join decides, and says how late it was. */
static void test_delayed_several(void)
{
    Rows rows = opened(1);

    begin(&rows);
    wait_ms(rows.bench, 1200);
    join(&rows, 1, C, 0, 1);
    bench_send(rows.bench, 0, C, 101, 500, 100);
    wait_ms(rows.bench, 1200);
    join(&rows, 2, C, 0, 1);
    rows_finish(&rows);
    rows_assert(&rows, PATH_MANAGER, "delayed|0.6");
    rows_assert(&rows, EVIDENCE,
                "2 joins: 2 between the initial addresses, 0 from another, 0 to another address or "
                "port, 0 both; none earlier than 1.200 s and 0 bytes after joins were possible");
    rows_free(&rows);

    rows = opened(1); /* the later one was announced later, and waited less */
    begin(&rows);
    wait_ms(rows.bench, 2000);
    join(&rows, 1, C, 0, 1);
    announce(&rows, S, S, 2, 0);
    bench_send(rows.bench, 0, C, 101, 500, 100);
    wait_ms(rows.bench, 1200);
    join(&rows, 2, C, 0, 2);
    done(&rows, EVIDENCE,
         "2 joins: 1 between the initial addresses, 0 from another, 1 to another address or port, "
         "0 both; none earlier than 1.200 s and 500 bytes after joins were possible");

    rows = opened(1);
    begin(&rows);
    join(&rows, 1, C, 0, 1);
    wait_ms(rows.bench, 1200);
    join(&rows, 2, C, 0, 1);
    done(&rows, PATH_MANAGER, "ndiffports|0.9");
}

/* When joins were possible, how long an RTT is, or when the SYN was sent is not visible. */
static void test_delayed_unknown(void)
{
    Rows rows = opened(1); /* no data acknowledged */

    bench_send(rows.bench, 0, C, 1, 100, 0);
    wait_ms(rows.bench, 5000);
    join(&rows, 1, C, 0, 1);
    done(&rows, PATH_MANAGER, "ndiffports|0.6");

    rows = rows_new(1, 0x11, 0x22); /* the SYN was repeated */
    rows.bench->step_ns = 0;
    bench_syn(rows.bench);
    wait_ms(rows.bench, 1000);
    bench_open(rows.bench);
    begin(&rows);
    wait_ms(rows.bench, 5000);
    join(&rows, 1, C, 0, 1);
    done(&rows, PATH_MANAGER, "ndiffports|0.6");

    rows = opened(1); /* the capture lacks the SYN of the join */
    begin(&rows);
    wait_ms(rows.bench, 5000);
    rows.bench->network[1] = 0;
    bench_join_third(rows.bench, 1, C);
    bench_send(rows.bench, 1, C, 1, 100, 100);
    done(&rows, PATH_MANAGER, "ndiffports|0.6");
}

/* ---- scheduler ---- */

/* @n pieces of @bytes on path 0 and as many of @other_bytes on path 1, in turns of @turn; the RTTs
 * are 10 ms and @other_rtt_ms. */
typedef struct {
    const char *name;
    int n;
    uint32_t bytes, other_bytes;
    int turn;
    int64_t other_rtt_ms;
    int again;   /* so many pieces go on the other path, too */
    int samples; /* RTT samples of path 1; 0: of every piece */
    MpsSide from;
    bool alone, backup; /* path 1 is not there, is a backup */
    const char *expected;
} Schedule;

static const Schedule schedules[] = {
    {"50 pieces", 25, 100, 100, 1, 20, 0, 0, C, false, false, "round_robin|0.6"},
    {"49 pieces, one twice", 49, 100, 0, 1, 20, 1, 0, C, false, false, "|"},
    {"server sends", 25, 100, 100, 1, 20, 0, 0, S, false, false, "round_robin|0.6"},
    {"RTTs alike", 50, 100, 100, 1, 14, 0, 0, C, false, false, "|"},
    {"1.5 times the RTT", 50, 100, 100, 1, 15, 0, 0, C, false, false, "round_robin|0.6"},
    {"three RTT samples", 50, 100, 100, 1, 20, 0, 3, C, false, false, "round_robin|0.6"},
    {"two RTT samples", 50, 100, 100, 1, 20, 0, 2, C, false, false, "|"},
    {"shares 4.9 % apart", 50, 1049, 951, 1, 20, 0, 0, C, false, false, "round_robin|0.6"},
    {"shares 5.1 % apart", 50, 1051, 949, 1, 20, 0, 0, C, false, false, "lowest_rtt|0.5"},
    {"turns of two", 60, 102, 98, 2, 20, 0, 0, C, false, false, "lowest_rtt|0.5"},
    {"more on the slower", 50, 50, 150, 1, 20, 0, 0, C, false, false, "|"},
    {"half sent twice", 50, 100, 100, 1, 20, 50, 0, C, false, false, "round_robin|0.6"},
    {"more than half sent twice", 50, 100, 100, 1, 20, 51, 0, C, false, false, "redundant|0.459"},
    {"on one path", 60, 100, 0, 1, 20, 0, 0, C, false, false, "single_path|0.8"},
    {"other is a backup", 60, 100, 0, 1, 20, 0, 0, C, false, true, "backup|0.8"},
    {"one subflow", 60, 100, 0, 1, 20, 0, 0, C, true, false, "|"},
};

static void join_with(Rows *rows, const Schedule *schedule)
{
    Bench *bench = rows->bench;
    MpsSegment syn = bench_segment(bench, 1, C, MPS_TCP_SYN, 0, 0, 0);
    MpsMptcpOption *option = bench_option(&syn, MPS_MP_JOIN);

    option->join.form = MPS_JOIN_SYN;
    option->join.token = bench->token[S];
    option->join.nonce = 0x1001;
    option->join.backup = schedule->backup;
    bench->step_ns = schedule->other_rtt_ms * MS_NS;
    bench_feed(bench, syn);
    bench_join_synack(bench, 1, C);
    bench_join_third(bench, 1, C);
    bench->step_ns = 0;
    bench_feed(bench, bench_segment(bench, 1, S, MPS_TCP_ACK, 1, 1, 0));
}

static void test_scheduler(gconstpointer data)
{
    const Schedule *schedule = data;
    const MpsSide to = schedule->from == C ? S : C;
    const int n_paths = schedule->other_bytes > 0 ? 2 : 1;
    Rows rows = opened(10);
    Bench *bench = rows.bench;
    uint32_t next[2] = {1, 1};
    int64_t offset = 0;
    int samples = 1; /* of path 1: the SYN's */

    if (!schedule->alone)
        join_with(&rows, schedule);
    for (int i = 0; i < n_paths * schedule->n; i++) {
        const int path = i / schedule->turn % n_paths;
        const uint32_t bytes = path == 0 ? schedule->bytes : schedule->other_bytes;

        bench_send(bench, path, schedule->from, next[path], bytes, offset);
        next[path] += bytes;
        offset += bytes;
        wait_ms(bench, path == 0 ? 10 : schedule->other_rtt_ms);
        if (path == 0 || schedule->samples == 0 || samples++ < schedule->samples)
            bench_ack(bench, path, to, 1, next[path], offset);
        if (i >= schedule->again)
            continue;
        bench_send(bench, !path, schedule->from, next[!path], bytes, offset - bytes);
        next[!path] += bytes;
    }
    done(&rows, "SELECT scheduler, round(scheduler_confidence, 6) FROM connection",
         schedule->expected);
}

/* All of it on all of three subflows. */
static void test_scheduler_thrice(void)
{
    Rows rows = opened(10);

    bench_join(rows.bench, 1, C);
    bench_join(rows.bench, 2, C);
    for (uint32_t i = 0; i < 60; i++)
        for (uint32_t k = 0; k < 3; k++)
            bench_send(rows.bench, (int)((i + k) % 3), C, 1 + 10 * i, 10, 10 * i);
    done(&rows, "SELECT scheduler, scheduler_confidence FROM connection", "redundant|0.9");
}

static void test_scheduler_words(void)
{
    Rows rows = opened(10);

    bench_join(rows.bench, 1, C);
    for (uint32_t i = 0; i < 50; i++)
        bench_send(rows.bench, 1, C, 1 + 10 * i, 10, 10 * i);
    done(&rows, "SELECT scheduler_evidence FROM connection",
         "c2s: 1 of 2 subflows carried data, shares 100 to 100 %, 0 % of 50 pieces on another "
         "subflow than the one before, 0 % sent again, mean RTT 0.0 to 0.0 ms");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(meshes); i++) {
        g_autofree char *path = g_strconcat("/path manager/addresses/", meshes[i].name, NULL);

        g_test_add_data_func(path, &meshes[i], test_addresses);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(refreshes); i++) {
        g_autofree char *path = g_strconcat("/path manager/refreshing/", refreshes[i].name, NULL);

        g_test_add_data_func(path, &refreshes[i], test_refreshing);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(schedules); i++) {
        g_autofree char *path = g_strconcat("/scheduler/", schedules[i].name, NULL);

        g_test_add_data_func(path, &schedules[i], test_scheduler);
    }
    g_test_add_func("/scheduler/sent three times", test_scheduler_thrice);
    g_test_add_func("/scheduler/words", test_scheduler_words);
    g_test_add_func("/path manager/ports", test_ports);
    g_test_add_func("/path manager/not refreshing", test_not_refreshing);
    g_test_add_func("/path manager/refreshing, words", test_refreshing_words);
    g_test_add_func("/path manager/delayed", test_delayed);
    g_test_add_func("/path manager/delayed, bytes", test_delayed_bytes);
    g_test_add_func("/path manager/delayed, announced", test_delayed_announced);
    g_test_add_func("/path manager/delayed, announced early", test_delayed_announced_early);
    g_test_add_func("/path manager/delayed, new address", test_delayed_new_address);
    g_test_add_func("/path manager/delayed, several", test_delayed_several);
    g_test_add_func("/path manager/delayed, unknown", test_delayed_unknown);
    g_test_add_func("/path manager/no initial subflow", test_no_initial);
    return g_test_run();
}
