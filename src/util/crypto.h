/* crypto.h - tokens, initial data sequence numbers and HMACs.
 * RFC 8684 section 3.1, 3.2 (SHA-256); RFC 6824 the same with SHA-1. */
#ifndef MPS_UTIL_CRYPTO_H
#define MPS_UTIL_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Token (leftmost 32 bits) and IDSN (rightmost 64 bits) of the key's hash. */
void mps_key_hash(int version, uint64_t key, uint32_t *token, uint64_t *idsn);

/* Longest HMAC: SHA-256. */
#define MPS_HMAC_BYTES 32

/* HMAC with the key own ‖ peer over @message; fills 20 (v0) or 32 bytes of @out, returns how many.
 */
size_t mps_hmac(int version, uint64_t own_key, uint64_t peer_key, const uint8_t *message,
                size_t n_bytes, uint8_t out[MPS_HMAC_BYTES]);

/* Whether @hmac, the first @n_bytes of an HMAC in MP_JOIN sent by the owner of @own_key, is right:
 * 8 bytes in the SYN/ACK, 20 in the third ACK. */
bool mps_join_hmac_valid(int version, uint64_t own_key, uint64_t peer_key, uint32_t own_nonce,
                         uint32_t peer_nonce, const uint8_t *hmac, size_t n_bytes);

/* Whether the 8 bytes at @hmac are those of an ADD_ADDR (RFC 8684 section 3.4.1) sent by the owner
 * of @own_key; @port is 0 where the option has none. */
bool mps_add_addr_hmac_valid(uint64_t own_key, uint64_t peer_key, uint8_t address_id,
                             const uint8_t *address, size_t n_address, uint16_t port,
                             const uint8_t *hmac);

#endif
