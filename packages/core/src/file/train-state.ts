// The run-state file: everything that a run needs to go on bitwise as if it had never stopped, together with the resolved
// configuration that it belongs to.

import { DctpsError } from '../errors.js'
import type { ModelSpec } from '../models/spec.js'
import type { Network } from '../network/network.js'
import { parameters, type Supports } from '../network/parameters.js'
import type { EpochRecord } from '../train/events.js'
import type { TrainState } from '../train/state.js'
import { packContainer, type UnpackedContainer, unpackContainer } from './container.js'
import { asJson, Fields, type JsonValue } from './fields.js'
import {
  concatenate,
  decodeSupports,
  encodeSupports,
  readSpec,
  rebuild,
  type SupportArrays,
  specHeader,
  splitValues,
} from './model.js'
import { requireArray } from './stored-array.js'

export interface StateFile {
  readonly spec: ModelSpec
  readonly network: Network
  /** The configuration of the run, as its owner writes it; see {@link checkSameConfiguration}. */
  readonly configuration: { readonly [name: string]: JsonValue }
  readonly state: TrainState
}

/** The supports of the best epoch, where they are stored position by position. */
const bestSupportArrays: SupportArrays = { sizes: 'bestSizes', positions: 'bestPositions' }

/** The bytes of a run-state file. */
export function encodeTrainState(file: StateFile): Uint8Array<ArrayBuffer> {
  const { state, network } = file
  const { supports, best } = state
  const all = parameters(network, supports)
  const trained = all.filter(({ trainable }) => trainable)
  const vectors = state.optimizer.get(trained[0]?.name ?? '')?.length ?? 0
  const arrays: Record<string, Float32Array | Uint32Array | Uint8Array> = {
    values: concatenate(all.map(({ name }) => state.parameters.get(name)!)),
  }
  for (let i = 0; i < vectors; i++) {
    arrays[`optimizer${i}`] = concatenate(trained.map(({ name }) => state.optimizer.get(name)![i]!))
  }
  if (best !== null) arrays.best = concatenate(all.map(({ name }) => best.parameters.get(name)!))
  if (file.spec.support.type === 'explicit') {
    Object.assign(arrays, encodeSupports({ network, supports }))
    if (best !== null)
      Object.assign(arrays, encodeSupports({ network, supports: best.supports }, bestSupportArrays))
  }
  const header: JsonValue = {
    ...specHeader(file.spec),
    configuration: file.configuration,
    epoch: state.epoch,
    stepInEpoch: state.stepInEpoch,
    step: state.step,
    lossSum: state.lossSum,
    correct: state.correct,
    images: state.images,
    seconds: state.seconds,
    optimizerVectors: vectors,
    history: state.history.map((record) => ({ ...record })),
    best: best && { epoch: best.epoch, validationAccuracy: best.validationAccuracy },
  }
  return packContainer({ kind: 'state', header, arrays })
}

/** @throws DctpsError `file` when anything is damaged or does not fit together */
export function decodeTrainState(bytes: Uint8Array, label: string): StateFile {
  const container = unpackContainer(bytes, 'state', label)
  const header = new Fields(container.header, `${label}: header`)
  const spec = readSpec(header)
  const { network, supports } = rebuild(spec, container, label)
  const all = parameters(network, supports)
  const names = all.map(({ name }) => name)
  const trained = all.filter(({ trainable }) => trainable).map(({ name }) => name)
  const read = (array: string, of: string[]) =>
    splitValues(network, supports, of, requireArray(container.arrays, array, Float32Array, label), label)

  const vectors = Array.from({ length: header.integer('optimizerVectors', 0, 2) }, (_, i) =>
    read(`optimizer${i}`, trained),
  )
  const best = header.value('best') === null ? null : header.object('best')
  const state: TrainState = {
    epoch: header.integer('epoch'),
    stepInEpoch: header.integer('stepInEpoch'),
    step: header.integer('step'),
    lossSum: header.number('lossSum'),
    correct: header.number('correct'),
    images: header.integer('images'),
    seconds: header.number('seconds'),
    history: header.list('history', readRecord),
    best: best && {
      epoch: best.integer('epoch', 1),
      validationAccuracy: best.number('validationAccuracy'),
      supports:
        spec.support.type === 'explicit' ? readBestSupports(network, supports, container, label) : supports,
      parameters: read('best', names),
    },
    supports,
    parameters: read('values', names),
    optimizer: new Map(trained.map((name) => [name, vectors.map((vector) => vector.get(name)!)])),
  }
  return { spec, network, configuration: readConfiguration(header.object('configuration')), state }
}

/** @throws DctpsError `file` also where a layer has another number of positions than now: supports move, and keep their sizes */
function readBestSupports(
  network: Network,
  now: Supports,
  container: UnpackedContainer,
  label: string,
): Supports {
  const best = decodeSupports(network, container, bestSupportArrays, `${label}: best epoch`)
  for (const [layer, positions] of best) {
    const expected = now.get(layer)?.length ?? 0
    if (positions.length === expected) continue
    throw new DctpsError(
      'file',
      `${label}: layer ${network.layers[layer]!.name} has ${expected} positions, and ${positions.length} in the best epoch; expected as many`,
    )
  }
  return best
}

/**
 * Refuses to continue a run with another configuration.
 * @throws DctpsError `usage` that names what differs
 */
export function checkSameConfiguration(
  stored: StateFile['configuration'],
  asked: StateFile['configuration'],
  label: string,
): void {
  const names = [...new Set([...Object.keys(stored), ...Object.keys(asked)])]
  const differing = names.filter((name) => JSON.stringify(stored[name]) !== JSON.stringify(asked[name]))
  if (differing.length === 0) return
  const changes = differing.map(
    (name) =>
      `${name} was ${JSON.stringify(stored[name]) ?? 'not set'}, now ${JSON.stringify(asked[name]) ?? 'not set'}`,
  )
  throw new DctpsError(
    'usage',
    `${label} belongs to a run with another configuration: ${changes.join('; ')}. Use the same options to resume, or another folder for a new run`,
  )
}

function readRecord(value: unknown, where: string): EpochRecord {
  const fields = new Fields(value, where)
  const optional = (name: string) => (fields.value(name) === null ? null : fields.number(name))
  return {
    epoch: fields.integer('epoch', 1),
    step: fields.integer('step', 1),
    learningRate: fields.number('learningRate'),
    trainLoss: fields.number('trainLoss'),
    trainAccuracy: fields.number('trainAccuracy'),
    validationLoss: optional('validationLoss'),
    validationAccuracy: optional('validationAccuracy'),
    seconds: fields.number('seconds'),
    imagesPerSecond: fields.number('imagesPerSecond'),
  }
}

function readConfiguration(configuration: Fields): StateFile['configuration'] {
  return Object.fromEntries(
    configuration
      .names()
      .map((name) => [name, asJson(configuration.value(name), `${configuration.where}.${name}`)]),
  )
}
