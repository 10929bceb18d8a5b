/* gen_study.c - writes CAPTURE, a data set for `study`, and FACTS, what is true of it: a line for
 * each fact, its kind first, as the scenario has it and not as it was measured.
 *
 *   connection  number, client, server, port, protocol, fallback, side of its first sign, start
 * [ns], end [ns], close, established subflows, pairs of addresses, path manager direction   number,
 * direction, data, retransmitted, reinjected, changes of the subflow, data on the initial subflow
 * [bytes], RTT differences slowest - best and second - best [ns] join        number, delay [ns]
 *   unused      number, reason, RTT rank
 *   again       number, retransmissions or reinjections, time [ns]
 *   acks        ack_bytes or data_ack_bytes, lowest of its class [bytes], how many
 *   burst       number, direction, bytes, changes of the subflow
 *   response    number, direction that was answered, delay [ns]
 *   address     number, kind, by whom, what became of it
 *
 * The tap is in the middle.  From there and back takes the "RTT" of the subflow on either side, and
 * every segment is acknowledged before the next is sent. */
#include "../support/build_packet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#define C     PB_CLIENT
#define S     PB_SERVER
#define MS_NS INT64_C(1000000)

#define SEGMENT_BYTES 1400u
enum { MOST_FLOWS = 3, CLASSES = 16, COUNTED_ACKS = 20 };

static const char *const directions[] = {"c2s", "s2c"};

typedef struct {
    PbFlow *tcp;
    int64_t rtt_ns;
    const char *client, *server;
    int64_t segments[2], rtt_samples[2]; /* by who sent the data */
    uint32_t acked_ssn[2];
    unsigned acks[2][CLASSES];
} Flow;

typedef struct {
    int64_t data, initial, retransmitted, reinjected, switches;
    const Flow *last;
    int64_t burst_bytes, burst_switches, last_data_ns;
    uint64_t acked;
    unsigned acks[CLASSES];
} Way;

typedef struct {
    PbNet *net;
    FILE *facts;
    PbConn *mptcp;
    unsigned number;
    const char *protocol, *fallback, *side, *close, *path_manager;
    uint16_t port;
    int64_t start_ns;
    Flow flows[MOST_FLOWS];
    unsigned n_flows;
    Way way[2];
} Conn;

static unsigned n_conns;

static PbFlow *on(Conn *self, unsigned i)
{
    self->net->step_ns = self->flows[i].rtt_ns;
    return self->flows[i].tcp;
}

/* ---- what happens ---- */

static unsigned add_flow(Conn *self, const char *client, const char *server, int64_t rtt_ns)
{
    Flow *const flow = &self->flows[self->n_flows];

    *flow = (Flow){.rtt_ns = rtt_ns, .client = client, .server = server, .acked_ssn = {1, 1}};
    flow->tcp = pb_flow(self->mptcp, C, client, (uint16_t)(20000 + n_conns * 4 + self->n_flows),
                        server, self->port);
    return self->n_flows++;
}

static Conn make(PbNet *net, FILE *facts, const char *client, const char *server, uint16_t port,
                 int64_t rtt_ns)
{
    Conn self = {.net = net, .facts = facts, .number = ++n_conns, .port = port};

    self.protocol = "mptcp";
    self.fallback = self.side = self.path_manager = "";
    self.close = "data_fin";
    self.mptcp = pb_conn(net, 1, UINT64_C(0xc11e47c11e470000) + n_conns,
                         UINT64_C(0x5e44e45e44e40000) + n_conns);
    self.start_ns = net->now_ns;
    (void)add_flow(&self, client, server, rtt_ns);
    return self;
}

static void open_initial(Conn *self)
{
    self->start_ns = self->net->now_ns;
    pb_open(on(self, 0));
    self->flows[0].rtt_samples[C] = self->flows[0].rtt_samples[S] = 1;
}

static unsigned join(Conn *self, const char *client, const char *server, int64_t rtt_ns,
                     bool backup)
{
    const unsigned i = add_flow(self, client, server, rtt_ns);
    PbFlow *const flow = on(self, i);

    flow->backup = backup;
    flow->address_id[C] = (uint8_t)(10 + i);
    fprintf(self->facts, "join,%u,%" G_GINT64_FORMAT "\n", self->number,
            self->net->now_ns + 2 * rtt_ns - self->start_ns);
    pb_open(flow);
    self->flows[i].rtt_samples[C] = self->flows[i].rtt_samples[S] = 1;
    return i;
}

static void end_burst(Conn *self, PbSide from)
{
    Way *const way = &self->way[from];

    if (way->burst_bytes > 0)
        fprintf(self->facts, "burst,%u,%s,%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "\n",
                self->number, directions[from], way->burst_bytes, way->burst_switches);
    way->burst_bytes = way->burst_switches = 0;
}

/* A burst ends where, all being acknowledged, nothing comes for max(3 RTT, 50 ms). */
static bool paused(const Conn *self, PbSide from)
{
    const int64_t pause_ns = self->net->now_ns - self->way[from].last_data_ns;
    int64_t base_ns = INT64_MAX;

    for (unsigned i = 0; i < self->n_flows; i++)
        base_ns = MIN(base_ns, self->flows[i].rtt_ns);
    return pause_ns > 50 * MS_NS && pause_ns > 3 * (2 * base_ns);
}

/* Books new data that is about to be sent. */
static void count(Conn *self, unsigned i, PbSide from, uint32_t bytes)
{
    Way *const way = &self->way[from], *const back = &self->way[pb_peer(from)];
    Flow *const flow = &self->flows[i];

    if (back->burst_bytes > 0) {
        fprintf(self->facts, "response,%u,%s,%" G_GINT64_FORMAT "\n", self->number,
                directions[pb_peer(from)], self->net->now_ns - back->last_data_ns);
        end_burst(self, pb_peer(from));
    }
    if (paused(self, from))
        end_burst(self, from);
    if (way->last && way->last != flow) {
        way->switches++;
        way->burst_switches += way->burst_bytes > 0;
    }
    way->last = flow;
    way->last_data_ns = self->net->now_ns;
    way->data += bytes;
    way->initial += i == 0 ? bytes : 0;
    way->burst_bytes += bytes;
    flow->segments[from]++;
    flow->rtt_samples[from]++;
}

static unsigned class_of(uint64_t bytes)
{
    unsigned n = 0;

    while (bytes >> (n + 1))
        n++;
    return n;
}

/* All that came is acknowledged by @from. */
static void ack(Conn *self, unsigned i, PbSide from)
{
    const PbSide peer = pb_peer(from);
    Flow *const flow = &self->flows[i];
    Way *const way = &self->way[peer];
    PbFlow *const tcp = on(self, i);

    if (tcp->next_ssn[peer] > flow->acked_ssn[peer])
        flow->acks[peer][class_of(tcp->next_ssn[peer] - flow->acked_ssn[peer])]++;
    if (self->mptcp->next_offset[peer] > way->acked)
        way->acks[class_of(self->mptcp->next_offset[peer] - way->acked)]++;
    flow->acked_ssn[peer] = tcp->next_ssn[peer];
    way->acked = self->mptcp->next_offset[peer];
    pb_ack(tcp, from);
}

static PbSpan put(Conn *self, unsigned i, PbSide from, uint32_t bytes)
{
    PbFlow *const flow = on(self, i);

    count(self, i, from, bytes);
    return pb_send(flow, from, bytes);
}

static void request(Conn *self, uint32_t bytes)
{
    PbFlow *const flow = on(self, 0);

    count(self, 0, C, bytes);
    pb_send_cut(flow, C, bytes, 1, self->mptcp->fallen_back ? PB_MAP_NONE : PB_MAP_CAPABLE);
    ack(self, 0, S);
}

/* @n segments, @stripe on each of the first @n_flows subflows in turn. */
static void transfer(Conn *self, PbSide from, unsigned n, unsigned n_flows, unsigned stripe)
{
    for (unsigned k = 0; k < n; k++) {
        (void)put(self, k / stripe % n_flows, from, SEGMENT_BYTES);
        ack(self, k / stripe % n_flows, pb_peer(from));
    }
}

static void note_again(const Conn *self, const char *what)
{
    fprintf(self->facts, "again,%u,%s,%" G_GINT64_FORMAT "\n", self->number, what,
            self->net->now_ns);
}

/* A segment that is lost, reinjected after a second, and retransmitted after another. */
static void lose(Conn *self, PbSide from)
{
    const PbSpan span = put(self, 0, from, SEGMENT_BYTES);

    self->flows[0].rtt_samples[from]--; /* it is not known which copy was acknowledged */
    pb_wait(self->net, 1000 * MS_NS);
    if (self->n_flows > 1) {
        PbFlow *const other = on(self, 1);

        note_again(self, "reinjections");
        (void)pb_reinject(span, other);
        ack(self, 1, pb_peer(from));
        self->way[from].reinjected += span.bytes;
        self->flows[1].rtt_samples[from]++;
        pb_wait(self->net, 1000 * MS_NS);
    }
    (void)on(self, 0);
    note_again(self, "retransmissions");
    pb_transmit(span);
    ack(self, 0, pb_peer(from));
    self->way[from].retransmitted += span.bytes;
}

/* ---- what is true at the end ---- */

static unsigned pairs_of(const Conn *self)
{
    unsigned n = 0;

    for (unsigned i = 0; i < self->n_flows; i++) {
        bool is_new = true;

        for (unsigned k = 0; k < i; k++)
            is_new &= strcmp(self->flows[i].client, self->flows[k].client) != 0 ||
                      strcmp(self->flows[i].server, self->flows[k].server) != 0;
        n += is_new;
    }
    return n;
}

/* Of the subflows with three samples; false if these are not two. */
static bool spread(const Conn *self, PbSide from, int64_t *slowest, int64_t *second)
{
    int64_t rtt_ns[MOST_FLOWS];
    unsigned n = 0;

    for (unsigned i = 0; i < self->n_flows; i++) {
        unsigned at = n;

        if (self->flows[i].rtt_samples[from] < 3)
            continue;
        for (; at > 0 && rtt_ns[at - 1] > self->flows[i].rtt_ns; at--)
            rtt_ns[at] = rtt_ns[at - 1];
        rtt_ns[at] = self->flows[i].rtt_ns;
        n++;
    }
    if (n < 2)
        return false;
    *slowest = rtt_ns[n - 1] - rtt_ns[0];
    *second = rtt_ns[1] - rtt_ns[0];
    return true;
}

static void put_acks(FILE *facts, const char *what, const unsigned acks[CLASSES])
{
    unsigned n = 0;

    for (unsigned i = 0; i < CLASSES; i++)
        n += acks[i];
    for (unsigned i = 0; i < CLASSES && n >= COUNTED_ACKS; i++)
        if (acks[i] > 0)
            fprintf(facts, "acks,%s,%u,%u\n", what, 1u << i, acks[i]);
}

static void put_facts(Conn *self)
{
    FILE *const out = self->facts;
    const int64_t end_ns = self->net->now_ns - self->net->step_ns;

    fprintf(out,
            "connection,%u,%s,%s,%u,%s,%s,%s,%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",%s,%u,%u,"
            "%s\n",
            self->number, self->flows[0].client, self->flows[0].server, self->port, self->protocol,
            self->fallback, self->side, self->start_ns, end_ns, self->close, self->n_flows,
            pairs_of(self), self->path_manager);
    for (PbSide from = C; from <= S; from++) {
        const Way *const way = &self->way[from];
        int64_t slowest = 0, second = 0;

        end_burst(self, from);
        fprintf(out, "direction,%u,%s", self->number, directions[from]);
        for (unsigned i = 0; i < 5; i++)
            fprintf(out, ",%" G_GINT64_FORMAT,
                    (const int64_t[]){way->data, way->retransmitted, way->reinjected, way->switches,
                                      way->initial}[i]);
        if (spread(self, from, &slowest, &second))
            fprintf(out, ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "\n", slowest, second);
        else
            fputs(",,\n", out);
        put_acks(out, "data_ack_bytes", way->acks);
        for (unsigned i = 0; i < self->n_flows; i++)
            put_acks(out, "ack_bytes", self->flows[i].acks[from]);
    }
}

static void finish(Conn *self)
{
    for (unsigned i = 1; i < self->n_flows; i++) {
        pb_fin_exchange(on(self, i), C);
        self->flows[i].rtt_samples[C]++;
        self->flows[i].rtt_samples[S]++;
    }
    (void)on(self, 0);
    if (self->mptcp->fallen_back)
        pb_fin_exchange(on(self, 0), C);
    else if (strcmp(self->close, "reset") == 0)
        pb_rst(on(self, 0), C, -1);
    else
        pb_close(self->mptcp);
    self->flows[0].rtt_samples[C]++;
    self->flows[0].rtt_samples[S]++;
    put_facts(self);
    pb_wait(self->net, 700 * MS_NS);
}

/* ---- the scenarios ---- */

/* Requests and answers on one subflow. */
static void web(PbNet *net, FILE *facts)
{
    static const uint16_t ports[] = {80, 443, 443, 8080};
    static const char *const clients[] = {"198.51.100.1", "198.51.100.2", "2001:db8:1::1",
                                          "203.0.113.1"};

    for (unsigned i = 0; i < 20; i++) {
        const char *const client = clients[i % G_N_ELEMENTS(clients)];
        Conn conn = make(net, facts, client, strchr(client, ':') ? "2001:db8::2" : "192.0.2.10",
                         ports[i / 2 % G_N_ELEMENTS(ports)], (10 + i) * MS_NS);

        if (i % 5 == 4)
            conn.close = "reset";
        open_initial(&conn);
        request(&conn, 100 + i);
        pb_wait(net, (int64_t)(1 + i) * (1 + i) * MS_NS);
        transfer(&conn, S, 1 + i, 1, 1);
        if (i % 3 == 0) { /* and once more */
            pb_wait(net, (300 + i) * MS_NS);
            (void)put(&conn, 0, C, 50 + i);
            ack(&conn, 0, S);
            (void)put(&conn, 0, S, 500);
            ack(&conn, 0, C);
        }
        finish(&conn);
    }
}

/* Data of the three size classes on two subflows, or three. */
static void paths(PbNet *net, FILE *facts)
{
    static const struct {
        unsigned segments, stripe;
        int second_ms; /* RTT; the first has 20 ms */
        int third_ms;  /* 0: no third subflow */
        bool upload, same_addresses, lossy;
    } cases[] = {
        {10, 1, 25, 0, false, false, false},   {20, 2, 26, 0, false, true, false},
        {40, 4, 40, 0, true, false, true},     {60, 7, 27, 0, false, false, true},
        {80, 3, 25, 0, false, false, false},   {100, 5, 90, 0, true, false, false},
        {120, 8, 100, 0, false, true, false},  {150, 1, 60, 0, false, false, true},
        {400, 9, 150, 0, true, false, false},  {720, 2, 45, 0, false, false, false},
        {800, 90, 22, 0, true, false, true},   {110, 4, 60, 45, false, false, false},
        {90, 4, 1100, 30, true, false, false}, {74, 2, 1200, 0, false, false, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Conn conn = make(net, facts, "198.51.100.3", "192.0.2.10", 443, 20 * MS_NS);
        const char *const other = cases[i].same_addresses ? "198.51.100.3" : "203.0.113.3";

        conn.path_manager = cases[i].same_addresses ? "ndiffports" : "subflow";
        open_initial(&conn);
        request(&conn, 120);
        (void)join(&conn, other, "192.0.2.10", cases[i].second_ms * MS_NS, false);
        if (cases[i].third_ms)
            (void)join(&conn, "203.0.113.4", "192.0.2.10", cases[i].third_ms * MS_NS, false);
        transfer(&conn, cases[i].upload ? C : S, cases[i].segments, conn.n_flows, cases[i].stripe);
        if (cases[i].lossy)
            lose(&conn, cases[i].upload ? C : S);
        finish(&conn);
    }
}

/* Joined subflows that carry nothing. */
static void unused(PbNet *net, FILE *facts)
{
    static const struct {
        const char *reason;
        int rtt_ms; /* of the join; the first has 30 ms */
        unsigned rank, times;
    } cases[] = {{"backup", 31, 2, 3}, {"slower", 45, 2, 4}, {"late", 30, 1, 2}, {"", 20, 1, 1}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        for (unsigned k = 0; k < cases[i].times; k++) {
            Conn conn = make(net, facts, "198.51.100.4", "192.0.2.11", 443, 30 * MS_NS);
            const bool late = strcmp(cases[i].reason, "late") == 0;

            conn.path_manager = "subflow";
            open_initial(&conn);
            request(&conn, 100);
            if (late)
                transfer(&conn, S, 5, 1, 1);
            (void)join(&conn, "203.0.113.5", "192.0.2.11", cases[i].rtt_ms * MS_NS,
                       strcmp(cases[i].reason, "backup") == 0);
            if (!late)
                transfer(&conn, S, 5, 1, 1);
            fprintf(facts, "unused,%u,%s,%u\n", conn.number, cases[i].reason, cases[i].rank);
            finish(&conn);
        }
}

static void fallbacks(PbNet *net, FILE *facts)
{
    for (unsigned i = 0; i < 9; i++) {
        Conn conn = make(net, facts, "198.51.100.5", "192.0.2.12", i % 2 ? 80 : 443, 15 * MS_NS);
        PbFlow *const flow = conn.flows[0].tcp;

        conn.close = "fin";
        if (i < 3) { /* the SYN/ACK has no option */
            conn.protocol = "tcp";
            conn.fallback = "no_mp_capable_synack";
            conn.side = "server";
            flow->stripped = true;
            open_initial(&conn);
        } else if (i < 5) { /* the third ACK has none, and what follows */
            conn.fallback = "no_mp_capable_ack";
            conn.side = "client";
            pb_syn(on(&conn, 0));
            pb_synack(flow);
            flow->stripped = true;
            pb_third_ack(flow);
            conn.flows[0].rtt_samples[C] = conn.flows[0].rtt_samples[S] = 1;
        } else {
            open_initial(&conn);
        }
        if (i < 5) {
            conn.mptcp->fallen_back = true;
            request(&conn, 200);
            transfer(&conn, S, 3, 1, 1);
        } else if (i < 8) { /* a mapping without end */
            conn.fallback = "infinite_mapping";
            conn.side = "client";
            request(&conn, 200);
            count(&conn, 0, C, 300);
            (void)pb_send_infinite(on(&conn, 0), C, 300);
            ack(&conn, 0, S);
        } else { /* the checksum is wrong */
            conn.fallback = "mp_fail";
            conn.side = "server";
            conn.mptcp->checksum = true;
            request(&conn, 200);
            count(&conn, 0, C, 700);

            PbSpan changed = pb_plan(flow, C, 700);

            changed.wrong_checksum = true;
            pb_transmit(changed);
            flow->received[S] = flow->next_ssn[C];
            pb_mp_fail(flow, S, changed.offset);
            count(&conn, 0, C, 300);
            (void)pb_send_infinite(flow, C, 300);
            ack(&conn, 0, S);
        }
        finish(&conn);
    }
}

/* The server announces addresses: joined, not joined, removed again. */
static void addresses(PbNet *net, FILE *facts)
{
    for (unsigned i = 0; i < 5; i++) {
        Conn conn = make(net, facts, "198.51.100.6", "192.0.2.13", 443, 10 * MS_NS);

        open_initial(&conn);
        request(&conn, 100);
        pb_add_addr(on(&conn, 0), S, 7, "192.0.2.113", 0);
        pb_add_addr_echo(conn.flows[0].tcp, C, 7, "192.0.2.113", 0);
        if (i < 3) {
            conn.path_manager = "signalled";
            (void)join(&conn, "198.51.100.6", "192.0.2.113", 12 * MS_NS, false);
            transfer(&conn, S, 4, 2, 1);
        }
        fprintf(facts, "address,%u,add,server,%s\n", conn.number, i < 3 ? "joined" : "no join");
        finish(&conn);
    }
}

/* Three at a time, which end in another order. */
static void overlapping(PbNet *net, FILE *facts)
{
    Conn conns[3];

    for (unsigned i = 0; i < 3; i++) {
        conns[i] = make(net, facts, "198.51.100.7", "192.0.2.14", 443, (5 + i) * MS_NS);
        open_initial(&conns[i]);
    }
    for (unsigned i = 0; i < 3; i++)
        request(&conns[i], 100);
    finish(&conns[1]);
    finish(&conns[2]);
    finish(&conns[0]);
}

int main(int argc, char *argv[])
{
    FILE *facts;
    PbNet *net;

    if (argc != 3) {
        fputs("usage: gen_study CAPTURE FACTS\n", stderr);
        return 2;
    }
    facts = fopen(argv[2], "w");
    if (!facts) {
        fprintf(stderr, "gen_study: %s: %s\n", argv[2], strerror(errno));
        return 1;
    }
    net = pb_net_open(argv[1], PB_RAW, 128, INT64_C(1700000000000000000));
    web(net, facts);
    paths(net, facts);
    unused(net, facts);
    fallbacks(net, facts);
    addresses(net, facts);
    overlapping(net, facts);
    pb_net_close(net);
    return fclose(facts) == 0 ? 0 : 1;
}
