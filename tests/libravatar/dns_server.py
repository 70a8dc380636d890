"""A name server on loopback with one record: example.org's avatars are at localhost, on the given port.

Prints its own port.
"""

import socket
import sys

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

NAME = "_avatars._tcp.example.org."

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    datagram, client = server.recvfrom(4096)
    query = dns.message.from_wire(datagram)
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    [question] = query.question
    if question.name.to_text() == NAME and question.rdtype == dns.rdatatype.SRV:
        response.answer.append(dns.rrset.from_text(NAME, 60, "IN", "SRV", f"0 0 {sys.argv[1]} localhost."))
    else:
        response.set_rcode(dns.rcode.NXDOMAIN)
    server.sendto(response.to_wire(), client)
