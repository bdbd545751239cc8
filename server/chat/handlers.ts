// Every command of the chat layer by its name. The policy of the embedding server is asked before
// the handler; where there is none, nothing is awaited, so that messages keep their order.

import type { Command } from '../../protocol/wire/index.js';
import { createChat } from './create-chat.js';
import { getChat } from './get-chat.js';
import { getReceipts } from './get-receipts.js';
import { history } from './history.js';
import { listChats } from './list-chats.js';
import { messageAck } from './message-ack.js';
import { sendMessage } from './send-message.js';
import { syncState } from './sync-state.js';
import type { Handler } from './types.js';
import { updateChat } from './update-chat.js';

export const handlers = {
  createChat: withPolicy(createChat),
  updateChat: withPolicy(updateChat),
  sendMessage: withPolicy(sendMessage),
  messageAck: withPolicy(messageAck),
  syncState: withPolicy(syncState),
  history: withPolicy(history),
  getChat: withPolicy(getChat),
  listChats: withPolicy(listChats),
  getReceipts: withPolicy(getReceipts),
} as const;

export type ChatCommandName = keyof typeof handlers;

function withPolicy<Asked extends Command, Answer>(
  handler: Handler<Asked, Answer>,
): Handler<Asked, Answer> {
  return async (context, caller, command) => {
    if (context.policy !== undefined) await context.policy(command, caller);
    return await handler(context, caller, command);
  };
}
