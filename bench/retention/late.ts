// Which chats have a device that acks late, and how far it has acked.

export interface Late {
  /** The seq that the late device acks in a chat whose head is `head`; 0 for none. */
  received(chat: number, head: number): number;
  /** Records of all chats that it still has to ack when every head is `head`. */
  live(head: number): number;
}

/** In the first `share` of the chats the device is `lagSteps` behind; in the others it is not. */
export function lateChats(given: {
  readonly chats: number;
  readonly share: number;
  readonly lagSteps: number;
}): Late {
  const lateCount = Math.round(given.chats * given.share);
  return {
    received: (chat, head) => (chat < lateCount ? Math.max(0, head - given.lagSteps) : head),
    live: (head) => lateCount * Math.min(head, given.lagSteps),
  };
}
