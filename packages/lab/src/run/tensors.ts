// A model as safetensors, for PyTorch: parameters by their published names, kernels of DCTpS and sparse layers as
// positions and values, dense ones as weights. What a reader needs beside them is text in the metadata.

import { type Model, parameters, type Tensor, weightShape, writeSafetensors } from 'dctps'
import { isKernelLayer } from 'dctps/internal/network/layer'

/** The bytes of a safetensors file. */
export function modelTensors(model: Model): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, Tensor>()
  for (const { name, role, layer: id } of parameters(model.network, model.supports)) {
    const layer = model.network.layers[id]!
    const values = model.parameters.get(name)!
    const positions = model.supports.get(id)
    if (role !== 'kernel' || !isKernelLayer(layer)) {
      tensors.set(name, { dtype: 'F32', shape: [values.length], data: values })
    } else if (positions === undefined) {
      tensors.set(name, { dtype: 'F32', shape: weightShape(layer), data: values })
    } else {
      // Flat indices into the dense weight; no kernel of a known network has 2^31 weights.
      tensors.set(`${name}.indices`, {
        dtype: 'I32',
        shape: [positions.length],
        data: Int32Array.from(positions),
      })
      tensors.set(`${name}.values`, { dtype: 'F32', shape: [values.length], data: values })
    }
  }
  return writeSafetensors(tensors, metadata(model))
}

function metadata({ spec, normalisation, classNames }: Model): Map<string, string> {
  const { architecture, input, classes, kernel, support } = spec
  return new Map([
    ['format', 'pt'],
    ['arch', architecture],
    ['input', JSON.stringify([input.channels, input.height, input.width])],
    ['classes', String(classes)],
    ['kind', kernel.kind],
    ['support', JSON.stringify(support)],
    ['mean', JSON.stringify(normalisation.mean)],
    ['std', JSON.stringify(normalisation.std)],
    ['classNames', JSON.stringify(classNames)],
  ])
}
