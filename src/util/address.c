/* address.c - by hand where a row has several of them; inet_ntop() for IPv6. */
#include "util/address.h"

#include <arpa/inet.h>

static char *decimal(uint8_t value, char *at)
{
    if (value >= 100)
        *at++ = (char)('0' + value / 100);
    if (value >= 10)
        *at++ = (char)('0' + value / 10 % 10);
    *at++ = (char)('0' + value % 10);
    return at;
}

const char *mps_address_text(const MpsAddress *address, char text[MPS_ADDRESS_TEXT])
{
    if (address->family == 4) {
        char *at = text;

        for (int i = 0; i < 4; i++) {
            at = decimal(address->bytes[i], at);
            *at++ = i < 3 ? '.' : '\0';
        }
    } else if (!inet_ntop(AF_INET6, address->bytes, text, MPS_ADDRESS_TEXT)) {
        text[0] = '\0';
    }
    return text;
}

const char *mps_hex(const uint8_t *bytes, size_t n, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 0xf];
    }
    text[2 * n] = '\0';
    return text;
}

const char *mps_hex64(uint64_t value, char text[MPS_ADDRESS_TEXT])
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    text[0] = '0';
    text[1] = 'x';
    mps_hex(bytes, sizeof bytes, text + 2);
    return text;
}
