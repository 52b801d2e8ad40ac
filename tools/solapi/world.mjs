// The SDK with its address changed, the simulator behind it, and what phones must have got.

import { createHmac, randomUUID } from 'node:crypto'
import * as sdk from 'solapi'
import { like, same, typed, until } from './check.mjs'

export const key = 'SIMULATORKEY0001'
export const secret = 'SIMULATORSECRET0123456789ABCDEFGH'

// The SDK knows one address, and nothing of it is changed but that: what it would send
// there goes to the simulator as it is. It may call nobody else.
const vendor = 'https://api.solapi.com'
const address = process.argv[2]
const fetch = globalThis.fetch
export const requests = []
globalThis.fetch = (url, init) => {
  if (!String(url).startsWith(vendor + '/')) throw new Error(`the SDK calls ${url}; want only ${vendor}`)
  requests.push({ authorization: init.headers.Authorization })
  return fetch(address + String(url).slice(vendor.length), init)
}

// calls counts the calls of each method of the SDK.
export const calls = {}

// service is the SDK for one login.
export function service(key, secret) {
  const methods = new sdk.SolapiMessageService(key, secret)
  for (const [name, method] of Object.entries(methods)) {
    calls[name] ??= 0
    methods[name] = (...args) => {
      calls[name]++
      return method(...args)
    }
  }
  return methods
}

export const solapi = service(key, secret)

// byHand makes a request for which the SDK has no method.
export async function byHand(method, path, body) {
  const date = new Date().toISOString()
  const salt = randomUUID().replaceAll('-', '')
  const signature = createHmac('sha256', secret).update(date + salt).digest('hex')
  const answer = await fetch(address + path, {
    method,
    body: body && JSON.stringify(body),
    headers: { Authorization: `HMAC-SHA256 apiKey=${key}, date=${date}, salt=${salt}, signature=${signature}` },
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: got ${answer.status} ${text}`)
  return text && JSON.parse(text)
}

// received is every leg that the simulator took.
export async function received() {
  const legs = []
  for (let cursor = '0'; cursor; ) {
    const page = await byHand('GET', `/_sim/received?cursor=${cursor}`)
    legs.push(...page.data)
    cursor = page.next_cursor
  }
  return legs
}

// wanted is what every phone must have got at the end, and nothing else.
export const wanted = []
export function want(to, channel, text, subject = '', outcome = 'delivered') {
  wanted.push({ to, channel, text, subject, outcome })
}

export const from = '0261234567'
export const pfId = 'KA01PF260101000000000AbCdEfGhIjK'
export const templateId = 'KA01TP260101000000000LmNoPqRsTuV'

// number is a recipient that nobody had before. Its first seven digits say what the
// simulator makes of it; those not given mean that all is delivered.
let last = 0
export const number = (head = '0101000') => head + String(++last).padStart(4, '0')

// text is an SMS, which is then wanted on its phone.
export function text(words, more = {}) {
  const message = { to: number(), from, text: words, ...more }
  want(message.to, 'sms', words)
  return message
}

// sent checks the reply to send, and returns the id of the group.
export function sent(what, reply, accepted, refused = 0) {
  typed(what, sdk.detailGroupMessageResponseSchema, reply)
  like(what, reply.groupInfo.count, { total: accepted + refused, registeredSuccess: accepted, registeredFailed: refused })
  same(`${what}: refused`, reply.failedMessageList.length, refused)
  return reply.groupInfo.groupId
}

// done waits until a group has ended, and returns its messages.
export async function done(groupId, status = 'COMPLETE') {
  await until(`group ${groupId}`, () => solapi.getGroup(groupId), (group) => group.status === status)
  return Object.values((await solapi.getGroupMessages(groupId)).messageList)
}

// pages reads a list to its end, and returns the keys of each page.
export async function pages(list, name, limit) {
  const found = []
  for (let startKey; ; ) {
    const page = await list({ limit, startKey })
    like('page', page, { limit, startKey: startKey ?? null })
    found.push(Object.keys(page[name]))
    if (!page.nextKey) return found
    startKey = page.nextKey
  }
}

const hour = 3600_000
export const anHourAgo = () => new Date(Date.now() - hour)
export const tomorrow = () => new Date(Date.now() + 24 * hour)
// seconds is a date as the SDK writes it, and an answer shows it.
export const seconds = (date) => new Date(Math.floor(date / 1000) * 1000).toISOString()
