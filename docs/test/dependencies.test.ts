// What FOQ installs: nothing that runs a script while it is installed, nothing tied to one
// registry, and a lock file that works on every platform a dependency is built for.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { checkout } from './source-tree.js';

interface LockedPackage {
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, LockedPackage>>;

const SCRIPTS_AT_INSTALL = ['preinstall', 'install', 'postinstall'];

/** What is wrong with a lock file, a line per package. */
function complaints(packages: Packages): string[] {
  const dependencies = Object.entries(packages).filter(([path]) => path !== '');
  return dependencies.flatMap(([path, locked]) => [
    ...(locked.hasInstallScript ? [`${path} runs a script when it is installed`] : []),
    ...(locked.resolved ? [`${path} names where it comes from: ${locked.resolved}`] : []),
    ...(locked.integrity ? [] : [`${path} has no checksum`]),
    ...Object.keys(locked.optionalDependencies ?? {})
      .filter((name) => !isLocked(packages, path, name))
      .map((name) => `${path} has no locked ${name}; npm ci refuses that on other platforms`),
  ]);
}

/** A dependency is found beside its user or in any folder above it. */
function isLocked(packages: Packages, user: string, name: string): boolean {
  const parents = user.split('/node_modules/').map((_, index, parts) => {
    return parts.slice(0, index + 1).join('/node_modules/');
  });
  const places = [`node_modules/${name}`, ...parents.map((at) => `${at}/node_modules/${name}`)];
  return places.some((place) => place in packages);
}

test('no locked dependency runs a script at install, names a host or lacks a checksum', (t) => {
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8'));
  t.ok(Object.keys(lock.packages).length > 50, 'the lock file was read');
  t.same(complaints(lock.packages), []);
  t.end();
});

test('no installed dependency has an install script that the lock file does not show', (t) => {
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8'));
  const installed = Object.keys(lock.packages).filter(
    (path) => path !== '' && existsSync(join(checkout, path, 'package.json')),
  );
  t.ok(installed.length > 50, 'node_modules was read');
  for (const path of installed) {
    const { scripts = {} } = JSON.parse(readFileSync(join(checkout, path, 'package.json'), 'utf8'));
    const found = SCRIPTS_AT_INSTALL.filter((name) => name in scripts);
    const gyp = existsSync(join(checkout, path, 'binding.gyp'));
    if (found.length > 0 || gyp) t.fail(`${path} runs ${gyp ? 'node-gyp' : found.join()}`);
  }
  t.end();
});

test('foq itself has no install script', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  t.same(
    [...SCRIPTS_AT_INSTALL, 'prepare'].filter((name) => name in scripts),
    [],
  );
  t.end();
});

test('each planted fault of a lock file is noticed', (t) => {
  const sound = { integrity: 'sha512-x' };
  const planted: readonly [string, Packages][] = [
    ['script', { 'node_modules/a': { ...sound, hasInstallScript: true } }],
    ['comes from', { 'node_modules/a': { ...sound, resolved: 'https://host.example/a.tgz' } }],
    ['checksum', { 'node_modules/a': {} }],
    ['npm ci', { 'node_modules/a': { ...sound, optionalDependencies: { b: '1' } } }],
  ];
  for (const [said, packages] of planted) {
    const found = complaints(packages);
    t.equal(found.length, 1);
    t.ok(found[0]?.includes(said), `${found[0]} says ${said}`);
  }
  t.same(complaints({ '': {}, 'node_modules/a': sound }), []);
  t.end();
});
