// The verifier of examples/clients/typescript against the vectors: all of them, and none that was altered.
// Compiling it also shows that the types of the description let somebody send a payload, and nothing else.
//
//   node verifyVectors.js SIGNATURES.json

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { NewEvent } from "./handIn.js";
import { PROFILES, verify, type Headers, type Profile } from "./verify.js";

interface Case {
  profile: Profile;
  secret: string;
  request_id: string;
  attempt_at_unix_ms: number;
  body: string;
  timestamp_header: string;
  signature_header: string;
}

const payload: NewEvent = {
  event: "employee.created",
  data: { staffId: "EMP-2025-001", fullName: "山田 太郎", authLevel: 1, tags: ["a"], more: { deep: null } },
};
// @ts-expect-error: an event has a payload
const without: NewEvent = { event: "employee.created" };
// @ts-expect-error: a payload is an object
const text: NewEvent = { event: "employee.created", data: "text" };
// @ts-expect-error: nothing else stands beside it
const more: NewEvent = { event: "employee.created", data: {}, source: "staff" };
assert.equal([payload, without, text, more].length, 4);

const { cases } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as { cases: Case[] };
for (const one of cases) {
  const [signature, timestamp, , signed] = PROFILES[one.profile];
  const now = one.attempt_at_unix_ms;
  const good: Headers = {
    [signature]: one.signature_header,
    [timestamp]: String(one.timestamp_header),
    "webhook-id": one.request_id,
  };
  const accepts = (headers: Headers = {}, body = one.body, secret = one.secret, at = now) =>
    verify(one.profile, secret, { ...good, ...headers }, Buffer.from(body), at);
  const ending = one.signature_header.endsWith("=") ? "A=" : "xx";
  assert(accepts(), one.profile);
  assert(!accepts({}, one.body, `${one.secret}xxxx`), one.profile);
  assert(!accepts({}, `${one.body} `), one.profile);
  assert(!accepts({}, one.body.replace('"', "'")), one.profile);
  assert(!accepts({ [signature]: one.signature_header.slice(0, -2) + ending }), one.profile);
  assert(!accepts({ [signature]: undefined }), one.profile);
  assert(!accepts({ [timestamp]: "soon" }), one.profile);
  assert(!accepts({}, one.body, one.secret, now + 301_000), one.profile);
  assert(!accepts({}, one.body, one.secret, now - 302_000), one.profile);
  if (signed.includes("{timestamp}")) {
    const later = String(one.timestamp_header).replace(/\d(?=Z?$)/, (digit) => String((Number(digit) + 1) % 10));
    assert(!accepts({ [timestamp]: later }), one.profile);
  }
  if (signed.includes("{id}")) {
    assert(!accepts({ "webhook-id": "x" }), one.profile);
    assert(accepts({ [signature]: `v1,AAAA ${one.signature_header}` }), one.profile);
  }
}
assert(cases.length >= 14);
console.log(`typescript: ${cases.length} vectors`);
