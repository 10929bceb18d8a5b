/* fragments.c - a ring of first fragments. */
#include "pipeline/fragments.h"

#include <string.h>

#include "util/mix.h"

enum { KEPT = 128, FIXED_HEADER_BYTES = 20 };

/* Hosts give up a datagram after that time at the latest (Linux, RFC 8200 sets twice as much). */
static const int64_t KEPT_NS = INT64_C(30) * 1000 * 1000 * 1000;

typedef struct {
    int64_t ts_ns;
    MpsEndpoint src, dst;
    uint64_t print;
    uint32_t id, seq, ack, tsval, tsecr;
    uint16_t window, ip_id;
    uint8_t flags, tcp_options, option_bytes;
    bool fin;
} First;

struct _MpsFragments {
    First kept[KEPT];
    unsigned n, next;
};

MpsFragments *mps_fragments_new(void)
{
    return g_new0(MpsFragments, 1);
}

void mps_fragments_first(MpsFragments *self, const MpsSegment *segment)
{
    self->kept[self->next] = (First){
        .ts_ns = segment->ts_ns,
        .src = segment->src,
        .dst = segment->dst,
        .print = segment->print,
        .id = segment->fragment.id,
        .seq = segment->seq + (segment->flags & MPS_TCP_SYN ? 1 : 0),
        .ack = segment->ack,
        .tsval = segment->tsval,
        .tsecr = segment->tsecr,
        .window = segment->window,
        .ip_id = segment->ip_id,
        .flags = segment->flags & (MPS_TCP_ACK | MPS_TCP_PSH),
        .tcp_options = segment->tcp_options & MPS_TCPOPT_TIMESTAMP,
        .option_bytes = segment->option_bytes,
        .fin = segment->fragment.fin,
    };
    self->next = (self->next + 1) % KEPT;
    self->n = MIN(self->n + 1, (unsigned)KEPT);
}

static bool same_address(const MpsAddress *a, const MpsAddress *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The latest first fragment of the same datagram, or NULL. */
static const First *find(const MpsFragments *self, const MpsSegment *fragment)
{
    for (unsigned i = 1; i <= self->n; i++) {
        const First *first = &self->kept[(self->next + KEPT - i) % KEPT];

        if (first->id == fragment->fragment.id && fragment->ts_ns - first->ts_ns <= KEPT_NS &&
            same_address(&first->src.address, &fragment->src.address) &&
            same_address(&first->dst.address, &fragment->dst.address))
            return first;
    }
    return NULL;
}

bool mps_fragments_later(const MpsFragments *self, MpsSegment *fragment)
{
    const First *first = find(self, fragment);
    const uint32_t header_bytes = first ? FIXED_HEADER_BYTES + (uint32_t)first->option_bytes : 0;

    if (!first || fragment->fragment.offset_bytes < header_bytes)
        return false;
    fragment->src.port = first->src.port;
    fragment->dst.port = first->dst.port;
    fragment->ip_id = first->ip_id;
    fragment->print = mps_mix(first->print, (uint64_t)fragment->fragment.offset_bytes << 32 |
                                                fragment->payload_bytes);
    fragment->seq = first->seq + fragment->fragment.offset_bytes - header_bytes;
    fragment->ack = first->ack;
    fragment->window = first->window;
    fragment->flags = first->flags;
    if (first->fin && !fragment->fragment.more)
        fragment->flags |= MPS_TCP_FIN;
    fragment->tcp_options = first->tcp_options;
    fragment->tsval = first->tsval;
    fragment->tsecr = first->tsecr;
    fragment->options_cut = true;
    fragment->options_malformed = false;
    fragment->option_bytes = 0;
    fragment->mss = 0;
    fragment->wscale = 0;
    fragment->n_sack = 0;
    fragment->n_mptcp = 0;
    fragment->n_opaque = 0;
    return true;
}

void mps_fragments_image(MpsFragments *self, MpsImage *image)
{
    mps_image_bytes(image, self, sizeof *self);
}

void mps_fragments_free(MpsFragments *self)
{
    g_free(self);
}
