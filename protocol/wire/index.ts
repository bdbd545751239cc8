// The door of the wire: what the broker reads from devices and writes to them. Clients that want no
// schema library take their types from here and their codec from `codec/`.

export {
  chooseSubprotocol,
  type Fault,
  FRAME_LIMITS,
  type FrameLimits,
  HELLO_FRAME_BYTES_MAX,
  isBinary,
  packMaps,
  SUBPROTOCOLS,
  type Subprotocol,
  type WireMap,
} from './codec/index.js';
export { checkCommand, type Decoded, decodeCommands, isCommandName } from './commands.js';
export { consumerIdOf, isDeviceId, isUserId, messageIdOf, parseMessageId } from './ids.js';
export {
  HEARTBEAT_MS,
  HEARTBEAT_TIMEOUT_MS,
  HELLO_WITHIN_MS,
  LIMITS,
  WINDOW,
} from './limits.js';
export {
  currentMembers,
  type MemberRange,
  type Membership,
  mayRead,
  memberOf,
  type Role,
  type StoredMember,
  settled,
} from './membership.js';
export {
  Broadcast,
  encodeOutgoing,
  eventOf,
  type Outgoing,
  type Reply,
  replyTo,
} from './outgoing.js';
export type {
  Command,
  CommandName,
  CommandOf,
  EventName,
  EventOf,
  PartOf,
  ReplyOf,
  WireEvent,
} from './schema/registry.js';
export { COMMANDS, EVENTS, REPLIES } from './schema/registry.js';
export {
  type Body,
  dedupBytesOf,
  encodeStored,
  type NewMessage,
  STORED_KINDS,
  type StoredEnvelope,
  type StoredHeader,
  type StoredKind,
  StoredMessage,
} from './stored.js';
export {
  membershipView,
  type RecordPlace,
  RecordView,
  type View,
  type ViewedRecord,
} from './view.js';
export { errorEvent, type Problem, problemOf } from './wire-error.js';
