/* schema.h - SQL made from table descriptors; shared by the writer and the documentation. */
#ifndef MPS_STORE_SCHEMA_H
#define MPS_STORE_SCHEMA_H

#include <glib.h>

#include <mptcpscope/row.h>

size_t mps_schema_n_columns(const MpsTable *table);

/* The column that is the rowid: an integer that is the primary key alone; -1: none is. */
int mps_schema_rowid_column(const MpsTable *table);

/* Appends CREATE TABLE, in the database of that name ("name.", or ""); with @documented, each
 * column has its meaning as a comment. */
void mps_schema_append_table(GString *sql, const char *database, const MpsTable *table,
                             bool documented);

/* Appends CREATE INDEX for the indexes of @table: of its primary key, if no column is the rowid. */
void mps_schema_append_indexes(GString *sql, const MpsTable *table);

/* The views of the database. */
extern const char mps_schema_views[];
extern const char mps_schema_priority[];  /* v_priority: backup bits over time */
extern const char mps_schema_diagnosis[]; /* v_diagnosis: findings as sentences */
extern const char mps_schema_finding[];   /* finding: what the rules found */

#endif
