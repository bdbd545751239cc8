// What one read asks the store: devices of one chat are mostly at the same place, and what several
// of them ask alike is asked once.
//
// Invariant: an answer is shared only by deliveries that leave by one outlet, for they share its
// bytes. Whoever iterates by himself has bytes of his own.

import type { Outlet } from './outlet.js';
import type { Ask } from './window.js';

export interface Asked {
  readonly attached: { readonly outlet: Outlet };
  readonly ask: Ask;
}

export interface Questions {
  readonly asks: readonly Ask[];
  /** For each that was asked, the place of its answer. */
  readonly places: readonly number[];
}

export function questionsOf(asked: readonly Asked[]): Questions {
  const asks: Ask[] = [];
  const byOutlet = new Map<Outlet, Map<string, number>>();
  const places = asked.map(({ attached: { outlet }, ask }) => {
    let known = byOutlet.get(outlet);
    if (known === undefined) {
      known = new Map();
      byOutlet.set(outlet, known);
    }
    const question = `${ask.limit} ${ask.from.fromSeq} ${ask.chatId}`;
    const place = known.get(question) ?? asks.length;
    if (place === asks.length) {
      known.set(question, place);
      asks.push(ask);
    }
    return place;
  });
  return { asks, places };
}
