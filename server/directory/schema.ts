// The tables of the directory, and how they come to be. A change of them is a new step at the end
// of the list; steps that ran are never changed.

import { type ColumnType, type Kysely, sql } from 'kysely';

export interface UserTable {
  user_id: string;
  display_name: string;
  created_at: number;
}

export interface DeviceTable {
  user_id: string;
  device_id: string;
  name: string;
  platform: string;
  created_at: number;
  revoked_at: ColumnType<number | null, null | undefined, number | null>;
}

export interface Tables {
  users: UserTable;
  devices: DeviceTable;
}

/** By version: the first brings an empty file to 1. */
const STEPS: readonly (readonly string[])[] = [
  [
    `create table users (
       user_id text primary key not null,
       display_name text not null,
       created_at integer not null
     ) strict`,
    `create table devices (
       user_id text not null references users (user_id),
       device_id text not null,
       name text not null,
       platform text not null,
       created_at integer not null,
       revoked_at integer,
       primary key (user_id, device_id)
     ) strict`,
  ],
];

/** Brings the file to the newest version, in one transaction; refuses a newer one. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  await db.transaction().execute(async (change) => {
    const found = await sql<{ user_version: number }>`select user_version from pragma_user_version`
      .execute(change)
      .then(({ rows }) => rows[0]?.user_version ?? 0);
    if (found > STEPS.length) {
      throw new Error(`the directory has version ${found}; this program knows ${STEPS.length}`);
    }
    for (const step of STEPS.slice(found)) {
      for (const statement of step) await sql.raw(statement).execute(change);
    }
    await sql.raw(`pragma user_version = ${STEPS.length}`).execute(change);
  });
}
