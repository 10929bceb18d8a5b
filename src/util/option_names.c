/* option_names.c - see option_names.h. */
#include "util/option_names.h"

#include <inttypes.h>
#include <string.h>

#include "util/address.h"
#include "util/cursor.h"
#include "util/format.h"

/* Longest name or unit, in bytes. */
enum { WORD_MAX = 64 };

/* TCP option kinds of experiments: an identifier comes first (RFC 6994). */
enum { KIND_EXPERIMENT_1 = 253, KIND_EXPERIMENT_2 = 254 };

typedef enum { UNSIGNED, SIGNED, IPV4, IPV6, HEX, PAD } Form;

typedef struct {
    const char *name;
    Form form;
    uint8_t n_bytes; /* at least */
} Type;

static const Type types[] = {
    {"u8", UNSIGNED, 1},  {"u16", UNSIGNED, 2}, {"u24", UNSIGNED, 3}, {"u32", UNSIGNED, 4},
    {"u64", UNSIGNED, 8}, {"i8", SIGNED, 1},    {"i16", SIGNED, 2},   {"i32", SIGNED, 4},
    {"i64", SIGNED, 8},   {"ipv4", IPV4, 4},    {"ipv6", IPV6, 16},   {"hex", HEX, 0},
    {"pad", PAD, 1},
};

typedef struct {
    const Type *type;
    char *unit; /* or NULL */
} Field;

struct _MpsOptionName {
    char *spec, *name;
    MpsOpaqueIdentity identity;
    unsigned n_fields;
    Field fields[MPS_OPAQUE_FIELDS_MAX];
};

struct _MpsOptionNames {
    GPtrArray *names; /* MpsOptionName */
};

static void name_free(void *data)
{
    MpsOptionName *name = data;

    for (unsigned i = 0; i < name->n_fields; i++)
        g_free(name->fields[i].unit);
    g_free(name->spec);
    g_free(name->name);
    g_free(name);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsOptionName, name_free)

MpsOptionNames *mps_option_names_new(void)
{
    MpsOptionNames *self = g_new0(MpsOptionNames, 1);

    self->names = g_ptr_array_new_with_free_func(name_free);
    return self;
}

void mps_option_names_free(MpsOptionNames *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->names);
    g_free(self);
}

unsigned mps_option_names_count(const MpsOptionNames *self)
{
    return self ? self->names->len : 0;
}

const char *mps_option_names_spec(const MpsOptionNames *self, unsigned i)
{
    return ((const MpsOptionName *)g_ptr_array_index(self->names, i))->spec;
}

/* ---- a specification */

/* Words go into JSON and onto terminals as they are. */
static bool check_word(const char *what, const char *word, GError **error)
{
    if (!*word)
        return mps_throw(error, MPS_ERROR_USAGE, "the %s is empty", what);
    if (strlen(word) > WORD_MAX)
        return mps_throw(error, MPS_ERROR_USAGE, "the %s is longer than %d bytes", what, WORD_MAX);
    for (const char *at = word; *at; at = g_utf8_next_char(at))
        if (*at == '"' || *at == '\\' || g_unichar_iscntrl(g_utf8_get_char(at)))
            return mps_throw(error, MPS_ERROR_USAGE,
                             "the %s has a quote, backslash or control character", what);
    return true;
}

static bool parse_number(const char *text, unsigned least, uint8_t *out)
{
    const bool hex = g_str_has_prefix(text, "0x");
    guint64 value = 0;

    if (!g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, least, 255, &value, NULL))
        return false;
    *out = (uint8_t)value;
    return true;
}

static bool parse_id(const char *text, MpsOpaqueIdentity *out, GError **error)
{
    const size_t n_digits = g_str_has_prefix(text, "0x") ? strlen(text + 2) : 0;
    guint64 value = 0;

    if (n_digits == 0 || n_digits > 8 || n_digits % 2 != 0 ||
        !g_ascii_string_to_unsigned(text + 2, 16, 0, UINT32_MAX, &value, NULL))
        return mps_throw(error, MPS_ERROR_USAGE,
                         "the id has to be 0x and two hex digits for each of its 1 to 4 bytes");
    out->n_id = (uint8_t)(n_digits / 2);
    for (unsigned i = 0; i < out->n_id; i++)
        out->id[i] = (uint8_t)(value >> 8 * (out->n_id - 1u - i));
    return true;
}

/* What stands before the '='. */
static bool parse_option(const char *text, MpsOpaqueIdentity *out, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", -1);
    const guint n = g_strv_length(parts);

    if (n < 2 || n > 3)
        return mps_throw(error, MPS_ERROR_USAGE,
                         "mptcp:SUBTYPE[:ID] or tcp:KIND[:ID] has to stand before the '='");
    if (strcmp(parts[0], "mptcp") == 0) {
        out->kind = MPS_KIND_MPTCP;
        if (!parse_number(parts[1], 0, &out->subtype) || out->subtype > MPS_MP_EXPERIMENTAL)
            return mps_throw(error, MPS_ERROR_USAGE, "an MPTCP subtype is a number up to 0xf");
        if (out->subtype <= MPS_MP_TCPRST)
            return mps_throw(error, MPS_ERROR_USAGE,
                             "MPTCP subtypes up to 0x8 have their names in RFC 8684");
    } else if (strcmp(parts[0], "tcp") == 0) {
        if (!parse_number(parts[1], 0, &out->kind))
            return mps_throw(error, MPS_ERROR_USAGE, "a TCP option kind is a number up to 255");
        if (out->kind == MPS_KIND_MPTCP)
            return mps_throw(error, MPS_ERROR_USAGE, "TCP option kind 30 is MPTCP: mptcp:SUBTYPE");
        if (out->kind <= 5 || out->kind == 8)
            return mps_throw(error, MPS_ERROR_USAGE, "TCP option kind %d is decoded anyway",
                             out->kind);
    } else {
        return mps_throw(error, MPS_ERROR_USAGE, "it begins neither with mptcp: nor with tcp:");
    }
    return n == 2 || parse_id(parts[2], out, error);
}

static bool parse_field(const char *text, MpsOptionName *out, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);
    const char *word = parts[0] ? parts[0] : "", *unit = parts[0] ? parts[1] : NULL;
    const Type *type = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(types) && !type; i++)
        if (strcmp(types[i].name, word) == 0)
            type = &types[i];
    if (!type)
        return mps_throw(error, MPS_ERROR_USAGE,
                         "no type '%s'; there are u8, u16, u24, u32, u64, i8, i16, i32, i64, ipv4,"
                         " ipv6, hex, pad",
                         word);
    if (out->n_fields == MPS_OPAQUE_FIELDS_MAX)
        return mps_throw(error, MPS_ERROR_USAGE, "there are more than %d fields",
                         MPS_OPAQUE_FIELDS_MAX);
    if (out->n_fields > 0 && out->fields[out->n_fields - 1].type->form == HEX)
        return mps_throw(error, MPS_ERROR_USAGE, "hex takes all the rest, nothing can follow it");
    if (unit && type->form != UNSIGNED && type->form != SIGNED)
        return mps_throw(error, MPS_ERROR_USAGE, "%s has no unit", word);
    if (unit && !check_word("unit", unit, error))
        return false;
    out->fields[out->n_fields].type = type;
    out->fields[out->n_fields++].unit = g_strdup(unit);
    return true;
}

static bool parse(const char *spec, MpsOptionName *out, GError **error)
{
    const char *equals = strchr(spec, '=');

    if (!g_utf8_validate(spec, -1, NULL))
        return mps_throw(error, MPS_ERROR_USAGE, "it is not UTF-8");
    if (!equals)
        return mps_throw(error, MPS_ERROR_USAGE, "there is no '='");

    g_autofree char *option = g_strndup(spec, (gsize)(equals - spec));
    g_auto(GStrv) parts = g_strsplit(equals + 1, ",", -1);
    const char *name = parts[0] ? parts[0] : "";

    if (!parse_option(option, &out->identity, error) || !check_word("name", name, error))
        return false;
    out->spec = g_strdup(spec);
    out->name = g_strdup(name);
    for (char **field = parts + 1; *field; field++)
        if (!parse_field(*field, out, error))
            return false;
    return true;
}

static bool is_named(const MpsOptionNames *self, const MpsOptionName *name)
{
    for (guint i = 0; i < self->names->len; i++) {
        const MpsOptionName *each = g_ptr_array_index(self->names, i);

        if (memcmp(&each->identity, &name->identity, sizeof name->identity) == 0)
            return true;
    }
    return false;
}

bool mps_option_names_add(MpsOptionNames *self, const char *spec, GError **error)
{
    g_autoptr(MpsOptionName) name = g_new0(MpsOptionName, 1);
    g_autofree char *printable = mps_format_printable(spec);
    g_autoptr(GError) reason = NULL;

    if (!parse(spec, name, &reason)) {
        g_autofree char *words = mps_format_printable(reason->message);

        return mps_throw(error, MPS_ERROR_USAGE, "option name '%s': %s", printable, words);
    }
    if (is_named(self, name))
        return mps_throw(error, MPS_ERROR_USAGE, "option name '%s': this option has a name already",
                         printable);
    g_ptr_array_add(self->names, g_steal_pointer(&name));
    return true;
}

/* ---- options and their names */

/* Where the ID begins. */
static size_t id_at(const MpsOpaqueOption *option)
{
    return option->kind == MPS_KIND_MPTCP ? 1 : 0;
}

static bool matches(const MpsOptionName *name, const MpsOpaqueOption *option)
{
    const MpsOpaqueIdentity *identity = &name->identity;

    return identity->kind == option->kind && identity->subtype == option->subtype &&
           option->n_bytes >= id_at(option) + identity->n_id &&
           memcmp(option->bytes + id_at(option), identity->id, identity->n_id) == 0;
}

void mps_option_names_apply(const MpsOptionNames *self, MpsSegment *segment)
{
    for (unsigned i = 0; self && i < segment->n_opaque; i++) {
        MpsOpaqueOption *option = &segment->opaque[i];

        for (guint j = 0; j < self->names->len; j++) {
            const MpsOptionName *name = g_ptr_array_index(self->names, j);

            if (matches(name, option) &&
                (!option->name || name->identity.n_id > option->name->identity.n_id))
                option->name = name;
        }
    }
}

const char *mps_opaque_name(const MpsOpaqueOption *option)
{
    return option->name ? option->name->name : NULL;
}

const char *mps_tcp_option_name(uint8_t kind)
{
    static const char *const names[256] = {
        [6] = "Echo",
        [7] = "Echo Reply",
        [9] = "Partial Order Connection Permitted",
        [10] = "Partial Order Service Profile",
        [11] = "CC",
        [12] = "CC.NEW",
        [13] = "CC.ECHO",
        [14] = "Alternate Checksum Request",
        [15] = "Alternate Checksum Data",
        [19] = "MD5 Signature",
        [27] = "Quick-Start Response",
        [28] = "User Timeout",
        [29] = "TCP-AO",
        [34] = "TCP Fast Open",
        [69] = "TCP-ENO",
        [172] = "AccECN Order 0",
        [174] = "AccECN Order 1",
    };

    return names[kind];
}

/* Bytes of the ID of an option that nobody named. */
static uint8_t usual_id_bytes(const MpsOpaqueOption *option)
{
    const bool has_id = option->kind == KIND_EXPERIMENT_1 || option->kind == KIND_EXPERIMENT_2 ||
                        (option->kind == MPS_KIND_MPTCP && option->subtype == MPS_MP_EXPERIMENTAL);

    return has_id && option->n_bytes >= id_at(option) + 2 ? 2 : 0;
}

MpsOpaqueIdentity mps_opaque_identity(const MpsOpaqueOption *option)
{
    MpsOpaqueIdentity out = {.kind = option->kind, .subtype = option->subtype};

    if (option->name)
        return option->name->identity;
    out.n_id = usual_id_bytes(option);
    memcpy(out.id, option->bytes + id_at(option), out.n_id);
    return out;
}

static char *hex_text(const uint8_t *bytes, size_t n, char *text)
{
    strcpy(text, "0x");
    mps_hex(bytes, n, text + 2);
    return text;
}

const char *mps_opaque_id_text(const MpsOpaqueIdentity *identity, char text[MPS_OPAQUE_ID_TEXT])
{
    return identity->n_id > 0 ? hex_text(identity->id, identity->n_id, text) : NULL;
}

/* ---- values */

static uint64_t take_number(MpsCursor *c, unsigned n_bytes)
{
    uint64_t value = 0;

    while (n_bytes-- > 0)
        value = value << 8 | mps_take_u8(c);
    return value;
}

static int64_t sign_extended(uint64_t value, unsigned n_bytes)
{
    const uint64_t sign = UINT64_C(1) << (8 * n_bytes - 1);

    return (int64_t)((value ^ sign) - sign);
}

static void take_address(MpsCursor *c, const Type *type, MpsOpaqueField *out)
{
    MpsAddress address = {.family = type->form == IPV4 ? 4 : 6};
    char text[MPS_ADDRESS_TEXT];

    mps_cursor_take(c, address.bytes, type->n_bytes);
    g_snprintf(out->text, sizeof out->text, "%s", mps_address_text(&address, text));
}

static void take_field(MpsCursor *c, const Field *field, MpsOpaqueField *out)
{
    const Type *type = field->type;
    const size_t left = mps_cursor_left(c);

    *out = (MpsOpaqueField){.unit = field->unit};
    switch (type->form) {
    case UNSIGNED:
        g_snprintf(out->text, sizeof out->text, "%" PRIu64, take_number(c, type->n_bytes));
        break;
    case SIGNED:
        g_snprintf(out->text, sizeof out->text, "%" PRId64,
                   sign_extended(take_number(c, type->n_bytes), type->n_bytes));
        break;
    case IPV4:
    case IPV6:
        take_address(c, type, out);
        break;
    case HEX:
        hex_text(c->at, left, out->text);
        mps_cursor_skip(c, left);
        break;
    case PAD:
        mps_cursor_skip(c, type->n_bytes);
        break;
    }
    /* Wider ones are more than a reader of JSON may hold in its numbers. */
    out->is_number = (type->form == UNSIGNED || type->form == SIGNED) && type->n_bytes < 8;
}

/* The bytes behind the ID of a named option. */
static MpsCursor value_bytes(const MpsOpaqueOption *option)
{
    const size_t begin = id_at(option) + option->name->identity.n_id;

    return (MpsCursor){option->bytes + begin, option->bytes + option->n_bytes, false};
}

int mps_opaque_fields(const MpsOpaqueOption *option, MpsOpaqueField out[MPS_OPAQUE_FIELDS_MAX])
{
    int n = 0;

    if (!option->name || option->status != MPS_OPT_OK || option->name->n_fields == 0)
        return 0;

    MpsCursor c = value_bytes(option);

    for (unsigned i = 0; i < option->name->n_fields; i++) {
        take_field(&c, &option->name->fields[i], &out[n]);
        n += option->name->fields[i].type->form != PAD;
    }
    return c.short_read || mps_cursor_left(&c) > 0 ? -1 : n;
}

/* The bytes that the types of @name take up; hex takes more. */
static unsigned declared_bytes(const MpsOptionName *name)
{
    unsigned n = 0;

    for (unsigned i = 0; i < name->n_fields; i++)
        n += name->fields[i].type->n_bytes;
    return n;
}

void mps_opaque_value(GString *out, const MpsOpaqueOption *option)
{
    MpsOpaqueField fields[MPS_OPAQUE_FIELDS_MAX];
    const int n = mps_opaque_fields(option, fields);
    const MpsCursor bytes =
        option->name ? value_bytes(option)
                     : (MpsCursor){option->bytes, option->bytes + option->n_bytes, false};
    char text[sizeof option->bytes * 2 + 3];

    if (option->status == MPS_OPT_TRUNCATED) {
        g_string_append(out, "cut by the capture");
        return;
    }
    for (int i = 0; i < n; i++)
        g_string_append_printf(out, "%s%s%s%s", i ? ", " : "", fields[i].text,
                               fields[i].unit ? " " : "", fields[i].unit ? fields[i].unit : "");
    if (n < 0)
        g_string_append_printf(out, "%s where the types take %u%s",
                               mps_format_count((int64_t)mps_cursor_left(&bytes), "byte").text,
                               declared_bytes(option->name),
                               mps_cursor_left(&bytes) > 0 ? ": " : "");
    if (mps_cursor_left(&bytes) > 0 && (n < 0 || !option->name || option->name->n_fields == 0))
        g_string_append(out, hex_text(bytes.at, mps_cursor_left(&bytes), text));
}
