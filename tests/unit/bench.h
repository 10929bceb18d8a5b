/* bench.h - feeds the model with segments built in a test and keeps what came out.  Used by
 * test_model.c and test_ledger.c.
 *
 * Paths are numbered; path p runs from 10.0.p.1 port 40000 + p to 192.0.2.1 port 80.  Path 0
 * carries MP_CAPABLE; network, server and server_port make others of the addresses.  Sequence
 * numbers are given relative to the ISN of the path, so that payload begins at 1 whatever the ISN;
 * data offsets are relative to IDSN + 1. */
#ifndef MPS_TESTS_BENCH_H
#define MPS_TESTS_BENCH_H

#include <string.h>

#include <glib.h>

#include "util/crypto.h"
#include "model/model.h"
#include "pipeline/observers.h"

enum { BENCH_PATHS = 8 };

/* A closed connection: numbers only, the entities themselves are gone. */
typedef struct {
    MpsConnection connection;
    MpsSubflow subflows[BENCH_PATHS];
    guint n_subflows;
    int64_t closed_at_ns;
} BenchClosed;

typedef struct {
    MpsModel *model;
    int64_t now_ns, step_ns;
    uint64_t packet;
    int version;
    uint64_t key[2], idsn[2];
    uint32_t token[2];
    uint32_t isn[BENCH_PATHS][2];
    uint16_t port[BENCH_PATHS];   /* of the client */
    uint8_t network[BENCH_PATHS]; /* of the client: 10.0.network.1 */
    uint8_t server[BENCH_PATHS];  /* 192.0.2.server */
    uint16_t server_port[BENCH_PATHS];
    bool dsn_is_64;
    GArray *closed;          /* BenchClosed, in order */
    MpsObservers *observers; /* that see everything, too; or NULL.  See bench_rows.h */
    MpsRowSink *rows;
    GArray *events; /* MpsEvent; pointers in them are dead after the end, but can be compared */
    uint64_t union_bytes[2];
    /* Bytes of REINJECTED events, by id of the first sender's subflow and of the other one. */
    uint64_t reinjected[BENCH_PATHS + 1][BENCH_PATHS + 1];
    uint64_t by_class[BENCH_PATHS + 1][MPS_DATA_RETRANSMITTED + 1]; /* c2s, by subflow id */
} Bench;

static inline void bench_emit(void *user, const MpsEvent *event)
{
    Bench *self = user;

    g_array_append_val(self->events, *event);
    if (self->observers)
        mps_observers_emit(self->observers, event, self->rows);
    if (event->kind == MPS_EV_DATA) {
        const uint64_t from = event->data.from ? event->data.from->id : 0;

        self->union_bytes[event->direction] += event->data.union_bytes;
        if (event->subflow->id > BENCH_PATHS || event->direction != MPS_C2S)
            return;
        self->by_class[event->subflow->id][event->data.class] += event->data.bytes;
        if (event->data.class == MPS_DATA_REINJECTED)
            self->reinjected[from][event->subflow->id] += event->data.bytes;
    }
}

static inline void *bench_states(void *user, MpsScope scope)
{
    const Bench *self = user;

    return mps_observers_states(self->observers, scope);
}

static inline void bench_closed(void *user, MpsConnection *connection)
{
    Bench *self = user;
    BenchClosed closed = {.connection = *connection, .closed_at_ns = self->now_ns};

    for (guint i = 0; i < connection->subflows->len && i < BENCH_PATHS; i++)
        closed.subflows[closed.n_subflows++] =
            *(const MpsSubflow *)g_ptr_array_index(connection->subflows, i);
    g_array_append_val(self->closed, closed);
    if (self->observers)
        mps_observers_closed(self->observers, connection, self->rows);
}

static inline Bench *bench_new_observed(int version, uint64_t client_key, uint64_t server_key,
                                        MpsObservers *observers, MpsRowSink *rows)
{
    Bench *self = g_new0(Bench, 1);
    const MpsModelHooks hooks = {.wants = ~0u,
                                 .states = observers ? bench_states : NULL,
                                 .emit = bench_emit,
                                 .closed = bench_closed,
                                 .user = self};

    self->observers = observers;
    self->rows = rows;
    self->model = mps_model_new(&hooks);
    self->now_ns = INT64_C(1000000000000000000);
    self->step_ns = 1000 * 1000;
    self->version = version;
    self->key[MPS_CLIENT] = client_key;
    self->key[MPS_SERVER] = server_key;
    self->dsn_is_64 = true;
    for (int side = 0; side < 2; side++)
        mps_key_hash(version, self->key[side], &self->token[side], &self->idsn[side]);
    for (uint16_t path = 0; path < BENCH_PATHS; path++) {
        self->isn[path][MPS_CLIENT] = 1000u * (path + 1u);
        self->isn[path][MPS_SERVER] = 500000u * (path + 1u);
        self->port[path] = (uint16_t)(40000 + path);
        self->network[path] = (uint8_t)path;
        self->server[path] = 1;
        self->server_port[path] = 80;
    }
    self->closed = g_array_new(FALSE, FALSE, sizeof(BenchClosed));
    self->events = g_array_new(FALSE, FALSE, sizeof(MpsEvent));
    return self;
}

static inline Bench *bench_new(int version, uint64_t client_key, uint64_t server_key)
{
    return bench_new_observed(version, client_key, server_key, NULL, NULL);
}

/* The end of the capture. */
static inline void bench_finish(Bench *self)
{
    mps_model_finish(self->model);
}

static inline void bench_free(Bench *self)
{
    mps_model_free(self->model);
    g_array_unref(self->closed);
    g_array_unref(self->events);
    g_free(self);
}

static inline const BenchClosed *bench_result(const Bench *self, guint index)
{
    g_assert_cmpuint(index, <, self->closed->len); /* non-fatal: see the caller's next lines */
    if (index >= self->closed->len) {
        static const BenchClosed nothing;

        return &nothing;
    }
    return &g_array_index(self->closed, BenchClosed, index);
}

/* How many signals of a kind came. */
static inline guint bench_signals(const Bench *self, MpsSignal what)
{
    guint n = 0;

    for (guint i = 0; i < self->events->len; i++) {
        const MpsEvent *event = &g_array_index(self->events, MpsEvent, i);

        n += event->kind == MPS_EV_SIGNAL && event->signal.what == what;
    }
    return n;
}

/* ---- segments ---- */

static inline MpsSegment bench_segment(const Bench *self, int path, MpsSide from, uint8_t flags,
                                       uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    const MpsEndpoint client = {.address = {.bytes = {10, 0, self->network[path], 1}, .family = 4},
                                .port = self->port[path]};
    const MpsEndpoint server = {.address = {.bytes = {192, 0, 2, self->server[path]}, .family = 4},
                                .port = self->server_port[path]};
    const bool from_client = from == MPS_CLIENT;
    MpsSegment segment;

    memset(&segment, 0, sizeof segment);
    segment.src = from_client ? client : server;
    segment.dst = from_client ? server : client;
    segment.seq = self->isn[path][from] + seq;
    segment.ack = flags & MPS_TCP_ACK ? self->isn[path][!from_client ? 0 : 1] + ack : 0;
    segment.flags = flags;
    segment.payload_bytes = payload_bytes;
    segment.window = 65535;
    return segment;
}

static inline MpsMptcpOption *bench_option(MpsSegment *segment, MpsSubtype subtype)
{
    MpsMptcpOption *option = &segment->mptcp[segment->n_mptcp++];

    memset(option, 0, sizeof *option);
    option->subtype = (uint8_t)subtype;
    option->status = MPS_OPT_OK;
    return option;
}

/* DSS with the mapping of @bytes at @ssn; @data_fin adds its octet. */
static inline void bench_map(const Bench *self, MpsSegment *segment, MpsSide from, int64_t offset,
                             uint32_t ssn, uint16_t bytes, bool data_fin)
{
    MpsMptcpOption *option = bench_option(segment, MPS_DSS);
    const uint64_t dsn = self->idsn[from] + 1 + (uint64_t)offset;

    option->dss.has_map = true;
    option->dss.dsn_is_64 = self->dsn_is_64;
    option->dss.dsn = self->dsn_is_64 ? dsn : (uint32_t)dsn;
    option->dss.ssn = ssn;
    option->dss.data_bytes = (uint16_t)(bytes + data_fin);
    option->dss.data_fin = data_fin;
}

static inline void bench_data_ack(const Bench *self, MpsSegment *segment, MpsSide from,
                                  int64_t offset)
{
    MpsMptcpOption *option = segment->n_mptcp > 0 && segment->mptcp[0].subtype == MPS_DSS
                                 ? &segment->mptcp[0]
                                 : bench_option(segment, MPS_DSS);
    const uint64_t dsn =
        self->idsn[from == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT] + 1 + (uint64_t)offset;

    option->dss.has_ack = true;
    option->dss.ack_is_64 = self->dsn_is_64;
    option->dss.data_ack = self->dsn_is_64 ? dsn : (uint32_t)dsn;
}

/* Hands @segment to the model as the next packet. */
static inline MpsSeen bench_feed(Bench *self, MpsSegment segment)
{
    segment.ts_ns = self->now_ns;
    segment.packet = ++self->packet;
    segment.capture_id = 1;
    segment.place = 1;
    segment.print = self->packet; /* no two packets are alike */

    const MpsSeen seen = mps_model_segment(self->model, &segment);

    self->now_ns += self->step_ns;
    return seen;
}

/* ---- the usual ---- */

static inline void bench_capable(const Bench *self, MpsSegment *segment, int n_keys, MpsSide from)
{
    MpsMptcpOption *option = bench_option(segment, MPS_MP_CAPABLE);
    const MpsSide to = from == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;

    option->capable.version = (uint8_t)self->version;
    option->capable.flags = 0x01;
    option->capable.has_sender_key = n_keys > 0;
    option->capable.has_receiver_key = n_keys > 1;
    option->capable.sender_key = n_keys > 0 ? self->key[from] : 0;
    option->capable.receiver_key = n_keys > 1 ? self->key[to] : 0;
}

static inline void bench_syn(Bench *self)
{
    MpsSegment syn = bench_segment(self, 0, MPS_CLIENT, MPS_TCP_SYN, 0, 0, 0);

    bench_capable(self, &syn, self->version == 0, MPS_CLIENT);
    bench_feed(self, syn);
}

static inline void bench_synack(Bench *self)
{
    MpsSegment synack = bench_segment(self, 0, MPS_SERVER, MPS_TCP_SYN | MPS_TCP_ACK, 0, 1, 0);

    bench_capable(self, &synack, 1, MPS_SERVER);
    bench_feed(self, synack);
}

static inline void bench_third(Bench *self)
{
    MpsSegment ack = bench_segment(self, 0, MPS_CLIENT, MPS_TCP_ACK, 1, 1, 0);

    bench_capable(self, &ack, 2, MPS_CLIENT);
    bench_feed(self, ack);
}

static inline void bench_open(Bench *self)
{
    bench_syn(self);
    bench_synack(self);
    bench_third(self);
}

static inline void bench_join_hmac(const Bench *self, MpsSide own, uint32_t own_nonce,
                                   uint32_t peer_nonce, uint8_t *out, size_t n_bytes)
{
    const uint32_t nonces[2] = {GUINT32_TO_BE(own_nonce), GUINT32_TO_BE(peer_nonce)};
    const MpsSide peer = own == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
    uint8_t hmac[MPS_HMAC_BYTES];

    mps_hmac(self->version, self->key[own], self->key[peer], (const uint8_t *)nonces, sizeof nonces,
             hmac);
    memcpy(out, hmac, n_bytes);
}

static inline void bench_join_syn(Bench *self, int path, MpsSide opener, uint32_t token)
{
    MpsSegment syn = bench_segment(self, path, opener, MPS_TCP_SYN, 0, 0, 0);
    MpsMptcpOption *option = bench_option(&syn, MPS_MP_JOIN);

    option->join.form = MPS_JOIN_SYN;
    option->join.token = token;
    option->join.nonce = 0x1000u + (uint32_t)path;
    option->join.address_id = (uint8_t)path;
    bench_feed(self, syn);
}

static inline void bench_join_synack(Bench *self, int path, MpsSide opener)
{
    const MpsSide acceptor = opener == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
    MpsSegment synack = bench_segment(self, path, acceptor, MPS_TCP_SYN | MPS_TCP_ACK, 0, 1, 0);
    MpsMptcpOption *option = bench_option(&synack, MPS_MP_JOIN);

    option->join.form = MPS_JOIN_SYNACK;
    option->join.nonce = 0x2000u + (uint32_t)path;
    option->join.address_id = 0;
    bench_join_hmac(self, acceptor, 0x2000u + (uint32_t)path, 0x1000u + (uint32_t)path,
                    option->join.hmac, 8);
    bench_feed(self, synack);
}

static inline void bench_join_third(Bench *self, int path, MpsSide opener)
{
    MpsSegment ack = bench_segment(self, path, opener, MPS_TCP_ACK, 1, 1, 0);
    MpsMptcpOption *option = bench_option(&ack, MPS_MP_JOIN);

    option->join.form = MPS_JOIN_ACK;
    bench_join_hmac(self, opener, 0x1000u + (uint32_t)path, 0x2000u + (uint32_t)path,
                    option->join.hmac, 20);
    bench_feed(self, ack);
}

/* The whole handshake; the acceptor's next packet proves it, the fourth ACK does here. */
static inline void bench_join(Bench *self, int path, MpsSide opener)
{
    const MpsSide acceptor = opener == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;

    bench_join_syn(self, path, opener, self->token[acceptor]);
    bench_join_synack(self, path, opener);
    bench_join_third(self, path, opener);
    bench_feed(self, bench_segment(self, path, acceptor, MPS_TCP_ACK, 1, 1, 0));
}

/* Payload of @from at @seq, which carries its own mapping. */
static inline void bench_send(Bench *self, int path, MpsSide from, uint32_t seq, uint32_t bytes,
                              int64_t offset)
{
    MpsSegment segment = bench_segment(self, path, from, MPS_TCP_ACK, seq, 1, bytes);

    bench_map(self, &segment, from, offset, seq, (uint16_t)bytes, false);
    bench_feed(self, segment);
}

/* Payload without a mapping; a DATA_ACK keeps it MPTCP. */
static inline void bench_send_bare(Bench *self, int path, MpsSide from, uint32_t seq,
                                   uint32_t bytes)
{
    MpsSegment segment = bench_segment(self, path, from, MPS_TCP_ACK, seq, 1, bytes);

    bench_data_ack(self, &segment, from, 0);
    bench_feed(self, segment);
}

/* A mapping alone, on a segment without payload. */
static inline void bench_announce(Bench *self, int path, MpsSide from, uint32_t ssn, uint16_t bytes,
                                  int64_t offset)
{
    MpsSegment segment = bench_segment(self, path, from, MPS_TCP_ACK, ssn, 1, 0);

    bench_map(self, &segment, from, offset, ssn, bytes, false);
    bench_feed(self, segment);
}

/* Acknowledgement by @from of everything below @ack, and of the data below @offset. */
static inline void bench_ack(Bench *self, int path, MpsSide from, uint32_t seq, uint32_t ack,
                             int64_t offset)
{
    MpsSegment segment = bench_segment(self, path, from, MPS_TCP_ACK, seq, ack, 0);

    bench_data_ack(self, &segment, from, offset);
    bench_feed(self, segment);
}

#endif
