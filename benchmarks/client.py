"""A client that asks for one page again and again: ``python -m benchmarks.client``, as JSON.

A connection for each request, as gunicorn's workers hold none open; each of the threads asks as
soon as it is answered.
"""

import json
import socket
import subprocess
import sys
from threading import Thread
from time import perf_counter
from typing import NamedTuple


class Asked(NamedTuple):
    per_second: float
    p50: float  # milliseconds
    p99: float


def ask(address: tuple[str, int], path: str, *, key: str, seconds: float, clients: int) -> Asked:
    """From a process of its own; RuntimeError for an answer that is not 200."""
    orders = {
        "address": address,
        "request": f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {key}\r\n\r\n",
        "seconds": seconds,
        "clients": clients,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.client"],
        input=json.dumps(orders),
        check=True,
        capture_output=True,
        text=True,
    )
    answer = json.loads(done.stdout)
    if answer["refused"]:
        raise RuntimeError(f"{path}: {answer['refused']}")
    times = sorted(1000 * each for each in answer["times"])
    return Asked(
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
    orders = json.load(sys.stdin)
    address, request = tuple(orders["address"]), orders["request"].encode()
    times: list[float] = []
    refused: list[str] = []
    start = perf_counter()
    end = start + orders["seconds"]

    def go_on() -> None:
        while (begun := perf_counter()) < end:
            status = _one(address, request)
            times.append(perf_counter() - begun)
            if status != b"200":
                refused.append(status.decode())
                return

    threads = [Thread(target=go_on) for _ in range(orders["clients"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = perf_counter() - start
    print(json.dumps({"times": times, "seconds": taken, "refused": refused}))


if __name__ == "__main__":
    main()
