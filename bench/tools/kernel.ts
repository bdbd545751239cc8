// What the kernel counts: memory, bytes written, CPU by thread, and the disk below a folder. Linux
// only; elsewhere, and where the kernel does not tell, figures are NaN and texts `unknown`.

import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The number behind `name:` in a table of the kernel; NaN where there is none. */
export function fieldOf(table: string, name: string): number {
  const line = table.split('\n').find((text) => text.startsWith(`${name}:`));
  return line === undefined ? Number.NaN : Number(/\d+/.exec(line.slice(name.length))?.[0]);
}

/** Resident bytes of this process that belong to no file. */
export function residentBytes(): number {
  return fieldOf(textOf('/proc/self/status'), 'RssAnon') * 1024;
}

const SECTOR_BYTES = 512;
/** Of the fields of a block device's `stat`. */
const SECTORS_WRITTEN = 6;

/**
 * Bytes that the device below a folder has been told to write, by whomever: the machine must do
 * nothing else. NaN where the folder is on no block device.
 *
 * The kernel's count for one process, `write_bytes`, will not do: it counts whole folios as they
 * get dirty, and a small write in a large folio of the page cache as all of it.
 */
export function deviceBytesWritten(folder: string): number {
  const { dev } = statSync(folder);
  // How Linux packs them, below 4096 and 2^20: Node gives the number as it is.
  const device = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
  const sectors = textOf(`/sys/dev/block/${device}/stat`).trim().split(/\s+/)[SECTORS_WRITTEN];
  return sectors === undefined ? Number.NaN : Number(sectors) * SECTOR_BYTES;
}

/** Microseconds by name of thread, of all threads of this process that are there. */
export function cpuByThread(): Map<string, number> {
  const sums = new Map<string, number>();
  if (process.platform !== 'linux') return sums;
  for (const thread of readdirSync('/proc/self/task')) {
    const folder = `/proc/self/task/${thread}`;
    const name = textOf(`${folder}/comm`).trim();
    const us = Number(textOf(`${folder}/schedstat`).split(' ')[0]) / 1000;
    sums.set(name, (sums.get(name) ?? 0) + us);
  }
  return sums;
}

/** Free bytes of the file system that holds this path. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** Bytes on disk of what is below a folder, by the name of what is directly in it. */
export function bytesOnDisk(folder: string): Map<string, number> {
  return new Map(readdirSync(folder).map((name) => [name, bytesBelow(join(folder, name))]));
}

/** Bytes on disk of a store, without the ballast that it keeps for a full disk. */
export function storeBytes(folder: string): number {
  const sizes = [...bytesOnDisk(folder)].filter(([name]) => name !== 'reserve');
  return sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
}

/** Files may go while they are counted. */
function bytesBelow(path: string): number {
  try {
    const found = statSync(path);
    if (!found.isDirectory()) return found.blocks * 512;
    return readdirSync(path).reduce((sum, name) => sum + bytesBelow(join(path, name)), 0);
  } catch {
    return 0;
  }
}

/** What a reader must know of the machine; the durability class names its write cache. */
export function machineOf(folder: string, commit: string): Readonly<Record<string, string>> {
  const [model, count] = [cpus()[0]?.model ?? 'unknown', cpus().length];
  return {
    kernel: release(),
    cpu: `${count} x ${model}`,
    'device write cache': writeCacheOf(folder),
    'load before': loadavg()
      .map((load) => load.toFixed(2))
      .join(' '),
    commit,
    node: process.version,
  };
}

/** As it stands in titles. */
export function durabilityOf(machine: Readonly<Record<string, string>>): string {
  return `fdatasync before ack, device cache: ${machine['device write cache']}`;
}

function writeCacheOf(folder: string): string {
  const { dev } = statSync(folder);
  // As Linux packs them in 64 bits; device numbers here are small.
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const block = `/sys/dev/block/${major}:${minor}`;
  // A partition has its queue at the disk that it is a part of.
  const text = textOf(`${block}/queue/write_cache`) || textOf(`${block}/../queue/write_cache`);
  return text.trim() || 'unknown';
}
