export { openDataFolder, operatorKeyFile } from './data-folder.js';
export { readSecretFile, readSettingFile, SettingInvalid } from './setting-values.js';
export { type RuntimeSettings, SETTINGS, SettingsModule } from './settings.module.js';
export { LOG_LEVELS, type LogLevel, loadSettings, type Rate, type Settings } from './settings.js';
export { warnOfUnknownSettings } from './unknown-settings.js';
export { trustedProxies } from './trusted-proxies.js';
