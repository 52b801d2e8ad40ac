// Uses the API as a program in TypeScript does, by the types that are made of the OpenAPI
// document: whatever the document says wrongly does not compile here, or does not hold when
// it runs.
//
//     node out/use.js URL TOKEN

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, operations, paths } from "./api.js";

const [url, token] = process.argv.slice(2);
assert(url && token, "usage: node out/use.js URL TOKEN");
const api = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

type Message = components["schemas"]["Message"];

/** The codes with which the API may refuse a message, as its document lists them. */
type Refusal<Status extends 402 | 409 | 422> =
  operations["sendMessage"]["responses"][Status]["content"]["application/problem+json"]["code"];

/** What a program does about a refusal: the compiler wants every code to be here. */
const remedy: Record<Refusal<402 | 422>, string> = {
  insufficient_credit: "top up",
  validation: "mend the request",
  no_recipients: "mend the list",
  unknown_template: "choose a template",
  template_not_approved: "have it approved",
  sender_not_registered: "register the number",
  sender_missing: "register a number",
  idempotency_mismatch: "use a new key",
  unsupported_encoding: "save the list as UTF-8",
  no_phone_column: "name the column",
  channel_not_available: "ask the operator",
  not_supported: "leave it out",
};

/** Sends a message twice under one key, and wants it to be one. */
async function send(): Promise<string> {
  const key = `typescript-${Date.now()}`;
  const twice = () =>
    api.POST("/v1/messages", {
      params: { header: { "Idempotency-Key": key } },
      body: {
        strategy: "alimtalk_first",
        alimtalk: { template_code: "RESERVE_01" },
        text: { body: "#{이름}님, 예약이 확정되었습니다." },
        recipients: [
          { to: "010-1234-5678", variables: { 이름: "김하나" } },
          { to: "010-0001-7777", variables: { 이름: "이두리" } },
          { to: "02-123", variables: { 이름: "최네오" } },
        ],
        metadata: { order: "A-1" },
      },
    });
  const first = await twice();
  assert(first.data, JSON.stringify(first.error));
  assert.equal(first.response.status, 202);
  assert.deepEqual(first.data.recipients, { total: 3, accepted: 2, duplicate: 0, rejected: 1 });
  assert.equal(first.data.rejections[0]?.code, "invalid_number");
  assert.equal(first.data.held, "36.00");
  const again = await twice();
  assert.equal(again.response.headers.get("Idempotent-Replayed"), "true");
  assert.equal(again.data?.id, first.data.id);
  return first.data.id;
}

/** Waits until a message is done. */
async function done(id: string): Promise<Message> {
  for (let tries = 0; tries < 300; tries++) {
    const { data, error } = await api.GET("/v1/messages/{id}", { params: { path: { id } } });
    assert(data, JSON.stringify(error));
    if (data.status === "done") return data;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  return assert.fail(`message ${id} is not done after half a minute`);
}

/** Reads a list to its end, two rows at a time. */
async function entries(): Promise<components["schemas"]["Entry"][]> {
  const all: components["schemas"]["Entry"][] = [];
  for (let cursor: string | undefined; ; ) {
    const query = cursor === undefined ? { limit: 2 } : { limit: 2, cursor };
    const { data, error } = await api.GET("/v1/credit/entries", { params: { query } });
    assert(data, JSON.stringify(error));
    all.push(...data.data);
    if (data.next_cursor === null) return all;
    cursor = data.next_cursor;
  }
}

const id = await send();
const message = await done(id);
assert.deepEqual([message.counts.delivered, message.counts.failed], [2, 0]);
assert.equal(message.actual_cost, "27.00");

const people = await api.GET("/v1/messages/{id}/recipients", { params: { path: { id }, query: { limit: 10 } } });
assert(people.data);
assert.deepEqual(people.data.data.map((p) => ("channel" in p ? p.channel : "")).sort(), ["alimtalk", "sms"]);

const credit = await api.GET("/v1/credit");
assert(credit.data);
const amount: string = credit.data.available;
assert.match(amount, /^\d+\.\d{2}$/);
const seqs = (await entries()).map((e) => e.seq);
assert(seqs.length > 4 && seqs.every((n, i) => n === i + 1), `the entries are ${seqs}`);

// Refusals are values of their own types: the code is one of those that the document lists.
const missing = await api.GET("/v1/messages/{id}", { params: { path: { id: "msg_01k9zqm0v8e4t9w2n7c5r3x6yb" } } });
assert.equal(missing.data, undefined);
assert.equal(missing.error?.code, "not_found");
assert.equal(missing.error.request_id, missing.response.headers.get("X-Request-Id"));
const nobody = await api.POST("/v1/messages", { body: { strategy: "sms_only", text: { body: "x" }, recipients: [] } });
assert(nobody.error && nobody.error.code in remedy);
assert.equal(nobody.error.code, "no_recipients");
assert.equal(nobody.error.errors?.[0]?.pointer, "/recipients");

// @ts-expect-error a strategy that there is not
const wrong = await api.POST("/v1/messages", { body: { strategy: "by_pigeon", text: { body: "x" }, recipients: [{ to: "010-1234-5678" }] } });
assert.equal(wrong.error?.code, "validation");
// @ts-expect-error a path that there is not
const nowhere = await api.GET("/v1/pigeons");
assert.equal(nowhere.response.status, 404);

console.log(`TYPESCRIPT OK: message ${id} to two people for 27 won, ${seqs.length} entries read, refusals as the document lists them.`);
