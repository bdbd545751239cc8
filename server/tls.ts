// The certificate of a broker that speaks TLS, checked before anything else is opened.

import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { FoqError } from '../protocol/index.js';
import { type Config, flagNameOf } from './config.js';

export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** Undefined without one. FOQ_INVALID_ARGUMENT for files that are missing, wrong, or no pair. */
export async function readTls({ tlsCert, tlsKey }: Config): Promise<Tls | undefined> {
  if (tlsCert === '') return undefined;
  const [cert, key] = await Promise.all([
    pemOf(tlsCert, { option: 'tlsCert', marks: /-----BEGIN (TRUSTED )?CERTIFICATE-----/ }),
    pemOf(tlsKey, { option: 'tlsKey', marks: /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/ }),
  ]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const said = (cause as Error).message;
    throw refused(`${tlsCert} and ${tlsKey} are no certificate and its key: ${said}`, cause);
  }
  return { cert, key };
}

async function pemOf(
  path: string,
  { option, marks }: { readonly option: 'tlsCert' | 'tlsKey'; readonly marks: RegExp },
): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw refused(`${flagNameOf(option)}: the file ${path} cannot be read (${code}).`, cause);
  });
  if (marks.test(text)) return text;
  const what = option === 'tlsCert' ? 'certificate' : 'private key';
  throw refused(`${flagNameOf(option)}: ${path} holds no ${what} in PEM.`);
}

function refused(message: string, cause?: unknown): FoqError {
  return new FoqError('FOQ_INVALID_ARGUMENT', { message, cause });
}
