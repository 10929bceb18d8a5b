/* mptcp.c - TCP option kind 30, RFC 8684 section 3: finds the subtype's decoder.
 *   | kind 30 | length | subtype, 4 bits of the subtype's own | the subtype's own | */
#include "decode/decode.h"
#include "decode/mptcp.h"

typedef struct {
    const char *name;
    void (*decode)(MpsCursor *c, MpsMptcpOption *out);
} SubtypeInfo;

static const SubtypeInfo subtypes[16] = {
#define MPTCP_SUBTYPE(value, name, fn, section) [value] = {#name, mps_decode_##fn},
#include "decode/mptcp_subtypes.def"
#undef MPTCP_SUBTYPE
};

const char *mps_mptcp_subtype_name(uint8_t subtype)
{
    const char *name = subtype < G_N_ELEMENTS(subtypes) ? subtypes[subtype].name : NULL;

    return name ? name : "unassigned";
}

static MpsOptionStatus decode_subtype(const uint8_t *option, size_t length, MpsMptcpOption *out)
{
    MpsCursor c = {option + 3, option + length, false};

    if (!subtypes[out->subtype].decode)
        return MPS_OPT_OK; /* unassigned: nothing to hold it against */
    subtypes[out->subtype].decode(&c, out);
    return c.short_read || mps_cursor_left(&c) > 0 ? MPS_OPT_MALFORMED : MPS_OPT_OK;
}

/* What is known of any option, however short; the rest is zero. */
static void begin(const uint8_t *option, size_t n_bytes, uint8_t length, MpsMptcpOption *out)
{
    memset(out, 0, sizeof *out);
    out->subtype = n_bytes > 2 ? option[2] >> 4 : MPS_MP_EXPERIMENTAL;
    out->length = length;
    out->byte2 = n_bytes > 2 ? option[2] : 0;
    out->byte3 = n_bytes > 3 ? option[3] : 0;
}

MpsOptionStatus mps_mptcp_decode(const uint8_t *option, size_t captured_bytes, MpsMptcpOption *out)
{
    const uint8_t length = captured_bytes > 1 ? option[1] : 0;
    /* A length of 0 or 1 ends nothing; what follows is shown as the option's bytes. */
    const size_t n_bytes = length < 2 ? captured_bytes : MIN(captured_bytes, length);
    MpsOptionStatus status;

    begin(option, n_bytes, length, out);
    if (captured_bytes < 2)
        status = MPS_OPT_TRUNCATED;
    else if (length < 3)
        status = MPS_OPT_MALFORMED;
    else if (captured_bytes < length)
        status = MPS_OPT_TRUNCATED;
    else if ((status = decode_subtype(option, length, out)) != MPS_OPT_OK)
        begin(option, n_bytes, length, out);
    out->status = (uint8_t)status;
    return status;
}
