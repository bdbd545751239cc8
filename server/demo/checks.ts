// What must be true of a chat after everything that happened to it. Pure: what devices saw goes in,
// complaints come out; none is a pass.

/** A message that somebody sent; with the seq of its serverAck. */
export interface SentMessage {
  readonly by: string;
  readonly body: string;
  readonly seq: number;
}

export interface SeenMessage {
  readonly seq: number;
  /** Undefined for what is no message of a user. */
  readonly body: string | undefined;
}

/** What one device was handed, in order, and where the broker says that it is. */
export interface DeviceView {
  readonly device: string;
  readonly seen: readonly SeenMessage[];
  readonly cursor: number;
}

export interface Evidence {
  /** In the order in which each sender sent them. */
  readonly sent: readonly SentMessage[];
  readonly devices: readonly DeviceView[];
  readonly head: number;
}

/** At most so many are told of one device and rule. */
const COMPLAINTS_MAX = 5;

export function complaints({ sent, devices, head }: Evidence): string[] {
  return [
    ...devices.flatMap((view) => [
      ...missing(view, head),
      ...repeated(view),
      ...outOfOrder(view),
      ...lost(view, sent),
      ...wrongCursor(view, head),
    ]),
    ...sentTwice(sent),
    ...senderOrder(sent),
  ];
}

function missing({ device, seen }: DeviceView, head: number): string[] {
  const seqs = new Set(seen.map(({ seq }) => seq));
  const holes = range(head).filter((seq) => !seqs.has(seq));
  return some(holes).map((seq) => `${device} never saw ${seq}`);
}

function repeated({ device, seen }: DeviceView): string[] {
  const known = new Set<number>();
  const again = seen.filter(({ seq }) => known.has(seq) || !known.add(seq));
  return some(again).map(({ seq }) => `${device} saw ${seq} twice`);
}

function outOfOrder({ device, seen }: DeviceView): string[] {
  const late = seen.filter(({ seq }, index) => seq < (seen[index - 1]?.seq ?? 0));
  return some(late).map(({ seq }) => `${device} saw ${seq} too late`);
}

/** Every acked message is where its serverAck said. */
function lost({ device, seen }: DeviceView, sent: readonly SentMessage[]): string[] {
  const bodies = new Map(seen.map(({ seq, body }) => [seq, body]));
  const wrong = sent.filter(({ seq, body }) => bodies.get(seq) !== body);
  return some(wrong).map(({ seq, body }) => {
    return `${device} lacks "${body}", which was acked as ${seq}`;
  });
}

function wrongCursor({ device, cursor }: DeviceView, head: number): string[] {
  return cursor === head ? [] : [`the cursor of ${device} is ${cursor}, and the head ${head}`];
}

function sentTwice(sent: readonly SentMessage[]): string[] {
  const seqs = new Set<number>();
  const again = sent.filter(({ seq }) => seqs.has(seq) || !seqs.add(seq));
  return some(again).map(({ seq }) => `${seq} was acked for two messages`);
}

function senderOrder(sent: readonly SentMessage[]): string[] {
  const last = new Map<string, number>();
  const late = sent.filter(({ by, seq }) => {
    const before = last.get(by) ?? 0;
    last.set(by, seq);
    return seq < before;
  });
  return some(late).map(({ by, body }) => `"${body}" of ${by} came after what ${by} sent later`);
}

function some<Found>(found: readonly Found[]): readonly Found[] {
  return found.slice(0, COMPLAINTS_MAX);
}

function range(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
