"""A path manager in user space, for scripts/lab: does what it is told, when it is told.

Usage: path_manager.py MONITOR STEP...
MONITOR is the growing log of `ip mptcp monitor` of this host, whose first connection is managed.
Steps: +SECONDS waits; LOCAL>REMOTE:PORT opens a subflow; -N closes the Nth subflow opened so far,
from 1.  Needs net.mptcp.pm_type=1.  No packets are looked at: the kernel's netlink family mptcp_pm
(linux/mptcp_pm.h) does the work."""
import re
import socket
import struct
import sys
import time

GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 0x10, 3, 1, 2
CMD_SUBFLOW_CREATE, CMD_SUBFLOW_DESTROY = 10, 11
ATTR_ADDR, ATTR_TOKEN, ATTR_ADDR_REMOTE = 1, 4, 6
ADDR_FAMILY, ADDR_ID, ADDR_ADDR4, ADDR_PORT = 1, 2, 3, 5
NLM_F_REQUEST, NLM_F_ACK, NLA_F_NESTED, NLMSG_ERROR = 1, 4, 0x8000, 2
LOCAL_ID = 7


def attribute(kind, value):
    data = struct.pack("=HH", 4 + len(value), kind) + value
    return data + bytes(-len(data) % 4)


def address(kind, text, port, identifier=None):
    value = attribute(ADDR_FAMILY, struct.pack("=H", socket.AF_INET))
    if identifier is not None:
        value += attribute(ADDR_ID, bytes([identifier]))
    value += attribute(ADDR_ADDR4, socket.inet_aton(text))
    if port:
        value += attribute(ADDR_PORT, struct.pack("=H", port))
    return attribute(kind | NLA_F_NESTED, value)


class Netlink:
    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.socket.bind((0, 0))
        reply = self.ask(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_NAME, b"mptcp_pm\0"))
        at = 20
        while struct.unpack_from("=HH", reply, at)[1] != CTRL_ATTR_FAMILY_ID:
            at += (struct.unpack_from("=H", reply, at)[0] + 3) & ~3
        self.family = struct.unpack_from("=H", reply, at + 4)[0]

    def ask(self, family, command, attributes):
        """Sends one request; the reply, or the acknowledgement, as bytes."""
        body = struct.pack("=BBH", command, 1, 0) + attributes
        flags = NLM_F_REQUEST if family == GENL_ID_CTRL else NLM_F_REQUEST | NLM_F_ACK
        self.socket.send(struct.pack("=IHHII", 16 + len(body), family, flags, 1, 0) + body)
        reply = self.socket.recv(65536)
        if struct.unpack_from("=H", reply, 4)[0] == NLMSG_ERROR:
            error = -struct.unpack_from("=i", reply, 16)[0]
            if error:
                sys.exit(f"path_manager: command {command}: error {error}")
        return reply


def wait_for(path, pattern):
    """All matches of pattern in the log, as soon as there is one."""
    for _ in range(500):
        found = re.findall(pattern, open(path).read(), re.M)
        if found:
            return found
        time.sleep(0.01)
    sys.exit(f"path_manager: no {pattern} in {path}")


def main(monitor, steps):
    netlink, opened = Netlink(), []
    token = int(wait_for(monitor, r"^\[ *ESTABLISHED\].*\btoken=([0-9a-f]+)")[0], 16)
    token = attribute(ATTR_TOKEN, struct.pack("=I", token))
    for step in steps:
        if step[0] == "+":
            time.sleep(float(step[1:]))
            continue
        if step[0] == "-":
            local, remote, port = opened[int(step[1:]) - 1]
            pattern = rf"^\[ *SF_ESTABLISHED\].* saddr4={local} daddr4={remote} sport=(\d+)"
            before = sum(o == (local, remote, port) for o in opened[:int(step[1:]) - 1])
            own_port, command = int(wait_for(monitor, pattern)[before]), CMD_SUBFLOW_DESTROY
        else:
            local, remote, port = re.fullmatch(r"(.*)>(.*):(\d+)", step).groups()
            opened.append((local, remote, port))
            own_port, command = 0, CMD_SUBFLOW_CREATE
        netlink.ask(netlink.family, command, token + address(ATTR_ADDR, local, own_port, LOCAL_ID)
                    + address(ATTR_ADDR_REMOTE, remote, int(port)))


main(sys.argv[1], sys.argv[2:])
