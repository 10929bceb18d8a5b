/* geo.h - country and autonomous system of an address, from files in MaxMind DB format that the
 * user has.  Without libmaxminddb at build time no file can be opened. */
#ifndef MPS_UTIL_GEO_H
#define MPS_UTIL_GEO_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

typedef struct _MpsGeo MpsGeo;

typedef struct {
    char country[3]; /* ISO 3166 code; "": not known */
    int64_t system;  /* number of the autonomous system; 0: not known */
    char *name;      /* of the system, printable, for g_free(); NULL: not known */
} MpsPlace;

/* Opens @files (NULL-terminated); what the first does not know the next may.  NULL and
 * MPS_ERROR_OPEN if one is no such file. */
MpsGeo *mps_geo_open(char *const *files, GError **error);
void mps_geo_free(MpsGeo *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsGeo, mps_geo_free)

/* What is known of @address (text).  False and MPS_ERROR_OPEN if a file contradicts itself. */
bool mps_geo_find(const MpsGeo *self, const char *address, MpsPlace *out, GError **error);

/* Kinds and dates of the files: "GeoLite2-ASN of 2026-11-01", without quotes, for g_free(). */
char *mps_geo_source(const MpsGeo *self);

#endif
