/* metric_event.c - the timeline: handshakes, signalling options, fallbacks, ends. */
#include "metrics/metrics.h"

#include <inttypes.h>

#include "util/address.h"

static const MpsColumn columns[] = {
    {"ts_ns", MPS_INT, "capture time"},
    {"capture_id", MPS_INT, "file of the packet; NULL: known only at the end",
     "capture(capture_id)"},
    {"packet", MPS_INT, "number of the packet in its file, from 1"},
    {"connection_id", MPS_INT, "NULL: join with an unknown token", "connection(connection_id)"},
    {"subflow_id", MPS_INT, "NULL: the whole connection", "subflow(subflow_id)"},
    {"kind", MPS_TEXT,
     "connection, established, join, add_addr, add_addr_echo, remove_addr, mp_prio, mp_fail, "
     "fastclose, fallback, data_fin, fin, reset, unreachable, translated, unknown_option, "
     "malformed_option or handover"},
    {"sent_by", MPS_TEXT, "client or server"},
    {"detail", MPS_TEXT, "JSON object: the option's fields"},
    {0},
};

const MpsTable mps_event_table = {
    .name = "event",
    .help = "Timeline of a connection; repeated DATA_FIN, FIN and RST are told once per host.",
    .columns = columns,
    .index = "connection_id, ts_ns",
};

static const char *const kinds[MPS_N_SIGNALS] = {
    [MPS_SIGNAL_CONNECTION] = "connection",
    [MPS_SIGNAL_ESTABLISHED] = "established",
    [MPS_SIGNAL_JOIN] = "join",
    [MPS_SIGNAL_ADD_ADDR] = "add_addr",
    [MPS_SIGNAL_ADD_ADDR_ECHO] = "add_addr_echo",
    [MPS_SIGNAL_REMOVE_ADDR] = "remove_addr",
    [MPS_SIGNAL_MP_PRIO] = "mp_prio",
    [MPS_SIGNAL_MP_FAIL] = "mp_fail",
    [MPS_SIGNAL_FASTCLOSE] = "fastclose",
    [MPS_SIGNAL_FALLBACK] = "fallback",
    [MPS_SIGNAL_DATA_FIN] = "data_fin",
    [MPS_SIGNAL_FIN] = "fin",
    [MPS_SIGNAL_RESET] = "reset",
    [MPS_SIGNAL_UNREACHABLE] = "unreachable",
    [MPS_SIGNAL_TRANSLATED] = "translated",
    [MPS_SIGNAL_MALFORMED] = "malformed_option",
};

static void remove_addr_detail(GString *out, const MpsMptcpOption *option)
{
    g_string_append(out, "{\"address_ids\":[");
    for (int i = 0; i < option->remove_addr.n_ids; i++)
        g_string_append_printf(out, "%s%d", i ? "," : "", option->remove_addr.ids[i]);
    g_string_append(out, "]}");
}

static void add_addr_detail(GString *out, const MpsMptcpOption *option)
{
    char text[MPS_ADDRESS_TEXT];

    g_string_append_printf(out, "{\"address_id\":%d,\"address\":\"%s\"",
                           option->add_addr.address_id,
                           mps_address_text(&option->add_addr.address, text));
    if (option->add_addr.has_port)
        g_string_append_printf(out, ",\"port\":%d", option->add_addr.port);
    g_string_append_c(out, '}');
}

static void fallback_detail(GString *out, const MpsEvent *event)
{
    const MpsFallbackCause *cause = event->signal.cause;

    g_string_append_printf(out, "{\"fallback\":\"%s\"",
                           mps_fallback_name(event->connection->fallback));
    if (cause)
        g_string_append_printf(
            out, ",\"cause\":\"%s\",\"cause_capture_id\":%u,\"cause_packet\":%" PRIu64, cause->word,
            cause->capture_id, cause->packet);
    g_string_append_c(out, '}');
}

static void reset_detail(GString *out, const MpsEvent *event)
{
    const MpsMptcpOption *option = event->signal.option;

    if (option)
        g_string_append_printf(out, "{\"reason\":%d,\"transient\":%d", option->tcprst.reason,
                               option->tcprst.flags & 1);
    if (event->signal.usual_hop_limit)
        g_string_append_printf(out, "%s\"ttl\":%d,\"usual_ttl\":%d", option ? "," : "{",
                               event->signal.hop_limit, event->signal.usual_hop_limit);
    if (out->len)
        g_string_append_c(out, '}');
}

static void translated_detail(GString *out, const MpsEvent *event)
{
    static const char *const names[] = {"client", "server"};
    const MpsSubflow *same = event->signal.same;
    char text[MPS_ADDRESS_TEXT];

    g_string_append_printf(out, "{\"ordinal\":%u", same->ordinal);
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++)
        g_string_append_printf(out, ",\"%s_addr\":\"%s\",\"%s_port\":%d", names[side],
                               mps_address_text(&same->end[side].address, text), names[side],
                               same->end[side].port);
    g_string_append_c(out, '}');
}

/* Every text is of our own making (numbers, addresses): nothing needs escaping. */
static void append_detail(GString *out, const MpsEvent *event)
{
    const MpsMptcpOption *option = event->signal.option;
    char text[MPS_ADDRESS_TEXT];

    switch (event->signal.what) {
    case MPS_SIGNAL_FALLBACK:
        fallback_detail(out, event);
        return;
    case MPS_SIGNAL_UNREACHABLE:
        g_string_append_printf(out, "{\"type\":%d,\"code\":%d,\"router\":\"%s\",\"words\":\"%s\"}",
                               event->signal.icmp->type, event->signal.icmp->code,
                               mps_address_text(&event->signal.icmp->router, text),
                               mps_icmp_words(event->signal.icmp));
        return;
    case MPS_SIGNAL_RESET:
        reset_detail(out, event);
        return;
    case MPS_SIGNAL_TRANSLATED:
        translated_detail(out, event);
        return;
    case MPS_SIGNAL_ESTABLISHED:
        g_string_append_printf(out, "{\"ordinal\":%u}", event->subflow->ordinal);
        return;
    default:
        break;
    }
    if (!option)
        return;
    switch (event->signal.what) {
    case MPS_SIGNAL_JOIN:
        if (option->join.form == MPS_JOIN_SYN)
            g_string_append_printf(
                out, "{\"token\":\"0x%08x\",\"address_id\":%d,\"backup\":%d,\"ordinal\":%u}",
                option->join.token, option->join.address_id, option->join.backup,
                event->subflow->ordinal);
        break;
    case MPS_SIGNAL_ADD_ADDR:
    case MPS_SIGNAL_ADD_ADDR_ECHO:
        add_addr_detail(out, option);
        break;
    case MPS_SIGNAL_REMOVE_ADDR:
        remove_addr_detail(out, option);
        break;
    case MPS_SIGNAL_MP_PRIO:
        g_string_append_printf(out, "{\"backup\":%d", option->prio.backup);
        if (option->prio.has_address_id)
            g_string_append_printf(out, ",\"address_id\":%d", option->prio.address_id);
        g_string_append_c(out, '}');
        break;
    case MPS_SIGNAL_MP_FAIL:
        g_string_append_printf(out, "{\"dsn\":\"%s\"}", mps_hex64(option->fail.dsn, text));
        break;
    case MPS_SIGNAL_FASTCLOSE:
        g_string_append_printf(out, "{\"receiver_key\":\"%s\"}",
                               mps_hex64(option->fastclose.receiver_key, text));
        break;
    case MPS_SIGNAL_MALFORMED:
        g_string_append_printf(out, "{\"subtype\":%d,\"length\":%d}", option->subtype,
                               option->length);
        break;
    default:
        break;
    }
}

void mps_event_row(MpsRowSink *rows, const MpsEvent *event, const char *kind, const char *detail)
{
    const bool of_packet = event->packet != 0;

    rows->add(
        rows, &mps_event_table,
        (MpsValue[]){
            mps_int(event->ts_ns),
            mps_int_if(of_packet, event->capture_id),
            mps_int_if(of_packet, (int64_t)event->packet),
            mps_int_if(event->connection->id != 0, (int64_t)event->connection->id),
            mps_int_if(event->subflow != NULL, event->subflow ? (int64_t)event->subflow->id : 0),
            mps_text(kind),
            mps_text(mps_side_name(event->direction)),
            mps_text(detail),
        });
}

static void observe(void *state G_GNUC_UNUSED, const MpsEvent *event, MpsRowSink *rows)
{
    g_autoptr(GString) detail = g_string_new(NULL);

    append_detail(detail, event);
    mps_event_row(rows, event, kinds[event->signal.what], detail->len ? detail->str : NULL);
}

const MpsMetric mps_metric_event = {
    .name = "event",
    .help = "What happened when: handshakes, signalling options, fallbacks, ends.",
    .scope = MPS_SCOPE_CONNECTION,
    .always = true,
    .table = &mps_event_table,
    .observe = {[MPS_EV_SIGNAL] = {observe}},
};
