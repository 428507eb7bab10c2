/**
 * Hands an event in to voicedrive-relay, and tries again until the relay has it. Node.js 18, no packages
 * but for the types, which come from the relay's own description:
 *
 *   npx openapi-typescript http://127.0.0.1:8480/api/openapi.json -o relayApi.ts
 *   export RELAY_URL=http://127.0.0.1:8480 RELAY_TOKEN=...
 *   node handIn.js employee.updated hr-2025-10-26-000123 '{"staffId":"EMP-2025-001"}'
 */

import { pathToFileURL } from "node:url";
import type { components, paths } from "./relayApi.js";

export type NewEvent = components["schemas"]["NewEvent"];
type Answers = paths["/api/events"]["post"]["responses"];
export type Accepted = Answers[202]["content"]["application/json"]["data"];

// The relay answers within milliseconds; a machine under load may take longer.
const TIMEOUT_MS = 10_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** The relay will not take this event, however often it is asked. */
export class Refused extends Error {}

/** The relay is away or busy. */
export class NotYet extends Error {
  constructor(why: string, readonly waitMs = 0) {
    super(why);
  }
}

export interface Relay {
  url: string;
  token: string;
}

/**
 * Make the key before the first try and keep it with the record that the event is about: whoever
 * starts again after a crash hands in the same key, and the relay knows the event again.
 * Throws Refused at once, and NotYet when the relay is still away at the end.
 */
export async function handIn(
  event: NewEvent,
  idempotencyKey: string,
  relay: Relay,
  giveUpAfterMs = 600_000,
): Promise<Accepted> {
  const giveUpAt = performance.now() + giveUpAfterMs;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return await post(event, idempotencyKey, relay);
    } catch (problem) {
      if (!(problem instanceof NotYet)) throw problem;
      // Somewhere between one and two waits: not everybody comes back at the same moment.
      const pause = Math.max(wait * (1 + Math.random()), problem.waitMs);
      if (performance.now() + pause > giveUpAt) throw problem;
      console.error(`${problem.message}; again in ${(pause / 1000).toFixed(1)} s`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** One try. */
async function post(event: NewEvent, idempotencyKey: string, relay: Relay): Promise<Accepted> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(`${relay.url}/api/events`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${relay.token}`,
        "Content-Type": "application/json",
        "Idempotency-Key": idempotencyKey,
      },
      body: JSON.stringify(event),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await answer.text();
  } catch (error) {
    // No connection, or one that ended early: perhaps the relay has the event. The key says.
    throw new NotYet(String(error));
  }
  if (answer.status === 429 || answer.status >= 500) {
    const seconds = Number(answer.headers.get("Retry-After"));
    throw new NotYet(`HTTP ${answer.status}`, seconds > 0 ? seconds * 1000 : 0);
  }
  if (!answer.ok) throw new Refused(`HTTP ${answer.status}: ${text}`);
  return (JSON.parse(text) as { data: Accepted }).data;
}

const [, script, event, key, payload] = process.argv;
if (script && import.meta.url === pathToFileURL(script).href) {
  const relay = { url: process.env.RELAY_URL ?? "", token: process.env.RELAY_TOKEN ?? "" };
  const answer = await handIn({ event: event ?? "", data: JSON.parse(payload ?? "{}") }, key ?? "", relay);
  console.log(JSON.stringify(answer));
}
