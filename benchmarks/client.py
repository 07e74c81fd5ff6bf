"""A client that asks for one page again and again: ``python -m benchmarks.client``, as JSON.

Each request has a connection of its own, since gunicorn's workers keep none open; each thread sends
its next request as soon as it has an answer.
"""

import json
import socket
import subprocess
import sys
from threading import Thread
from time import perf_counter
from typing import NamedTuple


class Answered(NamedTuple):
    per_second: float
    p50: float  # milliseconds
    p99: float


def ask(
    address: tuple[str, int], path: str, *, key: str, seconds: float, clients: int, etag: str = ""
) -> Answered:
    """Ask from a process of its own; raises RuntimeError for an answer that is not 200.

    With the ``etag`` of the answer, it has to be 304.
    """
    known = f"If-None-Match: {etag}\r\n" * bool(etag)
    order = {
        "address": address,
        "request": f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {key}\r\n{known}\r\n",
        "status": "304" if etag else "200",
        "seconds": seconds,
        "clients": clients,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.client"],
        input=json.dumps(order),
        check=True,
        capture_output=True,
        text=True,
    )
    answer = json.loads(done.stdout)
    if answer["refused"]:
        raise RuntimeError(f"{path}: {answer['refused']}")
    times = sorted(1000 * each for each in answer["times"])
    return Answered(
        len(times) / answer["seconds"],
        times[len(times) // 2],
        times[min(len(times) - 1, len(times) * 99 // 100)],
    )


def _one(address: tuple[str, int], request: bytes) -> bytes:
    with socket.create_connection(address) as connection:
        connection.sendall(request)
        answer = connection.recv(65536)
        status = answer[9:12]
        while answer:
            answer = connection.recv(1 << 20)
    return status


def main() -> None:
    order = json.load(sys.stdin)
    address, request = tuple(order["address"]), order["request"].encode()
    expected = order["status"].encode()
    times: list[float] = []
    refused: list[str] = []
    start = perf_counter()
    end = start + order["seconds"]

    def keep_asking() -> None:
        while (begun := perf_counter()) < end:
            status = _one(address, request)
            times.append(perf_counter() - begun)
            if status != expected:
                refused.append(status.decode())
                return

    threads = [Thread(target=keep_asking) for _ in range(order["clients"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = perf_counter() - start
    print(json.dumps({"times": times, "seconds": taken, "refused": refused}))


if __name__ == "__main__":
    main()
