// Stored messages of each kind, with and without each part; the golden stored messages are these.

import type { Membership, NewMessage } from '../index.js';

const at = 1_790_000_000_000;

export const MEMBERSHIP: Membership = {
  type: 'group',
  name: 'Grüße',
  createdAt: at,
  createdBy: 'ann',
  e2ee: true,
  members: [
    { userId: 'ann', role: 'owner', ranges: [[1, null]] },
    { userId: 'bob', role: 'member', ranges: [[1, 0]] },
    {
      userId: 'cleo',
      role: 'admin',
      ranges: [
        [2, 7],
        [0, null],
      ],
    },
  ],
};

export const STORED_SAMPLES: Readonly<Record<string, NewMessage>> = {
  text: { kind: 'message', header: { clientMsgId: 'm-1', sentAt: at }, body: 'hello 👋' },
  bytes: { kind: 'message', header: { clientMsgId: 'm-2' }, body: Uint8Array.of(0, 1, 255) },
  'empty-text': { kind: 'message', header: { clientMsgId: 'm-3' }, body: '' },
  'empty-bytes': { kind: 'message', header: { clientMsgId: 'm-4' }, body: Uint8Array.of() },
  'attachments-alone': {
    kind: 'message',
    header: { clientMsgId: 'm-5', attachments: ['att_1', 'att_2'], urgent: true },
  },
  'envelopes-alone': {
    kind: 'message',
    header: {
      clientMsgId: 'm-6',
      e2ee: { protocol: 'signal', contentType: 'text' },
      resendOf: '~g1.41',
    },
    envelopes: [
      { consumerId: 'bob/phone', type: 3, body: Uint8Array.of(1, 2, 3) },
      { consumerId: 'bob/phone2', type: 1, body: 'text' },
      { consumerId: 'cleo/x', type: 255, body: Uint8Array.of() },
    ],
  },
  'envelope-and-body': {
    kind: 'message',
    header: { clientMsgId: 'm-7' },
    body: Uint8Array.of(9),
    envelopes: [{ consumerId: 'bob/phone', type: 0, body: Uint8Array.of(8) }],
  },
  membership: { kind: 'membership', header: { membership: MEMBERSHIP } },
  'membership-with-commit': {
    kind: 'membership',
    header: {
      membership: MEMBERSHIP,
      clientMsgId: 'u-1',
      e2ee: { protocol: 'mls', epoch: 4, contentType: 'commit' },
    },
    body: Uint8Array.of(7, 7),
  },
};
