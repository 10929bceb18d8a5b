/* test_option_text.c - MPTCP options in words. */
#include <string.h>

#include <glib.h>

#include "views/option_text.h"

static MpsConnection connection = {
    .side = {{.has_idsn = true, .idsn = 0xfffffffe, .data_bytes = 10}, {.has_idsn = false}},
};
static const MpsPlaced from_client = {.connection = &connection, .sender = MPS_CLIENT};
static const MpsPlaced nowhere = {.sender = MPS_NOBODY};

static void expect(const MpsMptcpOption *option, const MpsPlaced *placed, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    mps_option_text(out, option, placed);
    g_assert_cmpstr(out->str, ==, text);
}

static void dss(void)
{
    MpsMptcpOption option = {.subtype = MPS_DSS};

    option.dss.has_map = option.dss.dsn_is_64 = true;
    option.dss.dsn = 0xffffffff;
    option.dss.ssn = 1;
    option.dss.data_bytes = 10;
    expect(&option, &from_client, "DSS dsn8 0 ssn 1 len 10");
    expect(&option, &nowhere, "DSS dsn8 0x00000000ffffffff ssn 1 len 10");
    option.dss.dsn_is_64 = false;
    option.dss.dsn = 9; /* beyond the wrap of the low half */
    option.dss.has_ack = option.dss.data_fin = option.dss.has_checksum = true;
    option.dss.data_ack = 7;
    option.dss.checksum = 0xab;
    expect(&option, &from_client, "DSS ack4 0x00000007, dsn4 10 ssn 1 len 10 csum 0x00ab DATA_FIN");
}

static void broken(void)
{
    expect(&(MpsMptcpOption){.subtype = MPS_MP_JOIN, .status = MPS_OPT_TRUNCATED, .length = 24},
           &nowhere, "MP_JOIN cut by the capture (length 24)");
    expect(&(MpsMptcpOption){.subtype = MPS_DSS,
                             .status = MPS_OPT_MALFORMED,
                             .length = 5,
                             .byte2 = 0x20,
                             .byte3 = 0xff},
           &nowhere, "DSS malformed (length 5, bytes 20 ff)");
    expect(&(MpsMptcpOption){.subtype = 0x9, .length = 4, .byte2 = 0x90}, &nowhere,
           "subtype 0x9 length 4, bytes 90 00");
}

static void others(void)
{
    MpsMptcpOption option = {.subtype = MPS_MP_TCPRST};

    option.tcprst.reason = 3;
    option.tcprst.flags = 1;
    expect(&option, &nowhere, "MP_TCPRST reason 3 (administratively prohibited) transient");
    option.tcprst.reason = 77;
    expect(&option, &nowhere, "MP_TCPRST reason 77 transient");
    option = (MpsMptcpOption){.subtype = MPS_REMOVE_ADDR};
    option.remove_addr.n_ids = 2;
    option.remove_addr.ids[0] = 4;
    option.remove_addr.ids[1] = 9;
    expect(&option, &nowhere, "REMOVE_ADDR id 4, 9");
    option = (MpsMptcpOption){.subtype = MPS_ADD_ADDR};
    option.add_addr.address_id = 2;
    option.add_addr.has_port = true;
    option.add_addr.port = 5555;
    option.add_addr.address = (MpsAddress){.bytes = {10, 0, 2, 1}, .family = 4};
    expect(&option, &nowhere, "ADD_ADDR id 2 10.0.2.1 port 5555");
    option = (MpsMptcpOption){.subtype = MPS_MP_JOIN};
    option.join.form = MPS_JOIN_SYN;
    option.join.backup = true;
    option.join.token = 0x1234;
    expect(&option, &nowhere, "MP_JOIN id 0 backup token 0x00001234 nonce 0x00000000");
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/option-text/dss", dss);
    g_test_add_func("/option-text/broken", broken);
    g_test_add_func("/option-text/others", others);
    return g_test_run();
}
