#!/usr/bin/env python3
"""Prints the tables of docs/costs.md: python3 docs/costs.py

List prices of us-east-1 in US dollars without free tiers, as AWS published them in November 2026 or before; other regions of Europe and
America differ by up to a fifth.
"""

HOURS, SECONDS = 730, 730 * 3600

# Dollars for one of each.
PRICE = {
    "RRU": 0.125e-6, "WRU": 0.625e-6, "table GB": 0.25, "PITR GB": 0.20,
    "S3 GB": 0.023, "S3 PUT": 5e-6, "S3 GET": 0.4e-6,
    "Lambda GB-s": 13.3334e-6, "Lambda request": 0.2e-6, "HTTP API request": 1e-6, "SQS request": 0.4e-6,
    "log GB": 0.50, "out GB": 0.09, "alarm": 0.10, "key": 1.0,
    "EKS h": 0.10, "NAT h": 0.045, "address h": 0.005, "endpoint h": 0.01, "disk GB": 0.08, "load balancer h": 0.0225,
    "m7g.large h": 0.0816, "t4g.large spot h": 0.027,
}

# Of a thousand requests: pictures of 2 kB by /avatar/{hash}, users by id, uploads of 0.5 MB.
PICTURES, USERS, UPLOADS = 0.90, 0.09, 0.01

# What each uses, by function: memory in GB times seconds, and calls. Durations are assumptions, not measured on AWS.
FUNCTIONS = {
    "picture": {"Lambda GB-s": 1 * 0.015, "Lambda request": 1, "HTTP API request": 1, "RRU": 1, "S3 GET": 1, "out GB": 2e-6, "log GB": 1e-6},
    "user": {"Lambda GB-s": 1 * 0.008, "Lambda request": 1, "HTTP API request": 1, "RRU": 1, "out GB": 1e-6, "log GB": 1e-6},
    # create-user, then process-avatar: the item and its index; the image, six renditions; the event sent, received, deleted.
    "upload": {"Lambda GB-s": 1 * 0.15 + 1 * 0.25, "Lambda request": 2, "HTTP API request": 1, "RRU": 3, "WRU": 2, "S3 PUT": 7, "S3 GET": 1,
               "SQS request": 3, "log GB": 2e-6},
}
# Announced to create-user, put by the client, read, claimed; then as any upload.
DIRECT = {"Lambda GB-s": 1 * 0.02, "Lambda request": 1, "HTTP API request": 1, "RRU": 1, "S3 PUT": 3, "S3 GET": 2, "log GB": 1e-6}
FUNCTIONS["direct upload"] = {what: FUNCTIONS["upload"].get(what, 0) + DIRECT.get(what, 0) for what in FUNCTIONS["upload"] | DIRECT}
# Pods use the same stores; cores for a request a second, from docs/performance.md with a margin of two.
CORES = {"picture": 1 / 2000, "user": 1 / 3000, "upload": 0.1}
BUSY = 0.6  # of a node's cores
COMPUTE = {"Lambda GB-s", "Lambda request", "HTTP API request"}

REST = {
    "dev": {"alarm": 17, "EKS h": HOURS, "NAT h": HOURS, "address h": HOURS, "t4g.large spot h": 3 * HOURS, "disk GB": 150, "key": 2, "load balancer h": HOURS, "log GB": 5},
    "stage": {"alarm": 17, "EKS h": HOURS, "NAT h": 3 * HOURS, "address h": 3 * HOURS, "m7g.large h": 3 * HOURS, "disk GB": 150, "key": 3, "load balancer h": HOURS, "log GB": 10},
    "prod": {"alarm": 17, "EKS h": HOURS, "NAT h": 3 * HOURS, "address h": 3 * HOURS, "m7g.large h": 6 * HOURS, "disk GB": 300, "key": 3,
             "endpoint h": 15 * HOURS, "load balancer h": HOURS, "log GB": 20},
}
SERVERLESS = {"alarm", "key"}


def dollars(used):
    return sum(PRICE[what] * amount for what, amount in used.items())


def month(rate, pods):
    """Dollars a month of that many requests a second, and how many nodes pods need."""
    total = cores = 0
    for kind, share in (("picture", PICTURES), ("user", USERS), ("upload", UPLOADS)):
        used = {what: amount for what, amount in FUNCTIONS[kind].items() if not pods or what not in COMPUTE}
        total += rate * share * SECONDS * dollars(used)
        cores += rate * share * CORES[kind]
    nodes = -(-cores // (2 * BUSY)) if pods else 0
    return total + max(0, nodes - 6) * PRICE["m7g.large h"] * HOURS, int(nodes)


print("| environment | at rest, functions alone | at rest, with the cluster |\n|---|---|---|")
for name, used in REST.items():
    alone = dollars({what: amount for what, amount in used.items() if what in SERVERLESS})
    print(f"| {name} | {alone:,.0f} $ | {dollars(used):,.0f} $ |")
print("\n| requests/s | functions | pods (beside the cluster at rest) | nodes |\n|---|---|---|---|")
for rate in (1, 100, 10_000):
    functions, (pods, nodes) = month(rate, False)[0], month(rate, True)
    print(f"| {rate:,} | {functions:,.0f} $ | {pods:,.0f} $ | {max(6, nodes)} |")
print("\n| a million of | functions | pods |\n|---|---|---|")
for kind in FUNCTIONS:
    without = {what: amount for what, amount in FUNCTIONS[kind].items() if what not in COMPUTE}
    print(f"| {kind}s | {1e6 * dollars(FUNCTIONS[kind]):,.2f} $ | {1e6 * dollars(without):,.2f} $ |")
users = 1e9
stored = {"table GB": users * 750e-9, "PITR GB": users * 750e-9, "S3 GB": users * 160e-6}
print("\n| kept for 10⁹ users, a month | |\n|---|---|")
for what, amount in stored.items():
    print(f"| {what}: {amount:,.0f} | {PRICE[what] * amount:,.0f} $ |")
