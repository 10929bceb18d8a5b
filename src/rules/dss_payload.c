/* dss_payload.c - the rules that read payload: checksums of mappings (RFC 8684 section 3.3.1), and
 * data that is sent more than once. */
#include "rules/dss.h"

#include <string.h>

/* Pages of all connections together: 64 MiB. */
enum { MAX_PAGES = 4096 };

/* ---- DSS-04: one's-complement sums (RFC 1071) ---- */

static uint64_t fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint64_t swapped(uint64_t sum)
{
    return (sum & 0xff) << 8 | sum >> 8;
}

/* Sum of 16-bit words in network order, folded; @odd: the first byte is the low one of its word. */
static uint64_t sum_bytes(const uint8_t *bytes, size_t n_bytes, bool odd)
{
    uint64_t sum = 0;
    uint32_t word;
    uint16_t half = 0;
    size_t i;

    for (i = 0; i + sizeof word <= n_bytes; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        sum += word;
    }
    for (; i + sizeof half <= n_bytes; i += sizeof half) {
        memcpy(&half, bytes + i, sizeof half);
        sum += half;
    }
    if (i < n_bytes) {
        half = 0;
        memcpy(&half, bytes + i, 1);
        sum += half;
    }
    sum = GUINT16_FROM_BE((uint16_t)fold(sum));
    return odd ? swapped(sum) : sum;
}

/* As if the data sequence number were @dsn. */
static uint16_t checksum_of(const Mapping *mapping, uint64_t dsn)
{
    const uint64_t header = (dsn >> 32) + (uint32_t)dsn + mapping->ssn + mapping->length;

    return (uint16_t)~fold(mapping->summed->sum + header);
}

/* Data of a mapping with a wrong checksum is not compared with other copies. */
static void doubt(DssSide *side, const Mapping *mapping)
{
    const int64_t end = mapping->offset + mapping->bytes;

    if (side->doubt_begin >= side->doubt_end) {
        side->doubt_begin = mapping->offset;
        side->doubt_end = end;
    }
    side->doubt_begin = MIN(side->doubt_begin, mapping->offset);
    side->doubt_end = MAX(side->doubt_end, end);
}

static void report_difference(Check *check, const MpsSubflow *subflow, MpsSide sender, Place place,
                              Suspect suspect, int64_t offset)
{
    rule_fault_at(check, subflow, sender, place,
                  (Fault){.rule = RULE_DSS_14,
                          .suspect = suspect,
                          .field = "data that was sent before",
                          .expected = text("the same bytes"),
                          .seen = text("others from data byte %" G_GINT64_FORMAT " on", offset)});
}

/* Whether the checksum is right but for the data sequence number, which is as wrong as that of the
 * first mapping (SEC-02). */
static bool is_shifted(const Packet *packet, const Mapping *mapping)
{
    const int64_t shift = packet->check->shift[packet->sender];

    return shift != 0 && mapping->checksum == checksum_of(mapping, mapping->dsn - (uint64_t)shift);
}

/* All payload of @mapping is summed up. */
static void judge(const Packet *packet, Mapping *mapping)
{
    const uint16_t shall = checksum_of(mapping, mapping->dsn);

    if (mapping->checksum != shall && is_shifted(packet, mapping)) {
        mapping->summed->judged = true;
        packet->check->shift_shown[packet->sender] = true;
        return;
    }
    mapping->summed->judged = true;
    mapping->summed->wrong = mapping->checksum != shall;
    if (!rule_broken(packet, RULE_DSS_04, mapping->summed->wrong)) {
        if (mapping->summed->differs.packet) /* who sent it summed up these bytes */
            report_difference(packet->check, packet->flow->public, packet->sender,
                              mapping->summed->differs, SUSPECT_SENDER, mapping->offset);
        return;
    }
    doubt(dss_side(packet), mapping);
    if (!mapping->summed->repeated) {
        packet->sending->has_failed_checksum = true;
        packet->sending->failed = packet_place(packet);
        packet->sending->failed_begin = mapping->offset;
        packet->sending->failed_end = mapping->offset + mapping->bytes;
    }
    rule_fault(packet, (Fault){.rule = RULE_DSS_04,
                               .suspect = check_suspect(packet->check, packet->sender),
                               .field = "checksum of a mapping",
                               .expected = text("0x%04x", shall),
                               .seen = text("0x%04x", mapping->checksum),
                               .earlier = mapping->place,
                               .unproven = mapping->summed->repeated});
}

/* Whether the sum of @mapping can be judged at all. */
static bool is_summed(const Packet *packet, const Mapping *mapping)
{
    const Check *check = packet->check;

    return mapping->has_checksum && !(check->has_checksum && !check->checksum) &&
           !mapping->summed->judged;
}

void dss_bare_checksum(const Packet *packet, const Mapping *bare)
{
    Summed nothing = {0};
    Mapping mapping = *bare;

    mapping.summed = &nothing;
    if (!rules_options(packet->check->rules)->checksums || !is_summed(packet, &mapping))
        return;
    if (mapping.has_dsn)
        judge(packet, &mapping);
    else
        rule_unchecked(packet->check, RULE_DSS_04, EV_KEYS);
}

/* Takes the payload [*from, until) of @packet, which is all in @mapping, down to what was not
 * summed before.  False: that cannot be told, or was not captured. */
static bool cut_to_fresh(const Packet *packet, int64_t *from, int64_t until)
{
    const MpsEvent *event = packet->event;
    const MpsSegment *wire = packet->wire;
    const int64_t begin = event->segment.seq, end = begin + wire->payload_bytes;
    const uint32_t fresh = event->segment.unique_bytes;

    if (fresh == 0) {
        *from = until;
    } else if (fresh < wire->payload_bytes) {
        /* The new part is easily told only if it is the end of the packet. */
        if (begin >= packet->sending->next || (int64_t)fresh != end - packet->sending->next)
            return false;
        *from = MIN(until, MAX(*from, packet->sending->next));
    }
    return *from == until || until - begin <= wire->captured_bytes;
}

/* Adds the payload [from, until) of @packet, which is all in @mapping, to its sum. */
static void add_to_sum(const Packet *packet, Mapping *mapping, int64_t from, int64_t until)
{
    const MpsEvent *event = packet->event;
    const MpsSegment *wire = packet->wire;

    if (!is_summed(packet, mapping) || mapping->summed->torn)
        return;
    mapping->summed->repeated |= event->segment.unique_bytes < wire->payload_bytes;
    if (!cut_to_fresh(packet, &from, until)) {
        mapping->summed->torn = true;
        return;
    }
    mapping->summed->sum += sum_bytes(wire->payload + (from - event->segment.seq),
                                      (size_t)(until - from), (from - mapping->seq) & 1);
    mapping->summed->bytes += (uint32_t)(until - from);
    if (mapping->summed->bytes < mapping->bytes)
        return;
    if (mapping->has_dsn)
        judge(packet, mapping);
    else
        rule_unchecked(packet->check, RULE_DSS_04, EV_KEYS);
}

/* Adds the payload [from, until) of @packet to the sums of other mappings than @known that have it.
 */
static void add_to_others(const Packet *packet, const DssEnd *end, const Mapping *known,
                          int64_t from, int64_t until)
{
    for (guint i = 0; i < end->mappings->len; i++) {
        Mapping *each = &g_array_index(end->mappings, Mapping, i);
        const int64_t begin = MAX(from, each->seq), limit = MIN(until, each->seq + each->bytes);

        if (each != known && begin < limit)
            add_to_sum(packet, each, begin, limit);
    }
}

/* ---- DSS-14 ---- */

/* Moves the window so that it holds data up to @end. */
static void move_window(DssSide *side, int64_t end)
{
    if (end <= side->floor + WINDOW_BYTES)
        return;
    side->floor = (end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES - WINDOW_BYTES;
    mps_ranges_drop_below(&side->held, (uint64_t)side->floor);
}

/* The place of data offset @offset in the window, and how many bytes there are in one piece; NULL:
 * no page there. */
static uint8_t *piece_of(const DssSide *side, int64_t offset, int64_t *n_bytes)
{
    uint8_t *page = side->page ? side->page[offset / PAGE_BYTES % PAGES] : NULL;

    *n_bytes = MIN(*n_bytes, PAGE_BYTES - offset % PAGE_BYTES);
    return page ? page + offset % PAGE_BYTES : NULL;
}

/* Where the @n_bytes at data offset @offset differ from the copy in the window, or -1. */
static int64_t difference(const DssSide *side, int64_t offset, const uint8_t *bytes,
                          int64_t n_bytes)
{
    while (n_bytes > 0) {
        int64_t n = n_bytes;
        const uint8_t *held = piece_of(side, offset, &n);

        if (held && memcmp(held, bytes, (size_t)n) != 0) {
            int64_t i = 0;

            while (held[i] == bytes[i])
                i++;
            return offset + i;
        }
        offset += n;
        bytes += n;
        n_bytes -= n;
    }
    return -1;
}

static void hold(const Packet *packet, DssSide *side, int64_t offset, const uint8_t *bytes,
                 int64_t n_bytes)
{
    DssRun *run = run_state(packet->check->rules, FAMILY_dss);

    if (!side->page)
        side->page = g_new0(uint8_t *, PAGES);
    while (n_bytes > 0) {
        uint8_t **page = &side->page[offset / PAGE_BYTES % PAGES];
        int64_t n = n_bytes;
        uint8_t *at;

        if (!*page && run->n_pages < MAX_PAGES) {
            *page = g_malloc0(PAGE_BYTES); /* an image shows all of it */
            run->n_pages++;
        }
        if (!*page)
            return;
        at = piece_of(side, offset, &n);
        memcpy(at, bytes, (size_t)n);
        mps_ranges_add(&side->held, (uint64_t)offset, (uint64_t)(offset + n));
        offset += n;
        bytes += n;
        n_bytes -= n;
    }
}

static void differs(const Packet *packet, Mapping *mapping, int64_t offset)
{
    const DssSide *side = dss_side(packet);

    if (mapping->summed->wrong || (offset >= side->doubt_begin && offset < side->doubt_end))
        return; /* DSS-04 has said so */
    if (is_summed(packet, mapping) && !mapping->summed->torn) {
        if (!mapping->summed->differs.packet)
            mapping->summed->differs = packet_place(packet);
        return;
    }
    report_difference(packet->check, packet->flow->public, packet->sender, packet_place(packet),
                      check_suspect(packet->check, packet->sender), offset);
}

/* Compares the payload [from, until) of @packet with earlier copies, and keeps what is new. */
static void compare_copies(const Packet *packet, Mapping *mapping, int64_t from, int64_t until)
{
    DssSide *side = dss_side(packet);
    const int64_t begin = packet->event->segment.seq;
    const int64_t end = MIN(until, begin + packet->wire->captured_bytes);
    const int64_t shift = mapping->offset - mapping->seq;
    const uint8_t *payload = packet->wire->payload;
    uint64_t at, limit;

    /* Linux probes a closed window with any byte under a number that was acknowledged before. */
    if (mapping->bytes == 1 && mapping->offset < dss_acked_to(side))
        return;
    if (end + shift > 0)
        move_window(side, end + shift);
    from = MAX(from, side->floor - shift);
    if (from >= end) {
        if (until > end)
            rule_unchecked(packet->check, RULE_DSS_14, EV_PAY);
        return;
    }
    at = (uint64_t)(from + shift);
    limit = (uint64_t)(end + shift);
    while (at < limit) {
        uint64_t gap = at, gap_end = limit;

        if (!mps_ranges_next_gap(&side->held, &gap, limit, &gap_end))
            gap = gap_end = limit;
        if (at < gap) {
            const int64_t where = difference(
                side, (int64_t)at, payload + ((int64_t)at - shift - begin), (int64_t)(gap - at));

            if (where >= 0) {
                differs(packet, mapping, where);
                return;
            }
            rule_pass(packet->check, RULE_DSS_14);
        }
        if (gap < gap_end)
            hold(packet, side, (int64_t)gap, payload + ((int64_t)gap - shift - begin),
                 (int64_t)(gap_end - gap));
        at = gap_end;
    }
}

/* ---- each packet, and the end ---- */

void dss_read_payload(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    DssEnd *end = dss_end(packet);
    const int64_t until = event->segment.seq + packet->wire->payload_bytes;
    int64_t at = event->segment.seq;

    if (!packet->sending->has_syn) {
        rule_unchecked(packet->check, RULE_DSS_04, EV_SYN);
        rule_unchecked(packet->check, RULE_DSS_14, EV_SYN);
        return;
    }
    while (at < until) {
        Mapping *mapping = dss_mapping_at(end, at);
        int64_t part;

        if (!mapping)
            return;
        part = MIN(until, mapping->seq + mapping->bytes);
        if (packet->wire->captured_bytes < packet->wire->payload_bytes && mapping->has_checksum)
            rule_unchecked(packet->check, RULE_DSS_04, EV_PAY);
        compare_copies(packet, mapping, at, part);
        add_to_sum(packet, mapping, at, part);
        if (end->overlapping)
            add_to_others(packet, end, mapping, at, part);
        at = part;
    }
}

/* Mappings of which not all payload was captured. */
static void note_unsummed(Check *check, const DssEnd *end)
{
    for (guint i = 0; end->mappings && i < end->mappings->len; i++) {
        const Mapping *mapping = &g_array_index(end->mappings, Mapping, i);

        if (mapping->has_checksum && !mapping->summed->judged)
            rule_unchecked(check, RULE_DSS_04, EV_PAY);
    }
}

void dss_payload_finish(Check *check)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = dss_flow_in(check, i);

        for (int side = 0; flow && side < 2; side++)
            note_unsummed(check, &dss_flow(flow)->end[side]);
    }
}

void dss_payload_clear(Check *check)
{
    DssRun *run = run_state(check->rules, FAMILY_dss);

    for (int i = 0; i < 2; i++) {
        DssSide *side = &dss_check(check)->side[i];

        for (int p = 0; side->page && p < PAGES; p++) {
            run->n_pages -= side->page[p] != NULL;
            g_free(side->page[p]);
        }
        g_free(side->page);
        mps_ranges_clear(&side->held);
    }
}
