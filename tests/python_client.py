"""A client of the Hubbub protocol in Python, written from docs/protocol.md and nothing else.

    python3 tests/python_client.py ws://127.0.0.1:8080/ws

plays every scene below against that server and prints the name of each one that went well.
"""

import asyncio
import json
import random
import sys
import uuid
from urllib.parse import quote

import websockets

DEADLINE_S = 10


class Room:
    """Where this client stands in one room, and what it has handed on."""

    def __init__(self):
        self.epoch = None
        self.offset = 0
        self.joining = False
        self.received = []
        self.lost = False

    def position(self):
        return {"epoch": self.epoch, "offset": self.offset}

    def joined(self, answer):
        if self.epoch is not None and (
            answer["epoch"] != self.epoch or answer.get("recovered") is False
        ):
            self.lost = True
        seen = self.offset if answer["epoch"] == self.epoch else 0
        self.received += [one for one in answer.get("messages", []) if one["offset"] > seen]
        self.epoch, self.offset, self.joining = answer["epoch"], answer["offset"], False

    def message(self, message):
        """Takes a live message; answers False when something before it is missing."""
        if self.joining or message["offset"] <= self.offset:
            return True
        if message.get("prev", message["offset"] - 1) != self.offset:
            return False
        self.offset = message["offset"]
        self.received.append(message)
        return True

    def texts(self):
        return [message["text"] for message in self.received]


class Client:
    """One user: keeps its identity, its rooms and its unacknowledged messages over connections."""

    def __init__(self, url, name, subprotocol="hubbub.v1.json"):
        self.url, self.name, self.subprotocol = url, name, subprotocol
        self.session = None
        self.welcome = None
        self.rooms = {}
        self.unacknowledged = {}
        self.acks = {}
        self.errors = []
        self.pongs = 0
        self.changed = asyncio.Event()

    async def connect(self):
        query = f"token={self.session}" if self.session else f"name={quote(self.name)}"
        self.socket = await websockets.connect(
            f"{self.url}?{query}", subprotocols=[self.subprotocol], open_timeout=DEADLINE_S
        )
        assert self.socket.subprotocol == self.subprotocol
        self.welcome = None
        self.reader = asyncio.create_task(self._read())
        await self.until(lambda: self.welcome)
        for name, room in self.rooms.items():
            room.joining = True
            await self.send({"type": "join", "room": name, "since": room.position()})
        if self.rooms:
            await self.until(lambda: not any(room.joining for room in self.rooms.values()))
        for message in list(self.unacknowledged.values()):
            await self.send(message)

    async def cut(self):
        """Ends the connection as a broken network would: no Close frame, no farewell."""
        self.socket.transport.abort()
        await self.reader

    async def close(self):
        await self.socket.close()
        await self.reader

    async def send(self, *messages):
        """Sends messages as one frame: several of them only with ndjson."""
        await self.socket.send("\n".join(json.dumps(message) for message in messages))

    async def join(self, name):
        room = self.rooms[name] = Room()
        room.joining = True
        await self.send({"type": "join", "room": name})
        await self.until(lambda: not room.joining)
        return room

    def publication(self, room, text):
        message = {"type": "message", "room": room, "text": text, "id": str(uuid.uuid4())}
        self.unacknowledged[message["id"]] = message
        return message

    async def publish(self, room, *texts):
        """Publishes in one frame and waits for every ack."""
        messages = [self.publication(room, text) for text in texts]
        await self.send(*messages)
        await self.until(lambda: all(message["id"] in self.acks for message in messages))
        return messages

    async def until(self, condition):
        async def wait():
            while not condition():
                self.changed.clear()
                await self.changed.wait()

        await asyncio.wait_for(wait(), DEADLINE_S)

    async def _read(self):
        try:
            async for frame in self.socket:
                for line in frame.split("\n"):
                    await self._take(json.loads(line))
                self.changed.set()
        except websockets.ConnectionClosedError:
            pass

    async def _take(self, message):
        kind = message["type"]
        if kind == "welcome":
            self.welcome, self.session = message, message["session"]
        elif kind == "joined":
            self.rooms[message["room"]].joined(message)
        elif kind == "message":
            room = self.rooms[message["room"]]
            if not room.message(message):
                room.joining = True
                since = room.position()
                await self.send({"type": "join", "room": message["room"], "since": since})
        elif kind == "ack":
            self.unacknowledged.pop(message["id"], None)
            self.acks[message["id"]] = message
        elif kind == "error":
            self.errors.append(message)
        elif kind == "pong":
            self.pongs += 1


def new_room():
    return f"scene {random.randrange(10**9)}"


async def two_clients_chat(url):
    name = new_room()
    ada, ben = Client(url, "Ada"), Client(url, "Bén")
    await ada.connect()
    await ben.connect()
    hers, his = await ada.join(name), await ben.join(name)
    await ada.publish(name, "Is the kettle on?")
    await ben.publish(name, "It is. ☕")
    for room in (hers, his):
        await (ada if room is hers else ben).until(lambda: len(room.received) == 2)
        assert room.texts() == ["Is the kettle on?", "It is. ☕"]
        assert [message["from"] for message in room.received] == ["Ada", "Bén"]
        assert not room.lost
    assert hers.received == his.received
    await ada.close()
    await ben.close()


async def recovery_after_a_cut(url):
    name = new_room()
    ada, ben = Client(url, "Ada"), Client(url, "Ben")
    await ada.connect()
    await ben.connect()
    hers = await ada.join(name)
    await ben.join(name)
    await ben.publish(name, "one")
    await ada.until(lambda: hers.texts() == ["one"])
    before = ada.welcome["user_id"]
    await ada.cut()
    for text in ("two", "three"):
        await ben.publish(name, text)
    await ada.connect()
    assert ada.welcome["user_id"] == before
    assert hers.texts() == ["one", "two", "three"] and not hers.lost
    await ben.publish(name, "four")
    await ada.until(lambda: hers.texts() == ["one", "two", "three", "four"])
    await ada.close()
    await ben.close()


async def sending_again_is_harmless(url):
    name = new_room()
    ada, ben = Client(url, "Ada"), Client(url, "Ben")
    await ada.connect()
    await ben.connect()
    await ada.join(name)
    his = await ben.join(name)
    message = ada.publication(name, "only once")
    await ada.send(message)
    await ben.until(lambda: his.texts() == ["only once"])
    # The ack is lost with the connection, as far as this client can tell.
    await ada.cut()
    ada.acks.clear()
    ada.unacknowledged[message["id"]] = message
    await ada.connect()
    await ada.until(lambda: message["id"] in ada.acks)
    assert ada.acks[message["id"]]["duplicate"] is True
    assert ada.acks[message["id"]]["offset"] == his.received[0]["offset"]
    await ada.publish(name, "and then this")
    await ben.until(lambda: len(his.received) == 2)
    assert his.texts() == ["only once", "and then this"]
    await ada.close()
    await ben.close()


async def batches_with_ndjson(url):
    name = new_room()
    ada = Client(url, "Ada", "hubbub.v1.ndjson")
    ben = Client(url, "Ben")
    await ada.connect()
    await ben.connect()
    hers, his = await ada.join(name), await ben.join(name)
    texts = [f"{number} of 5" for number in range(1, 6)]
    messages = await ada.publish(name, *texts)
    offsets = [ada.acks[message["id"]]["offset"] for message in messages]
    assert offsets == sorted(offsets)
    await ada.until(lambda: len(hers.received) == 5)
    await ben.until(lambda: len(his.received) == 5)
    assert hers.texts() == his.texts() == texts
    await ada.close()
    await ben.close()


async def errors_and_pings(url):
    ada = Client(url, "Ada")
    await ada.connect()
    await ada.send({"type": "message", "room": "never joined", "text": "?", "id": "m1"})
    await ada.until(lambda: ada.errors)
    assert ada.errors[0]["code"] == "not_joined" and ada.errors[0]["id"] == "m1"
    await ada.send({"type": "ping"})
    await ada.until(lambda: ada.pongs == 1)
    await (await ada.socket.ping())
    await ada.close()


async def main(url):
    scenes = [
        two_clients_chat,
        recovery_after_a_cut,
        sending_again_is_harmless,
        batches_with_ndjson,
        errors_and_pings,
    ]
    for scene in scenes:
        await scene(url)
        print(scene.__name__, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
