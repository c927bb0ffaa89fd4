import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileTransform } from '#core/transform/compile'
import {
  factorLocalSpectrum,
  hasLocalSpectrum,
  type SpectrumShape,
  tapPhases,
} from '#core/transform/factor-spectrum'
import { countFlops } from '#core/transform/lower'
import { evaluate, transpose } from '#core/transform/oplist'
import { dctMatrix, product, transposedProduct } from '#core/transform/reference'
import { noise } from './measure.js'
import { expectNear, spectrumMatrix } from './spectra.js'
import { expectAgreement } from './tiles.js'

const shapes: fc.Arbitrary<SpectrumShape> = fc
  .record({
    channels: fc.integer({ min: 8, max: 60 }).map((half) => 2 * half),
    outputs: fc.integer({ min: 1, max: 200 }),
  })
  .filter(hasLocalSpectrum)

describe('the local spectrum', () => {
  it('is its formula, and its transpose the adjoint, to 1e-7', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const list = factorLocalSpectrum(shape)
        const matrix = spectrumMatrix(shape, 9)
        const x = Float64Array.from(noise(shape.channels, 3))
        const z = Float64Array.from(noise(2 * shape.outputs, 4))
        expectNear(evaluate(list, x), product(matrix, x), 1e-7)
        expectNear(evaluate(transpose(list), z), transposedProduct(matrix, z), 1e-7)
      }),
      { numRuns: 40, seed: 1 },
    )
  })

  it('of nine pixels, each turned by its phases, adds up to the DCT of the patch', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { channels, outputs } = shape
        const list = factorLocalSpectrum(shape)
        const phases = tapPhases(outputs)
        const patch = Float64Array.from(noise(9 * channels, 5))
        const sums = new Float64Array(outputs)
        for (let tap = 0; tap < 9; tap++) {
          const z = evaluate(list, patch.subarray(tap * channels, (tap + 1) * channels))
          const [across, along] = [Math.floor(tap / 3) - 1, (tap % 3) - 1]
          for (let k = 0; k < outputs; k++) {
            const [cosAlong, sinAlong, cosAcross, sinAcross] = phases.subarray(4 * k, 4 * k + 4)
            const turn =
              across * Math.atan2(sinAcross!, cosAcross!) + along * Math.atan2(sinAlong!, cosAlong!)
            sums[k]! += z[2 * k]! * Math.cos(turn) - z[2 * k + 1]! * Math.sin(turn)
          }
        }
        expectNear(sums, product(dctMatrix(9 * channels, outputs, 9 * channels), patch), 1e-6)
      }),
      { numRuns: 20, seed: 2 },
    )
  })

  it('emitted, agrees with its formula in both directions and writes its output rows only', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.constantFrom(4, 8, 16),
        fc.boolean(),
        fc.boolean(),
        (shape, lanes, adjoint, sharedMemory) => {
          const { channels, outputs } = shape
          const rows = (count: number) => Int32Array.from({ length: count }, (_, row) => row * lanes * 4)
          const geometry = {
            lanes,
            inputOffsets: rows(adjoint ? 2 * outputs : channels),
            outputOffsets: rows(adjoint ? channels : 2 * outputs),
            sharedMemory,
          }
          const matrix = spectrumMatrix(shape, 9)
          const apply = (x: Float64Array) => (adjoint ? transposedProduct(matrix, x) : product(matrix, x))
          const emitted = compileTransform({ ...shape, ...geometry, size: 3, adjoint })
          expectAgreement(emitted, { ...geometry, store: 'assign' }, apply, { rows: 1, columns: 2 })
        },
      ),
      { numRuns: 25, seed: 3 },
    )
  })

  it('takes less than half of the operations of a whole patch', () => {
    for (const [channels, flops] of [
      [64, 6730],
      [512, 77437],
    ] as const) {
      const { additions, multiplications } = countFlops(factorLocalSpectrum({ channels, outputs: channels }))
      // Twenty a channel add the spectra up.
      expect(additions + multiplications + 20 * channels).toBeLessThan(0.56 * flops)
    }
  })

  it('does not exist for few or odd channels, nor for more outputs than a DCT of the channels has nodes for', () => {
    expect(hasLocalSpectrum({ channels: 3, outputs: 64 })).toBe(false)
    expect(hasLocalSpectrum({ channels: 33, outputs: 32 })).toBe(false)
    expect(hasLocalSpectrum({ channels: 16, outputs: 200 })).toBe(false)
    expect(hasLocalSpectrum({ channels: 16, outputs: 96 })).toBe(true)
  })
})
