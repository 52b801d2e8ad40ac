// Groups and lists.

import * as sdk from 'solapi'
import { fails, like, same, typed } from './check.mjs'
import { anHourAgo, done, from, number, pages, seconds, sent, solapi, text, tomorrow, want } from './world.mjs'

export const acts = {
  'fills a group, sends and reads it': async () => {
    const groupId = await solapi.createGroup(false, undefined, { batch: 'b-1' })
    like('new', await solapi.getGroup(groupId), { groupId, status: 'PENDING', customFields: { batch: 'b-1' }, allowDuplicates: false })
    const kept = [text('그룹 하나', { customFields: { ref: 'g-1' } }), text('그룹 둘'), text('그룹 셋')]
    const spare = { to: number(), from, text: '지울 것' }
    const added = await solapi.addMessagesToGroup(groupId, [...kept, spare, { ...kept[0], text: '중복' }])
    // The SDK declares errorCount as a text, which it does not read; the vendor sends a number.
    typed('added', sdk.addMessageResponseSchema, { ...added, errorCount: String(added.errorCount) })
    same('added', [added.errorCount, added.resultList.map((m) => m.statusCode)], [1, ['2000', '2000', '2000', '2000', '1026']])
    like('the first', added.resultList[0], { to: kept[0].to, from, type: 'SMS', country: '82', customFields: { ref: 'g-1' } })
    const more = await solapi.addMessagesToGroup(groupId, text('하나 더'))
    same('one more', [more.errorCount, more.resultList.length], [0, 1])
    const { messageId } = added.resultList[3]
    const removed = await solapi.removeGroupMessages(groupId, [messageId])
    typed('removed', sdk.removeGroupMessagesResponseSchema, removed)
    same('removed', removed, { groupId, errorCount: 0, resultList: [{ messageId, resultCode: 'Success' }] })
    const group = await solapi.sendGroup(groupId)
    typed('sent', sdk.groupMessageResponseSchema, group)
    like('sent', group, { groupId, status: 'SENDING' })
    same('counts', [group.count.total, group.count.registeredSuccess, group.count.registeredFailed, group.countForCharge.sms], [5, 4, 1, { 82: 4 }])
    const stored = await done(groupId)
    same('ends', stored.map((m) => m.statusCode), ['4000', '4000', '4000', '1026', '4000'])
    await fails('sent twice', sdk.ClientError, { errorCode: 'AlreadySent', httpStatus: 409 }, () => solapi.sendGroup(groupId))
    const found = await pages((page) => solapi.getGroupMessages(groupId, page), 'messageList', 2)
    same('pages', found.map((page) => page.length), [2, 2, 1])
    same('pages', found.flat(), stored.map((m) => m.messageId))
  },

  'reserves a group, takes it back, removes another': async () => {
    const groupId = await solapi.createGroup(true)
    const to = number()
    const added = await solapi.addMessagesToGroup(groupId, [{ to, from, text: '예약 1' }, { to, from, text: '예약 2' }])
    same('two for one number', added.errorCount, 0)
    const at = tomorrow()
    const reserved = await solapi.reserveGroup(groupId, at)
    typed('reserved', sdk.groupMessageResponseSchema, reserved)
    like('reserved', reserved, { status: 'SCHEDULED', allowDuplicates: true, scheduledDate: seconds(at) })
    await fails('sent', sdk.ClientError, { errorCode: 'ScheduledGroup', httpStatus: 409 }, () => solapi.sendGroup(groupId))
    await fails('removed', sdk.ClientError, { errorCode: 'NotOperationalStatus', httpStatus: 400 }, () => solapi.removeGroup(groupId))
    like('taken back', await solapi.removeReservationToGroup(groupId), { status: 'FAILED' })
    await fails('failed', sdk.ClientError, { errorCode: 'FailedGroup', httpStatus: 400 }, () => solapi.sendGroup(groupId))

    const spare = await solapi.createGroup()
    typed('removed', sdk.groupMessageResponseSchema, await solapi.removeGroup(spare))
    like('removed', await solapi.getGroup(spare), { status: 'DELETED' })
    await fails('removed', sdk.ClientError, { errorCode: 'DeletedGroup', httpStatus: 400 }, () => solapi.sendGroup(spare))
    const nobody = 'G4V20200101000000AAAAAAAAAAAAAAA'
    await fails('no such group', sdk.ClientError, { errorCode: 'ResourceNotFound', httpStatus: 404 }, () => solapi.getGroup(nobody))
    await fails('no id', sdk.ClientError, { errorCode: 'ValidationError', httpStatus: 400 }, () => solapi.getGroup('G4V'))
  },

  'lists groups': async () => {
    const mine = [await solapi.createGroup(), await solapi.createGroup(), await solapi.createGroup()].reverse()
    const listed = async (data) => Object.keys((await solapi.getGroups(data)).groupList)
    same('newest first', await listed({ limit: 3 }), mine)
    same('one', await listed({ groupId: mine[1] }), [mine[1]])
    same('of this hour', (await listed({ startDate: anHourAgo(), endDate: tomorrow() })).slice(0, 3), mine)
    same('before', await listed({ endDate: anHourAgo().toISOString() }), [])
    same('by twenty', (await listed()).length, 20)
    const found = await pages((page) => solapi.getGroups(page), 'groupList', 7)
    same('pages', found.slice(0, -1).map((page) => page.length), Array(found.length - 1).fill(7))
    same('pages', new Set(found.flat()).size, found.flat().length)
    same('pages', found.flat(), await listed({ limit: 500 }))
  },

  'lists messages': async () => {
    const messages = [text('찾기 하나'), text('찾기 둘', { from: '0269876543' }), { to: number(), from, text: '찾기 셋', subject: '찾기' }]
    want(messages[2].to, 'lms', '찾기 셋', '찾기')
    const reply = await solapi.send(messages, { showMessageList: true })
    const groupId = sent('reply', reply, 3)
    await done(groupId)
    const [a, b, c] = reply.messageList.map((m) => m.messageId)
    const listed = async (data) => Object.keys((await solapi.getMessages(data)).messageList)
    for (const [data, ids] of [
      [{ messageId: a }, [a]],
      [{ messageIds: [a, c] }, [a, c]],
      [{ groupId }, [c, b, a]],
      [{ groupId, type: 'LMS' }, [c]],
      [{ to: messages[1].to }, [b]],
      [{ from: '0269876543' }, [b]],
      [{ groupId, statusCode: '4000', from }, [c, a]],
      [{ groupId, statusCode: '2000' }, []],
      [{ groupId, startDate: anHourAgo(), endDate: tomorrow() }, [c, b, a]],
      [{ groupId, startDate: anHourAgo().toISOString(), endDate: tomorrow().toISOString(), dateType: 'UPDATED' }, [c, b, a]],
      [{ groupId, endDate: anHourAgo() }, []],
      [{ groupId, limit: 2 }, [c, b]],
      [{ groupId, limit: 2, startKey: a }, [a]],
    ]) {
      same(JSON.stringify(data), await listed(data), ids)
    }
    same('without conditions', (await listed()).slice(0, 3), [c, b, a])
    const found = (await pages((page) => solapi.getMessages(page), 'messageList', 500)).flat()
    same('pages', [new Set(found).size, found.length > 2_000], [found.length, true])
  },
}
