// The place in which a tab keeps what is its own: a tab is a device, and has its device id, its
// outbox and its cursors in `sessionStorage`, which outlives a reload and ends with the tab.
//
// Invariant: two tabs are never one device. A browser copies the storage of a tab that is
// duplicated, so a device is held by a lock, and who does not get it becomes a new device.

import type { ClientStorage } from '../../protocol/client/index.js';

/** Longer than a page that is reloaded holds on to its lock. */
const COPY_AFTER_MS = 1_500;
const ID_BYTES = 3;

export class Tab {
  readonly userId: string;
  readonly deviceId: string;

  private constructor({ userId, deviceId }: { userId: string; deviceId: string }) {
    this.userId = userId;
    this.deviceId = deviceId;
  }

  /** The device that this tab was before for this user, or a new one. */
  static async of(userId: string): Promise<Tab> {
    const kept = sessionStorage.getItem(keyOf(userId, 'device'));
    if (kept !== null && (await hold(`${userId}/${kept}`)))
      return new Tab({ userId, deviceId: kept });
    return await Tab.renewed(userId);
  }

  /** Forgets what was kept for this user. */
  static async renewed(userId: string): Promise<Tab> {
    for (const key of keysOf(keyOf(userId, ''))) sessionStorage.removeItem(key);
    const deviceId = `tab-${newId()}`;
    await hold(`${userId}/${deviceId}`);
    sessionStorage.setItem(keyOf(userId, 'device'), deviceId);
    return new Tab({ userId, deviceId });
  }

  get(name: string): string | undefined {
    return sessionStorage.getItem(keyOf(this.userId, name)) ?? undefined;
  }

  /** Throws where the browser has no space left for this page. */
  set(name: string, value: string | undefined): void {
    if (value === undefined) sessionStorage.removeItem(keyOf(this.userId, name));
    else sessionStorage.setItem(keyOf(this.userId, name), value);
  }

  /** Names that begin so, without what they begin with. */
  names(prefix: string): string[] {
    const key = keyOf(this.userId, prefix);
    return keysOf(key).map((found) => found.slice(key.length));
  }

  /** Of the client; one value, so that a change is there whole or not at all. */
  clientStorage(): ClientStorage {
    const read = () => JSON.parse(this.get('client') ?? '{}') as Record<string, string>;
    return {
      load: async () => Object.entries(read()).map(([key, text]) => [key, bytesOf(text)]),
      write: async (changes) => {
        const rows = new Map(Object.entries(read()));
        for (const [key, value] of changes) {
          if (value === undefined) rows.delete(key);
          else rows.set(key, textOf(value));
        }
        this.set('client', JSON.stringify(Object.fromEntries(rows)));
      },
    };
  }
}

function keyOf(userId: string, name: string): string {
  return `foq/${userId}/${name}`;
}

function keysOf(prefix: string): string[] {
  return Object.keys(sessionStorage).filter((key) => key.startsWith(prefix));
}

/** Resolves to false where another tab has it; it is let go of when this page ends. */
function hold(device: string): Promise<boolean> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(COPY_AFTER_MS);
    const forEver = () => {
      resolve(true);
      return new Promise<never>(() => undefined);
    };
    navigator.locks.request(`foq/${device}`, { signal }, forEver).catch(() => resolve(false));
  });
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function textOf(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
