"""The verifier of examples/clients/python against the vectors: all of them, and none that was altered.

    python3 verify_vectors.py EXAMPLE_FOLDER SIGNATURES.json
"""

import json
import re
import sys

sys.path.insert(0, sys.argv[1])
from verify import PROFILES, verify  # noqa: E402  (the folder is an argument)

with open(sys.argv[2], encoding="utf-8") as file:
    cases = json.load(file)["cases"]

for case in cases:
    profile = PROFILES[case["profile"]]
    signature, timestamp, _, signed = profile
    body, now = case["body"].encode(), case["attempt_at_unix_ms"] / 1000
    headers = {
        signature: case["signature_header"],
        timestamp: case["timestamp_header"],
        "webhook-id": case["request_id"],
    }

    def accepts(secret=case["secret"], headers=headers, body=body, now=now):
        return verify(profile, secret, headers, body, now)

    def altered(name, value):
        return {**headers, name: value}

    other = case["signature_header"][:-2] + ("A=" if case["signature_header"].endswith("=") else "xx")
    assert accepts(), case["profile"]
    assert accepts(headers={name.lower(): value for name, value in headers.items()}), case["profile"]
    assert not accepts(secret=case["secret"] + "x" * 4), case["profile"]
    assert not accepts(body=body + b" "), case["profile"]
    assert not accepts(body=body.replace(b'"', b"'", 1)), case["profile"]
    assert not accepts(headers=altered(signature, other)), case["profile"]
    assert not accepts(headers=altered(signature, "")), case["profile"]
    assert not accepts(headers=altered(timestamp, "soon")), case["profile"]
    assert not accepts(headers={}), case["profile"]
    assert not accepts(now=now + 301) and not accepts(now=now - 302), case["profile"]
    if "{timestamp}" in signed:
        later = re.sub(r"\d(?=Z?$)", lambda d: str((int(d[0]) + 1) % 10), case["timestamp_header"])
        assert not accepts(headers=altered(timestamp, later)), case["profile"]
    if "{id}" in signed:
        assert not accepts(headers=altered("webhook-id", "x")), case["profile"]
        two = "v1,AAAA " + case["signature_header"]
        assert accepts(headers=altered(signature, two)), case["profile"]
assert len(cases) >= 14
print(f"python: {len(cases)} vectors")
