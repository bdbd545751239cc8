// The values that commands, replies and events are made of. Ids are checked by formats, which cost
// a tenth of minLength and maxLength; texts and bytes by their bytes.

import { Type } from 'typebox';
import { Format } from 'typebox/format';
import { fitsUtf8 } from '../codec/index.js';
import * as ids from '../ids.js';
import { LIMITS } from '../limits.js';

/** By the names that the published documents show. */
export const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'foq-user-id': ids.isUserId,
  'foq-device-id': ids.isDeviceId,
  'foq-chat-id': ids.isChatId,
  'foq-message-id': ids.isMessageId,
  'foq-client-id': ids.isClientId,
  'foq-attachment-id': ids.isAttachmentId,
  'foq-epoch': ids.isEpoch,
  'foq-token': ids.isToken,
};

for (const [name, check] of Object.entries(FORMATS)) Format.Set(name, check);

export const UserId = Type.String({ format: 'foq-user-id' });
export const DeviceId = Type.String({ format: 'foq-device-id' });
export const ChatId = Type.String({ format: 'foq-chat-id' });
export const MessageId = Type.String({ format: 'foq-message-id' });
export const ClientId = Type.String({ format: 'foq-client-id' });
export const AttachmentId = Type.String({ format: 'foq-attachment-id' });
export const Epoch = Type.String({ format: 'foq-epoch' });
export const Token = Type.String({ format: 'foq-token' });

/** Seqs, counts, durations in ms, instants in ms since epoch: what JavaScript counts exactly. */
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Seq = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

export const Byte = Type.Integer({ minimum: 0, maximum: 255 });

/** Chosen by the client, for one command; its reply has the same. */
export const CommandId = Count;

/** Text of 1 to so many bytes of UTF-8. */
export function text(bytesMax: number) {
  return Type.Refine(
    Type.String({ description: `1 to ${bytesMax} bytes of UTF-8` }),
    (value) => value.length > 0 && fitsUtf8(value, bytesMax),
    () => `must be 1 to ${bytesMax} bytes of UTF-8`,
  );
}

export const Bytes = Type.Refine(
  Type.Unsafe<Uint8Array>({ 'x-foq-bytes': true }),
  (value) => value instanceof Uint8Array,
  () => 'must be bytes',
);

/** How the message begins when a value is right but over a limit; the limit's name follows. */
export const OVER = 'over ';

/** Text or bytes, at most `bodyBytesMax`; what was sent as text arrives as text. */
export const Body = Type.Refine(
  Type.Union([Type.String(), Bytes]),
  (body) => bodyFits(body),
  () => `${OVER}bodyBytesMax`,
);

function bodyFits(body: string | Uint8Array): boolean {
  if (typeof body === 'string') return fitsUtf8(body, LIMITS.bodyBytesMax);
  return body.length <= LIMITS.bodyBytesMax;
}

/** Lists over their limit are FOQ_TOO_LARGE {limit}, by the name of the limit. */
export function listOf<Member extends Parameters<typeof Type.Array>[0]>(
  member: Member,
  limit: keyof typeof LIMITS,
) {
  return Type.Array(member, { maxItems: LIMITS[limit], 'x-foq-limit': limit });
}

export const ChatType = Type.Union([Type.Literal('direct'), Type.Literal('group')]);
export const Role = Type.Union([
  Type.Literal('owner'),
  Type.Literal('admin'),
  Type.Literal('member'),
]);

export const Guard = Type.Object({ expected: Count, next: Count });

/** What the devices need to decrypt; the server reads none of it. */
export const E2ee = Type.Object({
  protocol: text(32),
  epoch: Type.Optional(Count),
  contentType: text(64),
});

/** For one device alone; `type` is the encryption's. */
export const Envelope = Type.Object({
  userId: UserId,
  deviceId: DeviceId,
  type: Byte,
  body: Body,
});

export const Member = Type.Object({ userId: UserId, role: Role });

export const Mark = Type.Object({ userId: UserId, delivered: Count, read: Count });

export const GapReason = Type.Union([
  Type.Literal('expired'),
  Type.Literal('trimmed'),
  Type.Literal('deleted'),
  Type.Literal('quota'),
  Type.Literal('before-join'),
  Type.Literal('damaged'),
]);

export const Gap = Type.Object({ fromSeq: Seq, toSeq: Seq, reason: GapReason });
