import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileTransform } from '#core/transform/compile'
import { factorSmallSpectrum, hasSmallSpectrum, tapPhases5 } from '#core/transform/factor-small-spectrum'
import type { SpectrumShape } from '#core/transform/factor-spectrum'
import { evaluate, transpose } from '#core/transform/oplist'
import { dctMatrix, product, transposedProduct } from '#core/transform/reference'
import { noise } from './measure.js'
import { expectNear, spectrumMatrix } from './spectra.js'
import { expectAgreement } from './tiles.js'

const shapes: fc.Arbitrary<SpectrumShape> = fc
  .record({ channels: fc.integer({ min: 1, max: 15 }), outputs: fc.integer({ min: 1, max: 40 }) })
  .filter(hasSmallSpectrum)

describe('the local spectrum of a 5x5 layer', () => {
  it('is its formula, and its transpose the adjoint', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const list = factorSmallSpectrum(shape)
        const matrix = spectrumMatrix(shape, 25)
        const x = Float64Array.from(noise(shape.channels, 3))
        const z = Float64Array.from(noise(2 * shape.outputs, 4))
        expectNear(evaluate(list, x), product(matrix, x), 1e-12)
        expectNear(evaluate(transpose(list), z), transposedProduct(matrix, z), 1e-12)
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  it('of 25 pixels, each turned by its phases, adds up to the DCT of the patch', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { channels, outputs } = shape
        const list = factorSmallSpectrum(shape)
        const phases = tapPhases5(outputs)
        const patch = Float64Array.from(noise(25 * channels, 5))
        const sums = new Float64Array(outputs)
        for (let tap = 0; tap < 25; tap++) {
          const z = evaluate(list, patch.subarray(tap * channels, (tap + 1) * channels))
          const [across, along] = [Math.floor(tap / 5) - 2, (tap % 5) - 2]
          for (let k = 0; k < outputs; k++) {
            const angle = (step: number, first: number) => {
              const at = 8 * k + first + 2 * (Math.abs(step) - 1)
              return step === 0 ? 0 : Math.sign(step) * Math.atan2(phases[at + 1]!, phases[at]!)
            }
            const turn = angle(along, 0) + angle(across, 4)
            sums[k]! += z[2 * k]! * Math.cos(turn) - z[2 * k + 1]! * Math.sin(turn)
          }
        }
        expectNear(sums, product(dctMatrix(25 * channels, outputs, 25 * channels), patch), 1e-6)
      }),
      { numRuns: 20, seed: 2 },
    )
  })

  it('emitted, agrees with its formula in both directions and writes its output rows only', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom(4, 8, 32), fc.boolean(), (shape, lanes, adjoint) => {
        const { channels, outputs } = shape
        const rows = (count: number) => Int32Array.from({ length: count }, (_, row) => row * lanes * 4)
        const geometry = {
          lanes,
          inputOffsets: rows(adjoint ? 2 * outputs : channels),
          outputOffsets: rows(adjoint ? channels : 2 * outputs),
          sharedMemory: false,
        }
        const matrix = spectrumMatrix(shape, 25)
        const apply = (x: Float64Array) => (adjoint ? transposedProduct(matrix, x) : product(matrix, x))
        const emitted = compileTransform({ ...shape, ...geometry, size: 5, adjoint })
        expectAgreement(emitted, { ...geometry, store: 'assign' }, apply, { rows: 1, columns: 2 })
      }),
      { numRuns: 25, seed: 3 },
    )
  })

  it('does not exist for many channels, nor for more outputs than the patch has numbers', () => {
    expect(hasSmallSpectrum({ channels: 16, outputs: 6 })).toBe(false)
    expect(hasSmallSpectrum({ channels: 1, outputs: 26 })).toBe(false)
    expect(hasSmallSpectrum({ channels: 6, outputs: 16 })).toBe(true)
  })
})
