/* resend.c - see resend.h. */
#include "metrics/resend.h"

#define MS_NS ((int64_t)1000 * 1000)

/* RFC 6298 section 2.1: the timer before there is any sample. */
static const int64_t FIRST_RTO_NS = 1000 * MS_NS;
/* The RFC's minimum of 1 s is used by few: Linux and FreeBSD wait this long beyond the RTT. */
static const int64_t LEAST_RTO_NS = 200 * MS_NS;
/* RFC 8985 section 7.2: a probe for a single segment allows for an ACK delayed by this. */
static const int64_t DELAYED_ACK_NS = 200 * MS_NS;
/* RFC 5681 section 3.2. */
enum { DUP_ACKS = 3 };
/* More holes than this are not told apart in time; more SACKed ranges than twice KEEP_SACKED are
 * those of somebody who means harm. */
enum { MAX_HOLES = 256, KEEP_SACKED = 2048 };

MPS_ROOM_DEFINE_FIND(find_hole, MpsHole, int64_t)

const char *mps_resend_name(MpsResend class)
{
    static const char *const names[] = {
        [MPS_RESEND_FAST] = "fast",
        [MPS_RESEND_TIMEOUT] = "timeout",
        [MPS_RESEND_TAIL_PROBE] = "tail_probe",
        [MPS_RESEND_SPURIOUS] = "spurious",
        [MPS_RESEND_NETWORK_DUPLICATE] = "network_duplicate",
        [MPS_RESEND_REORDERING] = "reordering",
        [MPS_RESEND_WINDOW_PROBE] = "window_probe",
        [MPS_RESEND_KEEP_ALIVE] = "keep_alive",
        [MPS_RESEND_UNKNOWN] = "unknown",
    };

    return names[class];
}

/* Whether time stamp @a is older than @b (RFC 7323 section 5.2). */
static bool is_older(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static MpsSide receiver_of(MpsDirection direction)
{
    return direction == MPS_C2S ? MPS_SERVER : MPS_CLIENT;
}

static bool has_tsval(const MpsSegment *wire)
{
    return wire->tcp_options & MPS_TCPOPT_TIMESTAMP;
}

/* Smallest RTT between the hosts, as sum of what the tap measures to both sides; 0: not known. */
static int64_t min_rtt_ns(const MpsSubflow *subflow)
{
    int64_t sum_ns = 0;

    for (int side = 0; side < 2; side++)
        if (subflow->side[side].rtt_samples > 0)
            sum_ns += subflow->side[side].rtt_min_ns;
    return sum_ns;
}

static int64_t rto_ns(const MpsResendView *self)
{
    return self->srtt_ns == 0 ? FIRST_RTO_NS
                              : self->srtt_ns + MAX(4 * self->rttvar_ns, LEAST_RTO_NS);
}

/* RFC 6298 section 2, with the tap's distance from the sender added to what it measures. */
void mps_resend_rtt(MpsResendView *self, const MpsEvent *event)
{
    const MpsSubflowSide *back = &event->subflow->side[receiver_of(event->direction)];
    const int64_t rtt_ns =
        MAX(event->rtt.rtt_ns + (back->rtt_samples > 0 ? back->rtt_min_ns : 0), 1);

    if (self->srtt_ns == 0) {
        self->srtt_ns = rtt_ns;
        self->rttvar_ns = rtt_ns / 2;
        return;
    }
    self->rttvar_ns += (ABS(self->srtt_ns - rtt_ns) - self->rttvar_ns) / 4;
    self->srtt_ns = MAX(self->srtt_ns + (rtt_ns - self->srtt_ns) / 8, 1);
}

/* The hole that [begin, end) fills, or part of it. */
static const MpsHole *hole_of(const MpsResendView *self, int64_t begin, int64_t end)
{
    const size_t at = find_hole(self->holes, self->n_holes.n_items, begin);

    return at < self->n_holes.n_items && self->holes[at].begin < end ? &self->holes[at] : NULL;
}

static G_GNUC_NO_INLINE void note_hole(MpsResendView *self, int64_t begin, int64_t end,
                                       const MpsEvent *event)
{
    const MpsSegment *wire = event->segment.wire;

    *MPS_ROOM_INSERT(self->holes, &self->n_holes, self->n_holes.n_items) =
        (MpsHole){begin, end, {event->ts_ns, wire->tsval, wire->ip_id, has_tsval(wire)}};
    if (self->n_holes.n_items > MAX_HOLES)
        MPS_ROOM_ERASE(self->holes, &self->n_holes, 0, MAX_HOLES / 2);
}

/* RFC 9293 sections 3.8.4 and 3.8.6.1: at most one byte, the last one acknowledged or, into a
 * closed window, the first one that is not. */
static MpsResend probe(const MpsResendView *self, const MpsEvent *event, int64_t begin)
{
    const MpsSegment *wire = event->segment.wire;

    if (!self->any_acked || wire->payload_bytes > 1 || wire->flags & (MPS_TCP_SYN | MPS_TCP_FIN) ||
        (wire->payload_bytes == 0 && event->subflow->side[event->direction].fin_ns != MPS_NO_TIME))
        return MPS_RESEND_NONE;
    if (self->window_closed &&
        (begin == self->acked - 1 || (begin == self->acked && wire->payload_bytes == 1)))
        return MPS_RESEND_WINDOW_PROBE;
    if (begin == self->acked - 1 && self->acked >= self->highest)
        return MPS_RESEND_KEEP_ALIVE;
    return MPS_RESEND_NONE;
}

/* The same packet twice.  IP ID 0 says nothing: many hosts send nothing else. */
static bool is_network_duplicate(const MpsEvent *event)
{
    const MpsSegment *wire = event->segment.wire;
    const MpsSending *before = &event->segment.before;

    return event->segment.has_before && event->segment.retransmitted_bytes == wire->payload_bytes &&
           wire->ip_id != 0 && wire->ip_id == before->ip_id &&
           has_tsval(wire) == before->has_tsval &&
           (!before->has_tsval || wire->tsval == before->tsval);
}

/* Sent before what the tap saw first: time stamps say so, or it came sooner than any loss can be
 * known to the sender.  The first copy may also come behind a retransmission. */
static bool is_reordered(const MpsEvent *event, const MpsHole *hole)
{
    const MpsSegment *wire = event->segment.wire;
    const MpsSending *before = &event->segment.before;

    if (event->segment.has_before && event->segment.retransmitted_bytes == wire->payload_bytes &&
        has_tsval(wire) && before->has_tsval && is_older(wire->tsval, before->tsval))
        return true;
    if (!hole || event->segment.retransmitted_bytes > 0)
        return false;
    if (has_tsval(wire) && hole->beyond.has_tsval && wire->tsval != hole->beyond.tsval)
        return is_older(wire->tsval, hole->beyond.tsval);
    return event->ts_ns - hole->beyond.ts_ns < min_rtt_ns(event->subflow);
}

static bool is_acked(const MpsResendView *self, int64_t begin, int64_t end)
{
    const int64_t rest = MAX(begin, self->acked);

    return self->any_acked &&
           (rest >= end || (self->sacked.room.n_items > 0 &&
                            mps_ranges_covered(&self->sacked, (uint64_t)rest, (uint64_t)end) ==
                                (uint64_t)(end - rest)));
}

static bool is_sacked_above(const MpsResendView *self, int64_t end)
{
    const size_t n = self->sacked.room.n_items;

    return n > 0 && self->sacked.items[n - 1].end > (uint64_t)end;
}

/* RFC 8985 section 7: the last segment, once, before the timer runs out; at the latest, when it
 * does.  A timeout repeats the first one that is not acknowledged: which of both a single segment
 * stands for does not show, and where SACK is in use, a probe comes first. */
static bool is_tail_probe(const MpsResendView *self, const MpsEvent *event, const MpsResent *resent,
                          int64_t quiet_ns)
{
    if (!event->segment.has_before || resent->end != self->highest || self->probed == resent->end ||
        self->srtt_ns == 0 || quiet_ns < self->srtt_ns)
        return false;
    if (quiet_ns < resent->rto_ns)
        return true;
    return self->permits_sack &&
           (resent->begin > self->acked ||
            quiet_ns < MAX(resent->rto_ns, 2 * self->srtt_ns + DELAYED_ACK_NS) * 5 / 4);
}

/* RFC 6298 section 5: the timer is that of the first segment not acknowledged, and starts anew when
 * it is sent again or the acknowledgement advances; other segments and duplicate ACKs do not
 * matter. */
static bool is_timer_run_out(const MpsResendView *self, const MpsEvent *event,
                             const MpsResent *resent)
{
    return event->segment.has_before && resent->begin <= self->acked &&
           resent->elapsed_ns >= resent->rto_ns &&
           event->ts_ns - self->advanced_ns >= resent->rto_ns;
}

/* RFC 8985: segments sent after the last sending of this one arrived.  If they lie above it, SACK
 * tells; below it they were sent again. */
static bool is_overtaken(const MpsResendView *self, const MpsEvent *event)
{
    return event->segment.has_before && event->segment.before.ts_ns < self->delivered_ns;
}

/* What made the sender repeat [begin, end). */
static MpsResend trigger(MpsResendView *self, const MpsEvent *event, const MpsResent *resent)
{
    const int64_t quiet_ns = event->ts_ns - MAX(self->sent_ns, self->progress_ns);
    const bool in_recovery = self->recovery && resent->begin < self->recovery_end;

    if ((quiet_ns >= resent->rto_ns || is_timer_run_out(self, event, resent)) &&
        (in_recovery || !is_tail_probe(self, event, resent, quiet_ns)))
        return MPS_RESEND_TIMEOUT;
    if (in_recovery)
        return self->recovery;
    if (self->dup_acks >= DUP_ACKS || is_sacked_above(self, resent->end) ||
        is_overtaken(self, event))
        return MPS_RESEND_FAST;
    if (is_tail_probe(self, event, resent, quiet_ns))
        return MPS_RESEND_TAIL_PROBE;
    return resent->elapsed_ns >= resent->rto_ns ? MPS_RESEND_TIMEOUT : MPS_RESEND_NONE;
}

static void judge(MpsResendView *self, const MpsEvent *event, MpsResent *out)
{
    const MpsHole *hole = out->hole_filled > 0 ? hole_of(self, out->begin, out->end) : NULL;

    out->elapsed_ns = event->segment.has_before ? event->ts_ns - event->segment.before.ts_ns
                      : hole                    ? event->ts_ns - hole->beyond.ts_ns
                                                : -1;
    if (is_network_duplicate(event)) {
        out->class = MPS_RESEND_NETWORK_DUPLICATE;
        return;
    }
    if (is_reordered(event, hole)) {
        out->class = MPS_RESEND_REORDERING;
        return;
    }
    out->trigger = trigger(self, event, out);
    if (out->trigger == MPS_RESEND_TAIL_PROBE)
        self->probed = out->end;
    if (out->trigger == MPS_RESEND_TIMEOUT ||
        (out->trigger == MPS_RESEND_FAST &&
         (!self->recovery || out->begin >= self->recovery_end))) {
        self->recovery = out->trigger;
        self->recovery_end = self->highest;
    }
    out->class = out->trigger ? out->trigger : MPS_RESEND_UNKNOWN;
    if (is_acked(self, out->begin, out->end)) {
        out->class = MPS_RESEND_SPURIOUS;
        out->spurious = MPS_SPURIOUS_ACKED;
    }
}

/* The sender may have gone on beyond what it sent before. */
static void note_sent(MpsResendView *self, const MpsEvent *event, int64_t begin)
{
    const MpsSegment *wire = event->segment.wire;
    const int64_t expected = self->any_sent ? self->highest : 1;

    if (wire->flags & MPS_TCP_SYN)
        self->permits_sack = wire->tcp_options & MPS_TCPOPT_SACK_PERMITTED;
    if (wire->payload_bytes == 0)
        return;
    self->highest = MAX(expected, begin + wire->payload_bytes);
    self->any_sent = true;
    self->sent_ns = event->ts_ns;
    if (begin > expected)
        note_hole(self, expected, begin, event);
}

/* A segment that repeats or fills @bytes of its payload from @begin on, or that may be a probe. */
static G_GNUC_NO_INLINE MpsResend sent_again(MpsResendView *self, const MpsEvent *event,
                                             int64_t begin, uint64_t bytes, MpsResent *out)
{
    const MpsSegment *wire = event->segment.wire;
    const MpsResend class =
        bytes == wire->payload_bytes ? probe(self, event, begin) : MPS_RESEND_NONE;

    if (class || bytes > 0) {
        *out = (MpsResent){
            .class = class,
            .has_tsval = has_tsval(wire),
            .tsval = wire->tsval,
            .dup_acks = self->dup_acks,
            .begin = begin,
            .end = begin + wire->payload_bytes,
            .ts_ns = event->ts_ns,
            .elapsed_ns = -1,
            .rto_ns = rto_ns(self),
            .bytes = bytes,
            .hole_filled = event->segment.hole_filled_bytes,
            .packet = event->packet,
            .capture_id = event->capture_id,
        };
        if (!class)
            judge(self, event, out);
        self->resent_end = MAX(self->resent_end, out->end);
    }
    note_sent(self, event, begin);
    return class || bytes > 0 ? out->class : MPS_RESEND_NONE;
}

MpsResend mps_resend_segment(MpsResendView *self, const MpsEvent *event, MpsResent *out)
{
    const MpsSegment *wire = event->segment.wire;
    const int64_t begin = event->segment.seq + (wire->flags & MPS_TCP_SYN ? 1 : 0);
    const uint64_t bytes =
        (uint64_t)event->segment.retransmitted_bytes + event->segment.hole_filled_bytes;

    if (wire->flags & MPS_TCP_RST || (bytes == 0 && event->segment.unique_bytes == 0 &&
                                      !(event->segment.has_seq && wire->payload_bytes == 0)))
        return MPS_RESEND_NONE;
    if (bytes > 0 || (wire->payload_bytes == 0 && begin < self->acked))
        return sent_again(self, event, begin, bytes, out);
    note_sent(self, event, begin);
    return MPS_RESEND_NONE;
}

/* Of an ACK without payload: RFC 5681 section 2; with SACK, RFC 6675 section 2.  Options but DSS
 * make it no duplicate (RFC 8684 section 3). */
static bool is_dup_ack(const MpsResendView *self, const MpsEvent *event, bool new_sack)
{
    const MpsSegment *wire = event->segment.wire;

    if (event->segment.ack != self->acked || self->acked >= self->highest ||
        wire->flags & (MPS_TCP_SYN | MPS_TCP_FIN))
        return false;
    for (int i = 0; i < wire->n_mptcp; i++)
        if (wire->mptcp[i].subtype != MPS_DSS)
            return false;
    return wire->n_sack > 0 ? new_sack : wire->window == self->window;
}

/* Marks the latest segment that can have made the receiver say that it got [begin, end) twice. */
static void take_dsack(const MpsEvent *event, int64_t begin, int64_t end, MpsResent *recent,
                       size_t n)
{
    /* The way to the receiver and back takes this long; half of it allows for a first sample that
     * waited for a delayed ACK. */
    const MpsSubflowSide *side = &event->subflow->side[event->direction];
    const int64_t least_ns = side->rtt_samples > 0 ? side->rtt_min_ns / 2 : 0;

    while (n-- > 0) {
        MpsResent *each = &recent[n];

        if (each->reported || each->class == MPS_RESEND_REORDERING || each->begin >= end ||
            each->end <= begin || event->ts_ns - each->ts_ns < least_ns)
            continue;
        each->reported = true;
        if (each->trigger || each->class == MPS_RESEND_UNKNOWN) {
            each->class = MPS_RESEND_SPURIOUS;
            each->spurious = each->spurious ? each->spurious : MPS_SPURIOUS_DSACK;
        }
        return;
    }
}

/* When the latest of the segments sent again and acknowledged now was sent. */
static void note_delivered(MpsResendView *self, const MpsEvent *event, const MpsResent *recent,
                           size_t n)
{
    const MpsSubflowSide *side = &event->subflow->side[event->direction];
    /* Sooner than this, it was an earlier copy that arrived. */
    const int64_t least_ns = side->rtt_samples > 0 ? side->rtt_min_ns / 2 : 0;

    while (n-- > 0)
        if (recent[n].end <= event->segment.ack && event->ts_ns - recent[n].ts_ns >= least_ns) {
            self->delivered_ns = MAX(self->delivered_ns, recent[n].ts_ns);
            return;
        }
}

/* Takes SACK blocks.  Returns whether they tell of anything new above the acknowledgement. */
static bool take_sack(MpsResendView *self, const MpsEvent *event, MpsResent *recent, size_t n)
{
    const MpsSegment *wire = event->segment.wire;
    bool any_new = false;
    int64_t begin[MPS_SACK_BLOCKS_MAX], end[MPS_SACK_BLOCKS_MAX];

    for (int i = 0; i < wire->n_sack; i++) {
        begin[i] = event->segment.ack + (int32_t)(wire->sack[i].begin - wire->ack);
        end[i] = event->segment.ack + (int32_t)(wire->sack[i].end - wire->ack);
    }
    for (int i = 0; i < wire->n_sack; i++) {
        const bool twice =
            i == 0 && (end[0] <= event->segment.ack ||
                       (wire->n_sack > 1 && begin[0] >= begin[1] && end[0] <= end[1]));

        if (begin[i] >= end[i] || end[i] > self->highest)
            continue;
        if (twice) { /* RFC 2883 section 4 */
            take_dsack(event, begin[0], end[0], recent, n);
            continue;
        }
        if (begin[i] < MAX(self->acked, 0))
            continue;
        any_new |= mps_ranges_add(&self->sacked, (uint64_t)begin[i], (uint64_t)end[i]) <
                   (uint64_t)(end[i] - begin[i]);
    }
    if (self->sacked.room.n_items > 2 * KEEP_SACKED)
        mps_ranges_fill_holes(&self->sacked, UINT64_MAX, KEEP_SACKED);
    return any_new;
}

/* The first ACK that goes beyond a retransmission of the byte which was missed so far echoes the
 * time stamp of what filled it (RFC 3522, RFC 7323 section 4.3). */
static void take_echo(const MpsResendView *self, const MpsEvent *event, MpsResent *recent, size_t n)
{
    const MpsSegment *wire = event->segment.wire;

    if (!has_tsval(wire) || wire->tsecr == 0)
        return;
    while (n-- > 0) {
        MpsResent *each = &recent[n];

        if (each->begin > self->acked || each->end <= self->acked)
            continue;
        if (each->has_tsval && is_older(wire->tsecr, each->tsval) && !each->spurious &&
            (each->trigger || each->class == MPS_RESEND_UNKNOWN)) {
            each->class = MPS_RESEND_SPURIOUS;
            each->spurious = MPS_SPURIOUS_ECHO;
        }
    }
}

/* More is acknowledged than ever before. */
static void advance(MpsResendView *self, const MpsEvent *event, MpsResent *recent, size_t n)
{
    const int64_t ack = event->segment.ack;

    if (self->any_acked && self->resent_end > self->acked)
        take_echo(self, event, recent, n);
    if (n > 0)
        note_delivered(self, event, recent, n);
    self->acked = ack;
    self->advanced_ns = self->progress_ns = event->ts_ns;
    self->any_acked = true;
    self->dup_acks = 0;
    if (self->sacked.room.n_items > 0)
        mps_ranges_drop_below(&self->sacked, (uint64_t)MAX(ack, 0));
    if (ack >= self->recovery_end)
        self->recovery = MPS_RESEND_NONE;
}

/* An ACK that tells of more, or may be a duplicate. */
static G_GNUC_NO_INLINE void take_news(MpsResendView *self, const MpsEvent *event,
                                       MpsResent *recent, size_t n)
{
    const MpsSegment *wire = event->segment.wire;
    const bool new_sack = wire->n_sack > 0 && take_sack(self, event, recent, n);

    if (new_sack)
        self->progress_ns = event->ts_ns;
    if (!self->any_acked || event->segment.ack > self->acked)
        advance(self, event, recent, n);
    else if (wire->payload_bytes == 0 && is_dup_ack(self, event, new_sack))
        self->dup_acks++;
}

void mps_resend_ack(MpsResendView *self, const MpsEvent *event, MpsResent *recent, size_t n)
{
    const MpsSegment *wire = event->segment.wire;
    const int64_t ack = event->segment.ack;

    if (!event->segment.has_ack || wire->flags & MPS_TCP_RST)
        return;
    if (ack > self->acked || !self->any_acked || wire->n_sack > 0 || wire->payload_bytes == 0)
        take_news(self, event, recent, n);
    if (ack >= self->acked) {
        self->window = wire->window;
        self->window_closed = wire->window == 0 && !(wire->flags & MPS_TCP_SYN);
    }
}

const MpsLink mps_resend_links[] = {
    MPS_PART(MpsResendView, sacked, 1, mps_ranges_links),
    MPS_ROOM(MpsResendView, holes, n_holes, NULL),
    {0},
};

void mps_resend_clear(MpsResendView *self)
{
    mps_ranges_clear(&self->sacked);
    MPS_ROOM_FREE(self->holes, &self->n_holes);
}
