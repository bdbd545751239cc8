// Why a record is still there: from cursors, heads, options and the record alone.

import { test } from 'tap';
import { type WhyInput, whyOf } from '../why.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Record 5 of ten, at half past noon of day 100, in a chat without consumers. */
function asked(changed: Partial<WhyInput> = {}): WhyInput {
  return {
    ...{ chatId: 'a', seq: 5, firstSeq: 1, headSeq: 10, cursors: [] },
    ...{ keep: 'until-received', maxAgeMs: 30 * DAY, maxBytes: 0 },
    record: { at: 100 * DAY + 12.5 * HOUR, deleted: false },
    pinnedSeq: undefined,
    ...changed,
  };
}

function cursor(consumerId: string, received: number, rest: object = {}) {
  const marks = { joinSeq: 1, received, delivered: 0, read: 0, marksSeen: 0, holes: [] };
  return { consumerId, ...marks, ...rest };
}

const holders = (changed: Partial<WhyInput>) =>
  whyOf(asked(changed)).heldBy.map(({ consumerId }) => consumerId);

test('it is held by those who have not received it', (t) => {
  const cursors = [cursor('ann', 4), cursor('bob', 5), cursor('eve', 0)];
  t.same(holders({ cursors }), ['ann', 'eve']);
  const { text, heldBy } = whyOf(asked({ cursors }));
  t.match(text, /^5 is held by ann, eve; it goes at the latest at 1970-05-12T00:01:00/);
  t.same(heldBy[0], { consumerId: 'ann', joinSeq: 1, received: 4, delivered: 0, read: 0 });
  t.end();
});

test('what damage took is told so, and not as gone', (t) => {
  const lost = whyOf(asked({ record: undefined, isDamaged: true }));
  t.match(lost, { state: 'damaged', heldBy: [], text: /^5 was lost to damage/ });
  t.end();
});

test('a leaver holds up to its leaveSeq, and a returner not what lies between', (t) => {
  t.same(holders({ cursors: [cursor('ann', 2, { leaveSeq: 5 })] }), ['ann']);
  t.same(holders({ cursors: [cursor('ann', 2, { leaveSeq: 4 })] }), []);
  const back = cursor('ann', 2, { joinSeq: 8, holes: [[5, 7]] });
  t.same(holders({ cursors: [back] }), []);
  t.same(holders({ cursors: [back], seq: 4 }), ['ann']);
  t.same(holders({ cursors: [cursor('ann', 7, { joinSeq: 8 })] }), []);
  t.end();
});

test('it goes at the latest when all of its day, or its hour, is too old', (t) => {
  t.equal(whyOf(asked()).goneBy, 131 * DAY + 60_000);
  t.equal(whyOf(asked({ maxAgeMs: 2 * HOUR })).goneBy, 100 * DAY + 15 * HOUR + 60_000);
  t.end();
});

test('kept for ever or pinned, it never goes by itself', (t) => {
  const forever = whyOf(asked({ keep: 'forever' }));
  t.match(forever, { state: 'kept', pinned: false, text: /kept for ever/ });
  const limited = whyOf(asked({ keep: 'forever', maxBytes: 65_536 }));
  t.match(limited, { goneBy: undefined, text: /only trim, delete or maxBytes remove it/ });
  t.notOk('goneBy' in forever);
  const pinned = whyOf(asked({ pinnedSeq: 5, firstSeq: 7 }));
  t.match(pinned, { state: 'kept', pinned: true, text: /the pinned record/ });
  t.notOk('goneBy' in pinned);
  t.end();
});

test('without holders it is kept for its age, and says so', (t) => {
  t.match(whyOf(asked()).text, /held by nobody, and kept for its age/);
  t.match(whyOf(asked({ cursors: [cursor('ann', 9)] })).text, /was received by all/);
  t.match(whyOf(asked({ keep: 'window' })).text, /kept for its age alone/);
  t.end();
});

test('above the head it is not yet; below the floor or deleted it is gone', (t) => {
  t.match(whyOf(asked({ seq: 11, record: undefined })), { state: 'not-yet', heldBy: [] });
  const gone = whyOf(asked({ firstSeq: 6, record: undefined, cursors: [cursor('ann', 0)] }));
  t.match(gone, { state: 'gone', heldBy: [], text: /the chat begins at 6/ });
  t.notOk('goneBy' in gone);
  t.match(whyOf(asked({ record: { at: 1, deleted: true } })), { state: 'gone', text: /deleted/ });
  t.end();
});

test('of many holders the first five are named', (t) => {
  const cursors = Array.from({ length: 8 }, (_, index) => cursor(`c${index}`, 0));
  t.match(whyOf(asked({ cursors })).text, /held by c0, c1, c2, c3, c4 and 3 more;/);
  t.end();
});
