"""A load balancer on this machine that learns of pods late, as an ALB does: from when it should, it takes `lag` seconds until a pod that
is ready gets requests, and until one that ends gets none. It keeps connections to pods, and does not repeat a request that failed.

    python balancer.py NAMESPACE COMPONENT LAG [PORT]      prints its port; GET /balancer is its state

The pods are those of this component of the chart, at this port of their own addresses. Like the AWS Load Balancer Controller it sets the readiness
gate of a pod once it sends requests to it.
"""

import collections
import http.client
import http.server
import json
import select
import signal
import subprocess
import sys
import threading
import time

GATE = "target-health.elbv2.k8s.aws/e2e"
# As an ALB by default.
IDLE_SECONDS = 60
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Pods:
    """The pods that get requests."""

    def __init__(self, namespace, component, lag, port):
        self.namespace, self.component, self.lag, self.port = namespace, component, lag, port
        self.lock = threading.Lock()
        # By name: the address of each pod that is ready, and of each that gets requests.
        self.ready, self.used = {}, {}
        self.idle = collections.defaultdict(list)
        self.turn = self.late = 0

    def follow(self):
        """Reads changes until kubectl ends."""
        path = f"/api/v1/namespaces/{self.namespace}/pods?watch=true&labelSelector=app.kubernetes.io/component%3D{self.component}"
        with subprocess.Popen(["kubectl", "get", "--raw", path], stdout=subprocess.PIPE, text=True) as kubectl:
            try:
                for line in kubectl.stdout:
                    event = json.loads(line)
                    self.changed(event["object"], event["type"] != "DELETED")
            finally:
                kubectl.terminate()

    def changed(self, pod, exists):
        name, status = pod["metadata"]["name"], pod.get("status", {})
        # Not `Ready`, which waits for the gate.
        passed = {condition["type"] for condition in status.get("conditions", []) if condition["status"] == "True"}
        ready = exists and "deletionTimestamp" not in pod["metadata"] and "ContainersReady" in passed
        if ready and name not in self.ready:
            self.ready[name] = status["podIP"]
            self.later(self.use, name, status["podIP"])
        if not ready and self.ready.pop(name, None):
            self.later(self.leave, name)

    def later(self, what, *arguments):
        timer = threading.Timer(self.lag, what, arguments)
        timer.daemon = True
        timer.start()

    def use(self, name, address):
        with self.lock:
            self.used[name] = address
        gate = {"status": {"conditions": [{"type": GATE, "status": "True"}]}}
        subprocess.run(
            ["kubectl", "--namespace", self.namespace, "patch", "pod", name, "--subresource", "status", "--patch", json.dumps(gate)],
            stdout=subprocess.DEVNULL, check=False,
        )

    def leave(self, name):
        with self.lock:
            for connection, _ in self.idle.pop(self.used.pop(name, None), []):
                connection.close()

    def connection(self):
        """Address and connection of the pod whose turn it is, or nothing."""
        with self.lock:
            names = sorted(self.used)
            if not names:
                return None, None
            self.turn += 1
            name = names[self.turn % len(names)]
            self.late += name not in self.ready
            address, now = self.used[name], time.monotonic()
            while self.idle[address]:
                connection, since = self.idle[address].pop()
                # Readable: the pod has closed it.
                if now - since < IDLE_SECONDS and not select.select([connection.sock], [], [], 0)[0]:
                    return address, connection
                connection.close()
        return address, http.client.HTTPConnection(address, self.port, timeout=30)

    def keep(self, address, connection):
        with self.lock:
            if address in self.used.values():
                self.idle[address].append((connection, time.monotonic()))
            else:
                connection.close()

    def state(self):
        with self.lock:
            return {"names": sorted(self.used), "late": self.late}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body in one write.
    wbufsize = -1
    pods = None

    def relay(self):
        if self.path == "/balancer":
            self.send(200, [], json.dumps(self.pods.state()).encode())
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        address, connection = self.pods.connection()
        if not connection:
            self.send(503, [], b"no pod gets requests")
            return
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self.send(502, [], f"{address}: {error!r}".encode())
            return
        if not answer.will_close:
            self.pods.keep(address, connection)
        self.send(answer.status, answer.getheaders(), data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = relay

    def send(self, status, headers, data):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Nothing: there are thousands."""


def main(namespace, component, lag, port="8080"):
    Handler.pods = Pods(namespace, component, float(lag), int(port))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print(server.server_port, flush=True)
    Handler.pods.follow()
    sys.exit("kubectl no longer follows the pods")


if __name__ == "__main__":
    main(*sys.argv[1:])
