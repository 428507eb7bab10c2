"""Hands an event in to voicedrive-relay, and tries again until the relay has it. Python 3.9, no packages.

    export RELAY_URL=http://127.0.0.1:8480 RELAY_TOKEN=...
    python3 hand_in.py employee.updated hr-2025-10-26-000123 '{"staffId":"EMP-2025-001"}'
"""

import json
import os
import random
import sys
import time
import urllib.error
import urllib.request

# The relay answers within milliseconds; a machine under load may take longer.
TIMEOUT_SECONDS = 10
FIRST_WAIT_SECONDS = 1
LONGEST_WAIT_SECONDS = 60


class Refused(Exception):
    """The relay will not take this event, however often it is asked."""


class NotYet(Exception):
    """The relay is away or busy."""

    def __init__(self, why, wait_seconds=0):
        super().__init__(why)
        self.wait_seconds = wait_seconds


def hand_in(event, data, idempotency_key, url, token, give_up_after_seconds=600):
    """Returns {"id", "requestId", "status", "duplicate"}.

    Make the key before the first try and keep it with the record that the event is about: whoever
    starts again after a crash hands in the same key, and the relay knows the event again.
    Raises Refused at once, and NotYet when the relay is still away at the end.
    """
    give_up_at = time.monotonic() + give_up_after_seconds
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            return post(event, data, idempotency_key, url, token)
        except NotYet as problem:
            # Somewhere between one and two waits: not everybody comes back at the same moment.
            pause = max(wait * random.uniform(1, 2), problem.wait_seconds)
            if time.monotonic() + pause > give_up_at:
                raise
            print(f"{problem}; again in {pause:.1f} s", file=sys.stderr, flush=True)
            time.sleep(pause)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


def post(event, data, idempotency_key, url, token):
    """One try."""
    request = urllib.request.Request(
        url + "/api/events",
        data=json.dumps({"event": event, "data": data}, ensure_ascii=False).encode("utf-8"),
        headers={
            "Authorization": "Bearer " + token,
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key,
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as answer:
        words = answer.read().decode("utf-8", "replace")
        if answer.code == 429 or answer.code >= 500:
            retry_after = answer.headers.get("Retry-After", "")
            seconds = int(retry_after) if retry_after.isdigit() else 0
            raise NotYet(f"HTTP {answer.code}", seconds) from answer
        raise Refused(f"HTTP {answer.code}: {words}") from answer
    except (OSError, ValueError) as error:
        # No connection, or one that ended early: perhaps the relay has the event. The key says.
        raise NotYet(str(error)) from error


if __name__ == "__main__":
    name, key, payload = sys.argv[1:4]
    answer = hand_in(name, json.loads(payload), key, os.environ["RELAY_URL"], os.environ["RELAY_TOKEN"])
    print(json.dumps(answer))
