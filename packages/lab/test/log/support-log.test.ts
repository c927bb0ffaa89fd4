import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSupportLog, SupportLog, type SupportUpdate } from '#lab/log/support-log'

const newPath = async () => join(await mkdtemp(join(tmpdir(), 'support-')), 'support.jsonl')

function update(step: number): SupportUpdate {
  const layers = [
    { layer: 'convs.0', stored: 120, moved: step % 7 },
    { layer: 'linear', stored: 3, moved: 0 },
  ]
  return { step, moved: step % 7, layers }
}

async function written(updates: readonly SupportUpdate[]): Promise<string> {
  const path = await newPath()
  const log = await SupportLog.open(path, { keepBeforeStep: 0 })
  for (const each of updates) await log.append(each)
  await log.close()
  return path
}

describe('the log of moved entries', () => {
  test('gives back what was written, one line of JSON an update', async () => {
    const updates = [update(100), update(200)]
    const path = await written(updates)
    const lines = (await readFile(path, 'utf8')).split('\n')
    expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toEqual(updates)
    expect(lines.slice(2)).toEqual([''])
    expect(await readSupportLog(path)).toEqual(updates)
  })

  test('is cut back to the steps that the resumed state has behind it', async () => {
    for (const [steps, left] of [
      [300, [100, 200]],
      [301, [100, 200, 300]],
      [0, []],
    ] as const) {
      const path = await written([update(100), update(200), update(300)])
      const log = await SupportLog.open(path, { keepBeforeStep: steps })
      await log.append(update(400))
      await log.close()
      expect((await readSupportLog(path)).map(({ step }) => step)).toEqual([...left, 400])
    }
  })

  test('cut anywhere in its last line reads as the lines before it', async () => {
    const path = await written([update(100), update(200)])
    const whole = await readFile(path)
    for (let length = whole.indexOf(10) + 1; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length))
      expect(await readSupportLog(path)).toEqual([update(100)])
    }
  })

  test.each([
    ['not JSON', '{"step":'],
    ['a count below 0', JSON.stringify({ ...update(200), moved: -1 })],
    ['an unknown field', JSON.stringify({ ...update(200), extra: 1 })],
    ['a layer without a name', JSON.stringify({ ...update(200), layers: [{ stored: 1, moved: 0 }] })],
  ])('with a line that is %s is refused by its line, and left as it was', async (_, line) => {
    const path = await newPath()
    const text = `${JSON.stringify(update(100))}\n${line}\n${JSON.stringify(update(300))}\n`
    await writeFile(path, text)
    await expect(readSupportLog(path)).rejects.toThrow(/line 2 is damaged/)
    await expect(SupportLog.open(path, { keepBeforeStep: 150 })).rejects.toMatchObject({ code: 'file' })
    expect(await readFile(path, 'utf8')).toBe(text)
  })
})
