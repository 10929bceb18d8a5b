/* mapped.c - from subflow positions to the data sequence space: mappings announced, implied and
 * late (RFC 8684 sections 3.3.1 and 3.7). */
#include "model/state.h"

/* Mappings behind the acknowledgement are pruned when there are more than PRUNE of them. */
enum { PRUNE = 1024, KEEP = 256, MAX_PENDING = 4096 };

typedef struct {
    MpsModel *model;
    Subflow *subflow;
    MpsSide sender;
} Place;

MPS_ROOM_DEFINE_FIND(find_above, Pending, uint64_t)

static size_t find(const PendingList *list, uint64_t position)
{
    return find_above(list->items, list->room.n_items, position);
}

/* Takes the first stretch that overlaps [begin, end) off the list, cut to it.  False: none is left.
 */
static bool take(PendingList *list, uint64_t begin, uint64_t end, Pending *out)
{
    const size_t at = find(list, begin);
    Pending *found = at < list->room.n_items ? &list->items[at] : NULL;

    if (!found || found->begin >= end)
        return false;
    *out = *found;
    out->begin = MAX(begin, found->begin);
    out->end = MIN(end, found->end);
    if (found->begin < out->begin && found->end > out->end) {
        Pending right = *found;

        right.begin = out->end;
        found->end = out->begin;
        *MPS_ROOM_INSERT(list->items, &list->room, at + 1) = right;
    } else if (found->begin < out->begin) {
        found->end = out->begin;
    } else if (found->end > out->end) {
        found->begin = out->end;
    } else {
        MPS_ROOM_ERASE(list->items, &list->room, at, 1);
    }
    return true;
}

/* A part of the subflow got its mapping: payload and skips that waited for it find their place. */
static void resolve(void *user, uint64_t begin, uint64_t end, int64_t shift)
{
    const Place *place = user;
    SubflowEnd *sending = &place->subflow->end[place->sender];
    MpsLedger *ledger = &place->subflow->public.side[place->sender].ledger;
    Pending pending;

    while (take(&sending->skipped, begin, end, &pending))
        mps_space_skipped(place->model, place->subflow, place->sender,
                          (int64_t)pending.begin + shift, (int64_t)pending.end + shift, shift,
                          &pending.origin);
    while (take(&sending->unmapped, begin, end, &pending)) {
        ledger->unmapped_bytes -= pending.end - pending.begin;
        mps_space_shown(place->model, place->subflow, place->sender, (int64_t)pending.begin + shift,
                        (int64_t)pending.end + shift, shift, &pending.origin);
    }
}

/* Announces a mapping of the positions [begin, end). */
void mps_map(MpsModel *model, Subflow *subflow, MpsSide sender, uint64_t begin, uint64_t end,
             int64_t shift)
{
    SubflowEnd *sending = &subflow->end[sender];
    Place place = {model, subflow, sender};

    ((Connection *)subflow->public.connection)->space[sender].mapped = true;
    mps_mappings_add(&sending->mappings, begin, end, shift, resolve, &place);
    if (sending->mappings.room.n_items > PRUNE)
        mps_mappings_prune(&sending->mappings, MIN(sending->acked, sending->highest), KEEP);
    if (sending->mappings.room.n_items > 64 * PRUNE) /* hostile: mappings far ahead of all data */
        mps_mappings_prune(&sending->mappings, UINT64_MAX, 32 * PRUNE);
}

/* Keeps a list short: stretches that touch are joined, which loses the time of their parts; if that
 * is not enough, the lower half is given up. */
static void shorten(PendingList *list)
{
    size_t n = 1;

    for (size_t i = 1; i < list->room.n_items; i++) {
        if (list->items[i].begin == list->items[n - 1].end)
            list->items[n - 1].end = list->items[i].end;
        else
            list->items[n++] = list->items[i];
    }
    MPS_ROOM_ERASE(list->items, &list->room, n, list->room.n_items - n);
    if (n > MAX_PENDING / 2)
        MPS_ROOM_ERASE(list->items, &list->room, 0, n / 2);
}

static void wait(MpsModel *model, PendingList *list, uint64_t begin, uint64_t end)
{
    const Pending pending = {begin, end, mps_here(model)};

    *MPS_ROOM_INSERT(list->items, &list->room, find(list, begin)) = pending;
    if (list->room.n_items > MAX_PENDING)
        shorten(list);
}

/* New payload (or a stretch skipped by payload) at [begin, end): finds its data, or waits. */
void mps_map_payload(MpsModel *model, Subflow *subflow, MpsSide sender, uint64_t begin,
                     uint64_t end, bool skipped)
{
    SubflowEnd *sending = &subflow->end[sender];
    const Origin here = mps_here(model);

    while (begin < end) {
        const MpsMapping *mapping = mps_mappings_find(&sending->mappings, begin);
        int64_t shift = sending->implied_shift;
        uint64_t until;

        if (mapping && mapping->begin <= begin) {
            until = MIN(end, mapping->end);
            shift = mapping->shift;
        } else {
            until = mapping ? MIN(end, mapping->begin) : end;
            if (!sending->implied) {
                wait(model, skipped ? &sending->skipped : &sending->unmapped, begin, until);
                if (!skipped)
                    subflow->public.side[sender].ledger.unmapped_bytes += until - begin;
                begin = until;
                continue;
            }
        }
        if (skipped)
            mps_space_skipped(model, subflow, sender, (int64_t)begin + shift,
                              (int64_t)until + shift, shift, &here);
        else
            mps_space_shown(model, subflow, sender, (int64_t)begin + shift, (int64_t)until + shift,
                            shift, &here);
        begin = until;
    }
}

/* Payload at [begin, end) that was captured before: told to observers where its data is known. */
void mps_map_repeat(MpsModel *model, Subflow *subflow, MpsSide sender, uint64_t begin, uint64_t end)
{
    const SubflowEnd *sending = &subflow->end[sender];

    if (!wanted(model, MPS_EV_DATA))
        return;
    while (begin < end) {
        const MpsMapping *mapping = mps_mappings_find(&sending->mappings, begin);
        const bool mapped = mapping && mapping->begin <= begin;
        const int64_t shift = mapped ? mapping->shift : sending->implied_shift;
        uint64_t until = end;

        if (mapping)
            until = MIN(end, mapped ? mapping->end : mapping->begin);
        if (mapped || sending->implied) {
            const MpsSent *sent = mps_sendlog_find(&sending->log, begin);
            MpsEvent event = {
                .kind = MPS_EV_DATA,
                .direction = sender,
                .connection = subflow->public.connection,
                .subflow = &subflow->public,
                .data = {.class = MPS_DATA_RETRANSMITTED,
                         .offset = (int64_t)begin + shift,
                         .bytes = until - begin,
                         .from_ns = MPS_NO_TIME,
                         .from_packet = sent ? sent->packet : 0,
                         .from_capture_id = sent ? sent->capture_id : 0},
            };
            const Origin here = mps_here(model);

            mps_emit(model, &event, &here);
        }
        begin = until;
    }
}

/* Payload of the SYN lies just below IDSN + 1 if the SYN/ACK took it; then subflow sequence number
 * 1 is the first byte after it (RFC 8684 appendix B.1, erratum 6609).  Called when the SYN/ACK or
 * the key that gives the IDSN has come, whichever is later. */
void mps_map_syn_data(MpsModel *model, Subflow *subflow)
{
    const MpsSide opener = subflow->public.opened_by;
    SubflowEnd *sending = &subflow->end[opener];
    const Connection *connection = (Connection *)subflow->public.connection;

    if (!sending->syn_data_taken || !connection->public.side[opener].has_idsn)
        return;
    mps_map(model, subflow, opener, POSITION_BASE + 1, POSITION_BASE + 1 + sending->syn_bytes,
            -(int64_t)(POSITION_BASE + 1 + sending->syn_bytes));
}

/* Plain TCP: the first payload byte, at @begin where the SYN is not known, is data offset 0. */
void mps_map_plain(SubflowEnd *end, uint64_t begin)
{
    if (end->implied)
        return;
    end->implied = true;
    end->implied_shift = -(int64_t)(end->has_isn ? POSITION_BASE + 1 : begin);
}

/* From now on payload of the only subflow needs no mapping: it continues the one before it, or
 * starts at IDSN + 1. */
void mps_map_fallback(MpsModel *model, Subflow *subflow)
{
    Connection *connection = (Connection *)subflow->public.connection;

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        SubflowEnd *sending = &subflow->end[side];
        const MpsMappings *mappings = &sending->mappings;
        Place place = {model, subflow, side};

        if (sending->implied)
            continue;
        sending->implied = true;
        connection->space[side].has_base = true;
        if (mappings->room.n_items > 0)
            sending->implied_shift = mappings->items[mappings->room.n_items - 1].shift;
        else if (sending->ssn_known)
            sending->implied_shift = -(int64_t)(sending->ssn_zero + 1);
        else
            sending->implied_shift = -(int64_t)sending->lowest;
        resolve(&place, 0, UINT64_MAX, sending->implied_shift);
    }
}

MpsFallbackCause mps_fallback_cause(const char *word, MpsSide by, const Origin *origin)
{
    return (MpsFallbackCause){word, by, origin->packet, origin->capture_id};
}

bool mps_lacks_capable_ack(const Subflow *subflow)
{
    return subflow->third_without_capable && !subflow->end[MPS_SERVER].dss_sent;
}

MpsFallbackCause mps_no_mapping(const Subflow *subflow, MpsDirection direction)
{
    const SubflowEnd *sending = &subflow->end[direction];

    return mps_fallback_cause(sending->mappings.room.n_items > 0 ? "mapping_lost" : "no_mapping",
                              direction, &sending->unmapped.items[0].origin);
}

void mps_set_fallback(MpsModel *model, Subflow *subflow, MpsFallback kind,
                      const MpsFallbackCause *cause)
{
    Connection *connection = (Connection *)subflow->public.connection;
    MpsEvent event = {
        .kind = MPS_EV_SIGNAL,
        .direction = cause->by,
        .connection = &connection->public,
        .subflow = &subflow->public,
        .signal = {.what = MPS_SIGNAL_FALLBACK, .cause = cause->word ? cause : NULL},
    };
    const Origin here = mps_here(model);

    if (connection->public.fallback)
        return;
    connection->public.fallback = kind;
    if (kind == MPS_FALLBACK_NO_SYNACK)
        connection->public.protocol = MPS_PROTOCOL_TCP;
    mps_emit(model, &event, &here);
    mps_map_fallback(model, subflow);
}

void mps_map_clear(SubflowEnd *end)
{
    mps_mappings_clear(&end->mappings);
    if (end->held)
        g_array_unref(end->held);
    MPS_ROOM_FREE(end->unmapped.items, &end->unmapped.room);
    MPS_ROOM_FREE(end->skipped.items, &end->skipped.room);
}
