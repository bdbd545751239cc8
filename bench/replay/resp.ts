// Just enough of the protocol of Redis to ask many things at once and read what is answered. Every
// byte is looked at once, however answers are cut; texts of an answer are views of what arrived.

export type Reply = number | Uint8Array | null | Error | readonly Reply[];

const decoder = new TextDecoder('latin1');
const LF = 10;
const MINUS = 45;
const ZERO = 48;

/** A command as it is sent. */
export function encodeCommand(words: readonly (string | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word) : word;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

interface OpenList {
  readonly length: number;
  readonly replies: Reply[];
}

/** A part of an answer: a list that begins, or a value. */
type Token = { readonly list: number } | { readonly value: Reply };

export class ReplyReader {
  /** Lists that have begun, the innermost last. */
  readonly #open: OpenList[] = [];
  #rest: Uint8Array = new Uint8Array();

  /** The answers that are whole now. */
  read(part: Uint8Array): Reply[] {
    const bytes = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    const whole: Reply[] = [];
    let at = 0;
    for (;;) {
      const found = tokenAt(bytes, at);
      if (found === undefined) break;
      at = found.end;
      const { token } = found;
      if ('list' in token && token.list > 0) {
        this.#open.push({ length: token.list, replies: [] });
      } else {
        this.#add('list' in token ? [] : token.value, whole);
      }
    }
    this.#rest = bytes.subarray(at);
    return whole;
  }

  /** Into the innermost list, which may end with it, and so the one around that. */
  #add(reply: Reply, whole: Reply[]): void {
    let ended = reply;
    for (;;) {
      const list = this.#open.at(-1);
      if (list === undefined) {
        whole.push(ended);
        return;
      }
      list.replies.push(ended);
      if (list.replies.length < list.length) return;
      this.#open.pop();
      ended = list.replies;
    }
  }
}

/** Undefined when it is not whole yet. */
function tokenAt(
  bytes: Uint8Array,
  at: number,
): { readonly token: Token; readonly end: number } | undefined {
  const lineEnd = bytes.indexOf(LF, at);
  if (lineEnd === -1) return undefined;
  const [from, textEnd, end] = [at + 1, lineEnd - 1, lineEnd + 1];
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case '+':
      return { token: { value: bytes.subarray(from, textEnd) }, end };
    case '-':
      return { token: { value: new Error(decoder.decode(bytes.subarray(from, textEnd))) }, end };
    case ':':
      return { token: { value: numberAt(bytes, from, textEnd) }, end };
    case '$': {
      const length = numberAt(bytes, from, textEnd);
      if (length < 0) return { token: { value: null }, end };
      if (bytes.length < end + length + 2) return undefined;
      return { token: { value: bytes.subarray(end, end + length) }, end: end + length + 2 };
    }
    case '*': {
      const list = numberAt(bytes, from, textEnd);
      return { token: list < 0 ? { value: null } : { list }, end };
    }
    default:
      throw new Error(`no answer begins with byte ${bytes[at]}`);
  }
}

function numberAt(bytes: Uint8Array, from: number, end: number): number {
  const isNegative = bytes[from] === MINUS;
  let value = 0;
  for (let at = isNegative ? from + 1 : from; at < end; at++) {
    value = value * 10 + (bytes[at] ?? ZERO) - ZERO;
  }
  return isNegative ? -value : value;
}
