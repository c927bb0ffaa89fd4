// dctps: extremely sparse networks on free cosine transforms. Portable: no dependency, no platform. Workers come from
// `dctps/node` and `dctps/browser`.

export { DctpsError, type ErrorCode } from './errors.js'
export {
  checkSameConfiguration,
  decodeModel,
  decodeTrainState,
  type EncodeOptions,
  encodeModel,
  encodeTrainState,
  type Model,
  readSafetensors,
  type Safetensors,
  type StateFile,
  type Tensor,
  writeSafetensors,
} from './file/index.js'
export {
  type Architecture,
  type ArchitectureOptions,
  architectures,
  buildNetwork,
  checkArchitectureOptions,
  findArchitecture,
} from './models/registry.js'
export { buildSpec, type ModelSpec, namedKernels, type SupportSource } from './models/spec.js'
export { type KernelKind, kernelKinds, type Layer, type LayerId, type Scalar } from './network/layer.js'
export {
  type Conv2dOptions,
  type KernelOptions,
  kernelCount,
  kernelLayers,
  type LinearOptions,
  type Network,
  NetworkBuilder,
  type ScalarAffineOptions,
  weightShape,
} from './network/network.js'
export { type Parameter, type ParameterRole, parameters, type Supports } from './network/parameters.js'
export { type Answer, Classifier } from './predict/classifier.js'
export { compileProgram, type ProgramOptions, type SupportPositions } from './program/compile.js'
export { describeProgram } from './program/describe.js'
export { type Program, programBytes } from './program/program.js'
export { TransformCache, type TransformStore } from './program/transform-cache.js'
export {
  type ConnectionReport,
  type ConnectionReportRow,
  checkPrunable,
  connectionReport,
  type DensityDecay,
  findPruningMethod,
  type Pruned,
  type PruneJob,
  type PruneRound,
  type PruneTask,
  type PruneWatch,
  type PruningMethod,
  prune,
  pruneStepsOf,
  pruningMethods,
} from './prune/index.js'
export { Key } from './random/key.js'
export type { BatchResult, BatchSlot, StepHyperparameters } from './runtime/batch.js'
export { createRunner, type Runner } from './runtime/runner.js'
export type { ActivationShape } from './shape/activation.js'
export {
  allocate,
  findSupportRule,
  formatSupportReport,
  randomSupports,
  type SupportReport,
  type SupportRule,
  supportReport,
  supportRules,
} from './support/index.js'
export * from './train/index.js'
export { hasRelaxedSimd, type SimdFlavour, simdFlavours } from './transform/index.js'
