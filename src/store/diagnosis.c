/* diagnosis.c - one sentence per finding that a person would want first, as a view over the rows
 * that prove it: merged databases are diagnosed like fresh ones, and nothing is stored twice. rank:
 * 1 something failed or was lost, 2 worth knowing, 3 how it went. */
#include "store/schema.h"

/* SQL has its own lines. */
/* clang-format off */

#define HOST(column) \
    "CASE WHEN instr(" column ", ':') THEN '[' || " column " || ']' ELSE " column " END"
#define PATH \
    HOST("s.client_addr") " || ':' || s.client_port || ' -> ' || " HOST("s.server_addr") \
    " || ':' || s.server_port"

/* "1 byte c2s", in direction d. */
#define BYTES(column) \
    column " || ' byte' || iif(" column " = 1, ' ', 's ') || d.direction"

/* The addresses of the other one of event e, kind translated. */
#define TWIN \
    HOST("(e.detail ->> 'client_addr')") " || ':' || (e.detail ->> 'client_port') || ' -> ' || " \
    HOST("(e.detail ->> 'server_addr')") " || ':' || (e.detail ->> 'server_port')"

/* RFC 8684 section 3.6, table 4. */
#define RESET_WORDS \
    "CASE s.reset_reason WHEN 0 THEN 'unspecified error' WHEN 1 THEN 'MPTCP-specific error'" \
    " WHEN 2 THEN 'lack of resources' WHEN 3 THEN 'administratively prohibited'" \
    " WHEN 4 THEN 'too much outstanding data' WHEN 5 THEN 'unacceptable performance'" \
    " WHEN 6 THEN 'middlebox interference' ELSE 'reason ' || s.reset_reason END"

/* A column of the first event of a kind, of connection c or of subflow s. */
#define OF_CONNECTION(column, event_kind) \
    "(SELECT e." column " FROM event e WHERE e.connection_id = c.connection_id" \
    " AND e.kind = '" event_kind "' ORDER BY e.ts_ns LIMIT 1)"
#define OF_SUBFLOW(column, event_kind) \
    "(SELECT e." column " FROM event e WHERE e.connection_id IS s.connection_id" \
    " AND e.subflow_id = s.subflow_id AND e.kind = '" event_kind "' ORDER BY e.ts_ns LIMIT 1)"
#define PACKET_OF_CONNECTION(event_kind) \
    OF_CONNECTION("capture_id", event_kind) ", " OF_CONNECTION("packet", event_kind)
#define PACKET_OF_SUBFLOW(event_kind) \
    OF_SUBFLOW("capture_id", event_kind) ", " OF_SUBFLOW("packet", event_kind)

/* A column of the first reinjection of direction d. */
#define FIRST_REINJECTION(column) \
    "(SELECT r." column " FROM reinjection r WHERE r.connection_id = d.connection_id" \
    " AND r.direction = d.direction ORDER BY r.ts_ns LIMIT 1)"

/* "packet 7", and of which capture where there are several. */
#define PACKET_WORDS(table) \
    "'packet ' || " table ".packet || CASE WHEN (SELECT count(*) FROM capture) > 1" \
    " THEN ' of capture ' || " table ".capture_id ELSE '' END"

/* The address of table (subflow or connection) at the end of the host that opened join s, and at
 * the other end. */
#define OWN_ADDR(table) \
    "CASE s.opened_by WHEN 'client' THEN " table ".client_addr ELSE " table ".server_addr END"
#define PEER_ADDR(table) \
    "CASE s.opened_by WHEN 'client' THEN " table ".server_addr ELSE " table ".client_addr END"

/* Who answered the SYN of join s by an ICMP error, where, and what it said.  NULL: it was told of
 * before the connection was known. */
#define ICMP_WORDS \
    "(SELECT CASE e.detail ->> 'router' WHEN " PEER_ADDR("s") " THEN 'that host'" \
    " WHEN " OWN_ADDR("s") " THEN 'the ' || s.opened_by || ' itself'" \
    " ELSE 'router ' || (e.detail ->> 'router') END || ' answered in ' || " PACKET_WORDS("e") \
    " || ' with ' || (e.detail ->> 'words') || printf(' (ICMP%s type %d code %d)'," \
    " CASE WHEN instr(e.detail ->> 'router', ':') THEN 'v6' ELSE '' END," \
    " e.detail ->> 'type', e.detail ->> 'code')" \
    " FROM event e WHERE e.connection_id IS s.connection_id AND e.subflow_id = s.subflow_id" \
    " AND e.kind = 'unreachable' ORDER BY e.ts_ns LIMIT 1)"

/* The announcement that the opener of join s may have followed: the last one before the SYN. */
#define ANNOUNCED \
    "(SELECT " PACKET_WORDS("a") " FROM address a WHERE a.connection_id = s.connection_id" \
    " AND a.kind = 'add' AND a.sent_by <> s.opened_by AND a.address = " PEER_ADDR("s") \
    " AND a.ts_ns <= s.syn_ns AND (a.removed_ns IS NULL OR a.removed_ns > s.syn_ns)" \
    " ORDER BY a.ts_ns DESC LIMIT 1)"

/* From where to where join s went, as far as the capture shows what the addresses are. */
#define ROUTE_WORDS \
    "(SELECT '; the SYN went from ' || CASE WHEN " OWN_ADDR("s") " = " OWN_ADDR("c") \
    " THEN 'the first' ELSE 'a further' END || ' address of the ' || s.opened_by || ' to '" \
    " || CASE WHEN " ANNOUNCED " IS NOT NULL" \
    " THEN 'the one that the ' || " PEER_NAME " || ' announced in ' || " ANNOUNCED \
    " WHEN " PEER_ADDR("s") " = " PEER_ADDR("c") " THEN 'the first of the ' || " PEER_NAME \
    " ELSE 'one whose announcement is not visible in this capture' END" \
    " FROM connection c WHERE c.connection_id = s.connection_id AND c.handshake <> 'none')"
#define PEER_NAME "CASE s.opened_by WHEN 'client' THEN 'server' ELSE 'client' END"

/* The address is there: another subflow came to it from another address. */
#define REACHED_WORDS \
    "(SELECT '; ' || " PEER_ADDR("s") " || ' was reached from ' || " OWN_ADDR("o") \
    " || ' (subflow ' || o.ordinal || ')' FROM subflow o WHERE o.connection_id = s.connection_id" \
    " AND o.result = 'established' AND " PEER_ADDR("o") " = " PEER_ADDR("s") \
    " AND " OWN_ADDR("o") " <> " OWN_ADDR("s") " ORDER BY o.ordinal LIMIT 1)"
/* The first RST of subflow s has another TTL than the packets of its sender. */
#define FOREIGN_RESET \
    "(SELECT printf('; the RST has TTL %d, packets of the ' || e.sent_by || ' before it %d: it may be of'" \
    " || ' a middlebox', e.detail ->> 'ttl', e.detail ->> 'usual_ttl') FROM event e" \
    " WHERE e.connection_id = s.connection_id AND e.subflow_id = s.subflow_id AND e.kind = 'reset'" \
    " AND e.detail ->> 'usual_ttl' ORDER BY e.ts_ns LIMIT 1)"

/* The host that refused join s had ended its data before. */
#define DONE_BEFORE \
    "(SELECT '; the ' || f.sent_by || ' had sent its DATA_FIN before that, in ' || " PACKET_WORDS("f") \
    " FROM event f JOIN event e ON e.connection_id = f.connection_id AND e.subflow_id = s.subflow_id" \
    " AND e.kind = 'reset' AND e.sent_by = f.sent_by AND f.ts_ns <= e.ts_ns" \
    " WHERE f.connection_id = s.connection_id AND f.kind = 'data_fin' AND s.result = 'refused'" \
    " AND f.sent_by <> s.opened_by LIMIT 1)"

/* Whether stall o is longer than stall t, or as long and earlier. */
#define LONGER \
    "(o.length_ns > t.length_ns OR (o.length_ns = t.length_ns AND o.rowid < t.rowid))"
/* Whether stall t is one of the five longest of its kind and connection. */
#define OF_FIVE_LONGEST(stall_kind) \
    "t.kind = '" stall_kind "' AND (SELECT count(*) FROM stall o" \
    " WHERE o.connection_id = t.connection_id AND o.kind = t.kind AND " LONGER ") < 5"
#define IDLE_TIMES \
    "CASE t.direction WHEN 'c2s' THEN c.client_idle_times ELSE c.server_idle_times END"
#define SENDER(row) "CASE " row ".direction WHEN 'c2s' THEN 'client' ELSE 'server' END"
#define PEER(host) "CASE " host " WHEN 'client' THEN 'server' ELSE 'client' END"

/* The cause of stall t, as a clause. */
#define STALL_WORDS \
    "CASE t.cause WHEN 'all subflows silent' THEN 'nothing was heard from the '" \
    " || " PEER(SENDER("t")) " || ' on any open subflow'" \
    " WHEN 'subflow silent' THEN 'nothing was heard from the ' || " PEER(SENDER("t")) \
    " || coalesce((SELECT ' on subflow ' || s.ordinal || ', which carried what was missing'" \
    " FROM subflow s WHERE s.subflow_id = t.subflow_id), ' on any open subflow')" \
    " WHEN 'zero window' THEN 'the receive window of the ' || " PEER(SENDER("t")) " || ' was closed'" \
    " WHEN 'missing data' THEN 'the byte that was waited for was seen only at the end'" \
    " ELSE t.cause END"

/* Priority changes told one by one. */
#define CHANGES_TOLD "5"

/* Who made subflow s a backup, at the join or later. */
#define CLIENT_ASKS "max(coalesce(s.client_backup, 0), coalesce(s.client_backup_last, 0))"
#define SERVER_ASKS "max(coalesce(s.server_backup, 0), coalesce(s.server_backup_last, 0))"

/* How long host h spoke on subflow s after its peer's last packet; what of it was not acknowledged. */
#define UNANSWERED "iif(h.host = 'client', s.client_unanswered_ns, s.server_unanswered_ns)"
#define UNACKED    "iif(h.host = 'client', s.c2s_unacked_bytes, s.s2c_unacked_bytes)"

/* Wait from the captured end of all data to the DATA_ACK of it: rows w and a of signal_count. */
#define FIN_WAIT "(a.first_ns - w.first_ns)"

/* The opener of join s, which sent mostly MP_JOIN ACKs. */
#define UNANSWERED_JOIN \
    "(SELECT printf('; the %s sent its MP_JOIN ACK %d times: as long as it gets no answer, which the '" \
    " || 'tap saw, it must not send data', s.opened_by, k.count)" \
    " FROM signal_count k JOIN subflow_direction d USING (subflow_id)" \
    " WHERE k.subflow_id = s.subflow_id AND k.kind = 'mp_join_ack' AND k.sent_by = s.opened_by" \
    " AND d.direction = iif(s.opened_by = 'client', 'c2s', 's2c') AND k.count > 2" \
    " AND 2 * k.count > d.packets)"

/* The subflow of the connection of s with most data, as metric_use.c compares. */
#define MOST_DATA \
    "(SELECT o.subflow_id FROM subflow o JOIN subflow_direction d USING (subflow_id)" \
    " WHERE o.connection_id = s.connection_id GROUP BY o.subflow_id" \
    " ORDER BY sum(d.data_bytes) DESC, o.ordinal LIMIT 1)"

/* What says that subflow s is slower, if it is its handshake. */
#define SLOWER_WORDS \
    "(SELECT printf(' (RTT of the handshake %.1f ms, of that of subflow %d, which carried most," \
    " %.1f ms)', s.handshake_rtt_ns / 1e6, o.ordinal, o.handshake_rtt_ns / 1e6) FROM subflow o" \
    " WHERE o.subflow_id = " MOST_DATA " AND s.handshake_rtt_ns > o.handshake_rtt_ns)"

/* How often the host of event e, kind data_fin, sent it. */
#define FINS_SENT \
    "(SELECT sum(k.count) FROM signal_count k WHERE k.connection_id = e.connection_id" \
    " AND k.kind = 'data_fin' AND k.sent_by = e.sent_by)"

/* How many DATA_FINs of connection c were acknowledged. */
#define FINS_ACKED \
    "(SELECT count(*) FROM signal_count k WHERE k.connection_id = c.connection_id" \
    " AND k.kind = 'data_fin_ack')"

/* The last subflow that the host of removal a had reset itself, with the address that it removed. */
#define CLOSED_BEFORE \
    "(SELECT printf(' any more: it had reset subflow %d %.0f ms before in ', s.ordinal," \
    " (a.ts_ns - e.ts_ns) / 1e6) || " PACKET_WORDS("e") " FROM subflow s" \
    " JOIN event e ON e.connection_id = s.connection_id AND e.subflow_id = s.subflow_id" \
    " AND e.kind = 'reset' AND e.sent_by = a.sent_by AND e.ts_ns <= a.ts_ns" \
    " WHERE s.connection_id = a.connection_id AND a.address_id = iif(a.sent_by = 'client'," \
    " s.client_addr_id, s.server_addr_id) ORDER BY e.ts_ns DESC LIMIT 1)"

const char mps_schema_priority[] =
    "CREATE VIEW v_priority (connection_id, subflow_id, ts_ns, capture_id, packet, sent_by, option,\n"
    "    backup, backup_before) AS\n"
    "WITH said AS (\n"
    "SELECT k.connection_id, k.subflow_id, k.first_ns AS ts_ns, k.first_capture_id AS capture_id,\n"
    "    k.first_packet AS packet, k.sent_by, 'MP_JOIN' AS option, EXISTS (SELECT 1\n"
    "        FROM signal_count b WHERE b.connection_id = k.connection_id\n"
    "        AND b.kind = k.kind || '_backup' AND b.subflow_id = k.subflow_id\n"
    "        AND b.sent_by = k.sent_by) AS backup, NULL AS default_backup\n"
    "FROM signal_count k WHERE k.kind IN ('mp_join_syn', 'mp_join_synack')\n"
    "UNION ALL\n"
    "SELECT e.connection_id, s.subflow_id, e.ts_ns, e.capture_id, e.packet, e.sent_by, 'MP_PRIO',\n"
    "    json_extract(e.detail, '$.backup'), CASE s.kind WHEN 'initial' THEN 0 END\n"
    "FROM event e JOIN subflow s ON s.connection_id = e.connection_id\n"
    "    AND CASE WHEN json_extract(e.detail, '$.address_id') IS NULL\n"
    "        THEN s.subflow_id = e.subflow_id\n"
    "        ELSE CASE e.sent_by WHEN 'client' THEN s.client_addr_id ELSE s.server_addr_id END\n"
    "            = json_extract(e.detail, '$.address_id')\n"
    "            AND coalesce(s.syn_ns < e.ts_ns, 1) END\n"
    "WHERE e.kind = 'mp_prio')\n"
    "SELECT connection_id, subflow_id, ts_ns, capture_id, packet, sent_by, option, backup,\n"
    "    lag(backup, 1, default_backup) OVER (PARTITION BY connection_id, subflow_id, sent_by\n"
    "        ORDER BY ts_ns, packet) FROM said;\n";

const char mps_schema_diagnosis[] =
    "CREATE VIEW v_diagnosis (connection_id, subflow_id, direction, rank, ts_ns, capture_id, packet,\n"
    "    kind, sentence) AS\n"
    /* joins that came to nothing */
    "SELECT s.connection_id, s.subflow_id, NULL, 1, s.syn_ns,\n"
    "    " PACKET_OF_SUBFLOW("join") ", 'join_' || s.result,\n"
    "    'Join ' || s.ordinal || ' (' || " PATH " || ') was not established: '\n"
    "    || replace(s.result, '_', ' ')\n"
    "    || CASE WHEN s.reset_reason IS NULL THEN '' ELSE ', ' || " RESET_WORDS " END\n"
    "    || coalesce(' (' || s.result_detail || ')', '') || coalesce(" FOREIGN_RESET ", '')\n"
    "    || coalesce(" DONE_BEFORE ", '')\n"
    "FROM subflow s WHERE s.kind = 'join' AND s.result NOT IN ('established', 'unreachable')\n"
    "UNION ALL\n"
    "SELECT s.connection_id, s.subflow_id, NULL, 1, s.syn_ns,\n"
    "    " PACKET_OF_SUBFLOW("join") ", 'join_unreachable',\n"
    "    'Join ' || s.ordinal || ' (' || " PATH " || ') was not established: unreachable; '\n"
    "    || coalesce(" ICMP_WORDS ", s.result_detail)\n"
    "    || coalesce(" ROUTE_WORDS ", '') || coalesce(" REACHED_WORDS ", '')\n"
    "FROM subflow s WHERE s.kind = 'join' AND s.result = 'unreachable'\n"
    "UNION ALL\n"
    "SELECT s.connection_id, s.subflow_id, NULL, 1, s.syn_ns,\n"
    "    " PACKET_OF_SUBFLOW("join") ", 'join_unfinished',\n"
    "    'Join ' || s.ordinal || ' (' || " PATH " || ') was not seen to be established'\n"
    "    || coalesce(': ' || s.result_detail, '')\n"
    "FROM subflow s WHERE s.kind = 'join' AND s.result IS NULL\n"
    "UNION ALL\n"
    "SELECT s.connection_id, s.subflow_id, NULL, 1, s.syn_ns,\n"
    "    " PACKET_OF_SUBFLOW("join") ", 'hmac_invalid',\n"
    "    'Subflow ' || s.ordinal || ' works although an HMAC of its handshake is wrong'\n"
    "FROM subflow s WHERE s.hmac = 'invalid' AND s.result = 'established'\n"
    "UNION ALL\n"
    /* MPTCP given up, or never agreed */
    "SELECT c.connection_id, NULL, NULL, 1, e.ts_ns,\n"
    "    coalesce(e.detail ->> 'cause_capture_id', e.capture_id),\n"
    "    coalesce(e.detail ->> 'cause_packet', e.packet), 'fallback',\n"
    "    'MPTCP was given up: ' || CASE e.detail ->> 'cause'\n"
    "        WHEN 'plain_syn' THEN 'the SYN was sent again without MP_CAPABLE'\n"
    "        WHEN 'plain_synack' THEN 'the SYN/ACK has no MP_CAPABLE'\n"
    "        WHEN 'plain_third' THEN 'the third packet of the handshake has no MP_CAPABLE'\n"
    "        WHEN 'no_data_ack' THEN 'the ' || e.sent_by || ' acknowledges data without any DSS'\n"
    "        WHEN 'no_mapping' THEN 'the data of the ' || e.sent_by || ' has no DSS'\n"
    "        WHEN 'mapping_lost' THEN 'the data of the ' || e.sent_by || ' has no DSS any more'\n"
    "        ELSE iif(c.fallback = 'mp_fail', 'MP_FAIL on the only subflow', 'infinite mapping')\n"
    "        END\n"
    "FROM connection c JOIN event e ON e.connection_id = c.connection_id AND e.kind = 'fallback'\n"
    "UNION ALL\n"
    "SELECT c.connection_id, NULL, NULL, 1, c.start_ns, e.capture_id, e.packet, 'no_answer',\n"
    "    iif(e.packet IS NULL, 'The first SYN got no usable answer',\n"
    "        'The first SYN was refused: the server answered it with a RST')\n"
    "FROM connection c LEFT JOIN event e ON e.connection_id = c.connection_id\n"
    "    AND e.kind = 'reset' AND e.sent_by = 'server' AND NOT EXISTS (SELECT 1 FROM signal_count k\n"
    "        WHERE k.connection_id = c.connection_id AND k.kind = 'mp_capable_synack')\n"
    "WHERE c.protocol = 'tcp' AND c.fallback IS NULL AND c.subflows = 0\n"
    "UNION ALL\n"
    /* standstill and moving on: the five longest stalls of a connection */
    "SELECT t.connection_id, NULL, t.direction, 1, t.start_ns, t.capture_id, t.packet, 'stall',\n"
    "    printf('No data %s was acknowledged for %.0f ms while %d bytes were outstanding',\n"
    "        t.direction, t.length_ns / 1e6, t.outstanding_bytes)\n"
    "    || coalesce(': ' || " STALL_WORDS ", '') || CASE t.ended_by WHEN 'data_ack' THEN ''\n"
    "        WHEN 'reinjection' THEN '; a reinjection ended it'\n"
    "        WHEN 'retransmission' THEN '; a retransmission ended it'\n"
    "        WHEN 'remapping' THEN '; a second mapping on the same subflow ended it'\n"
    "        WHEN 'close' THEN '; it lasted until the close'\n"
    "        ELSE '; the capture ends in it' END\n"
    "FROM stall t WHERE " OF_FIVE_LONGEST("no_data_ack") "\n"
    "UNION ALL\n"
    "SELECT t.connection_id, NULL, t.direction, 1, t.start_ns, t.capture_id, t.packet,\n"
    "    'closed_window', printf('The receive window of the %s was closed for %.0f ms: the %s, all '\n"
    "        || 'of whose data was acknowledged, could send nothing', " PEER(SENDER("t")) ",\n"
    "        t.length_ns / 1e6, " SENDER("t") ")\n"
    "    || CASE t.ended_by WHEN 'window' THEN '' WHEN 'close' THEN '; it lasted until the close'\n"
    "        ELSE '; the capture ends in it' END\n"
    "FROM stall t WHERE " OF_FIVE_LONGEST("closed_window") "\n"
    "UNION ALL\n"
    "SELECT t.connection_id, t.subflow_id, t.direction, 2, t.start_ns, t.capture_id, t.packet,\n"
    "    'stale', printf('Subflow %d (%s) was stale: TCP acknowledged nothing more of %d bytes %s '\n"
    "        || 'for %.0f ms while other subflows went on', s.ordinal, " PATH ",\n"
    "        t.outstanding_bytes, t.direction, t.length_ns / 1e6)\n"
    "    || coalesce(': ' || replace(t.cause, 'subflow silent', 'nothing was heard on it'), '')\n"
    "    || CASE t.ended_by WHEN 'ack' THEN '; then it recovered'\n"
    "        WHEN 'close' THEN '; it lasted until the close'\n"
    "        WHEN 'capture_end' THEN '; the capture ends in it' ELSE '' END\n"
    "FROM stall t JOIN subflow s USING (subflow_id) WHERE " OF_FIVE_LONGEST("stale") "\n"
    "UNION ALL\n"
    "SELECT t.connection_id, NULL, t.direction, 3, t.start_ns, t.capture_id, t.packet, 'idle',\n"
    "    printf('The %s sent no data for %.1f s though nothing was outstanding and the receive '\n"
    "        || 'window was open: %s%s', " SENDER("t") ", t.length_ns / 1e9,\n"
    "        CASE WHEN t.cause IS NULL THEN 'why is not visible'\n"
    "            ELSE t.cause || ', not visible which' END,\n"
    "        CASE WHEN " IDLE_TIMES " > 1 THEN printf(' (the longest of %d times)', " IDLE_TIMES ")\n"
    "            ELSE '' END)\n"
    "FROM stall t JOIN connection c USING (connection_id) WHERE t.kind = 'idle'\n"
    "    AND NOT EXISTS (SELECT 1 FROM stall o WHERE o.connection_id = t.connection_id\n"
    "        AND o.direction = t.direction AND o.kind = 'idle' AND " LONGER ")\n"
    "UNION ALL\n"
    "SELECT e.connection_id, e.subflow_id, json_extract(e.detail, '$.direction'), 2, e.ts_ns,\n"
    "    e.capture_id, e.packet, 'handover',\n"
    "    printf('Data %s moved for good from subflow %d (%s) to subflow %d%s',\n"
    "        json_extract(e.detail, '$.direction'), json_extract(e.detail, '$.from'),\n"
    "        json_extract(e.detail, '$.reason'), json_extract(e.detail, '$.to'),\n"
    "        CASE json_extract(e.detail, '$.break_before_make')\n"
    "            WHEN 1 THEN ', which was opened only then' ELSE '' END)\n"
    "FROM event e WHERE e.kind = 'handover'\n"
    "UNION ALL\n"
    /* what the capture lacks, or has twice */
    "SELECT e.connection_id, e.subflow_id, NULL, 1, e.ts_ns, e.capture_id, e.packet, 'translated',\n"
    "    iif(s.kind = 'join', 'Subflow ' || s.ordinal || ' (' || " PATH " || ') is subflow '\n"
    "        || (e.detail ->> 'ordinal') || ' (' || " TWIN " || ') once more, with translated '\n"
    "        || 'addresses: the same SYN (token, nonce, sequence number) was captured on both sides '\n"
    "        || 'of a NAT. What of this subflow was captured there counts twice',\n"
    "    'This connection is that of ' || " TWIN " || ' once more, with translated addresses: the '\n"
    "        || 'same keys were captured on both sides of a NAT. Both are counted, and a join to its '\n"
    "        || 'token is counted with one of them')\n"
    "FROM event e JOIN subflow s USING (subflow_id) WHERE e.kind = 'translated'\n"
    "UNION ALL\n"
    "SELECT c.connection_id, NULL, NULL, 2, c.start_ns, NULL, NULL, 'midstream',\n"
    "    'The capture begins in mid-connection: keys, tokens and join delays are not visible'\n"
    "FROM connection c WHERE c.protocol = 'mptcp' AND c.handshake = 'none'\n"
    "    AND c.server_token IS NULL\n"
    "UNION ALL\n"
    "SELECT c.connection_id, NULL, NULL, 2, c.start_ns, NULL, NULL, 'no_initial',\n"
    "    'The capture lacks the initial subflow''s handshake: keys and join delays are not visible'\n"
    "FROM connection c WHERE c.protocol = 'mptcp' AND c.handshake = 'none'\n"
    "    AND c.server_token IS NOT NULL\n"
    "UNION ALL\n"
    "SELECT d.connection_id, NULL, d.direction, 2, NULL, NULL, NULL, 'missing',\n"
    "    " BYTES("d.missing_bytes") " || iif(d.missing_bytes = 1, ' was acknowledged but is', ' were '\n"
    "        || 'acknowledged but are') || ' not in the capture'\n"
    "FROM connection_direction d WHERE d.missing_bytes > 0\n"
    "UNION ALL\n"
    "SELECT d.connection_id, NULL, d.direction, 2, NULL, NULL, NULL, 'unmapped',\n"
    "    " BYTES("d.unmapped_bytes") " || iif(d.unmapped_bytes = 1, ' has', ' have') || ' no data '\n"
    "        || 'sequence mapping'\n"
    "FROM connection_direction d WHERE d.unmapped_bytes > 0\n"
    "UNION ALL\n"
    /* addresses */
    "SELECT a.connection_id, NULL, NULL, CASE a.hmac WHEN 'invalid' THEN 1 ELSE 2 END, a.ts_ns,\n"
    "    a.capture_id, a.packet, 'address', 'The ' || a.sent_by || ' announced ' || a.address\n"
    "    || coalesce(' port ' || a.port, '') || ' (id ' || a.address_id || '): '\n"
    "    || CASE a.hmac WHEN 'invalid' THEN 'its HMAC is wrong; ' ELSE '' END\n"
    "    || iif(a.outcome = 'removed', 'no join before it was removed', a.outcome)\n"
    "    || CASE WHEN a.outcome NOT LIKE 'no join%' THEN ''\n"
    "        WHEN a.echoed_ns IS NULL THEN ', and no echo' ELSE ', though it was echoed' END\n"
    "FROM address a WHERE a.kind = 'add' AND a.used = 0 AND a.outcome IS NOT NULL\n"
    "UNION ALL\n"
    "SELECT a.connection_id, NULL, NULL, 2, a.ts_ns, a.capture_id, a.packet, 'address_removed',\n"
    "    'The ' || a.sent_by || ' removed address id ' || a.address_id\n"
    "    || coalesce(' (' || a.address || ')', '') || coalesce(': ' || a.outcome, '')\n"
    "    || iif(a.outcome = 'no subflow', coalesce(" CLOSED_BEFORE ", ''), '')\n"
    "FROM address a WHERE a.kind = 'remove'\n"
    "UNION ALL\n"
    /* subflows without work, and backups with some */
    "SELECT s.connection_id, s.subflow_id, NULL, 2, s.established_ns,\n"
    "    " PACKET_OF_SUBFLOW("established") ", s.use,\n"
    "    'Subflow ' || s.ordinal || ' (' || " PATH " || ') was established but carried '\n"
    "    || CASE s.use WHEN 'unused' THEN 'no data' ELSE 'less than 1 % of the data' END\n"
    "    || CASE WHEN (SELECT sum(u.reinjected_bytes) FROM subflow_direction u\n"
    "        WHERE u.subflow_id = s.subflow_id) > 0\n"
    "        THEN ' first (more that was sent before on another subflow)' ELSE '' END\n"
    "    || coalesce(" UNANSWERED_JOIN ", CASE s.use_reason\n"
    "        WHEN 'late' THEN ': the data was done by then'\n"
    "        WHEN 'backup' THEN ': it is a backup, by the bit of ' || CASE\n"
    "                WHEN " CLIENT_ASKS " AND " SERVER_ASKS " THEN 'both hosts'\n"
    "                WHEN " CLIENT_ASKS " THEN 'the client' ELSE 'the server' END\n"
    "        WHEN 'slower' THEN ': its path is slower' || coalesce(" SLOWER_WORDS ", '')\n"
    "        ELSE '; why is not visible' END)\n"
    "FROM subflow s WHERE s.use IN ('unused', 'under_used')\n"
    "UNION ALL\n"
    "SELECT p.connection_id, p.subflow_id, NULL, 2, p.ts_ns, p.capture_id, p.packet, 'priority',\n"
    "    CASE WHEN p.n > " CHANGES_TOLD " THEN printf('%d more change%s of priority %s',\n"
    "        p.changes - " CHANGES_TOLD ", iif(p.n = p.changes, '', 's'),\n"
    "        iif(p.n = p.changes, 'follows', 'follow'))\n"
    "    ELSE 'The ' || p.sent_by || ' asked the ' || " PEER("p.sent_by") " || ' to use subflow '\n"
    "        || s.ordinal || ' (' || " PATH " || ') as a ' || CASE WHEN p.backup = 1 THEN 'backup'\n"
    "            ELSE 'regular one' || CASE p.backup_before WHEN 1 THEN ' again' ELSE '' END END END\n"
    "FROM (SELECT *, row_number() OVER (PARTITION BY connection_id ORDER BY ts_ns, packet,\n"
    "        subflow_id) AS n, count(*) OVER (PARTITION BY connection_id) AS changes\n"
    "    FROM v_priority WHERE option = 'MP_PRIO' AND backup IS NOT backup_before) p\n"
    "JOIN subflow s USING (subflow_id) WHERE p.n <= 1 + " CHANGES_TOLD "\n"
    "UNION ALL\n"
    "SELECT s.connection_id, s.subflow_id, d.direction, 2, NULL, NULL, NULL, 'backup_used',\n"
    "    printf('Backup subflow %d carried %d bytes %s while a regular one was open, %d of them '\n"
    "        || 'sent before on another; ', s.ordinal, d.backup_data_bytes\n"
    "        + d.backup_reinjected_bytes, d.direction, d.backup_reinjected_bytes)\n"
    "    || CASE d.backup_asked_data_bytes + d.backup_asked_reinjected_bytes\n"
    "        WHEN 0 THEN 'only the ' || " SENDER("d") " || ' itself had set the backup bit, which '\n"
    "            || 'binds its peer'\n"
    "        WHEN d.backup_data_bytes + d.backup_reinjected_bytes THEN 'the '\n"
    "            || " PEER(SENDER("d")) " || ' had set the backup bit, which binds the '\n"
    "            || " SENDER("d") "\n"
    "        ELSE printf('for %d of them the %s had set the backup bit, which binds the %s',\n"
    "            d.backup_asked_data_bytes + d.backup_asked_reinjected_bytes,\n"
    "            " PEER(SENDER("d")) ", " SENDER("d") ") END\n"
    "FROM subflow s JOIN subflow_direction d USING (subflow_id)\n"
    "WHERE d.backup_data_bytes + d.backup_reinjected_bytes > 0\n"
    "UNION ALL\n"
    /* data sent more than once */
    "SELECT d.connection_id, NULL, d.direction, 2, " FIRST_REINJECTION("ts_ns") ",\n"
    "    " FIRST_REINJECTION("capture_id") ", " FIRST_REINJECTION("packet") ", 'reinjection',\n"
    "    " BYTES("d.reinjected_bytes") " || printf(' (%.1f %% of the data) %s sent again on another '\n"
    "        || 'subflow; %d of them when they had been acknowledged already',\n"
    "        100.0 * d.reinjected_bytes / d.data_bytes, iif(d.reinjected_bytes = 1, 'was', 'were'),\n"
    "        (SELECT coalesce(sum(r.bytes), 0) FROM reinjection r\n"
    "            WHERE r.connection_id = d.connection_id AND r.direction = d.direction\n"
    "            AND r.acked = 1))\n"
    "FROM connection_direction d WHERE d.reinjected_bytes > 0 AND d.data_bytes > 0\n"
    "UNION ALL\n"
    "SELECT d.connection_id, NULL, d.direction, 2, NULL, NULL, NULL, 'remapped',\n"
    "    " BYTES("d.remapped_bytes") " || iif(d.remapped_bytes = 1, ' was', ' were') || ' mapped and '\n"
    "        || 'sent a second time on the same subflow'\n"
    "FROM connection_direction d WHERE d.remapped_bytes > 0\n"
    "UNION ALL\n"
    /* options that no decoder knows */
    "SELECT o.connection_id, NULL, CASE o.sent_by WHEN 'client' THEN 'c2s' ELSE 's2c' END, 2,\n"
    "    min(o.first_ns), o.first_capture_id, o.first_packet, 'option',\n"
    "    printf('The %s sent %s, %d time%s', o.sent_by, o.words, sum(o.count),\n"
    "        CASE sum(o.count) WHEN 1 THEN '' ELSE 's' END)\n"
    "    || CASE WHEN o.name IS NULL OR o.first_value IS NULL THEN ''\n"
    "        ELSE '; at first ' || o.first_value END\n"
    "FROM v_option o GROUP BY o.connection_id, o.sent_by, o.words\n"
    "UNION ALL\n"
    /* subflows that ended by force */
    "SELECT s.connection_id, s.subflow_id, NULL, 2, " OF_SUBFLOW("ts_ns", "reset") ",\n"
    "    " PACKET_OF_SUBFLOW("reset") ", 'subflow_reset',\n"
    "    'Subflow ' || s.ordinal || ' (' || " PATH " || ') was reset'\n"
    "    || coalesce(' by the ' || s.closed_by, '')\n"
    "    || CASE WHEN s.reset_reason IS NULL THEN '' ELSE ': ' || " RESET_WORDS " END\n"
    "    || coalesce(" FOREIGN_RESET ", '')\n"
    "FROM subflow s WHERE s.result = 'established' AND s.close = 'reset'\n"
    "UNION ALL\n"
    "SELECT s.connection_id, s.subflow_id, NULL, 2, s.end_ns - " UNANSWERED ", e.capture_id,\n"
    "    e.packet, 'silent_death', printf('Subflow %d (%s) died silently: %s of the %s %s, '\n"
    "        || 'and nothing was seen of the %s in its last %.0f ms', s.ordinal, " PATH ",\n"
    "        iif(e.packet IS NULL, " UNACKED " || ' bytes', 'the FIN'), h.host,\n"
    "        iif(e.packet IS NULL, 'were not acknowledged', 'was not answered'), " PEER("h.host") ", " UNANSWERED " / 1e6)\n"
    "FROM subflow s JOIN (SELECT 'client' AS host UNION ALL SELECT 'server') h\n"
    "LEFT JOIN event e ON e.connection_id = s.connection_id AND e.subflow_id = s.subflow_id\n"
    "    AND e.kind = 'fin' AND e.sent_by = h.host AND e.ts_ns > s.end_ns - " UNANSWERED "\n"
    "WHERE s.result = 'established' AND s.close IN ('capture_end', 'idle')\n"
    "    AND " UNANSWERED " >= max(200000000, 3 * coalesce(s.handshake_rtt_ns, 0))\n"
    "    AND (e.packet IS NOT NULL OR " UNACKED " > 0)\n"
    "UNION ALL\n"
    "SELECT s.connection_id, s.subflow_id, NULL, 2, e.ts_ns, e.capture_id, e.packet, 'icmp_error',\n"
    "    printf('Of what was sent on subflow %d (%s), router %s said: %s (ICMP%s type %d code %d)',\n"
    "        s.ordinal, " PATH ", e.detail ->> 'router', e.detail ->> 'words',\n"
    "        iif(instr(e.detail ->> 'router', ':'), 'v6', ''), e.detail ->> 'type',\n"
    "        e.detail ->> 'code')\n"
    "FROM subflow s JOIN event e ON e.connection_id = s.connection_id\n"
    "    AND e.subflow_id = s.subflow_id AND e.kind = 'unreachable'\n"
    "WHERE s.result = 'established'\n"
    "UNION ALL\n"
    /* the end */
    "SELECT w.connection_id, w.subflow_id, NULL, 2, w.first_ns, w.first_capture_id, w.first_packet,\n"
    "    'slow_data_fin', printf('The DATA_FIN of the %s was acknowledged only %.0f ms after it and '\n"
    "        || 'all data had been sent; it was sent %d times', w.sent_by, " FIN_WAIT " / 1e6,\n"
    "        (SELECT sum(k.count) FROM signal_count k WHERE k.connection_id = w.connection_id\n"
    "            AND k.kind = 'data_fin' AND k.sent_by = w.sent_by))\n"
    "FROM signal_count w JOIN signal_count a ON a.connection_id = w.connection_id\n"
    "    AND a.kind = 'data_fin_ack' AND a.sent_by <> w.sent_by\n"
    "WHERE w.kind = 'data_complete' AND " FIN_WAIT " >= max(200000000, 3 * coalesce((SELECT\n"
    "    max(d.rtt_min_ns) FROM subflow s JOIN subflow_direction d USING (subflow_id)\n"
    "    WHERE s.connection_id = w.connection_id), 0))\n"
    "UNION ALL\n"
    "SELECT e.connection_id, e.subflow_id, NULL, 2, e.ts_ns, e.capture_id, e.packet,\n"
    "    'lost_data_fin', 'The DATA_FIN of the ' || e.sent_by || ' was not seen to be acknowledged'\n"
    "    || iif(" FINS_SENT " > 1, printf(', though it was sent %d times', " FINS_SENT "), '')\n"
    "FROM event e JOIN connection c USING (connection_id) WHERE e.kind = 'data_fin'\n"
    "    AND c.fallback IS NULL AND (c.close <> 'capture_end' OR " FINS_SENT " > 1\n"
    "        AND c.end_ns - e.ts_ns >= 200000000)\n"
    "    AND NOT EXISTS (SELECT 1 FROM signal_count a WHERE a.connection_id = e.connection_id\n"
    "        AND a.kind = 'data_fin_ack' AND a.sent_by <> e.sent_by)\n"
    "UNION ALL\n"
    "SELECT c.connection_id, NULL, NULL, CASE WHEN c.close IN ('data_fin', 'fin', 'capture_end')\n"
    "        THEN 3 ELSE 2 END, c.end_ns,\n"
    "    CASE c.close WHEN 'data_fin' THEN " OF_CONNECTION("capture_id", "data_fin") "\n"
    "        WHEN 'fastclose' THEN " OF_CONNECTION("capture_id", "fastclose") " END,\n"
    "    CASE c.close WHEN 'data_fin' THEN " OF_CONNECTION("packet", "data_fin") "\n"
    "        WHEN 'fastclose' THEN " OF_CONNECTION("packet", "fastclose") " END,\n"
    "    'close_' || c.close, CASE c.close\n"
    "        WHEN 'data_fin' THEN iif(" FINS_ACKED " = 2, 'Closed at the data level, first by the ',\n"
    "            'Both hosts sent a DATA_FIN, not both seen to be acknowledged; first the ')\n"
    "            || c.closed_by || coalesce((SELECT printf('; both DATA_FINs were acknowledged %.1f ms later',\n"
    "                (max(k.first_ns) - " OF_CONNECTION("ts_ns", "data_fin") ") / 1e6)\n"
    "                FROM signal_count k WHERE k.connection_id = c.connection_id\n"
    "                AND k.kind = 'data_fin_ack' HAVING count(*) = 2), '')\n"
    "        WHEN 'fin' THEN 'Closed by FIN' || coalesce(', first by the ' || c.closed_by, '')\n"
    "        WHEN 'fastclose' THEN 'Aborted by MP_FASTCLOSE of the ' || c.closed_by\n"
    "            || coalesce((SELECT '; never acknowledged: ' || group_concat(printf('%d bytes %s',\n"
    "                d.data_bytes - d.data_acked_bytes, d.direction), ', ')\n"
    "                FROM connection_direction d WHERE d.connection_id = c.connection_id\n"
    "                AND d.data_bytes > d.data_acked_bytes), '')\n"
    "        WHEN 'reset' THEN iif(c.subflows = 0, 'The attempt to connect',\n"
    "            'The last open subflow') || ' was reset'\n"
    "            || coalesce(' by the ' || c.closed_by, '')\n"
    "        WHEN 'idle' THEN 'Fell silent without an end'\n"
    "        WHEN 'evicted' THEN 'Closed here to keep memory bounded'\n"
    "        ELSE 'Still open when the capture ends' END\n"
    "FROM connection c\n"
    "UNION ALL\n"
    /* compliance; `check` has all of it */
    "SELECT f.connection_id, f.subflow_id, NULL, 1, f.ts_ns, f.capture_id, f.packet, 'violation',\n"
    "    'Breaks ' || f.section\n"
    "    || ' (rule ' || f.rule_id || ': ' || r.title || '): ' || f.evidence\n"
    "    || '; suspect: ' || coalesce('the ' || f.host, 'the path')\n"
    "FROM finding f JOIN rule r USING (rule_id) WHERE f.verdict = 'violation'\n"
    "UNION ALL\n"
    /* what no connection knows about */
    "SELECT NULL, NULL, NULL, 1, NULL, f.capture_id, NULL, 'options_cut',\n"
    "    printf('%d of %d packets were captured too short for their headers or options: signals in '\n"
    "        || 'them are lost (capture with a larger snap length)', f.truncated_packets, f.packets)\n"
    "FROM capture f WHERE f.truncated_packets > 0\n"
    "UNION ALL\n"
    "SELECT NULL, NULL, NULL, 1, NULL, f.capture_id, NULL, 'capture_dropped',\n"
    "    'The capturing host dropped ' || f.dropped || iif(f.dropped = 1, ' packet', ' packets')\n"
    "        || ' before they reached the file' || coalesce(' ('\n"
    "        || (SELECT group_concat(coalesce(name, 'interface ' || interface_id) || ': '\n"
    "                || dropped, ', ') FROM (SELECT * FROM interface i WHERE i.dropped > 0\n"
    "                AND i.capture_id = f.capture_id ORDER BY i.dropped DESC LIMIT 8)) || ')', '')\n"
    "        || ': loss, holes and missing signals may be of its making'\n"
    "FROM capture f WHERE f.dropped > 0;\n";

/* clang-format on */
