import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeModel, encodeModel, type Model } from '#core/file/model'
import { buildSpec, type ModelSpec } from '#core/models/spec'
import { parameters } from '#core/network/parameters'
import { Key } from '#core/random/key'
import { initialValues } from '#core/train/initialise'
import { runCase } from '../engine/run.js'

/** A model with every number different from its initial value. */
function model(spec: ModelSpec, seed = 3): Model {
  const explicit = buildSpec({
    ...spec,
    support: spec.support.type === 'explicit' ? random : spec.support,
  }).supports
  const { network, supports } = buildSpec(spec, explicit)
  const key = Key.fromSeed(seed)
  const values = new Map(
    [...initialValues(network, supports, key)].map(([name, array], index) => {
      const own = key.fold('value', index)
      // Variances and scales stay positive.
      return [name, array.map((value, i) => Math.abs(value) + 0.5 * own.uniform(i))]
    }),
  )
  return {
    spec,
    network,
    supports,
    parameters: values,
    normalisation: { mean: [0.25, 0.5, 0.75], std: [0.1, 0.2, 0.3] },
    classNames: ['cat', 'dog', 'Zähne', ''],
  }
}

const random = { type: 'random', rule: 'erk', density: 0.03, seed: 11 } as const
const spec: ModelSpec = {
  architecture: 'resnet8',
  input: { channels: 3, height: 32, width: 32 },
  classes: 4,
  kernel: { kind: 'dctps', alpha: 'trainable' },
  support: random,
}

describe('a model file gives back what was written', () => {
  test.each([
    ['random support', spec],
    ['explicit support', { ...spec, support: { type: 'explicit' } }],
    ['dense', { ...spec, kernel: { kind: 'dense', alpha: 'trainable' }, support: { type: 'dense' } }],
    ['sparse, frozen alpha', { ...spec, kernel: { kind: 'sparse', alpha: 'frozen' } }],
  ] satisfies [string, ModelSpec][])('%s', (_, original) => {
    const written = model(original)
    const read = decodeModel(encodeModel(written), 'model.dctps')
    expect(read.spec).toEqual(written.spec)
    expect(read.supports).toEqual(written.supports)
    expect([...read.parameters]).toEqual([...written.parameters].map(([name, values]) => [name, values]))
    expect(read.normalisation).toEqual(written.normalisation)
    expect(read.classNames).toEqual(written.classNames)
  })

  test('equal models give equal bytes', () => {
    expect(encodeModel(model(spec))).toEqual(encodeModel(model(spec)))
  })

  test('float16 rounds each value to 11 bits and halves the file', () => {
    const written = model(spec)
    const bytes = encodeModel(written, { values: 'float16' })
    expect(bytes.length).toBeLessThan(0.6 * encodeModel(written).length)
    const read = decodeModel(bytes, 'model.dctps')
    for (const [name, values] of written.parameters) {
      read.parameters.get(name)!.forEach((value, i) => {
        expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(2 ** -11 * Math.abs(values[i]!) + 2 ** -25)
      })
    }
  })

  test('a folded batch norm answers as the whole one, in fewer bytes', async () => {
    const written = model(spec)
    const bytes = encodeModel(written, { foldBatchNorm: true })
    expect(bytes.length).toBeLessThan(encodeModel(written).length)
    const folded = decodeModel(bytes, 'model.dctps')
    const key = Key.fromSeed(5)
    const x = Float32Array.from({ length: 2 * 3 * 32 * 32 }, (_, i) => key.normal(i))
    const logits = async ({ network, supports, parameters: values }: Model) =>
      (await runCase({ network, supports, parameters: values, images: 2, x }, { mode: 'evaluate' })).logits
    const [whole, short] = [await logits(written), await logits(folded)]
    const largest = Math.max(...whole.map(Math.abs))
    short.forEach((logit, i) => {
      expect(Math.abs(logit - whole[i]!)).toBeLessThan(1e-5 * largest)
    })
  })
})

describe('the size of a file follows the non-zeros', () => {
  test('a random support costs no bytes, an explicit one about log2(1/density) + 1.5 bits an entry', () => {
    const lenet: ModelSpec = { ...spec, architecture: 'lenet5', support: { ...random, density: 0.05 } }
    const rebuilt = model(lenet)
    const stored = [...rebuilt.parameters.values()].reduce((sum, values) => sum + values.length, 0)
    expect(encodeModel(rebuilt).length).toBeLessThan(4 * stored + 600)
    const explicit: Model = { ...rebuilt, spec: { ...lenet, support: { type: 'explicit' } } }
    const entries = parameters(rebuilt.network, rebuilt.supports).filter(({ role }) => role === 'kernel')
    const nonZeros = entries.reduce((sum, { size }) => sum + size, 0)
    const extra = encodeModel(explicit).length - encodeModel(rebuilt).length
    expect(extra).toBeLessThan((nonZeros * (Math.log2(1 / 0.05) + 1.6)) / 8 + 100)
  })
})

test('a model damaged in any byte or cut at any length is refused', () => {
  const bytes = encodeModel(model({ ...spec, architecture: 'lenet5', support: { ...random, density: 0.01 } }))
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = bytes.slice()
      damaged[at]! ^= change
      expect(() => decodeModel(damaged, 'm')).toThrow(expect.objectContaining({ code: 'file' }))
      expect(() => decodeModel(bytes.slice(0, at), 'm')).toThrow(expect.objectContaining({ code: 'file' }))
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('a model of an unknown architecture is refused with its name', () => {
  const written = model(spec)
  const bytes = encodeModel({ ...written, spec: { ...spec, architecture: 'resnet9000' } })
  expect(() => decodeModel(bytes, 'm.dctps')).toThrow(/m\.dctps.*resnet9000/)
})
