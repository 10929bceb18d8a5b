/* signals.c - the MPTCP options of a segment: mappings, DATA_ACKs, and what goes into the timeline.
 */
#include "model/state.h"

#include <string.h>

/* The receive window in @segment; not known if a SYN is not.  The window of a SYN itself is never
 * scaled (RFC 7323 section 2.2), and that of a RST means nothing. */
static bool receive_window(const Subflow *subflow, MpsSide sender, const MpsSegment *segment,
                           int64_t *bytes)
{
    const int own = subflow->public.side[sender].window_shift;
    const int peer = subflow->public.side[other(sender)].window_shift;

    if (own < 0 || peer < 0 || segment->flags & MPS_TCP_RST)
        return false;
    *bytes = (int64_t)segment->window << (segment->flags & MPS_TCP_SYN ? 0 : own);
    return true;
}

/* @sender acknowledged the data below @offset and offers its window from there: the right edge of
 * the window never moves back (RFC 8684 section 3.3.4). */
void mps_window(MpsModel *model, Subflow *subflow, MpsSide sender, int64_t offset)
{
    MpsConnectionSide *side = &subflow->public.connection->side[other(sender)];
    int64_t bytes;

    if (!receive_window(subflow, sender, model->segment, &bytes) ||
        (side->has_window && side->window_end >= offset + bytes))
        return;
    side->has_window = true;
    side->window_end = offset + bytes;
    model->ack_is_news = true;
}

/* The cumulative DATA_ACK of @direction's data reached @offset. */
void mps_data_acked(MpsModel *model, Connection *connection, MpsDirection direction, int64_t offset)
{
    DataSpace *space = &connection->space[direction];
    MpsConnectionSide *side = &connection->public.side[direction];

    if (space->has_acked && offset <= space->acked)
        return;
    space->has_acked = true;
    space->acked = offset;

    const int64_t data = space->has_fin ? MIN(offset, space->fin) : offset;

    side->has_data_ack = true;
    side->data_acked_bytes = (uint64_t)MAX(data, 0);
    side->has_acked = true;
    side->acked = data;
    model->ack_is_news = true;
    mps_space_acked(connection, direction, data);
    if (wanted(model, MPS_EV_DATA_ACK)) {
        MpsEvent event = {
            .kind = MPS_EV_DATA_ACK,
            .direction = direction,
            .connection = &connection->public,
            .data_ack = {.offset = data},
        };
        const Origin here = mps_here(model);

        mps_emit(model, &event, &here);
    }
}

static void take_data_fin(MpsModel *model, Subflow *subflow, MpsSide sender, int64_t offset)
{
    Connection *connection = (Connection *)subflow->public.connection;
    DataSpace *space = &connection->space[sender];
    MpsConnectionSide *side = &connection->public.side[sender];

    if (!space->has_fin) {
        space->has_fin = true;
        space->fin = offset;
        if (space->has_acked) /* it may have been acknowledged at another tap's pace */
            side->data_acked_bytes = (uint64_t)MAX(MIN(space->acked, offset), 0);
    }
    if (side->data_fin_ns != MPS_NO_TIME)
        return;
    side->data_fin_ns = mps_here(model).ts_ns;
    if (connection->public.side[other(sender)].data_fin_ns != MPS_NO_TIME)
        connection->data_fins_ns = mps_here(model).ts_ns;
    else
        connection->first_data_fin = sender;
    mps_signal(model, connection, subflow, sender, MPS_SIGNAL_DATA_FIN, NULL);
}

static RawMapping raw_mapping(const MpsMptcpOption *option)
{
    return (RawMapping){option->dss.dsn, option->dss.ssn, option->dss.data_bytes,
                        option->dss.data_fin, option->dss.dsn_is_64};
}

static bool same_mapping(const RawMapping *a, const MpsMptcpOption *b)
{
    return a->dsn == b->dss.dsn && a->ssn == b->dss.ssn && a->data_bytes == b->dss.data_bytes &&
           a->data_fin == b->dss.data_fin && a->dsn_is_64 == b->dss.dsn_is_64;
}

/* Announces the mapping of @raw, whose DATA_FIN octet carries no byte. */
static void announce(MpsModel *model, Subflow *subflow, MpsSide sender, const RawMapping *raw)
{
    Connection *connection = (Connection *)subflow->public.connection;
    DataSpace *space = &connection->space[sender];
    SubflowEnd *sending = &subflow->end[sender];
    int64_t offset;

    if (!mps_space_dsn(space, raw->dsn, raw->dsn_is_64, &offset))
        return;

    const uint32_t bytes = raw->data_bytes - (uint32_t)raw->data_fin;
    const uint64_t begin = mps_ssn_position(sending, raw->ssn);

    if (raw->data_fin)
        take_data_fin(model, subflow, sender, offset + bytes);
    if (bytes == 0)
        return;
    space->last = MAX(space->last, offset + bytes);
    mps_map(model, subflow, sender, begin, begin + bytes, offset - (int64_t)begin);
}

/* Where subflow sequence number 0 is has been found out: the mappings that waited for it count. */
static void settle_ssn(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    SubflowEnd *sending = &subflow->end[sender];

    sending->ssn_known = true;
    for (guint i = 0; i < sending->held->len; i++)
        announce(model, subflow, sender, &g_array_index(sending->held, RawMapping, i));
    sending->last_mapping = g_array_index(sending->held, RawMapping, sending->held->len - 1);
    sending->has_last_mapping = true;
    g_clear_pointer(&sending->held, g_array_unref);
}

/* Mappings held back while it is not known what they map; a first segment mostly settles it. */
enum { MAX_HELD = 256 };

/* That many different mappings whose first captured segments agree settle it, too: hosts that put a
 * mapping on its first segment only never show where one ends. */
enum { ENOUGH_AGREE = 3 };

/* Without the SYN, the position of subflow sequence number 0 has to be worked out from segments
 * with a mapping: their payload lies inside it, so each gives a lower and an upper bound, and the
 * first and the last segment of a mapping exact ones.  Where the bounds never meet nothing is
 * asserted. */
static void learn_ssn(MpsModel *model, Subflow *subflow, MpsSide sender,
                      const MpsMptcpOption *option)
{
    SubflowEnd *sending = &subflow->end[sender];
    const uint32_t bytes = option->dss.data_bytes - (uint32_t)option->dss.data_fin;
    /* Only the low 32 bits count; compared as distances. */
    const uint32_t high =
        (uint32_t)mps_stream_position(sending, model->segment->seq) - option->dss.ssn;
    const uint32_t low = high + model->segment->payload_bytes - bytes;
    int64_t offset;

    /* The number space is known at once, though not yet where the payload lies in it. */
    if (mps_space_dsn(&((Connection *)subflow->public.connection)->space[sender], option->dss.dsn,
                      option->dss.dsn_is_64, &offset) &&
        option->dss.data_fin)
        take_data_fin(model, subflow, sender, offset + bytes);
    if (model->segment->payload_bytes == 0)
        return;
    if (!sending->held) {
        sending->held = g_array_new(FALSE, FALSE, sizeof(RawMapping));
        sending->ssn_zero = high;
        sending->ssn_zero_low = low;
    }

    const RawMapping raw = raw_mapping(option);
    const bool next =
        sending->held->len == 0 ||
        !same_mapping(&g_array_index(sending->held, RawMapping, sending->held->len - 1), option);

    if (next && sending->held->len < MAX_HELD)
        g_array_append_val(sending->held, raw);
    if ((int32_t)(high - (uint32_t)sending->ssn_zero) < 0)
        sending->n_agree = 0;
    if ((int32_t)(high - (uint32_t)sending->ssn_zero) <= 0) {
        sending->ssn_zero = high;
        sending->n_agree += next;
    }
    if ((int32_t)(low - sending->ssn_zero_low) > 0)
        sending->ssn_zero_low = low;
    if (sending->ssn_zero_low == (uint32_t)sending->ssn_zero || sending->n_agree >= ENOUGH_AGREE)
        settle_ssn(model, subflow, sender);
}

/* A DSS with data-level length 0 on a segment with payload: from here on the mapping continues for
 * ever, MPTCP has fallen back (RFC 8684 section 3.7). */
static void take_infinite_mapping(MpsModel *model, Subflow *subflow, MpsSide sender,
                                  const MpsMptcpOption *option)
{
    Connection *connection = (Connection *)subflow->public.connection;
    SubflowEnd *sending = &subflow->end[sender];
    int64_t offset;

    if (sending->ssn_known && mps_space_dsn(&connection->space[sender], option->dss.dsn,
                                            option->dss.dsn_is_64, &offset)) {
        const uint64_t begin = mps_ssn_position(sending, option->dss.ssn);

        /* One byte of it is enough for the fallback to continue it. */
        mps_map(model, subflow, sender, begin, begin + 1, offset - (int64_t)begin);
    }
    mps_set_fallback(model, subflow, MPS_FALLBACK_INFINITE_MAPPING,
                     &(MpsFallbackCause){.by = sender});
}

/* Expands the numbers of the segment's first DSS for observers; its DATA_ACK is @data_ack. */
static void expand_dss(MpsModel *model, Subflow *subflow, MpsSide sender,
                       const MpsMptcpOption *option, int64_t data_ack)
{
    Connection *connection = (Connection *)subflow->public.connection;
    const SubflowEnd *sending = &subflow->end[sender];
    MpsEvent *told = &model->told;

    model->dss_told = true;
    if (option->dss.has_map) {
        told->segment.has_map = true;
        (void)mps_space_dsn(&connection->space[sender], option->dss.dsn, option->dss.dsn_is_64,
                            &told->segment.map_offset);
        told->segment.has_map_seq = sending->ssn_known;
        told->segment.map_seq =
            (int64_t)(mps_ssn_position(sending, option->dss.ssn) - POSITION_BASE);
    }
    told->segment.has_data_ack = option->dss.has_ack;
    told->segment.data_ack = data_ack;
}

static void take_dss(MpsModel *model, Subflow *subflow, MpsSide sender,
                     const MpsMptcpOption *option)
{
    Connection *connection = (Connection *)subflow->public.connection;
    SubflowEnd *sending = &subflow->end[sender];
    const MpsSide direction = other(sender);
    int64_t data_ack = 0;
    const bool acks = option->dss.has_ack &&
                      mps_space_data_ack(&connection->space[direction], option->dss.data_ack,
                                         option->dss.ack_is_64, &data_ack);

    if (!model->dss_told)
        expand_dss(model, subflow, sender, option, data_ack);
    subflow->dss_seen = true;
    sending->dss_sent = true;
    if (option->dss.has_map && sending->started) {
        if (option->dss.data_bytes == 0) {
            if (model->segment->payload_bytes > 0)
                take_infinite_mapping(model, subflow, sender, option);
        } else if (!sending->ssn_known && option->dss.data_bytes > option->dss.data_fin) {
            learn_ssn(model, subflow, sender, option);
        }
        if (option->dss.data_bytes > 0 &&
            (sending->ssn_known || option->dss.data_bytes == option->dss.data_fin) &&
            !(sending->has_last_mapping && same_mapping(&sending->last_mapping, option))) {
            const RawMapping raw = raw_mapping(option);

            sending->has_last_mapping = sending->ssn_known;
            sending->last_mapping = raw;
            announce(model, subflow, sender, &raw);
        }
    }
    if (acks) {
        mps_window(model, subflow, sender, data_ack);
        mps_data_acked(model, connection, direction, data_ack);
    }
}

/* MP_CAPABLE with data: the first data, at IDSN + 1 (RFC 8684 section 3.1). */
static void take_capable_data(MpsModel *model, Subflow *subflow, MpsSide sender,
                              const MpsMptcpOption *option)
{
    DataSpace *space = &((Connection *)subflow->public.connection)->space[sender];
    const SubflowEnd *sending = &subflow->end[sender];

    if (!option->capable.has_data_length || !sending->ssn_known || !space->has_base)
        return;
    space->last = MAX(space->last, (int64_t)option->capable.data_bytes);
    mps_map(model, subflow, sender, sending->ssn_zero + 1,
            sending->ssn_zero + 1 + option->capable.data_bytes, -(int64_t)(sending->ssn_zero + 1));
}

static bool data_fin_acked(const DataSpace *space)
{
    return space->has_fin && space->has_acked && space->acked > space->fin;
}

static void take_fastclose(MpsModel *model, Subflow *subflow, MpsSide sender,
                           const MpsMptcpOption *option)
{
    Connection *connection = (Connection *)subflow->public.connection;

    mps_learn_key(model, connection, other(sender), option->fastclose.receiver_key);
    if (connection->fastclose_ns != MPS_NO_TIME)
        return;
    connection->fastclose_ns = model->segment->ts_ns;
    connection->fastclose_by = sender;
    connection->fastclose_late = data_fin_acked(&connection->space[MPS_CLIENT]) &&
                                 data_fin_acked(&connection->space[MPS_SERVER]);
    mps_signal(model, connection, subflow, sender, MPS_SIGNAL_FASTCLOSE, option);
}

static void set_backup(MpsSubflowSide *side, bool backup, int64_t now_ns)
{
    if (side->backup_now != backup)
        side->prio_ns = now_ns;
    side->backup_now = backup;
}

/* Version 0 may name an address id: of the subflows from that address of the sender. */
static void take_prio(const MpsModel *model, Subflow *subflow, MpsSide sender,
                      const MpsMptcpOption *option)
{
    const GPtrArray *subflows = subflow->public.connection->subflows;
    const int64_t now_ns = mps_here(model).ts_ns;

    if (!option->prio.has_address_id) {
        set_backup(&subflow->public.side[sender], option->prio.backup, now_ns);
        return;
    }
    for (guint i = 0; i < subflows->len; i++) {
        MpsSubflowSide *side = &((Subflow *)g_ptr_array_index(subflows, i))->public.side[sender];

        if (side->address_id == option->prio.address_id)
            set_backup(side, option->prio.backup, now_ns);
    }
}

/* The subflows from the withdrawn addresses of @sender. */
static void take_remove_addr(const MpsModel *model, const Subflow *subflow, MpsSide sender,
                             const MpsMptcpOption *option)
{
    const GPtrArray *subflows = subflow->public.connection->subflows;

    for (guint i = 0; i < subflows->len; i++) {
        MpsSubflow *each = &((Subflow *)g_ptr_array_index(subflows, i))->public;
        MpsSubflowSide *side = &each->side[sender];

        if (each->closed_ns == MPS_NO_TIME && side->removed_ns == MPS_NO_TIME &&
            side->address_id >= 0 &&
            memchr(option->remove_addr.ids, side->address_id, option->remove_addr.n_ids))
            side->removed_ns = mps_here(model).ts_ns;
    }
}

/* Tells of an ADD_ADDR, and what its HMAC is. */
static void report_add_addr(MpsModel *model, Subflow *subflow, MpsSide sender,
                            const MpsMptcpOption *option)
{
    Connection *connection = (Connection *)subflow->public.connection;
    MpsEvent event = {
        .kind = MPS_EV_SIGNAL,
        .direction = sender,
        .connection = &connection->public,
        .subflow = &subflow->public,
        .signal = {.what = MPS_SIGNAL_ADD_ADDR, .option = option},
    };
    const Origin here = mps_here(model);

    if (!wanted(model, MPS_EV_SIGNAL))
        return;
    event.signal.hmac = mps_check_add_addr(connection, sender, option);
    mps_emit(model, &event, &here);
}

/* Reports @option, once per subflow and host if its kind says so. */
static void report(MpsModel *model, Subflow *subflow, MpsSide sender, MpsSignal what,
                   const MpsMptcpOption *option)
{
    const bool once = what == MPS_SIGNAL_MALFORMED;
    unsigned *reported = &subflow->end[sender].reported;

    if (once && *reported & 1u << what)
        return;
    *reported |= 1u << what;
    mps_signal(model, (Connection *)subflow->public.connection, subflow, sender, what, option);
}

/* Whether no other subflow could carry the connection's data: fallbacks happen only then. */
static bool is_only(const Subflow *subflow)
{
    const GPtrArray *subflows = subflow->public.connection->subflows;

    for (guint i = 0; i < subflows->len; i++) {
        const Subflow *each = g_ptr_array_index(subflows, i);

        if (each != subflow && each->public.closed_ns == MPS_NO_TIME &&
            (each->ack_seen || !each->syn_seen))
            return false;
    }
    return true;
}

void mps_options(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    const MpsSegment *segment = model->segment;

    for (int i = 0; i < segment->n_mptcp; i++) {
        const MpsMptcpOption *option = &segment->mptcp[i];

        if (option->status == MPS_OPT_TRUNCATED)
            continue;
        if (option->status == MPS_OPT_MALFORMED) {
            report(model, subflow, sender, MPS_SIGNAL_MALFORMED, option);
            continue;
        }
        switch (option->subtype) {
        case MPS_DSS:
            take_dss(model, subflow, sender, option);
            break;
        case MPS_MP_CAPABLE:
            take_capable_data(model, subflow, sender, option);
            break;
        case MPS_MP_JOIN: /* handshake.c */
        case MPS_MP_TCPRST:
            break;
        case MPS_ADD_ADDR:
            if (option->add_addr.echo)
                report(model, subflow, sender, MPS_SIGNAL_ADD_ADDR_ECHO, option);
            else
                report_add_addr(model, subflow, sender, option);
            break;
        case MPS_REMOVE_ADDR:
            take_remove_addr(model, subflow, sender, option);
            report(model, subflow, sender, MPS_SIGNAL_REMOVE_ADDR, option);
            break;
        case MPS_MP_PRIO:
            take_prio(model, subflow, sender, option);
            report(model, subflow, sender, MPS_SIGNAL_MP_PRIO, option);
            break;
        case MPS_MP_FAIL:
            report(model, subflow, sender, MPS_SIGNAL_MP_FAIL, option);
            /* With other subflows the failing one is reset and MPTCP goes on (section 3.7). */
            if (!(segment->flags & MPS_TCP_RST) && is_only(subflow))
                mps_set_fallback(model, subflow, MPS_FALLBACK_MP_FAIL,
                                 &(MpsFallbackCause){.by = sender});
            break;
        case MPS_MP_FASTCLOSE:
            take_fastclose(model, subflow, sender, option);
            break;
        default: /* MpsSegment.opaque: nothing that the model could act on */
            break;
        }
    }
}

static void no_capable_ack(MpsModel *model, Subflow *subflow)
{
    const MpsFallbackCause cause =
        mps_fallback_cause("plain_third", subflow->public.opened_by, &subflow->ack);

    mps_set_fallback(model, subflow, MPS_FALLBACK_NO_ACK, &cause);
}

/* Finds out that MPTCP was given up silently: payload of the only subflow has no mapping, and the
 * other host acknowledges it with a plain ACK (RFC 8684 section 3.7), or the client's third packet
 * had no MP_CAPABLE.  Called after each segment without MPTCP options. */
void mps_watch_fallback(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    Connection *connection = (Connection *)subflow->public.connection;
    const MpsSegment *segment = model->segment;
    const MpsSide direction = other(sender);
    const SubflowEnd *acked = &subflow->end[direction];

    if (connection->public.fallback || connection->options_cut || !is_only(subflow))
        return;
    if (segment->payload_bytes > 0 && subflow->plain_third_ack && !subflow->confirmed) {
        no_capable_ack(model, subflow);
        return;
    }
    if (!acked->ssn_known || segment->flags & MPS_TCP_RST ||
        subflow->public.kind != MPS_KIND_INITIAL)
        return;
    if (acked->has_payload && acked->acked > acked->ssn_zero + 1 &&
        !subflow->end[sender].dss_sent && subflow->confirmed) {
        /* The first acknowledgement of data proves that its sender does not speak MPTCP. */
        const Origin here = mps_here(model);
        const MpsFallbackCause cause = mps_fallback_cause("no_data_ack", sender, &here);

        if (acked->unmapped.room.n_items > 0) {
            const MpsFallbackCause earlier = mps_no_mapping(subflow, direction);

            mps_set_fallback(model, subflow, MPS_FALLBACK_NO_DSS, &earlier);
        } else {
            mps_set_fallback(model, subflow, MPS_FALLBACK_NO_DSS, &cause);
        }
        return;
    }
    if (acked->unmapped.room.n_items == 0 ||
        acked->acked < acked->unmapped.items[acked->unmapped.room.n_items - 1].end)
        return;
    if (direction != subflow->public.opened_by && mps_lacks_capable_ack(subflow)) {
        no_capable_ack(model, subflow);
    } else {
        const MpsFallbackCause cause = mps_no_mapping(subflow, direction);

        mps_set_fallback(model, subflow, MPS_FALLBACK_NO_DSS, &cause);
    }
}
