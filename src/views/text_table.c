/* text_table.c - see text_table.h. */
#include "views/text_table.h"

#include <string.h>

#include "util/format.h"

#define LINE_WIDTH 80

typedef struct {
    unsigned line_column; /* > 0: a line of two cells, the second one from this column on */
    char **cells;         /* NULL-terminated */
} Row;

struct _MpsTextTable {
    const MpsTextColumn *columns;
    unsigned n_columns, indent;
    GPtrArray *rows;
};

static void row_free(void *data)
{
    Row *row = data;

    g_strfreev(row->cells);
    g_free(row);
}

MpsTextTable *mps_text_table_new(const MpsTextColumn *columns, unsigned indent)
{
    MpsTextTable *self = g_new0(MpsTextTable, 1);

    self->columns = columns;
    while (columns[self->n_columns].heading)
        self->n_columns++;
    self->indent = indent;
    self->rows = g_ptr_array_new_with_free_func(row_free);
    return self;
}

void mps_text_table_free(MpsTextTable *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->rows);
    g_free(self);
}

void mps_text_table_add(MpsTextTable *self, const char *const *cells)
{
    Row *row = g_new0(Row, 1);

    row->cells = g_new0(char *, self->n_columns + 1);
    for (unsigned i = 0; i < self->n_columns; i++)
        row->cells[i] = g_strdup(cells[i] ? cells[i] : "");
    g_ptr_array_add(self->rows, row);
}

void mps_text_table_add_line(MpsTextTable *self, const char *first, unsigned column,
                             const char *text)
{
    Row *row = g_new0(Row, 1);

    g_assert(column > 0 && column < self->n_columns);
    row->line_column = column;
    row->cells = g_new0(char *, 3);
    row->cells[0] = g_strdup(first ? first : "");
    row->cells[1] = g_strdup(text);
    g_ptr_array_add(self->rows, row);
}

bool mps_text_table_is_empty(const MpsTextTable *self)
{
    return self->rows->len == 0;
}

static void spaces(unsigned n, FILE *out)
{
    for (unsigned i = 0; i < n; i++)
        fputc(' ', out);
}

static unsigned cells_width(const MpsTextTable *self, unsigned *widths)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < self->n_columns; i++) {
        widths[i] = mps_format_width(self->columns[i].heading);
        for (unsigned r = 0; r < self->rows->len; r++) {
            const Row *row = self->rows->pdata[r];

            if (row->line_column == 0)
                widths[i] = MAX(widths[i], mps_format_width(row->cells[i]));
        }
        sum += widths[i];
    }
    return sum;
}

static void print_cells(const MpsTextTable *self, const unsigned *widths, unsigned gap,
                        const char *const *cells, FILE *out)
{
    unsigned pending = self->indent; /* spaces are held back, so that no line ends with some */

    for (unsigned i = 0; i < self->n_columns; i++) {
        const unsigned padding = widths[i] - mps_format_width(cells[i]);
        const bool right = self->columns[i].right;

        if (cells[i][0]) {
            spaces(pending + (right ? padding : 0), out);
            fputs(cells[i], out);
            pending = right ? gap : padding + gap;
        } else {
            pending += widths[i] + gap;
        }
    }
    fputc('\n', out);
}

static void print_line(const MpsTextTable *self, const unsigned *widths, unsigned gap,
                       const Row *row, FILE *out)
{
    const unsigned first_width = mps_format_width(row->cells[0]);
    unsigned padding = widths[0] > first_width ? widths[0] - first_width : 0;

    spaces(self->indent + (self->columns[0].right ? padding : 0), out);
    fputs(row->cells[0], out);
    padding = (self->columns[0].right ? 0 : padding) + gap;
    for (unsigned i = 1; i < row->line_column; i++)
        padding += widths[i] + gap;
    spaces(padding, out);
    fprintf(out, "%s\n", row->cells[1]);
}

void mps_text_table_print(const MpsTextTable *self, FILE *out)
{
    g_autofree unsigned *widths = g_new0(unsigned, self->n_columns);
    g_autofree const char **headings = g_new0(const char *, self->n_columns);
    const unsigned sum = self->indent + cells_width(self, widths);
    const unsigned gap = sum + 2 * (self->n_columns - 1) > LINE_WIDTH ? 1 : 2;

    for (unsigned i = 0; i < self->n_columns; i++)
        headings[i] = self->columns[i].heading;
    print_cells(self, widths, gap, headings, out);
    for (unsigned r = 0; r < self->rows->len; r++) {
        const Row *row = self->rows->pdata[r];

        if (row->line_column == 0) {
            print_cells(self, widths, gap, (const char *const *)row->cells, out);
            continue;
        }
        print_line(self, widths, gap, row, out);
    }
}
