// Lets Kysely speak to embedded SQLite by libsql's asynchronous door, so that no query and no sync
// of a commit holds the event loop.
//
// Invariants: one connection; transactions take turns. Writes happen inside a transaction: outside
// one, libsql would sync on the caller's thread.

import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import LibSql from 'libsql/promise';

/** A dialect over one file, made where it is missing. */
export function libSqlDialect(path: string): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new LibSqlDriver(path),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class LibSqlDriver implements Driver {
  readonly #path: string;
  #connection: LibSqlConnection | undefined;
  /** Resolves when the one who has the connection gives it back. */
  #turn: Promise<void> = Promise.resolve();
  #giveBack: () => void = () => undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async init(): Promise<void> {
    const library = new LibSql(this.#path, {});
    await library.exec('PRAGMA journal_mode = WAL');
    await library.exec('PRAGMA synchronous = FULL');
    await library.exec('PRAGMA busy_timeout = 5000');
    this.#connection = new LibSqlConnection(library);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn;
    let giveBack: () => void = () => undefined;
    this.#turn = new Promise((resolve) => {
      giveBack = resolve;
    });
    await before;
    this.#giveBack = giveBack;
    if (this.#connection === undefined) throw new Error('the directory is not open');
    return this.#connection;
  }

  releaseConnection(): Promise<void> {
    this.#giveBack();
    return Promise.resolve();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('BEGIN IMMEDIATE'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('COMMIT'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('ROLLBACK'));
  }

  destroy(): Promise<void> {
    this.#connection?.close();
    return Promise.resolve();
  }
}

class LibSqlConnection implements DatabaseConnection {
  readonly #library: LibSql;

  constructor(library: LibSql) {
    this.#library = library;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (parameters.length === 0 && !/^\s*(select|with)|\breturning\b/i.test(sql)) {
      await this.#library.exec(sql);
      return { rows: [] };
    }
    const statement = await this.#library.prepare(sql);
    return { rows: (await statement.all(parameters)) as Row[] };
  }

  // biome-ignore lint/correctness/useYield: it only says that it cannot
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('the directory does not stream');
  }

  close(): void {
    this.#library.close();
  }
}
