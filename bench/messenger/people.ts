// Who takes part: users and their devices, written to the directory before the broker opens it, and
// tokens of the development key, signed here.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDirectory } from '../../server/directory/index.js';
import { developmentKey } from '../../server/tokens/index.js';

export interface Person {
  readonly userId: string;
  readonly deviceId: string;
  readonly token: string;
}

const TOKEN_SECONDS = 86_400;

export interface Enrolment {
  /** Data folder of a broker that does not run. */
  readonly data: string;
  readonly users: number;
  readonly devicesEach: number;
}

/** Devices, those of one user together. They can be members of chats. */
export async function enrol(given: Enrolment): Promise<Person[]> {
  await mkdir(given.data, { recursive: true, mode: 0o700 });
  const path = join(given.data, 'directory.db');
  const directory = await openDirectory({ path, now: Date.now });
  const people = await strangers(given);
  for (const [index, { userId, deviceId }] of people.entries()) {
    if (index % given.devicesEach === 0) await directory.upsertUser({ userId });
    await directory.upsertDevice({ userId, deviceId });
  }
  await directory.close();
  return people;
}

/** The same without the directory: they can connect, and no chat can take them. */
export async function strangers({ data, users, devicesEach }: Enrolment): Promise<Person[]> {
  const key = await developmentKey(data);
  const people: Person[] = [];
  for (let index = 0; index < users * devicesEach; index++) {
    const userId = `user-${Math.floor(index / devicesEach)}`;
    const deviceId = `device-${index % devicesEach}`;
    const claims = { userId, deviceId, expiresInSeconds: TOKEN_SECONDS };
    people.push({ userId, deviceId, token: await key.sign(claims, Date.now()) });
  }
  return people;
}
