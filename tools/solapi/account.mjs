// The account: logins, balance, statistics.

import * as sdk from 'solapi'
import { fails, like, same } from './check.mjs'
import { anHourAgo, done, key, received, requests, secret, sent, service, solapi, text, tomorrow } from './world.mjs'

export const first = {
  'signs with the date of any time zone': async () => {
    for (const [zone, offset] of [['UTC', 'Z'], ['America/New_York', '-0[45]:00'], ['Asia/Seoul', '\\+09:00']]) {
      process.env.TZ = zone
      await solapi.getBalance()
      const header = `^HMAC-SHA256 apiKey=${key}, date=\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d${offset}, salt=[0-9A-Za-z]{32}, signature=[0-9a-f]{64}$`
      like(zone, requests.at(-1), { authorization: (got) => new RegExp(header).test(got) })
    }
    await fails('another key', sdk.ClientError, { errorCode: 'InvalidAPIKey', httpStatus: 403 }, () => service('NOBODY', secret).getBalance())
    await fails('another secret', sdk.ClientError, { errorCode: 'SignatureDoesNotMatch', httpStatus: 403 }, () => service(key, 'wrong').getBalance())
  },

  'reads the balance': async () => {
    const before = await solapi.getBalance()
    like('before', before, { balance: 1_000_000_000, point: 0 })
    await done(sent('an SMS', await solapi.send(text('잔액을 확인합니다.')), 1))
    like('after an SMS', await solapi.getBalance(), { balance: before.balance - 18, point: 0 })
  },
}

export const last = {
  'reads statistics': async () => {
    const legs = await received() // all of them final by now
    const count = (channel, outcome) => legs.filter((leg) => leg.channel === channel && (!outcome || leg.outcome === outcome)).length
    const numbers = await solapi.getStatistics({ startDate: anHourAgo(), endDate: tomorrow() })
    for (const [type, channel] of [['sms', 'sms'], ['lms', 'lms'], ['mms', 'mms'], ['ata', 'alimtalk']]) {
      const { total, successed, failed } = numbers
      same(type, [total[type], successed[type], failed[type]], [count(channel), count(channel, 'delivered'), count(channel, 'failed')])
    }
    same('all', numbers.total.total, legs.length)
    same('its days', numbers.monthPeriod.flatMap((month) => month.dayPeriod).reduce((sum, day) => sum + day.total.total, 0), legs.length)
    same('without dates', (await solapi.getStatistics()).total, numbers.total)
    same('long ago', (await solapi.getStatistics({ endDate: '2020-01-01T00:00:00Z' })).total.total, 0)
  },

  'is told that lists of blocked numbers are not simulated': async () => {
    for (const name of ['getBlacks', 'getBlockGroups', 'getBlockNumbers']) {
      await fails(name, sdk.ClientError, { errorCode: 'ResourceNotFound', httpStatus: 404 }, () => solapi[name]())
    }
  },
}
