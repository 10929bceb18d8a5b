/* ladder.c - which packets of a connection are signalling, in the words of textbook figures; data
 * segments between them are folded. */
#include "views/ladder.h"

#include <inttypes.h>
#include <string.h>

#include "util/address.h"
#include "util/format.h"
#include "util/mix.h"
#include "util/option_names.h"
#include "views/option_text.h"

/* A chart with more than that helps nobody; hostile captures have millions. */
enum { MAX_ROWS = 2000, MAX_LANES = 64, MAX_SUBFLOWS = 1024 };

typedef struct {
    uint32_t subflow;
    MpsDirection direction;
    unsigned from, to;
    uint64_t packet;
    uint32_t capture_id;
    int64_t first_ns, last_ns;
    uint64_t n_segments, n_resets;
    uint64_t bytes, reinjected_bytes, retransmitted_bytes;
} Fold;

static void row_clear(gpointer data)
{
    g_free(((LadderRow *)data)->label);
}

MpsLadder *mps_ladder_new(uint64_t connection_id, bool name_captures)
{
    MpsLadder *self = g_new0(MpsLadder, 1);

    self->connection_id = connection_id;
    self->name_captures = name_captures;
    self->lanes = g_array_new(FALSE, TRUE, sizeof(LadderLane));
    self->subflows = g_array_new(FALSE, TRUE, sizeof(LadderSubflow));
    self->rows = g_array_new(FALSE, TRUE, sizeof(LadderRow));
    self->folds = g_array_new(FALSE, TRUE, sizeof(Fold));
    g_array_set_clear_func(self->rows, row_clear);
    return self;
}

/* The lane of an address; when there are too many, the host's last. */
static unsigned find_lane(MpsLadder *self, MpsSide side, const MpsAddress *address)
{
    unsigned last = 0;

    for (guint i = 0; i < self->lanes->len; i++) {
        const LadderLane *lane = &g_array_index(self->lanes, LadderLane, i);

        if (lane->side != side)
            continue;
        if (memcmp(&lane->address, address, sizeof *address) == 0)
            return i;
        last = i;
    }
    if (self->lanes->len >= MAX_LANES)
        return last;

    const LadderLane lane = {.side = side, .address = *address};

    g_array_append_val(self->lanes, lane);
    return self->lanes->len - 1;
}

static LadderSubflow *find_subflow(MpsLadder *self, const MpsSubflow *subflow)
{
    for (guint i = self->subflows->len; i-- > 0;) {
        LadderSubflow *each = &g_array_index(self->subflows, LadderSubflow, i);

        if (each->ordinal == subflow->ordinal)
            return each;
    }
    if (self->subflows->len >= MAX_SUBFLOWS)
        return NULL;

    LadderSubflow fresh = {.ordinal = subflow->ordinal, .opener = subflow->opened_by};

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        fresh.end[side] = subflow->end[side];
        fresh.lane[side] = find_lane(self, side, &subflow->end[side].address);
    }
    g_array_append_val(self->subflows, fresh);
    return &g_array_index(self->subflows, LadderSubflow, self->subflows->len - 1);
}

/* Takes @label. */
static void add_row(MpsLadder *self, LadderRow row, char *label)
{
    if (self->rows->len >= MAX_ROWS) {
        self->n_left_out++;
        g_free(label);
        return;
    }
    row.label = label;
    g_array_append_val(self->rows, row);
}

static char *fold_label(const Fold *fold)
{
    GString *out = g_string_new(NULL);

    if (fold->n_segments > 0)
        g_string_append_printf(out, "%s, %s",
                               mps_format_count((int64_t)fold->n_segments, "data segment").text,
                               mps_format_bytes((int64_t)fold->bytes).text);
    if (fold->n_resets > 0)
        g_string_append_printf(out, "%s%" PRIu64 " more RST", out->len ? ", " : "", fold->n_resets);
    if (fold->last_ns > fold->first_ns)
        g_string_append_printf(out, ", %s",
                               mps_format_duration(fold->last_ns - fold->first_ns).text);
    if (fold->reinjected_bytes > 0)
        g_string_append_printf(out, ", %s reinjected",
                               mps_format_bytes((int64_t)fold->reinjected_bytes).text);
    if (fold->retransmitted_bytes > 0)
        g_string_append_printf(out, ", %s retransmitted",
                               mps_format_bytes((int64_t)fold->retransmitted_bytes).text);
    if (fold->n_segments + fold->n_resets > 1) {
        g_string_prepend(out, "… ");
        g_string_append(out, " …");
    }
    return g_string_free(out, FALSE);
}

/* The data phase is interrupted: its folds become rows, in the order in which they began. */
static void unfold(MpsLadder *self)
{
    for (guint i = 0; i < self->folds->len; i++) {
        const Fold *fold = &g_array_index(self->folds, Fold, i);

        add_row(self,
                (LadderRow){.kind = LADDER_DATA,
                            .ts_ns = fold->first_ns,
                            .packet = fold->packet,
                            .capture_id = fold->capture_id,
                            .subflow = fold->subflow,
                            .from = fold->from,
                            .to = fold->to,
                            .alarm = fold->n_segments == 0},
                fold_label(fold));
    }
    g_array_set_size(self->folds, 0);
}

static void fold(MpsLadder *self, const LadderSubflow *subflow, const MpsTold *told)
{
    const MpsSegment *segment = told->segment;
    const MpsSide sender = told->placed.sender;
    Fold *found = NULL;

    if (segment->payload_bytes == 0 && !(segment->flags & MPS_TCP_RST))
        return;
    for (guint i = 0; i < self->folds->len && !found; i++) {
        Fold *each = &g_array_index(self->folds, Fold, i);

        if (each->subflow == subflow->ordinal && each->direction == sender)
            found = each;
    }
    if (!found) {
        const Fold fresh = {.subflow = subflow->ordinal,
                            .direction = sender,
                            .from = subflow->lane[sender],
                            .to = subflow->lane[sender == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT],
                            .packet = told->packet,
                            .capture_id = told->capture_id,
                            .first_ns = told->ts_ns};

        g_array_append_val(self->folds, fresh);
        found = &g_array_index(self->folds, Fold, self->folds->len - 1);
    }
    found->last_ns = MAX(found->last_ns, told->ts_ns);
    found->n_segments += segment->payload_bytes > 0;
    found->n_resets += (segment->flags & MPS_TCP_RST) != 0;
    found->bytes += segment->payload_bytes;
    for (size_t i = 0; i < told->n_events; i++) {
        const MpsEvent *event = &told->events[i];

        if (event->kind == MPS_EV_SEGMENT)
            found->retransmitted_bytes += event->segment.retransmitted_bytes;
        if (event->kind == MPS_EV_DATA && event->data.class == MPS_DATA_REINJECTED &&
            event->packet == told->packet && !event->data.revised)
            found->reinjected_bytes += event->data.bytes;
    }
}

/* ---- labels */

static void append_part(GString *out, const char *text)
{
    if (out->len > 0)
        g_string_append(out, ", ");
    g_string_append(out, text);
}

static void label_join(GString *out, const MpsMptcpOption *option, const MpsPlaced *placed,
                       bool *alarm)
{
    if (option->join.form == MPS_JOIN_SYN) {
        g_string_append_printf(out, "MP_JOIN token, id %u%s", option->join.address_id,
                               option->join.backup ? ", backup" : "");
        return;
    }

    const MpsHmacState hmac = placed->subflow->side[placed->sender].hmac;

    *alarm = *alarm || hmac == MPS_HMAC_INVALID;
    g_string_append_printf(out, "MP_JOIN HMAC%s",
                           hmac == MPS_HMAC_VALID     ? " ✓"
                           : hmac == MPS_HMAC_INVALID ? " ✗ invalid"
                                                      : "");
    if (option->join.form == MPS_JOIN_SYNACK && option->join.backup)
        g_string_append(out, ", backup");
}

static void label_add_addr(GString *out, const MpsMptcpOption *option)
{
    char address[MPS_ADDRESS_TEXT];

    if (option->add_addr.echo) {
        g_string_append_printf(out, "ADD_ADDR echo id %u", option->add_addr.address_id);
        return;
    }
    mps_address_text(&option->add_addr.address, address);
    g_string_append_printf(out, "ADD_ADDR id %u %s", option->add_addr.address_id,
                           option->add_addr.has_port
                               ? mps_format_endpoint(address, option->add_addr.port).text
                               : address);
}

static void label_option(GString *out, const MpsMptcpOption *option, const MpsTold *told,
                         bool *alarm)
{
    const bool syn = told->segment->flags & MPS_TCP_SYN;

    if (option->status != MPS_OPT_OK) {
        *alarm = *alarm || option->status == MPS_OPT_MALFORMED;
        g_string_append_printf(out, "%s %s", mps_option_name(option->subtype),
                               option->status == MPS_OPT_MALFORMED ? "malformed" : "cut");
        return;
    }
    switch (option->subtype) {
    case MPS_MP_CAPABLE:
        g_string_append(out, "MP_CAPABLE");
        if (syn)
            g_string_append_printf(out, " v%u", option->capable.version);
        if (option->capable.has_sender_key)
            g_string_append(out, option->capable.has_receiver_key ? " keys" : " key");
        break;
    case MPS_MP_JOIN:
        label_join(out, option, &told->placed, alarm);
        break;
    case MPS_ADD_ADDR:
        label_add_addr(out, option);
        break;
    case MPS_DSS:
        g_string_append(out, "DSS DATA_FIN");
        break;
    case MPS_MP_FAIL:
        *alarm = true;
        g_string_append(out, "MP_FAIL");
        break;
    case MPS_MP_FASTCLOSE:
        *alarm = true;
        g_string_append(out, "MP_FASTCLOSE");
        break;
    case MPS_MP_TCPRST:
        g_string_append_printf(out, "MP_TCPRST reason %u", option->tcprst.reason);
        break;
    default:
        mps_option_text(out, option, &told->placed);
    }
}

static bool has_data_fin(const MpsSegment *segment)
{
    for (int i = 0; i < segment->n_mptcp; i++)
        if (segment->mptcp[i].subtype == MPS_DSS && segment->mptcp[i].status == MPS_OPT_OK &&
            segment->mptcp[i].dss.data_fin)
            return true;
    return false;
}

static bool has_signal(const MpsTold *told, MpsSignal what)
{
    for (size_t i = 0; i < told->n_events; i++)
        if (told->events[i].kind == MPS_EV_SIGNAL && told->events[i].signal.what == what)
            return true;
    return false;
}

/* Whether a packet has an option that is worth a row by itself. */
static bool has_signalling(LadderSubflow *subflow, const MpsSegment *segment)
{
    for (int i = 0; i < segment->n_mptcp; i++) {
        const MpsMptcpOption *option = &segment->mptcp[i];

        if (option->is_opaque ||
            (option->subtype == MPS_DSS && option->status != MPS_OPT_MALFORMED))
            continue;
        if (option->subtype != MPS_MP_CAPABLE || segment->payload_bytes == 0 ||
            segment->flags & MPS_TCP_SYN)
            return true;
        /* The first data, announced in MP_CAPABLE: Linux repeats the option on each segment. */
        if (!subflow->capable_data) {
            subflow->capable_data = true;
            return true;
        }
    }
    return false;
}

/* Whether @option is worth a row: the first of its kind, or one with a name and a new value. */
static bool is_news(LadderOpaque *seen, const MpsOpaqueOption *option)
{
    const MpsOpaqueIdentity identity = mps_opaque_identity(option);
    const uint64_t hash = mps_mix_bytes(0, &identity, sizeof identity);
    const uint64_t value = option->name ? mps_mix_bytes(0, option->bytes, option->n_bytes) : 0;
    unsigned i = 0;

    while (i < seen->n && seen->identity[i] != hash)
        i++;
    if (i == LADDER_OPAQUE_MAX || (i < seen->n && seen->value[i] == value))
        return false;
    seen->n = MAX(seen->n, i + 1);
    seen->identity[i] = hash;
    seen->value[i] = value;
    return true;
}

static bool has_opaque_news(LadderOpaque *seen, const MpsSegment *segment)
{
    bool news = false;

    for (int i = 0; i < segment->n_opaque; i++)
        news |= mps_opaque_is_told(&segment->opaque[i]) && is_news(seen, &segment->opaque[i]);
    return news;
}

/* Whether this flag of this sender had been seen before; it has now. */
static bool again(bool *seen)
{
    const bool before = *seen;

    *seen = true;
    return before;
}

/* The label of a packet that is signalling; NULL if it is not. */
static char *label(LadderSubflow *subflow, const MpsTold *told, bool *alarm)
{
    const MpsSegment *segment = told->segment;
    const MpsSide sender = told->placed.sender;
    const bool syn = segment->flags & MPS_TCP_SYN, ack = segment->flags & MPS_TCP_ACK;
    const bool rst = segment->flags & MPS_TCP_RST, fin = segment->flags & MPS_TCP_FIN;
    const bool options = has_signalling(subflow, segment);
    const bool opaque = has_opaque_news(&subflow->opaque[sender], segment);
    const bool data_fin = has_data_fin(segment) && !again(&subflow->data_fin[sender]);
    const bool fallback = has_signal(told, MPS_SIGNAL_FALLBACK);
    const bool fourth = subflow->await_ack && sender != subflow->opener &&
                        segment->payload_bytes == 0 && !syn && !rst && !fin;
    const bool rst_again = rst && again(&subflow->rst[sender]);
    bool repeated = false, handshake = false;

    if (!(syn || fin || options || opaque || data_fin || fallback || fourth || (rst && !rst_again)))
        return NULL;

    GString *out = g_string_new(NULL);

    if (syn) {
        append_part(out, ack ? "SYN/ACK" : "SYN");
        repeated = again(ack ? &subflow->synack : &subflow->syn);
    }
    if (fin) {
        append_part(out, "FIN");
        repeated = again(&subflow->fin[sender]);
    }
    if (rst) {
        append_part(out, "RST");
        *alarm = true;
    }
    for (int i = 0; i < segment->n_mptcp; i++) {
        const MpsMptcpOption *option = &segment->mptcp[i];
        const bool dss = option->subtype == MPS_DSS && option->status != MPS_OPT_MALFORMED;

        if (option->is_opaque)
            continue;
        handshake |= option->subtype == MPS_MP_CAPABLE || option->subtype == MPS_MP_JOIN;
        if (out->len == 0 && ack && handshake)
            append_part(out, "ACK");
        if (dss && !(option->status == MPS_OPT_OK && option->dss.data_fin))
            continue;
        if (out->len > 0)
            g_string_append(out, ", ");
        label_option(out, option, told, alarm);
        if (option->subtype == MPS_MP_JOIN && option->status == MPS_OPT_OK &&
            option->join.form == MPS_JOIN_ACK)
            subflow->await_ack = true;
    }
    for (int i = 0; i < segment->n_opaque; i++) {
        if (!mps_opaque_is_told(&segment->opaque[i]))
            continue;
        g_string_append(out, out->len > 0 ? ", " : "");
        mps_opaque_text(out, &segment->opaque[i]);
    }
    if (fourth) {
        subflow->await_ack = false;
        if (out->len == 0)
            append_part(out, "ACK");
    }
    if (segment->payload_bytes > 0) {
        if (out->len > 0)
            g_string_append(out, ", ");
        g_string_append_printf(out, "%s data", mps_format_bytes(segment->payload_bytes).text);
    }
    if (out->len == 0)
        append_part(out, "ACK");
    if (repeated)
        g_string_append(out, " (again)");
    if (fallback) {
        *alarm = true;
        g_string_append_printf(out, ", fallback: %s",
                               mps_fallback_name(told->placed.connection->fallback));
    }
    return g_string_free(out, FALSE);
}

static void take_icmp(MpsLadder *self, const LadderSubflow *subflow, const MpsTold *told)
{
    char router[MPS_ADDRESS_TEXT];

    unfold(self);
    add_row(self,
            (LadderRow){.kind = LADDER_NOTE,
                        .ts_ns = told->ts_ns,
                        .packet = told->packet,
                        .capture_id = told->capture_id,
                        .subflow = subflow->ordinal,
                        .from = subflow->lane[MPS_CLIENT],
                        .to = subflow->lane[MPS_SERVER],
                        .alarm = true},
            g_strdup_printf("✗ %s, says %s", mps_icmp_words(told->icmp),
                            mps_address_text(&told->icmp->router, router)));
}

void mps_ladder_packet(MpsLadder *self, const MpsTold *told)
{
    const MpsConnection *connection = told->placed.connection;
    bool alarm = false;

    if (!connection || connection->id != self->connection_id || !told->placed.subflow ||
        (told->segment && told->seen != MPS_SEEN_TRACKED))
        return;
    if (!self->found) {
        self->found = true;
        self->start_ns = told->ts_ns;
        memcpy(self->end, connection->end, sizeof self->end);
    }
    self->end_ns = told->ts_ns;
    self->version = connection->version;

    LadderSubflow *subflow = find_subflow(self, told->placed.subflow);

    if (!subflow) {
        self->n_left_out++;
        return;
    }
    if (!told->segment) {
        if (told->icmp)
            take_icmp(self, subflow, told);
        return;
    }

    const MpsSide sender = told->placed.sender;
    char *text = label(subflow, told, &alarm);

    if (!text) {
        fold(self, subflow, told);
        return;
    }
    unfold(self);
    add_row(self,
            (LadderRow){.kind = LADDER_SIGNAL,
                        .ts_ns = told->ts_ns,
                        .packet = told->packet,
                        .capture_id = told->capture_id,
                        .subflow = subflow->ordinal,
                        .from = subflow->lane[sender],
                        .to = subflow->lane[sender == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT],
                        .alarm = alarm},
            text);
}

bool mps_ladder_found(const MpsLadder *self)
{
    return self->found;
}

/* Client addresses stand left, server addresses right, each in order of appearance. */
void mps_ladder_finish(MpsLadder *self)
{
    unsigned place = 0;

    unfold(self);
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        for (guint i = 0; i < self->lanes->len; i++) {
            LadderLane *lane = &g_array_index(self->lanes, LadderLane, i);

            if (lane->side == side)
                lane->place = place++;
        }
}

void mps_ladder_free(MpsLadder *self)
{
    if (!self)
        return;
    g_array_unref(self->lanes);
    g_array_unref(self->subflows);
    g_array_unref(self->rows);
    g_array_unref(self->folds);
    g_free(self);
}
