/* rules_fc.c - FC: MP_FASTCLOSE (RFC 8684 section 3.5).  Option A of the RFC sends it on an ACK of
 * one subflow, option R on a RST of each. */
#include "rules/check.h"

/* Copies of MP_FASTCLOSE on ACKs: the first and about three retransmissions. */
enum { MOST_COPIES = 4 };

typedef enum { KEY_UNKNOWN, KEY_RIGHT, KEY_WRONG } KeyState;

/* The first MP_FASTCLOSE of a host. */
typedef struct {
    Place place; /* none: not sent */
    const Flow *flow;
    bool on_ack;
    KeyState key;
    int64_t next; /* position behind everything it had sent on that subflow */
    bool has_data_ack;
    int64_t data_ack; /* its latest, there */
    unsigned n_copies;
    bool answered, reset; /* RST of the peer, of itself */
} Fastclose;

typedef struct {
    Fastclose by[2];
    bool declared[2]; /* the handshake told the key */
} CheckState;

typedef struct {
    bool fastclose[2]; /* was sent by */
} FlowState;

/* ---- the option ---- */

static void check_form(const Packet *packet, const MpsMptcpOption *option, bool misshapen)
{
    if (misshapen) {
        rule_fault(packet, (Fault){.rule = RULE_FC_01,
                                   .field = "length of MP_FASTCLOSE",
                                   .expected = text("12"),
                                   .seen = text("%u", option->length)});
        return;
    }
    if (rule_broken(packet, RULE_FC_01, (option->byte2 & 0x0f) != 0 || option->byte3 != 0))
        rule_fault(packet,
                   (Fault){.rule = RULE_FC_01,
                           .verdict = WARNING,
                           .field = "reserved bits of MP_FASTCLOSE",
                           .expected = text("0"),
                           .seen = text("bytes 2 and 3: %02x %02x", option->byte2, option->byte3)});
}

static KeyState check_key(const Packet *packet, const MpsMptcpOption *option,
                          const CheckState *state)
{
    const MpsSide receiver = other(packet->sender);
    const uint64_t key = packet->check->connection->side[receiver].key;

    if (!state->declared[receiver] || packet->check->keys_doubtful) {
        rule_unchecked(packet->check, RULE_FC_02, EV_KEYS);
        return KEY_UNKNOWN;
    }
    if (!rule_broken(packet, RULE_FC_02, option->fastclose.receiver_key != key))
        return KEY_RIGHT;
    rule_fault(packet,
               (Fault){.rule = RULE_FC_02,
                       .field = "key in MP_FASTCLOSE",
                       .expected = text("0x%016" G_GINT64_MODIFIER "x, the key of the %s", key,
                                        mps_side_name(receiver)),
                       .seen = text("0x%016" G_GINT64_MODIFIER "x", option->fastclose.receiver_key),
                       .earlier = packet->flow->synack});
    return KEY_WRONG;
}

static void check_carrier(const Packet *packet)
{
    const bool neither = !packet->ack && !packet->rst;
    const bool payload = packet->wire->payload_bytes > 0;
    const bool late_form = packet->check->connection->version == 0 && packet->rst;

    if (rule_broken(packet, RULE_FC_03, neither || payload || late_form))
        rule_fault(packet, (Fault){.rule = RULE_FC_03,
                                   .verdict = neither ? VIOLATION : WARNING,
                                   .field = "carrier of MP_FASTCLOSE",
                                   .expected = text(late_form ? "ACK" : "ACK or RST, no payload"),
                                   .seen = text(neither     ? "neither ACK nor RST"
                                                : late_form ? "RST"
                                                            : "payload")});
}

static void note_fastclose(const Packet *packet, KeyState key, Fastclose *fastclose)
{
    *fastclose = (Fastclose){
        .place = packet_place(packet),
        .flow = packet->flow,
        .on_ack = !packet->rst,
        .key = key,
        .next = MAX(packet->sending->next,
                    packet->event->segment.seq + packet->wire->payload_bytes + packet->fin),
        .n_copies = 1,
        .reset = packet->rst,
    };
}

static void count_copy(const Packet *packet, Fastclose *fastclose)
{
    if (packet->rst || !fastclose->on_ack || packet->flow != fastclose->flow ||
        ++fastclose->n_copies <= MOST_COPIES)
        return;
    rule_fault(packet, (Fault){.rule = RULE_FC_06,
                               .field = "copies of MP_FASTCLOSE",
                               .expected = text("at most about %d", MOST_COPIES),
                               .seen = text("%u", fastclose->n_copies),
                               .earlier = fastclose->place});
}

static void take_fastclose(const Packet *packet, const MpsMptcpOption *option, CheckState *state)
{
    Fastclose *fastclose = &state->by[packet->sender];
    FlowState *flow = flow_state(packet->flow, FAMILY_fc);

    flow->fastclose[packet->sender] = true;
    check_carrier(packet);

    const KeyState key = check_key(packet, option, state);

    if (fastclose->place.packet)
        count_copy(packet, fastclose);
    else
        note_fastclose(packet, key, fastclose);
}

/* ---- afterwards ---- */

/* Whether @packet has payload that its sender sends for the first time. */
static bool has_new_payload(const Packet *packet, int64_t next)
{
    return packet->wire->payload_bytes > 0 && packet->event->segment.has_seq && !packet->rst &&
           packet->event->segment.seq + packet->wire->payload_bytes > next;
}

static void report_more(const Packet *packet, const Fastclose *fastclose, const char *seen,
                        unsigned needs)
{
    rule_fault(packet, (Fault){.rule = RULE_FC_07,
                               .field = "packet after MP_FASTCLOSE",
                               .expected = text("none with new data or DATA_ACKs"),
                               .seen = text("%s", seen),
                               .earlier = fastclose->place,
                               .needs = needs});
}

/* The host itself.  Other subflows may be captured behind a queue. */
static void watch_sender(const Packet *packet, Fastclose *fastclose)
{
    const MpsEvent *event = packet->event;

    if (packet->rst) {
        fastclose->reset = fastclose->reset || packet->flow == fastclose->flow;
        return;
    }
    if (packet->flow != fastclose->flow) {
        if (packet->wire->ts_ns - fastclose->place.ts_ns > ANSWER_NS &&
            has_new_payload(packet, packet->sending->next))
            report_more(packet, fastclose, "new payload on another subflow", 0);
        return;
    }
    if (has_new_payload(packet, fastclose->next))
        report_more(packet, fastclose, "new payload", 0);
    if (!event->segment.has_data_ack)
        return;
    if (fastclose->has_data_ack && event->segment.data_ack > fastclose->data_ack)
        report_more(packet, fastclose, "a higher DATA_ACK", 0);
    fastclose->data_ack = event->segment.data_ack;
    fastclose->has_data_ack = true;
}

/* The peer, who may not have got it: only what is captured next to it tells for sure. */
static void watch_receiver(const Packet *packet, Fastclose *fastclose)
{
    const int64_t limit_ns = fastclose->place.ts_ns + ANSWER_NS + flow_rtt_ns(fastclose->flow);
    const bool here = packet->flow == fastclose->flow;

    if (here && packet->rst)
        fastclose->answered = true;
    if (packet->rst || packet->wire->ts_ns <= limit_ns || rule_is_broken(packet->check, RULE_FC_05))
        return;
    if (here && fastclose->on_ack)
        rule_fault(packet, (Fault){.rule = RULE_FC_05,
                                   .suspect = SUSPECT_RECEIVER,
                                   .host = packet->sender,
                                   .has_host = true,
                                   .field = "answer to MP_FASTCLOSE",
                                   .expected = text("RST"),
                                   .seen = text("none, packets go on"),
                                   .earlier = fastclose->place,
                                   .needs = EV_VTX});
    else if (!here && has_new_payload(packet, packet->sending->next))
        report_more(packet, fastclose, "new payload of the peer", EV_VTX);
}

static void watch(const Packet *packet, CheckState *state)
{
    Fastclose *own = &state->by[packet->sender], *peer = &state->by[other(packet->sender)];

    if (own->place.packet && own->key == KEY_RIGHT)
        watch_sender(packet, own);
    if (peer->place.packet && peer->key == KEY_RIGHT)
        watch_receiver(packet, peer);
}

static void segment(const Packet *packet)
{
    CheckState *state = check_state(packet->check, FAMILY_fc);
    const bool closing = state->by[0].place.packet || state->by[1].place.packet;

    if (packet->subtypes & 1u << MPS_MP_CAPABLE)
        for (int side = 0; side < 2; side++)
            state->declared[side] = packet->check->connection->side[side].has_key;
    if ((packet->wire->n_mptcp == 0 && !closing) || packet->syn || packet->synack)
        return;

    const MpsMptcpOption *misshapen = packet_misshapen(packet, MPS_MP_FASTCLOSE);
    const MpsMptcpOption *option = packet_option(packet, MPS_MP_FASTCLOSE);

    if (misshapen || option)
        check_form(packet, misshapen ? misshapen : option, misshapen);
    if (closing)
        watch(packet, state);
    if (option)
        take_fastclose(packet, option, state);
}

/* ---- the end ---- */

static void check_torn_down(Check *check, const Flow *flow, MpsSide sender,
                            const Fastclose *fastclose)
{
    const FlowState *state = flow_state(flow, FAMILY_fc);
    const End *end = &flow->end[sender];
    const int64_t limit_ns = fastclose->place.ts_ns + ANSWER_NS;
    const bool bare = end->rst.packet && !fastclose->on_ack && !state->fastclose[sender];
    const bool late = end->last.ts_ns > limit_ns;

    if (end->rst.packet ? !bare : end->fin.packet || flow->end[other(sender)].rst.packet) {
        rule_pass(check, RULE_FC_04);
        return;
    }
    if (!bare && check_until_ns(check, fastclose->place.ts_ns) <= limit_ns)
        return;
    rule_fault_at(check, flow->public, sender,
                  bare   ? end->rst
                  : late ? end->last
                         : fastclose->place,
                  (Fault){.rule = RULE_FC_04,
                          .verdict = bare ? WARNING : VIOLATION,
                          .field = "end of the other subflows after MP_FASTCLOSE",
                          .expected = text(fastclose->on_ack ? "RST" : "RST with MP_FASTCLOSE"),
                          .seen = text(bare   ? "RST without MP_FASTCLOSE"
                                       : late ? "none, packets go on"
                                              : "none"),
                          .earlier = fastclose->place,
                          .needs = EV_VTX,
                          .unproven = !late});
}

static void finish_torn_down(Check *check, MpsSide sender, const Fastclose *fastclose)
{
    if (rule_is_broken(check, RULE_FC_07))
        return;
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow && flow != fastclose->flow && flow_was_open(flow, fastclose->place.ts_ns))
            check_torn_down(check, flow, sender, fastclose);
    }
}

static void finish_answered(Check *check, MpsSide sender, const Fastclose *fastclose)
{
    const int64_t limit_ns = fastclose->place.ts_ns + ANSWER_NS + flow_rtt_ns(fastclose->flow);

    if (fastclose->key != KEY_RIGHT)
        return;
    if (fastclose->answered) {
        rule_pass(check, RULE_FC_05);
        return;
    }
    /* One that was never repeated may have been lost: FC-06. */
    if (rule_is_broken(check, RULE_FC_05) || fastclose->reset || fastclose->n_copies == 1 ||
        check_until_ns(check, fastclose->place.ts_ns) <= limit_ns)
        return;
    rule_fault_at(check, fastclose->flow->public, sender, fastclose->place,
                  (Fault){.rule = RULE_FC_05,
                          .suspect = SUSPECT_RECEIVER,
                          .field = "answer to MP_FASTCLOSE",
                          .expected = text("RST"),
                          .seen = text("silence"),
                          .unproven = true});
}

static void finish_repeated(Check *check, MpsSide sender, const Fastclose *fastclose)
{
    const bool waiting = !fastclose->answered && !fastclose->reset;

    if (rule_is_broken(check, RULE_FC_06))
        return;
    if (!waiting || fastclose->n_copies > 1)
        rule_pass(check, RULE_FC_06);
    else if (check_until_ns(check, fastclose->place.ts_ns) - fastclose->place.ts_ns > RTO_NS)
        rule_fault_at(check, fastclose->flow->public, sender, fastclose->place,
                      (Fault){.rule = RULE_FC_06,
                              .field = "MP_FASTCLOSE without a RST in return",
                              .expected = text("repeated"),
                              .seen = text("once"),
                              .needs = EV_VTX});
}

static void finish(Check *check)
{
    const CheckState *state = check_state(check, FAMILY_fc);

    for (MpsSide sender = MPS_CLIENT; sender <= MPS_SERVER; sender++) {
        const Fastclose *fastclose = &state->by[sender];

        if (!fastclose->place.packet || fastclose->key == KEY_WRONG)
            continue;
        if (fastclose->key == KEY_UNKNOWN) {
            rule_unchecked(check, RULE_FC_05, EV_KEYS);
            rule_unchecked(check, RULE_FC_07, EV_KEYS);
        } else if (!rule_is_broken(check, RULE_FC_07)) {
            rule_pass(check, RULE_FC_07);
        }
        finish_torn_down(check, sender, fastclose);
        if (fastclose->on_ack) {
            finish_answered(check, sender, fastclose);
            finish_repeated(check, sender, fastclose);
        }
    }
}

static bool is_quiet(const Packet *packet)
{
    const CheckState *state = check_state(packet->check, FAMILY_fc);

    return !state->by[0].place.packet && !state->by[1].place.packet;
}

static const MpsLink check_links[] = {
    MPS_ENTITY(CheckState, by[0].flow),
    MPS_ENTITY(CheckState, by[1].flow),
    {0},
};

const Family mps_rules_fc = {
    .check_bytes = sizeof(CheckState),
    .flow_bytes = sizeof(FlowState),
    .check_links = check_links,
    .segment = segment,
    .is_quiet = is_quiet,
    .finish = finish,
};
