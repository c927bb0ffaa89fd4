// An image file shown to a network: where it lies, what is resized, and what a network for grey images sees of a colour.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { readPicture } from '#lab/run/index'
import { noise, png, temporaryFolder } from '../data/sources.js'

const asIs = { size: null, fit: 'fill' } as const

let root: string
beforeAll(async () => {
  root = await temporaryFolder()
})

async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(root, name), bytes)
  return join(root, name)
}

test('an image that fits lies in the middle, black around it, every pixel as it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      async (height, width) => {
        const pixels = noise(3 * height * width, height * 10 + width)
        const path = await file('small.png', await png(height, width, 3, pixels))
        const shown = await readPicture(path, { channels: 3, height: 9, width: 9 }, asIs)
        const top = Math.floor((9 - height) / 2)
        const left = Math.floor((9 - width) / 2)
        const expected = Array.from({ length: 3 * 81 }, (_, at) => {
          const row = Math.floor((at % 81) / 9) - top
          const column = (at % 9) - left
          const inside = row >= 0 && row < height && column >= 0 && column < width
          return inside ? pixels[3 * (row * width + column) + Math.floor(at / 81)] : 0
        })
        expect([...shown]).toEqual(expected)
      },
    ),
    { numRuns: 30 },
  )
})

test('one that does not fit is resized to the input, or first to the size that is asked for', async () => {
  const white = await file('white.png', await png(40, 20, 1, new Uint8Array(800).fill(255)))
  const input = { channels: 1, height: 8, width: 8 }
  expect([...(await readPicture(white, input, asIs))]).toEqual(Array(64).fill(255))
  const padded = await readPicture(white, input, { size: null, fit: 'pad' })
  expect([...padded.subarray(0, 8)]).toEqual([0, 0, 255, 255, 255, 255, 0, 0])
  const small = await readPicture(white, input, { size: { height: 4, width: 6 }, fit: 'fill' })
  const rows = Array.from({ length: 8 }, (_, row) => [...small.subarray(8 * row, 8 * row + 8)].join(' '))
  const bright = '0 255 255 255 255 255 255 0'
  const dark = '0 0 0 0 0 0 0 0'
  expect(rows).toEqual([dark, dark, bright, bright, bright, bright, dark, dark])
})

test('a network for grey images sees the brightness of a colour, and grey unchanged', async () => {
  const input = { channels: 1, height: 1, width: 4 }
  const colours = await file('colours.png', await png(1, 4, 3, [255, 0, 0, 0, 255, 0, 0, 0, 255, 77, 77, 77]))
  expect([...(await readPicture(colours, input, asIs))]).toEqual([76, 150, 29, 77])
})

test('a file that is missing or no image is refused by name', async () => {
  const input = { channels: 1, height: 4, width: 4 }
  await expect(readPicture(join(root, 'none.png'), input, asIs)).rejects.toThrow(/cannot read .*none\.png/)
  const text = await file('text.png', Buffer.from('hello'))
  await expect(readPicture(text, input, asIs)).rejects.toThrow(/text\.png is not a JPEG or PNG/)
})
