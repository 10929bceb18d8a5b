/* ladder_svg.c - a message sequence chart as one SVG file that needs nothing else.  Colours and
 * fonts are those of the figures (plots/style.gpi). */
#include "views/ladder.h"

#include <inttypes.h>
#include <string.h>

#include "util/address.h"
#include "util/format.h"

#define INK  "#202124"
#define NOTE "#5F6368"
#define AXIS "#9AA0A6"
#define GRID "#DFE3E8"
#define RED  "#B00020"

enum {
    MARGIN = 40,
    FIRST_LANE = 230,
    BETWEEN = 110,
    MIDDLE = 470,
    ROW = 30,
    CHARACTER = 8, /* mean advance of a 13 px digit, rounded up */
};

static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                      "#E69F00", "#56B4E9", "#7B5EA7", "#6B6B6B"};

typedef struct {
    const MpsLadder *ladder;
    FILE *out;
    unsigned n_lanes, n_client, width, n_heads, legend_rows;
    unsigned *x;        /* by place */
    unsigned *head_row; /* by place */
    double middle;      /* where the labels are centred */
    int top;            /* of the first row */
} Drawing;

static const char *colour_of(uint32_t subflow)
{
    return colours[subflow % G_N_ELEMENTS(colours)];
}

static const LadderLane *lane_at(const Drawing *self, unsigned index)
{
    return &g_array_index(self->ladder->lanes, LadderLane, index);
}

/* @text as character data. */
static void text_at(const Drawing *self, double x, int y, const char *style, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);

    fprintf(self->out, "<text x=\"%.1f\" y=\"%d\" %s>%s</text>\n", x, y, style, escaped);
}

/* Places the lanes, and their addresses on as few lines as do not touch. */
static void layout(Drawing *self)
{
    unsigned x = FIRST_LANE, row_end[64] = {0};

    self->n_lanes = self->ladder->lanes->len;
    self->x = g_new0(unsigned, self->n_lanes);
    self->head_row = g_new0(unsigned, self->n_lanes);
    for (unsigned i = 0; i < self->n_lanes; i++)
        self->n_client += lane_at(self, i)->side == MPS_CLIENT;
    for (unsigned place = 0; place < self->n_lanes; place++) {
        char text[MPS_ADDRESS_TEXT];
        unsigned index = 0, row = 0;

        if (place > 0)
            x += place == self->n_client ? MIDDLE : BETWEEN;
        self->x[place] = x;
        while (lane_at(self, index)->place != place)
            index++;
        mps_address_text(&lane_at(self, index)->address, text);

        const unsigned half = (unsigned)strlen(text) * CHARACTER / 2 + 6;

        while (row + 1 < G_N_ELEMENTS(row_end) && row_end[row] > x - MIN(x, half))
            row++;
        row_end[row] = x + half;
        self->head_row[place] = row;
        self->n_heads = MAX(self->n_heads, row + 1);
        self->width = MAX(self->width, x + half);
    }
    self->width = MAX(self->width, x + 90) + MARGIN / 2;
    self->middle = (self->x[self->n_client - 1] + self->x[self->n_client]) / 2.0;
    self->legend_rows = self->ladder->subflows->len > 1 ? self->ladder->subflows->len : 0;
    self->top = 110 + (int)(self->legend_rows * 20 + self->n_heads * 18 + 22);
}

static void draw_title(const Drawing *self)
{
    const MpsLadder *ladder = self->ladder;
    char text[2][MPS_ADDRESS_TEXT];
    g_autofree char *title = NULL, *subtitle = NULL;

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        mps_address_text(&ladder->end[side].address, text[side]);
    title = g_strdup_printf("Connection %" PRIu64 ": %s → %s", ladder->connection_id,
                            mps_format_endpoint(text[0], ladder->end[0].port).text,
                            mps_format_endpoint(text[1], ladder->end[1].port).text);
    subtitle = g_strdup_printf("Signalling%s · time since %s",
                               ladder->version == 0   ? " of MPTCP v0"
                               : ladder->version == 1 ? " of MPTCP v1"
                                                      : "",
                               mps_format_time(ladder->start_ns).text);
    text_at(self, MARGIN, 44, "font-size=\"20\" font-weight=\"bold\"", title);
    text_at(self, MARGIN, 68, "fill=\"" NOTE "\"", subtitle);
    for (guint i = 0; i < self->legend_rows; i++) {
        const LadderSubflow *subflow = &g_array_index(ladder->subflows, LadderSubflow, i);
        const int y = 96 + (int)i * 20;
        g_autofree char *words = NULL;

        for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
            mps_address_text(&subflow->end[side].address, text[side]);
        words = g_strdup_printf("subflow %u: %s %s %s", subflow->ordinal,
                                mps_format_endpoint(text[0], subflow->end[0].port).text,
                                subflow->opener == MPS_CLIENT ? "→" : "←",
                                mps_format_endpoint(text[1], subflow->end[1].port).text);
        fprintf(self->out,
                "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" "
                "stroke-width=\"3\"/>\n",
                MARGIN, y - 4, MARGIN + 22, y - 4, colour_of(subflow->ordinal));
        text_at(self, MARGIN + 32, y, "", words);
    }
}

static void draw_lanes(const Drawing *self, int bottom)
{
    const int heads = self->top - 22 - (int)self->n_heads * 18;

    text_at(self, MARGIN + 60, self->top - 14, "fill=\"" NOTE "\" text-anchor=\"end\"", "time [s]");
    text_at(self, MARGIN + 130, self->top - 14, "fill=\"" NOTE "\" text-anchor=\"end\"", "packet");
    text_at(self, self->x[0], heads - 4, "fill=\"" NOTE "\" text-anchor=\"middle\"", "client");
    text_at(self, self->x[self->n_client], heads - 4, "fill=\"" NOTE "\" text-anchor=\"middle\"",
            "server");
    for (unsigned i = 0; i < self->n_lanes; i++) {
        const LadderLane *lane = lane_at(self, i);
        const int y = heads + 16 + (int)self->head_row[lane->place] * 18;
        char text[MPS_ADDRESS_TEXT];

        fprintf(self->out, "<line x1=\"%u\" y1=\"%d\" x2=\"%u\" y2=\"%d\" stroke=\"" AXIS "\"/>\n",
                self->x[lane->place], y + 6, self->x[lane->place], bottom);
        text_at(self, self->x[lane->place], y, "text-anchor=\"middle\" class=\"halo\"",
                mps_address_text(&lane->address, text));
    }
}

static void draw_arrow(const Drawing *self, const LadderRow *row, int y)
{
    const int from = (int)self->x[lane_at(self, row->from)->place];
    const int to = (int)self->x[lane_at(self, row->to)->place];
    const int back = from < to ? -10 : 10;
    const char *colour = colour_of(row->subflow);

    fprintf(self->out,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"%s\"%s/>\n",
            from, y, to + back, y, colour, row->kind == LADDER_DATA ? "3" : "1.6",
            row->kind == LADDER_DATA ? " stroke-dasharray=\"2 4\"" : "");
    fprintf(self->out, "<path d=\"M%d %dl%d -4.5v9z\" fill=\"%s\"/>\n", to, y, back, colour);
}

static void draw_row(const Drawing *self, const LadderRow *row, int y)
{
    const int64_t us = (row->ts_ns - self->ladder->start_ns) / 1000;
    g_autofree char *time = g_strdup_printf("%s%" PRId64 ".%06" PRId64, us < 0 ? "-" : "",
                                            ABS(us) / 1000000, ABS(us) % 1000000);
    g_autofree char *number = self->ladder->name_captures
                                  ? g_strdup_printf("%u:%" PRIu64, row->capture_id, row->packet)
                                  : g_strdup_printf("%" PRIu64, row->packet);

    text_at(self, MARGIN + 60, y + 4, "fill=\"" NOTE "\" text-anchor=\"end\"", time);
    text_at(self, MARGIN + 130, y + 4, "fill=\"" NOTE "\" text-anchor=\"end\"", number);
    if (row->kind != LADDER_NOTE)
        draw_arrow(self, row, y);
    text_at(self, self->middle, row->kind == LADDER_NOTE ? y + 4 : y - 7,
            row->alarm                 ? "text-anchor=\"middle\" class=\"halo\" fill=\"" RED "\""
            : row->kind == LADDER_DATA ? "text-anchor=\"middle\" class=\"halo\" fill=\"" NOTE "\""
                                       : "text-anchor=\"middle\" class=\"halo\"",
            row->label);
}

void mps_ladder_svg(const MpsLadder *ladder, FILE *out)
{
    Drawing self = {.ladder = ladder, .out = out};

    layout(&self);

    const int bottom = self.top + (int)ladder->rows->len * ROW + 10;
    const int height = bottom + (ladder->n_left_out > 0 ? 50 : 30);

    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%d\" "
            "viewBox=\"0 0 %u %d\" font-family=\"Noto Sans, DejaVu Sans, sans-serif\" "
            "font-size=\"13\" fill=\"" INK "\">\n"
            "<style>.halo{paint-order:stroke;stroke:#FFFFFF;stroke-width:4px;"
            "stroke-linejoin:round}</style>\n"
            "<rect width=\"%u\" height=\"%d\" fill=\"#FFFFFF\"/>\n",
            self.width, height, self.width, height, self.width, height);
    draw_title(&self);
    draw_lanes(&self, bottom);
    for (guint i = 0; i < ladder->rows->len; i++)
        draw_row(&self, &g_array_index(ladder->rows, LadderRow, i), self.top + (int)i * ROW + 20);
    if (ladder->n_left_out > 0) {
        g_autofree char *words = g_strdup_printf(
            "%s not drawn", mps_format_count((int64_t)ladder->n_left_out, "further row").text);

        text_at(&self, self.middle, bottom + 20, "fill=\"" NOTE "\" text-anchor=\"middle\"", words);
    }
    fputs("</svg>\n", out);
    g_free(self.x);
    g_free(self.head_row);
}
