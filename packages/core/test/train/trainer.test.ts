import { describe, expect, test } from 'vitest'
import { decodeTrainState, encodeTrainState } from '#core/file/index'
import { buildSpec, type ModelSpec } from '#core/models/spec'
import { evaluate } from '#core/train/evaluate'
import { adamDefaults, sgdDefaults, type TrainOptions, trainDefaults } from '#core/train/options'
import type { TrainState } from '#core/train/state'
import type { Trainer } from '#core/train/trainer'
import { barDataset, smallSpec } from './toy-data.js'
import { openTrainer } from './trainers.js'

const dataset = barDataset(300)
const options: TrainOptions = { ...trainDefaults, epochs: 3, batch: 32, learningRate: 3e-3, validation: 0.1 }

async function trainer(
  changes: Partial<TrainOptions> = {},
  state: TrainState | null = null,
  threads = 1,
  data = dataset,
  model = smallSpec,
) {
  const { network, supports } = buildSpec(model)
  return openTrainer(
    { network, supports, dataset: data, options: { ...options, ...changes } },
    state,
    threads,
  )
}

async function finish(run: Trainer): Promise<void> {
  for await (const event of run.run()) void event
}

/** Parameters and optimiser state as one list of numbers. */
function numbers(state: TrainState): number[] {
  return [...state.parameters.values(), ...[...state.optimizer.values()].flat()].flatMap((array) => [
    ...array,
  ])
}

describe('training', () => {
  test('learns what is there to learn: unseen images are told apart after a few epochs', async () => {
    const run = await trainer({ epochs: 6 })
    await finish(run)
    const { accuracy } = await evaluate(run.runner, barDataset(100, 2))
    expect(accuracy).toBeGreaterThan(0.95)
    const losses = run.history.map((record) => record.trainLoss)
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2)
  })

  test.each([
    ['Adam', { optimizer: adamDefaults }],
    [
      'SGD with augmentation and cosine decay',
      { optimizer: sgdDefaults, schedule: { type: 'cosine' }, augmentation: { cropPadding: 2, flip: true } },
    ],
  ] satisfies [string, Partial<TrainOptions>][])(
    'a run stopped after any step and resumed through a state file ends with the same bits (%s)',
    async (_, changes) => {
      const whole = await trainer(changes)
      await finish(whole)
      const expected = await whole.state()
      // 270 training images in batches of 32: nine steps an epoch, the last one partial.
      for (const stopAfter of [1, 4, 9, 13, 18, 26]) {
        const first = await trainer(changes, null, 2)
        let steps = 0
        for await (const event of first.run()) {
          if (event.type === 'step' && ++steps === stopAfter) break
        }
        const file = {
          spec: smallSpec,
          ...buildSpec(smallSpec),
          configuration: {},
          state: await first.state(),
        }
        const restored = decodeTrainState(encodeTrainState(file), 'state')
        const second = await trainer(changes, restored.state)
        await finish(second)
        const state = await second.state()
        expect(numbers(state), `stopped after ${stopAfter} steps`).toEqual(numbers(expected))
        const untimed = (history: TrainState['history']) =>
          history.map(({ seconds, imagesPerSecond, ...record }) => record)
        expect(untimed(state.history)).toEqual(untimed(expected.history))
        expect(state.best?.epoch).toBe(expected.best?.epoch)
      }
    },
  )

  test('so does a Fixup network, whose parameters have two learning rates', async () => {
    const fixup: ModelSpec = { ...smallSpec, architecture: 'fixup-resnet20' }
    const few = barDataset(48)
    const changes = { epochs: 1, batch: 16, validation: 0 }
    const whole = await trainer(changes, null, 1, few, fixup)
    await finish(whole)
    const first = await trainer(changes, null, 2, few, fixup)
    for await (const event of first.run()) if (event.type === 'step') break
    const file = { spec: fixup, ...buildSpec(fixup), configuration: {}, state: await first.state() }
    const restored = decodeTrainState(encodeTrainState(file), 'state')
    const second = await trainer(changes, restored.state, 1, few, fixup)
    await finish(second)
    expect(numbers(await second.state())).toEqual(numbers(await whole.state()))
  })

  test('the best epoch has the highest validation accuracy, and its parameters give it again', async () => {
    const run = await trainer({ epochs: 5, validation: 0.3 })
    await finish(run)
    const best = run.best!
    const accuracies = run.history.map((record) => record.validationAccuracy!)
    expect(best.validationAccuracy).toBe(Math.max(...accuracies))
    expect(best.epoch).toBe(accuracies.indexOf(best.validationAccuracy) + 1)
    for (const [name, values] of best.parameters) run.runner.parameters.write(name, values)
    const again = await evaluate(run.runner, dataset, run.split.validation)
    expect(again.accuracy).toBe(best.validationAccuracy)
  })

  test('early stopping ends the run when validation accuracy has not risen for `patience` epochs', async () => {
    // Nothing is learnt at this rate, so the first epoch stays the best.
    const run = await trainer({ epochs: 20, learningRate: 1e-12, patience: 2 })
    const ends: string[] = []
    for await (const event of run.run()) if (event.type === 'end') ends.push(event.reason)
    expect(ends).toEqual(['earlyStopping'])
    expect(run.history.length).toBe(3)
  })

  test('frozen alpha stays, trainable alpha moves', async () => {
    for (const alpha of ['frozen', 'trainable'] as const) {
      const frozen: ModelSpec = { ...smallSpec, kernel: { kind: 'dctps', alpha } }
      const { network, supports } = buildSpec(frozen)
      const run = await openTrainer({ network, supports, dataset, options: { ...options, epochs: 1 } })
      await finish(run)
      const alphas = run.runner.parameters.parameters
        .filter(({ role }) => role === 'alpha')
        .map(({ name }) => run.runner.parameters.read(name)[0])
      expect(alphas.every((value) => value === 1)).toBe(alpha === 'frozen')
    }
  })

  test('a loss that is not finite stops the run, and names epoch and step', async () => {
    const run = await trainer({ optimizer: sgdDefaults, learningRate: 1e12 })
    await expect(finish(run)).rejects.toMatchObject({
      code: 'numeric',
      message: expect.stringMatching(/epoch 1, step \d/),
    })
    await expect(run.state()).rejects.toMatchObject({ code: 'numeric' })
  })

  test('an aborted signal stops between steps, and the state resumes', async () => {
    const run = await trainer()
    const controller = new AbortController()
    let steps = 0
    const stopped = (async () => {
      for await (const event of run.run(controller.signal)) {
        if (event.type === 'step' && ++steps === 5) controller.abort()
      }
    })()
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
    const state = await run.state()
    expect(state.step).toBeGreaterThanOrEqual(5)
    expect(state.epoch).toBe(0)
  })
})

describe('what does not fit is refused', () => {
  test.each([
    ['a batch larger than the data', { batch: 400 }, /batch of 400 is larger than the 270/],
    ['no epochs', { epochs: 0 }, /epochs/],
    ['a learning rate of zero', { learningRate: 0 }, /learning rate/],
    ['patience without validation', { patience: 3, validation: 0 }, /validation/],
    ['a normalisation of other channels', { normalisation: { mean: [0, 0], std: [1, 1] } }, /1 channels/],
    ['a validation share that holds out nothing', { validation: 0.001 }, /holds out none/],
  ] satisfies [string, Partial<TrainOptions>, RegExp][])('%s', async (_, changes, message) => {
    await expect(trainer(changes)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    })
  })

  test('data with another number of classes', async () => {
    const other = { ...dataset, classes: ['a', 'b', 'c'] }
    await expect(trainer({}, null, 1, other)).rejects.toMatchObject({ code: 'data' })
  })

  test('labels beyond the classes', async () => {
    const other = { ...dataset, labels: dataset.labels.map(() => 2) }
    await expect(trainer({}, null, 1, other)).rejects.toMatchObject({ code: 'data' })
  })
})
