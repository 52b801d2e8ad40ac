// Receives webhooks from a running program, as a site's own server does, and verifies them with
// npm's standardwebhooks, which knows nothing of us. The argument is the demo's file with its
// addresses and tokens. The first difference ends it. tools/sdk brings all together.

import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { like, same, until, written } from '../solapi/check.mjs'

const demo = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const token = demo.tokens['demo-rich']

async function api(method, path, body) {
  const reply = await fetch(demo.api_url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  const text = await reply.text()
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`)
  return text && JSON.parse(text)
}

// got is every request that came: its path, headers and raw body.
const got = []
let status = 204
const server = createServer((request, reply) => {
  let raw = ''
  request.setEncoding('utf8')
  request.on('data', (part) => (raw += part))
  request.on('end', () => {
    got.push({ path: request.url, headers: request.headers, raw })
    reply.writeHead(status).end(status === 204 ? undefined : 'not now')
  })
})
await new Promise((go) => server.listen(0, '127.0.0.1', go))
const url = `http://127.0.0.1:${server.address().port}/hooks`

// refused wants a verification to fail.
function refused(what, act) {
  try {
    act()
  } catch (e) {
    if (e instanceof WebhookVerificationError) return
    throw e
  }
  throw new Error(`${what}: it is believed`)
}

const sent = (kind) => got.filter((one) => JSON.parse(one.raw).type === kind)

let endpoint, secret, message

const acts = {
  'an endpoint is made, and its secret shown once': async () => {
    const made = await api('POST', '/v1/webhook-endpoints', { url, topics: ['message.*', 'recipient.*'] })
    endpoint = made.endpoint.id
    secret = made.secret
    like('the endpoint', made.endpoint, { id: written, status: 'enabled', sequence: 0 })
    same('the secret is shown again', JSON.stringify(await api('GET', `/v1/webhook-endpoints/${endpoint}`)).includes('whsec_'), false)
  },

  'a test event is believed': async () => {
    await api('POST', `/v1/webhook-endpoints/${endpoint}/test`)
    const [one] = await until('the test event comes', async () => sent('webhook.test'), (list) => list.length === 1)
    like('what the package reads', new Webhook(secret).verify(one.raw, one.headers), { type: 'webhook.test', sequence: 1, site_id: 'demo-rich', data: { endpoint_id: endpoint } })
  },

  'what is sent is told, signed, in a sequence without a gap': async () => {
    message = await api('POST', '/v1/messages', {
      strategy: 'sms_only',
      text: { body: '#{이름}님, 안녕하세요.' },
      metadata: { order: 'A-1' },
      recipients: [{ to: '010-1234-5678', variables: { 이름: '김하나' } }, { to: '010-0002-0001', variables: { 이름: '이두리' } }],
    })
    await until('the message is done', async () => sent('message.done'), (list) => list.some((one) => JSON.parse(one.raw).data.message_id === message.id))
    const read = got.map((one) => new Webhook(secret).verify(one.raw, one.headers))
    const ours = read.filter((one) => one.data.message_id === message.id)
    like('the end', ours.find((one) => one.type === 'message.done').data, { status: 'done', accepted: 2, delivered: 1, failed: 1 })
    const people = ours.filter((one) => one.type === 'recipient.done').flatMap((one) => one.data.recipients)
    same('who ended', people.map((one) => one.seq).sort(), [0, 1])
    same('metadata', ours.find((one) => one.type === 'recipient.done').data.metadata, { order: 'A-1' })
    const places = [...new Set(read.map((one) => one.sequence))].sort((a, b) => a - b)
    same('places', places, places.map((_, i) => i + 1))
    for (const { raw } of got) same('a number in an event', /010-?\d{4}-?\d{4}/.test(raw), false)
  },

  'what was changed, is old or is another secret\'s is refused': async () => {
    const { raw, headers } = got[0]
    const wh = new Webhook(secret)
    wh.verify(raw, headers)
    refused('a changed body', () => wh.verify(raw.replace('demo-rich', 'demo-poor'), headers))
    refused('another id', () => wh.verify(raw, { ...headers, 'webhook-id': 'evt_1' }))
    refused('another time', () => wh.verify(raw, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) }))
    refused('an old one', () => wh.verify(raw, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 600) }))
    refused('another secret', () => new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw').verify(raw, headers))
  },

  'both secrets verify after a rotation': async () => {
    const rotated = await api('POST', `/v1/webhook-endpoints/${endpoint}/rotate-secret`)
    same('it is the same secret', rotated.secret === secret, false)
    await api('POST', `/v1/webhook-endpoints/${endpoint}/test`)
    const list = await until('the test event comes', async () => sent('webhook.test'), (all) => all.length === 2)
    for (const one of [secret, rotated.secret]) new Webhook(one).verify(list[1].raw, list[1].headers)
    secret = rotated.secret
  },

  'a delivery is sent again under its id, and its attempts are told': async () => {
    const first = got[0]
    await api('POST', `/v1/webhook-endpoints/${endpoint}/replay`, { deliveries: [1] })
    const list = await until('it comes again', async () => got.filter((one) => one.headers['webhook-id'] === first.headers['webhook-id']), (all) => all.length === 2)
    same('its body', list[1].raw, first.raw)
    const log = await until('it is written down', () => api('GET', `/v1/webhook-endpoints/${endpoint}/deliveries/1`), (one) => one.attempts.length === 2)
    like('the last attempt', log.attempts[1], { no: 2, status: 204, result: 'delivered', error: null })
    same('the payload', log.payload, JSON.parse(first.raw))
  },

  '410 disables it, and what happens meanwhile waits': async () => {
    status = 410
    await api('POST', `/v1/webhook-endpoints/${endpoint}/test`)
    await until('it is disabled', () => api('GET', `/v1/webhook-endpoints/${endpoint}`), (one) => one.status === 'disabled' && one.reason === 'gone')
    status = 204
    const before = sent('webhook.test').length
    await api('POST', `/v1/webhook-endpoints/${endpoint}/enable`)
    const list = await until('what waited comes', async () => sent('webhook.test'), (all) => all.length > before)
    new Webhook(secret).verify(list.at(-1).raw, list.at(-1).headers)
  },
}

for (const [name, act] of Object.entries(acts)) {
  try {
    await act()
  } catch (e) {
    console.error(`  ${name} … FAILED\n    ${(e.stack ?? String(e)).replaceAll('\n', '\n    ')}`)
    process.exit(1)
  }
  console.log(`  ${name} … ok`)
}
server.close()
server.closeAllConnections()
console.log(`\nWEBHOOKS OK: ${got.length} webhooks, each verified by standardwebhooks.`)
