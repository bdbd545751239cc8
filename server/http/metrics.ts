// `/metrics`, in the text format of Prometheus. Numbers are copied when they are asked for; nothing
// is counted here. No label has more values than the code names: no chats, users or devices.

import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Stats } from '../../protocol/index.js';
import type { HttpServices, SocketStats } from './services.js';

interface Row {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
}

interface QueueRow extends Row {
  readonly of: (stats: Stats) => number;
}

interface SocketRow extends Row {
  readonly of: (stats: SocketStats) => number;
}

const QUEUE_ROWS: readonly QueueRow[] = [
  counter('foq_appends_total', 'Records appended.', (stats: Stats) => stats.appends),
  counter('foq_acks_total', 'Acks applied.', (stats: Stats) => stats.acks),
  counter('foq_rounds_total', 'Rounds written to the journal.', (stats: Stats) => stats.rounds),
  counter('foq_syncs_total', 'Syncs of the journal.', (stats: Stats) => stats.syncs),
  counter('foq_payload_bytes_total', 'Bytes of payload.', (stats: Stats) => stats.payloadBytes),
  counter('foq_journal_bytes_total', 'Bytes of rounds.', (stats: Stats) => stats.journalBytes),
  counter('foq_spare_bytes_total', 'Bytes of journal files written ahead.', (stats: Stats) => {
    return stats.spareBytes;
  }),
  counter('foq_seals_total', 'Journal files that became tables.', (stats: Stats) => stats.seals),
  counter('foq_sealed_records_total', 'Records that seals kept.', (stats: Stats) => {
    return stats.sealedRecords;
  }),
  counter('foq_dropped_records_total', 'Records that seals left out.', (stats: Stats) => {
    return stats.droppedRecords;
  }),
  counter('foq_sealed_bytes_total', 'Bytes of tables that seals wrote.', (stats: Stats) => {
    return stats.segmentBytes + stats.stateBytes + stats.inboxBytes;
  }),
  counter('foq_merges_total', 'Merges of tables.', (stats: Stats) => stats.merges),
  counter('foq_merged_bytes_total', 'Bytes that merges wrote.', (stats: Stats) => {
    return stats.mergedBytes;
  }),
  counter('foq_expired_tables_total', 'Tables that expired whole.', (stats: Stats) => {
    return stats.expiredTables;
  }),
  counter('foq_background_failures_total', 'Seals, merges and checks that gave up.', (stats) => {
    return (stats as Stats).backgroundFailures;
  }),
  counter('foq_cold_lookups_total', 'Chats that were read from tables.', (stats: Stats) => {
    return stats.coldLookups;
  }),
  counter('foq_cache_hits_total', 'Blocks of tables that were in memory.', (stats: Stats) => {
    return stats.cacheHits;
  }),
  counter('foq_cache_misses_total', 'Blocks of tables that were read.', (stats: Stats) => {
    return stats.cacheMisses;
  }),
  gauge('foq_tables', 'Tables of the store.', (stats: Stats) => stats.tables),
  gauge('foq_table_bytes', 'Bytes of tables on disk.', (stats: Stats) => stats.tableBytes),
  gauge('foq_filter_bytes', 'Bytes of directories and filters in memory.', (stats: Stats) => {
    return stats.filterBytes;
  }),
  gauge('foq_chats', 'Chats in memory.', (stats: Stats) => stats.chats),
  gauge('foq_journal_files', 'Files of the journal.', (stats: Stats) => stats.journalFiles),
  gauge('foq_pending_bytes', 'Bytes that are not durable yet.', (stats: Stats) => {
    return stats.pendingBytes;
  }),
  gauge('foq_poisoned', '1 after a write or sync failed.', (stats: Stats) => {
    return stats.poisoned ? 1 : 0;
  }),
];

const SOCKET_ROWS: readonly SocketRow[] = [
  gauge('foq_connections', 'Sockets.', (stats: SocketStats) => stats.connections),
  gauge('foq_devices', 'Devices that are connected.', (stats: SocketStats) => stats.devices),
  counter('foq_connections_total', 'Sockets that were taken.', (stats: SocketStats) => {
    return stats.accepted;
  }),
  counter('foq_connections_refused_total', 'Sockets for which there was no place.', (stats) => {
    return (stats as SocketStats).refused;
  }),
  counter('foq_frames_in_total', 'Frames from devices.', (stats: SocketStats) => stats.framesIn),
  counter('foq_frames_out_total', 'Frames to devices.', (stats: SocketStats) => stats.framesOut),
];

const CLOSES = { name: 'foq_closes_total', help: 'Sockets that were closed, by close code.' };

/** As rows of docs/broker.md: name and meaning of all but what Node itself has. */
export function metricRows(): string[][] {
  const rows = [...QUEUE_ROWS, ...SOCKET_ROWS, CLOSES];
  return rows.map(({ name, help }) => [`\`${name}\``, help]);
}

export function metricsRoute(app: FastifyInstance, services: HttpServices): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const queue = QUEUE_ROWS.map((row) => exported(registry, row));
  const sockets = SOCKET_ROWS.map((row) => exported(registry, row));
  const closes = new Counter({
    ...CLOSES,
    labelNames: ['code'],
    registers: [registry],
  });
  app.get('/metrics', async (_request, reply) => {
    const stats = await services.stats();
    for (const set of queue) set(stats);
    const socketStats = services.sockets();
    for (const set of sockets) set(socketStats);
    closes.reset();
    for (const [code, count] of socketStats.closed) closes.inc({ code: String(code) }, count);
    reply.header('content-type', registry.contentType);
    return await registry.metrics();
  });
}

/** Copies one number; a counter is set by starting it again, as it only mirrors another. */
function exported<Of>(registry: Registry, row: Row & { readonly of: (stats: Of) => number }) {
  const { name, help, kind, of } = row;
  const options = { name, help, registers: [registry] };
  if (kind === 'gauge') {
    const made = new Gauge(options);
    return (stats: Of) => made.set(of(stats));
  }
  const made = new Counter(options);
  return (stats: Of) => {
    made.reset();
    made.inc(of(stats));
  };
}

function counter<Of>(name: string, help: string, of: (stats: Of) => number) {
  return { name, help, of, kind: 'counter' as const };
}

function gauge<Of>(name: string, help: string, of: (stats: Of) => number) {
  return { name, help, of, kind: 'gauge' as const };
}
