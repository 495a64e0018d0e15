import { SettingInvalid, type Settings } from '@postern/settings';

type Place = Pick<Settings, 'httpHost' | 'httpPort'>;

const LISTEN_TROUBLE: Readonly<Record<string, (place: Place) => string>> = {
  EADDRINUSE: (p) => `POSTERN_HTTP_PORT ${p.httpPort} is taken on ${p.httpHost}: set a free one, or 0 for any.`,
  EACCES: (p) => `POSTERN_HTTP_PORT ${p.httpPort} is not for this user to take: set one above 1023.`,
  EADDRNOTAVAIL: (p) => `POSTERN_HTTP_HOST ${p.httpHost} is no address of this machine.`,
};

/** Has `listen` take the port of the settings. Throws `SettingInvalid` where it is not to be had. */
export async function listenAsSet(listen: () => Promise<unknown>, settings: Place): Promise<void> {
  try {
    await listen();
  } catch (error) {
    const trouble = LISTEN_TROUBLE[(error as NodeJS.ErrnoException).code ?? ''];
    throw trouble ? new SettingInvalid(trouble(settings), { cause: error }) : error;
  }
}
