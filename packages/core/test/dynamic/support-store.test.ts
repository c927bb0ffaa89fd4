import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kernelLayers, NetworkBuilder } from '#core/network/network'
import type { Supports } from '#core/network/parameters'
import { Key } from '#core/random/key'
import { kernelEntries } from '#core/shape/kernel'
import { randomPositions } from '#core/support/index'
import { expectSameBits } from '../engine/compare.js'
import { hyperparameters, Session } from '../engine/run.js'
import { Lcg } from '../reference/lcg.js'
import { arbitraryNetwork, fillNetwork, type NetworkCase } from '../reference/random-network.js'

/** Other positions, as many in each layer. */
function elsewhere({ network, supports }: NetworkCase, seed: number): Supports {
  return new Map(
    kernelLayers(network).flatMap(({ id, geometry }) => {
      const support = supports.get(id)
      if (support === undefined) return []
      const key = Key.fromSeed(seed).fold(id)
      return [[id, randomPositions(key, kernelEntries(geometry), support.length)]]
    }),
  )
}

describe('a program whose supports are written anew', () => {
  test('computes the same bits as one that was compiled for them', async () => {
    const cases = arbitraryNetwork().filter(({ supports }) => supports.size > 0)
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(1000), async (networkCase, seed) => {
        const { images, x, labels, parameters } = networkCase
        const batch = { images, x, labels }
        const supports = elsewhere(networkCase, seed)
        const options = { lanes: 4, threads: 2, optimizer: 'adam' } as const
        const trained = async (session: Session) => {
          const { logits } = await session.run(batch, 'evaluate')
          const losses: number[] = []
          for (const step of [1, 2])
            losses.push((await session.run(batch, 'train', hyperparameters('adam', step))).lossSum)
          return { logits, losses, state: session.state() }
        }
        const expected = await Session.use({ ...networkCase, supports }, options, trained)
        const moved = await Session.use(
          networkCase,
          { ...options, positions: 'movable' },
          async (session) => {
            await session.run(batch, 'gradient')
            session.runner.supports.write(supports)
            // The pass before has moved running statistics.
            session.write(parameters)
            return trained(session)
          },
        )
        expectSameBits('logits', moved.logits, expected.logits)
        expect(moved.losses).toEqual(expected.losses)
        for (const [name, values] of expected.state) expectSameBits(name, moved.state.get(name)!, values)
      }),
      { numRuns: 30, seed: 4 },
    )
  })

  test('refuses other counts, positions out of range or order, and what was compiled with fixed ones; nothing changes', async () => {
    const builder = new NetworkBuilder('small', { channels: 4, height: 1, width: 1 }, { kind: 'sparse' })
    const id = builder.linear('head', builder.input, 3)
    const network = builder.build()
    const supports = new Map([[id, Uint32Array.of(1, 5, 7)]])
    const filled = { ...fillNetwork(network, 4, 1, new Lcg(1)), supports }
    const parameters = new Map([['head.weight', [1, 2, 3]]])
    const writing = (session: Session, ...positions: number[]) =>
      session.runner.supports.write(new Map([[id, Uint32Array.from(positions)]]))
    await Session.use({ ...filled, parameters }, { positions: 'movable' }, async (session) => {
      for (const wrong of [
        [1, 5],
        [1, 5, 12],
        [5, 1, 7],
        [1, 1, 7],
      ]) {
        expect(() => writing(session, ...wrong)).toThrow(
          /layer head takes 3 ascending positions below 12, received/,
        )
      }
      expect(() => session.runner.supports.write(new Map())).toThrow(/received none/)
      expect(session.runner.supports.current).toBe(supports)
      writing(session, 0, 2, 11)
      expect([...session.runner.supports.current.get(id)!]).toEqual([0, 2, 11])
    })
    await Session.use({ ...filled, parameters }, {}, async (session) => {
      writing(session, 1, 5, 7)
      expect(() => writing(session, 0, 5, 7)).toThrow(
        /cannot change; compile the program with positions movable/,
      )
    })
  })
})
