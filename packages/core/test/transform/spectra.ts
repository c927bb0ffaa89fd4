// Local spectra by their formula, for layers of any size.

import { expect } from 'vitest'
import type { SpectrumShape } from '#core/transform/factor-spectrum'

/** `[2 * outputs][channels]`: real and imaginary parts by turns; `taps` of the kernel. */
export function spectrumMatrix({ channels, outputs }: SpectrumShape, taps: number): Float64Array {
  const matrix = new Float64Array(2 * outputs * channels)
  for (let k = 0; k < outputs; k++) {
    const scale = Math.sqrt((k === 0 ? 1 : 2) / (taps * channels))
    for (let c = 0; c < channels; c++) {
      const angle = Math.PI * k * (1 / 2 + (c - (channels - 1) / 2) / (taps * channels))
      matrix[2 * k * channels + c] = scale * Math.cos(angle)
      matrix[(2 * k + 1) * channels + c] = scale * Math.sin(angle)
    }
  }
  return matrix
}

/** @param tolerance relative to the largest expected number */
export function expectNear(ours: Float64Array, expected: Float64Array, tolerance: number): void {
  const largest = Math.max(...expected.map(Math.abs))
  ours.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance * largest)
  })
}
