import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runJava } from './java.js';

export interface Certificate {
  /** PKCS#12 with key and certificate. */
  readonly keystore: string;
  /** PEM: what a client trusts. */
  readonly certificateFile: string;
}

const ALIAS = 'broker';

/** A certificate of its own signing for 127.0.0.1 and localhost, for trying TLS on one machine; made once per folder. */
export async function makeCertificate(dataDir: string, password: string): Promise<Certificate> {
  const keystore = join(dataDir, 'broker.p12');
  const certificateFile = join(dataDir, 'broker.pem');
  if (existsSync(certificateFile)) return { keystore, certificateFile };
  const store = ['-keystore', keystore, '-storetype', 'PKCS12', '-storepass', password, '-alias', ALIAS];
  const pair = '-keyalg EC -groupname secp256r1 -validity 3650 -dname CN=localhost -ext SAN=IP:127.0.0.1,DNS:localhost';
  await runJava(['-genkeypair', ...store, ...pair.split(' ')], 'keytool');
  await runJava(['-exportcert', ...store, '-rfc', '-file', certificateFile], 'keytool');
  return { keystore, certificateFile };
}
