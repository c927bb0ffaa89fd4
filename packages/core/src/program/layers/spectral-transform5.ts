// D of a 5x5 layer with few channels and without padding, such as the first layers of LeNet-5, by local spectra: each
// pixel's spectrum is computed once and not 25 times, summed up along rows, then across (`assembly/spectrum5.ts`). It walks over
// rows of inputs, of which there are four more than rows of outputs, so its forward pass is a step of its own.

import type { KernelLayer } from '../../network/layer.js'
import { hasSmallSpectrum, tapPhases5 } from '../../transform/index.js'
import { type DraftOperand, number, rowIndex } from '../builder.js'
import { type Activation, type ListContext, pixels } from '../context.js'
import type { PlacedTransform } from '../kernel-tables.js'
import { alignUp } from '../slot.js'
import { type FreeTransform, factorsOf, transformCall } from './free-transform.js'
import { outputRow, storedOf } from './kernel-part.js'

/** Taps along a row. */
const size = 5

export function hasSpectralForm5({ geometry, output }: KernelLayer): boolean {
  const { stride, padding, groups, inChannels: channels, outChannels: outputs } = geometry
  const plain = geometry.size === size && stride === 1 && padding === 0 && groups === 1
  // There are (width + 4)^2 spectra for width^2 outputs: too many for small images.
  return plain && Math.min(output.width, output.height) >= 8 && hasSmallSpectrum({ channels, outputs })
}

export function spectralTransform5(context: ListContext, layer: KernelLayer): FreeTransform {
  const { builder, program } = context
  const { tables, lanes } = program
  const { geometry, output: shape } = layer
  const { outChannels } = geometry
  const [rows, width] = [shape.height + size - 1, shape.width + size - 1]
  const spectrumBytes = 2 * outChannels * 4 * lanes
  const phases = number(tables.table(`phases5-${outChannels}`, () => tapPhases5(outChannels)))
  /** A row of spectra behind the scratch of the transform that writes or reads it, and memory behind that. */
  const scratchBehind = (transform: PlacedTransform, bytes: number) => {
    const start = alignUp(transform.emitted.scratchBytes, 64)
    const spectra: [DraftOperand, DraftOperand] = [
      builder.scratch(width * spectrumBytes, start),
      number(spectrumBytes),
    ]
    const end = start + width * spectrumBytes
    return { spectra, behind: builder.scratch(bytes, end), scratchBytes: end + bytes }
  }
  const forward = tables.spectrum(geometry, lanes, 'forward')
  const pixelsPerOutput = (rows * width) / (shape.height * shape.width)

  return {
    // Per spectrum its own and 16 multiply-adds a channel along the row; per output 8 across.
    multiplyAdds: pixelsPerOutput * (forward.emitted.flops / 2 + 16 * outChannels) + 8 * outChannels,
    lags: false,
    gathers: true,
    scales: forward.scales,
    scaleCount: forward.emitted.scales.length,
    forward(input, y, scales) {
      const x = storedOf(input)
      const { spectra, behind: ring } = scratchBehind(forward, size * shape.width * spectrumBytes)
      const calls = [
        transformCall(context, forward, number(width), outputRow(x), spectra, scales, { y: true }),
        {
          kernel: 'addSpectra5',
          operands: [
            ...spectra,
            firstPixel(y, 1 - size),
            number(y.layout.tileBytes),
            ...[shape.width, outChannels, lanes].map(number),
            phases,
            ring,
            rowIndex,
          ],
        },
      ]
      builder.step(`${layer.name} transform`, layer.id, 'blocks', calls, { rows, ordered: true })
      return []
    },
    adjointScales: () => factorsOf(tables.spectrum(geometry, lanes, 'adjoint')),
    adjoint(gradient, scales) {
      const dy = storedOf(gradient)
      const adjoint = tables.spectrum(geometry, lanes, 'adjoint')
      const {
        spectra,
        behind: padded,
        scratchBytes,
      } = scratchBehind(adjoint, (width + size - 1) * spectrumBytes)
      return {
        type: 'gather',
        scratchBytes,
        row: (u) => [
          {
            kernel: 'spectra5OfGradient',
            operands: [
              firstPixel(dy, 0),
              number(dy.layout.pitch),
              number(dy.layout.tileBytes),
              ...spectra,
              ...[width, outChannels, lanes].map(number),
              phases,
              number(tables.zeros(spectrumBytes)),
              padded,
              rowIndex,
              number(shape.height),
            ],
          },
          transformCall(context, adjoint, number(width), spectra, u, scales, { x: true }),
        ],
      }
    },
  }
}

/** Operand: the first pixel of the row that lies `ahead` rows after that of the step. */
function firstPixel(activation: Activation, ahead: number): DraftOperand {
  const { pitch } = activation.layout
  const first = pixels(activation, pitch)
  return { ...first, constant: first.constant + ahead * pitch }
}
