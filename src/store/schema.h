/* schema.h - SQL made from table descriptors; shared by the writer and the documentation. */
#ifndef MPS_STORE_SCHEMA_H
#define MPS_STORE_SCHEMA_H

#include <glib.h>

#include <mptcpscope/row.h>

/* Appends CREATE TABLE; with @documented, each column has its meaning as a comment. */
void mps_schema_append_table(GString *sql, const MpsTable *table, bool documented);

/* Appends CREATE INDEX for the indexes of @table. */
void mps_schema_append_indexes(GString *sql, const MpsTable *table);

/* The views of the database. */
extern const char mps_schema_views[];
extern const char mps_schema_priority[];  /* v_priority: backup bits over time */
extern const char mps_schema_diagnosis[]; /* v_diagnosis: findings as sentences */
extern const char mps_schema_finding[];   /* finding: what the rules found */

#endif
