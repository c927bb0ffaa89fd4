// One update of the supports of a running program: drop, grow, and carry over what belongs to the entries that stay. How
// gradients are ranked is the program's business.

import type { KernelLayer } from '../../network/layer.js'
import { kernelLayers } from '../../network/network.js'
import type { Supports } from '../../network/parameters.js'
import { canMove } from '../../program/growth-plan.js'
import type { Key } from '../../random/key.js'
import type { ParameterStore } from '../../runtime/parameter-store.js'
import type { Runner } from '../../runtime/runner.js'
import { kernelEntries } from '../../shape/kernel.js'
import type { SupportMove } from '../events.js'
import { survivors } from './drop.js'
import { randomGrowth } from './grow-random.js'

/** A layer between dropping and growing. */
interface Dropped {
  readonly layer: KernelLayer
  /** Name of the parameter that holds its values. */
  readonly name: string
  readonly before: Uint32Array
  /** Entries of `before` that stay. */
  readonly surviving: Uint32Array
  /** Their positions. */
  readonly kept: Uint32Array
}

/** Chooses the positions that a layer grows at, ascending: as many as were dropped, none that is kept. */
type Growth = (dropped: Dropped) => Uint32Array

/**
 * RigL: grows where the gradients of a batch are largest. The runner must be idle.
 * @param fraction share of each layer's entries that is dropped
 * @param rank runs the batch in mode `growth`
 */
export async function moveByGradient(
  runner: Runner,
  fraction: number,
  rank: () => Promise<unknown>,
): Promise<SupportMove[]> {
  const dropped = dropSmallest(runner, fraction)
  for (const { layer, kept } of dropped) runner.supports.keep(layer.id, kept)
  await rank()
  return grow(runner, dropped, ({ layer }) => runner.supports.grown(layer.id))
}

/** SET: grows at random positions. The runner must be idle. @param key of this update */
export function moveAtRandom(runner: Runner, fraction: number, key: Key): SupportMove[] {
  return grow(runner, dropSmallest(runner, fraction), ({ layer, before, kept }) =>
    randomGrowth(key.fold(layer.id), kernelEntries(layer.geometry), kept, before.length - kept.length),
  )
}

function dropSmallest({ program, parameters, supports }: Runner, fraction: number): Dropped[] {
  return kernelLayers(program.network).flatMap((layer) => {
    const before = supports.current.get(layer.id)
    if (before === undefined || !canMove(layer.geometry, before.length)) return []
    const name = nameOf(parameters, layer)
    const surviving = survivors(parameters.read(name), Math.floor(fraction * before.length))
    return [{ layer, name, before, surviving, kept: surviving.map((entry) => before[entry]!) }]
  })
}

function nameOf({ parameters }: ParameterStore, layer: KernelLayer): string {
  return parameters.find(({ layer: id, role }) => id === layer.id && role === 'kernel')!.name
}

function grow(runner: Runner, dropped: readonly Dropped[], growth: Growth): SupportMove[] {
  const next = new Map<number, Uint32Array>(runner.supports.current)
  const moves = dropped.map((layer): SupportMove => {
    const grown = growth(layer)
    const after = new Uint32Array(layer.before.length)
    after.set(layer.kept)
    after.set(grown, layer.kept.length)
    next.set(layer.layer.id, after.sort())
    const old = new Set(layer.before)
    return {
      layer: layer.layer.name,
      stored: after.length,
      moved: grown.reduce((sum, position) => sum + (old.has(position) ? 0 : 1), 0),
    }
  })
  for (const layer of dropped) carryOver(runner.parameters, layer, next)
  runner.supports.write(next)
  return moves
}

/** Values and optimiser state of the entries that stay go where these are now; those of all others are 0. */
function carryOver(store: ParameterStore, { layer, name, surviving, kept }: Dropped, next: Supports): void {
  const after = next.get(layer.id)!
  const from = new Map(Array.from(kept, (position, index) => [position, surviving[index]!]))
  const moved = (before: Float32Array) =>
    Float32Array.from(after, (position) => {
      const entry = from.get(position)
      return entry === undefined ? 0 : before[entry]!
    })
  store.write(name, moved(store.read(name)))
  for (const state of store.stateNames.keys())
    store.writeState(name, state, moved(store.readState(name, state)))
}
