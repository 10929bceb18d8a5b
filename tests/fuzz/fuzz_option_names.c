/* fuzz_option_names.c - | SPEC | 0 | kind | bytes behind the length byte |.  Promises: a SPEC is
 * taken or refused with a reason; an option is decoded without a read beyond its bytes, into text
 * that needs no escapes in JSON. */
#include <string.h>

#include <glib.h>

#include "util/option_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void decode(const MpsOptionNames *names, const uint8_t *bytes, size_t n_bytes)
{
    g_autofree MpsSegment *segment = g_new0(MpsSegment, 1);
    MpsOpaqueOption *option = &segment->opaque[0];
    g_autoptr(GString) value = g_string_new(NULL);
    MpsOpaqueField fields[MPS_OPAQUE_FIELDS_MAX];
    char id[MPS_OPAQUE_ID_TEXT];

    segment->n_opaque = 1;
    option->kind = bytes[0];
    option->n_bytes = (uint8_t)MIN(n_bytes - 1, sizeof option->bytes);
    if (option->kind == MPS_KIND_MPTCP && option->n_bytes == 0)
        return; /* such an option has no subtype */
    memcpy(option->bytes, bytes + 1, option->n_bytes);
    option->subtype = option->kind == MPS_KIND_MPTCP ? option->bytes[0] >> 4 : 0;
    option->length = (uint8_t)(option->n_bytes + 2);
    mps_option_names_apply(names, segment);

    const MpsOpaqueIdentity identity = mps_opaque_identity(option);

    g_assert_cmpint(mps_opaque_id_text(&identity, id) != NULL, ==, identity.n_id > 0);
    g_assert_cmpint(mps_opaque_fields(option, fields), <=, MPS_OPAQUE_FIELDS_MAX);
    mps_opaque_value(value, option);
    g_assert_true(g_utf8_validate(value->str, -1, NULL));
    g_assert_null(strpbrk(value->str, "\"\\\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    const size_t n_spec = n_bytes > 0 ? strnlen((const char *)data, n_bytes) : 0;
    g_autofree char *spec = g_strndup((const char *)data, n_spec);
    g_autoptr(MpsOptionNames) names = mps_option_names_new();
    g_autoptr(GError) error = NULL;
    const bool good = mps_option_names_add(names, spec, &error);

    g_assert_cmpint(good, ==, error == NULL);
    if (good)
        g_assert_cmpstr(mps_option_names_spec(names, 0), ==, spec);
    if (n_spec + 1 < n_bytes)
        decode(names, data + n_spec + 1, n_bytes - n_spec - 1);
    return 0;
}
