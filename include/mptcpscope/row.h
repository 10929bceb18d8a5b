/* row.h - contract observers -> store: typed columns and values.
 *
 * A table is described once, by a descriptor next to the code that fills it; the SQL schema, its
 * documentation, CSV headings and JSON names are all made from that descriptor. */
#ifndef MPTCPSCOPE_ROW_H
#define MPTCPSCOPE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { MPS_INT, MPS_REAL, MPS_TEXT } MpsColumnType;

typedef struct {
    const char *name;
    MpsColumnType type;
    const char *help;       /* meaning, with the unit; printed by `mptcpscope schema` */
    const char *references; /* "table(column)" of a foreign key, or NULL */
} MpsColumn;                /* arrays of columns end with { 0 } */

typedef struct {
    const char *name;
    const char *help;
    const MpsColumn *columns;
    const char *primary_key; /* column list, or NULL; an integer alone is known in every row */
    const char *index;       /* column list of one further index, made last, or NULL */
} MpsTable;

/* One value of a row; NULL in the database unless @known. */
typedef struct {
    bool known;
    union {
        int64_t i64;
        double real;
        const char *text; /* borrowed until the row has been handed over */
    };
} MpsValue;

/* Time that never came, for int64_t *_ns fields. */
#define MPS_NO_TIME INT64_MIN

static inline MpsValue mps_null(void)
{
    return (MpsValue){.known = false};
}

static inline MpsValue mps_int(int64_t value)
{
    return (MpsValue){.known = true, .i64 = value};
}

static inline MpsValue mps_int_if(bool known, int64_t value)
{
    return known ? mps_int(value) : mps_null();
}

/* Counts are kept unsigned; SQLite holds signed 64-bit integers. */
static inline MpsValue mps_count(uint64_t value)
{
    return mps_int((int64_t)value);
}

static inline MpsValue mps_time(int64_t ns)
{
    return mps_int_if(ns != MPS_NO_TIME, ns);
}

static inline MpsValue mps_real(double value)
{
    return (MpsValue){.known = true, .real = value};
}

/* NULL text is an unknown value. */
static inline MpsValue mps_text(const char *text)
{
    return (MpsValue){.known = text != NULL, .text = text};
}

/* Where rows go.  A failing sink remembers its first error; adding to it is then a no-op, and the
 * run asks for the error once per batch of packets. */
typedef struct _MpsRowSink MpsRowSink;
struct _MpsRowSink {
    /* Takes one row of @table; @values has one element per column, in order. */
    void (*add)(MpsRowSink *self, const MpsTable *table, const MpsValue *values);
};

#endif
