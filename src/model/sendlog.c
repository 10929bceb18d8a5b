/* sendlog.c - sorted array of sent segments.  Acknowledged ones stay for a while, because a
 * reinjection wants to know when the first copy was sent. */
#include "model/sendlog.h"

#include <string.h>

#include <glib.h>

/* Acknowledged entries are dropped in one move when there are twice as many as are kept. */
enum { KEEP_ACKED = 4096 };

/* More than this is not in flight; without acknowledgements the older half is given up. */
enum { MAX_SENT = 1 << 16 };

MPS_ROOM_DEFINE_FIND(find_above, MpsSent, uint64_t)

static size_t find(const MpsSendLog *self, uint64_t position)
{
    return find_above(self->items, self->room.n_items, position);
}

void mps_sendlog_init(MpsSendLog *self)
{
    *self = (MpsSendLog){.acked_last_ns = INT64_MIN, .forgotten_ns = INT64_MIN};
}

/* Something at or after @at is not acknowledged: what stands before it is known again. */
static void rewind_acked(MpsSendLog *self, size_t at)
{
    self->n_acked = at;
    self->acked_last_ns = self->forgotten_ns;
    for (size_t i = 0; i < at; i++)
        self->acked_last_ns = MAX(self->acked_last_ns, self->items[i].last_ns);
}

/* Drops the first @n, taking those that wait for an acknowledgement for acknowledged. */
static void forget(MpsSendLog *self, size_t n)
{
    for (size_t i = 0; i < n; i++)
        self->forgotten_ns = MAX(self->forgotten_ns, self->items[i].last_ns);
    self->acked_last_ns = MAX(self->acked_last_ns, self->forgotten_ns);
    MPS_ROOM_ERASE(self->items, &self->room, 0, n);
    self->n_acked -= MIN(n, self->n_acked);
}

/* Puts [begin, end) of what was sent before @at. */
static void insert(MpsSendLog *self, size_t at, uint64_t begin, uint64_t end,
                   const MpsSent *sending)
{
    MpsSent *sent = MPS_ROOM_INSERT(self->items, &self->room, at);

    *sent = *sending;
    sent->begin = begin;
    sent->end = end;
    sent->last_ns = sending->first_ns;
    if (at < self->n_acked) /* fills a hole below what is acknowledged */
        rewind_acked(self, at);
}

void mps_sendlog_add(MpsSendLog *self, uint64_t begin, uint64_t end, const MpsSent *sending)
{
    bool split = false; /* a part of it has its place already */

    for (size_t at = find(self, begin); begin < end; at++) {
        MpsSent *old = at < self->room.n_items ? &self->items[at] : NULL;

        if (old && old->begin <= begin) { /* (part of) this one again */
            old->resent = true;
            old->latest = sending->latest;
            if (!split)
                old->last_ns = sending->first_ns;
            if (!split && at < self->n_acked)
                self->acked_last_ns = MAX(self->acked_last_ns, sending->first_ns);
            begin = MIN(end, old->end);
        } else {
            const uint64_t until = old ? MIN(end, old->begin) : end;

            insert(self, at, begin, until, sending);
            begin = until;
        }
        split = true;
    }
    if (self->room.n_items > MAX_SENT)
        forget(self, MAX_SENT / 2);
}

bool mps_sendlog_ack(MpsSendLog *self, uint64_t ack, int64_t ts_ns, int64_t *rtt_ns)
{
    bool sample = false;

    for (; self->n_acked < self->room.n_items; self->n_acked++) {
        MpsSent *sent = &self->items[self->n_acked];

        if (sent->begin >= ack)
            break;
        if (!sent->acked && sent->end == ack && !sent->resent &&
            self->acked_last_ns <= sent->last_ns) {
            *rtt_ns = ts_ns - sent->last_ns;
            sample = true;
        }
        sent->acked = true;
        self->acked_last_ns = MAX(self->acked_last_ns, sent->last_ns);
    }
    if (self->n_acked > 2 * KEEP_ACKED)
        forget(self, self->n_acked - KEEP_ACKED);
    return sample;
}

const MpsSent *mps_sendlog_find(const MpsSendLog *self, uint64_t position)
{
    const size_t at = find(self, position);

    return at < self->room.n_items && self->items[at].begin <= position ? &self->items[at] : NULL;
}

void mps_sendlog_clear(MpsSendLog *self)
{
    MPS_ROOM_FREE(self->items, &self->room);
    mps_sendlog_init(self);
}
