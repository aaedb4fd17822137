# Stands in for a daemon of Backend.AI: python -m standin_daemon NAME. A file NAME.way beside it says how it behaves.
import http.server
import json
import os
import pathlib
import signal
import sys
import time

ports = {
    "manager": {{port.manager}},
    "agent": {{port.agentRpc}},
    "storage-proxy": {{port.storageManager}},
    "webserver": {{port.webserver}},
}

name = sys.argv[1]
way = pathlib.Path(f"{name}.way")
way = way.read_text().strip() if way.exists() else "serve"
print(f"{name} starts", flush=True)

if way == "die":
    sys.exit("KeyError: 'getpwuid(): uid not found: 1001'")
if way == "never":
    time.sleep(600)

worker = None
if way == "worker":
    # like the real ones: a worker does everything, and its parent only waits to be told to end
    worker = os.fork()
    if worker != 0:
        signal.signal(signal.SIGTERM, lambda *_: (os.kill(worker, signal.SIGKILL), os._exit(0)))
        while True:
            time.sleep(600)
    worker = None
elif name == "agent":
    # like the real one's: in a session of its own, deaf to SIGTERM, alive when its parent is killed
    worker = os.fork()
    if worker == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(600)


def end(*_):
    print(f"{name} ends", flush=True)
    if worker is not None:
        os.kill(worker, signal.SIGKILL)
    os._exit(0)


signal.signal(signal.SIGTERM, end)


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(403 if name == "storage-proxy" else 200, {"name": name})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        agent = {
            "id": "i-standin",
            "status": "ALIVE",
            "addr": f"tcp://127.0.0.1:{ports['agent']}",
            "version": "1",
            "available_slots": '{"cpu": "2"}',
            "occupied_slots": '{"cpu": "1"}',
        }
        self.answer(200, {"data": {"agent_list": {"items": [agent]}}})

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


time.sleep(0.2)
http.server.ThreadingHTTPServer(("127.0.0.1", ports[name]), Answers).serve_forever()
