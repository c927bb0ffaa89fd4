// Runs an emitted transform on a small memory of noisy tiles and compares every float of that memory with what a float64
// map says it should be.

import { expect } from 'vitest'
import type { EmittedTransform, TileGeometry } from '#core/transform/tile-geometry'
import { noise } from './measure.js'

const PAGE = 65536
const align = (bytes: number) => Math.ceil(bytes / 256) * 256

type Run = (
  x: number,
  y: number,
  rows: number,
  xRowStep: number,
  yRowStep: number,
  columns: number,
  xStep: number,
  yStep: number,
  inCache: number,
) => void

/** The module on a memory filled with noise, its tables and scratch behind `dataBytes`. */
export function instantiate(
  emitted: EmittedTransform,
  geometry: TileGeometry,
  dataBytes = 4096,
): { memory: Float32Array; run: Run; scratchStart: number } {
  const constants = align(dataBytes)
  const scales = constants + align(emitted.constants.byteLength)
  const scratch = scales + align(4 * emitted.scales.length)
  const pages = Math.ceil((scratch + emitted.scratchBytes + 256) / PAGE)
  const memory = geometry.sharedMemory
    ? new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true })
    : new WebAssembly.Memory({ initial: pages })
  const floats = new Float32Array(memory.buffer)
  floats.set(noise(floats.length, 7))
  floats.set(emitted.constants, constants / 4)
  floats.set(emitted.scales, scales / 4)
  const instance = new WebAssembly.Instance(new WebAssembly.Module(emitted.bytes), { env: { memory } })
  const exported = instance.exports.run
  if (typeof exported !== 'function') throw new Error('the module exports no function named run')
  const run: Run = (x, y, ...positions) => exported(x, y, scratch, scales, constants, ...positions)
  return { memory: floats, run, scratchStart: scratch }
}

/** Expects the emitted code to do what `apply` does to every lane of every position, and to touch nothing else. */
export function expectAgreement(
  emitted: EmittedTransform,
  geometry: TileGeometry,
  apply: (x: Float64Array) => Float64Array,
  positions: { rows: number; columns: number; inCache?: number },
): void {
  const { lanes, inputOffsets, outputOffsets, store } = geometry
  const { rows, columns, inCache = 0 } = positions
  const extent = (offsets: Int32Array) => Math.max(...offsets) + lanes * 4
  // Tiles lie apart, so that a write beside an output row shows.
  const [xStep, yStep] = [extent(inputOffsets) + 64, extent(outputOffsets) + 32]
  const [xRowStep, yRowStep] = [xStep * columns + 96, yStep * columns + 48]
  const x = 512
  const y = align(x + rows * xRowStep + 256)
  const dataBytes = y + rows * yRowStep + 256
  const { memory, run, scratchStart } = instantiate(emitted, geometry, dataBytes)
  const before = memory.slice()
  run(x, y, rows, xRowStep, yRowStep, columns, xStep, yStep, inCache)

  const expected = Float64Array.from(before)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const tile = (x + row * xRowStep + column * xStep) / 4
      const target = (y + row * yRowStep + column * yStep) / 4
      for (let lane = 0; lane < lanes; lane++) {
        const signal = Float64Array.from(inputOffsets, (offset) => before[tile + offset / 4 + lane]!)
        apply(signal).forEach((value, k) => {
          const at = target + outputOffsets[k]! / 4 + lane
          expected[at] = store === 'assign' ? value : before[at]! + value
        })
      }
    }
  }
  let [difference, norm, stray] = [0, 0, 0]
  for (let at = 0; at < memory.length; at++) {
    const inScratch = at * 4 >= scratchStart && at * 4 < scratchStart + emitted.scratchBytes
    if (inScratch) continue
    if (expected[at] === before[at]) {
      if (memory[at] !== before[at]) stray++
    } else {
      difference += (memory[at]! - expected[at]!) ** 2
      norm += expected[at]! ** 2
    }
  }
  expect(stray, 'floats changed beside the output rows').toBe(0)
  expect(Math.sqrt(difference / norm), 'relative error').toBeLessThan(1e-6)
}
