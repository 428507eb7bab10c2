/**
 * Verifies the signature of a webhook of voicedrive-relay. Node.js 18, no packages.
 *
 *   verify("medical-system", secret, request.headers, rawBody)
 *
 * Hand in the bytes of the body as they arrived: in Express with `express.raw({ type: "*\/*" })` on this
 * path, and JSON.parse after this. JSON.stringify(JSON.parse(body)) is the same text: the relay sends no
 * other.
 */

import { createHmac, timingSafeEqual } from "node:crypto";

// A webhook may be this old, and its sender's clock this far ahead.
const TOLERANCE_MS = 300_000;

// profile: signature header, timestamp header, how the time is written, what is signed
export const PROFILES = {
  "medical-system": ["x-medical-system-signature", "x-medical-system-timestamp", "iso", "{timestamp}.{body}"],
  "voicedrive-employee": ["x-webhook-signature", "x-webhook-timestamp", "ms", "{timestamp}{body}"],
  "voicedrive-whistleblowing": ["x-medical-system-signature", "x-webhook-timestamp", "iso", "{timestamp}.{body}"],
  "voicedrive-compliance": ["x-webhook-signature", "x-webhook-timestamp", "iso", "{body}"],
  "voicedrive-staff-system": ["x-voicedrive-signature", "x-voicedrive-timestamp", "iso", "{body}{timestamp}"],
  "voicedrive-notification": ["x-signature", "x-timestamp", "iso", "{body}{timestamp}"],
  "standard-webhooks": ["webhook-signature", "webhook-timestamp", "s", "{id}.{timestamp}.{body}"],
} as const;

export type Profile = keyof typeof PROFILES;

/** Node's own headers: their names are in small letters. */
export type Headers = Record<string, string | string[] | undefined>;

/** Whether the webhook is from the relay and not an old one. */
export function verify(
  profile: Profile,
  secret: string,
  headers: Headers,
  body: Buffer,
  now = Date.now(),
): boolean {
  const [signatureHeader, timestampHeader, writtenAs, signedText] = PROFILES[profile];
  const header = (name: string) => String(headers[name] ?? "");
  const timestamp = header(timestampHeader);
  const moment = momentOf(timestamp, writtenAs);
  // NaN is not within the tolerance either.
  if (!(Math.abs(now - moment) <= TOLERANCE_MS)) return false;
  const mac = createHmac("sha256", keyOf(secret));
  for (const piece of signedText.split(/(\{\w+\})/)) {
    if (piece === "{body}") mac.update(body);
    else if (piece === "{timestamp}") mac.update(timestamp);
    else if (piece === "{id}") mac.update(header("webhook-id"));
    else mac.update(piece);
  }
  const digest = mac.digest();
  if (!signedText.startsWith("{id}")) return same(digest.toString("hex"), header(signatureHeader));
  // One for each secret, while a secret is changed.
  const given = header(signatureHeader).split(" ");
  return given.some((one) => same(`v1,${digest.toString("base64")}`, one));
}

/** Not ===, which takes longer the more characters are right. */
function same(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function keyOf(secret: string): Buffer {
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
}

/** NaN when it cannot be read. */
function momentOf(timestamp: string, writtenAs: "iso" | "ms" | "s"): number {
  if (writtenAs === "iso") return Date.parse(timestamp);
  if (!/^\d+$/.test(timestamp)) return NaN;
  return Number(timestamp) * (writtenAs === "ms" ? 1 : 1000);
}
