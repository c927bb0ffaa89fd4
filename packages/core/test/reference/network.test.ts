import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kernelLayers, NetworkBuilder } from '#core/network/network'
import { activationSize } from '#core/shape/activation'
import { expectGradient } from './finite-differences.js'
import { Lcg } from './lcg.js'
import { crossEntropy } from './loss.js'
import { type Mode, ReferenceNetwork } from './network.js'
import { arbitraryNetwork, type NetworkCase } from './random-network.js'

function build({ network, supports, parameters }: NetworkCase): ReferenceNetwork {
  return new ReferenceNetwork(network, supports, parameters)
}

describe('ReferenceNetwork', () => {
  it.each<Mode>(['train', 'eval'])('has the gradients of finite differences in mode %s', (mode) => {
    fc.assert(
      fc.property(arbitraryNetwork(), (networkCase) => {
        const { x, labels } = networkCase
        const reference = build(networkCase)
        reference.forward(x, mode)
        // Finite differences mean nothing where a ReLU or a max pool changes its mind within a step.
        fc.pre(reference.kinkMargin() > 1e-4)
        const { gradients } = reference.backward(labels)
        const loss = () => crossEntropy(reference.forward(x, mode), labels).loss
        const options = { step: 1e-6, tolerance: 1e-6 }
        for (const [name, gradient] of gradients.parameters)
          expectDirectional(name, loss, reference.parameters.get(name)!, gradient, options)
        expectDirectional('input', loss, x, gradients.input, options)
      }),
      { seed: 3, numRuns: 60 },
    )
  })

  it('sums the gradients of a layer that is read twice', () => {
    const builder = new NetworkBuilder('twice', { channels: 1, height: 1, width: 1 }, { kind: 'dense' })
    const hidden = builder.linear('hidden', builder.input, 2)
    builder.add(hidden, hidden)
    const values = new Map([['hidden.weight', [3, 5]]])
    const reference = new ReferenceNetwork(builder.build(), new Map(), values)
    expect([...reference.forward(Float64Array.of(7), 'train')]).toEqual([42, 70])
    const gradients = reference.backwardFrom(Float64Array.of(1, 10))
    expect([...gradients.parameters.get('hidden.weight')!]).toEqual([14, 140])
    expect([...gradients.input]).toEqual([106])
  })

  it('has no gradient of a frozen alpha, and dense gradients that agree with those on the support', () => {
    fc.assert(
      fc.property(arbitraryNetwork(), (networkCase) => {
        const { network, supports, x, labels } = networkCase
        const reference = build(networkCase)
        reference.forward(x, 'train')
        const { gradients } = reference.backward(labels)
        for (const layer of kernelLayers(network)) {
          const expected = layer.kind === 'dctps' && layer.alpha === 'trainable'
          expect(gradients.parameters.has(`${layer.name}.scaling`)).toBe(expected)
          const name = [...gradients.parameters.keys()].find(
            (key) => key.startsWith(`${layer.name}.`) && key.endsWith('weight'),
          )
          const weight = gradients.weights.get(layer.id)!
          const stored = supports.get(layer.id) ?? weight.keys()
          expect([...gradients.parameters.get(name!)!]).toEqual(Array.from(stored, (index) => weight[index]))
        }
      }),
      { seed: 4, numRuns: 40 },
    )
  })

  it('updates running statistics in training only', () => {
    const builder = new NetworkBuilder('norm', { channels: 1, height: 1, width: 1 }, { kind: 'dense' })
    builder.linear('out', builder.batchNorm('bn', builder.input, { momentum: 0.5 }), 1)
    const values = new Map([
      ['bn.weight', [1]],
      ['bn.bias', [0]],
      ['bn.running_mean', [0]],
      ['bn.running_var', [1]],
      ['out.weight', [1]],
    ])
    const reference = new ReferenceNetwork(builder.build(), new Map(), values)
    const x = Float64Array.of(1, 5)
    const untrained = reference.forward(x, 'eval')
    expect([...untrained]).toEqual([expect.closeTo(1, 4), expect.closeTo(5, 4)])
    expect(reference.parameters.get('bn.running_mean')![0]).toBe(0)
    expect([...reference.forward(x, 'train')]).toEqual([expect.closeTo(-1, 4), expect.closeTo(1, 4)])
    expect(reference.parameters.get('bn.running_mean')![0]).toBe(1.5)
    expect(reference.parameters.get('bn.running_var')![0]).toBe(0.5 + 0.5 * 8)
    expect(values.get('bn.running_mean'), 'the caller keeps its values').toEqual([0])
  })

  it('names the parameter that does not fit', () => {
    const builder = new NetworkBuilder('small', { channels: 2, height: 1, width: 1 }, { kind: 'dense' })
    builder.linear('out', builder.input, 3)
    const network = builder.build()
    expect(() => new ReferenceNetwork(network, new Map(), new Map())).toThrow(/out\.weight needs 6 .* none/)
    expect(() => new ReferenceNetwork(network, new Map(), new Map([['out.weight', [1]]]))).toThrow(
      /out\.weight needs 6 values, received 1/,
    )
  })
})

describe('arbitraryNetwork', () => {
  it('draws every kind of layer, kernel and mode of sharing, with data of the right shape', () => {
    const seen = new Set<string>()
    for (const networkCase of fc.sample(arbitraryNetwork(), { seed: 5, numRuns: 200 })) {
      const { network, images, x, labels } = networkCase
      for (const layer of network.layers) {
        seen.add(layer.op)
        if ('kind' in layer) seen.add(layer.kind)
        if ('geometry' in layer && layer.geometry.groups > 1) seen.add('grouped')
        if ('bias' in layer && layer.bias) seen.add('bias')
      }
      expect(x.length).toBe(images * activationSize(network.input))
      expect(x.every((value) => Math.fround(value) === value)).toBe(true)
      expect(labels.length).toBe(images)
      expect(build(networkCase).forward(x, 'train').every(Number.isFinite)).toBe(true)
    }
    expect([...seen].sort()).toEqual(
      [
        ...['input', 'conv2d', 'linear', 'relu', 'averagePool', 'maxPool', 'flatten', 'batchNorm', 'add'],
        ...['scalarAffine', 'padChannels'],
        ...['dctps', 'sparse', 'dense', 'grouped', 'bias'],
      ].sort(),
    )
  })
})

/** Expects `<gradient, direction>` to be the slope of the loss along a random direction. */
function expectDirectional(
  what: string,
  loss: () => number,
  values: Float64Array,
  gradient: Float64Array,
  options: { step: number; tolerance: number },
): void {
  const start = values.slice()
  const direction = new Lcg(values.length).values(values.length)
  const slope = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0)
  const distance = new Float64Array(1)
  const along = () => {
    values.forEach((_, i) => {
      values[i] = start[i]! + distance[0]! * direction[i]!
    })
    return loss()
  }
  expectGradient(what, along, distance, [slope], options)
  values.set(start)
}
