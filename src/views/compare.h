/* compare.h - runs side by side: connections of several databases in groups, metric by metric. */
#ifndef MPS_VIEWS_COMPARE_H
#define MPS_VIEWS_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include <glib.h>
#include <sqlite3.h>

#include "views/figures.h"

typedef struct _MpsCompare MpsCompare;

MpsCompare *mps_compare_new(void);
void mps_compare_free(MpsCompare *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsCompare, mps_compare_free)

/* Whether connections can be grouped @by that; else MPS_ERROR_USAGE. */
bool mps_compare_check_by(const char *by, GError **error);
/* Adds the connections of @db to @group, or, if @by is not NULL, each to the group that this names;
 * groups keep the order in which they are first named. */
bool mps_compare_add(MpsCompare *self, sqlite3 *db, const char *group, const char *by,
                     GError **error);
unsigned mps_compare_groups(const MpsCompare *self);

/* All are added: tests every group against the first. */
void mps_compare_test(MpsCompare *self);

/* A row per metric and group with median, quartiles and, against the first group, the test of
 * Mann and Whitney with Cliff's delta; p is corrected by Holm over all rows. */
void mps_compare_text(const MpsCompare *self, FILE *out);
/* A figure for each metric of which there are values. */
bool mps_compare_draw(const MpsCompare *self, MpsFigures *to, GError **error);
bool mps_compare_json(const MpsCompare *self, sqlite3 *db, FILE *out, GError **error);

#endif
