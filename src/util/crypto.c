/* crypto.c - GChecksum and GHmac in MPTCP's terms. */
#include "util/crypto.h"

#include <string.h>

#include <glib.h>

static GChecksumType digest(int version)
{
    return version == 0 ? G_CHECKSUM_SHA1 : G_CHECKSUM_SHA256;
}

void mps_key_hash(int version, uint64_t key, uint32_t *token, uint64_t *idsn)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(digest(version));
    const uint64_t wire = GUINT64_TO_BE(key);
    uint8_t hash[MPS_HMAC_BYTES];
    gsize n_bytes = sizeof hash;

    g_checksum_update(checksum, (const guchar *)&wire, sizeof wire);
    g_checksum_get_digest(checksum, hash, &n_bytes);
    memcpy(token, hash, sizeof *token);
    memcpy(idsn, hash + n_bytes - sizeof *idsn, sizeof *idsn);
    *token = GUINT32_FROM_BE(*token);
    *idsn = GUINT64_FROM_BE(*idsn);
}

size_t mps_hmac(int version, uint64_t own_key, uint64_t peer_key, const uint8_t *message,
                size_t n_bytes, uint8_t out[MPS_HMAC_BYTES])
{
    const uint64_t keys[2] = {GUINT64_TO_BE(own_key), GUINT64_TO_BE(peer_key)};
    g_autoptr(GHmac) hmac = g_hmac_new(digest(version), (const guchar *)keys, sizeof keys);
    gsize n_out = MPS_HMAC_BYTES;

    g_hmac_update(hmac, message, (gssize)n_bytes);
    g_hmac_get_digest(hmac, out, &n_out);
    return n_out;
}

bool mps_join_hmac_valid(int version, uint64_t own_key, uint64_t peer_key, uint32_t own_nonce,
                         uint32_t peer_nonce, const uint8_t *hmac, size_t n_bytes)
{
    const uint32_t nonces[2] = {GUINT32_TO_BE(own_nonce), GUINT32_TO_BE(peer_nonce)};
    uint8_t right[MPS_HMAC_BYTES];

    mps_hmac(version, own_key, peer_key, (const uint8_t *)nonces, sizeof nonces, right);
    return memcmp(hmac, right, n_bytes) == 0;
}

bool mps_add_addr_hmac_valid(uint64_t own_key, uint64_t peer_key, uint8_t address_id,
                             const uint8_t *address, size_t n_address, uint16_t port,
                             const uint8_t *hmac)
{
    const uint16_t wire_port = GUINT16_TO_BE(port);
    uint8_t message[1 + 16 + sizeof wire_port], right[MPS_HMAC_BYTES];

    message[0] = address_id;
    memcpy(message + 1, address, n_address);
    memcpy(message + 1 + n_address, &wire_port, sizeof wire_port);

    const size_t n_bytes =
        mps_hmac(1, own_key, peer_key, message, 1 + n_address + sizeof wire_port, right);

    return memcmp(hmac, right + n_bytes - 8, 8) == 0; /* its rightmost 64 bits */
}
