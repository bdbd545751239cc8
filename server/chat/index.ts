// The door of the chat layer: what devices may ask of chats, and how a device comes and goes.

export { directChatId } from './chat-ids.js';
export { type ChatCommandName, handlers } from './handlers.js';
export { linkDevice, unlinkDevice } from './link-device.js';
export type { Synced } from './sync-state.js';
export type {
  AttachmentsOf,
  Caller,
  ChatContext,
  Handler,
  Limits,
  PolicyHook,
  Stream,
} from './types.js';
