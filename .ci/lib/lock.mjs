// A lock between processes, for the set-up: whoever holds the directory builds, the others wait.
//
// Invariants: the directory appears together with its owner file (both are made aside and renamed
// into place), so a lock without an owner is never seen; a lock is taken from its owner only when
// that process is gone, which is judged by pid and start time, because pids are used again.

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
/**
 * A takeover is a few system calls long; a guard this old was left by a process that died inside
 * it.
 */
const TAKEOVER_GUARD_AGE_MS_MAX = 10_000;

let claimCount = 0;

/**
 * Runs `action` while holding `path`; calls `onWait(owner)` once for each other owner it waits
 * for.
 */
export async function withLock(path, { action, onWait }) {
  mkdirSync(dirname(path), { recursive: true });
  let announcedPid;
  while (!tryAcquire(path)) {
    const owner = readOwner(path);
    if (owner && !isAlive(owner)) takeOver(path);
    else if (owner) {
      if (owner.pid !== announcedPid) onWait(owner);
      announcedPid = owner.pid;
      await sleep(POLL_MS);
    }
  }
  const releaseAtExit = () => release(path);
  process.once('exit', releaseAtExit);
  try {
    return await action();
  } finally {
    process.off('exit', releaseAtExit);
    release(path);
  }
}

function tryAcquire(path) {
  claimCount += 1;
  const claim = `${path}.${process.pid}.${claimCount}`;
  mkdirSync(claim);
  const owner = { pid: process.pid, startedAt: startTimeOf(process.pid) };
  writeFileSync(join(claim, 'owner.json'), JSON.stringify(owner));
  try {
    renameSync(claim, path);
    return true;
  } catch (error) {
    rmSync(claim, { recursive: true });
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Renamed away first: a directory that is emptied in place could be replaced by the next owner's.
 */
function release(path) {
  claimCount += 1;
  const away = `${path}.released.${process.pid}.${claimCount}`;
  try {
    renameSync(path, away);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  rmSync(away, { recursive: true });
}

/** Two waiters may find the same dead owner; the guard lets one of them remove what it left. */
function takeOver(path) {
  const guard = `${path}.takeover`;
  if (!tryAcquire(guard)) {
    const guardStat = statSync(guard, { throwIfNoEntry: false });
    if (guardStat && Date.now() - guardStat.mtimeMs > TAKEOVER_GUARD_AGE_MS_MAX) release(guard);
    return;
  }
  try {
    const owner = readOwner(path);
    if (owner && !isAlive(owner)) release(path);
  } finally {
    release(guard);
  }
}

function readOwner(path) {
  try {
    return JSON.parse(readFileSync(join(path, 'owner.json'), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(owner) {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    if (error.code !== 'EPERM') throw error;
  }
  return startTimeOf(owner.pid) === owner.startedAt;
}

/**
 * Field 22 of /proc/PID/stat, in ticks since boot; null where there is no /proc, and pid alone
 * decides.
 */
function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
