/* sendlog.c - sorted array of sent segments.  Acknowledged ones stay for a while, because a
 * reinjection wants to know when the first copy was sent. */
#include "model/sendlog.h"

#include <string.h>

#include <glib.h>

/* Acknowledged entries are dropped in one move when there are twice as many as are kept. */
enum { KEEP_ACKED = 4096 };

/* Index of the first entry that ends above @position. */
static size_t find(const MpsSendLog *self, uint64_t position)
{
    size_t low = 0, high = self->n_items, step = 1;

    while (high > low && self->items[high - 1].end > position) {
        const size_t probe = high > low + step ? high - step : low;

        if (self->items[probe].end <= position) {
            low = probe + 1;
            break;
        }
        high = probe;
        step *= 2;
    }
    if (high == self->n_items)
        return high;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (self->items[middle].end <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void note_acked(MpsSendLog *self, int64_t ts_ns)
{
    if (!self->any_acked || ts_ns > self->acked_last_ns)
        self->acked_last_ns = ts_ns;
    self->any_acked = true;
}

static void insert(MpsSendLog *self, size_t at, MpsSent sent)
{
    if (self->n_items == self->n_allocated) {
        self->n_allocated = self->n_allocated ? 2 * self->n_allocated : 16;
        self->items = g_renew(MpsSent, self->items, self->n_allocated);
    }
    memmove(self->items + at + 1, self->items + at, (self->n_items - at) * sizeof *self->items);
    self->items[at] = sent;
    self->n_items++;
    if (at < self->n_acked) { /* fills a hole below what is acknowledged */
        self->n_acked++;
        note_acked(self, sent.last_ns);
    }
}

void mps_sendlog_add(MpsSendLog *self, uint64_t begin, uint64_t end, int64_t ts_ns, uint64_t packet,
                     uint32_t capture_id)
{
    for (size_t at = find(self, begin); begin < end; at++) {
        MpsSent *old = at < self->n_items ? &self->items[at] : NULL;

        if (old && old->begin <= begin) { /* (part of) this one again */
            old->resent = true;
            old->last_ns = ts_ns;
            if (at < self->n_acked)
                note_acked(self, ts_ns);
            begin = MIN(end, old->end);
            continue;
        }

        const uint64_t until = old ? MIN(end, old->begin) : end;

        insert(self, at, (MpsSent){begin, until, ts_ns, ts_ns, packet, capture_id, false});
        begin = until;
    }
}

static void forget(MpsSendLog *self)
{
    const size_t n = self->n_acked - KEEP_ACKED;

    memmove(self->items, self->items + n, (self->n_items - n) * sizeof *self->items);
    self->n_items -= n;
    self->n_acked -= n;
}

bool mps_sendlog_ack(MpsSendLog *self, uint64_t ack, int64_t ts_ns, int64_t *rtt_ns)
{
    bool sample = false;

    while (self->n_acked < self->n_items && self->items[self->n_acked].begin < ack) {
        const MpsSent *sent = &self->items[self->n_acked++];
        const bool overtaken = self->any_acked && self->acked_last_ns > sent->last_ns;

        if (sent->end == ack && !sent->resent && !overtaken) {
            *rtt_ns = ts_ns - sent->last_ns;
            sample = true;
        }
        note_acked(self, sent->last_ns);
    }
    if (self->n_acked > 2 * KEEP_ACKED)
        forget(self);
    return sample;
}

const MpsSent *mps_sendlog_find(const MpsSendLog *self, uint64_t position)
{
    const size_t at = find(self, position);

    return at < self->n_items && self->items[at].begin <= position ? &self->items[at] : NULL;
}

void mps_sendlog_clear(MpsSendLog *self)
{
    g_free(self->items);
    *self = (MpsSendLog){0};
}
