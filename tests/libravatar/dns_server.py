"""A name server on loopback with one record: example.org's avatars are at localhost, on the given port."""

import contextlib
import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

NAME = "_avatars._tcp.example.org."


@contextlib.contextmanager
def serving(avatars_port):
    """Its own port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        threading.Thread(target=answer_all, args=(server, avatars_port), daemon=True).start()
        yield server.getsockname()[1]


def answer_all(server, avatars_port):
    # Until it is closed.
    with contextlib.suppress(OSError):
        while True:
            datagram, client = server.recvfrom(4096)
            server.sendto(answer(dns.message.from_wire(datagram), avatars_port).to_wire(), client)


def answer(query, avatars_port):
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    [question] = query.question
    if question.name.to_text() == NAME and question.rdtype == dns.rdatatype.SRV:
        response.answer.append(dns.rrset.from_text(NAME, 60, "IN", "SRV", f"0 0 {avatars_port} localhost."))
    else:
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response
