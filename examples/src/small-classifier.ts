// Trains a classifier of 612 kernel weights, writes it to a file of three kilobytes, reads it back and asks it. Run it
// with `node examples/dist/small-classifier.js` after `npm ci`; it fails when the result is not what it should be.

import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataset, parseDatasetSpec } from '@dctps/lab'
import { buildSpec, Classifier, decodeModel, encodeModel, type ModelSpec, train, trainDefaults } from 'dctps'
import { nodePlatform, readFileChecked, writeFileAtomic } from 'dctps/node'

const data = await openDataset(parseDatasetSpec('fashion-mnist-12k'))
const test = data.test
assert(test !== null)

// LeNet-5, every layer the free transform plus a sparse matrix: 1% of the weights, equally many in each layer.
const spec: ModelSpec = {
  architecture: 'lenet5',
  input: { channels: 1, height: 32, width: 32 },
  classes: data.train.classes.length,
  kernel: { kind: 'dctps', alpha: 'trainable' },
  support: { type: 'random', rule: 'epl', density: 0.01, seed: 0 },
}
const { network, supports } = buildSpec(spec)
const options = { ...trainDefaults, epochs: 8, learningRate: 1e-2 }
const trainer = await train({ network, supports, dataset: data.train, options }, nodePlatform(), {
  onEpoch: ({ epoch, validationAccuracy }) => console.log(`epoch ${epoch}: ${validationAccuracy}`),
})

const { parameters } = await trainer.state()
const bytes = encodeModel({
  spec,
  network,
  supports,
  parameters,
  normalisation: trainer.normalisation,
  classNames: data.train.classes,
})
trainer.close()
const file = join(await mkdtemp(join(tmpdir(), 'dctps-')), 'fashion.dctps')
await writeFileAtomic(file, bytes)

// Whoever downloads the file needs nothing else.
const model = decodeModel(await readFileChecked(file), file)
const classifier = await Classifier.create(model, nodePlatform(1), test.shape)
const answers = await classifier.classify(test.pixels)
classifier.close()

const correct = answers.filter(({ label }, image) => label === test.labels[image]).length
const accuracy = correct / answers.length
console.log(`${file}: ${bytes.length} bytes, ${(100 * accuracy).toFixed(1)}% of the test images right`)
assert(bytes.length < 3000, `the model takes ${bytes.length} bytes`)
assert(accuracy > 0.7, `only ${accuracy} of the test images are answered right`)
