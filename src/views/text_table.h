/* text_table.h - rows of text aligned in columns, for terminals of 80 columns and for pasting. */
#ifndef MPS_VIEWS_TEXT_TABLE_H
#define MPS_VIEWS_TEXT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include <glib.h>

typedef struct {
    const char *heading;
    bool right;  /* numbers are aligned right */
} MpsTextColumn; /* arrays end with { 0 } */

typedef struct _MpsTextTable MpsTextTable;

/* @columns must outlive the table.  Every line starts with @indent spaces. */
MpsTextTable *mps_text_table_new(const MpsTextColumn *columns, unsigned indent);
void mps_text_table_free(MpsTextTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsTextTable, mps_text_table_free)

/* One cell per column; copied; NULL is an empty cell. */
void mps_text_table_add(MpsTextTable *self, const char *const *cells);
/* A line of two cells: @first, or nothing if NULL, in the first column, and @text, however long,
 * from column @column on. */
void mps_text_table_add_line(MpsTextTable *self, const char *first, unsigned column,
                             const char *text);
bool mps_text_table_is_empty(const MpsTextTable *self);
/* Prints the heading and all rows.  Columns are two spaces apart, or one if that keeps the lines
 * within 80 columns. */
void mps_text_table_print(const MpsTextTable *self, FILE *out);

#endif
