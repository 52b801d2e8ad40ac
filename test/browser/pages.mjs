// The pages of the console, by who opens them; a test of the console wants each page to be here. What
// a path names as :NAME is looked up below.
import { demo } from "./browser.mjs";

export const pages = {
  nobody: ["/console/sign-in"],
  owner: [
    "/console/s/demo-rich", "/console/s/demo-rich/messages", "/console/s/demo-rich/messages?status=done", "/console/s/demo-rich/messages/new", "/console/s/demo-rich/messages/:message",
    "/console/s/demo-rich/messages/:message?status=failed", "/console/s/demo-rich/messages/:message?to=nonsense", "/console/s/demo-rich/messages/:message?status=rejected",
    "/console/s/demo-rich/messages/:message/trace?to=:person", "/console/s/demo-rich/messages/new?when=repeat", "/console/s/demo-rich/series", "/console/s/demo-rich/series/:series", "/console/s/demo-rich/search", "/console/s/demo-rich/search?to=:person", "/console/me", "/console/me/password", "/console/me/factor",
    "/console/s/demo-rich/settings", "/console/s/demo-rich/settings/people", "/console/s/demo-rich/settings/people/new", "/console/s/demo-rich/settings/people/:user", "/console/s/demo-rich/settings/people/:user?ask=disable", "/console/s/demo-rich/settings/roles", "/console/s/demo-rich/settings/new-role", "/console/s/demo-rich/settings/roles/owner", "/console/s/demo-rich/settings/limits", "/console/s/demo-rich/settings/privacy", "/console/s/demo-rich/settings/privacy?ask=erase", "/console/s/demo-rich/settings/audit", "/console/s/demo-rich/settings/audit/seals", "/console/s/demo-rich/settings/api", "/console/s/demo-rich/settings/api/tokens?ended=1", "/console/s/demo-rich/settings/api/tokens/new", "/console/s/demo-rich/settings/api/tokens/:token", "/console/s/demo-rich/settings/api/webhooks", "/console/s/demo-rich/settings/api/webhooks/new", "/console/s/demo-rich/settings/api/webhooks/:webhook", "/console/s/demo-rich/settings/api/webhooks/:webhook?ask=remove", "/console/s/demo-rich/settings/api/webhooks/:webhook/change", "/console/s/demo-rich/settings/api/webhooks/:webhook/replay", "/console/s/demo-rich/settings/api/webhooks/:webhook/deliveries/:delivery", "/console/s/demo-rich/settings/api/events", "/console/s/demo-rich/settings/api/test", "/console/s/demo-rich.test", "/console/s/demo-rich.test/settings/api/test", "/console/me/tokens", "/console/me/tokens/new",
    "/console/s/demo-rich/credit", "/console/s/demo-rich/credit/entries", "/console/s/demo-rich/credit/usages",
    "/console/s/demo-rich/credit/usages/:usage/refund?message=:message", "/console/s/demo-rich/credit/payments", "/console/s/demo-rich/credit/payments/new",
    "/console/s/demo-rich/credit/payments/:payment", "/console/s/demo-rich/credit/payments/:payment/receipt", "/console/s/demo-rich/credit/payments/:payment/cancel",
    "/console/s/demo-rich/credit/recharge", "/console/s/demo-rich/credit/methods", "/console/s/demo-rich/credit/methods?ask=remove-:card",
    "/console/s/demo-rich/credit/withdrawals", "/console/s/demo-rich/credit/withdrawals/new", "/console/s/demo-rich/credit/withdrawals/:withdrawal",
    "/console/s/demo-rich/credit/statements", "/console/s/demo-rich/credit/statements/:month", "/console/s/demo-rich/credit/limits",
    "/console/s/demo-rich/credit/billing", "/console/s/demo-rich/messages/:message/compliance", "/console/s/demo-rich/settings/kakao",
    "/console/s/demo-rich/settings/kakao/new", "/console/s/demo-rich/settings/kakao/templates/RESERVE_01", "/console/s/demo-rich/settings/kakao/templates/:template/edit",
    "/console/s/demo-rich/settings/kakao/templates/:template/submit", "/console/s/demo-rich/settings/kakao/templates/:template/comment",
    "/console/s/demo-rich/settings/kakao/channels", "/console/s/demo-rich/settings/kakao/channels/new", "/console/s/demo-rich/settings/kakao/channels/@demo",
    "/console/s/demo-rich/settings/kakao/channels/@demo/edit", "/console/s/demo-rich/settings/kakao/channels/@demo/claim", "/console/s/demo-rich/settings/senders",
    "/console/s/demo-rich/settings/senders/new", "/console/s/demo-rich/settings/senders/:sender", "/console/s/demo-rich/settings/rules",
    "/console/s/demo-rich/settings/rules/words", "/console/s/demo-rich/settings/rules/opt-outs", "/console/s/demo-rich/settings/rules/opt-outs/new",
    "/console/s/demo-rich/settings/rules/opt-outs/import", "/console/s/demo-rich/settings/rules/policies", "/console/s/demo-rich/settings/rules/new-policy",
    "/console/s/demo-rich/settings/rules/policies/:policy", "/console/s/demo-rich/settings/rules/policies/:policy/edit", "/console/s/demo-rich/book",
    "/console/s/demo-rich/book/new", "/console/s/demo-rich/book/import", "/console/s/demo-rich/book/contacts/:contact",
    "/console/s/demo-rich/book/contacts/:contact/edit", "/console/s/demo-rich/book/groups", "/console/s/demo-rich/book/groups/new",
    "/console/s/demo-rich/book/groups/:group", "/console/s/demo-rich/book/groups/:group/edit", "/console/s/demo-rich/book/groups/:group/import",
  ],
  operator: [
    "/console/operator", "/console/s/demo-cheap",
    "/console/operator/access", "/console/operator/access/people", "/console/operator/access/people/new", "/console/operator/access/people/:user", "/console/operator/access/roles", "/console/operator/access/new-role", "/console/operator/access/roles/support", "/console/operator/access/tokens", "/console/operator/access/tokens/new", "/console/operator/limits", "/console/operator/limits/demo-rich", "/console/operator/limits/demo-rich/tokens/:token", "/console/operator/audit", "/console/operator/audit/seals", "/console/operator/providers", "/console/operator/inbox", "/console/operator/inbox?site=demo-rich&message=:message", "/console/operator/inbox/runs", "/console/operator/inbox/runs/new", "/console/operator/inbox/runs/:run", "/console/operator/inbox/runs/:run/sums", "/console/operator/inbox/:letter", "/console/operator/access/tokens/:house",
    "/console/operator/senders", "/console/operator/words", "/console/operator/sites", "/console/operator/sites?id=nowhere", "/console/operator/sites/new",
    "/console/operator/sites/demo-rich", "/console/operator/sites/demo-rich?ask=state", "/console/operator/sites/demo-rich/credit",
    "/console/operator/sites/demo-rich/prices", "/console/operator/sites/demo-rich/erase", "/console/operator/prices", "/console/operator/prices/plans",
    "/console/operator/prices/plans/new", "/console/operator/prices/plans/:plan", "/console/operator/prices/plans/:plan?ask=remove", "/console/operator/money",
    "/console/operator/money?status=requested", "/console/operator/money/withdrawals/demo-rich/:withdrawal", "/console/operator/money/payments",
    "/console/operator/money/payments/demo-rich/:payment", "/console/operator/money/tax/:month", "/console/operator/money/tax/:month?ask=issue",
    "/console/operator/margin", "/console/operator/invoices", "/console/operator/invoices/new", "/console/s/demo-rich/settings/kakao/templates/:template/state",
    "/console/s/demo-rich/settings/senders/:sender/decide",
  ],
};

// places finds what pages are about: api asks the API of the demo as its owner.
export async function places(api) {
  const message = (await api("/v1/messages")).data.at(-1).id;
  const person = (await api(`/v1/messages/${message}/recipients`)).data[0].to;
  const made = { name: "매주 안내", cron: "0 9 * * 1", message: { strategy: "sms_only", text: { body: "안내드립니다" }, recipients: [{ to: "01000001001" }] } };
  const series = (await api("/v1/series", { method: "POST", body: JSON.stringify(made) })).id;
  const token = (await api("/v1/tokens")).data[0].id;
  const user = (await api("/v1/users")).data[0].id;
  const hook = { url: "https://shop.example.invalid/hooks", topics: ["*"] };
  const webhook = (await api("/v1/webhook-endpoints", { method: "POST", body: JSON.stringify(hook) })).endpoint.id;
  const delivery = (await api(`/v1/webhook-endpoints/${webhook}/test`, { method: "POST" })).sequence;
  const house = { headers: { Authorization: `Bearer ${demo.tokens.operator}` } };
  const letter = (await api("/v1/inbox", house)).data[0].id;
  const period = { from: "2026-01-01T00:00:00Z", until: new Date().toISOString() };
  const run = (await api("/v1/inbox/runs", { ...house, method: "POST", body: JSON.stringify(period) })).id;
  const its = (await api("/v1/tokens", house)).data[0].id;
  const post = (path, body, init = {}) => api(path, { ...init, method: "POST", body: JSON.stringify(body) });
  const template = (await post("/v1/templates", { code: "WAITING_01", name: "대기 안내", channel: "@demo", body: "#{이름}님, 곧 차례입니다." })).code;
  const sender = (await post("/v1/senders", { number: "0269991234" })).number;
  const policy = "cheap";
  await api(`/v1/policies/${policy}`, { method: "PUT", body: JSON.stringify({ steps: [{ send: "text", when: { text_is: ["sms"] } }, { send: "alimtalk" }] }) });
  const group = (await post("/v1/groups", { name: "단골" })).id;
  const contact = (await post("/v1/contacts", { to: "01000001009", name: "김단골", groups: [group] })).id;
  const usage = (await api("/v1/credit/usages")).data[0].id;
  const payment = (await post("/v1/credit/payments", { gateway: "bank", method: "transfer", amount: "50000" })).id;
  await post(`/v1/credit/payments/${payment}/arrived?site=demo-rich`, {}, house);
  const card = (await api("/v1/payment-methods")).data[0].id;
  const withdrawal = (await post("/v1/credit/withdrawals", { amount: "10000", reason: "계약 종료", to: { bank: "20", number: "1002123456789", holder: "홍길동" } })).id;
  const month = (await api("/v1/credit/statements")).data[0].month;
  const plan = (await post("/v1/plans", { id: "basic", name: "기본", prices: { sms: "15" } }, house)).id;
  return { template, sender, policy, group, contact, usage, payment, card, withdrawal, month, plan, token, user, webhook, delivery, letter, run, house: its, message, person, series };
}
