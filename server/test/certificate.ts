// A certificate that signs itself, made anew for each test, so that none is ever out of date. X.509
// by hand (RFC 5280), as Node makes keys and signatures but no certificates.

import { generateKeyPairSync, sign } from 'node:crypto';

const DAY_MS = 86_400_000;
/** 1.3.101.112 */
const ED25519 = der(0x30, Buffer.from('06032b6570', 'hex'));

export interface Certificate {
  /** Both PEM. */
  readonly cert: string;
  readonly key: string;
}

/** Of `localhost` and 127.0.0.1, from yesterday until tomorrow. */
export function aCertificate(now = Date.now()): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), utf8('localhost'))));
  const names = der(0x30, der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)));
  const toSign = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ED25519,
    name,
    der(0x30, utcTime(now - DAY_MS), utcTime(now + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, der(0x30, oid('551d11'), der(0x04, names)))),
  );
  const signature = der(0x03, Buffer.of(0), sign(null, toSign, privateKey));
  return {
    cert: pem('CERTIFICATE', der(0x30, toSign, ED25519, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), body]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), body]);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function utf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text));
}

/** `261124120000Z` */
function utcTime(at: number): Buffer {
  const text = new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(text.slice(2)));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
