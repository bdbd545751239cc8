// Whether the broker may listen where it is told to. Beyond loopback tokens and messages would be
// readable on the way, and anybody who has read the data directory could make tokens; so both need
// either the real thing or a word that says `insecure`.

import { isIP } from 'node:net';
import { FoqError } from '../protocol/index.js';
import { type Config, flagNameOf } from './config.js';

/** 127.0.0.0/8 and ::1, also as IPv6 writes the former. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return (
    plain === '::1' || plain === 'localhost' || (isIP(plain) === 4 && plain.startsWith('127.'))
  );
}

/** FOQ_INVALID_ARGUMENT that says what is missing. */
export function checkExposure(config: Config): void {
  const { host, tlsCert, tlsKey } = config;
  if ((tlsCert === '') !== (tlsKey === '')) {
    throw refused(`${flagNameOf('tlsCert')} and ${flagNameOf('tlsKey')} belong together.`);
  }
  if (isLoopback(host)) return;
  if (tlsCert === '' && !config.insecureBehindProxy) {
    const flag = flagNameOf('insecureBehindProxy');
    throw refused(
      `${host} is beyond this machine, and tokens would be readable on the way. ` +
        `Give ${flagNameOf('tlsCert')} and ${flagNameOf('tlsKey')}, ` +
        `or ${flag} where a proxy before the broker ends TLS.`,
    );
  }
  if (!(hasOwnKeys(config) || config.insecureDevelopmentKey)) {
    throw refused(
      `${host} is beyond this machine, and the development key is for this machine alone. ` +
        `Give ${flagNameOf('tokenKeys')} or ${flagNameOf('tokenKeySets')}, ` +
        `or ${flagNameOf('insecureDevelopmentKey')}.`,
    );
  }
}

/** Whether the configuration says which keys verify tokens. */
export function hasOwnKeys({ tokenKeys, tokenKeySets }: Config): boolean {
  return tokenKeys.length + tokenKeySets.length > 0;
}

function refused(message: string): FoqError {
  return new FoqError('FOQ_INVALID_ARGUMENT', { message });
}
