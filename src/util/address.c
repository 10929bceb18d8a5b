/* address.c - inet_ntop() and hexadecimal. */
#include "util/address.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

const char *mps_address_text(const MpsAddress *address, char text[MPS_ADDRESS_TEXT])
{
    if (!inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->bytes, text,
                   MPS_ADDRESS_TEXT))
        text[0] = '\0';
    return text;
}

const char *mps_hex64(uint64_t value, char text[MPS_ADDRESS_TEXT])
{
    (void)snprintf(text, MPS_ADDRESS_TEXT, "0x%016" PRIx64, value);
    return text;
}
