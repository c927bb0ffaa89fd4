import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EpochRecord } from 'dctps'
import { describe, expect, test } from 'vitest'
import { MetricsLog, readMetrics } from '#lab/log/metrics'

const newPath = async () => join(await mkdtemp(join(tmpdir(), 'metrics-')), 'metrics.jsonl')

function record(epoch: number, changes: Partial<EpochRecord> = {}): EpochRecord {
  return {
    epoch,
    step: 79 * epoch,
    learningRate: 0.01,
    trainLoss: 1 / epoch + 1e-17,
    trainAccuracy: 0.1 * epoch,
    validationLoss: 2 / epoch,
    validationAccuracy: 0.3,
    seconds: 1.5,
    imagesPerSecond: 6789.25,
    ...changes,
  }
}

async function written(records: readonly EpochRecord[]): Promise<string> {
  const path = await newPath()
  const log = await MetricsLog.open(path, { keepThroughEpoch: 0 })
  for (const each of records) await log.append(each)
  await log.close()
  return path
}

describe('the metrics file', () => {
  test('gives back what was written, one line of JSON an epoch', async () => {
    const records = [record(1), record(2, { validationLoss: null, validationAccuracy: null })]
    const path = await written(records)
    const lines = (await readFile(path, 'utf8')).split('\n')
    expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toEqual(records)
    expect(lines.slice(2)).toEqual([''])
    expect(await readMetrics(path)).toEqual(records)
  })

  test('keeps losses that are not finite', async () => {
    const records = [
      record(1, { trainLoss: Number.NaN, validationLoss: Number.POSITIVE_INFINITY }),
      record(2, { trainLoss: Number.NEGATIVE_INFINITY }),
    ]
    expect(await readMetrics(await written(records))).toEqual(records)
  })

  test('is cut back to the epoch of the resumed state, and goes on from there', async () => {
    const path = await written([record(1), record(2), record(3)])
    const log = await MetricsLog.open(path, { keepThroughEpoch: 2 })
    expect(log.records).toEqual([record(1), record(2)])
    await log.append(record(3, { trainLoss: 9 }))
    await log.close()
    expect(await readMetrics(path)).toEqual([record(1), record(2), record(3, { trainLoss: 9 })])
  })

  test('begins anew where no epoch is kept', async () => {
    const path = await written([record(1)])
    await (await MetricsLog.open(path, { keepThroughEpoch: 0 })).close()
    expect(await readFile(path, 'utf8')).toBe('')
  })

  test('cut anywhere in its last line reads as the lines before it, and can be resumed', async () => {
    const path = await written([record(1), record(2)])
    const whole = await readFile(path)
    const firstLine = whole.indexOf(10) + 1
    for (let length = firstLine; length < whole.length - 1; length++) {
      await writeFile(path, whole.subarray(0, length))
      expect(await readMetrics(path)).toEqual([record(1)])
    }
    await writeFile(path, whole.subarray(0, whole.length - 1))
    expect(await readMetrics(path)).toEqual([record(1), record(2)])
    await writeFile(path, whole.subarray(0, firstLine + 9))
    const log = await MetricsLog.open(path, { keepThroughEpoch: 1 })
    await log.append(record(2))
    await log.close()
    expect(await readFile(path)).toEqual(whole)
  })

  test.each([
    ['a line that is not JSON', '{"epoch":', /line 2 is damaged \(not JSON\)/],
    ['an empty line', '', /line 2 is damaged \(not JSON\)/],
    [
      'a missing field',
      JSON.stringify({ ...record(2), seconds: undefined }),
      /line 2 is damaged \(seconds: .*number/,
    ],
    [
      'an accuracy above 1',
      JSON.stringify(record(2, { trainAccuracy: 1.5 })),
      /line 2 is damaged \(trainAccuracy/,
    ],
    ['an unknown field', JSON.stringify({ ...record(2), extra: 1 }), /line 2 is damaged \(record: .*extra/],
    ['an epoch twice', JSON.stringify(record(1)), /line 2 is damaged \(epoch 1 follows epoch 1\)/],
  ])('with %s is refused by its line, and left as it was', async (_, line, message) => {
    const path = await newPath()
    const text = `${JSON.stringify(record(1))}\n${line}\n${JSON.stringify(record(3))}\n`
    await writeFile(path, text)
    await expect(readMetrics(path)).rejects.toThrow(message)
    await expect(MetricsLog.open(path, { keepThroughEpoch: 1 })).rejects.toMatchObject({ code: 'file' })
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  test('missing on resume is an error that names it', async () => {
    const path = await newPath()
    await expect(MetricsLog.open(path, { keepThroughEpoch: 3 })).rejects.toThrow(path)
  })

  test('takes epochs in order only', async () => {
    const log = await MetricsLog.open(await newPath(), { keepThroughEpoch: 0 })
    await log.append(record(2))
    await expect(log.append(record(2))).rejects.toThrow(/already ends at epoch 2/)
    await log.close()
  })
})
