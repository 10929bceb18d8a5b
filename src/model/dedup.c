/* dedup.c - a four-way table of fingerprints; within a set the oldest makes room. */
#include "model/dedup.h"

#include <string.h>

#include <glib.h>

/* Room for the packets of a second on a link of some hundred Mbit/s; a duplicate mostly comes
 * within microseconds. */
enum { SETS = 1 << 14, WAYS = 4, RECENT = 1 << 16 };

static const int64_t ELSEWHERE_NS = 1000 * 1000 * 1000;
static const int64_t SAME_PLACE_NS = 100 * 1000;

/* A packet that may be repeated.  The ring of them is written in order; what packets are looked for
 * in is so small that it stays in the processor's cache. */
typedef struct {
    uint64_t print, place, packet;
    int64_t ts_ns;
    uint32_t capture_id;
    bool kept; /* not zeroed memory */
} Recent;

/* The youngest first: bits of the fingerprint, and the packet's place in the ring, which another
 * one may have taken. */
typedef struct {
    uint16_t tag, at;
} Way;

struct _MpsDedup {
    const Recent *found; /* what the last segment repeats, or NULL */
    uint16_t next;       /* place in the ring */
    Way sets[SETS][WAYS];
    Recent recent[RECENT];
};

MpsDedup *mps_dedup_new(void)
{
    return g_new0(MpsDedup, 1);
}

static bool is_duplicate(const MpsSegment *segment, const Recent *before)
{
    const int64_t age_ns = segment->ts_ns - before->ts_ns;
    /* A host sends many a one that looks like the one before: ACKs, and a RST for each late segment
     * that comes in. */
    const bool bare =
        segment->payload_bytes == 0 && !(segment->flags & (MPS_TCP_SYN | MPS_TCP_FIN));

    if (before->place != segment->place)
        return age_ns <= ELSEWHERE_NS;
    return age_ns <= SAME_PLACE_NS && !(bare && segment->ip_id == 0);
}

/* The way of @print in @set; WAYS: it was not seen, or long ago. */
static size_t find(const MpsDedup *self, const Way *set, uint64_t print, uint16_t tag)
{
    for (size_t way = 0; way < WAYS; way++) {
        if (G_LIKELY(set[way].tag != tag))
            continue;

        const Recent *recent = &self->recent[set[way].at];

        if (recent->kept && recent->print == print)
            return way;
    }
    return WAYS;
}

bool mps_dedup_seen(MpsDedup *self, const MpsSegment *segment)
{
    Way *const set = self->sets[segment->print % SETS];
    const uint16_t tag = (uint16_t)(segment->print >> 48);
    const size_t way = find(self, set, segment->print, tag);

    self->found = NULL;
    if (G_LIKELY(way == WAYS)) {
        memmove(set + 1, set, (WAYS - 1) * sizeof *set);
    } else {
        const Recent *before = &self->recent[set[way].at];

        if (is_duplicate(segment, before)) {
            self->found = before;
            return true;
        }
        memmove(set + 1, set, way * sizeof *set);
    }
    set[0] = (Way){tag, self->next};
    self->recent[self->next++] = (Recent){
        .print = segment->print,
        .place = segment->place,
        .packet = segment->packet,
        .ts_ns = segment->ts_ns,
        .capture_id = segment->capture_id,
        .kept = true,
    };
    return false;
}

void mps_dedup_found(const MpsDedup *self, uint64_t *packet, uint32_t *capture_id)
{
    *packet = self->found ? self->found->packet : 0;
    *capture_id = self->found ? self->found->capture_id : 0;
}

void mps_dedup_image(MpsDedup *self, MpsImage *image)
{
    MPS_IMAGE(image, self->next);
    MPS_IMAGE(image, self->sets);
    MPS_IMAGE(image, self->recent);
}

void mps_dedup_free(MpsDedup *self)
{
    g_free(self);
}
