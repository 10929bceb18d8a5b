/* fuzz_mptcp.c - any bytes as an option of kind 30.  Promises: OK never claims bytes that were not
 * captured; an option that is not OK keeps nothing but its head; cutting an OK option by a byte
 * makes it truncated. */
#include <string.h>

#include <glib.h>

#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    if (n_bytes == 0)
        return 0;

    g_autofree uint8_t *option = g_memdup2(data, n_bytes); /* own block: ASan sees any overread */
    MpsMptcpOption out, cut;
    const MpsOptionStatus status = mps_mptcp_decode(option, n_bytes, &out);

    g_assert_nonnull(mps_mptcp_subtype_name(out.subtype));
    if (status == MPS_OPT_OK) {
        g_assert_cmpuint(out.length, ==, option[1]);
        g_assert_cmpuint(out.length, <=, n_bytes);

        g_autofree uint8_t *shorter = g_memdup2(data, out.length - 1u);

        g_assert_cmpint(mps_mptcp_decode(shorter, out.length - 1u, &cut), ==, MPS_OPT_TRUNCATED);
        if (out.subtype == MPS_MP_JOIN)
            g_assert_cmpint(out.join.form, ==, out.length);
        if (out.subtype == MPS_REMOVE_ADDR)
            g_assert_cmpint(out.remove_addr.n_ids, ==, out.length - 3);
        if (out.subtype == MPS_ADD_ADDR)
            g_assert_true(out.add_addr.address.family == 4 || out.add_addr.address.family == 6);
    } else {
        g_assert_cmphex(out.dss.dsn, ==, 0);
        g_assert_cmphex(out.capable.sender_key, ==, 0);
        g_assert_false(out.dss.has_map || out.dss.has_ack);
    }
    return 0;
}
