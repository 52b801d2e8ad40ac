// Comparisons, which end an act by saying what was got and what was wanted.

import { inspect, isDeepStrictEqual } from 'node:util'
import { Schema } from 'effect' // comes with the SDK, whose types are written in it

const shown = (value) => inspect(value, { depth: 8, breakLength: 120, maxStringLength: 2000 })

// same wants two values to be equal in every part.
export function same(what, got, want) {
  if (!isDeepStrictEqual(got, want)) throw new Error(`${what}: got ${shown(got)}\nwant ${shown(want)}`)
}

// like wants an object to have at least the parts of another. Where that has a function, it
// must hold for the part.
export function like(what, got, want) {
  for (const [name, part] of Object.entries(want)) {
    const mine = got?.[name]
    const holds = typeof part === 'function' ? part(mine) : isDeepStrictEqual(mine, part)
    if (!holds) throw new Error(`${what}: got ${name} ${shown(mine)}\nwant ${shown(part)}\nin ${shown(got)}`)
  }
}

// written wants a text with something in it.
export const written = (text) => typeof text === 'string' && text.length > 0

// typed wants a reply to be what the SDK declares: most of them it hands on unread.
export function typed(what, schema, reply) {
  try {
    Schema.decodeUnknownSync(schema)(reply)
  } catch (e) {
    throw new Error(`${what}: the SDK declares another type: ${e.message}\ngot ${shown(reply)}`)
  }
}

// fails wants an act to end with an error of a class of the SDK that has these parts.
export async function fails(what, kind, parts, act) {
  let reply
  try {
    reply = await act()
  } catch (e) {
    if (!(e instanceof kind)) throw new Error(`${what}: got ${e}\nwant ${kind.name}`)
    like(what, e, parts)
    return e
  }
  throw new Error(`${what}: got ${shown(reply)}\nwant ${kind.name}`)
}

// until asks again and again until the answer holds, and returns it.
export async function until(what, ask, holds) {
  for (const end = Date.now() + 20_000; ; ) {
    const got = await ask()
    if (holds(got)) return got
    if (Date.now() > end) throw new Error(`${what}: it does not come about; the last answer is ${shown(got)}`)
    await new Promise((go) => setTimeout(go, 50))
  }
}
