import { expect, test } from 'vitest'
import { decodeModel, encodeModel } from '#core/file/model'
import { buildSpec } from '#core/models/spec'
import { createNodeRunner } from '#core/node'
import { Classifier } from '#core/predict/classifier'
import type { Program } from '#core/program/program'
import { trainDefaults } from '#core/train/options'
import { train } from '#core/train/train'
import { ReferenceNetwork } from '../reference/network.js'
import { barDataset, smallSpec } from '../train/toy-data.js'

const platform = { createRunner: (program: Program) => createNodeRunner(program, 1) }

test('a trained model, written and read, answers as the float64 reference does, whatever the batch', async () => {
  const { network, supports } = buildSpec(smallSpec)
  const epochs: number[] = []
  const options = { ...trainDefaults, epochs: 5, batch: 32, learningRate: 3e-3 }
  const trainer = await train({ network, supports, dataset: barDataset(300), options }, platform, {
    onEpoch: (record) => void epochs.push(record.epoch),
  })
  expect(epochs).toEqual([1, 2, 3, 4, 5])
  const { normalisation } = trainer
  const values = (await trainer.state()).parameters
  trainer.close()
  const classNames = ['row', 'column']
  const bytes = encodeModel({
    spec: smallSpec,
    network,
    supports,
    parameters: values,
    normalisation,
    classNames,
  })

  const unseen = barDataset(20, 9)
  const input = new Float64Array(20 * 32 * 32).fill(-normalisation.mean[0]! / normalisation.std[0]!)
  unseen.pixels.forEach((byte, i) => {
    const [image, row, column] = [Math.floor(i / 784), Math.floor((i % 784) / 28), i % 28]
    input[(image * 32 + row + 2) * 32 + column + 2] =
      (byte / 255 - normalisation.mean[0]!) / normalisation.std[0]!
  })
  const logits = new ReferenceNetwork(network, supports, values).forward(input, 'eval')

  for (const batch of [1, 7, 32]) {
    const classifier = await Classifier.create(decodeModel(bytes, 'model'), platform, unseen.shape, batch)
    const answers = await classifier.classify(unseen.pixels)
    classifier.close()
    answers.forEach((answer, i) => {
      const [a, b] = [logits[2 * i]!, logits[2 * i + 1]!]
      expect(answer.probabilities[0]).toBeCloseTo(1 / (1 + Math.exp(b - a)), 4)
      expect(answer.className).toBe(a > b ? 'row' : 'column')
    })
    const correct = answers.filter((answer, i) => answer.label === unseen.labels[i]).length
    expect(correct).toBeGreaterThan(18)
  }
})

test('bytes that are not whole images are refused', async () => {
  const { network, supports } = buildSpec(smallSpec)
  const parameters = new Map()
  const model = {
    spec: smallSpec,
    network,
    supports,
    parameters,
    normalisation: { mean: [0], std: [1] },
    classNames: ['a', 'b'],
  }
  const classifier = await Classifier.create(model, platform)
  await expect(classifier.classify(new Uint8Array(1000))).rejects.toMatchObject({ code: 'data' })
  classifier.close()
})
