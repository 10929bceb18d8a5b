/* lifetime.c - connections and subflows come and go; what they came to is decided when they go. */
#include "model/state.h"

#include <string.h>

#include "model/dedup.h"
#include "util/address.h"
#include "util/mix.h"
#include "util/seed.h"

#define SECOND_NS ((int64_t)1000 * 1000 * 1000)

/* Without a completed handshake: longer than a host goes on repeating its SYN (Linux: 127 s). */
static const int64_t OPENING_NS = 180 * SECOND_NS;
/* Established and silent: what a NAT has to grant at least (RFC 5382, REQ-5). */
static const int64_t OPEN_NS = 7440 * SECOND_NS;
/* After the last subflow closed: late packets, and a new subflow that revives the connection
 * (Linux waits 60 s for one). */
static const int64_t OVER_NS = 60 * SECOND_NS;
/* The same after both DATA_FINs or a fast close: nothing can revive it, only late packets come. */
static const int64_t FINISHED_NS = 10 * SECOND_NS;
/* How long a late packet of a forgotten flow is known as that (2 MSL, RFC 9293 section 3.4.2). */
static const int64_t GRAVE_NS = 240 * SECOND_NS;

/* How many may wait for their timeout.  Attempts: a flood of SYNs costs neither memory nor time
 * beyond them; one that was silent for STALE_NS makes room for a new one. */
enum { MOST_ATTEMPTS = 8192, MOST_OVER = 4096, MOST_FINISHED = 1024, MOST_GRAVES = 1 << 16 };
static const int64_t STALE_NS = 60 * SECOND_NS;
/* Subflows, attempts included, of one connection. */
enum { MOST_SUBFLOWS = 16384 };

static void queue_init(Lifetime *lifetime, int64_t timeout_ns, guint most)
{
    g_queue_init(&lifetime->queue);
    lifetime->timeout_ns = timeout_ns;
    lifetime->most = most;
}

static void *state_new(const MpsModel *model, MpsScope scope)
{
    return model->hooks.states ? model->hooks.states(model->hooks.user, scope) : NULL;
}

MpsModel *mps_model_new(const MpsModelHooks *hooks)
{
    const MpsTimeouts wish = hooks->timeouts;
    MpsModel *self = g_new0(MpsModel, 1);

    self->hooks = *hooks;
    self->flows = mps_flows_new();
    self->tokens = g_hash_table_new(mps_seeded_hash, NULL);
    self->dedup = mps_dedup_new();
    queue_init(&self->opening, wish.handshake_ns ? wish.handshake_ns : OPENING_NS, MOST_ATTEMPTS);
    queue_init(&self->open, wish.idle_ns ? wish.idle_ns : OPEN_NS, 0);
    queue_init(&self->over, wish.close_ns ? wish.close_ns : OVER_NS, MOST_OVER);
    queue_init(&self->finished, wish.close_ns ? MIN(wish.close_ns, FINISHED_NS) : FINISHED_NS,
               MOST_FINISHED);
    self->buried = mps_flows_new();
    g_queue_init(&self->graves);
    return self;
}

/* The first of @lifetime is another one, or may be: nothing of it is due before it. */
static void note_first(MpsModel *model, const Lifetime *lifetime)
{
    const GList *first = lifetime->queue.head;
    int64_t due_ns;

    if (first && !__builtin_add_overflow(((const Connection *)first->data)->last_ns,
                                         lifetime->timeout_ns, &due_ns))
        model->due_ns = MIN(model->due_ns, due_ns);
}

static void join_queue(MpsModel *model, Connection *connection, Lifetime *lifetime)
{
    connection->queue = lifetime;
    g_queue_push_tail_link(&lifetime->queue, &connection->link);
    note_first(model, lifetime);
    if (lifetime->queue.length > lifetime->most && lifetime->most > 0)
        model->due_ns = INT64_MIN;
}

static void leave_queue(MpsModel *model, Connection *connection)
{
    g_queue_unlink(&connection->queue->queue, &connection->link);
    note_first(model, connection->queue);
}

/* A connection that begins with @segment, whose sender is taken for the client. */
Connection *mps_connection_new(MpsModel *model, const MpsSegment *segment, bool orphan)
{
    Connection *self = g_new0(Connection, 1);
    MpsConnection *public = &self->public;

    public->version = -1;
    public->checksum = -1;
    public->protocol = MPS_PROTOCOL_MPTCP;
    public->end[MPS_CLIENT] = segment->src;
    public->end[MPS_SERVER] = segment->dst;
    public->start_ns = public->end_ns = segment->ts_ns;
    public->established_ns = MPS_NO_TIME;
    public->closed_by = MPS_NOBODY;
    public->subflows = g_ptr_array_new();
    public->states = state_new(model, MPS_SCOPE_CONNECTION);
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        public->side[side].data_fin_ns = MPS_NO_TIME;
        public->side[side].states = state_new(model, MPS_SCOPE_CONNECTION_DIRECTION);
        self->space[side].forgotten = INT64_MIN;
    }
    self->last_ns = watched_ns(model);
    self->data_fins_ns = self->fastclose_ns = self->ended_ns = MPS_NO_TIME;
    self->fastclose_by = MPS_NOBODY;
    self->orphan = true;
    self->link.data = self;
    join_queue(model, self, &model->opening);
    if (!orphan)
        mps_connection_adopt(model, self);
    return self;
}

/* A group of joins carries data, or a connection begins properly: it gets its number. */
void mps_connection_adopt(MpsModel *model, Connection *connection)
{
    if (!connection->orphan)
        return;
    connection->orphan = false;
    connection->public.id = ++model->n_connections;
    mps_signal(model, connection, NULL, MPS_NOBODY, MPS_SIGNAL_CONNECTION, NULL);
}

Subflow *mps_subflow_new(MpsModel *model, Connection *connection, const MpsSegment *segment,
                         MpsSubflowKind kind, MpsSide sender, MpsSide opener)
{
    Subflow *self = g_new0(Subflow, 1);
    MpsSubflow *public = &self->public;
    MpsFlowKey key;
    bool forward;

    mps_flow_key(&segment->src, &segment->dst, &key, &forward);
    self->forward = forward ? sender : other(sender);
    public->closed_ns = MPS_NO_TIME;
    public->id = ++model->n_subflows;
    public->connection = &connection->public;
    public->kind = kind;
    /* Ordinal 0 is kept for the initial subflow. */
    public->ordinal = kind == MPS_KIND_JOIN ? ++connection->n_joins : 0;
    public->opened_by = opener;
    public->end[sender] = segment->src;
    public->end[other(sender)] = segment->dst;
    public->syn_ns = public->established_ns = MPS_NO_TIME;
    public->syn_to_synack_ns = public->synack_to_ack_ns = MPS_NO_TIME;
    public->end_ns = segment->ts_ns;
    public->closed_by = MPS_NOBODY;
    public->reset_reason = -1;
    public->hmac = kind == MPS_KIND_JOIN ? MPS_HMAC_UNCHECKED : 0;
    public->states = state_new(model, MPS_SCOPE_SUBFLOW);
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        public->side[side].address_id = kind == MPS_KIND_INITIAL ? 0 : -1;
        public->side[side].fin_ns = public->side[side].rst_ns = MPS_NO_TIME;
        public->side[side].last_ns = public->side[side].zero_window_ns = MPS_NO_TIME;
        public->side[side].window_opened_ns = public->side[side].acked_ns = MPS_NO_TIME;
        public->side[side].paused_ns = MPS_NO_TIME;
        public->side[side].prio_ns = public->side[side].removed_ns = MPS_NO_TIME;
        public->side[side].window_shift = -1;
        public->side[side].states = state_new(model, MPS_SCOPE_SUBFLOW_DIRECTION);
        mps_sendlog_init(&self->end[side].log);
    }
    g_ptr_array_add(connection->public.subflows, self);
    if (kind == MPS_KIND_JOIN) {
        connection->public.joins_attempted++;
        mps_signal(model, connection, self, opener, MPS_SIGNAL_JOIN,
                   mps_option(segment, MPS_MP_JOIN));
    }
    return self;
}

/* It is the most recently active of @lifetime. */
static void enqueue(MpsModel *model, Connection *connection, Lifetime *lifetime)
{
    if (connection->queue == lifetime && lifetime->queue.tail == &connection->link)
        return;
    leave_queue(model, connection);
    join_queue(model, connection, lifetime);
}

/* A packet of @connection: it is the most recently active of its kind. */
void mps_connection_touch(MpsModel *model, Connection *connection)
{
    connection->last_ns = MAX(connection->last_ns, watched_ns(model));
    connection->public.end_ns = MAX(connection->public.end_ns, model->now_ns);
    if (connection->ended_ns != MPS_NO_TIME)
        enqueue(model, connection,
                connection->data_fins_ns != MPS_NO_TIME || connection->fastclose_ns != MPS_NO_TIME
                    ? &model->finished
                    : &model->over);
    else if (connection->public.subflows_established > 0)
        enqueue(model, connection, &model->open);
    else
        enqueue(model, connection, &model->opening);
}

void mps_subflow_established(MpsModel *model, Subflow *subflow, const Origin *when)
{
    Connection *connection = (Connection *)subflow->public.connection;
    MpsEvent event = {
        .kind = MPS_EV_SIGNAL,
        .direction = subflow->public.opened_by,
        .connection = &connection->public,
        .subflow = &subflow->public,
        .signal = {.what = MPS_SIGNAL_ESTABLISHED},
    };

    if (subflow->public.established_ns != MPS_NO_TIME)
        return;
    subflow->public.established_ns = when->ts_ns;
    connection->public.subflows_established++;
    connection->ended_ns = MPS_NO_TIME;
    mps_emit(model, &event, when);
}

/* @subflow ended; the connection is over when no subflow is left that could carry data. */
void mps_subflow_closed(MpsModel *model, Subflow *subflow, MpsClose how, MpsSide by)
{
    Connection *connection = (Connection *)subflow->public.connection;
    const GPtrArray *subflows = connection->public.subflows;

    if (subflow->public.closed_ns != MPS_NO_TIME)
        return;
    subflow->public.closed_ns = model->now_ns;
    subflow->public.close = how;
    subflow->public.closed_by = by;
    mps_stream_closed(subflow);
    for (guint i = 0; i < subflows->len; i++) {
        const Subflow *each = g_ptr_array_index(subflows, i);

        if (each->public.closed_ns == MPS_NO_TIME && (each->ack_seen || !each->syn_seen))
            return;
    }
    connection->ended_ns = model->now_ns;
}

static void detail(Subflow *subflow, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void detail(Subflow *subflow, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_free(subflow->public.result_detail);
    subflow->public.result_detail = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

static MpsResult refused(Subflow *subflow, const char *by, const char *what)
{
    if (subflow->public.reset_reason >= 0)
        detail(subflow, "%s by %s with MP_TCPRST reason %d", what, by,
               subflow->public.reset_reason);
    else
        detail(subflow, "%s by %s, no reason given", what, by);
    return MPS_RESULT_REFUSED;
}

/* What became of the attempt to open @subflow, in the order of the definition. */
static MpsResult result_of(Subflow *subflow)
{
    const Connection *connection = (Connection *)subflow->public.connection;
    const MpsSide opener = subflow->public.opened_by;
    const char *opener_name = mps_side_name(opener), *acceptor_name = mps_side_name(other(opener));
    const bool join = subflow->public.kind == MPS_KIND_JOIN;
    const bool carried =
        subflow->end[MPS_CLIENT].has_payload || subflow->end[MPS_SERVER].has_payload;

    if (join && connection->orphan) {
        if (subflow->syn_seen && !subflow->has_nonce[opener])
            detail(subflow, "the SYN's MP_JOIN has a wrong length and names no token");
        else if (subflow->syn_seen)
            detail(subflow, "token 0x%08x is of no connection in the capture%s",
                   subflow->join_token, subflow->acceptor_reset ? ", reset by the receiver" : "");
        else
            detail(subflow, "the SYN with the token is not in the capture");
        return MPS_RESULT_UNKNOWN_TOKEN;
    }
    if (join && subflow->synack_seen && !subflow->synack_has_option) {
        detail(subflow, "SYN/ACK without MP_JOIN");
        return MPS_RESULT_STRIPPED;
    }
    if (join && subflow->public.hmac == MPS_HMAC_INVALID &&
        !(carried && subflow->acceptor_confirmed)) {
        detail(subflow, "HMAC of the %s does not fit the keys",
               subflow->has_ack_hmac ? "handshake" : "SYN/ACK");
        return MPS_RESULT_BAD_HMAC;
    }
    if (subflow->inferred)
        detail(subflow, "inferred: data sequence numbers fit, handshake not captured");
    if ((!subflow->syn_seen && !subflow->synack_seen) || subflow->proven)
        return MPS_RESULT_ESTABLISHED; /* it was there before the capture, or carried data */
    if (!subflow->synack_seen && !subflow->ack_seen) {
        if (subflow->acceptor_reset)
            return refused(subflow, acceptor_name, "SYN reset");
        if (subflow->icmp) {
            char router[MPS_ADDRESS_TEXT];

            detail(subflow, "%s, says %s (ICMP%s type %d code %d)", mps_icmp_words(subflow->icmp),
                   mps_address_text(&subflow->icmp->router, router),
                   subflow->icmp->router.family == 6 ? "v6" : "", subflow->icmp->type,
                   subflow->icmp->code);
            return MPS_RESULT_UNREACHABLE;
        }
        if (subflow->end[opener].n_syns == 1)
            detail(subflow, "no SYN/ACK, SYN sent once");
        else
            detail(subflow, "no SYN/ACK, SYN sent %u times", subflow->end[opener].n_syns);
        return MPS_RESULT_NO_REPLY;
    }
    if (!subflow->ack_seen) {
        if (subflow->opener_reset && subflow->opener_reset_reasoned)
            return refused(subflow, opener_name, "SYN/ACK reset");
        if (subflow->opener_reset) {
            detail(subflow, "SYN/ACK reset by %s: the attempt was over", opener_name);
            return MPS_RESULT_LATE;
        }
        if (subflow->acceptor_reset)
            return refused(subflow, acceptor_name, "SYN/ACK followed by a reset");
        detail(subflow, "SYN/ACK seen, third ACK not");
        return 0;
    }
    if (join && subflow->acceptor_reset && !subflow->acceptor_confirmed)
        return refused(subflow, acceptor_name,
                       subflow->has_ack_hmac || subflow->options_cut
                           ? "third ACK reset"
                           : "third ACK without MP_JOIN, reset");
    if (join && !subflow->acceptor_confirmed && subflow->public.hmac != MPS_HMAC_VALID) {
        detail(subflow, "third ACK seen, nothing proves that it was accepted");
        return 0;
    }
    if (join && !subflow->acceptor_confirmed && !subflow->proven && subflow->synack_seen &&
        subflow->public.side[other(opener)].last_ns > subflow->ack.ts_ns) {
        detail(subflow,
               "third ACK sent, but the %s went on repeating its SYN/ACK: the ACK was lost",
               acceptor_name);
        return 0;
    }
    if (join && !subflow->acceptor_confirmed && subflow->n_join_acks > 1) {
        detail(subflow, "third ACK sent %u times and never answered: it or the answer was lost",
               subflow->n_join_acks);
        return 0;
    }
    return MPS_RESULT_ESTABLISHED;
}

static void settle_subflow(MpsModel *model, Subflow *subflow, MpsClose how)
{
    MpsSubflow *public = &subflow->public;

    mps_check_join(subflow);
    if (public->hmac == MPS_HMAC_UNCHECKED && subflow->has_synack_hmac && !subflow->has_ack_hmac) {
        /* Only the SYN/ACK's HMAC can be checked; a wrong one is INVALID by now. */
        const MpsConnectionSide *side = public->connection->side;

        if (side[0].has_key && side[1].has_key && subflow->has_nonce[0] && subflow->has_nonce[1] &&
            public->connection->version >= 0)
        public->hmac = MPS_HMAC_VALID;
    }
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        public->side[side].ledger.missing_bytes = mps_stream_missing(&subflow->end[side]);
    }
    public->result = result_of(subflow);
    if (public->result == MPS_RESULT_ESTABLISHED && public->established_ns == MPS_NO_TIME &&
        public->hmac == MPS_HMAC_VALID && subflow->has_ack_hmac)
        mps_subflow_established(model, subflow, &subflow->ack);
    if (public->result != MPS_RESULT_ESTABLISHED)
    public->established_ns = MPS_NO_TIME;
    if (subflow->public.closed_ns == MPS_NO_TIME)
    public->close = how;
}

/* The end of the connection, by the order of the definition. */
static void settle_close(Connection *connection, MpsClose how)
{
    MpsConnection *public = &connection->public;
    const Subflow *last = NULL;

    for (guint i = 0; i < public->subflows->len; i++) {
        const Subflow *each = g_ptr_array_index(public->subflows, i);

        if (each->public.closed_ns != MPS_NO_TIME &&
            (!last || each->public.closed_ns >= last->public.closed_ns))
            last = each;
    }
    if (connection->fastclose_ns != MPS_NO_TIME && !connection->fastclose_late) {
        public->close = MPS_CLOSE_FASTCLOSE;
        public->closed_by = connection->fastclose_by;
    } else if (connection->data_fins_ns != MPS_NO_TIME) {
        public->close = MPS_CLOSE_DATA_FIN;
        public->closed_by = connection->first_data_fin;
    } else if (connection->ended_ns != MPS_NO_TIME && last) {
        public->close = last->public.close;
        public->closed_by = last->public.closed_by;
    } else {
        public->close = how;
    }
}

static void settle_handshake(Connection *connection)
{
    MpsConnection *public = &connection->public;
    const Subflow *initial = public->subflows->len ? g_ptr_array_index(public->subflows, 0) : NULL;

    public->handshake = MPS_HANDSHAKE_NONE;
    if (!initial || initial->public.kind != MPS_KIND_INITIAL)
        return;
    public->handshake = initial->syn_seen && initial->synack_seen && initial->ack_seen
                            ? MPS_HANDSHAKE_FULL
                            : MPS_HANDSHAKE_PARTIAL;
}

/* Fallbacks that only the end makes sure of. */
static void settle_fallback(MpsModel *model, Connection *connection)
{
    Subflow *initial =
        connection->public.subflows->len ? g_ptr_array_index(connection->public.subflows, 0) : NULL;

    for (guint i = 1; i < connection->public.subflows->len; i++) {
        const Subflow *join = g_ptr_array_index(connection->public.subflows, i);

        if (join->public.established_ns != MPS_NO_TIME)
            return;
    }
    if (!initial || connection->public.fallback || connection->options_cut || connection->plain ||
        initial->public.kind != MPS_KIND_INITIAL || !initial->ack_seen)
        return;
    if (initial->plain_third_ack && !initial->confirmed) {
        const MpsFallbackCause cause = mps_fallback_cause("plain_third", MPS_CLIENT, &initial->ack);

        mps_set_fallback(model, initial, MPS_FALLBACK_NO_ACK, &cause);
        return;
    }
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if (!initial->dss_seen && initial->end[side].unmapped.room.n_items > 0) {
            const MpsFallbackCause cause = mps_no_mapping(initial, side);

            mps_set_fallback(model, initial, MPS_FALLBACK_NO_DSS, &cause);
            return;
        }
}

static void grave_free(MpsModel *model, Grave *grave)
{
    mps_flows_remove(model->buried, &grave->key, grave);
    g_queue_unlink(&model->graves, &grave->link);
    g_free(grave);
}

static void note_first_grave(MpsModel *model)
{
    if (model->graves.head)
        model->due_ns = MIN(model->due_ns, ((Grave *)model->graves.head->data)->until_ns);
}

static void bury(MpsModel *model, const Subflow *subflow, int64_t until_ns)
{
    Grave *grave = g_new0(Grave, 1);

    if (model->graves.length == MOST_GRAVES)
        grave_free(model, model->graves.head->data);
    grave->key = subflow->key;
    grave->until_ns = until_ns;
    grave->connection_id = subflow->public.connection->id;
    grave->link.data = grave;
    mps_flows_put(model->buried, &grave->key, grave);
    g_queue_push_tail_link(&model->graves, &grave->link);
    note_first_grave(model);
}

/* Whether @key is of a flow that was forgotten not long ago. */
bool mps_is_buried(const MpsModel *model, const MpsFlowKey *key)
{
    return mps_flows_find(model->buried, key);
}

static void subflow_free(MpsModel *model, Subflow *self)
{
    mps_flows_remove(model->flows, &self->key, self);
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        SubflowEnd *end = &self->end[side];

        mps_ranges_clear(&end->seen);
        mps_ranges_clear(&end->shown_again);
        mps_sendlog_clear(&end->log);
        mps_map_clear(end);
        g_free(self->public.side[side].states);
    }
    g_free(self->public.states);
    g_free(self->public.result_detail);
    g_free(self->icmp);
    g_free(self);
}

static void connection_free(MpsModel *model, Connection *self)
{
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        gpointer token = GUINT_TO_POINTER(self->registered_token[side]);

        if (self->registered[side] && g_hash_table_lookup(model->tokens, token) == self)
            g_hash_table_remove(model->tokens, token);
        mps_space_clear(&self->space[side]);
        g_free(self->public.side[side].states);
    }
    for (guint i = 0; i < self->public.subflows->len; i++)
        subflow_free(model, g_ptr_array_index(self->public.subflows, i));
    g_ptr_array_unref(self->public.subflows);
    g_free(self->public.states);
    leave_queue(model, self);
    g_free(self);
}

/* Subflows that came before their connection was known (joins stamped before the handshake, flows
 * without one) move to it; @from is freed. */
void mps_move_subflows(MpsModel *model, Connection *from, Connection *to)
{
    for (guint i = 0; i < from->public.subflows->len; i++) {
        Subflow *subflow = g_ptr_array_index(from->public.subflows, i);

        subflow->public.connection = &to->public;
        subflow->public.ordinal = ++to->n_joins;
        for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
            to->public.side[side].flight_bytes += subflow->public.side[side].flight_bytes;
        to->public.joins_attempted += subflow->public.kind == MPS_KIND_JOIN;
        g_ptr_array_add(to->public.subflows, subflow);
    }
    g_ptr_array_set_size(from->public.subflows, 0);
    model->hooks.closed(model->hooks.user, &from->public);
    connection_free(model, from);
}

/* Whether @a and @b, two connections for their addresses, have the same two keys. */
static bool same_keys(const MpsConnection *a, const MpsConnection *b)
{
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if (!a->side[side].has_key || !b->side[side].has_key ||
            a->side[side].key != b->side[side].key)
            return false;
    return a->subflows->len > 0 && b->subflows->len > 0;
}

static void tell_both_translated(MpsModel *model, const Connection *one, const Connection *two)
{
    Subflow *const first = g_ptr_array_index(one->public.subflows, 0);
    Subflow *const second = g_ptr_array_index(two->public.subflows, 0);

    mps_tell_translated(model, first, second);
    mps_tell_translated(model, second, first);
}

void mps_register_token(MpsModel *model, Connection *connection, MpsSide side, uint32_t token)
{
    Connection *before = g_hash_table_lookup(model->tokens, GUINT_TO_POINTER(token));

    if (before && before != connection && before->orphan && side == MPS_SERVER)
        mps_move_subflows(model, before, connection);
    else if (before && before != connection && same_keys(&before->public, &connection->public))
        tell_both_translated(model, connection, before);
    connection->registered[side] = true;
    connection->registered_token[side] = token;
    g_hash_table_insert(model->tokens, GUINT_TO_POINTER(token), connection);
}

/* Decides what @connection came to, has its rows written, and forgets it. */
static void finish(MpsModel *model, Connection *connection, MpsClose how)
{
    MpsConnection *public = &connection->public;

    model->segment = NULL;
    if (public->subflows->len > 0 &&
        ((Subflow *)g_ptr_array_index(public->subflows, 0))->public.kind == 0)
        mps_connection_adopt(model,
                             connection); /* no data, but no join to an unknown token either */
    settle_fallback(model, connection);
    for (guint i = 0; i < public->subflows->len; i++)
        settle_subflow(model, g_ptr_array_index(public->subflows, i), how);
    public->subflows_established = 0;
    for (guint i = 0; i < public->subflows->len; i++) {
        const Subflow *each = g_ptr_array_index(public->subflows, i);

        public->subflows_established += each->public.result == MPS_RESULT_ESTABLISHED;
    }

    const Subflow *initial = public->subflows->len ? g_ptr_array_index(public->subflows, 0) : NULL;

    /* No usable answer to MP_CAPABLE: it never was more than TCP. */
    if (initial && initial->public.kind == MPS_KIND_INITIAL && initial->syn_seen &&
        !initial->synack_has_option && public->version < 0)
    public->protocol = MPS_PROTOCOL_TCP;
    settle_handshake(connection);
    settle_close(connection, how);
    model->hooks.closed(model->hooks.user, public);
    connection_free(model, connection);
}

/* Closes the least recently active connection of @lifetime. */
static void retire_oldest(MpsModel *model, Lifetime *lifetime, MpsClose how)
{
    Connection *connection = lifetime->queue.head->data;
    const MpsSegment *segment = model->segment;

    /* After mere silence, what comes is the begin of a connection that the capture lacks. */
    for (guint i = 0; i < connection->public.subflows->len && connection->ended_ns != MPS_NO_TIME;
         i++)
        bury(model, g_ptr_array_index(connection->public.subflows, i),
             connection->last_ns + GRAVE_NS);
    finish(model, connection, how);
    model->segment = segment;
}

/* For how long the least recently active connection of @lifetime, which has some, was silent. */
static int64_t oldest_silence_ns(const MpsModel *model, const Lifetime *lifetime)
{
    return watched_ns(model) - ((Connection *)lifetime->queue.head->data)->last_ns;
}

static void expire(MpsModel *model, Lifetime *lifetime, MpsClose how)
{
    while (lifetime->queue.head && oldest_silence_ns(model, lifetime) > lifetime->timeout_ns)
        retire_oldest(model, lifetime, how);
}

/* Those that are over, and wait for late packets alone. */
static void expire_ended(MpsModel *model, Lifetime *lifetime, MpsClose how)
{
    expire(model, lifetime, how);
    while (lifetime->queue.length > lifetime->most)
        retire_oldest(model, lifetime, how);
}

/* Whether one more attempt to open a connection, or to join an unknown one, can be followed. */
bool mps_room_for_connection(MpsModel *model)
{
    Lifetime *attempts = &model->opening;

    if (attempts->queue.length >= attempts->most && oldest_silence_ns(model, attempts) >= STALE_NS)
        retire_oldest(model, attempts, MPS_CLOSE_EVICTED);
    model->crowded = attempts->queue.length >= attempts->most;
    return !model->crowded;
}

bool mps_room_for_subflow(MpsModel *model, const Connection *connection)
{
    model->crowded = connection->public.subflows->len >= MOST_SUBFLOWS;
    return !model->crowded;
}

bool mps_model_evict(MpsModel *self)
{
    Lifetime *const lifetimes[] = {&self->finished, &self->over, &self->opening, &self->open};

    for (guint i = 0; i < G_N_ELEMENTS(lifetimes); i++) {
        if (lifetimes[i]->queue.head) {
            retire_oldest(self, lifetimes[i], MPS_CLOSE_EVICTED);
            return true;
        }
    }
    return false;
}

/* Closes what has been silent for too long, and finds out when to look again. */
static void expire_all(MpsModel *model, MpsClose how)
{
    Lifetime *const lifetimes[] = {&model->opening, &model->open, &model->over, &model->finished};
    GList *oldest;

    expire(model, &model->opening, how);
    expire(model, &model->open, how);
    expire_ended(model, &model->over, how);
    expire_ended(model, &model->finished, how);
    while ((oldest = g_queue_peek_head_link(&model->graves)) &&
           ((Grave *)oldest->data)->until_ns < watched_ns(model))
        grave_free(model, oldest->data);
    model->due_ns = INT64_MAX;
    for (guint i = 0; i < G_N_ELEMENTS(lifetimes); i++)
        note_first(model, lifetimes[i]);
    note_first_grave(model);
}

void mps_expire(MpsModel *model)
{
    expire_all(model, MPS_CLOSE_IDLE);
}

/* Silence counts while the capture ran.  Where it did not run for so long that a timeout would be
 * over, it ended for who was waited for. */
void mps_model_hole(MpsModel *self, int64_t ts_ns, int64_t hole_ns)
{
    self->now_ns = ts_ns - hole_ns;
    expire_all(self, MPS_CLOSE_IDLE);
    self->now_ns = ts_ns;
    expire_all(self, MPS_CLOSE_CAPTURE_END);
    self->holes_ns = self->due_ns == INT64_MAX ? 0 /* all are gone */ : self->holes_ns + hole_ns;
}

static void close_queue(MpsModel *model, Lifetime *lifetime)
{
    GList *oldest;

    while ((oldest = g_queue_peek_head_link(&lifetime->queue)))
        finish(model, oldest->data, MPS_CLOSE_CAPTURE_END);
}

void mps_model_finish(MpsModel *self)
{
    close_queue(self, &self->finished);
    close_queue(self, &self->over);
    close_queue(self, &self->open);
    close_queue(self, &self->opening);
}

void mps_model_free(MpsModel *self)
{
    if (!self)
        return;

    Lifetime *const lifetimes[] = {&self->opening, &self->open, &self->over, &self->finished};

    for (guint i = 0; i < G_N_ELEMENTS(lifetimes); i++) {
        GList *oldest;

        while ((oldest = g_queue_peek_head_link(&lifetimes[i]->queue)))
            connection_free(self, oldest->data);
    }
    while (self->graves.head)
        grave_free(self, self->graves.head->data);
    mps_flows_free(self->buried);
    mps_flows_free(self->flows);
    g_hash_table_destroy(self->tokens);
    mps_dedup_free(self->dedup);
    g_free(self->tcp_acked);
    g_free(self);
}
