import { describe, expect, test } from 'vitest'
import { decodeTrainState, encodeTrainState } from '#core/file/index'
import { buildSpec, type ModelSpec } from '#core/models/spec'
import { kernelLayers, type Network, NetworkBuilder } from '#core/network/network'
import type { Supports } from '#core/network/parameters'
import { Key } from '#core/random/key'
import { kernelEntries } from '#core/shape/kernel'
import { randomPositions } from '#core/support/index'
import type { ImageDataset } from '#core/train/dataset'
import type { TrainEvent } from '#core/train/events'
import {
  adamDefaults,
  type DynamicOptions,
  sgdDefaults,
  type TrainOptions,
  trainDefaults,
} from '#core/train/options'
import type { TrainTask } from '#core/train/setup'
import type { TrainState } from '#core/train/state'
import type { Trainer } from '#core/train/trainer'
import { barDataset, smallSpec } from '../train/toy-data.js'
import { openTrainer } from '../train/trainers.js'

type SupportEvent = Extract<TrainEvent, { type: 'support' }>

async function finish(run: Trainer, onMove: (event: SupportEvent) => void | Promise<void> = () => {}) {
  for await (const event of run.run()) if (event.type === 'support') await onMove(event)
}

const often = { updateEvery: 4, dropFraction: 0.5, updateUntil: 0.9 }

/** 270 training images in batches of 32: nine steps an epoch, the last one partial. */
function lenet(dynamic: DynamicOptions, changes: Partial<TrainOptions> = {}): TrainTask {
  const options = { ...trainDefaults, epochs: 3, batch: 32, learningRate: 3e-3, dynamic, ...changes }
  return { ...buildSpec(smallSpec), dataset: barDataset(300), options }
}

/** Values, optimiser state and supports as one list of numbers. */
function numbers({ parameters, optimizer, supports, best }: TrainState): number[] {
  const arrays = [...parameters.values(), ...[...optimizer.values()].flat(), ...supports.values()]
  const ofBest = best === null ? [] : [...best.parameters.values(), ...best.supports.values()]
  return [...arrays, ...ofBest].flatMap((array) => [...array])
}

function expectValid(network: Network, supports: Supports, counts: Supports): void {
  for (const { id, geometry, name } of kernelLayers(network)) {
    const support = supports.get(id)!
    expect(support.length, name).toBe(counts.get(id)!.length)
    support.forEach((position, entry) => {
      expect(position, name).toBeLessThan(kernelEntries(geometry))
      if (entry > 0) expect(position, name).toBeGreaterThan(support[entry - 1]!)
    })
  }
}

describe.each(['rigl', 'set'] as const)('training with %s', (type) => {
  const dynamic = { type, ...often }

  test.each([
    ['Adam', { optimizer: adamDefaults }],
    ['SGD', { optimizer: sgdDefaults }],
  ])(
    'moves entries, each layer keeping its count; what moved starts at 0 with no optimiser state (%s)',
    async (_, changes) => {
      const task = lenet(dynamic, changes)
      const run = await openTrainer(task)
      let before = run.supports
      const steps: number[] = []
      await finish(run, async ({ step, moved, layers }) => {
        steps.push(step)
        expectValid(task.network, run.supports, task.supports)
        const after = await run.state()
        let arrived = 0
        for (const { id, name } of kernelLayers(task.network)) {
          const old = new Set(before.get(id)!)
          const support = run.supports.get(id)!
          const fresh = [...support.keys()].filter((entry) => !old.has(support[entry]!))
          expect(layers.find(({ layer }) => layer === name)?.moved ?? 0, name).toBe(fresh.length)
          arrived += fresh.length
          // After SET's update the optimiser has stepped once.
          if (type === 'set') continue
          const parameter = run.runner.parameters.parameters.find(
            ({ layer, role }) => layer === id && role === 'kernel',
          )!
          for (const vector of [
            after.parameters.get(parameter.name)!,
            ...after.optimizer.get(parameter.name)!,
          ])
            expect(
              fresh.map((entry) => vector[entry]),
              name,
            ).toEqual(fresh.map(() => 0))
        }
        expect(moved).toBe(arrived)
        // The last ones move next to nothing.
        if (step <= 16) expect(moved).toBeGreaterThan(0)
        before = run.supports
      })
      // 27 steps, updates before 24.3.
      expect(steps).toEqual([4, 8, 12, 16, 20, 24])
      expect(run.step).toBe(27)
    },
  )

  test('a run stopped after any step and resumed through a state file ends with the same bits, with 1, 2 and 3 threads', async () => {
    const whole = await openTrainer(lenet(dynamic))
    await finish(whole)
    const expected = numbers(await whole.state())
    // Right before, at and right after updates, between them, and at the ends of epochs.
    for (const stopAfter of [3, 4, 5, 9, 24, 25]) {
      const first = await openTrainer(lenet(dynamic), null, 2)
      let steps = 0
      for await (const event of first.run()) if (event.type === 'step' && ++steps === stopAfter) break
      const stored: ModelSpec = { ...smallSpec, support: { type: 'explicit' } }
      const { network } = buildSpec(smallSpec)
      const file = { spec: stored, network, configuration: {}, state: await first.state() }
      const restored = decodeTrainState(encodeTrainState(file), 'state')
      expect(numbers(restored.state)).toEqual(numbers(file.state))
      const second = await openTrainer(lenet(dynamic), restored.state, 3)
      await finish(second)
      expect(numbers(await second.state()), `stopped after ${stopAfter} steps`).toEqual(expected)
    }
  })

  test('so does one that is stopped by the event of an update', async () => {
    const whole = await openTrainer(lenet(dynamic))
    await finish(whole)
    const first = await openTrainer(lenet(dynamic))
    let stopped = 0
    for await (const event of first.run()) {
      if (event.type !== 'support' || event.step !== 8) continue
      stopped = event.step
      break
    }
    expect(stopped).toBe(8)
    const state = await first.state()
    expect(state.step).toBe(9)
    const second = await openTrainer(lenet(dynamic), state)
    await finish(second)
    expect(numbers(await second.state())).toEqual(numbers(await whole.state()))
  })
})

test('RigL leaves the values that stay as they were: its update takes the place of a step', async () => {
  const task = lenet({ type: 'rigl', ...often })
  const run = await openTrainer(task)
  let last = new Map<string, Float32Array>()
  let before: Supports = run.supports
  let compared = 0
  for await (const event of run.run()) {
    if (event.type === 'support') {
      for (const { layer, role, name } of run.runner.parameters.parameters) {
        const values = run.runner.parameters.read(name)
        if (role === 'mean' || role === 'variance') continue
        if (role !== 'kernel') {
          expect(values, name).toEqual(last.get(name))
          continue
        }
        const at = new Map(
          Array.from(before.get(layer)!, (position, entry) => [position, last.get(name)![entry]]),
        )
        run.supports.get(layer)!.forEach((position, entry) => {
          if (values[entry] === 0) return
          expect(values[entry], name).toBe(at.get(position))
          compared++
        })
      }
    } else if (event.type === 'step') {
      // Several steps are under way when one is counted: only an update waits for all of them.
      await run.runner.idle()
      last = new Map(
        run.runner.parameters.parameters.map(({ name }) => [name, run.runner.parameters.read(name)]),
      )
      before = run.supports
    }
  }
  expect(compared).toBeGreaterThan(500)
})

test('SET takes the same positions in every run, and others with another seed', async () => {
  const supportsOf = async (seed: number) => {
    const run = await openTrainer(lenet({ type: 'set', ...often }, { seed, epochs: 1 }))
    await finish(run)
    return [...run.supports.values()].map((support) => [...support])
  }
  const once = await supportsOf(1)
  expect(await supportsOf(1)).toEqual(once)
  expect(await supportsOf(2)).not.toEqual(once)
})

test('dense kernels have nothing to move', async () => {
  const dense: ModelSpec = {
    ...smallSpec,
    kernel: { kind: 'dense', alpha: 'trainable' },
    support: { type: 'dense' },
  }
  const task = { ...lenet({ type: 'rigl', ...often }), ...buildSpec(dense) }
  await expect(openTrainer(task)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('all its kernels are dense'),
  })
})

test.each([
  ['no steps between updates', { updateEvery: 0 }, /updates/],
  ['a drop fraction of 0', { dropFraction: 0 }, /drop fraction/],
  ['a drop fraction above 1', { dropFraction: 1.5 }, /drop fraction/],
  ['an end beyond the run', { updateUntil: 1.1 }, /share of steps/],
])('%s is refused', async (_, changes, message) => {
  await expect(openTrainer(lenet({ type: 'rigl', ...often, ...changes }))).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(message),
  })
})

describe('on a planted problem, whose labels come from a sparse linear teacher', () => {
  const side = 8
  const inputs = side * side
  const classes = 10
  const entries = inputs * classes
  const count = 64
  const key = Key.fromSeed(11)
  const planted = randomPositions(key.fold('teacher'), entries, count)

  function plantedData(images: number): ImageDataset {
    const pixels = new Uint8Array(images * inputs)
    for (let i = 0; i < pixels.length; i++) pixels[i] = Math.floor(256 * key.fold('pixels').uniform(i))
    const signs = key.fold('signs')
    const labels = Uint16Array.from({ length: images }, (_, image) => {
      const logits = new Float64Array(classes)
      planted.forEach((position, entry) => {
        const sign = signs.uniform(entry) < 0.5 ? -1 : 1
        logits[Math.floor(position / inputs)]! +=
          sign * (pixels[image * inputs + (position % inputs)]! - 127.5)
      })
      return logits.indexOf(Math.max(...logits))
    })
    const shape = { channels: 1, height: side, width: side }
    return {
      name: 'planted',
      shape,
      classes: Array.from({ length: classes }, (_, c) => `class ${c}`),
      pixels,
      labels,
    }
  }

  /** Share of the teacher's positions that a student of as many weights ends with. */
  async function found(dataset: ImageDataset, dynamic: DynamicOptions | null, seed: number): Promise<number> {
    const builder = new NetworkBuilder(
      'student',
      { channels: 1, height: side, width: side },
      { kind: 'sparse' },
    )
    const id = builder.linear('head', builder.flatten(builder.input), classes, { bias: false })
    const network = builder.build()
    const supports = new Map([[id, randomPositions(Key.fromSeed(seed).fold('student'), entries, count)]])
    const options = {
      ...trainDefaults,
      ...{ epochs: 8, learningRate: 0.02, validation: 0, seed, dynamic },
      optimizer: { ...adamDefaults, weightDecay: 0 },
    }
    const run = await openTrainer({ network, supports, dataset, options })
    await finish(run)
    const support = new Set(run.supports.get(id))
    return planted.reduce((sum, position) => sum + (support.has(position) ? 1 : 0), 0) / count
  }

  test('RigL finds markedly more of its support than a static random one, and than SET', async () => {
    const dataset = plantedData(4000)
    const moving = { updateEvery: 10, dropFraction: 0.3, updateUntil: 0.75 }
    for (const seed of [1, 2, 3]) {
      const fixed = await found(dataset, null, seed)
      const set = await found(dataset, { type: 'set', ...moving }, seed)
      const rigl = await found(dataset, { type: 'rigl', ...moving }, seed)
      expect(fixed).toBeLessThan(0.25)
      expect(rigl).toBeGreaterThan(fixed + 0.4)
      expect(rigl).toBeGreaterThan(set)
    }
  })
})
