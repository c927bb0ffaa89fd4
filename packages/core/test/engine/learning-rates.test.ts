import { describe, expect, test } from 'vitest'
import { NetworkBuilder } from '#core/network/network'
import { parameters } from '#core/network/parameters'
import type { LearningRates, OptimizerType } from '#core/program/parameter-layout'
import { Lcg } from '../reference/lcg.js'
import { fillNetwork, type NetworkCase } from '../reference/random-network.js'
import { expectNear } from './compare.js'
import { hyperparameters, Session } from './run.js'

const biasRate = 0.1

/** All roles that have a bias's rate, beside those that have not. */
function network(kind: 'dctps' | 'dense'): NetworkCase {
  const builder = new NetworkBuilder('rates', { channels: 3, height: 5, width: 5 }, { kind })
  let x = builder.batchNorm('bn', builder.conv2d('conv', builder.input, 4, { size: 3, padding: 1 }))
  x = builder.scalarAffine(x, { scale: 'scale', shift: 'shift', offset: 'offset', rectified: true })
  builder.linear('classifier', builder.flatten(x), 3, { bias: true })
  return fillNetwork(builder.build({ biasRate }), 6, 0.3, new Lcg(11))
}

/** How far each trainable parameter moves in one step. */
function movement(test: NetworkCase, optimizer: OptimizerType, rates: LearningRates) {
  return Session.use(test, { optimizer, rates }, async (session) => {
    await session.run(test, 'train', hyperparameters(optimizer, 1))
    const trained = parameters(test.network, test.supports).filter(({ trainable }) => trainable)
    return new Map(
      trained.map(({ name }) => {
        const start = test.parameters.get(name)!
        const end = session.runner.parameters.read(name)
        return [name, Float64Array.from(end, (value, i) => value - start[i]!)]
      }),
    )
  })
}

describe.each(['sgd', 'adam'] as const)('one step of %s', (optimizer) => {
  test.each(['dctps', 'dense'] as const)(
    "moves biases, shifts and scales of kind %s by the network's share, and all alike at uniform rates",
    async (kind) => {
      const test = network(kind)
      const scaled = await movement(test, optimizer, 'network')
      const uniform = await movement(test, optimizer, 'uniform')
      const slow = /bias$|^bn\.weight$|^scale$|^shift$|^offset$/
      expect([...uniform.keys()].filter((name) => slow.test(name)).length).toBe(6)
      for (const [name, distance] of uniform) {
        const share = slow.test(name) ? biasRate : 1
        expect(Math.hypot(...distance), `${name} moves`).toBeGreaterThan(1e-6)
        // Differences of rounded values near 1.
        expectNear(
          name,
          scaled.get(name)!,
          distance.map((value) => share * value),
          1e-3,
          1e-3,
        )
      }
    },
  )
})
