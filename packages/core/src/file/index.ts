// Bytes of models, run states and tensors. The file system is in `node.ts`, apart from this portable part.

export {
  type ContainerContent,
  type ContainerKind,
  packContainer,
  type UnpackedContainer,
  unpackContainer,
} from './container.js'
export { asInteger, asJson, asNumber, asString, Fields, type JsonValue } from './fields.js'
export { decodePositions, encodePositions } from './golomb.js'
export { decodeModel, type EncodeOptions, encodeModel, type Model } from './model.js'
export {
  readSafetensors,
  type Safetensors,
  type Tensor,
  type TensorData,
  type TensorDtype,
  writeSafetensors,
} from './safetensors.js'
export { type Float16Values, requireArray, type TypedArray } from './stored-array.js'
export { checkSameConfiguration, decodeTrainState, encodeTrainState, type StateFile } from './train-state.js'
