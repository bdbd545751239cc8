// What a message and a session may hold. These numbers are sent in `welcome`, so that a client need
// not know them; `protocol/PROTOCOL.md` lists them.

import { FRAME_LIMITS } from './codec/index.js';

export const LIMITS = {
  frameBytesMax: FRAME_LIMITS.frameBytesMax,
  /** Commands one way, replies and events the other, in one frame. */
  mapsMax: FRAME_LIMITS.mapsMax,
  bodyBytesMax: 65_536,
  envelopesMax: 64,
  attachmentsMax: 10,
  /** Members of a chat, the creator too. */
  participantsMax: 100,
  nameBytesMax: 256,
  devicesMax: 10,
  /** Devices of a user who is in an end-to-end encrypted chat. */
  devicesE2eeMax: 5,
  /** Commands without a reply, of one session. */
  commandsInFlightMax: 32,
  /** A chat's n-th message may be sent when the one so many before it has its serverAck. */
  sendSpan: 16,
  sendsPerSecond: 20,
  sendBurst: 100,
  /** Chats listed in one `syncState`, and chats of one page of it. */
  syncChatsMax: 200,
  /** Messages of one page of `history`, chats of one page of `listChats`. */
  pageMax: 200,
} as const;

/** Unacked messages and their bytes that a session is sent at once; `flow` changes them. */
export const WINDOW = { messages: 256, bytes: 1_048_576 } as const;

/** Each side says something at least this often, and gives up after `heartbeatTimeoutMs` more. */
export const HEARTBEAT_MS = 25_000;
export const HEARTBEAT_TIMEOUT_MS = 10_000;

/** From the upgrade to `hello`; then the socket is closed with UNAUTHORIZED. */
export const HELLO_WITHIN_MS = 5_000;
