// Where a network is looked at: what each kernel layer hands on, and what each residual block does, in order of depth.

import { isKernelLayer, type Layer, type LayerId, layerInputs } from 'dctps/internal/network/layer'
import type { Network } from 'dctps/internal/network/network'

export interface ProbePoint {
  /** The layer whose output is looked at. */
  readonly id: LayerId
  /** As the network names the kernel layer or the block. */
  readonly name: string
  /** `unit`: a kernel layer with its batch norm and ReLU; `block`: the sum that ends a residual block. */
  readonly type: 'unit' | 'block'
  /** Whether it ends with a ReLU: only then can a unit be dead. */
  readonly rectified: boolean
}

/** The last point is the one of the logits. */
export function probePoints(network: Network): ProbePoint[] {
  const { layers } = network
  const readers = new Map<LayerId, Layer[]>()
  for (const layer of layers)
    for (const id of layerInputs(layer)) readers.set(id, [...(readers.get(id) ?? []), layer])
  const points = layers.flatMap((layer): ProbePoint[] => {
    if (isKernelLayer(layer)) {
      const end = followUnit(layer, readers)
      return [{ id: end.id, name: layer.name, type: 'unit', rectified: isRectified(end) }]
    }
    if (!endsBlock(layer)) return []
    const end = followUnit(layer, readers)
    return [{ id: end.id, name: blockName(layers, layer), type: 'block', rectified: isRectified(end) }]
  })
  return points.sort((a, b) => a.id - b.id)
}

/** The last of the layers that belong to a kernel or a sum: batch norm, scalars and ReLU that alone read it. */
function followUnit(layer: Layer, readers: ReadonlyMap<LayerId, readonly Layer[]>): Layer {
  const [next, other] = readers.get(layer.id) ?? []
  if (next === undefined || other !== undefined) return layer
  const belongs =
    next.op === 'batchNorm' || next.op === 'relu' || (next.op === 'scalarAffine' && !endsBlock(next))
  return belongs ? followUnit(next, readers) : layer
}

function endsBlock(layer: Layer): boolean {
  return layer.op === 'add' || (layer.op === 'scalarAffine' && layer.residual !== null)
}

function isRectified(layer: Layer): boolean {
  return layer.op === 'relu' || (layer.op === 'scalarAffine' && layer.rectified)
}

/** What the names of the last two kernels before a sum have in common: `layer1.0` of its `conv2` and `shortcut.0`. */
function blockName(layers: readonly Layer[], sum: Layer): string {
  const [last, before] = layers.slice(0, sum.id).filter(isKernelLayer).toReversed()
  const parts = last?.name.split('.') ?? []
  const others = before?.name.split('.') ?? []
  const differs = parts.findIndex((part, i) => part !== others[i])
  return parts.slice(0, Math.max(0, differs)).join('.') || sum.name
}
