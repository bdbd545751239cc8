// Lists that come in pages: what is pending for a consumer, what it is joined in, all chats.

import type { Page, PageOptions, PendingRow } from '../protocol/index.js';
import { invalidArgument } from './errors.js';
import * as check from './ids.js';
import type { PageRequest, Pages, PendingCursorRow } from './native-types.js';

export const PAGE_ROWS_MAX = 10_000;
const LIMIT = { argument: 'limit', fallback: 1000, most: PAGE_ROWS_MAX };

/** Throws FOQ_INVALID_ARGUMENT. */
export function pageRequest(options: PageOptions): PageRequest {
  check.checkObject(options, 'the options of a page');
  const { after = null, limit } = options;
  if (after !== null && typeof after !== 'string') {
    throw invalidArgument('after', '`next` of the page before', after);
  }
  return { after: after ?? undefined, limit: check.limitOf(limit, LIMIT) };
}

export function pageOf<Row>({ rows, next }: Pages<Row>): Page<Row> {
  return { chats: rows, next: next ?? null };
}

/** Without what only delivery needs. */
export function pendingPageOf({ rows, next }: Pages<PendingCursorRow>): Page<PendingRow> {
  return pageOf({ rows: rows.map(pendingRowOf), next });
}

function pendingRowOf(row: PendingCursorRow): PendingRow {
  const { chatId, firstSeq, headSeq, received, lastAt, marks } = row;
  return { chatId, firstSeq, headSeq, received, lastAt, marks };
}
