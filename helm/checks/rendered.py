"""Checks invariants of every manifest that the chart renders: `rendered.py FILE...`."""

import ipaddress
import itertools
import pathlib
import re
import sys
import urllib.parse

import yaml

READ = {"get", "list", "watch"}
# For other subresources even `get` may run a command or open a connection.
READABLE = {"pods/log", "deployments/scale"}
# Writes that give no access to Secrets or service accounts. docs/decisions/0021-roles.md has the proof of each.
WRITES = {
    "pods": {"delete"}, "pods/eviction": {"create"}, "pods/portforward": {"get", "create"},
    "deployments/scale": {"update", "patch"}, "horizontalpodautoscalers": {"update", "patch"},
}
METADATA = [ipaddress.ip_address(it) for it in ("169.254.169.254", "169.254.170.2", "168.63.129.16", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254")]
# The part whose pod calls the API server, and the only container that gets the token.
CREDENTIALS, STORES = "postgres-credentials", "store"
# The chart's own containers, besides those of values.
OWN = {"api", "worker", "sweep", "test"}
# What Pod Security's `restricted` allows.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"}
SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
API_SERVER = "https://kubernetes.default.svc"
ALB = "alb.ingress.kubernetes.io"
# Pod Identity's agent serves credentials of the pod's own role, if used.
AGENT = [ipaddress.ip_network(it) for it in ("169.254.170.23/32", "fd00:ec2::23/128")]


def role(manifest):
    """Reads except Secrets, and the writes above. The job that creates credentials can create a Secret, and neither read nor change one."""
    if manifest["metadata"]["labels"].get("app.kubernetes.io/component") == CREDENTIALS:
        if manifest["rules"] != [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}]:
            yield f"rules {manifest['rules']}"
        return
    for rule in manifest["rules"]:
        for resource, verb in itertools.product(rule["resources"], rule["verbs"]):
            read = READ if "/" not in resource or resource in READABLE else set()
            if resource in ("secrets", "*") or verb not in read | WRITES.get(resource, set()):
                yield f"{verb} {resource}"


def role_binding(manifest):
    """A role of a pod is for its own account alone."""
    accounts = [subject["name"] for subject in manifest["subjects"] if subject["kind"] == "ServiceAccount"]
    if accounts and accounts != [manifest["roleRef"]["name"]]:
        yield f"binds {manifest['roleRef']['name']} to {accounts}"


def reaches(block, address):
    return address in ipaddress.ip_network(block["cidr"]) and not any(address in ipaddress.ip_network(it) for it in block.get("except", []))


def network_policy(manifest):
    """No egress to all addresses, to all ports, or to a metadata service."""
    for rule in manifest["spec"].get("egress", []):
        if not rule.get("to"):
            yield f"egress to every address: {rule}"
        if not rule.get("ports"):
            yield f"egress to every port: {rule}"
        for block in (peer["ipBlock"] for peer in rule.get("to", []) if "ipBlock" in peer):
            if ipaddress.ip_network(block["cidr"]) in AGENT:
                continue
            yield from (f"egress to {address} by {block}" for address in METADATA if reaches(block, address))
    for rule in manifest["spec"].get("ingress", []):
        if not rule.get("from"):
            yield f"ingress from every address: {rule}"


def confined(context):
    """The profiles of a security context that `restricted` allows."""
    linux = context.get("seLinuxOptions") or {}
    if "Unconfined" in (context.get(kind, {}).get("type") for kind in ("appArmorProfile", "seccompProfile")):
        yield "is unconfined"
    if linux.get("user") or linux.get("role") or linux.get("type", "") not in SELINUX or context.get("windowsOptions"):
        yield "has options of SELinux or Windows"


def pod(template):
    """Pod Security's `restricted`, and no token for the API server, whatever is set."""
    spec = template["spec"]
    context = spec["securityContext"]
    if any(key.startswith("container.apparmor.security.beta.kubernetes.io/") for key in template["metadata"].get("annotations", {})):
        yield "has an annotation of AppArmor"
    yield from confined(context)
    if not all(isinstance(context.get(field, 1), int) for field in ("runAsUser", "runAsGroup", "fsGroup")):
        yield f"has a user or a group that is not a number: {context}"
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield "may run as root"
    if context["seccompProfile"]["type"] not in ("RuntimeDefault", "Localhost"):
        yield "has no seccomp profile"
    if spec.get("automountServiceAccountToken") is not False or any(spec.get(it) for it in ("hostNetwork", "hostPID", "hostIPC")):
        yield "has a token for the API server, or a namespace of the host"
    sources = [source for volume in spec.get("volumes", []) for source in volume.get("projected", {}).get("sources", [])]
    tokens = [source["serviceAccountToken"] for source in sources if "serviceAccountToken" in source]
    part = template["metadata"]["labels"].get("app.kubernetes.io/component", "")
    holders = [container["name"] for container in spec.get("initContainers", []) + spec["containers"] if any(mount["name"] == "token" for mount in container.get("volumeMounts", []))]
    if any(token.get("audience", API_SERVER).startswith(API_SERVER) for token in tokens) and not (part == CREDENTIALS and holders == [STORES]):
        yield "has a token for the API server in a volume"
    volumes = {kind for volume in spec.get("volumes", []) for kind in volume if kind != "name"}
    if not volumes <= VOLUMES:
        yield f"volumes {volumes - VOLUMES}"
    names_of_volumes = {volume["name"] for volume in spec.get("volumes", [])}
    for container in spec.get("initContainers", []) + spec["containers"]:
        own = container["securityContext"]
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged") or own.get("runAsNonRoot", True) is not True or own.get("runAsUser") == 0:
            yield f"container {container['name']} has privileges"
        if "ALL" not in own["capabilities"]["drop"] or set(own["capabilities"].get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"container {container['name']} has capabilities"
        named = {volume["name"] for volume in spec.get("volumes", [])}
        if missing := {mount["name"] for mount in container.get("volumeMounts", [])} - named:
            yield f"container {container['name']} mounts {missing}, which the pod does not have"
        if any(port.get("hostPort") for port in container.get("ports", [])):
            yield f"container {container['name']} has a port of the host"
        if (container["name"] in OWN or part.startswith("postgres")) and own.get("readOnlyRootFilesystem") is not True:
            yield f"container {container['name']} may write to its file system"
        yield from (f"container {container['name']} {what}" for what in confined(own))
        missing = {mount["name"] for mount in container.get("volumeMounts", [])} - names_of_volumes
        if missing:
            yield f"container {container['name']} mounts volumes that the pod does not have: {missing}"
        names = [variable["name"] for variable in container.get("env", [])]
        if len(names) > len(set(names)):
            yield f"container {container['name']} has a variable twice: {names}"
    ports = [port.get("name") for container in spec["containers"] for port in container.get("ports", [])]
    if any(ports.count(name) > 1 for name in ("http", "management")):
        yield f"further containers have ports that network policies open: {ports}"


def deployment(manifest):
    """Its pods are restricted, and selected by their labels."""
    template = manifest["spec"]["template"]
    yield from pod(template)
    if not manifest["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items():
        yield "its selector does not select its pods"
    for constraint in template["spec"].get("topologySpreadConstraints", []):
        if constraint.get("nodeTaintsPolicy") != "Honor":
            yield f"would count the tainted nodes of a lost zone: {constraint['topologyKey']}"


def stateful_set(manifest):
    """The database ends its connections when its pod ends, also with an image whose STOPSIGNAL has it wait for its clients."""
    yield from deployment(manifest)
    for container in manifest["spec"]["template"]["spec"]["containers"]:
        if container["name"] == "postgres":
            data = container["command"][container["command"].index("-D") + 1]
            command = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
            if command != ["pg_ctl", "stop", "--pgdata", data, "--mode", "fast", "--no-wait"]:
                yield f"before it ends it runs {command}"


def cron_job(manifest):
    """An unattended sweep never overrides its own refusal, and nothing restores a backup by itself."""
    template = manifest["spec"]["jobTemplate"]["spec"]["template"]
    yield from pod(template)
    for container in template["spec"]["containers"]:
        if container["name"] == "restore" and manifest["spec"].get("suspend") is not True:
            yield "restores by itself"
        if container["name"] in ("backup", "restore"):
            # Several releases may share a claim.
            release = {variable["name"]: variable.get("value") for variable in container["env"]}.get("RELEASE")
            if f"{release}-postgres-{container['name']}" != f"{manifest['metadata']['namespace']}.{manifest['metadata']['name']}":
                yield f"its backups have the name {release}"
        if container["name"] == "sweep" and container["args"] not in (["sweep", "--json"], ["sweep", "--json", "--dry-run"]):
            yield f"args {container['args']}"


def job(manifest):
    yield from pod(manifest["spec"]["template"])


def claim(manifest):
    """Users and images outlive the release."""
    if manifest["metadata"]["annotations"].get("helm.sh/resource-policy") != "keep":
        yield "is removed with the release"


def repeated(manifests):
    """No Secret: what is random would be another one each time that Argo CD renders the chart."""
    yield from (f"a Secret: {manifest['metadata']['name']}" for manifest in manifests if manifest["kind"] == "Secret")


def closed(manifests):
    """The database of the chart's own is reached only by the parts that use it, and no policy opens it to others."""
    policies = [manifest for manifest in manifests if manifest["kind"] == "NetworkPolicy"]
    for manifest in manifests:
        if manifest["kind"] != "StatefulSet" or not policies:
            continue
        labels = manifest["spec"]["template"]["metadata"]["labels"]
        selecting = [policy["spec"] for policy in policies if policy["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()]
        rules = [rule for spec in selecting for rule in spec.get("ingress", [])]
        parts = {peer.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/component", peer) if "podSelector" in peer else str(peer) for rule in rules for peer in rule["from"]}
        if not parts <= {"api", "worker", "operator", "postgres-backup"} or not {"api", "worker"} <= parts:
            yield f"the database is reached by {parts}"
        egress = [rule for spec in selecting if "matchExpressions" not in spec["podSelector"] for rule in spec.get("egress", [])]
        if egress or not any("Egress" in spec["policyTypes"] for spec in selecting):
            yield f"the database reaches {egress}"


def autoscaled(manifests):
    """Every container of an autoscaled deployment requests CPU, of which the target is a percentage."""
    names = {manifest["spec"]["scaleTargetRef"]["name"] for manifest in manifests if manifest["kind"] == "HorizontalPodAutoscaler"}
    for manifest in manifests:
        if manifest["kind"] == "Deployment" and manifest["metadata"]["name"] in names:
            for container in manifest["spec"]["template"]["spec"]["containers"]:
                if not container["resources"].get("requests", {}).get("cpu"):
                    yield f"{manifest['metadata']['name']} is autoscaled, and container {container['name']} requests no CPU"


def proxied(manifests):
    """Where a proxy is set, credentials are fetched without it."""
    settings = [manifest["data"] for manifest in manifests if manifest["kind"] == "ConfigMap" and "ROSTER_STORAGE" in manifest["data"]]
    containers = [container for manifest in manifests if manifest["kind"] == "Deployment" for container in manifest["spec"]["template"]["spec"]["containers"]]
    variables = {variable["name"] for container in containers for variable in container.get("env", [])}
    for data in settings:
        if "HTTPS_PROXY" in variables | set(data) and "169.254.0.0/16" not in data.get("NO_PROXY", "").split(","):
            yield f"credentials are fetched by a proxy: NO_PROXY is {data.get('NO_PROXY')}"


def behind_alb(manifests):
    """Behind an ALB a pod serves on until it gets no requests any more, and a new one is not counted before it gets some."""
    ingresses = [manifest["metadata"].get("annotations") or {} for manifest in manifests if manifest["kind"] == "Ingress"]
    delays = [annotations[f"{ALB}/target-group-attributes"] for annotations in ingresses if f"{ALB}/target-type" in annotations]
    for manifest in manifests if delays else []:
        part = manifest["metadata"].get("labels", {}).get("app.kubernetes.io/component")
        if manifest["kind"] != "Deployment" or part not in ("api", "cache"):
            continue
        spec = manifest["spec"]["template"]["spec"]
        if part == "api":
            [drain] = [variable["value"] for variable in spec["containers"][0]["env"] if variable["name"] == "ROSTER_DRAIN"]
            delay = int(re.search(r"deregistration_delay\.timeout_seconds=(\d+)", delays[0])[1])
            if not int(drain.removesuffix("s")) < delay < spec["terminationGracePeriodSeconds"]:
                yield f"an ALB keeps requests of {manifest['metadata']['name']} for {delay} s, which is not between its drain and its end"
            continue
        seconds = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
        if seconds < 30 or spec["terminationGracePeriodSeconds"] < seconds + 20 or manifest["spec"].get("minReadySeconds", 0) < 30:
            yield f"{manifest['metadata']['name']} ends or begins while an ALB sends it requests"


def reached_by_ipv6(manifests):
    """Where a Service has an IPv6 address, everything listens on IPv6, reaches it as it reaches IPv4, and has its addresses in brackets."""
    services = [manifest["spec"] for manifest in manifests if manifest["kind"] == "Service"]
    if not any("IPv6" in spec.get("ipFamilies", []) or spec.get("ipFamilyPolicy", "").endswith("DualStack") for spec in services):
        return
    for data in (manifest["data"] for manifest in manifests if manifest["kind"] == "ConfigMap"):
        if "ROSTER_LOG" in data and (data.get("ROSTER_LISTEN"), data.get("ROSTER_MANAGEMENT_LISTEN")) != ("[::]:8080", "[::]:8081"):
            yield f"Roster listens on {data.get('ROSTER_LISTEN')} and {data.get('ROSTER_MANAGEMENT_LISTEN')}"
        if "listen_addresses = '*'\n" not in data.get("postgresql.conf", "listen_addresses = '*'\n"):
            yield "the database does not listen on all addresses"
        hosts = {name: urllib.parse.urlsplit(value).netloc for name, value in data.items() if "://" in value}
        yield from (f"{name} has an address without brackets: {host}" for name, host in hosts.items() if host.count(":") > 1 and "]" not in host)
    for manifest in manifests:
        for container in (container for template in templates(manifest) for container in template["spec"]["containers"]):
            words = container.get("command", []) + container.get("args", [])
            # Varnish's, as NAME=HOST:PORT, and its exporter's.
            addresses = [after.split("=")[-1] for word, after in itertools.pairwise(words) if word in ("-a", "-web.listen-address")]
            yield from (f"{container['name']} listens on {address}" for address in addresses if not address.startswith(":"))
        for rule in manifest["spec"].get("egress", []) if manifest["kind"] == "NetworkPolicy" else []:
            ranges = {peer["ipBlock"]["cidr"] for peer in rule.get("to", []) if "ipBlock" in peer}
            if "0.0.0.0/0" in ranges and "::/0" not in ranges:
                yield f"{manifest['metadata']['name']} allows IPv4 alone: {rule['ports']}"


def templates(manifest):
    """Its template of pods, or itself."""
    if manifest["kind"] == "Pod":
        return [manifest]
    spec = manifest.get("spec") or {}
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    return [spec["template"]] if manifest["kind"] in RULES and "template" in spec else []


def chosen_by_the_cluster(file, manifests):
    """On OpenShift no pod sets a user or a group: the constraint takes them from the range of the namespace, and refuses others."""
    if not pathlib.Path(file).name.startswith("openshift"):
        return
    for manifest in manifests:
        for spec in (template["spec"] for template in templates(manifest)):
            contexts = [spec["securityContext"], *(container["securityContext"] for container in spec.get("initContainers", []) + spec["containers"])]
            if set_here := {field for context in contexts for field in ("runAsUser", "runAsGroup", "fsGroup") if field in context}:
                yield f"{manifest['kind']} {manifest['metadata']['name']} sets {sorted(set_here)}"


class Unique(yaml.SafeLoader):
    """Refuses a key that a map has twice: Helm takes the last one, others refuse the manifest."""


def unique(loader, node):
    keys = [key.value for key, _ in node.value]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise yaml.constructor.ConstructorError(None, None, f"twice: {', '.join(sorted(twice))}", node.start_mark)
    return loader.construct_mapping(node, deep=True)


Unique.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, unique)

RULES = {"Role": role, "RoleBinding": role_binding, "NetworkPolicy": network_policy, "CronJob": cron_job, "Deployment": deployment, "StatefulSet": stateful_set, "Job": job,
         "PersistentVolumeClaim": claim, "Pod": pod}
looked = dict.fromkeys(RULES, 0)
wrong = []
for file in sys.argv[1:]:
    manifests = list(filter(None, yaml.load_all(open(file), Unique)))
    wrong += [f"{file}: {what}" for what in (*autoscaled(manifests), *proxied(manifests), *behind_alb(manifests), *repeated(manifests), *closed(manifests), *reached_by_ipv6(manifests), *chosen_by_the_cluster(file, manifests))]
    for manifest in manifests:
        if kind := RULES.get(manifest["kind"]):
            looked[manifest["kind"]] += 1
            wrong += [f"{file}: {manifest['kind']} {manifest['metadata']['name']}: {what}" for what in kind(manifest)]
if wrong or not all(looked.values()):
    sys.exit("\n".join(wrong) or f"nothing to check: {looked}")
print(", ".join(f"{count} {kind}" for kind, count in looked.items()) + " as expected")
