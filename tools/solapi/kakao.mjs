// Kakao: Alimtalk, and the channels and templates that it needs.

import * as sdk from 'solapi'
import { fails, like, same, typed, until, written } from './check.mjs'
import { byHand, done, from, number, pfId, sent, solapi, templateId, tomorrow, want } from './world.mjs'

// ofTemplate checks a template, whose dates the SDK has read.
function ofTemplate(what, template, parts) {
  const { dateCreated, dateUpdated } = template
  typed(what, sdk.getKakaoTemplateResponseSchema, { ...template, dateCreated: dateCreated.toISOString(), dateUpdated: dateUpdated.toISOString() })
  like(what, template, parts)
}

const owner = { searchId: '@demo', phoneNumber: '01012345678' }
const content = '#{이름}님, #{시간} 예약이 확정되었습니다.'
let channelId, id // of the channel and the template that the acts make

export const acts = {
  'sends one Alimtalk': async () => {
    const to = number()
    const button = { buttonName: '예약 보기', buttonType: 'WL', linkMo: 'https://m.example.com/1' }
    const kakaoOptions = { pfId, templateId, variables: { 이름: '김하나', '#{시간}': '3시' }, disableSms: true, buttons: [button] }
    const [stored] = await done(sent('reply', await solapi.send({ to, text: content, kakaoOptions }), 1))
    like('stored', stored, { type: 'ATA', statusCode: '4000', text: '김하나님, 3시 예약이 확정되었습니다.' })
    like('its options', stored.kakaoOptions, { pfId, templateId, disableSms: true, buttons: [button] })
    want(to, 'alimtalk', stored.text)
    const e = await fails('no such channel', sdk.MessageNotReceivedError, { totalCount: 1 }, () =>
      solapi.send({ to: number(), text: '안내', kakaoOptions: { pfId: 'KA01', templateId, disableSms: true } }))
    like('no such channel', e.failedMessageList[0], { type: 'ATA', statusCode: '1041' })
  },

  'sees the vendor send a text where an Alimtalk fails': async () => {
    const to = number('0100001')
    const reply = await solapi.send({ to, from, text: '예약이 확정되었습니다.', kakaoOptions: { pfId, templateId } })
    const [first, second] = await done(sent('reply', reply, 1))
    like('the Alimtalk', first, { type: 'ATA', to, statusCode: '3104', status: 'FAILED', replacement: false })
    like('the text', second, { type: 'SMS', to, statusCode: '4000', status: 'COMPLETE', replacement: true })
    const { count, balance } = await solapi.getGroup(first.groupId)
    like('counts', count, { total: 1, sentTotal: 2, sentSuccess: 1, sentFailed: 1, sentPending: 0, sentReplacement: 1, refund: 1 })
    same('money', balance, { requested: 13, replacement: 18, refund: 13, sum: 18 })
    want(to, 'alimtalk', first.text, '', 'failed')
    want(to, 'sms', first.text)
  },

  'links a Kakao channel': async () => {
    const categories = await solapi.getKakaoChannelCategories()
    like('categories', categories[0], { code: written, name: written })
    const token = await solapi.requestKakaoChannelToken(owner)
    typed('token', sdk.requestKakaoChannelTokenResponseSchema, token)
    same('token', token, { success: true })
    const channel = await solapi.createKakaoChannel({ ...owner, categoryCode: categories[0].code, token: '123456' })
    typed('channel', sdk.createKakaoChannelResponseSchema, channel)
    channelId = channel.channelId
    like('channel', await solapi.getKakaoChannel(channelId), { channelId, ...owner, dateCreated: (date) => date instanceof Date })
    for (const [data, ids] of [
      [undefined, [channelId]],
      [{ channelId, limit: 1 }, [channelId]],
      [{ searchId: '@demo' }, [channelId]],
      [{ searchId: '@other' }, []],
      [{ phoneNumber: owner.phoneNumber, isMine: true }, [channelId]],
      [{ categoryCode: categories[0].code }, [channelId]],
      [{ categoryCode: categories[1].code }, []],
      [{ startDate: tomorrow() }, []],
      [{ endDate: tomorrow() }, [channelId]],
    ]) {
      same(`channels ${JSON.stringify(data)}`, (await solapi.getKakaoChannels(data)).channelList.map((c) => c.channelId), ids)
    }
  },

  'writes a template and has it reviewed': async () => {
    const [category] = await solapi.getKakaoAlimtalkTemplateCategories()
    const parts = {
      name: '예약', content: '#{이름}님 예약', messageType: 'EX', extra: '부가 정보', emphasizeType: 'TEXT', emphasizeTitle: '예약', securityFlag: true,
      quickReplies: [{ name: '문의', linkType: 'BK' }],
      buttons: [{ buttonName: '보기', buttonType: 'WL', linkMo: 'https://m.example.com', linkPc: 'https://example.com' }],
    }
    const made = await solapi.createKakaoAlimtalkTemplate({ ...parts, channelId, categoryCode: category.code, emphasizeSubTitle: '확정' })
    id = made.templateId
    ofTemplate('made', made, { ...parts, status: 'PENDING', channelId, assignType: 'CHANNEL', emphasizeSubtitle: '확정', variables: [{ name: '#{이름}' }] })
    const variables = [{ name: '#{이름}' }, { name: '#{시간}' }]
    ofTemplate('rewritten', await solapi.updateKakaoAlimtalkTemplate(id, { content }), { ...parts, content, variables })
    ofTemplate('renamed', await solapi.updateKakaoAlimtalkTemplateName(id, '예약 확정'), { ...parts, name: '예약 확정', content })
    await fails('nothing to take back', sdk.ClientError, { httpStatus: 400 }, () => solapi.cancelInspectionKakaoAlimtalkTemplate(id))
    const submit = () => byHand('PUT', `/kakao/v2/templates/${id}/inspection`)
    await submit()
    ofTemplate('taken back', await solapi.cancelInspectionKakaoAlimtalkTemplate(id), { status: 'PENDING' })
    await submit()
    ofTemplate('approved', await until('the review', () => solapi.getKakaoAlimtalkTemplate(id), (t) => t.status === 'APPROVED'), { name: '예약 확정', content })
    for (const [data, ids] of [
      [undefined, [id]],
      [{ name: '확정' }, [id]],
      [{ name: { like: '취소' } }, []],
      [{ name: { eq: '예약 확정' } }, [id]],
      [{ name: { ne: '예약 확정' } }, []],
      [{ status: 'APPROVED', isHidden: false, channelId, templateId: id, limit: 5 }, [id]],
      [{ status: 'REJECTED' }, []],
      [{ startDate: tomorrow() }, []],
      [{ endDate: tomorrow() }, [id]],
    ]) {
      same(`templates ${JSON.stringify(data)}`, (await solapi.getKakaoAlimtalkTemplates(data)).templateList.map((t) => t.templateId), ids)
    }
  },

  'sends many with variables of their own': async () => {
    const messages = [['김하나', '3시'], ['이두리', '4시']].map(([이름, 시간]) => ({
      to: number(), kakaoOptions: { pfId: channelId, templateId: id, variables: { 이름, 시간 }, disableSms: true },
    }))
    const stored = await done(sent('reply', await solapi.send(messages), 2))
    same('texts', stored.map((m) => m.text), ['김하나님, 3시 예약이 확정되었습니다.', '이두리님, 4시 예약이 확정되었습니다.'])
    messages.forEach(({ to }, n) => want(to, 'alimtalk', stored[n].text))
    const kakaoOptions = { ...messages[0].kakaoOptions, variables: { 이름: '김하나' } }
    const e = await fails('one is missing', sdk.MessageNotReceivedError, { totalCount: 1 }, () => solapi.send({ to: number(), kakaoOptions }))
    like('one is missing', e.failedMessageList[0], { type: 'ATA', statusCode: '1043' })
  },

  'removes templates and channels': async () => {
    await fails('an approved one', sdk.ClientError, { errorCode: 'ValidationError', httpStatus: 400 }, () => solapi.removeKakaoAlimtalkTemplate(id))
    const spare = await solapi.createKakaoAlimtalkTemplate({ channelId, name: '안내', content: '안내입니다.', categoryCode: 'x' })
    const { templateId } = spare
    ofTemplate('removed', await solapi.removeKakaoAlimtalkTemplate(templateId), { templateId })
    await fails('removed', sdk.ClientError, { errorCode: 'ResourceNotFound', httpStatus: 404 }, () => solapi.getKakaoAlimtalkTemplate(templateId))
    like('unlinked', await solapi.removeKakaoChannel(channelId), { channelId, ...owner })
    same('unlinked', (await solapi.getKakaoChannels()).channelList, [])
    same('unlinked', (await solapi.getKakaoAlimtalkTemplates()).templateList, [])
  },
}
