// Data sets: what the rest of the lab may use of them.

export { defaultCacheFolder } from 'dctps/internal/file/node-cache-folder'
export { checkSource, type SourceCheck } from './check.js'
export { defaultDataFolder } from './data-folder.js'
export {
  decodeImage,
  type Fit,
  hasColour,
  type ImageSize,
  type Resize,
  type RgbImage,
  writePlanes,
} from './decode-image.js'
export {
  type GetOptions,
  getDataset,
  type ObtainedDataset,
  type ObtainedFile,
} from './download/get-dataset.js'
export type { DownloadEvent } from './download/options.js'
export { folderOf, type KnownPlace, placeOf } from './known-place.js'
export {
  type ChannelStatistics,
  channelStatistics,
  computeNormalisation,
  publishedNormalisation,
} from './normalisation.js'
export { type OpenedDataset, type OpenOptions, openDataset, type ReadOptions } from './open.js'
export type { Cifar100Labels, Splits } from './reader.js'
export { DEFAULT_DATASET, findKnownDataset, KNOWN_DATASETS, type KnownDataset } from './registry.js'
export { type DatasetSpec, parseDatasetSpec, parseImageSize } from './spec.js'
export { type DatasetStatistics, datasetStatistics } from './statistics.js'
