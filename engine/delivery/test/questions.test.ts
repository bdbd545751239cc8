// What is asked once, and whose answer it is.

import { test } from 'tap';
import { Outlet } from '../outlet.js';
import { type Asked, questionsOf } from '../questions.js';

const anOutlet = () =>
  new Outlet({ pull: () => undefined, drained: () => undefined, ended: () => undefined });

test('consumers of one outlet share the answer to the same question, and no other', (t) => {
  const [server, alone] = [anOutlet(), anOutlet()];
  const ask = (outlet: Outlet, chatId: string, [fromSeq, limit]: [number, number]) =>
    ({ attached: { outlet }, ask: { chatId, from: { fromSeq }, limit } }) as unknown as Asked;
  const asked = [
    ask(server, 'a', [1, 16]),
    ask(server, 'a', [1, 16]),
    ask(server, 'b', [1, 16]),
    ask(server, 'a', [2, 16]),
    ask(server, 'a', [1, 15]),
    ask(alone, 'a', [1, 16]),
    ask(server, 'a', [1, 16]),
  ];
  const { asks, places } = questionsOf(asked);
  t.same(places, [0, 0, 1, 2, 3, 4, 0]);
  t.same(
    asks,
    [0, 2, 3, 4, 5].map((index) => asked[index]?.ask),
  );
  t.end();
});
