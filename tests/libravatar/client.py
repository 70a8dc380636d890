"""URLs that pyLibravatar makes of e-mails: `STATUS TYPE URL`, one per line. The argument is the port of a name server."""

import sys

import dns.resolver
from libravatar import libravatar_url

resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ["127.0.0.1"], int(sys.argv[1])
dns.resolver.default_resolver = resolver

print("200 image/jpeg", libravatar_url("ada@example.org"))
print("200 image/jpeg", libravatar_url(" ADA@Example.org ", size=300))
print("200 image/", libravatar_url("unknown@example.org", default="identicon", size=64))
print("404 application/problem+json", libravatar_url("unknown@example.org", default="404"))
