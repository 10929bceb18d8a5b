/* geo.c - see geo.h. */
#include "util/geo.h"

#include <string.h>

#include <mptcpscope/error.h>

#ifdef MPS_HAVE_MAXMINDDB
#include <maxminddb.h>

struct _MpsGeo {
    unsigned n;
    MMDB_s files[];
};

MpsGeo *mps_geo_open(char *const *files, GError **error)
{
    const unsigned n = g_strv_length((char **)files);
    g_autoptr(MpsGeo) self = g_malloc0(sizeof *self + n * sizeof self->files[0]);

    for (; self->n < n; self->n++) {
        const int status = MMDB_open(files[self->n], MMDB_MODE_MMAP, &self->files[self->n]);

        if (status != MMDB_SUCCESS)
            return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", files[self->n],
                                  MMDB_strerror(status));
    }
    return g_steal_pointer(&self);
}

void mps_geo_free(MpsGeo *self)
{
    for (unsigned i = 0; self && i < self->n; i++)
        MMDB_close(&self->files[i]);
    g_free(self);
}

/* The text at @path (NULL-terminated) of @entry, without what would need quoting in CSV. */
static char *text_at(MMDB_entry_s *entry, const char *const *path)
{
    MMDB_entry_data_s data;

    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_UTF8_STRING)
        return NULL;

    g_autofree char *raw = g_strndup(data.utf8_string, data.data_size);
    char *text = g_utf8_make_valid(raw, -1);

    for (char *c = text; *c; c++)
        if (*c == ',' || *c == '"' || g_ascii_iscntrl(*c))
            *c = *c == ',' ? ';' : ' ';
    return g_strstrip(text);
}

/* Fills in what @out lacks. */
static void read_entry(MMDB_entry_s *entry, MpsPlace *out)
{
    static const char *const countries[][3] = {{"country", "iso_code"},
                                               {"registered_country", "iso_code"}};
    static const char *const number[] = {"autonomous_system_number", NULL};
    static const char *const name[] = {"autonomous_system_organization", NULL};
    MMDB_entry_data_s data;

    for (size_t i = 0; i < G_N_ELEMENTS(countries) && !out->country[0]; i++) {
        g_autofree char *code = text_at(entry, countries[i]);

        if (code && strlen(code) == 2)
            g_strlcpy(out->country, code, sizeof out->country);
    }
    if (out->system == 0 && MMDB_aget_value(entry, &data, number) == MMDB_SUCCESS &&
        data.has_data && data.type == MMDB_DATA_TYPE_UINT32) {
        out->system = data.uint32;
        out->name = text_at(entry, name);
    }
}

bool mps_geo_find(const MpsGeo *self, const char *address, MpsPlace *out, GError **error)
{
    *out = (MpsPlace){0};
    for (unsigned i = 0; i < self->n; i++) {
        int no_address = 0, status = MMDB_SUCCESS;
        MMDB_lookup_result_s found =
            MMDB_lookup_string(&self->files[i], address, &no_address, &status);

        if (no_address == 0 && status != MMDB_SUCCESS &&
            status != MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) {
            g_clear_pointer(&out->name, g_free);
            return mps_throw(error, MPS_ERROR_OPEN, "%s: %s", self->files[i].filename,
                             MMDB_strerror(status));
        }
        if (no_address == 0 && found.found_entry)
            read_entry(&found.entry, out);
    }
    return true;
}

char *mps_geo_source(const MpsGeo *self)
{
    g_autoptr(GString) words = g_string_new(NULL);

    for (unsigned i = 0; i < self->n; i++) {
        const MMDB_metadata_s *const about = &self->files[i].metadata;
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc((gint64)about->build_epoch);
        g_autofree char *date = time ? g_date_time_format(time, "%F") : g_strdup("no date");
        g_autofree char *kind = g_strdup(about->database_type);

        g_strcanon(kind, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._ ", '-');
        g_string_append_printf(words, "%s%s of %s", i ? " and " : "", kind, date);
    }
    return g_string_free(g_steal_pointer(&words), FALSE);
}

#else

MpsGeo *mps_geo_open(char *const *files, GError **error)
{
    return mps_throw_null(error, MPS_ERROR_OPEN, "%s: built without libmaxminddb", files[0]);
}

void mps_geo_free(MpsGeo *self)
{
    g_assert(!self);
}

bool mps_geo_find(const MpsGeo *self G_GNUC_UNUSED, const char *address G_GNUC_UNUSED,
                  MpsPlace *out G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    g_assert_not_reached(); /* there is no MpsGeo */
}

char *mps_geo_source(const MpsGeo *self G_GNUC_UNUSED)
{
    g_assert_not_reached();
}

#endif
