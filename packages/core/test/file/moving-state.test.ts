// States whose supports have moved: those of now and those of the best epoch.

import { describe, expect, test } from 'vitest'
import { packContainer, unpackContainer } from '#core/file/container'
import { decodeTrainState, encodeTrainState } from '#core/file/index'
import { buildSpec, type ModelSpec } from '#core/models/spec'
import { kernelLayers } from '#core/network/network'
import { parameters, type Supports } from '#core/network/parameters'
import { Key } from '#core/random/key'
import { kernelEntries } from '#core/shape/kernel'
import { randomPositions } from '#core/support/index'
import type { TrainState } from '#core/train/state'

const random: ModelSpec = {
  architecture: 'lenet5',
  input: { channels: 1, height: 32, width: 32 },
  classes: 3,
  kernel: { kind: 'sparse', alpha: 'trainable' },
  support: { type: 'random', rule: 'erk', density: 0.01, seed: 0 },
}
const spec: ModelSpec = { ...random, support: { type: 'explicit' } }
const { network, supports } = buildSpec(random)

function moved(seed: number): Supports {
  return new Map(
    kernelLayers(network).map(({ id, geometry }) => {
      const key = Key.fromSeed(seed).fold(id)
      return [id, randomPositions(key, kernelEntries(geometry), supports.get(id)!.length)]
    }),
  )
}

function valuesFrom(start: number): Map<string, Float32Array> {
  return new Map(
    parameters(network, supports).map(({ name, size }, index) => [
      name,
      Float32Array.from({ length: size }, (_, i) => start + index + i / 1024),
    ]),
  )
}

const state: TrainState = {
  ...{ epoch: 1, stepInEpoch: 2, step: 9, lossSum: 1.5, correct: 3, images: 8, seconds: 0.25, history: [] },
  best: { epoch: 1, validationAccuracy: 0.5, supports: moved(2), parameters: valuesFrom(50) },
  supports: moved(1),
  parameters: valuesFrom(0),
  optimizer: new Map([...valuesFrom(7)].map(([name, vector]) => [name, [vector]])),
}
const bytes = encodeTrainState({ spec, network, configuration: {}, state })

/** The file with arrays exchanged, its checksum right. */
function withArrays(changes: Record<string, Uint32Array | Uint8Array>): Uint8Array {
  const { header, arrays } = unpackContainer(bytes, 'state', 'state')
  return packContainer({
    kind: 'state',
    header: JSON.parse(JSON.stringify(header)),
    arrays: { ...Object.fromEntries(arrays), ...changes },
  })
}

const arrayOf = (name: string) => {
  const array = unpackContainer(bytes, 'state', 'state').arrays.get(name)
  if (array instanceof Uint32Array || array instanceof Uint8Array) return array
  throw new Error(`the state has no array ${name}`)
}

test('a state gives back the supports of now and those of the best epoch', () => {
  const read = decodeTrainState(bytes, 'state').state
  expect(read).toEqual(state)
  expect(read.supports).not.toEqual(read.best?.supports)
})

describe('a state with a right checksum is refused', () => {
  test.each(['', 'best'])('when positions are damaged (%s)', (which) => {
    const named = (name: string) => (which === '' ? name : which + name[0]!.toUpperCase() + name.slice(1))
    const positions = named('positions')
    const sizes = named('sizes')
    expect(() => decodeTrainState(withArrays({ [positions]: arrayOf(positions).slice(0, -1) }), 's')).toThrow(
      new RegExp(`array ${positions} should have the \\d+ bytes that ${sizes} adds up to`),
    )
    // The first byte is the parameter of the code.
    const absurd = Uint8Array.from(arrayOf(positions)).fill(77, 0, 1)
    expect(() => decodeTrainState(withArrays({ [positions]: absurd }), 's')).toThrow(
      /layer convs\.0.*Rice parameter 77/,
    )
    const fewer = Uint32Array.from(arrayOf(sizes))
    fewer[0]! -= 1
    expect(() => decodeTrainState(withArrays({ [sizes]: fewer }), 's')).toThrow(/s: /)
  })

  test('when the best epoch has another number of positions in a layer', () => {
    const layers = kernelLayers(network)
    const other = new Map(moved(2))
    const { id, geometry, name } = layers[0]!
    other.set(id, randomPositions(Key.fromSeed(5), kernelEntries(geometry), supports.get(id)!.length + 1))
    const best = { ...state.best!, supports: other }
    const wrong = encodeTrainState({ spec, network, configuration: {}, state: { ...state, best } })
    expect(() => decodeTrainState(wrong, 's')).toThrow(
      new RegExp(`layer ${name} has \\d+ positions, and \\d+ in the best epoch`),
    )
  })
})
