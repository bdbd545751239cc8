// The chat demo: the files of one folder, read when the broker starts and served from memory, under
// a policy that lets a page load nothing from elsewhere and nobody frame it.

import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';

const PREFIX = '/chat-demo';
const FILES_MAX = 64;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the first of these folders that exists; nothing where none does. */
export async function webRoutes(app: FastifyInstance, folders: readonly string[]): Promise<void> {
  const files = await firstOf(folders);
  if (files === undefined) return;
  app.get(PREFIX, (request, reply) => {
    const [, query] = request.url.split('?', 2);
    return reply.redirect(`${PREFIX}/${query === undefined ? '' : `?${query}`}`);
  });
  for (const [name, bytes] of files) {
    const place = name === 'index.html' ? '' : name;
    app.get(`${PREFIX}/${place}`, (_request, reply) => {
      reply.header('content-security-policy', POLICY);
      reply.header('referrer-policy', 'no-referrer');
      reply.header('content-type', TYPES[extname(name)]);
      return reply.send(bytes);
    });
  }
}

async function firstOf(folders: readonly string[]): Promise<Map<string, Buffer> | undefined> {
  for (const folder of folders) {
    const found = await readdir(folder).catch(() => undefined);
    if (found === undefined) continue;
    const names = found.filter((name) => extname(name) in TYPES).slice(0, FILES_MAX);
    const read = await Promise.all(names.map((name) => readFile(join(folder, name))));
    return new Map(names.map((name, index) => [name, read[index] ?? Buffer.alloc(0)]));
  }
  return undefined;
}
