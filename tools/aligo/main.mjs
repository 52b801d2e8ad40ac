// Runs the vendor's client for Node against our simulator, whose address is the argument, act
// by act, and compares what comes of it with what is wanted: its answers, and what phones got.
// The first difference ends it. tools/sdk brings both together, and has put the simulator's
// address in the place of the vendor's two.

import aligo from 'aligoapi'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { like, same, until, written } from '../solapi/check.mjs'

const address = process.argv[2]
const user = 'SIMULATORKEY0001'
const secret = 'SIMULATORSECRET0123456789ABCDEFGH'
const texts = { key: secret, user_id: user }
const kakao = { apikey: secret, userid: user }
const sender = '0261234567'

// calls counts the calls of each function.
const calls = Object.fromEntries(Object.keys(aligo).map((name) => [name, 0]))

// ask calls a function as a server does that hands its request on.
function ask(name, body = {}, auth = texts) {
  calls[name]++
  return aligo[name]({ headers: { 'content-type': 'application/json' }, body }, auth)
}

// wanted is what phones must have got, each once.
const wanted = []
const want = (to, channel, text, outcome = 'delivered') => wanted.push([to, channel, text, outcome].join(' | '))

async function received() {
  const page = await (await fetch(`${address}/_sim/received?limit=10000`)).json()
  return page.data
}

// korean is a time from now as the vendor writes it: YYYYMMDDHHMMSS in Korea.
const korean = (minutes) => new Date(Date.now() + (minutes + 9 * 60) * 60_000).toISOString().replace(/\D/g, '').slice(0, 14)

const text = {
  'only the addresses were changed': async () => {
    const source = readFileSync(createRequire(import.meta.url).resolve('aligoapi'), 'utf8')
    same('addresses of the vendor that are left', source.match(/aligo\.in/g), null)
    same('requests to the simulator', source.split(address).length - 1, 22)
  },

  'what could be sent is told': async () => {
    const reply = await ask('remain')
    like('remain', reply, { result_code: 1, SMS_CNT: (n) => n > 1_000_000, LMS_CNT: (n) => n > 100_000, MMS_CNT: (n) => n > 100_000 })
  },

  'one text to many, with their names in it': async () => {
    const to = { '01010000001': '김하나', '01010000002': '이두리' }
    const reply = await ask('send', {
      sender,
      receiver: Object.keys(to).join(','),
      destination: Object.entries(to).map((one) => one.join('|')).join(','),
      msg: '%고객명%님, 예약되었습니다.',
      msg_type: 'SMS',
    })
    like('send', reply, { result_code: '1', success_cnt: 2, error_cnt: 0, msg_type: 'SMS', msg_id: written })
    for (const [number, name] of Object.entries(to)) want(number, 'sms', `${name}님, 예약되었습니다.`)
    const rows = await until('both are sent', () => ask('smsList', { mid: reply.msg_id }), ({ list }) => list.every((row) => row.sms_state === '발송완료'))
    same('receivers', rows.list.map((row) => row.receiver), Object.keys(to))
    like('the first', rows.list[0], { type: 'SMS', sender, reg_date: written, send_date: written })
  },

  'a long text without a kind is an LMS': async () => {
    const msg = '긴 글입니다. '.repeat(20)
    like('send', await ask('send', { sender, receiver: '01010000003', msg, title: '안내' }), { result_code: '1', msg_type: 'LMS' })
    want('01010000003', 'lms', msg)
  },

  'texts that differ, and one that fails': async () => {
    const reply = await ask('sendMass', { sender, msg_type: 'SMS', cnt: 2, rec_1: '01010000004', msg_1: '첫째', rec_2: '01000020005', msg_2: '둘째' })
    like('sendMass', reply, { result_code: '1', success_cnt: 2, msg_type: 'SMS' })
    want('01010000004', 'sms', '첫째')
    want('01000020005', 'sms', '둘째', 'failed')
    const rows = await until('both have ended', () => ask('smsList', { mid: reply.msg_id, page: 1, page_size: 30 }), ({ list }) => list.every((row) => row.sms_state !== '전송중'))
    same('states', rows.list.map((row) => row.sms_state === '발송완료'), [true, false])
  },

  'a text for later is cancelled': async () => {
    const at = korean(60)
    const reply = await ask('send', { sender, receiver: '01010000006', msg: '나중에', msg_type: 'SMS', rdate: at.slice(0, 8), rtime: at.slice(8, 12) })
    like('send', reply, { result_code: '1', success_cnt: 1 })
    const listed = (await ask('list', { page: 1, page_size: 50 })).list.find((row) => row.mid === reply.msg_id)
    like('listed', listed, { reserve_state: '예약대기중', reserve: written })
    like('cancel', await ask('cancel', { mid: reply.msg_id }), { result_code: '1', cancel_date: written })
    like('cancelled', (await ask('list')).list.find((row) => row.mid === reply.msg_id), { reserve_state: '예약취소' })
    like('cancel again', await ask('cancel', { mid: reply.msg_id }), { result_code: (code) => code < 0, message: written })
  },

  'requests are listed, newest first': async () => {
    const reply = await ask('list', { page: 1, page_size: 2 })
    like('list', reply, { result_code: 1, next_yn: 'Y' })
    same('rows', reply.list.map((row) => row.msg), ['나중에', '첫째'])
  },

  'a test is not sent, and who has no key is not let in': async () => {
    like('a test', await ask('send', { sender, receiver: '01010000007', msg: '시험', testmode_yn: 'Y' }), { result_code: '1', success_cnt: 1 })
    like('another key', await ask('send', { sender, receiver: '01010000007', msg: '시험' }, { key: 'x', user_id: user }), { result_code: -101 })
  },
}

const profile = { plusid: '@creditmsg', phonenumber: '01043218765' }
let senderkey = ''
let tpl_code = ''

// standing is where the template stands.
const standing = async () => (await ask('templateList', { senderkey, tpl_code }, kakao)).list[0]

const channels = {
  'a token, which older versions wanted': async () => {
    like('token', await ask('token', { type: 'i', time: 30 }, kakao), { code: 0, token: written, urlencode: written })
    like('without its time', await ask('token', { type: 'i' }, kakao), { code: 404 })
  },

  'a channel is linked by its token': async () => {
    like('profileAuth', await ask('profileAuth', profile, kakao), { code: 0 })
    const categories = (await ask('profileCategory', {}, kakao)).data.thirdBusinessType
    const add = (authnum) => ask('profileAdd', { ...profile, authnum, categorycode: categories[0].code }, kakao)
    like('a wrong token', await add('000000'), { code: (code) => code !== 0, message: written })
    const made = await add('123456')
    like('profileAdd', made, { code: 0 })
    senderkey = made.data[0].senderKey
    like('friendList', (await ask('friendList', {}, kakao)).list[0], { senderKey: senderkey, uuid: profile.plusid, status: 'A', catCode: categories[0].code })
  },

  'a template is written, rewritten and approved': async () => {
    const buttons = { button: [{ name: '보기', linkType: 'WL', linkM: 'https://m.example.com', linkP: 'https://example.com' }] }
    const made = await ask('templateAdd', { senderkey, tpl_name: '예약', tpl_content: '#{이름}님\n예약', tpl_button: JSON.stringify(buttons) }, kakao)
    like('templateAdd', made, { code: 0, data: (row) => row.inspStatus === 'REG' })
    tpl_code = made.data.templtCode
    const content = '#{이름}님\n예약이 확정되었습니다.'
    like('templateModify', await ask('templateModify', { senderkey, tpl_code, tpl_name: '예약 확정', tpl_content: content, tpl_button: JSON.stringify(buttons) }, kakao), { code: 0 })
    like('a draft', await standing(), { inspStatus: 'REG', status: 'R', templtContent: content.replaceAll('\n', '\r\n'), templtName: '예약 확정', buttons: (list) => list[0].linkType === 'WL' })
    like('templateRequest', await ask('templateRequest', { senderkey, tpl_code }, kakao), { code: 0 })
    like('under inspection', await standing(), { inspStatus: 'REQ' })
    await until('it is approved', standing, (row) => row.inspStatus === 'APR' && row.status === 'A')
    like('approved, it stays', await ask('templateDel', { senderkey, tpl_code }, kakao), { code: (code) => code !== 0 })
  },

  'a template is removed': async () => {
    const made = await ask('templateAdd', { senderkey, tpl_name: '버릴 것', tpl_content: '버릴 것' }, kakao)
    like('templateDel', await ask('templateDel', { senderkey, tpl_code: made.data.templtCode }, kakao), { code: 0 })
    same('left', (await ask('templateList', { senderkey }, kakao)).list.map((row) => row.templtCode), [tpl_code])
  },

  'alimtalk is delivered by its template, and another text is not': async () => {
    const message = (i, number, text) => ({ [`receiver_${i}`]: number, [`subject_${i}`]: '예약', [`message_${i}`]: text })
    const reply = await ask('alimtalkSend', {
      senderkey, tpl_code, sender, ...message(1, '01010000008', '김하나님\n예약이 확정되었습니다.'), ...message(2, '01010000009', '다른 말'),
    }, kakao)
    like('alimtalkSend', reply, { code: 0, info: (info) => info.scnt === 2 && info.fcnt === 0 && written(info.mid) })
    want('01010000008', 'alimtalk', '김하나님\n예약이 확정되었습니다.')
    want('01010000009', 'alimtalk', '다른 말', 'failed')
    const rows = await until('both have ended', () => ask('historyDetail', { mid: reply.info.mid }, kakao), ({ list }) => list.every((row) => row.rslt !== ''))
    same('results', rows.list.map((row) => [row.phone, row.rslt]), [['01010000008', '0'], ['01010000009', 'U']])
    like('historyList', (await ask('historyList', { page: 1, limit: 10 }, kakao)).list[0], { mid: reply.info.mid, type: 'AT', msg_count: '2' })
  },

  'alimtalk for later is cancelled': async () => {
    const reply = await ask('alimtalkSend', {
      senderkey, tpl_code, sender, senddate: korean(60), receiver_1: '01010000010', subject_1: '예약', message_1: '이두리님\n예약이 확정되었습니다.',
    }, kakao)
    like('alimtalkSend', reply, { code: 0 })
    like('kakaoCancel', await ask('kakaoCancel', { mid: reply.info.mid }, kakao), { code: (code) => code >= 0 })
    like('cancelled', (await ask('historyList', {}, kakao)).list[0], { mid: reply.info.mid, reserve_state: '예약취소' })
  },

  'what could be sent is told, and who has no key is not let in': async () => {
    like('kakaoRemain', await ask('kakaoRemain', {}, kakao), { list: (list) => list.ALT_CNT > 1_000_000 && list.SMS_CNT > 1_000_000 })
    like('another key', await ask('kakaoRemain', {}, { apikey: 'x', userid: user }), { code: -101 })
  },
}

const ends = {
  'every phone got its texts, each once': async () => {
    const all = await until('all is final', received, (legs) => legs.every((leg) => leg.outcome !== 'pending'))
    const got = all.map(({ to, channel, text, outcome }) => [to, channel, text, outcome].join(' | '))
    same('legs', got.sort(), wanted.sort())
  },

  'no function is left out but FriendTalk, which Kakao has ended': async () => {
    same('never called', Object.keys(calls).filter((name) => calls[name] === 0), ['friendTalkSend'])
  },
}

await fetch(`${address}/_sim/reset`, { method: 'POST' })
for (const [name, act] of Object.entries({ ...text, ...channels, ...ends })) {
  try {
    await act()
  } catch (e) {
    console.error(`  ${name} … FAILED\n    ${(e.stack ?? String(e)).replaceAll('\n', '\n    ')}`)
    process.exit(1)
  }
  console.log(`  ${name} … ok`)
}
const sum = Object.values(calls).reduce((all, n) => all + n, 0)
console.log(`\nALIGO OK: ${sum} calls of ${Object.keys(calls).length - 1} functions; ${wanted.length} messages, each as wanted and once.`)
