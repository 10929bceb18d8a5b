/* dataspace.c - the data sequence space of one direction: who sent which byte first, and the ledger
 * of new, reinjected, remapped and orphaned bytes (RFC 8684 section 3.3).
 *
 * For every byte the very first sending decides: a subflow and a shift between its positions and
 * data offsets.  A byte counts as sent when it was captured or when its subflow's payload went on
 * beyond it (the tap missed it).  Then each captured payload byte is one of
 *   the first sending itself   -> new, or overtaken if another subflow's copy was captured before;
 *   another sending, same subflow             -> remapped;
 *   another subflow, not shown there before   -> reinjected;
 *   another subflow, shown there before       -> remapped.
 * With in_union = captured somehow and shown = the first sending was captured, the ledger is exact:
 *   sum(unique) - unmapped - remapped = data + reinjected - orphaned,
 * where orphaned = in the union, first sending never captured. */
#include "model/state.h"

#include <string.h>

/* Runs kept per direction once they are acknowledged, far more than any window holds; twice as many
 * where nobody acknowledges. */
enum { MAX_RUNS = 1 << 15 };

/* Stretches of what a subflow showed again, apart from each other; the older half of more is
 * forgotten. */
enum { MAX_SHOWN_AGAIN = 1 << 15 };

/* Range sets hold unsigned numbers; data offsets may be negative (SYN data). */
#define BIAS ((uint64_t)1 << 63)

static inline uint64_t biased(int64_t offset)
{
    return (uint64_t)offset + BIAS;
}

/* Offsets further out than this are lies; keeps all sums inside 64 bits. */
#define SANE_OFFSET ((int64_t)1 << 60)

/* An 8-byte number completes a base of which only 4 bytes are known. */
static int64_t expand(DataSpace *space, uint64_t dsn, bool is_64, int64_t reference)
{
    if (is_64 && !space->base_is_32)
        return (int64_t)(dsn - space->base);

    const int64_t offset =
        reference + (int32_t)((uint32_t)dsn - (uint32_t)(space->base + (uint64_t)reference));

    if (is_64) {
        space->base = dsn - (uint64_t)offset;
        space->base_is_32 = false;
    }
    return offset;
}

static void set_base(DataSpace *space, uint64_t dsn, bool is_64)
{
    if (space->has_base)
        return;
    space->has_base = true;
    space->base_is_32 = !is_64;
    space->base = dsn;
}

/* The IDSN became known.  What was numbered from another base moves along, unless data has got its
 * place already. */
void mps_space_idsn(DataSpace *space, uint64_t idsn)
{
    const int64_t shift = space->base_is_32
                              ? (int32_t)((uint32_t)space->base - (uint32_t)(idsn + 1))
                              : (int64_t)(space->base - (idsn + 1));

    if (space->has_base && space->mapped)
        return;
    if (space->has_base) {
        space->last += shift;
        space->acked += shift;
        space->fin += shift;
    }
    space->has_base = true;
    space->base_is_32 = false;
    space->base = idsn + 1;
}

/* Turns a DSN into a data offset; the first number seen becomes offset 0 if the IDSN is unknown.
 * A 4-byte DSN is expanded against the sender's own highest DSN (RFC 8684 section 3.3.1).  False if
 * the number cannot be true. */
bool mps_space_dsn(DataSpace *space, uint64_t dsn, bool is_64, int64_t *offset)
{
    set_base(space, dsn, is_64);
    *offset = expand(space, dsn, is_64, space->last);
    return *offset<SANE_OFFSET && * offset> - SANE_OFFSET;
}

/* The same for a DATA_ACK, expanded against the highest DATA_ACK.  An acknowledgement that is 4 GiB
 * off cannot be true. */
bool mps_space_data_ack(DataSpace *space, uint64_t dsn, bool is_64, int64_t *offset)
{
    set_base(space, dsn, is_64);

    const int64_t reference = space->has_acked ? space->acked : 0;

    *offset = expand(space, dsn, is_64, reference);
    return *offset<SANE_OFFSET && * offset> - SANE_OFFSET &&
           ABS(*offset - MAX(reference, space->last)) < (int64_t)1 << 32;
}

MPS_ROOM_DEFINE_FIND(find_above, Run, int64_t)

static size_t find(const DataSpace *space, int64_t offset)
{
    return find_above(space->runs, space->room.n_items, offset);
}

static bool joins(const Run *left, const Run *right)
{
    return left->end == right->begin && left->first == right->first &&
           left->shift == right->shift && left->shown == right->shown &&
           left->in_union == right->in_union && left->skipped == right->skipped &&
           (!left->skipped || left->first_order == right->first_order);
}

/* Whether payload of @subflow that is shown for the first time anywhere, from @begin on, goes on
 * where @run ends: a run of it would join that one. */
static bool continues(const Run *run, int64_t begin, int64_t shift, const Subflow *subflow)
{
    return run->end == begin && run->first == subflow && run->shift == shift && run->shown &&
           run->in_union && !run->skipped;
}

/* The next expected byte moves on over what is in the union from run @at on, and over everything
 * below @below. */
static void move_next(const DataSpace *space, MpsConnectionSide *side, size_t at, int64_t below)
{
    for (; at < space->room.n_items; at++) {
        const Run *run = &space->runs[at];

        if (run->begin > MAX(side->next, below) || (!run->in_union && run->end > below))
            break;
        if (run->end <= side->next)
            continue;
        if (run->in_union)
            side->ofo_bytes -= (uint64_t)(run->end - MAX(run->begin, side->next));
        side->next = run->end;
    }
    side->next = MAX(side->next, below);
}

/* All data below @offset has arrived, whatever the capture shows of it. */
void mps_space_acked(Connection *connection, MpsDirection direction, int64_t offset)
{
    MpsConnectionSide *side = &connection->public.side[direction];
    const DataSpace *space = &connection->space[direction];

    if (side->has_next && offset > side->next)
        move_next(space, side, find(space, side->next), offset);
}

/* [begin, end), in run @at, has just joined the union. */
static void arrive(Connection *connection, MpsSide sender, size_t at, int64_t begin, int64_t end)
{
    MpsConnectionSide *side = &connection->public.side[sender];
    const DataSpace *space = &connection->space[sender];

    if (!side->has_next) {
        side->has_next = true;
        side->next = side->has_idsn ? MIN(begin, 0) : begin;
        if (space->has_acked)
            side->next =
                MAX(side->next, space->has_fin ? MIN(space->acked, space->fin) : space->acked);
    }
    if (end <= side->next)
        return;
    side->ofo_bytes += (uint64_t)(end - MAX(begin, side->next));
    if (begin <= side->next)
        move_next(space, side, at, INT64_MIN);
}

/* Drops the oldest quarter of the runs, as far as they are acknowledged at the data level. */
static void forget(DataSpace *space, MpsConnectionSide *side)
{
    size_t n = 0;

    while (n < space->room.n_items / 4 &&
           (space->room.n_items > 2 * MAX_RUNS ||
            (space->has_acked && space->runs[n].end <= space->acked)))
        n++;
    if (n == 0)
        return;
    space->forgotten = space->runs[n - 1].end;
    if (side->has_next && side->next < space->forgotten)
        move_next(space, side, find(space, side->next), space->forgotten);
    MPS_ROOM_ERASE(space->runs, &space->room, 0, n);
}

static void insert(DataSpace *space, size_t at, Run run)
{
    *MPS_ROOM_INSERT(space->runs, &space->room, at) = run;
}

/* Melts run @at with its neighbours where they are alike. */
static void melt(DataSpace *space, size_t at)
{
    for (size_t left = at + 1; left > at - (at > 0); left--) {
        if (left == 0 || left >= space->room.n_items ||
            !joins(&space->runs[left - 1], &space->runs[left]))
            continue;
        space->runs[left - 1].end = space->runs[left].end;
        MPS_ROOM_ERASE(space->runs, &space->room, left, 1);
    }
}

/* Cuts run @at so that [begin, end) inside it stands alone; returns its index. */
static size_t isolate(DataSpace *space, size_t at, int64_t begin, int64_t end)
{
    if (space->runs[at].begin < begin) {
        Run right = space->runs[at];

        right.begin = begin;
        space->runs[at].end = begin;
        insert(space, ++at, right);
    }
    if (space->runs[at].end > end) {
        Run right = space->runs[at];

        right.begin = end;
        space->runs[at].end = end;
        insert(space, at + 1, right);
    }
    return at;
}

static Run new_run(int64_t begin, int64_t end, int64_t shift, Subflow *first, bool shown,
                   const Origin *origin)
{
    return (Run){.begin = begin,
                 .end = end,
                 .shift = shift,
                 .first = first,
                 .first_ns = origin->ts_ns,
                 .first_order = origin->order,
                 .skipped = !shown,
                 .shown = shown,
                 .in_union = shown};
}

/* When the first byte of run's part at @offset was first sent. */
static Origin first_sent(const Run *run, int64_t offset, MpsSide sender)
{
    Origin origin = {.ts_ns = run->first_ns, .order = run->first_order};

    if (!run->skipped) {
        const MpsSent *sent =
            mps_sendlog_find(&run->first->end[sender].log, (uint64_t)(offset - run->shift));

        if (sent)
            origin = (Origin){sent->first_ns, sent->order, sent->packet, sent->capture_id};
    }
    return origin;
}

/* End of the part of @run from @offset on that was first sent together with that byte. */
static int64_t first_sent_end(const Run *run, int64_t offset, MpsSide sender)
{
    const MpsSent *sent = run->skipped ? NULL
                                       : mps_sendlog_find(&run->first->end[sender].log,
                                                          (uint64_t)(offset - run->shift));

    return sent ? MIN(run->end, (int64_t)sent->end + run->shift) : run->end;
}

/* Whether a sending at @origin with @shift, seen late, was before the recorded first sending of
 * @offset.  Within one packet the lower subflow position counts as first. */
static bool sent_before(const Origin *origin, int64_t shift, const Run *run, int64_t offset,
                        MpsSide sender)
{
    const Origin first = first_sent(run, offset, sender);

    return origin->order < first.order || (origin->order == first.order && shift > run->shift);
}

/* What there is to say of a showing, besides where and when. */
typedef struct {
    MpsDataClass class;
    uint64_t union_bytes; /* new to the union */
    const Run *from;      /* REINJECTED: whose first sending it repeats, NULL = forgotten */
    bool revised;         /* told of before as something else */
    bool filled;          /* the subflow had skipped it before */
} Told;

/* Reports that [begin, end) was captured on @subflow at @origin. */
static void tell(MpsModel *model, Subflow *subflow, MpsSide sender, int64_t begin, int64_t end,
                 const Origin *origin, Told told)
{
    const DataSpace *space = &((Connection *)subflow->public.connection)->space[sender];

    if (!wanted(model, MPS_EV_DATA))
        return;

    const Origin from =
        told.from ? first_sent(told.from, begin, sender) : (Origin){.ts_ns = MPS_NO_TIME};
    MpsEvent event = {
        .kind = MPS_EV_DATA,
        .direction = sender,
        .connection = subflow->public.connection,
        .subflow = &subflow->public,
        .data = {.class = told.class,
                 .offset = begin,
                 .bytes = (uint64_t)(end - begin),
                 .union_bytes = told.union_bytes,
                 .from = told.from ? &told.from->first->public : NULL,
                 .from_ns = from.ts_ns,
                 .from_packet = from.packet,
                 .from_capture_id = from.capture_id,
                 .revised = told.revised,
                 .filled = told.filled,
                 .acked = space->has_acked && space->acked >= end},
    };

    mps_emit(model, &event, origin);
}

/* Run @at belongs to the union from now on.  Returns how many bytes that adds. */
static uint64_t join_union(Connection *connection, MpsSide sender, size_t at)
{
    Run *run = &connection->space[sender].runs[at];
    const uint64_t bytes = (uint64_t)(run->end - run->begin);

    if (run->in_union)
        return 0;
    run->in_union = true;
    connection->public.side[sender].data_bytes += bytes;
    run->first->public.side[sender].ledger.data_bytes += bytes;
    if (!run->shown)
        run->first->public.side[sender].ledger.orphaned_bytes += bytes;
    arrive(connection, sender, at, run->begin, run->end);
    return bytes;
}

/* Returns how many bytes of [begin, end) @subflow had shown again before. */
static uint64_t note_again(Subflow *subflow, MpsSide sender, int64_t begin, int64_t end)
{
    MpsRanges *again = &subflow->end[sender].shown_again;
    const uint64_t before = mps_ranges_add(again, biased(begin), biased(end));

    if (again->room.n_items > MAX_SHOWN_AGAIN)
        mps_ranges_drop_below(again, again->items[MAX_SHOWN_AGAIN / 2].begin);
    return before;
}

/* [begin, end), part of run @at, was captured on @subflow, which is not its first sending.  Splits
 * it into what this subflow shows for the first time and what not. */
static void show_again(MpsModel *model, Subflow *subflow, MpsSide sender, size_t at, int64_t begin,
                       int64_t end, const Origin *origin)
{
    Connection *connection = (Connection *)subflow->public.connection;
    DataSpace *space = &connection->space[sender];
    MpsLedger *ledger = &subflow->public.side[sender].ledger;
    const MpsRanges *again = &subflow->end[sender].shown_again;
    const bool same = space->runs[at].first == subflow;
    const int64_t first = begin;

    if (!space->runs[at].in_union)
        at = isolate(space, at, begin, end);

    const Run run = space->runs[at];
    uint64_t union_bytes = join_union(connection, sender, at);

    while (begin < end) {
        uint64_t gap = biased(begin), gap_end = biased(end);
        const bool any_new = !same && mps_ranges_next_gap(again, &gap, biased(end), &gap_end);
        const int64_t new_begin = any_new ? (int64_t)(gap - BIAS) : end;
        const int64_t new_end = any_new ? (int64_t)(gap_end - BIAS) : end;

        if (begin < new_begin) {
            ledger->remapped_bytes += (uint64_t)(new_begin - begin);
            tell(model, subflow, sender, begin, new_begin, origin,
                 (Told){MPS_DATA_REMAPPED, .union_bytes = union_bytes});
            union_bytes = 0;
        }
        if (new_begin < new_end) {
            ledger->reinjected_bytes += (uint64_t)(new_end - new_begin);
            tell(model, subflow, sender, new_begin, new_end, origin,
                 (Told){MPS_DATA_REINJECTED, .union_bytes = union_bytes, .from = &run});
            union_bytes = 0;
        }
        begin = new_end;
    }
    note_again(subflow, sender, first, end);
    melt(space, at);
}

/* Finds when @subflow showed the data at @offset by another mapping than the one with @but_shift:
 * the end of the part of [offset, end) shown together, and when. */
static int64_t other_showing(const Subflow *subflow, MpsSide sender, int64_t offset, int64_t end,
                             int64_t but_shift, Origin *origin)
{
    const SubflowEnd *sending = &subflow->end[sender];

    for (size_t i = sending->mappings.room.n_items; i-- > 0;) {
        const MpsMapping *mapping = &sending->mappings.items[i];
        const uint64_t position = (uint64_t)(offset - mapping->shift);
        const MpsSent *sent;

        if (mapping->shift == but_shift || position < mapping->begin || position >= mapping->end)
            continue;
        sent = mps_sendlog_find(&sending->log, position);
        if (!sent)
            continue;
        *origin = (Origin){sent->first_ns, sent->order, sent->packet, sent->capture_id};
        return MIN(end, offset + (int64_t)(MIN(mapping->end, sent->end) - position));
    }
    return end;
}

/* @subflow only skipped [begin, end), is no longer the first sender of it, and showed parts of it
 * by other mappings: what was a remapping is a reinjection. */
static void remapped_to_reinjected(MpsModel *model, Subflow *subflow, MpsSide sender,
                                   const Run *run, const Run *old, const Origin *now)
{
    MpsLedger *ledger = &subflow->public.side[sender].ledger;
    const MpsRanges *again = &subflow->end[sender].shown_again;

    for (int64_t at = run->begin; at < run->end;) {
        uint64_t gap = biased(at), gap_end = gap;
        const bool any_gap = mps_ranges_next_gap(again, &gap, biased(run->end), &gap_end);
        const int64_t until = any_gap ? (int64_t)(gap - BIAS) : run->end;

        while (at < until) {
            Origin origin = *now;
            const int64_t part_end = other_showing(subflow, sender, at, until, old->shift, &origin);

            ledger->remapped_bytes -= (uint64_t)(part_end - at);
            ledger->reinjected_bytes += (uint64_t)(part_end - at);
            tell(model, subflow, sender, at, part_end, &origin,
                 (Told){MPS_DATA_REINJECTED, .from = run, .revised = true});
            at = part_end;
        }
        at = any_gap ? (int64_t)(gap_end - BIAS) : run->end;
    }
}

/* The first sending @old of [begin, end) was captured, and is not the first any more: on the same
 * subflow as run @at it is a remapping, on another one a reinjection, whatever that showed since.
 */
static void show_displaced(MpsModel *model, const Run *old, MpsSide sender, size_t at,
                           int64_t begin, int64_t end, const Origin *now)
{
    Subflow *subflow = old->first;
    DataSpace *space = &((Connection *)subflow->public.connection)->space[sender];
    MpsLedger *ledger = &subflow->public.side[sender].ledger;
    const Run run = space->runs[at];
    const bool same = run.first == subflow;

    if (same)
        ledger->remapped_bytes += (uint64_t)(end - begin);
    else
        ledger->reinjected_bytes += (uint64_t)(end - begin);
    note_again(subflow, sender, begin, end);
    while (begin < end) {
        const MpsSent *sent =
            mps_sendlog_find(&subflow->end[sender].log, (uint64_t)(begin - old->shift));
        const int64_t until = sent ? MIN(end, (int64_t)sent->end + old->shift) : end;
        const Origin origin =
            sent ? (Origin){sent->first_ns, sent->order, sent->packet, sent->capture_id} : *now;

        tell(model, subflow, sender, begin, until, &origin,
             (Told){same ? MPS_DATA_REMAPPED : MPS_DATA_REINJECTED, .from = same ? NULL : &run,
                    .revised = true});
        begin = until;
    }
    melt(space, at);
}

/* [begin, end) of run @at was sent by @subflow before the recorded first sender did so: a mapping
 * seen late tells of it.  The old first sending becomes a reinjection if it was captured. */
static void displace(MpsModel *model, Subflow *subflow, MpsSide sender, size_t at, int64_t begin,
                     int64_t end, int64_t shift, bool shown, const Origin *origin)
{
    Connection *connection = (Connection *)subflow->public.connection;
    DataSpace *space = &connection->space[sender];
    const uint64_t bytes = (uint64_t)(end - begin);

    at = isolate(space, at, begin, end);

    Run *run = &space->runs[at];
    const Run old = *run;
    MpsLedger *old_ledger = &old.first->public.side[sender].ledger;
    MpsLedger *ledger = &subflow->public.side[sender].ledger;
    uint64_t union_bytes = 0;

    run->first = subflow;
    run->shift = shift;
    run->first_ns = origin->ts_ns;
    run->first_order = origin->order;
    run->skipped = !shown;
    run->shown = shown;
    if (old.in_union) {
        old_ledger->data_bytes -= bytes;
        ledger->data_bytes += bytes;
        if (!old.shown)
            old_ledger->orphaned_bytes -= bytes;
        if (!shown)
            ledger->orphaned_bytes += bytes;
        if (old.first != subflow) {
            /* What this subflow showed before was counted as reinjected; it is a remapping. */
            const uint64_t again =
                mps_ranges_covered(&subflow->end[sender].shown_again, biased(begin), biased(end));

            ledger->reinjected_bytes -= again;
            ledger->remapped_bytes += again;
        }
    } else if (shown) {
        run->in_union = true;
        union_bytes = bytes;
        connection->public.side[sender].data_bytes += bytes;
        ledger->data_bytes += bytes;
        arrive(connection, sender, at, begin, end);
    }
    if (shown)
        tell(model, subflow, sender, begin, end, origin,
             (Told){MPS_DATA_NEW, .union_bytes = union_bytes});
    if (old.shown)
        show_displaced(model, &old, sender, at, begin, end, origin);
    else if (old.first != subflow)
        remapped_to_reinjected(model, old.first, sender, &space->runs[at], &old, origin);
}

/* Bytes whose runs have been forgotten: sent long ago, by a first sender that is not known any
 * more. */
static int64_t show_forgotten(MpsModel *model, Subflow *subflow, MpsSide sender, int64_t begin,
                              int64_t end, const Origin *origin)
{
    const DataSpace *space = &((Connection *)subflow->public.connection)->space[sender];

    if (begin >= space->forgotten)
        return begin;
    end = MIN(end, space->forgotten);

    MpsLedger *ledger = &subflow->public.side[sender].ledger;
    const uint64_t again = note_again(subflow, sender, begin, end);

    ledger->remapped_bytes += again;
    ledger->reinjected_bytes += (uint64_t)(end - begin) - again;
    tell(model, subflow, sender, begin, end, origin,
         (Told){again ? MPS_DATA_REMAPPED : MPS_DATA_REINJECTED});
    return end;
}

/* New payload of @subflow, captured at @origin, carries the data [begin, end). */
void mps_space_shown(MpsModel *model, Subflow *subflow, MpsSide sender, int64_t begin, int64_t end,
                     int64_t shift, const Origin *origin)
{
    Connection *connection = (Connection *)subflow->public.connection;
    DataSpace *space = &connection->space[sender];
    const bool late = origin->order < model->order;

    begin = show_forgotten(model, subflow, sender, begin, end, origin);
    while (begin < end) {
        size_t at = find(space, begin);
        const Run *run = at < space->room.n_items ? &space->runs[at] : NULL;

        if (!run || run->begin > begin) { /* never sent before */
            const int64_t until = run ? MIN(end, run->begin) : end;
            const uint64_t bytes = (uint64_t)(until - begin);

            connection->public.side[sender].data_bytes += bytes;
            subflow->public.side[sender].ledger.data_bytes += bytes;
            if (at > 0 && continues(&space->runs[at - 1], begin, shift, subflow))
                space->runs[--at].end = until;
            else
                insert(space, at, new_run(begin, until, shift, subflow, true, origin));
            if (run) /* behind the last one there is nothing to melt with */
                melt(space, at);
            arrive(connection, sender, at, begin, until);
            tell(model, subflow, sender, begin, until, origin,
                 (Told){MPS_DATA_NEW, .union_bytes = bytes});
            begin = until;
            continue;
        }

        const int64_t until = MIN(end, late ? first_sent_end(run, begin, sender) : run->end);

        if (run->first == subflow && run->shift == shift && !run->shown) { /* fills its own hole */
            at = isolate(space, at, begin, until);

            Run *own = &space->runs[at];
            const uint64_t bytes = (uint64_t)(until - begin);
            const bool overtaken = own->in_union;

            own->shown = true;
            if (overtaken)
                subflow->public.side[sender].ledger.orphaned_bytes -= bytes;
            else
                join_union(connection, sender, at);
            melt(space, at);
            tell(model, subflow, sender, begin, until, origin,
                 (Told){overtaken ? MPS_DATA_OVERTAKEN : MPS_DATA_NEW,
                        .union_bytes = overtaken ? 0 : bytes, .filled = true});
        } else if (late && sent_before(origin, shift, run, begin, sender)) {
            displace(model, subflow, sender, at, begin, until, shift, true, origin);
        } else {
            show_again(model, subflow, sender, at, begin, until, origin);
        }
        begin = until;
    }
    if (space->room.n_items > MAX_RUNS)
        forget(space, &connection->public.side[sender]);
}

/* @subflow's payload went on beyond positions that carry the data [begin, end) at @origin: they
 * count as sent then, though the tap has not captured them. */
void mps_space_skipped(MpsModel *model, Subflow *subflow, MpsSide sender, int64_t begin,
                       int64_t end, int64_t shift, const Origin *origin)
{
    Connection *connection = (Connection *)subflow->public.connection;
    DataSpace *space = &connection->space[sender];
    const bool late = origin->order < model->order;

    begin = MAX(begin, space->forgotten);
    while (begin < end) {
        const size_t at = find(space, begin);
        const Run *run = at < space->room.n_items ? &space->runs[at] : NULL;
        int64_t until = run ? MIN(end, MAX(run->begin, begin)) : end;

        if (!run || run->begin > begin) {
            insert(space, at, new_run(begin, until, shift, subflow, false, origin));
            melt(space, at);
        } else {
            until = MIN(end, late ? first_sent_end(run, begin, sender) : run->end);
            if (late && sent_before(origin, shift, run, begin, sender))
                displace(model, subflow, sender, at, begin, until, shift, false, origin);
        }
        begin = until;
    }
    if (space->room.n_items > MAX_RUNS)
        forget(space, &connection->public.side[sender]);
}

void mps_space_clear(DataSpace *space)
{
    MPS_ROOM_FREE(space->runs, &space->room);
    *space = (DataSpace){0};
}
