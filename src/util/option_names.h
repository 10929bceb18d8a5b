/* option_names.h - what the user calls options that no decoder knows, and how their bytes read.
 *
 *   SPEC   mptcp:SUBTYPE[:ID]=NAME[,TYPE[:UNIT]]...    SUBTYPE 9 to 15
 *          tcp:KIND[:ID]=NAME[,TYPE[:UNIT]]...         KIND without a decoder here
 *   ID     0x and two digits for each of 1 to 4 bytes: those behind the one with the subtype, or
 *          behind the length (the experiment identifiers of RFC 6994)
 *   TYPE   u8 u16 u24 u32 u64 i8 i16 i32 i64 ipv4 ipv6, hex (all the rest), pad (a byte left out)
 *
 * Fields follow the ID, big endian, and have to take up the option to its last byte. */
#ifndef MPS_UTIL_OPTION_NAMES_H
#define MPS_UTIL_OPTION_NAMES_H

#include <glib.h>

#include <mptcpscope/error.h>
#include <mptcpscope/segment.h>

typedef struct _MpsOptionNames MpsOptionNames;

MpsOptionNames *mps_option_names_new(void);
/* Takes one more name; MPS_ERROR_USAGE says what is wrong with @spec. */
bool mps_option_names_add(MpsOptionNames *self, const char *spec, GError **error);
/* How many there are, and each as it was given. */
unsigned mps_option_names_count(const MpsOptionNames *self);
const char *mps_option_names_spec(const MpsOptionNames *self, unsigned i);
/* For links to it. */
const MpsOptionName *mps_option_names_get(const MpsOptionNames *self, unsigned i);
/* Gives each opaque option of @segment its name: that with the longest ID that matches.  @self may
 * be NULL. */
void mps_option_names_apply(const MpsOptionNames *self, MpsSegment *segment);
void mps_option_names_free(MpsOptionNames *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsOptionNames, mps_option_names_free)

/* The name that the user gave to @option, or NULL.  Names, units and values have no character that
 * JSON would escape. */
const char *mps_opaque_name(const MpsOpaqueOption *option);

/* Name of a TCP option kind in IANA's registry, NULL for one without. */
const char *mps_tcp_option_name(uint8_t kind);

/* Whether it is worth telling: it has a name of the user's, or none at all. */
static inline bool mps_opaque_is_told(const MpsOpaqueOption *option)
{
    return option->name || option->kind == MPS_KIND_MPTCP || !mps_tcp_option_name(option->kind);
}

/* What makes two options the same; compare with memcmp(). */
typedef struct {
    uint8_t kind, subtype;
    uint8_t n_id; /* bytes of the ID, 0: it has none */
    uint8_t id[4];
} MpsOpaqueIdentity;

/* The ID is that of the name; without a name, two bytes of TCP options 253 and 254 and of the
 * experimental MPTCP subtype, if they are there. */
MpsOpaqueIdentity mps_opaque_identity(const MpsOpaqueOption *option);

/* Room for an ID in words. */
#define MPS_OPAQUE_ID_TEXT 11

/* Writes the ID to @text, "0x0001", and returns it; NULL if there is none. */
const char *mps_opaque_id_text(const MpsOpaqueIdentity *identity, char text[MPS_OPAQUE_ID_TEXT]);

enum { MPS_OPAQUE_FIELDS_MAX = 16 };

typedef struct {
    char text[80];
    bool is_number;   /* fit for JSON as it is */
    const char *unit; /* or NULL; belongs to the name */
} MpsOpaqueField;

/* Decodes @option by the types of its name.  Returns how many fields there are; -1 if the bytes do
 * not fit the types, 0 also if there is no name or the option was cut. */
int mps_opaque_fields(const MpsOpaqueOption *option, MpsOpaqueField out[MPS_OPAQUE_FIELDS_MAX]);

/* Appends the value in words: "1500 kbit/s"; without types the bytes in hex, without a name all
 * behind the length; what is wrong with them; nothing if there is nothing. */
void mps_opaque_value(GString *out, const MpsOpaqueOption *option);

#endif
