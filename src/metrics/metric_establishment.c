/* metric_establishment.c - the packets of the MP_CAPABLE and MP_JOIN handshakes with every value
 * that they carry, as a reader of "Towards Evaluating Multipath TCP using Linux Tools and
 * Utilities" (ICDCN 2023) looks them up by eye. */
#include "metrics/metrics.h"

#include "util/address.h"

/* Copies of handshake packets that are kept per subflow. */
enum { MOST_PACKETS = 12 };

typedef struct {
    unsigned n_packets;
} State;

enum {
    CONNECTION,
    SUBFLOW,
    TS,
    CAPTURE,
    PACKET,
    STEP,
    SENT_BY,
    KIND,
    LENGTH,
    SUBTYPE,
    VERSION,
    FLAGS,
    SENDER_KEY,
    RECEIVER_KEY,
    DATA_BYTES,
    CHECKSUM,
    BACKUP,
    ADDRESS_ID,
    TOKEN,
    NONCE,
    HMAC,
    HMAC_STATE,
    N_COLUMNS,
};

static const MpsColumn row_columns[] = {
    [CONNECTION] = {"connection_id", MPS_INT, "NULL: join to an unknown token",
                    "connection(connection_id)"},
    [SUBFLOW] = {"subflow_id", MPS_INT, "whose handshake", "subflow(subflow_id)"},
    [TS] = {"ts_ns", MPS_INT, "time [ns since epoch]"},
    [CAPTURE] = {"capture_id", MPS_INT, "file", "capture(capture_id)"},
    [PACKET] = {"packet", MPS_INT, "number in the file, from 1"},
    [STEP] = {"step", MPS_TEXT, "syn, synack, ack, or data (MP_CAPABLE with data)"},
    [SENT_BY] = {"sent_by", MPS_TEXT, "client or server"},
    [KIND] = {"kind", MPS_INT, "TCP option kind: 30"},
    [LENGTH] = {"length", MPS_INT, "option length as sent [bytes]"},
    [SUBTYPE] = {"subtype", MPS_INT, "0 MP_CAPABLE, 1 MP_JOIN; NULL: the packet has neither"},
    [VERSION] = {"version", MPS_INT, "MP_CAPABLE: version offered or chosen"},
    [FLAGS] = {"flags", MPS_INT, "MP_CAPABLE: A 128, B 64, C 32, D 16, E 8, F 4, G 2, H 1"},
    [SENDER_KEY] = {"sender_key", MPS_TEXT, "MP_CAPABLE: key of the packet's sender"},
    [RECEIVER_KEY] = {"receiver_key", MPS_TEXT, "MP_CAPABLE: key of its receiver, repeated"},
    [DATA_BYTES] = {"data_bytes", MPS_INT, "MP_CAPABLE with data: data-level length"},
    [CHECKSUM] = {"checksum", MPS_INT, "MP_CAPABLE with data: checksum"},
    [BACKUP] = {"backup", MPS_INT, "MP_JOIN on SYN and SYN/ACK: B"},
    [ADDRESS_ID] = {"address_id", MPS_INT, "MP_JOIN on SYN and SYN/ACK"},
    [TOKEN] = {"token", MPS_INT, "MP_JOIN on SYN: token of the receiver"},
    [NONCE] = {"nonce", MPS_INT, "MP_JOIN on SYN and SYN/ACK"},
    [HMAC] = {"hmac", MPS_TEXT, "MP_JOIN on SYN/ACK (8 bytes) and ACK (20 bytes), in hex"},
    [HMAC_STATE] = {"hmac_state", MPS_TEXT, "valid, invalid or unchecked (keys not captured)"},
    {0},
};

static const MpsTable table = {
    .name = "establishment",
    .help =
        "Packets of MP_CAPABLE and MP_JOIN handshakes, up to 12 per subflow, with their values.",
    .columns = row_columns,
    .index = "connection_id, subflow_id",
};

static const MpsMptcpOption *handshake_option(const MpsSegment *wire)
{
    for (int i = 0; i < wire->n_mptcp; i++)
        if (wire->mptcp[i].subtype <= MPS_MP_JOIN && wire->mptcp[i].status != MPS_OPT_TRUNCATED)
            return &wire->mptcp[i];
    return NULL;
}

static const char *step_of(const MpsSegment *wire)
{
    if (!(wire->flags & MPS_TCP_SYN))
        return wire->payload_bytes > 0 ? "data" : "ack";
    return wire->flags & MPS_TCP_ACK ? "synack" : "syn";
}

static void put_capable(const MpsMptcpOption *option, MpsValue *values,
                        char keys[2][MPS_ADDRESS_TEXT])
{
    values[VERSION] = mps_int(option->capable.version);
    values[FLAGS] = mps_int(option->capable.flags);
    if (option->capable.has_sender_key)
        values[SENDER_KEY] = mps_text(mps_hex64(option->capable.sender_key, keys[0]));
    if (option->capable.has_receiver_key)
        values[RECEIVER_KEY] = mps_text(mps_hex64(option->capable.receiver_key, keys[1]));
    values[DATA_BYTES] = mps_int_if(option->capable.has_data_length, option->capable.data_bytes);
    values[CHECKSUM] = mps_int_if(option->capable.has_checksum, option->capable.checksum);
}

static void put_join(const MpsEvent *event, const MpsMptcpOption *option, MpsValue *values,
                     char hmac[2 * 20 + 1])
{
    const size_t n_bytes = option->join.form == MPS_JOIN_SYN      ? 0
                           : option->join.form == MPS_JOIN_SYNACK ? 8
                                                                  : 20;

    values[TOKEN] = mps_int_if(option->join.form == MPS_JOIN_SYN, option->join.token);
    values[NONCE] = mps_int_if(option->join.form != MPS_JOIN_ACK, option->join.nonce);
    values[BACKUP] = mps_int_if(option->join.form != MPS_JOIN_ACK, option->join.backup);
    values[ADDRESS_ID] = mps_int_if(option->join.form != MPS_JOIN_ACK, option->join.address_id);
    if (n_bytes == 0)
        return;
    values[HMAC] = mps_text(mps_hex(option->join.hmac, n_bytes, hmac));
    values[HMAC_STATE] = mps_text(mps_hmac_state_name(event->subflow->side[event->direction].hmac));
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows)
{
    State *self = state;
    const MpsSegment *wire = event->segment.wire;
    const bool syn = wire->flags & MPS_TCP_SYN;

    if (self->n_packets >= MOST_PACKETS)
        return;

    const MpsMptcpOption *option = handshake_option(wire);
    MpsValue values[N_COLUMNS] = {0};
    char keys[2][MPS_ADDRESS_TEXT], hmac[2 * 20 + 1];

    if (!option && !syn)
        return;
    self->n_packets++;
    values[CONNECTION] = mps_int_if(event->connection->id != 0, (int64_t)event->connection->id);
    values[SUBFLOW] = mps_count(event->subflow->id);
    values[TS] = mps_int(event->ts_ns);
    values[CAPTURE] = mps_int(event->capture_id);
    values[PACKET] = mps_count(event->packet);
    values[STEP] = mps_text(step_of(wire));
    values[SENT_BY] = mps_text(mps_side_name(event->direction));
    if (option) {
        values[KIND] = mps_int(30);
        values[LENGTH] = mps_int(option->length);
        values[SUBTYPE] = mps_int(option->subtype);
    }
    if (option && option->status == MPS_OPT_OK && option->subtype == MPS_MP_CAPABLE)
        put_capable(option, values, keys);
    else if (option && option->status == MPS_OPT_OK)
        put_join(event, option, values, hmac);
    rows->add(rows, &table, values);
}

const MpsMetric mps_metric_establishment = {
    .name = "establishment",
    .help = "Packets of the MP_CAPABLE and MP_JOIN handshakes (RFC 8684 sections 3.1 and 3.2).",
    .scope = MPS_SCOPE_SUBFLOW,
    .always = true,
    .table = &table,
    .state_bytes = sizeof(State),
    .observe = {[MPS_EV_SEGMENT] = {observe, MPS_SEGMENT_SPECIAL}},
};
