// What holds for every method: exact counts, the same supports each time and with any number of threads, and clear answers
// to what cannot be done.

import { describe, expect, test } from 'vitest'
import { buildNetwork } from '#core/models/registry'
import { kernelCount, kernelLayers } from '#core/network/network'
import { prune } from '#core/prune/prune'
import { pruningMethods } from '#core/prune/registry'
import { createRunner } from '#core/runtime/runner'
import { kernelEntries } from '#core/shape/kernel'
import {
  countOf,
  flatPositions,
  platform,
  smallDataset,
  smallNetwork,
  smallOptions,
  smallTask,
} from './small-task.js'

const names = pruningMethods.map(({ name }) => name)
/** IMP trains in every round; its counts have a test of their own. */
const quick = names.filter((name) => name !== 'imp')
const weights = kernelCount(smallNetwork())

describe.each(quick)('%s', (method) => {
  test('keeps exactly round(density x N) weights, in ascending places of their layers', async () => {
    for (const density of [1 / weights, 0.0031, 0.01, 0.1, 1 / 3, 0.5, 0.99, 1]) {
      const task = { ...smallTask(density), ...(method === 'synflow' && { steps: 20 }) }
      const { supports } = await prune(task, method, platform())
      expect(countOf(supports), `density ${density}`).toBe(Math.round(density * weights))
      for (const { id, geometry } of kernelLayers(task.network)) {
        const positions = [...supports.get(id)!]
        expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b))
        expect(positions.every((position) => position < kernelEntries(geometry))).toBe(true)
      }
    }
  })

  test('gives the same supports again, and with two threads; others for another seed', async () => {
    const task = smallTask(0.1)
    const chosen = async (threads: number, seed = task.options.seed) => {
      const { supports, hessianError } = await prune(
        { ...task, options: { ...task.options, seed } },
        method,
        platform(threads),
      )
      return [hessianError, ...flatPositions(task.network, supports)]
    }
    const first = await chosen(1)
    expect(await chosen(1)).toEqual(first)
    expect(await chosen(2)).toEqual(first)
    expect(await chosen(1, 4)).not.toEqual(first)
  })
})

describe.each(names)('%s refuses', (method) => {
  const refusal = (task: Partial<ReturnType<typeof smallTask>>) =>
    expect(async () => prune({ ...smallTask(0.1), ...task }, method, platform())).rejects

  test('DCTpS kernels, whose scores would all be 0, and says what to do', async () => {
    const refused = refusal({ network: smallNetwork('dctps') })
    await refused.toMatchObject({ code: 'usage' })
    await refusal({ network: smallNetwork('dctps') }).toThrow(
      /^\S+ prunes standard networks \(kind sparse\), received DCTpS kernels: .* every score of a weight is 0; use a random rule .*dynamic: rigl/,
    )
  })

  test('dense kernels', async () => {
    await refusal({ network: smallNetwork('dense') }).toThrow(
      'received dense kernels, which store every weight; use kind sparse',
    )
  })

  test('a density that keeps no weight', async () => {
    await refusal({ density: 0.9 / weights }).toThrow(
      `of the ${weights} weights of small is less than one weight; use at least 1/${weights}`,
    )
    await refusal({ density: 0 }).toThrow('density must be a number above 0')
    await refusal({ density: 1.5 }).toThrow('density must be a number above 0 and at most 1')
  })

  test('steps that make no sense', async () => {
    await refusal({ steps: 0 }).toThrow(/steps/)
  })
})

describe('pruning', () => {
  test('names the known methods when it does not know one', async () => {
    await expect(async () => prune(smallTask(0.1), 'synflo', platform())).rejects.toThrow(
      `unknown pruning method 'synflo' (did you mean synflow?); the methods are ${names.join(', ')}`,
    )
  })

  test('refuses a number of steps where a method has none', async () => {
    await expect(async () => prune({ ...smallTask(0.1), steps: 5 }, 'snip', platform())).rejects.toThrow(
      'snip has no number of steps to choose, received 5',
    )
  })

  test('takes the density that is one weight', async () => {
    expect(countOf((await prune(smallTask(1 / weights), 'magnitude', platform())).supports)).toBe(1)
  })

  test.each(['snip', 'force', 'synflow'])(
    '%s says that it cannot tell weights apart where kernels start at zero',
    async (method) => {
      const network = buildNetwork('fixup-resnet20', {
        input: { channels: 1, height: 32, width: 32 },
        classes: 2,
        kernel: { kind: 'sparse' },
      })
      const task = { network, dataset: smallDataset(network, 40), options: smallOptions, density: 0.1 }
      await expect(prune(task, method, platform())).rejects.toThrow(
        `${method} gives every weight of fixup-resnet20 the score 0`,
      )
    },
  )

  test('stops when it is told to, and leaves no runner open', async () => {
    const control = new AbortController()
    let open = 0
    const counted = {
      ...platform(),
      async createRunner(program: Parameters<typeof createRunner>[0]) {
        const runner = await createRunner(program, 1, null)
        open++
        const close = runner.close.bind(runner)
        runner.close = () => {
          open--
          close()
        }
        return runner
      },
    }
    for (const method of ['force', 'synflow', 'grasp']) {
      const stopping = prune(smallTask(0.1), method, counted, {
        signal: control.signal,
        onStep: () => control.abort(),
      })
      await expect(stopping).rejects.toMatchObject({ code: 'cancelled' })
      expect(open).toBe(0)
    }
  })
})
