// Every command with its reply, and every event, by the `t` on the wire. What is not here is not on
// the wire.

import type { Static, TObject } from 'typebox';
import * as chats from './chats.js';
import * as createChat from './create-chat.js';
import { reply } from './define.js';
import * as history from './history.js';
import * as message from './message.js';
import * as messageAck from './message-ack.js';
import * as sendMessage from './send-message.js';
import * as session from './session.js';
import * as syncState from './sync-state.js';
import * as updateChat from './update-chat.js';
import * as values from './values.js';

const Nothing = reply({});

export const COMMANDS = {
  hello: session.Hello,
  auth: session.Auth,
  ping: session.Ping,
  flow: session.Flow,
  bye: session.Bye,
  createChat: createChat.CreateChat,
  updateChat: updateChat.UpdateChat,
  sendMessage: sendMessage.SendMessage,
  messageAck: messageAck.MessageAck,
  syncState: syncState.SyncState,
  history: history.History,
  getChat: chats.GetChat,
  listChats: chats.ListChats,
  getReceipts: messageAck.GetReceipts,
} as const;

export type CommandName = keyof typeof COMMANDS;

/** Fields of the reply beside `t` (`ok`, or `welcome` for `hello`) and `id`. */
export const REPLIES = {
  hello: session.WelcomeReply,
  auth: session.AuthReply,
  ping: Nothing,
  flow: Nothing,
  bye: Nothing,
  createChat: createChat.CreateChatReply,
  updateChat: updateChat.UpdateChatReply,
  sendMessage: sendMessage.SendMessageReply,
  messageAck: Nothing,
  syncState: syncState.SyncStateReply,
  history: history.HistoryReply,
  getChat: chats.GetChatReply,
  listChats: chats.ListChatsReply,
  getReceipts: messageAck.GetReceiptsReply,
} as const satisfies Readonly<Record<CommandName, TObject>>;

/** An error is the reply to a command where it has an id, and an event where it has none. */
export const EVENTS = {
  message: message.MessageEvent,
  caughtUp: syncState.CaughtUp,
  gap: syncState.GapEvent,
  epochChanged: syncState.EpochChanged,
  receipt: messageAck.Receipt,
  chatUpdated: updateChat.ChatUpdated,
  removed: updateChat.Removed,
  ping: session.PingEvent,
  authExpiring: session.AuthExpiring,
  goAway: session.GoAway,
  error: session.ErrorEvent,
} as const;

export type EventName = keyof typeof EVENTS;

/** Maps within commands, replies and events that have a name of their own in the documents. */
export const PARTS = {
  Chat: chats.Chat,
  ChatNews: syncState.ChatNews,
  ChatSummary: chats.ChatSummary,
  E2ee: values.E2ee,
  Envelope: values.Envelope,
  Gap: values.Gap,
  Guard: values.Guard,
  KnownSeq: syncState.KnownSeq,
  Limits: session.Limits,
  Linking: session.Linking,
  Mark: values.Mark,
  Member: values.Member,
  Membership: message.Membership,
  Message: message.Message,
  OwnEnvelope: message.OwnEnvelope,
  ServerAck: sendMessage.ServerAck,
} as const;

export type CommandOf<Name extends CommandName> = Static<(typeof COMMANDS)[Name]>;
export type Command = { [Name in CommandName]: CommandOf<Name> }[CommandName];

export type ReplyOf<Name extends CommandName> = Sent<Static<(typeof REPLIES)[Name]>>;
export type EventOf<Name extends EventName> = Sent<Static<(typeof EVENTS)[Name]>>;
export type WireEvent = { [Name in EventName]: EventOf<Name> }[EventName];
export type PartOf<Name extends keyof typeof PARTS> = Sent<Static<(typeof PARTS)[Name]>>;

/** To be sent: read only, and optional fields may be undefined, and are then left out. */
export type Sent<Value> = Value extends Uint8Array | string | number | boolean | null
  ? Value
  : Value extends readonly (infer Member)[]
    ? readonly Sent<Member>[]
    : {
        readonly [Key in keyof Value]: Record<never, never> extends Pick<Value, Key>
          ? Sent<Value[Key]> | undefined
          : Sent<Value[Key]>;
      };
