// D of a 3x3 layer by local spectra: each pixel's spectrum is computed once by an emitted transform, and nine of them make
// an output (`transform/factor-spectrum.ts`). Half the operations of whole patches or less, and a pixel at a time fits the
// cache. A row of spectra lives in the thread's scratch.

import type { KernelLayer } from '../../network/layer.js'
import { hasLocalSpectrum, tapPhases } from '../../transform/index.js'
import { type DraftOperand, number, rowIndex } from '../builder.js'
import { type Activation, type ListContext, pixels } from '../context.js'
import type { PlacedTransform } from '../kernel-tables.js'
import { alignUp } from '../slot.js'
import { type FreeTransform, factorsOf, transformCall } from './free-transform.js'
import { outputRow, storedOf } from './kernel-part.js'

export function hasSpectralForm({ geometry }: KernelLayer): boolean {
  const { size, stride, padding, groups, inChannels, outChannels } = geometry
  const plain = size === 3 && stride === 1 && padding === 1 && groups === 1
  return plain && hasLocalSpectrum({ channels: inChannels, outputs: outChannels })
}

export function spectralTransform(context: ListContext, layer: KernelLayer): FreeTransform {
  const { builder, program } = context
  const { tables, lanes } = program
  const { geometry, output: shape } = layer
  const { outChannels } = geometry
  const { width, height } = shape
  const spectrumBytes = 2 * outChannels * 4 * lanes
  const rowBytes = width * spectrumBytes
  const shared = [
    number(tables.table(`phases-${outChannels}`, () => tapPhases(outChannels))),
    number(tables.zeros(spectrumBytes)),
  ]
  const size = [number(width), number(outChannels), number(lanes)]
  const row = [rowIndex, number(height)]
  /** A row of spectra behind the scratch of the transform that writes or reads it. */
  const spectraBehind = (transform: PlacedTransform): [DraftOperand, DraftOperand] => [
    builder.scratch(rowBytes, alignUp(transform.emitted.scratchBytes, 64)),
    number(spectrumBytes),
  ]
  const rows = (activation: Activation) => [
    pixels(activation, activation.layout.pitch),
    number(activation.layout.pitch),
    number(activation.layout.tileBytes),
  ]
  const forward = tables.spectrum(geometry, lanes, 'forward')

  return {
    // Per output pixel one spectrum, and ten multiply-adds a channel to add them up.
    multiplyAdds: forward.emitted.flops / 2 + 10 * outChannels,
    lags: true,
    gathers: true,
    scales: forward.scales,
    scaleCount: forward.emitted.scales.length,
    forward(input, y, scales) {
      const x = storedOf(input)
      const spectra = spectraBehind(forward)
      return [
        transformCall(context, forward, number(width), outputRow(x), spectra, scales, { y: true }),
        { kernel: 'addSpectra', operands: [...spectra, ...rows(y), ...size, ...shared, ...row] },
      ]
    },
    adjointScales: () => factorsOf(tables.spectrum(geometry, lanes, 'adjoint')),
    adjoint(gradient, scales) {
      const dy = storedOf(gradient)
      const adjoint = tables.spectrum(geometry, lanes, 'adjoint')
      const spectra = spectraBehind(adjoint)
      const end = alignUp(adjoint.emitted.scratchBytes, 64) + rowBytes
      const columns = builder.scratch(3 * spectrumBytes, end)
      return {
        type: 'gather',
        scratchBytes: end + 3 * spectrumBytes,
        row: (u) => [
          {
            kernel: 'spectraOfGradient',
            operands: [...rows(dy), ...spectra, ...size, ...shared, columns, ...row],
          },
          transformCall(context, adjoint, number(width), spectra, u, scales, { x: true }),
        ],
      }
    },
  }
}
