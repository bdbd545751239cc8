// What a scenario prints: a row per target with must and aim beside it, and the same as JSON.

import { writeFile } from 'node:fs/promises';
import type { Estimate } from './statistics.js';

export interface Row {
  /** As in docs/benchmarks.md; empty for what is only printed. */
  readonly target: string;
  readonly title: string;
  readonly value: Estimate;
  readonly must?: number;
  readonly aim?: number;
  /** Latencies and costs want less. */
  readonly lessIsBetter?: boolean;
  /** Figures that belong beside it. */
  readonly beside?: Readonly<Record<string, number | string>>;
}

export interface Report {
  readonly scenario: string;
  readonly durability: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** `aim`, `must`, `MISSED`, or nothing where there is no bar. */
export function verdict({ value, must, aim, lessIsBetter = false }: Row): string {
  if (must === undefined) return '';
  if (value.rounds === 0) return 'MISSED (not measured)';
  const reaches = (bar: number) => (lessIsBetter ? value.median <= bar : value.median >= bar);
  if (aim !== undefined && reaches(aim)) return 'aim';
  return reaches(must) ? 'must' : 'MISSED';
}

export function toText({ scenario, durability, machine, rows }: Report): string {
  const facts = Object.entries(machine).map(([name, fact]) => `  ${name.padEnd(20)}${fact}`);
  const head = columns(['#', '', 'median', '95 % interval', 'must', 'aim', 'n', 'verdict']);
  return [`${scenario} [${durability}]`, ...facts, '', head, ...rows.flatMap(linesOf)].join('\n');
}

/** Prints it, and writes it as JSON where a path is given. */
export async function publish(report: Report, json: string | undefined): Promise<void> {
  console.log(toText(report));
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
}

function linesOf(row: Row): string[] {
  const { value, beside = {} } = row;
  const line = columns([
    row.target,
    row.title,
    figure(value.median),
    `[${figure(value.low)}-${figure(value.high)}]`,
    bar(row.must),
    bar(row.aim),
    String(value.rounds),
    verdict(row),
  ]);
  const more = Object.entries(beside).map(
    ([name, it]) => `${name} ${typeof it === 'number' ? figure(it) : it}`,
  );
  return more.length === 0 ? [line] : [line, `     ${more.join('; ')}`];
}

/** Width of each column, negative where it stands to the right; the last ends the line. */
const WIDTHS = [5, 66, -9, 19, -9, -9, -4];

function columns(cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = WIDTHS[index] ?? 0;
    return width < 0 ? cell.padStart(-width) : cell.padEnd(width);
  });
  return [...padded.slice(0, 3), '  ', ...padded.slice(3, -1), ' ', padded.at(-1) ?? ''].join('');
}

function bar(value: number | undefined): string {
  return value === undefined ? '' : figure(value);
}

/** Three digits that count, or whole numbers. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  const digits = value.toPrecision(3);
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
