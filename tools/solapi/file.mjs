// Files: a picture is uploaded and sent.

import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import * as sdk from 'solapi'
import { fails, like, same, typed } from './check.mjs'
import { done, from, number, pfId, sent, solapi, want } from './world.mjs'

const besides = (name) => fileURLToPath(new URL(name, import.meta.url))

// jpeg makes a real picture, all grey. Its codes are one bit long, "no change" and "no
// detail", so each block of 8 × 8 is two zeros.
function jpeg(width, height) {
  const segment = (mark, ...bytes) => [0xff, mark, (bytes.length + 2) >> 8, (bytes.length + 2) & 255, ...bytes]
  const oneCode = [1, ...Array(15).fill(0), 0]
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8)
  const bits = '00'.repeat(blocks).padEnd(Math.ceil(blocks / 4) * 8, '1')
  return Buffer.from([
    0xff, 0xd8,
    ...segment(0xe0, ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0),
    ...segment(0xdb, 0, ...Array(64).fill(1)),
    ...segment(0xc0, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0),
    ...segment(0xc4, 0x00, ...oneCode),
    ...segment(0xc4, 0x10, ...oneCode),
    ...segment(0xda, 1, 1, 0x00, 0, 63, 0),
    ...bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)),
    0xff, 0xd9,
  ])
}

export const acts = {
  'uploads an image and sends it as MMS': async () => {
    const path = besides('picture.jpg')
    const picture = jpeg(40, 30)
    await writeFile(path, picture)
    const file = await solapi.uploadFile(path, 'MMS', 'picture.jpg')
    typed('file', sdk.fileUploadResponseSchema, file)
    like('file', file, { type: 'MMS', name: 'picture.jpg', originalName: 'picture.jpg', width: 40, height: 30, fileSize: picture.length, link: null })
    const to = number()
    const reply = await solapi.send({ to, from, text: '사진을 보냅니다.', subject: '사진', imageId: file.fileId })
    const [stored] = await done(sent('reply', reply, 1))
    like('stored', stored, { type: 'MMS', imageId: file.fileId, subject: '사진', statusCode: '4000' })
    same('price', (await solapi.getGroup(stored.groupId)).balance.sum, 110)
    want(to, 'mms', '사진을 보냅니다.', '사진')

    const broken = besides('picture.txt')
    await writeFile(broken, 'no picture')
    await fails('no picture', sdk.ClientError, { errorCode: 'ValidationError', httpStatus: 400 }, () => solapi.uploadFile(broken, 'MMS'))
    typed('a document', sdk.fileUploadResponseSchema, await solapi.uploadFile(broken, 'DOCUMENT'))
  },

  'uploads an image for Kakao and sends it to friends': async () => {
    const path = besides('friend.jpg')
    await writeFile(path, jpeg(80, 80))
    await fails('no link', sdk.ClientError, { errorCode: 'ValidationError', httpStatus: 400 }, () => solapi.uploadFile(path, 'KAKAO'))
    const link = 'https://example.com/shop'
    const file = await solapi.uploadFile(path, 'KAKAO', 'friend.jpg', link)
    typed('file', sdk.fileUploadResponseSchema, file)
    like('file', file, { type: 'KAKAO', name: 'friend.jpg', link })
    const messages = [{ imageId: file.fileId }, {}].map((more) => ({
      to: number(), from, text: '친구에게 알립니다.', kakaoOptions: { pfId, adFlag: false, disableSms: true, ...more },
    }))
    const stored = await done(sent('reply', await solapi.send(messages), 2))
    same('types', stored.map((m) => m.type), ['CTI', 'CTA'])
    same('images', stored.map((m) => m.kakaoOptions.imageId), [file.fileId, null])
    messages.forEach((m) => want(m.to, 'friendtalk', m.text))
  },
}
