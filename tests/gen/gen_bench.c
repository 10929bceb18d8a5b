/* gen_bench.c - writes big captures whose totals are known, for measuring speed and memory.
 *
 * Two shapes of traffic: "bulk", few long transfers over several subflows, and "many", short
 * connections with the sizes and subflow counts of web traffic; with --mixed, of both versions,
 * closed in all ways, among connections of plain TCP.  The tap stands at the data sender: a lost
 * packet is captured before it is lost, so its retransmission repeats captured bytes.  Output
 * depends on the arguments alone. */
#include "../support/build_packet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#define START_NS       INT64_C(1700000000000000000)
#define MS_NS          INT64_C(1000000)
#define WINDOW         64u /* packets in flight per subflow; a power of two */
#define FLOWS_MAX      8
#define REQUEST_BYTES  200u
#define MAPPING_MAX    65535u
#define RECEIVE_WINDOW 16384 /* 2 MB with the scale of the SYN */

typedef struct {
    int64_t ack_ns; /* when the acknowledgement passes the tap */
    uint64_t offset;
    uint64_t map_offset;
    uint32_t ssn, map_ssn;
    uint16_t bytes, map_bytes;
    bool mapped;     /* carries the mapping */
    bool reinjected; /* a copy: does not hold back the DATA_ACK */
} InFlight;

typedef struct {
    MpsEndpoint at[2];
    uint32_t isn[2], nonce[2], next_ssn[2], tsval[2];
    uint32_t acked; /* SSN up to which the data sender was acknowledged */
    int64_t rtt_ns, next_send_ns;
    uint64_t map_offset; /* mapping in progress */
    uint32_t map_ssn;
    uint16_t map_bytes, map_sent;
    unsigned unacked; /* packets that arrived since the last ACK */
    unsigned head, count, arrived;
    int64_t resend_ns, repair_ns; /* of the packet at the head; 0: none was lost */
    uint32_t lost_ssn;            /* 0: none */
    uint64_t copy_offset;         /* data of the neighbour to be reinjected here */
    uint16_t copy_bytes;          /* 0: none */
    InFlight flight[WINDOW];
} Flow;

typedef enum { OPENING, REQUEST, ANSWERED, JOINING, TRANSFER, CLOSING, OVER } Phase;

/* How a connection ends; the last: it falls silent and does not. */
typedef enum { DATA_FIN, FASTCLOSE, RESET, SILENCE, N_ENDINGS } Ending;

typedef struct {
    int64_t next_ns;
    Phase phase;
    int step; /* within the phase */
    int version;
    bool plain; /* TCP: sends no MPTCP option */
    Ending ending;
    PbSide from;
    uint64_t key[2], idsn[2];
    uint64_t bytes;       /* to be sent in the transfer */
    uint64_t next_offset; /* of the sender, not yet given to a subflow */
    uint64_t end_offset;
    uint64_t received[2]; /* DATA_ACK of that side */
    uint64_t sent[2];     /* data sequence space used by that side */
    uint16_t ip_id[2];
    int n_flows;
    Flow *flows;
} Conn;

/* Those of MPTCP, but for packets. */
typedef struct {
    uint64_t connections, subflows, joins, packets, plain_connections;
    uint64_t data_bytes[2], retransmitted_bytes, reinjected_bytes;
    uint64_t of_version[2], ended[N_ENDINGS];
} Totals;

typedef struct {
    bool many, mixed;
    int version, subflows;
    uint64_t connections, bytes, started;
    uint32_t mss, loss;
    uint64_t random;
    PbCapture *capture;
    Totals totals;
} Bench;

/* splitmix64: every input gives an unrelated output */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static uint32_t draw(Bench *bench, uint32_t below)
{
    return (uint32_t)((mix(bench->random++) >> 32) * below >> 32);
}

static Flow *flow_of(const Conn *conn, int i)
{
    return &conn->flows[i];
}

/* ---- packets ---- */

static void put(Bench *bench, Conn *conn, Flow *flow, PbSide from, uint8_t flags, uint32_t ssn,
                const PbOptions *mptcp, uint32_t payload_bytes)
{
    static const uint8_t syn_start[] = {2, 4, 0x05, 0xb4, 4, 2}, syn_end[] = {1, 3, 3, 7};
    const PbSide to = pb_peer(from);
    const uint32_t received = from == conn->from ? flow->next_ssn[to] : flow->acked;
    PbPacket packet = {0};
    PbOptions stamp;

    packet.ts_ns = conn->next_ns;
    packet.src = flow->at[from];
    packet.dst = flow->at[to];
    packet.seq = flow->isn[from] + ssn;
    packet.ack = flags & MPS_TCP_ACK ? flow->isn[to] + received : 0;
    packet.flags = flags;
    packet.window = flags & MPS_TCP_SYN ? 64240 : RECEIVE_WINDOW;
    packet.ip_id = conn->ip_id[from]++;
    packet.ttl = 64;
    packet.payload = NULL;
    packet.payload_bytes = payload_bytes;
    packet.options.n = 0;
    flow->tsval[from] = flow->isn[from] + (uint32_t)((conn->next_ns - START_NS) / MS_NS);
    if (flags & MPS_TCP_SYN) {
        stamp.n = 0;
        pb_opt_timestamp(&stamp, flow->tsval[from], flow->tsval[to]);
        pb_opt_raw(&packet.options, syn_start, sizeof syn_start);
        pb_opt_raw(&packet.options, stamp.bytes + 2, 10);
        pb_opt_raw(&packet.options, syn_end, sizeof syn_end);
    } else {
        pb_opt_timestamp(&packet.options, flow->tsval[from], flow->tsval[to]);
    }
    if (!conn->plain)
        pb_opt_raw(&packet.options, mptcp->bytes, mptcp->n);
    pb_capture_write(bench->capture, &packet);
}

static uint8_t width(const Conn *conn)
{
    return conn->version == 0 ? 4 : 8;
}

static PbDss dss_ack(const Conn *conn, PbSide from)
{
    return (PbDss){
        .ack_bytes = width(conn),
        .dsn_bytes = width(conn),
        .data_ack = conn->idsn[pb_peer(from)] + 1 + conn->received[from],
    };
}

static void put_ack(Bench *bench, Conn *conn, Flow *flow, PbSide from)
{
    const PbDss dss = dss_ack(conn, from);
    PbOptions o = {.n = 0};

    pb_opt_dss(&o, &dss);
    put(bench, conn, flow, from, MPS_TCP_ACK, flow->next_ssn[from], &o, 0);
}

static void put_data(Bench *bench, Conn *conn, Flow *flow, const InFlight *segment)
{
    PbDss dss = dss_ack(conn, conn->from);
    PbOptions o = {.n = 0};

    dss.has_map = segment->mapped;
    dss.dsn = conn->idsn[conn->from] + 1 + segment->map_offset;
    dss.ssn = segment->map_ssn;
    dss.data_bytes = segment->map_bytes;
    pb_opt_dss(&o, &dss);
    put(bench, conn, flow, conn->from, MPS_TCP_ACK, segment->ssn, &o, segment->bytes);
}

static void put_data_fin(Bench *bench, Conn *conn, Flow *flow, PbSide from)
{
    PbDss dss = dss_ack(conn, from);
    PbOptions o = {.n = 0};

    dss.has_map = dss.data_fin = true;
    dss.dsn = conn->idsn[from] + 1 + conn->sent[from]++;
    dss.data_bytes = 1;
    pb_opt_dss(&o, &dss);
    put(bench, conn, flow, from, MPS_TCP_ACK, flow->next_ssn[from], &o, 0);
}

/* ---- the life of a connection: each function sends one packet and says when the next is due ----
 */

/* With --mixed: what kind of connection it is.  One in eight is plain TCP; of the others, half have
 * version 0, 80 % close, 10 % abort by MP_FASTCLOSE, 5 % by RST, 5 % are left open. */
static void choose_kind(Conn *conn, uint64_t index)
{
    const uint64_t dice = mix(~index), ending = (dice >> 8) % 20;

    conn->plain = dice % 8 == 0;
    conn->version = (int)(dice >> 4 & 1);
    if (!conn->plain)
        conn->ending = ending < 16   ? DATA_FIN
                       : ending < 18 ? FASTCLOSE
                       : ending < 19 ? RESET
                                     : SILENCE;
}

/* As in a study of web servers: 12 % of the connections are empty, 15 % have about 1 kB, 65 % 10
 * kB, the rest up to 1 MB; of those with data, 61 % one subflow, 23 % two, 16 % more; with --mixed
 * that is so of all, and an empty one has no other subflow. */
static void choose_shape(Bench *bench, Conn *conn)
{
    const uint32_t dice = draw(bench, 100), more = draw(bench, 100);
    const uint32_t one = bench->mixed ? 56 : 61, two = bench->mixed ? 82 : 84;

    if (!bench->many)
        return; /* with its dice thrown: what is drawn later does not depend on the mode */
    conn->from = PB_SERVER;
    conn->bytes = dice < 12   ? 0
                  : dice < 27 ? 500 + draw(bench, 1000)
                  : dice < 92 ? 5000 + draw(bench, 10000)
                              : UINT64_C(1) << (14 + draw(bench, 7));
    conn->n_flows = more < one || conn->bytes == 0 ? 1 : more < two ? 2 : 3 + (int)draw(bench, 3);
    conn->n_flows = MIN(conn->n_flows, bench->subflows);
}

static void count(Totals *totals, const Conn *conn)
{
    if (conn->plain) {
        totals->plain_connections++;
        return;
    }
    totals->connections++;
    totals->subflows += (uint64_t)conn->n_flows;
    totals->joins += (uint64_t)conn->n_flows - 1;
    totals->of_version[conn->version]++;
    totals->ended[conn->ending]++;
}

static void start(Bench *bench, Conn *conn, int64_t now_ns)
{
    const uint64_t index = bench->started++;
    const uint8_t high = (uint8_t)(index / 50000 >> 8), low = (uint8_t)(index / 50000);

    *conn = (Conn){
        .next_ns = now_ns,
        .version = bench->version,
        .n_flows = bench->subflows,
        .bytes = bench->bytes,
        .from = index % 2 ? PB_SERVER : PB_CLIENT,
    };
    choose_shape(bench, conn);
    if (bench->mixed)
        choose_kind(conn, index);
    if (conn->plain)
        conn->n_flows = 1;
    conn->flows = g_new0(Flow, (gsize)conn->n_flows);
    for (int side = 0; side < 2; side++) {
        conn->key[side] = mix(index * 2 + (uint64_t)side);
        conn->idsn[side] = pb_idsn(conn->version, conn->key[side]);
        conn->ip_id[side] = (uint16_t)(conn->key[side] >> 40);
    }
    for (int i = 0; i < conn->n_flows; i++) {
        Flow *flow = flow_of(conn, i);

        flow->rtt_ns = (i == 0 ? 20 : 40 + 10 * i) * MS_NS;
        flow->at[PB_CLIENT] = (MpsEndpoint){
            .address = {.bytes = {10, (uint8_t)(i + 1), high, low}, .family = 4},
            .port = (uint16_t)(10000 + index % 50000),
        };
        flow->at[PB_SERVER] = (MpsEndpoint){
            .address = {.bytes = {192, 0, 2, 10}, .family = 4},
            .port = 443,
        };
        for (int side = 0; side < 2; side++) {
            const uint64_t noise = mix(conn->key[side] + (uint64_t)i);

            flow->isn[side] = (uint32_t)noise;
            flow->nonce[side] = (uint32_t)(noise >> 32);
            flow->next_ssn[side] = 1;
        }
        flow->acked = 1;
    }
    count(&bench->totals, conn);
}

static void book(const Conn *conn, uint64_t *total, uint64_t bytes)
{
    if (!conn->plain)
        *total += bytes;
}

static void enter(Conn *conn, Phase phase)
{
    conn->phase = phase;
    conn->step = 0;
}

static void open_initial(Bench *bench, Conn *conn)
{
    Flow *flow = flow_of(conn, 0);
    const uint64_t key[2] = {conn->key[PB_CLIENT], conn->key[PB_SERVER]};
    PbOptions o = {.n = 0};

    switch (conn->step++) {
    case 0:
        pb_opt_capable(&o, conn->version, PB_CAPABLE_H, conn->version == 0, key, -1, -1);
        put(bench, conn, flow, PB_CLIENT, MPS_TCP_SYN, 0, &o, 0);
        conn->next_ns += flow->rtt_ns;
        return;
    case 1:
        pb_opt_capable(&o, conn->version, PB_CAPABLE_H, 1, key + 1, -1, -1);
        put(bench, conn, flow, PB_SERVER, MPS_TCP_SYN | MPS_TCP_ACK, 0, &o, 0);
        conn->next_ns += MS_NS / 20;
        return;
    default:
        pb_opt_capable(&o, conn->version, PB_CAPABLE_H, 2, key, -1, -1);
        put(bench, conn, flow, PB_CLIENT, MPS_TCP_ACK, 1, &o, 0);
        conn->next_ns += MS_NS;
        enter(conn, conn->bytes > 0 ? REQUEST : CLOSING);
    }
}

static void request(Bench *bench, Conn *conn)
{
    Flow *flow = flow_of(conn, 0);
    const uint64_t key[2] = {conn->key[PB_CLIENT], conn->key[PB_SERVER]};
    PbDss dss = dss_ack(conn, PB_CLIENT);
    PbOptions o = {.n = 0};

    dss.has_map = true;
    dss.dsn = conn->idsn[PB_CLIENT] + 1;
    dss.ssn = 1;
    dss.data_bytes = REQUEST_BYTES;
    if (conn->version == 0)
        pb_opt_dss(&o, &dss);
    else
        pb_opt_capable(&o, 1, PB_CAPABLE_H, 2, key, REQUEST_BYTES, -1);
    put(bench, conn, flow, PB_CLIENT, MPS_TCP_ACK | MPS_TCP_PSH, 1, &o, REQUEST_BYTES);
    flow->next_ssn[PB_CLIENT] += REQUEST_BYTES;
    conn->sent[PB_CLIENT] += REQUEST_BYTES;
    book(conn, &bench->totals.data_bytes[PB_CLIENT], REQUEST_BYTES);
    conn->next_ns += flow->rtt_ns;
    enter(conn, ANSWERED);
}

static void begin_transfer(Bench *bench, Conn *conn)
{
    conn->next_offset = conn->sent[conn->from];
    conn->end_offset = conn->sent[conn->from] += conn->bytes;
    book(conn, &bench->totals.data_bytes[conn->from], conn->bytes);
    for (int i = 0; i < conn->n_flows; i++)
        flow_of(conn, i)->next_send_ns = conn->next_ns;
    enter(conn, TRANSFER);
}

static void answer(Bench *bench, Conn *conn)
{
    Flow *flow = flow_of(conn, 0);

    if (conn->from == PB_CLIENT)
        flow->acked = flow->next_ssn[PB_CLIENT];
    conn->received[PB_SERVER] = conn->sent[PB_CLIENT];
    put_ack(bench, conn, flow, PB_SERVER);
    conn->next_ns += MS_NS;
    if (conn->n_flows > 1)
        enter(conn, JOINING);
    else
        begin_transfer(bench, conn);
}

static void join(Bench *bench, Conn *conn)
{
    const int i = 1 + conn->step / 4;
    Flow *flow = flow_of(conn, i);
    uint8_t hmac[PB_DIGEST_MAX];
    PbOptions o = {.n = 0};

    switch (conn->step++ % 4) {
    case 0:
        pb_opt_join_syn(&o, false, (uint8_t)i, pb_token(conn->version, conn->key[PB_SERVER]),
                        flow->nonce[PB_CLIENT]);
        put(bench, conn, flow, PB_CLIENT, MPS_TCP_SYN, 0, &o, 0);
        conn->next_ns += flow->rtt_ns;
        return;
    case 1:
        pb_join_hmac(conn->version, conn->key[PB_SERVER], conn->key[PB_CLIENT],
                     flow->nonce[PB_SERVER], flow->nonce[PB_CLIENT], hmac);
        pb_opt_join_synack(&o, false, 0, hmac, flow->nonce[PB_SERVER]);
        put(bench, conn, flow, PB_SERVER, MPS_TCP_SYN | MPS_TCP_ACK, 0, &o, 0);
        conn->next_ns += MS_NS / 20;
        return;
    case 2:
        pb_join_hmac(conn->version, conn->key[PB_CLIENT], conn->key[PB_SERVER],
                     flow->nonce[PB_CLIENT], flow->nonce[PB_SERVER], hmac);
        pb_opt_join_ack(&o, hmac);
        put(bench, conn, flow, PB_CLIENT, MPS_TCP_ACK, 1, &o, 0);
        conn->next_ns += flow->rtt_ns;
        return;
    default:
        put_ack(bench, conn, flow, PB_SERVER);
        conn->next_ns += MS_NS;
        if (i + 1 == conn->n_flows)
            begin_transfer(bench, conn);
    }
}

static InFlight *in_flight(Flow *flow, unsigned i)
{
    return &flow->flight[(flow->head + i) % WINDOW];
}

/* What every subflow has delivered: the lowest data offset not yet acknowledged on any. */
static uint64_t delivered(const Conn *conn)
{
    uint64_t lowest = conn->next_offset;

    for (int i = 0; i < conn->n_flows; i++) {
        Flow *flow = flow_of(conn, i);
        uint64_t own = flow->map_sent < flow->map_bytes ? flow->map_offset + flow->map_sent
                                                        : conn->next_offset;

        for (unsigned k = 0; k < flow->count; k++) {
            if (!in_flight(flow, k)->reinjected) {
                own = in_flight(flow, k)->offset;
                break;
            }
        }
        lowest = MIN(lowest, own);
    }
    return lowest;
}

static bool wants_to_send(const Conn *conn, const Flow *flow)
{
    return flow->count < WINDOW && (flow->map_sent < flow->map_bytes || flow->copy_bytes > 0 ||
                                    conn->next_offset < conn->end_offset);
}

/* Gives the subflow its next mapping: a reinjection that waits, or up to 64 kB of new data. */
static bool take_mapping(const Bench *bench, Conn *conn, Flow *flow)
{
    const bool copy = flow->copy_bytes > 0;

    flow->map_ssn = flow->next_ssn[conn->from];
    flow->map_sent = 0;
    if (copy) {
        flow->map_offset = flow->copy_offset;
        flow->map_bytes = flow->copy_bytes;
        flow->copy_bytes = 0;
        return true;
    }
    flow->map_offset = conn->next_offset;
    flow->map_bytes =
        (uint16_t)MIN(conn->end_offset - conn->next_offset, MAPPING_MAX / bench->mss * bench->mss);
    conn->next_offset += flow->map_bytes;
    return false;
}

/* The packet just sent is lost behind the tap; sometimes the next subflow sends its data too. */
static void lose(Bench *bench, Conn *conn, Flow *flow, const InFlight *segment)
{
    Flow *next = flow + 1 < conn->flows + conn->n_flows ? flow + 1 : conn->flows;

    flow->lost_ssn = segment->ssn;
    flow->resend_ns = segment->ack_ns + flow->rtt_ns / 4;
    if (next != flow && next->copy_bytes == 0 && draw(bench, 2) == 0) {
        next->copy_offset = segment->offset;
        next->copy_bytes = segment->bytes;
    }
}

static void send_segment(Bench *bench, Conn *conn, Flow *flow)
{
    const bool copy = flow->map_sent == flow->map_bytes && take_mapping(bench, conn, flow);
    InFlight *segment = in_flight(flow, flow->count);
    const int64_t last_ack_ns = flow->count > 0 ? in_flight(flow, flow->count - 1)->ack_ns : 0;
    const int64_t ack_ns = conn->next_ns + flow->rtt_ns + draw(bench, 64) * 1000;

    *segment = (InFlight){
        .ack_ns = MAX(ack_ns, last_ack_ns + 1),
        .offset = flow->map_offset + flow->map_sent,
        .ssn = flow->next_ssn[conn->from],
        .bytes = (uint16_t)MIN(flow->map_bytes - flow->map_sent, (int)bench->mss),
        .map_offset = flow->map_offset,
        .map_ssn = flow->map_ssn,
        .map_bytes = flow->map_bytes,
        .mapped = conn->version == 1 || flow->map_sent == 0,
        .reinjected = copy,
    };
    flow->count++;
    put_data(bench, conn, flow, segment);
    flow->map_sent = (uint16_t)(flow->map_sent + segment->bytes);
    flow->next_ssn[conn->from] += segment->bytes;
    flow->next_send_ns = conn->next_ns + flow->rtt_ns / WINDOW;
    if (copy)
        bench->totals.reinjected_bytes += segment->bytes;
    else if (flow->lost_ssn == 0 && draw(bench, bench->loss) == 0)
        lose(bench, conn, flow, segment);
}

/* Takes everything that arrived off the front, up to a loss. */
static void acknowledge(Bench *bench, Conn *conn, Flow *flow, bool at_once)
{
    while (flow->arrived > 0 && in_flight(flow, 0)->ssn != flow->lost_ssn) {
        flow->acked = in_flight(flow, 0)->ssn + in_flight(flow, 0)->bytes;
        flow->head = (flow->head + 1) % WINDOW;
        flow->count--;
        flow->arrived--;
        flow->unacked++;
    }
    if (!at_once && flow->unacked < 2 && flow->count > 0)
        return; /* delayed ACK */
    flow->unacked = 0;
    conn->received[pb_peer(conn->from)] = delivered(conn);
    put_ack(bench, conn, flow, pb_peer(conn->from));
}

static void segment_arrives(Bench *bench, Conn *conn, Flow *flow)
{
    const bool lost = in_flight(flow, flow->arrived)->ssn == flow->lost_ssn;

    flow->arrived++;
    if (!lost) /* out of order: at once, which makes a duplicate ACK */
        acknowledge(bench, conn, flow, flow->lost_ssn && in_flight(flow, 0)->ssn == flow->lost_ssn);
}

/* Earliest of the four things that can happen next on any subflow; INT64_MAX if nothing can. */
typedef enum { SEND, ARRIVE, RESEND, REPAIR } Event;

static int64_t next_event(const Conn *conn, Flow **flow, Event *event)
{
    int64_t earliest_ns = INT64_MAX;

    for (int i = 0; i < conn->n_flows; i++) {
        Flow *f = flow_of(conn, i);
        const int64_t due_ns[] = {
            [SEND] = wants_to_send(conn, f) ? f->next_send_ns : INT64_MAX,
            [ARRIVE] = f->arrived < f->count ? in_flight(f, f->arrived)->ack_ns : INT64_MAX,
            [RESEND] = f->resend_ns ? f->resend_ns : INT64_MAX,
            [REPAIR] = f->repair_ns ? f->repair_ns : INT64_MAX,
        };

        for (Event e = SEND; e <= REPAIR; e++) {
            if (due_ns[e] < earliest_ns) {
                earliest_ns = due_ns[e];
                *flow = f;
                *event = e;
            }
        }
    }
    return earliest_ns;
}

static void transfer(Bench *bench, Conn *conn)
{
    Flow *flow = NULL;
    Event event = SEND;

    next_event(conn, &flow, &event);
    switch (event) {
    case SEND:
        send_segment(bench, conn, flow);
        break;
    case ARRIVE:
        segment_arrives(bench, conn, flow);
        break;
    case RESEND:
        put_data(bench, conn, flow, in_flight(flow, 0));
        book(conn, &bench->totals.retransmitted_bytes, in_flight(flow, 0)->bytes);
        flow->resend_ns = 0;
        flow->repair_ns = conn->next_ns + flow->rtt_ns;
        break;
    case REPAIR:
        flow->lost_ssn = 0;
        flow->repair_ns = 0;
        acknowledge(bench, conn, flow, true);
        break;
    }

    const int64_t due_ns = next_event(conn, &flow, &event);

    if (due_ns != INT64_MAX) {
        /* a subflow that had to wait for its window sends late, never in the past */
        conn->next_ns = MAX(conn->next_ns, due_ns);
        return;
    }
    conn->next_ns += MS_NS;
    enter(conn, CLOSING);
}

static void over(Conn *conn)
{
    g_clear_pointer(&conn->flows, g_free);
    enter(conn, OVER);
}

static void finish(Bench *bench, Conn *conn)
{
    const PbSide from = conn->from, peer = pb_peer(from);
    Flow *flow = flow_of(conn, MAX(0, conn->step - 4) / 3);
    PbOptions o = {.n = 0};
    PbDss dss;

    if (conn->plain)
        conn->step = MAX(conn->step, 4);
    conn->received[from] = conn->sent[peer];
    switch (conn->step < 4 ? conn->step : 4 + (conn->step - 4) % 3) {
    case 0:
        put_data_fin(bench, conn, flow, from);
        conn->next_ns += flow->rtt_ns;
        break;
    case 1:
        conn->received[peer] = conn->sent[from];
        put_ack(bench, conn, flow, peer);
        conn->next_ns += MS_NS;
        break;
    case 2:
        put_data_fin(bench, conn, flow, peer);
        conn->next_ns += MS_NS / 20;
        break;
    case 3:
        put_ack(bench, conn, flow, from);
        conn->next_ns += MS_NS;
        break;
    case 4:
    case 5: {
        const PbSide side = conn->step % 3 == 1 ? from : peer;

        dss = dss_ack(conn, side);
        pb_opt_dss(&o, &dss);
        put(bench, conn, flow, side, MPS_TCP_FIN | MPS_TCP_ACK, flow->next_ssn[side]++, &o, 0);
        flow->acked = flow->next_ssn[from];
        conn->next_ns += side == from ? flow->rtt_ns : MS_NS / 20;
        break;
    }
    default:
        put_ack(bench, conn, flow, from);
        conn->next_ns += MS_NS;
        if (flow == flow_of(conn, conn->n_flows - 1)) {
            over(conn);
            return;
        }
    }
    conn->step++;
}

/* A RST on each subflow.  MP_FASTCLOSE (RFC 8684 section 3.5) is on all of them in version 1; in
 * version 0, on an ACK of the first, which the peer answers with a RST. */
static void abort_connection(Bench *bench, Conn *conn)
{
    const bool by_ack = conn->ending == FASTCLOSE && conn->version == 0;
    const bool answer = conn->step == conn->n_flows;
    const PbSide from = answer ? pb_peer(conn->from) : conn->from;
    const bool before = by_ack && conn->step == 0;
    Flow *flow = flow_of(conn, answer ? 0 : conn->step);
    PbOptions o = {.n = 0};

    if (conn->ending == FASTCLOSE && (before || !by_ack))
        pb_opt_fastclose(&o, conn->key[pb_peer(from)]);
    else if (conn->version == 1)
        pb_opt_tcprst(&o, 0, 0);
    put(bench, conn, flow, from, before ? MPS_TCP_ACK : MPS_TCP_RST | MPS_TCP_ACK,
        flow->next_ssn[from], &o, 0);
    conn->step++;
    conn->next_ns += conn->step == conn->n_flows ? flow_of(conn, 0)->rtt_ns : MS_NS / 20;
    if (conn->step == conn->n_flows + by_ack)
        over(conn);
}

static void close_connection(Bench *bench, Conn *conn)
{
    if (conn->ending == DATA_FIN)
        finish(bench, conn);
    else if (conn->ending == SILENCE)
        over(conn);
    else
        abort_connection(bench, conn);
}

static void advance(Bench *bench, Conn *conn)
{
    static void (*const phases[])(Bench *, Conn *) = {
        [OPENING] = open_initial, [REQUEST] = request,   [ANSWERED] = answer,
        [JOINING] = join,         [TRANSFER] = transfer, [CLOSING] = close_connection,
    };

    phases[conn->phase](bench, conn);
}

/* ---- many connections at once: a binary heap of connections, earliest first ---- */

static void sift_down(Conn **heap, size_t n)
{
    Conn *moving = heap[0];
    size_t at = 0, child;

    while ((child = 2 * at + 1) < n) {
        if (child + 1 < n && heap[child + 1]->next_ns < heap[child]->next_ns)
            child++;
        if (heap[child]->next_ns >= moving->next_ns)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

static void run(Bench *bench, size_t concurrency)
{
    size_t n = (size_t)MIN(bench->connections, concurrency);
    g_autofree Conn *slots = g_new0(Conn, n);
    g_autofree Conn **heap = g_new0(Conn *, n);

    for (size_t i = 0; i < n; i++) { /* ascending start times are a heap already */
        heap[i] = &slots[i];
        start(bench, heap[i], START_NS + (int64_t)i * MS_NS);
    }
    while (n > 0) {
        advance(bench, heap[0]);
        if (heap[0]->phase == OVER) {
            if (bench->started < bench->connections)
                start(bench, heap[0], heap[0]->next_ns);
            else if (--n > 0)
                heap[0] = heap[n];
        }
        if (n > 0)
            sift_down(heap, n);
    }
}

static void write_truth(const char *path, const Totals *totals)
{
    FILE *out = fopen(path, "w");

    if (!out)
        g_error("%s: %s", path, g_strerror(errno));

    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"packets", totals->packets},
        {"connections", totals->connections},
        {"subflows", totals->subflows},
        {"joins_established", totals->joins},
        {"data_bytes_c2s", totals->data_bytes[PB_CLIENT]},
        {"data_bytes_s2c", totals->data_bytes[PB_SERVER]},
        {"retransmitted_bytes", totals->retransmitted_bytes},
        {"reinjected_bytes", totals->reinjected_bytes},
        {"plain_connections", totals->plain_connections},
        {"version_0", totals->of_version[0]},
        {"version_1", totals->of_version[1]},
        {"ended_data_fin", totals->ended[DATA_FIN]},
        {"ended_fastclose", totals->ended[FASTCLOSE]},
        {"ended_reset", totals->ended[RESET]},
        {"ended_not", totals->ended[SILENCE]},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        fprintf(out, "%s  \"%s\": %" G_GUINT64_FORMAT, i ? ",\n" : "{\n", numbers[i].name,
                numbers[i].value);
    fputs("\n}\n", out);
    if (fclose(out) != 0)
        g_error("%s: %s", path, g_strerror(errno));
}

int main(int argc, char **argv)
{
    g_autofree char *mode = NULL, *output = NULL, *truth = NULL;
    gint64 connections = 2, bytes = 100000000;
    gboolean mixed = FALSE;
    int subflows = 2, version = 1, concurrency = 1, mss = 1448, loss = 1024, snaplen = 128;
    const GOptionEntry options[] = {
        {"mode", 0, 0, G_OPTION_ARG_STRING, &mode, "bulk (default) or many", "MODE"},
        {"connections", 0, 0, G_OPTION_ARG_INT64, &connections, "connections in all", "N"},
        {"subflows", 0, 0, G_OPTION_ARG_INT, &subflows, "subflows each; many: at most", "K"},
        {"bytes", 0, 0, G_OPTION_ARG_INT64, &bytes, "bulk: data bytes each", "B"},
        {"mixed", 0, 0, G_OPTION_ARG_NONE, &mixed,
         "both versions, all ways to end, and plain TCP between", NULL},
        {"version", 0, 0, G_OPTION_ARG_INT, &version, "MPTCP version, 0 or 1", "V"},
        {"concurrency", 0, 0, G_OPTION_ARG_INT, &concurrency, "connections at a time", "C"},
        {"mss", 0, 0, G_OPTION_ARG_INT, &mss, "payload of a full packet", "BYTES"},
        {"loss", 0, 0, G_OPTION_ARG_INT, &loss, "one packet of so many is lost", "N"},
        {"snaplen", 0, 0, G_OPTION_ARG_INT, &snaplen, "bytes kept of each packet", "BYTES"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "capture to write", "FILE"},
        {"truth", 0, 0, G_OPTION_ARG_FILENAME, &truth, "totals as JSON", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- write a capture of known totals");
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "gen_bench: %s\n", error->message);
        return 2;
    }

    const bool many = g_strcmp0(mode, "many") == 0;

    if (!output || (mode && !many && strcmp(mode, "bulk") != 0) || connections < 1 || bytes < 1 ||
        subflows < 1 || subflows > FLOWS_MAX || version < 0 || version > 1 || concurrency < 1 ||
        mss < 1 || mss > 9000 || loss < 1 || snaplen < 0) {
        fputs("gen_bench: a value is missing or out of range, see --help\n", stderr);
        return 2;
    }

    Bench bench = {
        .many = many,
        .mixed = mixed,
        .version = version,
        .subflows = subflows,
        .connections = (uint64_t)connections,
        .bytes = (uint64_t)bytes,
        .mss = (uint32_t)mss,
        .loss = (uint32_t)loss,
        .capture = pb_capture_open(output, PB_RAW, (uint32_t)snaplen),
    };

    run(&bench, (size_t)concurrency);
    bench.totals.packets = pb_capture_packets(bench.capture);
    pb_capture_close(bench.capture);
    if (truth)
        write_truth(truth, &bench.totals);
    return 0;
}
