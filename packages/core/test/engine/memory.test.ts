import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const mebibyte = 2 ** 20

/** Runs a script of this folder in a process of its own and gives back what it prints as JSON. */
function child<T>(script: string, nodeFlags: readonly string[], ...args: string[]): T {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeFlags, path, ...args], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

describe('1,000 training steps of LeNet-5', () => {
  test.each(['1', '2'])('with %s threads leave heap, buffers and resident memory flat', (threads) => {
    const held = child<{ heapUsed: number; arrayBuffers: number; rss: number }[]>(
      'long-run.child.js',
      ['--expose-gc'],
      '1000',
      threads,
    )
    // The first half is for the engine's own compilers to settle.
    const middle = held[held.length / 2]!
    const last = held.at(-1)!
    // Room for compiled code; an object kept in each of the 500 steps would take more.
    expect(last.heapUsed - middle.heapUsed).toBeLessThan(64 * 1024)
    expect(last.arrayBuffers - middle.arrayBuffers).toBeLessThan(64 * 1024)
    expect(last.rss - middle.rss).toBeLessThan(8 * mebibyte)
  })
})

describe('a DCTpS linear layer 8192 -> 8192 at 0.01% density', () => {
  test('trains within 300 MiB above the idle process and a MiB of code, where its dense state would be 1 GiB', () => {
    const run = child<{
      idle: number
      peak: number
      losses: number[]
      codeBytes: number
      moved: number
      nonZeros: number
    }>('wide-linear.child.js', [])
    expect((run.peak - run.idle) / mebibyte).toBeLessThan(300)
    expect(run.codeBytes).toBeLessThan(mebibyte)
    expect(run.nonZeros).toBe(6711)
    expect(run.moved, 'values of S that training moved away from zero').toBeGreaterThan(0.99 * run.nonZeros)
    expect(run.losses[0]).toBeGreaterThan(8)
    for (let step = 1; step < run.losses.length; step++) {
      expect(run.losses[step], `loss of step ${step}`).toBeLessThan(run.losses[step - 1]!)
    }
  })
})
