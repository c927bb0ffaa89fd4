// Lock files: one holder at a time, and none that outlives its process.

import { spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { LockedError, takeLock, waitForLock } from '#lab/run/index'
import { temporaryFolder } from '../data/sources.js'

let root: string
beforeAll(async () => {
  root = await temporaryFolder()
})

const holder = (fields: object) =>
  JSON.stringify({ pid: process.pid, host: hostname(), startTicks: null, since: 'some day', ...fields })

async function take(file: string): Promise<string[]> {
  const notes: string[] = []
  await (await takeLock(file, (note) => notes.push(note))).release()
  return notes
}

test('of many that try at once one gets it; after it is given up the next one does', async () => {
  const file = join(root, 'many.lock')
  const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(file, () => {})))
  const taken = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  expect(taken).toHaveLength(1)
  for (const attempt of attempts) {
    if (attempt.status === 'rejected') expect(attempt.reason).toBeInstanceOf(LockedError)
  }
  await taken[0]?.release()
  expect(await take(file)).toEqual([])
})

test('a lock of a process that has ended is taken over with a note, by one only', async () => {
  const file = join(root, 'stale.lock')
  const child = spawn(process.execPath, ['-e', ''])
  await new Promise((resolve) => child.on('close', resolve))
  await writeFile(file, holder({ pid: child.pid }))
  const notes: string[] = []
  const attempts = await Promise.allSettled(
    Array.from({ length: 8 }, () => takeLock(file, (note) => notes.push(note))),
  )
  const taken = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  expect(taken).toHaveLength(1)
  expect(notes).toEqual([expect.stringMatching(`stale.lock was left by process ${child.pid} that has ended`)])
  await taken[0]?.release()
  expect((await readdir(root)).filter((name) => name.startsWith('stale'))).toEqual([])
})

test('a number of a process that was given out again does not hold a lock', async () => {
  const file = join(root, 'reused.lock')
  await writeFile(file, holder({ startTicks: '1' }))
  expect(await take(file)).toHaveLength(1)
})

test('a lock that is cut off is taken over', async () => {
  const file = join(root, 'cut.lock')
  await writeFile(file, holder({}).slice(0, 20))
  expect(await take(file)).toHaveLength(1)
})

test('a lock of another machine holds, and says what to do', async () => {
  const file = join(root, 'far.lock')
  await writeFile(file, holder({ host: 'elsewhere' }))
  await expect(takeLock(file, () => {})).rejects.toThrow(
    /far\.lock: process \d+ on elsewhere works here since some day; .*delete the file/,
  )
  expect(await readFile(file, 'utf8')).toBe(holder({ host: 'elsewhere' }))
})

test('waiting ends when the lock is given up, and when time is', async () => {
  const file = join(root, 'awaited.lock')
  const lock = await takeLock(file, () => {})
  const { signal } = new AbortController()
  let isFree = false
  setTimeout(() => {
    isFree = true
    void lock.release()
  }, 250)
  await waitForLock(file, 20, signal)
  expect(isFree).toBe(true)
  await takeLock(file, () => {})
  const begin = performance.now()
  await waitForLock(file, 0.3, signal)
  expect(performance.now() - begin).toBeGreaterThan(290)
})
