/* option_text.c - see option_text.h.  Layouts: RFC 8684 section 3, RFC 6824 section 3. */
#include "views/option_text.h"

#include <inttypes.h>

#include "util/address.h"
#include "util/option_names.h"

const char *mps_option_name(uint8_t subtype)
{
    static const char *const names[16] = {
        "MP_CAPABLE",  "MP_JOIN",     "DSS",         "ADD_ADDR",
        "REMOVE_ADDR", "MP_PRIO",     "MP_FAIL",     "MP_FASTCLOSE",
        "MP_TCPRST",   "subtype 0x9", "subtype 0xa", "subtype 0xb",
        "subtype 0xc", "subtype 0xd", "subtype 0xe", "MP_EXPERIMENTAL",
    };

    return names[subtype & 0xf];
}

const char *mps_tcprst_words(uint8_t reason)
{
    static const char *const words[] = {
        "unspecified",
        "MPTCP-specific error",
        "lack of resources",
        "administratively prohibited",
        "too much outstanding data",
        "unacceptable performance",
        "middlebox interference",
    };

    return reason < G_N_ELEMENTS(words) ? words[reason] : NULL;
}

bool mps_option_offset(const MpsConnection *connection, MpsSide side, uint64_t dsn, bool is_64,
                       int64_t *offset)
{
    if (!connection || side == MPS_NOBODY || !connection->side[side].has_idsn)
        return false;

    const uint64_t base = connection->side[side].idsn + 1;
    const uint64_t reference = connection->side[side].data_bytes;

    *offset = is_64 ? (int64_t)(dsn - base)
                    : (int64_t)reference + (int32_t)((uint32_t)dsn - (uint32_t)(base + reference));
    return true;
}

static MpsSide peer(const MpsPlaced *placed)
{
    return placed->sender == MPS_NOBODY   ? MPS_NOBODY
           : placed->sender == MPS_CLIENT ? MPS_SERVER
                                          : MPS_CLIENT;
}

static void append_dsn(GString *out, const MpsPlaced *placed, MpsSide side, uint64_t dsn,
                       bool is_64)
{
    int64_t offset;

    if (mps_option_offset(placed->connection, side, dsn, is_64, &offset))
        g_string_append_printf(out, "%" PRId64, offset);
    else
        g_string_append_printf(out, is_64 ? "0x%016" PRIx64 : "0x%08" PRIx64, dsn);
}

static void append_bytes(GString *out, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(out, "%02x", bytes[i]);
}

static void capable_text(GString *out, const MpsMptcpOption *option)
{
    g_string_append_printf(out, " v%u", option->capable.version);
    if (option->capable.flags & 0x80)
        g_string_append(out, " checksum");
    if (option->capable.flags & 0x40)
        g_string_append(out, " extended");
    if (option->capable.flags & 0x20 && option->capable.version > 0)
        g_string_append(out, " no-join-here");
    g_string_append_printf(out, " flags 0x%02x", option->capable.flags);
    if (option->capable.has_sender_key)
        g_string_append_printf(out, " key 0x%016" PRIx64, option->capable.sender_key);
    if (option->capable.has_receiver_key)
        g_string_append_printf(out, " peer key 0x%016" PRIx64, option->capable.receiver_key);
    if (option->capable.has_data_length)
        g_string_append_printf(out, " data len %u", option->capable.data_bytes);
    if (option->capable.has_checksum)
        g_string_append_printf(out, " csum 0x%04x", option->capable.checksum);
}

static void join_text(GString *out, const MpsMptcpOption *option)
{
    if (option->join.form == MPS_JOIN_ACK) {
        g_string_append(out, " hmac 0x");
        append_bytes(out, option->join.hmac, 20);
        return;
    }
    g_string_append_printf(out, " id %u", option->join.address_id);
    if (option->join.backup)
        g_string_append(out, " backup");
    if (option->join.form == MPS_JOIN_SYN) {
        g_string_append_printf(out, " token 0x%08x", option->join.token);
    } else {
        g_string_append(out, " hmac 0x");
        append_bytes(out, option->join.hmac, 8);
    }
    g_string_append_printf(out, " nonce 0x%08x", option->join.nonce);
}

static void dss_text(GString *out, const MpsMptcpOption *option, const MpsPlaced *placed)
{
    const char *before = " ";

    if (option->dss.has_ack) {
        g_string_append_printf(out, " ack%d ", option->dss.ack_is_64 ? 8 : 4);
        append_dsn(out, placed, peer(placed), option->dss.data_ack, option->dss.ack_is_64);
        before = ", ";
    }
    if (option->dss.has_map) {
        g_string_append_printf(out, "%sdsn%d ", before, option->dss.dsn_is_64 ? 8 : 4);
        append_dsn(out, placed, placed->sender, option->dss.dsn, option->dss.dsn_is_64);
        g_string_append_printf(out, " ssn %u len %u", option->dss.ssn, option->dss.data_bytes);
        if (option->dss.has_checksum)
            g_string_append_printf(out, " csum 0x%04x", option->dss.checksum);
    }
    if (option->dss.data_fin)
        g_string_append(out, " DATA_FIN");
}

static void add_addr_text(GString *out, const MpsMptcpOption *option)
{
    char address[MPS_ADDRESS_TEXT];

    if (option->add_addr.echo)
        g_string_append(out, " echo");
    g_string_append_printf(out, " id %u %s", option->add_addr.address_id,
                           mps_address_text(&option->add_addr.address, address));
    if (option->add_addr.has_port)
        g_string_append_printf(out, " port %u", option->add_addr.port);
    if (option->add_addr.has_hmac) {
        g_string_append(out, " hmac 0x");
        append_bytes(out, option->add_addr.hmac, sizeof option->add_addr.hmac);
    }
}

static void tcprst_text(GString *out, const MpsMptcpOption *option)
{
    const char *words = mps_tcprst_words(option->tcprst.reason);

    g_string_append_printf(out, " reason %u%s%s%s", option->tcprst.reason, words ? " (" : "",
                           words ? words : "", words ? ")" : "");
    if (option->tcprst.flags & 1)
        g_string_append(out, " transient");
}

void mps_option_text(GString *out, const MpsMptcpOption *option, const MpsPlaced *placed)
{
    g_string_append(out, mps_option_name(option->subtype));
    if (option->status == MPS_OPT_TRUNCATED) {
        g_string_append_printf(out, " cut by the capture (length %u)", option->length);
        return;
    }
    if (option->status == MPS_OPT_MALFORMED) {
        g_string_append_printf(out, " malformed (length %u, bytes %02x %02x)", option->length,
                               option->byte2, option->byte3);
        return;
    }
    switch (option->subtype) {
    case MPS_MP_CAPABLE:
        capable_text(out, option);
        break;
    case MPS_MP_JOIN:
        join_text(out, option);
        break;
    case MPS_DSS:
        dss_text(out, option, placed);
        break;
    case MPS_ADD_ADDR:
        add_addr_text(out, option);
        break;
    case MPS_REMOVE_ADDR:
        for (unsigned i = 0; i < option->remove_addr.n_ids; i++)
            g_string_append_printf(out, "%s%u", i ? ", " : " id ", option->remove_addr.ids[i]);
        break;
    case MPS_MP_PRIO:
        g_string_append(out, option->prio.backup ? " backup" : " regular");
        if (option->prio.has_address_id)
            g_string_append_printf(out, " id %u", option->prio.address_id);
        break;
    case MPS_MP_FAIL:
        g_string_append(out, " dsn ");
        append_dsn(out, placed, peer(placed), option->fail.dsn, true);
        break;
    case MPS_MP_FASTCLOSE:
        g_string_append_printf(out, " peer key 0x%016" PRIx64, option->fastclose.receiver_key);
        break;
    case MPS_MP_TCPRST:
        tcprst_text(out, option);
        break;
    default: /* mps_opaque_text() */
        break;
    }
}

/* Whose option it is where the user has no name for it. */
static void append_opaque_name(GString *out, const MpsOpaqueOption *option)
{
    const char *name = option->kind == MPS_KIND_MPTCP ? mps_option_name(option->subtype)
                                                      : mps_tcp_option_name(option->kind);

    if (name)
        g_string_append(out, name);
    else
        g_string_append_printf(out, "TCP option %u", option->kind);
}

void mps_opaque_text(GString *out, const MpsOpaqueOption *option)
{
    const char *name = mps_opaque_name(option);

    if (name) {
        const gsize before = out->len;

        mps_opaque_value(out, option);
        if (out->len > before)
            g_string_insert(out, (gssize)before, ": ");
        g_string_insert(out, (gssize)before, name);
        return;
    }
    append_opaque_name(out, option);
    if (option->status == MPS_OPT_TRUNCATED) {
        g_string_append_printf(out, " cut by the capture (length %u)", option->length);
        return;
    }
    g_string_append_printf(out, " length %u%s", option->length, option->n_bytes ? ", bytes" : "");
    for (unsigned i = 0; i < option->n_bytes; i++)
        g_string_append_printf(out, " %02x", option->bytes[i]);
}

/* ---- JSON: numbers as sent (hex where 64 bits wide), and data offsets where they are known. */

static const char *word(bool value)
{
    return value ? "true" : "false";
}

static void json_hex(GString *out, const char *name, const uint8_t *bytes, size_t n)
{
    g_string_append_printf(out, ",\"%s\":\"0x", name);
    append_bytes(out, bytes, n);
    g_string_append_c(out, '"');
}

static void json_u64(GString *out, const char *name, uint64_t value, bool is_64)
{
    g_string_append_printf(
        out, is_64 ? ",\"%s\":\"0x%016" PRIx64 "\"" : ",\"%s\":\"0x%08" PRIx64 "\"", name, value);
}

static void json_offset(GString *out, const char *name, const MpsPlaced *placed, MpsSide side,
                        uint64_t dsn, bool is_64)
{
    int64_t offset;

    if (mps_option_offset(placed->connection, side, dsn, is_64, &offset))
        g_string_append_printf(out, ",\"%s\":%" PRId64, name, offset);
}

static void capable_json(GString *out, const MpsMptcpOption *option)
{
    g_string_append_printf(out, ",\"version\":%u,\"flags\":%u", option->capable.version,
                           option->capable.flags);
    if (option->capable.has_sender_key)
        json_u64(out, "sender_key", option->capable.sender_key, true);
    if (option->capable.has_receiver_key)
        json_u64(out, "receiver_key", option->capable.receiver_key, true);
    if (option->capable.has_data_length)
        g_string_append_printf(out, ",\"data_bytes\":%u", option->capable.data_bytes);
    if (option->capable.has_checksum)
        g_string_append_printf(out, ",\"checksum\":%u", option->capable.checksum);
}

static void join_json(GString *out, const MpsMptcpOption *option)
{
    if (option->join.form != MPS_JOIN_ACK)
        g_string_append_printf(out, ",\"address_id\":%u,\"backup\":%s,\"nonce\":%u",
                               option->join.address_id, word(option->join.backup),
                               option->join.nonce);
    if (option->join.form == MPS_JOIN_SYN)
        g_string_append_printf(out, ",\"token\":%u", option->join.token);
    else
        json_hex(out, "hmac", option->join.hmac, option->join.form == MPS_JOIN_ACK ? 20 : 8);
}

static void dss_json(GString *out, const MpsMptcpOption *option, const MpsPlaced *placed)
{
    g_string_append_printf(out, ",\"data_fin\":%s", word(option->dss.data_fin));
    if (option->dss.has_ack) {
        json_u64(out, "data_ack", option->dss.data_ack, option->dss.ack_is_64);
        json_offset(out, "data_ack_offset", placed, peer(placed), option->dss.data_ack,
                    option->dss.ack_is_64);
    }
    if (option->dss.has_map) {
        json_u64(out, "dsn", option->dss.dsn, option->dss.dsn_is_64);
        json_offset(out, "data_offset", placed, placed->sender, option->dss.dsn,
                    option->dss.dsn_is_64);
        g_string_append_printf(out, ",\"ssn\":%u,\"data_bytes\":%u", option->dss.ssn,
                               option->dss.data_bytes);
        if (option->dss.has_checksum)
            g_string_append_printf(out, ",\"checksum\":%u", option->dss.checksum);
    }
}

static void add_addr_json(GString *out, const MpsMptcpOption *option)
{
    char address[MPS_ADDRESS_TEXT];

    g_string_append_printf(out, ",\"echo\":%s,\"address_id\":%u,\"address\":\"%s\"",
                           word(option->add_addr.echo), option->add_addr.address_id,
                           mps_address_text(&option->add_addr.address, address));
    if (option->add_addr.has_port)
        g_string_append_printf(out, ",\"port\":%u", option->add_addr.port);
    if (option->add_addr.has_hmac)
        json_hex(out, "hmac", option->add_addr.hmac, sizeof option->add_addr.hmac);
}

void mps_option_json(GString *out, const MpsMptcpOption *option, const MpsPlaced *placed)
{
    static const char *const statuses[] = {
        [MPS_OPT_OK] = "ok", [MPS_OPT_TRUNCATED] = "truncated", [MPS_OPT_MALFORMED] = "malformed"};

    g_string_append_printf(out, "\"option\":\"%s\",\"subtype\":%u,\"length\":%u,\"status\":\"%s\"",
                           mps_option_name(option->subtype), option->subtype, option->length,
                           statuses[option->status]);
    if (option->status != MPS_OPT_OK)
        return;
    switch (option->subtype) {
    case MPS_MP_CAPABLE:
        capable_json(out, option);
        break;
    case MPS_MP_JOIN:
        join_json(out, option);
        break;
    case MPS_DSS:
        dss_json(out, option, placed);
        break;
    case MPS_ADD_ADDR:
        add_addr_json(out, option);
        break;
    case MPS_REMOVE_ADDR:
        for (unsigned i = 0; i < option->remove_addr.n_ids; i++)
            g_string_append_printf(out, "%s%u", i ? "," : ",\"address_ids\":[",
                                   option->remove_addr.ids[i]);
        g_string_append(out, option->remove_addr.n_ids ? "]" : ",\"address_ids\":[]");
        break;
    case MPS_MP_PRIO:
        g_string_append_printf(out, ",\"backup\":%s", word(option->prio.backup));
        if (option->prio.has_address_id)
            g_string_append_printf(out, ",\"address_id\":%u", option->prio.address_id);
        break;
    case MPS_MP_FAIL:
        json_u64(out, "dsn", option->fail.dsn, true);
        json_offset(out, "data_offset", placed, peer(placed), option->fail.dsn, true);
        break;
    case MPS_MP_FASTCLOSE:
        json_u64(out, "receiver_key", option->fastclose.receiver_key, true);
        break;
    case MPS_MP_TCPRST:
        g_string_append_printf(out, ",\"reason\":%u,\"flags\":%u", option->tcprst.reason,
                               option->tcprst.flags);
        break;
    default: /* mps_opaque_json() */
        break;
    }
}

static void fields_json(GString *out, const MpsOpaqueOption *option)
{
    MpsOpaqueField fields[MPS_OPAQUE_FIELDS_MAX];
    const int n = mps_opaque_fields(option, fields);

    for (int i = 0; i < n; i++) {
        const char *quote = fields[i].is_number ? "" : "\"";

        g_string_append_printf(out, "%s{\"value\":%s%s%s", i ? "," : ",\"fields\":[", quote,
                               fields[i].text, quote);
        if (fields[i].unit)
            g_string_append_printf(out, ",\"unit\":\"%s\"", fields[i].unit);
        g_string_append_c(out, '}');
    }
    if (n > 0)
        g_string_append_c(out, ']');
}

void mps_opaque_json(GString *out, const MpsOpaqueOption *option)
{
    const MpsOpaqueIdentity identity = mps_opaque_identity(option);
    const char *name = mps_opaque_name(option);
    char id[MPS_OPAQUE_ID_TEXT];

    g_string_append(out, "\"option\":\"");
    append_opaque_name(out, option);
    g_string_append_printf(out, "\",\"kind\":%u", option->kind);
    if (option->kind == MPS_KIND_MPTCP)
        g_string_append_printf(out, ",\"subtype\":%u", option->subtype);
    g_string_append_printf(out, ",\"length\":%u,\"status\":\"%s\"", option->length,
                           option->status == MPS_OPT_OK ? "ok" : "truncated");
    if (mps_opaque_id_text(&identity, id))
        g_string_append_printf(out, ",\"id\":\"%s\"", id);
    json_hex(out, "bytes", option->bytes, option->n_bytes);
    if (!name)
        return;
    g_string_append_printf(out, ",\"name\":\"%s\",\"value\":\"", name);
    mps_opaque_value(out, option);
    g_string_append_c(out, '"');
    fields_json(out, option);
}
