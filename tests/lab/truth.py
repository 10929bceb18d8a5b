"""Writes truth.json: what the applications and both kernels say about one run of scripts/lab.

Usage: truth.py SCENARIO DIRECTORY LOG_DIRECTORY
Reads client.app.N and server.app (byte counts, tcp_info), *.monitor, *.nstat, and in the log directory
the messages of tcpdump, the counters of the router, and what the relays did."""
import datetime
import json
import pathlib
import platform
import re
import sys

KEPT = re.compile(r"^(MPTcpExt\w+|TcpActiveOpens|TcpPassiveOpens|TcpRetransSegs|TcpOutRsts|TcpEstabResets|"
                  r"TcpExtTCP(FastRetrans|SlowStartRetrans|Timeouts|LossProbes|LossProbeRecovery|DSACKRecv|"
                  r"DSACKOfoRecv|DSACKOldSent|DSACKOfoSent|SpuriousRTOs|OFOQueue|LostRetransmit))$")
INTEGERS = {"remid", "locid", "sport", "dport", "backup", "ifindex", "flags", "reset_reason", "error"}


def address(text):
    return text[7:] if text.startswith("::ffff:") and "." in text else text


def read_monitor(path):
    """[ EVENT] key=value ... becomes one dictionary a line; addresses lose the family suffix."""
    events = []
    for line in path.read_text().splitlines():
        match = re.match(r"^\[\s*([^\]]+)\]\s*(.*)$", line)
        if not match:
            continue
        event = {"event": match.group(1)}
        for key, value in re.findall(r"(\S+)=(\S+)", match.group(2)):
            key = re.sub(r"^(saddr|daddr)[46]$", r"\1", key)
            if key == "token":
                value = "0x" + value.rjust(8, "0")
            elif key in ("saddr", "daddr"):
                value = address(value)
            elif key in INTEGERS:
                value = int(value, 0)
            event[key] = value
        # 15 and 16 are the listener events, which this iproute2 does not name.
        if not event["event"].startswith("UNKNOWN"):
            events.append(event)
    return events


def read_nstat(path):
    rows = (line.split() for line in path.read_text().splitlines())
    return {r[0]: int(r[1]) for r in rows if len(r) >= 2 and KEPT.match(r[0]) and r[1] != "0"}


def read_drops(logs):
    """tcpdump's three closing lines, by capture file."""
    drops = {}
    for path in sorted(logs.glob("tcpdump.*.pcap")):
        text = path.read_text()
        numbers = [int(n) for n in re.findall(r"^(\d+) packets", text, re.M)]
        if len(numbers) < 3:
            sys.exit(f"{path.name}: tcpdump did not finish: {text}")
        drops[path.name[len("tcpdump."):]] = dict(zip(("captured", "received", "dropped"), numbers))
    return drops


def read_router(logs):
    """Packets lost between the taps: by the router's queues, by its rules."""
    queues = json.loads((logs / "router.tc").read_text())
    rules = json.loads((logs / "router.nft").read_text())["nftables"]
    counters = [x["counter"]["packets"] for r in rules for x in r.get("rule", {}).get("expr", []) if "counter" in x]
    return {"queue": sum(q.get("drops", 0) for q in queues), "rule": sum(counters)}


def read_lines(paths):
    """One JSON object a line."""
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def established(events, token):
    """Endpoints (laddr, lport, raddr, rport) that one side calls established, in order, with backup."""
    found = {}
    for e in events:
        if e.get("token") == token and e["event"] in ("ESTABLISHED", "SF_ESTABLISHED"):
            found[(e["saddr"], e["sport"], e["daddr"], e["dport"])] = e.get("backup")
    return found


def turned(tuples):
    return {(t[2], t[3], t[0], t[1]): v for t, v in tuples.items()}


def connection(client, server, monitors):
    for side, app in (("client", client), ("server", server)):
        tokens = {e.get("token") for e in monitors[side]}
        if app and app["token"] and app["token"] not in tokens:
            sys.exit(f"the {side}'s monitor lacks token {app['token']}")
    ours = established(monitors["client"], client["token"]) if client["token"] else {}
    theirs = {}
    if server and server["token"]:
        theirs = turned(established(monitors["server"], server["token"]))
    subflows = [
        {"laddr": t[0], "lport": t[1], "raddr": t[2], "rport": t[3],
         "established": t in ours and t in theirs,
         "client_says_established": t in ours, "server_says_established": t in theirs,
         "backup": bool(ours.get(t) or theirs.get(t))}
        for t in list(ours) + [t for t in theirs if t not in ours]
    ]
    server = server or {"token": None, "sent": None, "received": None, "error": None, "mptcp_at_end": None}
    return {
        "client_token": client["token"], "server_token": server["token"],
        "client_addr": client["local_addr"], "client_port": client["local_port"],
        "server_addr": client["remote_addr"], "server_port": client["remote_port"],
        "client_sent": client["sent"], "server_received": server["received"],
        "server_sent": server["sent"], "client_received": client["received"],
        "client_error": client["error"], "server_error": server["error"],
        "client_mptcp_at_end": client["mptcp_at_end"], "server_mptcp_at_end": server["mptcp_at_end"],
        "subflows": subflows,
        "client_unacked_bytes": client["unacked_bytes"], "server_unacked_bytes": server.get("unacked_bytes"),
        "tcp_info": {"client": client["tcp_info"], "server": server.get("tcp_info", [])},
    }


def main(scenario, directory, logs):
    out = pathlib.Path(directory)
    monitors = {side: read_monitor(out / f"{side}.monitor") for side in ("client", "server")}
    servers = json.loads((out / "server.app").read_text())
    connections = []
    for path in sorted(out.glob("client.app.*"), key=lambda p: int(p.name.rsplit(".", 1)[1])):
        for client in json.loads(path.read_text()):
            # By client port; a port used twice was accepted in the same order.
            server = next((s for s in servers if s["remote_port"] == client["local_port"]), None)
            if server:
                servers.remove(server)
            connections.append(connection(client, server, monitors))
    if servers or not connections:
        sys.exit("connections at the two ends do not match")
    logs = pathlib.Path(logs)
    captures = read_drops(logs)
    accidents = sorted(read_lines(logs.glob("accidents.*")), key=lambda a: a["ts_ns"])
    dropped = read_router(logs)
    dropped["relay"] = sum(a["action"] == "drop" for a in accidents)
    truth = {
        "scenario": scenario,
        "kernel": re.match(r"[0-9.]+", platform.release()).group(0),
        "date": datetime.date.today().isoformat(),
        "captures": captures,
        "router_dropped": dropped,
        "delays": read_lines(logs.glob("delays")),
        "accidents": accidents,
        "connections": connections,
        "nstat": {side: read_nstat(out / f"{side}.nstat") for side in ("client", "server")},
        "monitor": monitors,
    }
    # One connection, counter or event a line reads well and diffs well.
    text = json.dumps(truth, indent=1)
    text = re.sub(r"\{\n\s+(\"(?:event|laddr|captured|queue|local_addr|path|action)\"[^{}]*?)\n\s+\}",
                  lambda m: "{" + re.sub(r"\n\s+", " ", m.group(1)) + "}", text)
    (out / "truth.json").write_text(text + "\n")


main(*sys.argv[1:])
