// Sending texts: one, many, later, and what is refused.

import * as sdk from 'solapi'
import { fails, like, same, typed, written } from './check.mjs'
import { byHand, done, from, number, seconds, sent, solapi, text, tomorrow, want } from './world.mjs'

export const acts = {
  'sends one': async () => {
    const message = text('주문이 접수되었습니다.', { customFields: { ref: 'd-1' } })
    const dashed = { ...message, to: message.to.replace(/^(...)(....)/, '$1-$2-'), from: '02-6123-4567' }
    const reply = await solapi.send(dashed, { showMessageList: true })
    const groupId = sent('reply', reply, 1)
    like('group', reply.groupInfo, { status: 'SENDING', sdkVersion: sdk.sdkVersion, osPlatform: sdk.osPlatform, allowDuplicates: false })
    same('accepted', reply.messageList.length, 1)
    const { messageId } = reply.messageList[0]
    like('accepted', reply.messageList[0], { statusCode: '2000', customFields: { ref: 'd-1' } })
    const [stored] = await done(groupId)
    like('stored', stored, {
      messageId, groupId, to: message.to, from, text: message.text, type: 'SMS', country: '82', status: 'COMPLETE', statusCode: '4000',
      autoTypeDetect: true, replacement: false, customFields: { ref: 'd-1' }, dateReceived: written,
    })
    same('without a list', (await solapi.send(text('목록 없이'))).messageList, undefined)
  },

  'sends an LMS for its subject, its length or its type': async () => {
    for (const [words, more] of [['제목이 있습니다.', { subject: '예약 안내' }], ['가'.repeat(46), {}], ['짧습니다.', { type: 'LMS', subject: '안내' }]]) {
      const to = number()
      const [stored] = await done(sent(words, await solapi.send({ to, from, text: words, ...more }), 1))
      like(words, stored, { type: 'LMS', subject: more.subject ?? null, text: words, statusCode: '4000', autoTypeDetect: !more.type })
      want(to, 'lms', words, more.subject)
    }
  },

  'sends many': async () => {
    const several = { to: [number(), number()], from, text: '두 분께 같은 내용을 보냅니다.' }
    several.to.forEach((to) => want(to, 'sms', several.text))
    const [one, two] = [text('첫째'), text('둘째')]
    const reply = await solapi.send([one, two, several], { showMessageList: true })
    same('accepted', reply.messageList.map((m) => m.statusCode), Array(4).fill('2000'))
    const stored = await done(sent('reply', reply, 4))
    same('recipients', stored.map((m) => m.to), [one.to, two.to, ...several.to])
    same('texts', stored.map((m) => m.text), ['첫째', '둘째', several.text, several.text])
    same('ids', stored.map((m) => m.messageId), reply.messageList.map((m) => m.messageId))
    sent('two thousand', await solapi.send(Array.from({ length: 2_000 }, (_, n) => text(`${n + 1}번째`))), 2_000)
  },

  'sends many with a duplicate': async () => {
    const message = text('한 번만')
    const reply = await solapi.send([message, { ...message, text: '두 번째는 안 됩니다.', customFields: { ref: 'd-2' } }])
    sent('not allowed', reply, 1, 1)
    like('not allowed', reply.failedMessageList[0], { to: message.to, from, type: 'SMS', statusCode: '1026', customFields: { ref: 'd-2' } })
    const again = text('허락하면 두 번')
    want(again.to, 'sms', '이것도')
    const twice = await solapi.send([again, { ...again, text: '이것도' }], { allowDuplicates: true })
    await done(sent('allowed', twice, 2))
    like('allowed', twice.groupInfo, { allowDuplicates: true })
  },

  'schedules': async () => {
    const at = tomorrow()
    const reply = await solapi.send({ to: number(), from, text: '내일 갑니다.' }, { scheduledDate: at })
    const groupId = sent('reply', reply, 1)
    like('reply', reply.groupInfo, { status: 'SCHEDULED', scheduledDate: seconds(at) })
    like('group', await solapi.getGroup(groupId), { status: 'SCHEDULED', scheduledDate: seconds(at), dateSent: null })
    const cancelled = await solapi.removeReservationToGroup(groupId)
    typed('cancelled', sdk.groupMessageResponseSchema, cancelled)
    like('cancelled', cancelled, { groupId, status: 'FAILED' })
    const [message] = await done(groupId, 'FAILED')
    like('its message', message, { status: 'FAILED', dateReceived: null })
    await fails('cancelled twice', sdk.ClientError, { errorCode: 'InvalidStatus', httpStatus: 400 }, () => solapi.removeReservationToGroup(groupId))

    const soon = await solapi.send(text('곧 갑니다.'), { scheduledDate: new Date(Date.now() + 3_000).toISOString() })
    like('soon', soon.groupInfo, { status: 'SCHEDULED' })
    await done(sent('soon', soon, 1))
    const past = await solapi.send(text('지난 시각은 바로 갑니다.'), { scheduledDate: '2020-01-01T00:00:00+09:00' })
    like('past', past.groupInfo, { status: 'SENDING' })
    await done(sent('past', past, 1))
    const late = new Date(Date.now() + 200 * 24 * 3600_000)
    await fails('too far ahead', sdk.ClientError, { errorCode: 'InvalidScheduledDate', httpStatus: 400 }, () =>
      solapi.send({ to: number(), from, text: '내년' }, { scheduledDate: late }))
  },

  'hears of refused recipients': async () => {
    const refused = { to: '01000991060', from, text: '수신 차단' }
    const e = await fails('alone', sdk.MessageNotReceivedError, { totalCount: 1 }, () => solapi.send(refused))
    const parts = { to: refused.to, from, type: 'SMS', country: '82', statusCode: '1060', statusMessage: written, messageId: written }
    like('alone', e.failedMessageList[0], parts)
    const both = await solapi.send([refused, text('함께 보낸 것은 갑니다.')])
    sent('among others', both, 1, 1)
    like('among others', both.failedMessageList[0], parts)
    for (const [what, message, statusCode] of [
      ['a subject on an SMS', { type: 'SMS', subject: '제목' }, '1013'],
      ['too long an SMS', { text: '가'.repeat(46), type: 'SMS' }, '1031'],
      ['a picture that nobody uploaded', { imageId: 'ST01FZ000000000000000000000000ZZ' }, '1023'],
      ['no sender', { from: undefined }, '1010'],
    ]) {
      const e = await fails(what, sdk.MessageNotReceivedError, { totalCount: 1 }, () => solapi.send({ to: number(), from, text: '안내', ...message }))
      like(what, e.failedMessageList[0], { statusCode })
    }
    const absent = { to: '01000993032', from, text: '없는 번호' }
    const [stored] = await done(sent('absent', await solapi.send(absent), 1))
    like('absent', stored, { to: absent.to, statusCode: '3032', status: 'FAILED', reason: written })
    want(absent.to, 'sms', absent.text, '', 'failed')
  },

  'hears of requests that fail': async () => {
    const one = (head) => ({ to: number(head), from, text: '장애' })
    await fails('too many requests', sdk.ClientError, { httpStatus: 429 }, () => solapi.send(one('0100011')))
    await fails('an error before', sdk.ServerError, { httpStatus: 500 }, () => solapi.send(one('0100010')))
    const taken = one('0100008')
    await fails('an error after', sdk.ServerError, { httpStatus: 500 }, () => solapi.send(taken))
    want(taken.to, 'sms', taken.text) // which was taken all the same
    const { balance } = await solapi.getBalance()
    await byHand('PUT', '/_sim/scenario', { balance: 17 })
    await fails('no money', sdk.ClientError, { errorCode: 'NotEnoughBalance', httpStatus: 402 }, () => solapi.send(one()))
    like('no money', await solapi.getBalance(), { balance: 17 })
    await byHand('PUT', '/_sim/scenario', { balance })
  },
}
