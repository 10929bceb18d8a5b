/* ladder_text.c - a message sequence chart in characters: 80 columns if there are two lanes. */
#include "views/ladder.h"

#include <inttypes.h>
#include <string.h>

#include "util/address.h"
#include "util/format.h"

enum {
    LEFT = 20,       /* column of the first lane; before it, time and packet */
    BETWEEN = 11,    /* columns from lane to lane of one host */
    MIDDLE_MIN = 54, /* columns between the hosts, where the labels stand */
    TWO_LANES = 58,  /* that, where there are two lanes: 80 columns in all */
};

typedef struct {
    const MpsLadder *ladder;
    FILE *out;
    unsigned n_lanes, n_client, width;
    unsigned *column;  /* by place */
    unsigned inner[2]; /* columns of the two lanes in the middle */
    gunichar *line;    /* width of them */
    bool name_subflows;
} Canvas;

static const LadderLane *lane_at(const Canvas *self, unsigned index)
{
    return &g_array_index(self->ladder->lanes, LadderLane, index);
}

/* Begins a line that shows nothing but the lanes. */
static void begin(Canvas *self)
{
    for (unsigned i = 0; i < self->width; i++)
        self->line[i] = ' ';
    for (unsigned i = 0; i < self->n_lanes; i++)
        self->line[self->column[i]] = 0x2502; /* │ */
}

static void put(Canvas *self, unsigned column, const char *text)
{
    for (; *text && column < self->width; text = g_utf8_next_char(text))
        self->line[column++] = g_utf8_get_char(text);
}

static void print(Canvas *self)
{
    unsigned end = self->width;

    while (end > 0 && self->line[end - 1] == ' ')
        end--;

    g_autofree char *text = g_ucs4_to_utf8(self->line, (glong)end, NULL, NULL, NULL);

    fprintf(self->out, "%s\n", text);
}

static void layout(Canvas *self)
{
    const MpsLadder *ladder = self->ladder;
    unsigned column = LEFT;

    self->n_lanes = ladder->lanes->len;
    for (unsigned i = 0; i < self->n_lanes; i++)
        self->n_client += lane_at(self, i)->side == MPS_CLIENT;
    self->column = g_new0(unsigned, self->n_lanes);

    const unsigned hosts = self->n_lanes > 2 ? (self->n_lanes - 2) * BETWEEN : 0;
    const unsigned middle = hosts + MIDDLE_MIN < TWO_LANES ? TWO_LANES - hosts : MIDDLE_MIN;

    for (unsigned i = 0; i < self->n_lanes; i++) {
        if (i > 0)
            column += i == self->n_client ? MAX(middle, MIDDLE_MIN) : BETWEEN;
        self->column[i] = column;
    }
    self->width = column + 2;
    self->inner[0] = self->column[self->n_client - 1];
    self->inner[1] = self->column[self->n_client];
    self->line = g_new0(gunichar, self->width);
}

/* The addresses stand centred above their lanes; where they would touch, on lines of their own. */
static void print_heads(Canvas *self)
{
    g_autofree bool *done = g_new0(bool, self->n_lanes);
    unsigned n_done = 0;

    begin(self);
    for (unsigned i = 0; i < self->n_lanes; i++)
        self->line[self->column[i]] = ' ';
    put(self, self->column[0] - 2, "client");
    put(self, self->inner[1] - 4, "server");
    print(self);
    while (n_done < self->n_lanes) {
        unsigned free_from = 0;
        bool any = false;

        begin(self);
        for (unsigned i = 0; i < self->n_lanes; i++)
            if (!done[i])
                self->line[self->column[i]] = ' ';
        for (unsigned place = 0; place < self->n_lanes; place++) {
            char text[MPS_ADDRESS_TEXT];
            unsigned index = 0;

            while (lane_at(self, index)->place != place)
                index++;
            if (done[place]) {
                free_from = self->column[place] + 2;
                continue;
            }
            mps_address_text(&lane_at(self, index)->address, text);

            const unsigned length = (unsigned)strlen(text);
            unsigned at = self->column[place] - MIN(self->column[place], length / 2);

            at = MIN(at, self->width - MIN(self->width, length));
            /* The line of a lane that has its address already is left alone if possible; each
             * turn places at least one. */
            unsigned limit = self->width;

            for (unsigned right = place + 1; right < self->n_lanes && limit == self->width; right++)
                if (done[right])
                    limit = self->column[right];
            if (any && (at < free_from || at + length > limit))
                continue;
            any = true;
            put(self, at, text);
            free_from = at + length + 2;
            done[place] = true;
            n_done++;
        }
        print(self);
    }
    begin(self);
    print(self);
}

/* A number stays with the unit behind it. */
static bool is_number(const char *word)
{
    return *word && strspn(word, "0123456789.") == strlen(word);
}

/* Splits @label into lines of at most @room columns, at spaces.  Free with g_strfreev(). */
static char **wrap(const char *label, unsigned room)
{
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();
    g_auto(GStrv) words = g_strsplit(label, " ", -1);
    g_autoptr(GString) line = g_string_new(NULL);
    const unsigned width = mps_format_width(label), n_lines = (width + room - 1) / room;

    if (n_lines > 1) /* lines of about the same length */
        room = MIN(room, width / n_lines + 8);
    for (char **word = words; *word; word++) {
        const bool bound = word > words && is_number(word[-1]);
        const unsigned behind = is_number(*word) && word[1] ? 1 + mps_format_width(word[1]) : 0;

        if (line->len > 0 && !bound &&
            mps_format_width(line->str) + 1 + mps_format_width(*word) + behind > room) {
            g_strv_builder_add(lines, line->str);
            g_string_truncate(line, 0);
        }
        if (line->len > 0)
            g_string_append_c(line, ' ');
        g_string_append(line, *word);
    }
    g_strv_builder_add(lines, line->str);
    return g_strv_builder_end(lines);
}

static void put_label(Canvas *self, const char *text)
{
    const unsigned room = self->inner[1] - self->inner[0] - 1;
    const unsigned length = mps_format_width(text);
    const unsigned at = self->inner[0] + 1 + (room > length ? (room - length) / 2 : 0);

    if (at > self->inner[0] + 1)
        self->line[at - 1] = ' ';
    put(self, at, text);
    if (at + length < self->inner[1])
        self->line[at + length] = ' ';
}

static void put_arrow(Canvas *self, const LadderRow *row)
{
    const unsigned from = self->column[lane_at(self, row->from)->place];
    const unsigned to = self->column[lane_at(self, row->to)->place];
    const unsigned low = MIN(from, to), high = MAX(from, to);

    for (unsigned i = low + 1; i < high; i++) {
        if (row->kind == LADDER_DATA)
            self->line[i] = self->line[i] == 0x2502 ? 0x2502 : 0x254c; /* ╌ */
        else
            self->line[i] = self->line[i] == 0x2502 ? 0x253c : 0x2500; /* ┼ ─ */
    }
    self->line[from] = from < to ? 0x251c : 0x2524; /* ├ ┤ */
    if (from < to)
        self->line[to - 1] = 0x25b6; /* ▶ */
    else
        self->line[to + 1] = 0x25c0; /* ◀ */
}

static void print_row(Canvas *self, const LadderRow *row)
{
    const int64_t us = (row->ts_ns - self->ladder->start_ns) / 1000;
    g_autofree char *full = self->name_subflows
                                ? g_strdup_printf("[%u] %s", row->subflow, row->label)
                                : g_strdup(row->label);
    g_auto(GStrv) lines = wrap(full, self->inner[1] - self->inner[0] - 7);
    g_autofree char *number = self->ladder->name_captures
                                  ? g_strdup_printf("%u:%" PRIu64, row->capture_id, row->packet)
                                  : g_strdup_printf("%" PRIu64, row->packet);
    g_autofree char *head = g_strdup_printf("%s%" PRId64 ".%06" PRId64, us < 0 ? "-" : "",
                                            ABS(us) / 1000000, ABS(us) % 1000000);
    g_autofree char *left = g_strdup_printf("%11s %6s", head, number);

    for (char **line = lines; *line; line++) {
        begin(self);
        if (!line[1]) {
            put(self, 0, left);
            if (self->line[LEFT] != 0x2502) /* a number too long must not hide the lane */
                self->line[LEFT] = 0x2502;
            if (row->kind != LADDER_NOTE)
                put_arrow(self, row);
        }
        put_label(self, *line);
        print(self);
    }
}

static void print_title(const Canvas *self)
{
    const MpsLadder *ladder = self->ladder;
    char text[2][MPS_ADDRESS_TEXT];

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        mps_address_text(&ladder->end[side].address, text[side]);
    fprintf(self->out, "Connection %" PRIu64 ": %s → %s", ladder->connection_id,
            mps_format_endpoint(text[0], ladder->end[0].port).text,
            mps_format_endpoint(text[1], ladder->end[1].port).text);
    if (ladder->version >= 0)
        fprintf(self->out, ", MPTCP v%d", ladder->version);
    fprintf(self->out, "\n0.000000 is %s\n", mps_format_time(ladder->start_ns).text);
    for (guint i = 0; i < ladder->subflows->len && self->name_subflows; i++) {
        const LadderSubflow *subflow = &g_array_index(ladder->subflows, LadderSubflow, i);

        for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
            mps_address_text(&subflow->end[side].address, text[side]);
        fprintf(self->out, "[%u] %s %s %s\n", subflow->ordinal,
                mps_format_endpoint(text[0], subflow->end[0].port).text,
                subflow->opener == MPS_CLIENT ? "→" : "←",
                mps_format_endpoint(text[1], subflow->end[1].port).text);
    }
    fputc('\n', self->out);
}

void mps_ladder_text(const MpsLadder *ladder, FILE *out)
{
    Canvas self = {.ladder = ladder, .out = out, .name_subflows = ladder->subflows->len > 1};

    layout(&self);
    print_title(&self);
    print_heads(&self);
    for (guint i = 0; i < ladder->rows->len; i++)
        print_row(&self, &g_array_index(ladder->rows, LadderRow, i));
    if (ladder->n_left_out > 0)
        fprintf(out, "\n%s not drawn.\n",
                mps_format_count((int64_t)ladder->n_left_out, "further row").text);
    g_free(self.column);
    g_free(self.line);
}
