// The names that the documents give to values and to fixed words. A schema is known by what it is,
// so that one used in many places has one name everywhere.

import { MessageKind } from './message.js';
import { AckStatus, ReceiptStatus } from './message-ack.js';
import { PARTS } from './registry.js';
import { Details, Durability, Retry } from './session.js';
import * as values from './values.js';

export const VALUES = {
  AttachmentId: values.AttachmentId,
  Body: values.Body,
  Byte: values.Byte,
  ChatId: values.ChatId,
  ClientId: values.ClientId,
  Count: values.Count,
  Details,
  DeviceId: values.DeviceId,
  Epoch: values.Epoch,
  MessageId: values.MessageId,
  Seq: values.Seq,
  Token: values.Token,
  UserId: values.UserId,
} as const;

export const WORDS = {
  AckStatus,
  ChatType: values.ChatType,
  Durability,
  GapReason: values.GapReason,
  MessageKind,
  ReceiptStatus,
  Retry,
  Role: values.Role,
} as const;

const names: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...VALUES, ...WORDS, ...PARTS }).map(([name, schema]) => [keyOf(schema), name]),
);

/** Undefined for a schema that has no name of its own. */
export function nameOf(schema: object): string | undefined {
  return names.get(keyOf(schema));
}

function keyOf(schema: object): string {
  return JSON.stringify(schema);
}
