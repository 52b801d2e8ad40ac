// Runs the vendor's SDK for Node against our simulator, whose address is the argument, act
// by act, and compares what comes of it with what is wanted: the SDK's answers, its types,
// and what phones got. The first difference ends it. tools/sdk brings both together.

import * as account from './account.mjs'
import { same, until } from './check.mjs'
import * as file from './file.mjs'
import * as group from './group.mjs'
import * as kakao from './kakao.mjs'
import * as send from './send.mjs'
import { calls, received, requests, wanted } from './world.mjs'

const sum = () => Object.values(calls).reduce((all, n) => all + n, 0)

const phones = {
  'every phone got its texts, each once': async () => {
    const counts = (legs) => {
      const found = {}
      for (const { to, channel, text, subject, outcome } of legs) {
        const leg = [to, channel, text, subject, outcome].join(' | ')
        found[leg] = (found[leg] ?? 0) + 1
      }
      return found
    }
    const got = counts(await until('all is final', received, (legs) => legs.every((leg) => leg.outcome !== 'pending')))
    const want = counts(wanted)
    const differ = Object.keys({ ...got, ...want }).filter((leg) => got[leg] !== want[leg])
    same('legs that differ', differ.map((leg) => `${leg}: ${got[leg] ?? 0} times, not ${want[leg] ?? 0}`), [])
  },
}

const ends = {
  'no method of the SDK is left out, no request was made again': async () => {
    same('never called', Object.keys(calls).filter((name) => calls[name] === 0), [])
    same('requests', requests.length, sum())
  },
}

const acts = { ...account.first, ...send.acts, ...kakao.acts, ...file.acts, ...group.acts, ...phones, ...account.last, ...ends }
const longest = 120_000 // milliseconds of one act

for (const [name, act] of Object.entries(acts)) {
  const failed = (why) => {
    console.error(`  ${name} … FAILED\n    ${why.replaceAll('\n', '\n    ')}`)
    process.exit(1)
  }
  const late = setTimeout(() => failed(`it does not end within ${longest / 1000} seconds`), longest)
  await act().catch((e) => failed(e.stack ?? String(e)))
  clearTimeout(late)
  console.log(`  ${name} … ok`)
}
console.log(`\nSDK OK: ${sum()} calls of ${Object.keys(calls).length} methods; ${wanted.length} messages, each as wanted and once.`)
