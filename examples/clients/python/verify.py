"""Verifies the signature of a webhook of voicedrive-relay. Python 3.9, no packages.

    verify(PROFILES["medical-system"], secret, headers, raw_body)

Hand in the bytes of the body as they arrived, before anything parses them.
"""

import base64
import hashlib
import hmac
import time
from datetime import datetime

# A webhook may be this old, and its sender's clock this far ahead.
TOLERANCE_SECONDS = 300

# profile: signature header, timestamp header, how the time is written, what is signed
PROFILES = {
    "medical-system": ("X-Medical-System-Signature", "X-Medical-System-Timestamp", "iso", "{timestamp}.{body}"),
    "voicedrive-employee": ("X-Webhook-Signature", "X-Webhook-Timestamp", "ms", "{timestamp}{body}"),
    "voicedrive-whistleblowing": ("X-Medical-System-Signature", "X-Webhook-Timestamp", "iso", "{timestamp}.{body}"),
    "voicedrive-compliance": ("X-Webhook-Signature", "X-Webhook-Timestamp", "iso", "{body}"),
    "voicedrive-staff-system": ("X-VoiceDrive-Signature", "X-VoiceDrive-Timestamp", "iso", "{body}{timestamp}"),
    "voicedrive-notification": ("X-Signature", "X-Timestamp", "iso", "{body}{timestamp}"),
    "standard-webhooks": ("webhook-signature", "webhook-timestamp", "s", "{id}.{timestamp}.{body}"),
}


def verify(profile, secret, headers, body, now=None):
    """Whether the webhook is from the relay and not an old one. `headers` maps names to values."""
    signature_header, timestamp_header, written_as, signed_text = profile
    headers = {name.lower(): value for name, value in headers.items()}
    signature = headers.get(signature_header.lower(), "")
    timestamp = headers.get(timestamp_header.lower(), "")
    seconds = seconds_of(timestamp, written_as)
    now = time.time() if now is None else now
    if seconds is None or abs(now - seconds) > TOLERANCE_SECONDS:
        return False
    # The body goes in last: what stands in braces in it is no part of the form.
    signed = signed_text.replace("{id}", headers.get("webhook-id", "")).replace("{timestamp}", timestamp)
    before, after = signed.encode().split(b"{body}")
    mac = hmac.new(key_of(secret), before + body + after, hashlib.sha256)
    if signed_text.startswith("{id}"):
        expected = "v1," + base64.b64encode(mac.digest()).decode()
        # One for each secret, while a secret is changed.
        given = signature.split(" ")
    else:
        expected, given = mac.hexdigest(), [signature]
    # Not ==, which takes longer the more characters are right.
    return any([hmac.compare_digest(expected.encode(), one.encode()) for one in given])


def key_of(secret):
    if secret.startswith("whsec_"):
        return base64.b64decode(secret[len("whsec_") :])
    return secret.encode()


def seconds_of(timestamp, written_as):
    """None when it cannot be read."""
    try:
        if written_as == "iso":
            return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
        return int(timestamp) / (1000 if written_as == "ms" else 1)
    except (ValueError, OverflowError):
        return None
