/* test_address.c - addresses and hexadecimal digits are spelled as the C library does. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include <glib.h>

#include "util/address.h"

static void expect_as_library(const MpsAddress *address)
{
    char text[MPS_ADDRESS_TEXT], library[MPS_ADDRESS_TEXT];

    inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->bytes, library, sizeof library);
    g_assert_cmpstr(mps_address_text(address, text), ==, library);
}

static void test_ipv4(void)
{
    for (unsigned value = 0; value < 256; value++)
        for (unsigned place = 0; place < 4; place++) {
            MpsAddress address = {.bytes = {10, 200, 0, 99}, .family = 4};

            address.bytes[place] = (uint8_t)value;
            expect_as_library(&address);
        }
}

static void test_ipv6(void)
{
    MpsAddress address = {.family = 6};

    expect_as_library(&address);
    address.bytes[15] = 1;
    expect_as_library(&address);
    memset(address.bytes, 0xfe, sizeof address.bytes);
    expect_as_library(&address);
}

static void test_hex64(void)
{
    static const uint64_t values[] = {0, 1, 0xabcdef, UINT64_C(0x0123456789abcdef), UINT64_MAX};

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *library = g_strdup_printf("0x%016" PRIx64, values[i]);
        char text[MPS_ADDRESS_TEXT];

        g_assert_cmpstr(mps_hex64(values[i], text), ==, library);
    }
}

static void test_hex(void)
{
    const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0x9a, 0xff};
    char text[2 * sizeof bytes + 1];

    g_assert_cmpstr(mps_hex(bytes, sizeof bytes, text), ==, "000ff09aff");
    g_assert_cmpstr(mps_hex(bytes, 0, text), ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address/IPv4", test_ipv4);
    g_test_add_func("/address/IPv6", test_ipv6);
    g_test_add_func("/address/hex64", test_hex64);
    g_test_add_func("/address/hex", test_hex);
    return g_test_run();
}
