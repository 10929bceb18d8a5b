/* view_dump.c - one line per packet: where it belongs, its numbers, its MPTCP options, and what the
 * model made of it. */
#include "views/packet_views.h"

#include <inttypes.h>
#include <string.h>

#include "util/address.h"
#include "views/option_text.h"

/* Remarks about earlier packets on one line; a late mapping may tell of thousands. */
enum { MAX_LATE = 8 };

static const char *const classes[] = {
    [MPS_DATA_NEW] = "new",
    [MPS_DATA_REINJECTED] = "reinjection",
    [MPS_DATA_REMAPPED] = "remapped",
    [MPS_DATA_OVERTAKEN] = "overtaken",
    [MPS_DATA_RETRANSMITTED] = "retransmission",
};

static bool is_here(const MpsTold *told, const MpsEvent *event)
{
    return event->packet == told->packet && event->capture_id == told->capture_id;
}

static void append_packet(GString *out, const MpsDump *self, uint64_t packet, uint32_t capture_id)
{
    if (self->name_captures)
        g_string_append_printf(out, "%u:%" PRIu64, capture_id, packet);
    else
        g_string_append_printf(out, "%" PRIu64, packet);
}

static void append_endpoint(GString *out, const MpsEndpoint *endpoint)
{
    char text[MPS_ADDRESS_TEXT];

    g_string_append_printf(out, endpoint->address.family == 6 ? "[%s]:%u" : "%s:%u",
                           mps_address_text(&endpoint->address, text), endpoint->port);
}

static void append_flags(GString *out, uint8_t flags)
{
    static const char letters[] = "FSRP.U"; /* as tcpdump, in the order of the bits */

    for (int bit = 1; letters[bit - 1]; bit++)
        if (flags & 1u << (bit - 1))
            g_string_append_c(out, letters[bit - 1]);
    if (!(flags & 0x3f))
        g_string_append(out, "none");
}

static const MpsEvent *segment_event(const MpsTold *told)
{
    for (size_t i = 0; i < told->n_events; i++)
        if (told->events[i].kind == MPS_EV_SEGMENT)
            return &told->events[i];
    return NULL;
}

static MpsRelative relative_numbers(const MpsTold *told)
{
    const MpsEvent *event = segment_event(told);

    if (told->seen == MPS_SEEN_DUPLICATE)
        return told->placed.copy;
    if (!event)
        return (MpsRelative){0};
    return (MpsRelative){
        .has_seq = event->segment.has_seq,
        .has_ack = event->segment.has_ack,
        .seq = event->segment.seq,
        .ack = event->segment.ack,
    };
}

/* ---- remarks */

typedef struct {
    const MpsDump *dump;
    GString *out;
    const char *before;
} Remarks;

static GString *next_remark(Remarks *self)
{
    g_string_append(self->out, self->before);
    self->before = self->dump->json ? "\",\"" : "; ";
    return self->out;
}

static void remark(Remarks *self, const char *text)
{
    g_string_append(next_remark(self), text);
}

/* Appends " (n bytes)" unless that is the packet's whole payload. */
static void append_part(GString *out, uint64_t bytes, uint32_t payload_bytes)
{
    if (bytes != payload_bytes)
        g_string_append_printf(out, " (%" PRIu64 " of %u bytes)", bytes, payload_bytes);
}

static void append_from(GString *out, const MpsDump *dump, const MpsEvent *event,
                        const MpsEvent *last)
{
    if (event->data.from)
        g_string_append_printf(out, " of data first sent on subflow %u", event->data.from->ordinal);
    if (event->data.from_packet == 0) {
        if (event->data.from)
            g_string_append(out, ", not captured there");
        return;
    }
    g_string_append(out, event->data.from ? ", packet " : " of packet ");
    append_packet(out, dump, event->data.from_packet, event->data.from_capture_id);
    if (last->data.from_packet != event->data.from_packet && last->data.from_packet) {
        g_string_append(out, " to ");
        append_packet(out, dump, last->data.from_packet, last->data.from_capture_id);
    }
}

/* What became of the packet's own payload.  Events of one kind in a row are one remark. */
static void data_remarks(Remarks *self, const MpsTold *told)
{
    const uint32_t payload_bytes = told->segment->payload_bytes;

    for (size_t i = 0; i < told->n_events; i++) {
        const MpsEvent *event = &told->events[i], *last = event;
        uint64_t bytes = 0;
        GString *out;

        if (event->kind != MPS_EV_DATA || !is_here(told, event))
            continue;
        for (; i < told->n_events; i++) {
            const MpsEvent *each = &told->events[i];

            if (each->kind != MPS_EV_DATA || !is_here(told, each) ||
                each->data.class != event->data.class || each->data.from != event->data.from ||
                each->data.acked != event->data.acked)
                break;
            bytes += each->data.bytes;
            last = each;
        }
        i--;
        out = next_remark(self);
        switch (event->data.class) {
        case MPS_DATA_REMAPPED:
            g_string_append(out, "remapped: this data was sent before on this subflow");
            break;
        case MPS_DATA_OVERTAKEN:
            g_string_append(out, "first sending, overtaken by the copy on another subflow");
            break;
        default:
            g_string_append(out, classes[event->data.class]);
        }
        if (event->data.class == MPS_DATA_REINJECTED || event->data.class == MPS_DATA_RETRANSMITTED)
            append_from(out, self->dump, event, last);
        if (event->data.class == MPS_DATA_REINJECTED && event->data.acked)
            g_string_append(out, ", acknowledged already");
        append_part(out, bytes, payload_bytes);
    }
}

/* Earlier packets whose payload found its place, or another place, by this one. */
static void late_remarks(Remarks *self, const MpsTold *told)
{
    unsigned n_late = 0;

    for (size_t i = 0; i < told->n_events; i++) {
        const MpsEvent *event = &told->events[i];

        if (event->kind != MPS_EV_DATA || is_here(told, event) || event->packet == 0)
            continue;
        if (n_late++ >= MAX_LATE && !self->dump->json)
            continue;

        GString *out = next_remark(self);

        g_string_append(out, event->data.revised ? "corrects packet " : "resolves packet ");
        append_packet(out, self->dump, event->packet, event->capture_id);
        g_string_append_printf(out, ": data %" PRId64 ":%" PRId64 " %s", event->data.offset,
                               event->data.offset + (int64_t)event->data.bytes,
                               classes[event->data.class]);
        if (event->data.class == MPS_DATA_REINJECTED)
            append_from(out, self->dump, event, event);
    }
    if (n_late > MAX_LATE && !self->dump->json)
        g_string_append_printf(next_remark(self), "resolves %u more", n_late - MAX_LATE);
}

static bool announces_mapping(const MpsSegment *segment)
{
    for (int i = 0; i < segment->n_mptcp; i++) {
        const MpsMptcpOption *option = &segment->mptcp[i];

        if (option->status == MPS_OPT_OK &&
            ((option->subtype == MPS_DSS && option->dss.has_map) ||
             (option->subtype == MPS_MP_CAPABLE && option->capable.has_data_length)))
            return true;
    }
    return false;
}

static void payload_remarks(Remarks *self, const MpsTold *told)
{
    const MpsEvent *segment = segment_event(told);
    const uint32_t payload_bytes = told->segment->payload_bytes;
    uint64_t mapped = 0, repeated = 0;

    data_remarks(self, told);
    for (size_t i = 0; i < told->n_events; i++) {
        const MpsEvent *event = &told->events[i];

        if (event->kind != MPS_EV_DATA || !is_here(told, event) || event->data.revised)
            continue;
        mapped += event->data.bytes;
        if (event->data.class == MPS_DATA_RETRANSMITTED)
            repeated += event->data.bytes;
    }
    if (!segment || payload_bytes == 0)
        return;
    if (segment->segment.retransmitted_bytes > repeated) {
        remark(self, "retransmission");
        append_part(self->out, segment->segment.retransmitted_bytes - repeated, payload_bytes);
    }
    if (segment->segment.hole_filled_bytes > 0) {
        remark(self, "fills a hole");
        append_part(self->out, segment->segment.hole_filled_bytes, payload_bytes);
    }
    if (segment->segment.unique_bytes > mapped - repeated) {
        remark(self, "unmapped");
        append_part(self->out, segment->segment.unique_bytes - (mapped - repeated), payload_bytes);
    } else if (mapped > repeated && !announces_mapping(told->segment)) {
        remark(self, told->placed.connection->fallback ? "mapping implied after the fallback"
                                                       : "mapping announced by an earlier packet");
    }
}

static void signal_remark(Remarks *self, const MpsEvent *event)
{
    const uint64_t id = event->connection->id;

    switch (event->signal.what) {
    case MPS_SIGNAL_CONNECTION:
        g_string_append_printf(next_remark(self), "connection %" PRIu64 " begins", id);
        break;
    case MPS_SIGNAL_ESTABLISHED:
        g_string_append_printf(next_remark(self), "subflow %u established",
                               event->subflow ? event->subflow->ordinal : 0);
        break;
    case MPS_SIGNAL_FALLBACK:
        g_string_append_printf(next_remark(self), "fallback: %s",
                               mps_fallback_name(event->connection->fallback));
        break;
    case MPS_SIGNAL_DATA_FIN:
        g_string_append_printf(next_remark(self), "first DATA_FIN of the %s",
                               mps_side_name(event->direction));
        break;
    case MPS_SIGNAL_RESET:
        remark(self, "ends the subflow");
        break;
    case MPS_SIGNAL_UNREACHABLE:
        remark(self, event->subflow->established_ns == MPS_NO_TIME
                         ? "ends the attempt to connect"
                         : "about an established subflow; more of it is not told");
        break;
    case MPS_SIGNAL_TRANSLATED:
        if (event->subflow->kind == MPS_KIND_JOIN)
            g_string_append_printf(next_remark(self), "subflow %u once more, addresses translated",
                                   event->signal.same->ordinal);
        else
            g_string_append_printf(next_remark(self),
                                   "connection %" PRIu64 " once more, addresses translated",
                                   event->signal.same->connection->id);
        break;
    default: /* the options and flags say it */
        break;
    }
}

static void join_remark(Remarks *self, const MpsTold *told, const MpsMptcpOption *option)
{
    const MpsPlaced *placed = &told->placed;

    if (option->join.form == MPS_JOIN_SYN) {
        if (placed->connection->id == 0)
            remark(self, "token of no connection seen so far");
        else
            g_string_append_printf(
                next_remark(self), "token of the %s of connection %" PRIu64,
                mps_side_name(placed->sender == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT),
                placed->connection->id);
        return;
    }

    const MpsHmacState hmac = placed->subflow->side[placed->sender].hmac;

    remark(self, hmac == MPS_HMAC_VALID     ? "HMAC valid"
                 : hmac == MPS_HMAC_INVALID ? "HMAC invalid"
                                            : "HMAC not checked: a key or nonce is unknown");
}

static void remarks(Remarks *self, const MpsTold *told)
{
    const MpsSegment *segment = told->segment;

    if (told->seen == MPS_SEEN_DUPLICATE && segment) {
        g_string_append(next_remark(self), "capture duplicate of packet ");
        append_packet(self->out, self->dump, told->placed.copy_of_packet,
                      told->placed.copy_of_capture_id);
        return;
    }
    if (told->seen == MPS_SEEN_CROWDED)
        g_string_append(next_remark(self), "not followed: too many SYNs were never answered");
    if (told->seen == MPS_SEEN_LATE && segment) {
        g_string_append_printf(next_remark(self),
                               "late packet of connection %" PRIu64 ", which was over before",
                               told->placed.late_connection_id);
        return;
    }
    if (told->placed.subflow && segment && told->seen == MPS_SEEN_TRACKED) {
        payload_remarks(self, told);
        for (int i = 0; i < segment->n_mptcp; i++)
            if (segment->mptcp[i].subtype == MPS_MP_JOIN && segment->mptcp[i].status == MPS_OPT_OK)
                join_remark(self, told, &segment->mptcp[i]);
    }
    for (size_t i = 0; i < told->n_events; i++)
        if (told->events[i].kind == MPS_EV_SIGNAL)
            signal_remark(self, &told->events[i]);
    late_remarks(self, told);
    if (segment && segment->options_cut)
        remark(self, "TCP options cut by the capture");
    if (segment && segment->options_malformed)
        remark(self, "TCP options malformed");
}

/* ---- one packet as text */

/* Ranges of the data that the payload carries, neighbours joined. */
static void append_data(GString *out, const MpsTold *told)
{
    int64_t end = 0;
    bool any = false;

    for (size_t i = 0; i < told->n_events; i++) {
        const MpsEvent *event = &told->events[i];

        if (event->kind != MPS_EV_DATA || !is_here(told, event) || event->data.revised)
            continue;
        if (any && event->data.offset == end) {
            end += (int64_t)event->data.bytes;
            continue;
        }
        if (any)
            g_string_append_printf(out, "%" PRId64, end);
        g_string_append_printf(out, "%s%" PRId64 ":", any ? "," : " data ", event->data.offset);
        end = event->data.offset + (int64_t)event->data.bytes;
        any = true;
    }
    if (any)
        g_string_append_printf(out, "%" PRId64, end);
}

static void segment_text(GString *out, const MpsTold *told)
{
    const MpsSegment *segment = told->segment;
    const MpsRelative relative = relative_numbers(told);

    append_endpoint(out, &segment->src);
    g_string_append(out, " > ");
    append_endpoint(out, &segment->dst);
    g_string_append(out, " [");
    append_flags(out, segment->flags);
    g_string_append(out, "] seq ");
    if (relative.has_seq)
        g_string_append_printf(out, "%" PRId64, relative.seq);
    else
        g_string_append_printf(out, "0x%08x", segment->seq);
    if (relative.has_seq && segment->payload_bytes > 0)
        g_string_append_printf(out, ":%" PRId64, relative.seq + segment->payload_bytes);
    if (relative.has_ack)
        g_string_append_printf(out, " ack %" PRId64, relative.ack);
    else if (segment->flags & MPS_TCP_ACK)
        g_string_append_printf(out, " ack 0x%08x", segment->ack);
    g_string_append_printf(out, " len %u", segment->payload_bytes);
    append_data(out, told);
    for (int i = 0; i < segment->n_mptcp; i++) {
        if (segment->mptcp[i].is_opaque)
            continue;
        g_string_append(out, " <");
        mps_option_text(out, &segment->mptcp[i], &told->placed);
        g_string_append_c(out, '>');
    }
    for (int i = 0; i < segment->n_opaque; i++) {
        g_string_append(out, " <");
        mps_opaque_text(out, &segment->opaque[i]);
        g_string_append_c(out, '>');
    }
}

static void icmp_text(GString *out, const MpsIcmpError *icmp)
{
    char router[MPS_ADDRESS_TEXT];

    append_endpoint(out, &icmp->src);
    g_string_append(out, " > ");
    append_endpoint(out, &icmp->dst);
    g_string_append_printf(out, " ICMP type %u code %u from %s: %s", icmp->type, icmp->code,
                           mps_address_text(&icmp->router, router), mps_icmp_words(icmp));
}

static void text_line(MpsDump *self, const MpsTold *told)
{
    GString *out = self->line;
    const MpsPlaced *placed = &told->placed;
    const int64_t us = (told->ts_ns - self->origin_ns) / 1000;
    char number[48], where[48] = "-";

    g_string_truncate(out, 0);
    append_packet(out, self, told->packet, told->capture_id);
    g_snprintf(number, sizeof number, "%s", out->str);
    if (placed->connection && placed->connection->id)
        g_snprintf(where, sizeof where, "c%" PRIu64 ".%u", placed->connection->id,
                   placed->subflow->ordinal);
    else if (placed->connection)
        g_snprintf(where, sizeof where, "c?.%u", placed->subflow->ordinal);
    else if (told->seen == MPS_SEEN_LATE)
        g_snprintf(where, sizeof where, "c%" PRIu64, placed->late_connection_id);
    g_string_printf(out, "%6s %s%" PRId64 ".%06" PRId64 " %-5s ", number, us < 0 ? "-" : "",
                    ABS(us) / 1000000, ABS(us) % 1000000, where);

    Remarks all = {self, out, "  # "};

    if (told->segment)
        segment_text(out, told);
    else if (told->icmp)
        icmp_text(out, told->icmp);
    else
        g_string_append(out, told->decoded == MPS_DECODED_TRUNCATED
                                 ? "cut by the capture before the end of its TCP header"
                                 : "malformed: lengths contradict each other");
    remarks(&all, told);
    g_string_append_c(out, '\n');
}

/* ---- one packet as JSON; all texts are made here and need no escapes */

static void json_endpoint(GString *out, const char *name, const MpsEndpoint *endpoint)
{
    char text[MPS_ADDRESS_TEXT];

    g_string_append_printf(out, ",\"%s\":\"%s\",\"%s_port\":%u", name,
                           mps_address_text(&endpoint->address, text), name, endpoint->port);
}

static void json_data(GString *out, const MpsEvent *event, const char *before)
{
    g_string_append_printf(out,
                           "%s{\"capture\":%u,\"packet\":%" PRIu64 ",\"class\":\"%s\""
                           ",\"data_offset\":%" PRId64 ",\"bytes\":%" PRIu64,
                           before, event->capture_id, event->packet, classes[event->data.class],
                           event->data.offset, event->data.bytes);
    if (event->data.from)
        g_string_append_printf(out, ",\"from_subflow\":%u", event->data.from->ordinal);
    if (event->data.from_packet)
        g_string_append_printf(out, ",\"from_capture\":%u,\"from_packet\":%" PRIu64,
                               event->data.from_capture_id, event->data.from_packet);
    if (event->data.class == MPS_DATA_REINJECTED)
        g_string_append_printf(out, ",\"acked\":%s", event->data.acked ? "true" : "false");
    if (event->data.revised)
        g_string_append(out, ",\"revised\":true");
    g_string_append_c(out, '}');
}

static void options_json(GString *out, const MpsTold *told)
{
    const MpsSegment *segment = told->segment;
    const char *before = "{";

    g_string_append(out, ",\"options\":[");
    for (int i = 0; i < segment->n_mptcp; i++) {
        if (segment->mptcp[i].is_opaque)
            continue;
        g_string_append(out, before);
        mps_option_json(out, &segment->mptcp[i], &told->placed);
        before = "},{";
    }
    for (int i = 0; i < segment->n_opaque; i++) {
        g_string_append(out, before);
        mps_opaque_json(out, &segment->opaque[i]);
        before = "},{";
    }
    g_string_append(out, *before == '{' ? "]" : "}]");
}

static void segment_json(GString *out, const MpsTold *told)
{
    const MpsSegment *segment = told->segment;
    const MpsEvent *event = segment_event(told);
    const MpsRelative relative = relative_numbers(told);
    const char *before = "";

    json_endpoint(out, "src", &segment->src);
    json_endpoint(out, "dst", &segment->dst);
    g_string_append(out, ",\"flags\":\"");
    append_flags(out, segment->flags);
    g_string_append_printf(out, "\",\"seq\":%u", segment->seq);
    if (segment->flags & MPS_TCP_ACK)
        g_string_append_printf(out, ",\"ack\":%u", segment->ack);
    if (relative.has_seq)
        g_string_append_printf(out, ",\"relative_seq\":%" PRId64, relative.seq);
    if (relative.has_ack)
        g_string_append_printf(out, ",\"relative_ack\":%" PRId64, relative.ack);
    g_string_append_printf(out, ",\"window\":%u,\"payload_bytes\":%u", segment->window,
                           segment->payload_bytes);
    if (event && segment->payload_bytes > 0)
        g_string_append_printf(out,
                               ",\"unique_bytes\":%u,\"retransmitted_bytes\":%u"
                               ",\"hole_filled_bytes\":%u",
                               event->segment.unique_bytes, event->segment.retransmitted_bytes,
                               event->segment.hole_filled_bytes);
    options_json(out, told);
    g_string_append(out, ",\"data\":[");
    for (size_t i = 0; i < told->n_events; i++) {
        if (told->events[i].kind != MPS_EV_DATA)
            continue;
        json_data(out, &told->events[i], before);
        before = ",";
    }
    g_string_append_c(out, ']');
}

static void icmp_json(GString *out, const MpsIcmpError *icmp)
{
    char router[MPS_ADDRESS_TEXT];

    json_endpoint(out, "src", &icmp->src);
    json_endpoint(out, "dst", &icmp->dst);
    g_string_append_printf(
        out, ",\"icmp\":{\"router\":\"%s\",\"type\":%u,\"code\":%u,\"text\":\"%s\"}",
        mps_address_text(&icmp->router, router), icmp->type, icmp->code, mps_icmp_words(icmp));
}

static void json_line(MpsDump *self, const MpsTold *told)
{
    GString *out = self->line;
    const MpsPlaced *placed = &told->placed;
    const uint64_t id = placed->connection ? placed->connection->id : placed->late_connection_id;
    const char *kind = told->segment                            ? "tcp"
                       : told->icmp                             ? "icmp"
                       : told->decoded == MPS_DECODED_TRUNCATED ? "truncated"
                                                                : "malformed";

    g_string_printf(out,
                    "{\"capture\":%u,\"packet\":%" PRIu64 ",\"ts_ns\":%" PRId64 ",\"kind\":\"%s\"",
                    told->capture_id, told->packet, told->ts_ns, kind);
    if (id && (placed->connection || told->seen == MPS_SEEN_LATE))
        g_string_append_printf(out, ",\"connection\":%" PRIu64, id);
    else
        g_string_append(out, ",\"connection\":null");
    if (placed->subflow)
        g_string_append_printf(out, ",\"subflow\":%u", placed->subflow->ordinal);
    if (placed->sender != MPS_NOBODY)
        g_string_append_printf(out, ",\"direction\":\"%s\"", mps_direction_name(placed->sender));
    if (told->segment)
        segment_json(out, told);
    else if (told->icmp)
        icmp_json(out, told->icmp);
    g_string_append(out, ",\"remarks\":[");

    const gsize before = out->len;
    Remarks all = {self, out, "\""};

    remarks(&all, told);
    g_string_append(out, out->len > before ? "\"]}\n" : "]}\n");
}

static bool is_wanted(const MpsDump *self, const MpsTold *told)
{
    const MpsConnection *connection = told->placed.connection;
    const bool late = told->segment && told->seen == MPS_SEEN_LATE;

    if (!told->passed)
        return false;
    if (self->connection_id != MPS_ALL_CONNECTIONS)
        return (connection && connection->id == (uint64_t)self->connection_id) ||
               (late && told->placed.late_connection_id == (uint64_t)self->connection_id);
    if (connection || late)
        return true;
    if (!self->all)
        return told->segment && told->segment->n_mptcp > 0;
    return told->segment || told->icmp || told->decoded == MPS_DECODED_TRUNCATED ||
           told->decoded == MPS_DECODED_MALFORMED;
}

bool mps_dump_packet(MpsDump *self, const MpsTold *told)
{
    if (!self->started) {
        self->started = true;
        self->origin_ns = told->ts_ns;
        self->line = g_string_new(NULL);
    }
    if (!is_wanted(self, told))
        return true;
    self->any = true;
    if (self->json)
        json_line(self, told);
    else
        text_line(self, told);
    return fwrite(self->line->str, 1, self->line->len, self->out) == self->line->len;
}

void mps_dump_clear(MpsDump *self)
{
    if (self->line)
        g_string_free(self->line, TRUE);
    self->line = NULL;
}
