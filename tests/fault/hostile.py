# SPDX-License-Identifier: MIT
"""A server that means harm. It speaks as the real one, whose words it passes on, until the client says something
that contains a trigger; the real answer to that is then put through a list of mutations and sent in its place."""
import select
import socket
import struct
import threading

NEVER = b"never"   # at the end of an answer: says nothing more, but stays
FLOOD = 256 << 20  # bytes of an endless answer, at most: far beyond what a client may keep


def message(letter, body=b""):
    return letter + struct.pack("!I", len(body) + 4) + body


def raw(letter, length, body=b""):
    """A message whose length says something else."""
    return letter + struct.pack("!I", length & 0xFFFFFFFF) + body


def endless(*messages):
    """The same over and over."""
    block = b"".join(messages) * max(1, (1 << 16) // sum(map(len, messages)))
    return lambda: (block for _ in range(FLOOD // len(block)))


class Server(threading.Thread):
    """Listens in a directory as a PostgreSQL does. `case` is what it does: an object with `trigger` (bytes; None:
    from the start of a connection on) and `answer(messages) -> iterable of bytes`."""

    def __init__(self, directory, real, case):
        super().__init__(daemon=True)
        self.real, self.case = real, case
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{directory}/.s.PGSQL.5432")
        self.listener.listen(16)
        self.closing = threading.Event()
        self.struck = False
        self.threads = []

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(client,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def stop(self):
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in list(self.threads):
            thread.join(5)

    def serve(self, client):
        try:
            with client:
                self.talk(client)
        except OSError:
            pass  # the client went away, as it should

    def talk(self, client):
        if self.case.trigger is None:
            client.recv(4096)
            self.struck = True
            return self.attack(client, [])
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self.real)
            self.relay(client, server)

    def relay(self, client, server):
        heard = answer = b""
        seen = 0
        while not self.closing.is_set():
            for sock in select.select([client, server], [], [], 0.2)[0]:
                data = sock.recv(65536)
                if not data:
                    return
                if sock is client:
                    heard = (heard + data)[-65536:]
                    if self.case.trigger in heard:
                        seen += 1
                        heard = b""
                    server.sendall(data)
                elif seen <= self.case.skip:
                    client.sendall(data)
                else:
                    answer += data
                    messages, complete = split(answer)
                    if complete:
                        self.struck = True
                        return self.attack(client, messages)

    def attack(self, client, messages):
        client.settimeout(5)
        for part in self.case.answer(messages):
            if part is NEVER:
                self.closing.wait(20)
                return
            client.sendall(part)
            if self.closing.is_set():
                return


def split(buffer):
    """(messages, whether the server now waits for the client)"""
    messages = []
    at = 0
    while at + 5 <= len(buffer):
        size = 1 + struct.unpack_from("!I", buffer, at + 1)[0]
        if at + size > len(buffer):
            break
        messages.append((buffer[at:at + 1], buffer[at + 5:at + size]))
        at += size
    return messages, at == len(buffer) and bool(messages) and messages[-1][0] in (b"Z", b"G")
