// The bench as a command: its exit codes, and the JSON that scripts read.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const bench = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })

describe('npm run bench', () => {
  test.each([
    [['--network', 'lenet6'], 'lenet5'],
    [['--density', '0'], 'above 0 and at most 1'],
    [['--batch', '1.5'], 'whole number'],
    [['--threads', 'two'], 'whole number'],
    [['lenet5'], 'too many arguments'],
    [['--growth', '--kind', 'dctps'], 'cannot be used with'],
    [['--plot', 'growth.svg'], "needs option '--growth'"],
  ])('says in one line what is wrong with %j, exit code 2', (args, expected) => {
    const { status, stderr, stdout } = bench(...args)
    expect(status).toBe(2)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain(expected)
    expect(stdout).toBe('')
  })

  test('does not measure for a file that it could not write, exit code 1', () => {
    const { status, stderr } = bench('--quick', '--network', 'lenet5', '--json', '/no/such/folder/bench.json')
    expect(status).toBe(1)
    expect(stderr).toContain('/no/such/folder/bench.json')
  })

  test('says which batch would fit where the given one does not, exit code 1', () => {
    const { status, stdout } = bench('--quick', '--network', 'resnet18', '--kind', 'dctps', '--batch', '4096')
    expect(status).toBe(1)
    expect(stdout).toMatch(/Not measured: resnet18.* a batch of \d+ would fit/)
  })

  test('writes one row of steps for a narrowed case', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'dctps-bench-')), 'bench.json')
    const args = [
      '--network',
      'lenet5',
      '--kind',
      'sparse',
      '--density',
      '0.01',
      '--batch',
      '32',
      '--threads',
      '2',
    ]
    const { status } = bench('--quick', ...args, '--json', file)
    expect(status).toBe(0)
    const { steps, transforms, layers, peers, unmeasured } = JSON.parse(readFileSync(file, 'utf8'))
    expect([transforms, layers, peers, unmeasured]).toEqual([[], [], [], []])
    expect(steps).toEqual([
      {
        network: 'lenet5',
        kind: 'sparse',
        density: 0.01,
        batch: 32,
        threads: 2,
        imagesPerSecond: expect.any(Number),
        peakMegabytes: expect.any(Number),
        startSeconds: expect.any(Number),
        coldStartSeconds: expect.any(Number),
        otherLoad: expect.any(Number),
      },
    ])
    expect(steps[0].imagesPerSecond).toBeGreaterThan(10)
    // Node alone takes 30 MB; the program of this case 5.
    expect(steps[0].peakMegabytes).toBeGreaterThan(30)
    expect(steps[0].peakMegabytes).toBeLessThan(400)
  })
})
