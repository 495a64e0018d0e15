export { openDataFolder, operatorKeyFile } from './data-folder.js';
export { SettingInvalid } from './setting-values.js';
export { type RuntimeSettings, SETTINGS, SettingsModule } from './settings.module.js';
export { DEFAULT_PORT, type LogLevel, loadSettings, type Rate, type Settings } from './settings.js';
export { warnOfUnknownSettings } from './unknown-settings.js';
export { trustedProxies } from './trusted-proxies.js';
