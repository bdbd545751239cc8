// What replays backlogs, ours or a peer's: written once, replayed many times.

/** Backlogs of equal size; each belongs to one chat. */
export interface Shape {
  readonly chats: number;
  readonly records: number;
  readonly payloadBytes: number;
}

export interface Peer {
  readonly name: string;
  /** Its version and configuration, for the report. */
  readonly facts: string;
  write(shape: Shape): Promise<void>;
  /** Reads every record of every backlog; gives their count and the sum of their bytes. */
  replay(shape: Shape): Promise<Replayed>;
  close(): Promise<void>;
}

export interface Replayed {
  readonly records: number;
  readonly bytes: number;
}

/** A peer, or why it is not here. */
export type Found = Peer | { readonly name: string; readonly absent: string };

export const chatIdOf = (chat: number): string => `backlog-${chat}`;

/** Backlogs that are read at a time where reading is asynchronous. */
export const LANES = 8;

/** Runs `step` for each chat, `LANES` at a time, and adds up what they give. */
export async function eachChat(
  { chats }: Shape,
  step: (chat: number) => Promise<Replayed>,
): Promise<Replayed> {
  let [next, records, bytes] = [0, 0, 0];
  const lane = async (): Promise<void> => {
    while (next < chats) {
      const seen = await step(next++);
      records += seen.records;
      bytes += seen.bytes;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { records, bytes };
}
