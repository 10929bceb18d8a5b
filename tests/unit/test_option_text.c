/* test_option_text.c - MPTCP options in words. */
#include <string.h>

#include <glib.h>

#include "util/option_names.h"
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
    expect(
        &(MpsMptcpOption){.subtype = 0x9, .status = MPS_OPT_MALFORMED, .length = 41, .byte2 = 0x90},
        &nowhere, "subtype 0x9 malformed (length 41, bytes 90 00)");
}

static void expect_opaque(const MpsOpaqueOption *option, const char *text, const char *json)
{
    g_autoptr(GString) out = g_string_new(NULL);

    mps_opaque_text(out, option);
    g_assert_cmpstr(out->str, ==, text);
    g_string_truncate(out, 0);
    mps_opaque_json(out, option);
    g_assert_cmpstr(out->str, ==, json);
}

/* Options that no decoder knows, before and after the user has named them. */
static void opaque(void)
{
    MpsSegment segment = {
        .n_opaque = 4,
        .opaque = {{.kind = 30,
                    .subtype = 0xf,
                    .length = 7,
                    .n_bytes = 5,
                    .bytes = {0xf0, 0, 1, 5, 0xdc}},
                   {.kind = 30, .subtype = 9, .length = 4, .n_bytes = 2, .bytes = {0x90}},
                   {.kind = 28, .length = 4, .n_bytes = 2, .bytes = {0x80, 0x1e}},
                   {.kind = 77, .length = 8, .status = MPS_OPT_TRUNCATED, .n_bytes = 1}},
    };
    g_autoptr(MpsOptionNames) names = mps_option_names_new();

    expect_opaque(&segment.opaque[0], "MP_EXPERIMENTAL length 7, bytes f0 00 01 05 dc",
                  "\"option\":\"MP_EXPERIMENTAL\",\"kind\":30,\"subtype\":15,\"length\":7,"
                  "\"status\":\"ok\",\"id\":\"0x0001\",\"bytes\":\"0xf0000105dc\"");
    expect_opaque(&segment.opaque[1], "subtype 0x9 length 4, bytes 90 00",
                  "\"option\":\"subtype 0x9\",\"kind\":30,\"subtype\":9,\"length\":4,"
                  "\"status\":\"ok\",\"bytes\":\"0x9000\"");
    expect_opaque(&segment.opaque[2], "User Timeout length 4, bytes 80 1e",
                  "\"option\":\"User Timeout\",\"kind\":28,\"length\":4,\"status\":\"ok\","
                  "\"bytes\":\"0x801e\"");
    expect_opaque(&segment.opaque[3], "TCP option 77 cut by the capture (length 8)",
                  "\"option\":\"TCP option 77\",\"kind\":77,\"length\":8,"
                  "\"status\":\"truncated\",\"bytes\":\"0x00\"");
    g_assert_true(mps_option_names_add(names, "mptcp:0xf:0x0001=Rate,u16:kbit/s", NULL));
    g_assert_true(mps_option_names_add(names, "tcp:77=Wide,u48", NULL) == false);
    g_assert_true(mps_option_names_add(names, "tcp:77=Wide,u64", NULL));
    mps_option_names_apply(names, &segment);
    expect_opaque(&segment.opaque[0], "Rate: 1500 kbit/s",
                  "\"option\":\"MP_EXPERIMENTAL\",\"kind\":30,\"subtype\":15,\"length\":7,"
                  "\"status\":\"ok\",\"id\":\"0x0001\",\"bytes\":\"0xf0000105dc\","
                  "\"name\":\"Rate\",\"value\":\"1500 kbit/s\","
                  "\"fields\":[{\"value\":1500,\"unit\":\"kbit/s\"}]");
    expect_opaque(&segment.opaque[3], "Wide: cut by the capture",
                  "\"option\":\"TCP option 77\",\"kind\":77,\"length\":8,"
                  "\"status\":\"truncated\",\"bytes\":\"0x00\",\"name\":\"Wide\","
                  "\"value\":\"cut by the capture\"");
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
    g_test_add_func("/option-text/opaque", opaque);
    g_test_add_func("/option-text/others", others);
    return g_test_run();
}
