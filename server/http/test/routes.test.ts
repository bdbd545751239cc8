// protocol/openapi.yaml has every route that the broker serves, and no other.

import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { httpApp } from '../index.js';
import type { HttpServices } from '../services.js';

const document = new URL('../../../../protocol/openapi.yaml', import.meta.url);

/** `GET /chats/{chatId}`, from the document as it is published. */
function documented(yaml: string): string[] {
  const routes: string[] = [];
  let path = '';
  for (const line of yaml.split('\n')) {
    path = /^ {2}"?(\/[^"]*)"?:$/.exec(line)?.[1] ?? path;
    const method = /^ {4}(get|put|post|patch|delete):$/.exec(line)?.[1];
    if (method !== undefined) routes.push(`${method.toUpperCase()} ${path}`);
  }
  return routes.sort();
}

/** From the tree that Fastify prints; HEAD comes with every GET. */
function served(tree: string): string[] {
  const routes: string[] = [];
  const parts: string[] = [];
  for (const line of tree.split('\n')) {
    const [, indent = '', part = '', methods = ''] =
      /^(.*?── )(\S+)(?: \((.+)\))?$/.exec(line) ?? [];
    if (part === '') continue;
    parts.splice(indent.length / 4 - 1, Number.POSITIVE_INFINITY, part);
    const path = parts.join('').replaceAll(/:(\w+)/g, '{$1}');
    for (const method of methods.split(', ')) {
      if (method !== '' && method !== 'HEAD') routes.push(`${method} ${path}`);
    }
  }
  return routes.sort();
}

test('openapi.yaml has a row for each route of the broker, and no other', async (t) => {
  // Nothing is asked of the services: only the table of routes is.
  const app = await httpApp({ services: {} as HttpServices });
  t.teardown(() => app.close());
  const routes = served(app.printRoutes({ commonPrefix: false }));
  t.ok(routes.length >= 9, routes.join());
  t.same(documented(readFileSync(document, 'utf8')), routes);
});

test('a route without a row, and a row without a route, would be seen', async (t) => {
  const app = await httpApp({ services: {} as HttpServices });
  t.teardown(() => app.close());
  const before = served(app.printRoutes({ commonPrefix: false }));
  app.put('/chats/:chatId/secret', async () => '');
  const after = served(app.printRoutes({ commonPrefix: false }));
  t.same(
    after.filter((route) => !before.includes(route)),
    ['PUT /chats/{chatId}/secret'],
  );
  t.same(documented('paths:\n  "/x":\n    get:\n      a: b\n    delete:\n'), [
    'DELETE /x',
    'GET /x',
  ]);
});
