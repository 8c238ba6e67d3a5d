# SPDX-License-Identifier: MIT
"""A proxy between a client and PostgreSQL that knows where messages begin and end, so that a connection can be
cut or stalled at a chosen byte: Proxy(target) listens on 127.0.0.1 and forwards to the socket `target`. Clients
ask for no encryption (sslmode and gssencmode `disable`).

A fault is a Fault(direction, kind, where, how):

direction  "up" is what the client says, "down" what the server says
kind       the message it waits for: "any", "commit" (the one that runs COMMIT), "committed" (the answer to it),
           "done" (the server is ready again after that) or a letter of the protocol
where      "before" its first byte, in the "header", in the "body", or "after" it was forwarded whole
how        "fin" or "rst": both sides are closed, orderly or with a reset; "stall": nothing is forwarded any
           more, either way; "client": only the client is cut off, the server hears nothing; "server": only the
           server is, the client hears nothing

It strikes the first connection on which it applies, once.
"""
import dataclasses
import selectors
import socket
import struct
import threading
import time

CHUNK = 1 << 16


@dataclasses.dataclass
class Fault:
    direction: str
    kind: str
    where: str
    how: str
    struck: threading.Event = dataclasses.field(default_factory=threading.Event, repr=False)
    struck_at: float = dataclasses.field(default=0, repr=False)  # of the monotonic clock


class Half:
    """One direction of a connection: what came in and is not forwarded yet."""

    def __init__(self, name):
        self.name = name
        self.data = bytearray()      # that came in: it goes on as whole messages, which can be cut anywhere
        self.out = bytearray()       # that goes on
        self.untyped = name == "up"  # the first message has no letter
        self.commits = set()     # names of prepared statements that are COMMIT
        self.bound = None
        self.committed = False

    def kind(self, letter, body):
        """What a whole message is called."""
        if self.name == "down":
            before, self.committed = self.committed, letter == b"C" and body.startswith(b"COMMIT")
            if self.committed:
                return "committed"
            return "done" if before and letter == b"Z" else letter.decode("latin-1")
        if letter == b"Q":
            return "commit" if body == b"COMMIT\0" else "Q"
        if letter == b"P":
            name, _, rest = bytes(body).partition(b"\0")
            (self.commits.add if rest.startswith(b"COMMIT\0") else self.commits.discard)(name)
        elif letter == b"B":
            _, _, rest = bytes(body).partition(b"\0")
            self.bound = rest.partition(b"\0")[0]
        elif letter == b"E" and self.bound in self.commits:
            return "commit"
        return letter.decode("latin-1")


class Link:
    """A connection: the client's socket and the server's."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.halves = {client: Half("up"), server: Half("down")}
        self.stalled = False

    def other(self, sock):
        return self.server if sock is self.client else self.client


class Proxy(threading.Thread):
    def __init__(self, target):
        super().__init__(daemon=True)
        self.target = target
        self.lock = threading.Lock()
        self.faults = []
        self.links = {}
        self.stalled = []
        self.messages = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.wake_read, self.wake_write = socket.socketpair()
        self.wake_read.setblocking(False)
        self.selector.register(self.wake_read, selectors.EVENT_READ)
        self.running = True

    # ---- what the controller says, from its own thread ----

    def inject(self, fault):
        with self.lock:
            self.faults.append(fault)
        return fault

    def withdraw(self, fault):
        with self.lock:
            if fault in self.faults:
                self.faults.remove(fault)

    def release(self):
        """Ends the connections that are stalled or half cut."""
        with self.lock:
            gone, self.stalled = self.stalled, []
        for sock in gone:
            sock.close()

    def retarget(self, target):
        self.target = target

    def stop(self):
        self.running = False
        self.wake_write.send(b"x")
        self.join()
        self.release()
        for sock in [self.listener, self.wake_read, self.wake_write, *self.links]:
            sock.close()

    # ---- the loop ----

    def run(self):
        while self.running:
            for key, events in self.selector.select():
                sock = key.fileobj
                if sock is self.listener:
                    self.accept()
                elif sock is self.wake_read:
                    sock.recv(64)
                elif sock in self.links:
                    link = self.links[sock]
                    if events & selectors.EVENT_WRITE:
                        self.write(link, sock)
                    if events & selectors.EVENT_READ and sock in self.links:
                        self.read(link, sock)

    def accept(self):
        client, _ = self.listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.target)
        except OSError:
            server.close()
            client.close()
            return
        link = Link(client, server)
        for sock in (client, server):
            sock.setblocking(False)
            self.links[sock] = link
            self.selector.register(sock, selectors.EVENT_READ)

    def forget(self, sock):
        if self.links.pop(sock, None):
            self.selector.unregister(sock)

    def end(self, link, reset=False):
        for sock in (link.client, link.server):
            self.forget(sock)
            if reset and sock.family == socket.AF_INET:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

    def write(self, link, sock):
        half = link.halves[link.other(sock)]
        try:
            sent = sock.send(half.out)
        except BlockingIOError:
            sent = 0
        except OSError:
            return self.end(link)
        del half.out[:sent]
        self.selector.modify(sock, selectors.EVENT_READ | (selectors.EVENT_WRITE if half.out else 0))

    def read(self, link, sock):
        half = link.halves[sock]
        try:
            data = sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            return self.end(link)
        if not data:
            other = link.other(sock)
            self.flush(link, other, half)
            return self.end(link) if other in self.links else None
        half.data += data
        fault, size = self.scan(half)
        half.out += half.data[:size]
        del half.data[:size]
        self.flush(link, link.other(sock), half)
        if fault and sock in self.links:
            self.strike(link, fault)

    def flush(self, link, sock, half):
        if half.out and sock in self.links:
            self.write(link, sock)

    def scan(self, half):
        """How much goes on now: (the fault that strikes behind it or None, number of bytes)."""
        at = 0
        while len(half.data) >= at + 5:
            head = 0 if half.untyped else 1
            size = head + struct.unpack_from("!I", half.data, at + head)[0]
            if len(half.data) < at + size:
                break
            if not half.untyped:  # the startup message is no target
                fault = self.match(half, at, size)
                if fault:
                    offsets = {"before": 0, "header": 3, "body": min(size, 5 + (size - 5) // 2), "after": size}
                    return fault, at + offsets[fault.where]
            half.untyped = False
            at += size
        return None, at

    def match(self, half, at, size):
        letter = bytes(half.data[at:at + 1])
        kind = half.kind(letter, half.data[at + 5:at + size])
        self.messages += 1
        with self.lock:
            for fault in self.faults:
                if fault.direction == half.name and fault.kind in ("any", kind, letter.decode("latin-1")):
                    self.faults.remove(fault)
                    return fault
        return None

    def strike(self, link, fault):
        if fault.how in ("fin", "rst"):
            self.end(link, fault.how == "rst")
        else:
            for sock in (link.client, link.server):
                self.forget(sock)
            held = {"stall": (link.client, link.server), "client": (link.server,), "server": (link.client,)}
            for sock in (link.client, link.server):
                if sock not in held[fault.how]:
                    sock.close()
            with self.lock:
                self.stalled += held[fault.how]
        fault.struck_at = time.monotonic()
        fault.struck.set()
