/** A setting that stops the start; its message is one line that names the setting. */
export class SettingInvalid extends Error {
  override readonly name = 'SettingInvalid';
  readonly permanent = true;
}
