// Configuration of training runs: settings from files and options, and the resolved configuration.

export {
  architectureOptions,
  defaultSettings,
  kernelOptions,
  mergeSettings,
  type RunConfig,
  resolveConfig,
  supportSource,
  trainOptions,
  UnusableSettingsError,
} from './config.js'
export { type AllSettings, isSettingName, type SettingName, type Settings, settingNames } from './settings.js'
export { briefly, parseSettings, readDocument, readSettings, type Spelling } from './source.js'
