// The pages of the console, by who opens them; a test of the console wants each page to be here. What
// a path names as :NAME is looked up below.
export const pages = {
  nobody: ["/console/sign-in"],
  owner: [
    "/console/s/demo-rich", "/console/s/demo-rich/messages", "/console/s/demo-rich/messages?status=done", "/console/s/demo-rich/messages/new", "/console/s/demo-rich/messages/:message",
    "/console/s/demo-rich/messages/:message?status=failed", "/console/s/demo-rich/messages/:message?to=nonsense", "/console/s/demo-rich/messages/:message?status=rejected",
    "/console/s/demo-rich/messages/:message/trace?to=:person", "/console/s/demo-rich/messages/new?when=repeat", "/console/s/demo-rich/series", "/console/s/demo-rich/series/:series", "/console/s/demo-rich/search", "/console/s/demo-rich/search?to=:person", "/console/me", "/console/me/password", "/console/me/factor",
  ],
  operator: ["/console/operator", "/console/s/demo-cheap"],
};

// places finds what pages are about: api asks the API of the demo as its owner.
export async function places(api) {
  const message = (await api("/v1/messages")).data.at(-1).id;
  const person = (await api(`/v1/messages/${message}/recipients`)).data[0].to;
  const made = { name: "매주 안내", cron: "0 9 * * 1", message: { strategy: "sms_only", text: { body: "안내드립니다" }, recipients: [{ to: "01000001001" }] } };
  const series = (await api("/v1/series", { method: "POST", body: JSON.stringify(made) })).id;
  return { message, person, series };
}
