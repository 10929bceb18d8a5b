/* test_crypto.c - tokens, IDSNs and HMACs: values computed independently; those marked real were
 * also compared with bytes of real packets. */
#include <string.h>

#include <glib.h>

#include "util/crypto.h"

typedef struct {
    uint64_t key;
    int version;
    uint32_t token;
    uint64_t idsn;
} KeyCase;

#define K(hex) UINT64_C(0x##hex)

static const KeyCase keys[] = {
    {K(0000000000000001), 0, 0xcb473678, K(38f11011007ad27d)},
    {K(0000000000000001), 1, 0xcd266215, K(19ec509083d00a50)},
    {K(0001020304050607), 0, 0x67423ebf, K(d6c0dc731a3ddd6b)},
    {K(0001020304050607), 1, 0x8a851ff8, K(e3db22c6785a0d45)},
    {K(08090a0b0c0d0e0f), 0, 0x7e18779a, K(ecf9cd1f7f493a7b)},
    {K(08090a0b0c0d0e0f), 1, 0x34179de5, K(9ac0c6c29ef61a05)},
    {K(ffffffffffffffff), 0, 0xbe673e8a, K(866701c11ef8e089)},
    {K(ffffffffffffffff), 1, 0x12a3ae44, K(57fb595bbbacf0ca)},
    {K(9c764fc34f185038), 1, 0xbf34a962, K(0e6462f3688ec64e)}, /* real, from here on */
    {K(347997aecdf19ddf), 1, 0x74a5bfcc, K(092e4d46ef94aa1e)},
    {K(8f0a0b7ab879c5a9), 1, 0x62c970a2, K(6dd0610db8268074)},
    {K(08801ace4ee57771), 1, 0xc1a9b465, K(541f982b30099f2e)},
    {K(ca2f07947b1bfd2b), 0, 0x87f53114, K(528b5d084e92c2fc)},
    {K(a78213619e4beafc), 0, 0x2ff5f1f0, K(488c0d28e589f0d3)},
    {K(d8e9bdfad036fbf0), 0, 0x0a8c8e8c, K(83a45002a2fd3909)},
    {K(d72afc372a0ad242), 0, 0x303b9394, K(daa2dd62e240025a)},
};

/* HMAC with key own, peer over message. */
typedef struct {
    int version;
    uint64_t own, peer;
    const char *message, *hmac; /* hexadecimal; the last 8 bytes if shorter than a digest: "..." */
} HmacCase;

/* "0b0b0b0b" and so on are ASCII keys of the Linux unit test. */
static const HmacCase hmacs[] = {
    {1, K(3062306230623062), K(3062306230623062), "3438363932303534",
     "8385e24fb4235ac37556b6b886db106284a1da671699f46db1f235ec622dcafa"},
    {1, K(6161616161616161), K(6161616161616161), "6464646464646464",
     "2c5e219164ff1dca1c4a92318d847bb6b9d44492984e1eb71aff9022f71046e9"},
    {1, K(3031303230333034), K(3035303630373038), "6364636463646364",
     "e73b9ba9969969cefb04aa0d6df18ec2fcc075b6f23b4d8c4da736a5dbbc6e7d"},
    /* ADD_ADDR: the whole of the first, the last 8 bytes of the others */
    {1, K(0001020304050607), K(08090a0b0c0d0e0f), "05c00002010000",
     "da0788d696a39d92a2477fe53b3f483f2c030451d52435b9236b94088a7a319b"},
    {1, K(08090a0b0c0d0e0f), K(0001020304050607), "05c00002010000", "3da134dac85a71bf"},
    {1, K(0001020304050607), K(08090a0b0c0d0e0f), "05c00002011f90", "b1c79ffeec64e5ce"},
    {1, K(08090a0b0c0d0e0f), K(0001020304050607), "05c00002011f90", "2b695c284ba28e87"},
    {1, K(0001020304050607), K(08090a0b0c0d0e0f), "0620010db80000000000000000000000010000",
     "d6c11d297bd1d065"},
    {1, K(08090a0b0c0d0e0f), K(0001020304050607), "0620010db80000000000000000000000010000",
     "e26300b84a928a11"},
    {1, K(0001020304050607), K(08090a0b0c0d0e0f), "0620010db80000000000000000000000011f90",
     "c187c1ac5c693309"},
    {1, K(08090a0b0c0d0e0f), K(0001020304050607), "0620010db80000000000000000000000011f90",
     "3ba14e46a5bc06cc"},
    {1, K(347997aecdf19ddf), K(9c764fc34f185038), "01c0a800010000", "71b222283421ab18"},
    {1, K(08801ace4ee57771), K(8f0a0b7ab879c5a9), "01c0a800010000", "1985e8573a296f72"},
    {1, K(3e83616ad6f26190), K(1ca704db91976efa), "010a0902011e61", "614a95c2db2adc78"},
    {1, K(3e83616ad6f26190), K(1ca704db91976efa), "03fd0900010000000000000000000000010000",
     "c4de2d1509356111"},
    {1, K(82b84043c1cdf5ce), K(3c53ec23fe4ff789), "01fd0900020000000000000000000000011e62",
     "44e641091af1ed76"},
    /* MP_JOIN, whole: nonces 11223344 and aabbccdd */
    {0, K(08090a0b0c0d0e0f), K(0001020304050607), "aabbccdd11223344",
     "245b93e03ea52c32d2ebd843ff1dc6c50623cb04"},
    {1, K(08090a0b0c0d0e0f), K(0001020304050607), "aabbccdd11223344",
     "34e0ca3a6df17d203299151173f71c50563d25343e9b7f892956319535794929"},
    {0, K(0001020304050607), K(08090a0b0c0d0e0f), "11223344aabbccdd",
     "86c86f91f1b207bfbe80127b6e76bf07cf1a5404"},
    {1, K(0001020304050607), K(08090a0b0c0d0e0f), "11223344aabbccdd",
     "820537c6d14447d17344e628d2e4af41cbb804630f7128375e838f44b29c8d1f"},
};

typedef struct {
    int version;
    uint64_t key_a, key_b;
    uint32_t token, nonce_a, nonce_b;
    const char *synack, *ack;
} JoinCase;

static const JoinCase joins[] = {
    {0, K(0001020304050607), K(08090a0b0c0d0e0f), 0x7e18779a, 0x11223344, 0xaabbccdd,
     "245b93e03ea52c32", "86c86f91f1b207bfbe80127b6e76bf07cf1a5404"},
    {1, K(0001020304050607), K(08090a0b0c0d0e0f), 0x34179de5, 0x11223344, 0xaabbccdd,
     "34e0ca3a6df17d20", "820537c6d14447d17344e628d2e4af41cbb80463"},
    {1, K(9c764fc34f185038), K(347997aecdf19ddf), 0x74a5bfcc, 0x8ec58548, 0x3b151924,
     "ab48ec25fbc8e959", "d132ef6a934e737b8de60852d13a21ba27312252"},
    {1, K(8f0a0b7ab879c5a9), K(08801ace4ee57771), 0xc1a9b465, 0x53c4b7b4, 0x65551b8c,
     "228ab2c5af207537", "a2751307349ab9e04728ad464157ec9bd089c716"},
    {1, K(3c53ec23fe4ff789), K(82b84043c1cdf5ce), 0xba84e804, 0x4653cfd7, 0x6926195d,
     "41a003f5438915dc", "e6a35ae2fdfc34a0deb33d553ec9a211e82dac23"},
    {0, K(ca2f07947b1bfd2b), K(a78213619e4beafc), 0x2ff5f1f0, 0x96a3c294, 0x0f0cc049,
     "84037deda67a454c", "66e36626703eacb8f72ec5be13f8c4ef4f6d4dd8"},
    {0, K(d8e9bdfad036fbf0), K(d72afc372a0ad242), 0x303b9394, 0xad79a044, 0xa0bb6c65,
     "61fedbb6c9262377", "825aadbb1222dd68b5352bf31ff13fe7f3d1e499"},
};

static size_t from_hex(const char *text, uint8_t *out)
{
    size_t n = 0;

    for (; text[2 * n]; n++)
        out[n] = (uint8_t)(g_ascii_xdigit_value(text[2 * n]) << 4 |
                           g_ascii_xdigit_value(text[2 * n + 1]));
    return n;
}

static void test_keys(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        uint32_t token;
        uint64_t idsn;

        mps_key_hash(keys[i].version, keys[i].key, &token, &idsn);
        g_assert_cmphex(token, ==, keys[i].token);
        g_assert_cmphex(idsn, ==, keys[i].idsn);
    }
}

static void test_hmacs(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hmacs); i++) {
        const HmacCase *c = &hmacs[i];
        uint8_t message[32], shall[MPS_HMAC_BYTES], is[MPS_HMAC_BYTES];
        const size_t n_message = from_hex(c->message, message), n_shall = from_hex(c->hmac, shall);
        const size_t n_is = mps_hmac(c->version, c->own, c->peer, message, n_message, is);

        g_assert_cmpuint(n_is, ==, c->version == 0 ? 20 : 32);
        g_assert_true(memcmp(is + n_is - n_shall, shall, n_shall) == 0);
    }
}

static void test_joins(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(joins); i++) {
        const JoinCase *c = &joins[i];
        uint8_t hmac[32];
        uint32_t token;
        uint64_t idsn;
        size_t n;

        mps_key_hash(c->version, c->key_b, &token, &idsn); /* the SYN names the receiver's key */
        g_assert_cmphex(token, ==, c->token);
        n = from_hex(c->synack, hmac);
        g_assert_true(
            mps_join_hmac_valid(c->version, c->key_b, c->key_a, c->nonce_b, c->nonce_a, hmac, n));
        g_assert_false(
            mps_join_hmac_valid(c->version, c->key_a, c->key_b, c->nonce_b, c->nonce_a, hmac, n));
        g_assert_false(
            mps_join_hmac_valid(c->version, c->key_b, c->key_a, c->nonce_a, c->nonce_b, hmac, n));
        g_assert_false(
            mps_join_hmac_valid(!c->version, c->key_b, c->key_a, c->nonce_b, c->nonce_a, hmac, n));
        hmac[n - 1] ^= 1; /* the last byte counts, too */
        g_assert_false(
            mps_join_hmac_valid(c->version, c->key_b, c->key_a, c->nonce_b, c->nonce_a, hmac, n));
        n = from_hex(c->ack, hmac);
        g_assert_true(
            mps_join_hmac_valid(c->version, c->key_a, c->key_b, c->nonce_a, c->nonce_b, hmac, n));
        hmac[n - 1] ^= 1;
        g_assert_false(
            mps_join_hmac_valid(c->version, c->key_a, c->key_b, c->nonce_a, c->nonce_b, hmac, n));
    }
}

/* The vectors of both hosts, keys as above. */
static void test_add_addrs(void)
{
    static const struct {
        bool of_a;
        uint8_t id;
        const char *address;
        uint16_t port;
        const char *hmac;
    } cases[] = {
        {true, 5, "c0000201", 0, "236b94088a7a319b"},
        {false, 5, "c0000201", 0, "3da134dac85a71bf"},
        {true, 5, "c0000201", 8080, "b1c79ffeec64e5ce"},
        {false, 5, "c0000201", 8080, "2b695c284ba28e87"},
        {true, 6, "20010db8000000000000000000000001", 0, "d6c11d297bd1d065"},
        {true, 6, "20010db8000000000000000000000001", 8080, "c187c1ac5c693309"},
    };
    static const uint64_t a = K(0001020304050607), b = K(08090a0b0c0d0e0f);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const uint64_t own = cases[i].of_a ? a : b, peer = cases[i].of_a ? b : a;
        uint8_t address[16], hmac[8];
        const size_t n = from_hex(cases[i].address, address);

        from_hex(cases[i].hmac, hmac);
        g_assert_true(
            mps_add_addr_hmac_valid(own, peer, cases[i].id, address, n, cases[i].port, hmac));
        g_assert_false(
            mps_add_addr_hmac_valid(peer, own, cases[i].id, address, n, cases[i].port, hmac));
        g_assert_false(mps_add_addr_hmac_valid(own, peer, cases[i].id, address, n, 80, hmac));
        hmac[7] ^= 1;
        g_assert_false(
            mps_add_addr_hmac_valid(own, peer, cases[i].id, address, n, cases[i].port, hmac));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/crypto/tokens and IDSNs", test_keys);
    g_test_add_func("/crypto/HMACs", test_hmacs);
    g_test_add_func("/crypto/joins", test_joins);
    g_test_add_func("/crypto/ADD_ADDR", test_add_addrs);
    return g_test_run();
}
