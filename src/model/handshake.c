/* handshake.c - how connections and subflows begin: MP_CAPABLE and MP_JOIN, keys, tokens, versions
 * and HMACs (RFC 8684 sections 3.1 and 3.2, RFC 6824). */
#include "model/state.h"

#include <string.h>

#include "util/crypto.h"
#include "util/mix.h"

/* Once a key and the version are known, so are its token and IDSN. */
static void hash_key(MpsModel *model, Connection *connection, MpsSide side)
{
    MpsConnectionSide *public = &connection->public.side[side];
    DataSpace *space = &connection->space[side];
    uint64_t idsn;

    if (!public->has_key || public->has_idsn || connection->public.version < 0)
        return;
    mps_key_hash(connection->public.version, public->key, &public->token, &idsn);
    public->has_token = true;
    public->has_idsn = true;
    public->idsn = idsn;
    mps_register_token(model, connection, side, public->token);
    mps_space_idsn(space, idsn);
    if (space->has_acked)
    public->data_acked_bytes =
        (uint64_t)MAX(space->has_fin ? MIN(space->acked, space->fin) : space->acked, 0);
    if (connection->public.subflows->len > 0)
        mps_map_syn_data(model, g_ptr_array_index(connection->public.subflows, 0));
}

static void set_version(MpsModel *model, Connection *connection, int version)
{
    if (connection->public.version >= 0 || version > 1)
        return;
    connection->public.version = version;
    hash_key(model, connection, MPS_CLIENT);
    hash_key(model, connection, MPS_SERVER);
}

/* The first key of a host stays its key: a later other one is a fault, not news. */
void mps_learn_key(MpsModel *model, Connection *connection, MpsSide side, uint64_t key)
{
    MpsConnectionSide *public = &connection->public.side[side];

    if (public->has_key)
        return;
    public->has_key = true;
    public->key = key;
    hash_key(model, connection, side);
}

static MpsHmacState hmac_state(bool sound)
{
    return sound ? MPS_HMAC_VALID : MPS_HMAC_INVALID;
}

/* Compares the HMACs of a join with what the keys give, as far as they are known. */
void mps_check_join(Subflow *subflow)
{
    const MpsConnection *connection = subflow->public.connection;
    const MpsSide opener = subflow->public.opened_by, acceptor = other(opener);
    const MpsConnectionSide *side = connection->side;
    MpsSubflowSide *const accepting = &subflow->public.side[acceptor];
    MpsSubflowSide *const opening = &subflow->public.side[opener];

    if (subflow->public.kind != MPS_KIND_JOIN || subflow->public.hmac != MPS_HMAC_UNCHECKED ||
        connection->version < 0 || !side[0].has_key || !side[1].has_key || !subflow->has_nonce[0] ||
        !subflow->has_nonce[1])
        return;
    if (subflow->has_synack_hmac && !accepting->hmac)
        accepting->hmac = hmac_state(mps_join_hmac_valid(
            connection->version, side[acceptor].key, side[opener].key, subflow->nonce[acceptor],
            subflow->nonce[opener], subflow->synack_hmac, sizeof subflow->synack_hmac));
    if (subflow->has_ack_hmac && !opening->hmac)
        opening->hmac = hmac_state(mps_join_hmac_valid(
            connection->version, side[opener].key, side[acceptor].key, subflow->nonce[opener],
            subflow->nonce[acceptor], subflow->ack_hmac, sizeof subflow->ack_hmac));
    /* A valid SYN/ACK alone is not the last word: the third ACK may follow. */
    if (accepting->hmac == MPS_HMAC_INVALID || opening->hmac == MPS_HMAC_INVALID)
        subflow->public.hmac = MPS_HMAC_INVALID;
    else if (opening->hmac)
        subflow->public.hmac = MPS_HMAC_VALID;
}

/* What the HMAC of an ADD_ADDR is worth; version 0 and echoes have none (RFC 8684 section 3.4.1).
 */
MpsHmacState mps_check_add_addr(const Connection *connection, MpsSide sender,
                                const MpsMptcpOption *option)
{
    const MpsConnectionSide *side = connection->public.side;
    const MpsAddress *address = &option->add_addr.address;

    if (!option->add_addr.has_hmac)
        return 0;
    if (connection->public.version != 1 || !side[0].has_key || !side[1].has_key)
        return MPS_HMAC_UNCHECKED;
    return hmac_state(mps_add_addr_hmac_valid(
        side[sender].key, side[other(sender)].key, option->add_addr.address_id, address->bytes,
        address->family == 6 ? 16 : 4, option->add_addr.has_port ? option->add_addr.port : 0,
        option->add_addr.hmac));
}

static const MpsMptcpOption *any_option(const MpsSegment *segment, MpsSubtype subtype)
{
    for (int i = 0; i < segment->n_mptcp; i++)
        if (segment->mptcp[i].subtype == subtype && segment->mptcp[i].status != MPS_OPT_MALFORMED)
            return &segment->mptcp[i];
    return NULL;
}

/* Whether @segment, a SYN, has an option of @subtype, be it one of a length that no version knows.
 */
static bool mentions(const MpsSegment *segment, MpsSubtype subtype)
{
    for (int i = 0; i < segment->n_mptcp; i++)
        if (segment->mptcp[i].subtype == subtype &&
            (segment->mptcp[i].status != MPS_OPT_MALFORMED || segment->mptcp[i].length >= 3))
            return true;
    return false;
}

/* Whether @segment, a SYN, has an option that belongs to established subflows: its sender takes it
 * for one. */
static bool mentions_signal(const MpsSegment *segment)
{
    for (int i = 0; i < segment->n_mptcp; i++)
        if (segment->mptcp[i].status == MPS_OPT_OK && segment->mptcp[i].subtype >= MPS_DSS &&
            segment->mptcp[i].subtype <= MPS_MP_TCPRST)
            return true;
    return false;
}

/* @connection never was to be MPTCP. */
static void be_plain(Connection *connection)
{
    connection->plain = true;
    connection->public.protocol = MPS_PROTOCOL_TCP;
}

/* A join goes to the connection whose token its SYN names: the token is the hash of the receiver's
 * key.  Joins to the same unknown token are kept together.  NULL: there is no room. */
static Subflow *open_join(MpsModel *model, const MpsSegment *segment, const MpsMptcpOption *join)
{
    Connection *connection = g_hash_table_lookup(model->tokens, GUINT_TO_POINTER(join->join.token));
    MpsSide opener = MPS_CLIENT;

    if (connection && !mps_room_for_subflow(model, connection))
        return NULL;
    if (!connection) {
        if (!mps_room_for_connection(model))
            return NULL;
        connection = mps_connection_new(model, segment, true);
        connection->public.side[MPS_SERVER].has_token = true;
        connection->public.side[MPS_SERVER].token = join->join.token;
        mps_register_token(model, connection, MPS_SERVER, join->join.token);
    } else if (connection->public.side[MPS_CLIENT].has_token &&
               connection->public.side[MPS_CLIENT].token == join->join.token) {
        opener = MPS_SERVER;
    }

    Subflow *subflow = mps_subflow_new(model, connection, segment, MPS_KIND_JOIN, opener, opener);

    subflow->join_token = join->join.token;
    return subflow;
}

/* A join whose option has a wrong length names no connection. */
static Subflow *open_misshapen_join(MpsModel *model, const MpsSegment *segment)
{
    if (!mps_room_for_connection(model))
        return NULL;
    return mps_subflow_new(model, mps_connection_new(model, segment, true), segment, MPS_KIND_JOIN,
                           MPS_CLIENT, MPS_CLIENT);
}

/* A SYN that begins neither a connection nor a join: the answer may tell. */
static Subflow *open_strange(MpsModel *model, const MpsSegment *segment)
{
    Subflow *subflow = open_misshapen_join(model, segment);

    if (subflow)
        subflow->strange_syn = true;
    return subflow;
}

static Subflow *open_initial(MpsModel *model, const MpsSegment *segment)
{
    if (!mps_room_for_connection(model))
        return NULL;

    Connection *connection = mps_connection_new(model, segment, false);

    if (segment->n_mptcp == 0)
        be_plain(connection);
    return mps_subflow_new(model, connection, segment, MPS_KIND_INITIAL, MPS_CLIENT, MPS_CLIENT);
}

/* The connection of a flow that began before the capture. */
static Connection *new_midstream(MpsModel *model, const MpsSegment *segment, MpsSide sender,
                                 bool orphan)
{
    Connection *connection = mps_connection_new(model, segment, orphan);

    connection->public.subflows_established++; /* as far as timeouts go */
    if (sender == MPS_SERVER) { /* mps_connection_new() takes the sender for the client */
        connection->public.end[MPS_CLIENT] = segment->dst;
        connection->public.end[MPS_SERVER] = segment->src;
    }
    return connection;
}

/* A flow that begins before the capture: the side with the smaller port is taken for the server
 * unless the packet tells. */
static Subflow *open_midstream(MpsModel *model, const MpsSegment *segment)
{
    const MpsMptcpOption *capable = mps_option(segment, MPS_MP_CAPABLE);
    const MpsMptcpOption *join = mps_option(segment, MPS_MP_JOIN);
    const bool synack = segment->flags & MPS_TCP_SYN;
    MpsSide sender = segment->src.port < segment->dst.port ? MPS_SERVER : MPS_CLIENT;
    MpsSubflowKind kind = 0;
    bool any = false;

    for (int i = 0; i < segment->n_mptcp; i++)
        any |= segment->mptcp[i].status == MPS_OPT_OK;
    if (!any || segment->flags & MPS_TCP_RST)
        return NULL;
    if (capable && (synack || capable->capable.has_receiver_key)) {
        sender = synack ? MPS_SERVER : MPS_CLIENT;
        kind = MPS_KIND_INITIAL;
    } else if (join) {
        sender = synack ? MPS_SERVER : MPS_CLIENT;
        kind = MPS_KIND_JOIN;
    }

    Connection *connection = new_midstream(model, segment, sender, kind != MPS_KIND_INITIAL);

    return mps_subflow_new(model, connection, segment, kind, sender, MPS_CLIENT);
}

/* A plain TCP flow that began before the capture: like one with MPTCP, by the ports. */
static Subflow *open_plain(MpsModel *model, const MpsSegment *segment)
{
    const MpsSide sender = segment->src.port < segment->dst.port ? MPS_SERVER : MPS_CLIENT;
    Connection *connection = new_midstream(model, segment, sender, false);

    be_plain(connection);
    return mps_subflow_new(model, connection, segment, 0, sender, MPS_CLIENT);
}

/* Of a SYN without MPTCP, and the time stamp that its answer echoes. */
uint64_t mps_syn_hash(const MpsFlowKey *key, uint32_t seq, uint32_t tsval)
{
    return mps_mix_bytes((uint64_t)seq << 32 | tsval, key, sizeof *key);
}

static bool answers_plain_syn(const MpsModel *model, const MpsSegment *segment,
                              const MpsFlowKey *key)
{
    const uint64_t offer = mps_syn_hash(key, segment->ack - 1, segment->tsecr);

    return segment->flags & MPS_TCP_SYN && model->plain_offers[offer % PLAIN_SYNS] == offer;
}

/* A segment of an unknown flow, or a SYN with a new sequence number: begins a subflow, or returns
 * NULL if it has nothing to do with MPTCP. */
Subflow *mps_open_flow(MpsModel *model, const MpsSegment *segment, MpsFlowKey key)
{
    Subflow *subflow = NULL;

    if ((segment->flags & (MPS_TCP_SYN | MPS_TCP_ACK)) == MPS_TCP_SYN) {
        const MpsMptcpOption *join = mps_option(segment, MPS_MP_JOIN);

        if (segment->flags & MPS_TCP_RST)
            return NULL;
        if (join && join->join.form == MPS_JOIN_SYN)
            subflow = open_join(model, segment, join);
        else if (mentions(segment, MPS_MP_JOIN) && !segment->options_cut)
            subflow = open_misshapen_join(model, segment);
        else if (mentions(segment, MPS_MP_CAPABLE) || model->hooks.tcp)
            subflow = open_initial(model, segment);
        else if (mentions_signal(segment))
            subflow = open_strange(model, segment);
    } else {
        subflow = open_midstream(model, segment);
        if (subflow)
            subflow->public.plain_syn = answers_plain_syn(model, segment, &key);
        if (!subflow && model->hooks.tcp && segment->payload_bytes > 0 &&
            !(segment->flags & MPS_TCP_RST))
            subflow = open_plain(model, segment);
    }
    if (!subflow)
        return NULL;
    subflow->key = key;
    mps_flows_put(model->flows, &subflow->key, subflow);
    return subflow;
}

static void take_keys(MpsModel *model, Connection *connection, MpsSide sender,
                      const MpsMptcpOption *capable, bool syn)
{
    /* The server's answer decides the version; without it, the client's repetition names it. */
    if (sender == MPS_SERVER || !syn)
        set_version(model, connection, capable->capable.version);
    if (capable->capable.has_sender_key)
        mps_learn_key(model, connection, sender, capable->capable.sender_key);
    if (capable->capable.has_receiver_key)
        mps_learn_key(model, connection, other(sender), capable->capable.receiver_key);
}

/* The window scale that @sender offers in a SYN or SYN/ACK (RFC 7323 section 2.2): both do, or
 * there is none. */
static void take_window_scale(Subflow *subflow, MpsSide sender, const MpsSegment *segment)
{
    MpsSubflowSide *own = &subflow->public.side[sender];

    if (segment->options_cut)
        return;
    if (segment->tcp_options & MPS_TCPOPT_WSCALE) {
        if (own->window_shift < 0) /* else the other end has none */
            own->window_shift = MIN(segment->wscale, 14);
        return;
    }
    own->window_shift = subflow->public.side[other(sender)].window_shift = 0;
}

/* A copy of a packet on the other side of an address translation comes soon. */
enum { TWINS_LOOKED_AT = 64 };

/* The join that began with the SYN of @subflow, which has other addresses, or NULL. */
static const Subflow *find_twin(const Subflow *subflow, MpsSide opener)
{
    const GPtrArray *subflows = subflow->public.connection->subflows;
    const guint first = subflows->len > TWINS_LOOKED_AT ? subflows->len - TWINS_LOOKED_AT : 0;

    for (guint i = first; i < subflows->len; i++) {
        const Subflow *each = g_ptr_array_index(subflows, i);

        if (each != subflow && each->public.kind == MPS_KIND_JOIN && each->has_nonce[opener] &&
            each->nonce[opener] == subflow->nonce[opener] && each->public.opened_by == opener &&
            each->end[opener].origin == subflow->end[opener].origin)
            return each;
    }
    return NULL;
}

void mps_tell_translated(MpsModel *model, Subflow *subflow, const Subflow *twin)
{
    const Origin here = mps_here(model);
    MpsEvent event = {
        .kind = MPS_EV_SIGNAL,
        .direction = MPS_NOBODY,
        .connection = subflow->public.connection,
        .subflow = &subflow->public,
        .signal = {.what = MPS_SIGNAL_TRANSLATED, .same = &twin->public},
    };

    mps_emit(model, &event, &here);
}

static void take_syn(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    const MpsSegment *segment = model->segment;
    const MpsMptcpOption *join = mps_option(segment, MPS_MP_JOIN);
    SubflowEnd *sending = &subflow->end[sender];

    if (sending->n_syns++ > 0) {
        if (subflow->plain_syn.packet == 0 && segment->n_mptcp == 0 && !segment->options_cut)
            subflow->plain_syn = mps_here(model);
        return;
    }
    subflow->syn_seen = true;
    take_window_scale(subflow, sender, segment);
    subflow->public.syn_ns = segment->ts_ns;
    sending->syn_bytes = segment->payload_bytes;
    if (join && join->join.form == MPS_JOIN_SYN) {
        subflow->nonce[sender] = join->join.nonce;
        subflow->has_nonce[sender] = true;
        subflow->public.side[sender].address_id = join->join.address_id;
        subflow->public.side[sender].backup = join->join.backup;
        subflow->public.side[sender].backup_now = join->join.backup;

        const Subflow *twin = find_twin(subflow, sender);

        if (twin)
            mps_tell_translated(model, subflow, twin);
    }
}

/* Data of the SYN that the SYN/ACK acknowledges is outside the subflow sequence numbers. */
static void take_syn_data(MpsModel *model, Subflow *subflow, uint64_t ack)
{
    SubflowEnd *opening = &subflow->end[subflow->public.opened_by];

    if (opening->syn_bytes == 0)
        return;
    opening->syn_bytes = (uint32_t)(ack - (POSITION_BASE + 1));
    if (opening->syn_bytes == 0)
        return;
    opening->ssn_zero = POSITION_BASE + opening->syn_bytes;
    opening->syn_data_taken = true;
    mps_map_syn_data(model, subflow);
}

static void take_synack(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    const MpsSegment *segment = model->segment;
    Connection *connection = (Connection *)subflow->public.connection;
    const SubflowEnd *opening = &subflow->end[other(sender)];
    const uint64_t ack = mps_stream_position(opening, segment->ack);
    const MpsMptcpOption *capable = mps_option(segment, MPS_MP_CAPABLE);
    const MpsMptcpOption *join = mps_option(segment, MPS_MP_JOIN);

    if (!opening->started || ack - (POSITION_BASE + 1) > opening->syn_bytes)
        return; /* answers another SYN */
    if (subflow->end[sender].n_syns++ > 0)
        return;
    subflow->synack_seen = true;
    take_window_scale(subflow, sender, segment);
    subflow->synack_ns = segment->ts_ns;
    if (opening->n_syns == 1)
        subflow->public.syn_to_synack_ns = segment->ts_ns - subflow->public.syn_ns;
    take_syn_data(model, subflow, ack);
    if (subflow->public.kind == MPS_KIND_INITIAL) {
        subflow->synack_has_option = any_option(segment, MPS_MP_CAPABLE) || segment->options_cut;
        if (capable && capable->capable.has_sender_key) {
            connection->public.protocol = MPS_PROTOCOL_MPTCP;
            if (capable->capable.flags & 0x80)
                connection->public.checksum = 1;
            else if (connection->public.checksum < 0)
                connection->public.checksum = 0;
        } else if (!subflow->synack_has_option && !connection->plain) {
            const Origin here = mps_here(model);
            const MpsFallbackCause cause =
                subflow->plain_syn.packet
                    ? mps_fallback_cause("plain_syn", other(sender), &subflow->plain_syn)
                    : mps_fallback_cause("plain_synack", sender, &here);

            mps_set_fallback(model, subflow, MPS_FALLBACK_NO_SYNACK, &cause);
        }
        return;
    }
    subflow->synack_has_option = any_option(segment, MPS_MP_JOIN) || segment->options_cut;
    if (subflow->strange_syn && segment->n_mptcp == 0 && !segment->options_cut) {
        subflow->public.kind = MPS_KIND_INITIAL;
        subflow->public.ordinal = 0;
        be_plain(connection);
        mps_connection_adopt(model, connection);
    }
    if (join && join->join.form == MPS_JOIN_SYNACK) {
        subflow->nonce[sender] = join->join.nonce;
        subflow->has_nonce[sender] = true;
        subflow->public.side[sender].address_id = join->join.address_id;
        subflow->public.side[sender].backup = join->join.backup;
        subflow->public.side[sender].backup_now = join->join.backup;
        memcpy(subflow->synack_hmac, join->join.hmac, sizeof subflow->synack_hmac);
        subflow->has_synack_hmac = true;
        mps_check_join(subflow);
    }
}

/* The opener's first packet after the SYN/ACK. */
static void take_third(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    const MpsSegment *segment = model->segment;
    Connection *connection = (Connection *)subflow->public.connection;

    if (!subflow->ack_seen) {
        subflow->ack_seen = true;
        subflow->ack = mps_here(model);
        if (subflow->synack_seen && subflow->end[other(sender)].n_syns == 1)
            subflow->public.synack_to_ack_ns = segment->ts_ns - subflow->synack_ns;
        if (subflow->public.kind == MPS_KIND_INITIAL) {
            subflow->plain_third_ack = subflow->syn_seen && segment->n_mptcp == 0 &&
                                       !segment->options_cut && !connection->plain;
            subflow->third_without_capable =
                subflow->syn_seen && !segment->options_cut && !connection->plain;
            connection->public.established_ns = segment->ts_ns;
            mps_subflow_established(model, subflow, &subflow->ack);
        }
    }
    if (segment->n_mptcp == 0)
        return;
    subflow->confirmed = true;
    if (subflow->third_without_capable && any_option(segment, MPS_MP_CAPABLE))
        subflow->third_without_capable = false;

    const MpsMptcpOption *join = mps_option(segment, MPS_MP_JOIN);

    if (!join || join->join.form != MPS_JOIN_ACK)
        return;
    if (!subflow->acceptor_confirmed)
        subflow->n_join_acks++;
    if (!subflow->has_ack_hmac) {
        subflow->ack_has_option = true;
        subflow->has_ack_hmac = true;
        memcpy(subflow->ack_hmac, join->join.hmac, sizeof subflow->ack_hmac);
        mps_check_join(subflow);
    }
}

/* Whether the model's segment proves by itself that @subflow was established: hosts send data only
 * then (RFC 8684 section 3.2).  Data of a join's opener counts only where the capture lacks all
 * that the acceptor sent: it may still refuse. */
static bool carries_proof(const MpsModel *model, const Subflow *subflow, bool opener)
{
    const MpsSide acceptor = other(subflow->public.opened_by);

    if (model->segment->payload_bytes == 0 || model->segment->flags & (MPS_TCP_SYN | MPS_TCP_RST) ||
        subflow->public.hmac == MPS_HMAC_INVALID || subflow->opener_reset ||
        subflow->acceptor_reset)
        return false;
    return !opener || subflow->public.kind != MPS_KIND_JOIN ||
           subflow->public.side[acceptor].ledger.packets == 0;
}

/* Follows the handshake of @subflow with the model's segment. */
void mps_handshake(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    const MpsSegment *segment = model->segment;
    Connection *connection = (Connection *)subflow->public.connection;
    const MpsMptcpOption *capable = mps_option(segment, MPS_MP_CAPABLE);
    const bool syn = segment->flags & MPS_TCP_SYN, ack = segment->flags & MPS_TCP_ACK;
    const bool opener = sender == subflow->public.opened_by;

    if (segment->options_cut) {
        subflow->options_cut = true;
        connection->options_cut = true;
    }
    if (capable && subflow->public.kind == MPS_KIND_INITIAL) {
        take_keys(model, connection, sender, capable, syn);
        if (capable->capable.flags & 0x80 && (opener || connection->public.checksum < 0))
            connection->public.checksum = 1;
    }
    if (segment->flags & MPS_TCP_RST)
        return;
    if (subflow->public.established_ns == MPS_NO_TIME && carries_proof(model, subflow, opener)) {
        const Origin here = mps_here(model);

        subflow->proven = true;
        if (opener)
            take_third(model, subflow, sender);
        mps_subflow_established(model, subflow,
                                subflow->public.hmac == MPS_HMAC_VALID ? &subflow->ack : &here);
        return;
    }
    if (syn && !ack && opener) {
        take_syn(model, subflow, sender);
    } else if (syn && ack && !opener) {
        take_synack(model, subflow, sender);
    } else if (!syn && opener && ack) {
        take_third(model, subflow, sender);
    } else if (!syn && !opener && subflow->ack_seen && !subflow->acceptor_confirmed) {
        /* Whatever the acceptor sends after the third ACK proves the join. */
        const Origin here = mps_here(model);

        subflow->acceptor_confirmed = true;
        if (subflow->public.kind == MPS_KIND_JOIN && subflow->public.hmac != MPS_HMAC_INVALID)
            mps_subflow_established(model, subflow,
                                    subflow->public.hmac == MPS_HMAC_VALID ? &subflow->ack : &here);
    }
}
