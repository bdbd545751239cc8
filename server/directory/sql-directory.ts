// The directory over SQL.
//
// Invariants: a revocation is in memory as soon as it is committed, and is loaded at open. Lists
// of ids are asked for in parts, because a statement takes only so many parameters.

import { Kysely } from 'kysely';
import { FoqError } from '../../protocol/index.js';
import { libSqlDialect } from './dialect.js';
import { type DeviceTable, migrate, type Tables, type UserTable } from './schema.js';
import type { Device, Directory, GivenDevice, GivenUser, User } from './types.js';

/** SQLite allows 32,766; smaller statements are compiled sooner. */
const IDS_PER_STATEMENT = 500;

/** Opens the directory of a file, which is made where it is missing. */
export async function openDirectory(options: {
  readonly path: string;
  readonly now: () => number;
}): Promise<Directory> {
  const db = new Kysely<Tables>({ dialect: libSqlDialect(options.path) });
  await migrate(db);
  const revoked = await db
    .selectFrom('devices')
    .select(['user_id', 'device_id'])
    .where('revoked_at', 'is not', null)
    .execute();
  const keys = revoked.map((row) => keyOf({ userId: row.user_id, deviceId: row.device_id }));
  return new SqlDirectory(db, { now: options.now, revoked: keys });
}

class SqlDirectory implements Directory {
  readonly #db: Kysely<Tables>;
  readonly #now: () => number;
  readonly #revoked: Set<string>;

  constructor(db: Kysely<Tables>, given: { now: () => number; revoked: Iterable<string> }) {
    this.#db = db;
    this.#now = given.now;
    this.#revoked = new Set(given.revoked);
  }

  async upsertUser({ userId, displayName }: GivenUser): Promise<User> {
    const created = {
      user_id: userId,
      display_name: displayName ?? userId,
      created_at: this.#now(),
    };
    const row = await this.#db.transaction().execute((change) =>
      change
        .insertInto('users')
        .values(created)
        .onConflict((conflict) =>
          // Sets a name to itself where none is given, so that the row is returned either way.
          conflict.column('user_id').doUpdateSet((eb) => ({
            display_name: displayName ?? eb.ref('users.display_name'),
          })),
        )
        .returningAll()
        .executeTakeFirstOrThrow(),
    );
    return userOf(row);
  }

  async upsertDevice(given: GivenDevice): Promise<{ device: Device; created: boolean }> {
    const { userId, deviceId, name, platform } = given;
    return await this.#db.transaction().execute(async (change) => {
      const user = await change
        .selectFrom('users')
        .select('user_id')
        .where('user_id', '=', userId)
        .executeTakeFirst();
      if (user === undefined) {
        throw new FoqError('FOQ_USER_NOT_FOUND', { details: { userIds: [userId] } });
      }
      const known = await change
        .selectFrom('devices')
        .selectAll()
        .where('user_id', '=', userId)
        .where('device_id', '=', deviceId)
        .executeTakeFirst();
      if (known !== undefined && known.revoked_at !== null) {
        const message = `The device ${userId}/${deviceId} was revoked; link it under another id.`;
        throw new FoqError('FOQ_FORBIDDEN', { message });
      }
      const row = {
        user_id: userId,
        device_id: deviceId,
        name: name ?? known?.name ?? deviceId,
        platform: platform ?? known?.platform ?? 'unknown',
        created_at: known?.created_at ?? this.#now(),
      };
      await change
        .insertInto('devices')
        .values(row)
        .onConflict((conflict) =>
          conflict
            .columns(['user_id', 'device_id'])
            .doUpdateSet({ name: row.name, platform: row.platform }),
        )
        .returning('device_id')
        .execute();
      return { device: deviceOf(row), created: known === undefined };
    });
  }

  async revokeDevice(device: { userId: string; deviceId: string }): Promise<boolean> {
    const changed = await this.#db
      .transaction()
      .execute((change) =>
        change
          .updateTable('devices')
          .set({ revoked_at: this.#now() })
          .where('user_id', '=', device.userId)
          .where('device_id', '=', device.deviceId)
          .where('revoked_at', 'is', null)
          .returning('device_id')
          .execute(),
      );
    if (changed.length === 0) return false;
    this.#revoked.add(keyOf(device));
    return true;
  }

  async users(userIds: readonly string[]): Promise<User[]> {
    const rows: User[] = [];
    for (const part of partsOf(userIds)) {
      const found = await this.#db
        .selectFrom('users')
        .selectAll()
        .where('user_id', 'in', part)
        .execute();
      rows.push(...found.map(userOf));
    }
    return rows;
  }

  async devicesOf(userIds: readonly string[]): Promise<Device[]> {
    const rows: Device[] = [];
    for (const part of partsOf(userIds)) {
      const found = await this.#db
        .selectFrom('devices')
        .selectAll()
        .where('user_id', 'in', part)
        .where('revoked_at', 'is', null)
        .orderBy('user_id')
        .orderBy('device_id')
        .execute();
      rows.push(...found.map(deviceOf));
    }
    return rows;
  }

  isRevoked(device: { userId: string; deviceId: string }): boolean {
    return this.#revoked.has(keyOf(device));
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }
}

function keyOf({ userId, deviceId }: { userId: string; deviceId: string }): string {
  return `${userId}/${deviceId}`;
}

function partsOf(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / IDS_PER_STATEMENT);
  return Array.from({ length: count }, (_, part) =>
    ids.slice(part * IDS_PER_STATEMENT, (part + 1) * IDS_PER_STATEMENT),
  );
}

function userOf(row: UserTable): User {
  return { userId: row.user_id, displayName: row.display_name, createdAt: row.created_at };
}

function deviceOf(row: Omit<DeviceTable, 'revoked_at'>): Device {
  return {
    userId: row.user_id,
    deviceId: row.device_id,
    name: row.name,
    platform: row.platform,
    createdAt: row.created_at,
  };
}
