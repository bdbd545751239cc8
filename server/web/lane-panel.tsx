// The picture that explains the queue: one chat is one row of seqs, and each device goes along it
// for itself. A cell is a message; how far it is filled is how far the device has come.

import { type Chat, type DeviceLane, lanesOf, type PageState } from './page-state.js';

interface Props {
  readonly state: PageState;
  readonly chat: Chat;
}

/** What is older is left of the picture. */
const CELLS_MAX = 24;
/** The widest a cell gets. */
const CELL_REM = 1.5;

export function LanePanel({ state, chat }: Props) {
  const waiting = state.waiting.filter(
    (one) => one.chatId === chat.chatId && one.seq === undefined,
  );
  const { headSeq } = chat;
  const first = Math.max(1, headSeq - CELLS_MAX + 1);
  const seqs = Array.from({ length: headSeq - first + 1 }, (_, index) => first + index);
  return (
    <aside class="lanes" aria-label="Devices">
      <h2>One chat, one cursor per device</h2>
      <p class="axis">
        <span>#{first}</span>
        <span>head #{headSeq}</span>
      </p>
      <ul>
        {lanesOf(state, chat).map((lane) => (
          <Lane
            key={`${lane.userId}/${lane.deviceId}`}
            lane={lane}
            seqs={seqs}
            unsent={Math.min(waiting.length, CELLS_MAX)}
          />
        ))}
      </ul>
      <dl class="legend">
        <dt class="cell read" />
        <dd>read</dd>
        <dt class="cell received" />
        <dd>received</dd>
        <dt class="cell" />
        <dd>on its way</dd>
        <dt class="cell unsent" />
        <dd>in the outbox</dd>
      </dl>
      <p class="hint">
        Open this page in a second tab: that is a second device, which receives for itself. Switch
        one offline and write: its cursor stands still until it is back.
      </p>
    </aside>
  );
}

interface LaneProps {
  readonly lane: DeviceLane;
  readonly seqs: readonly number[];
  /** Messages in the outbox of this tab; all lanes leave place for them, to be as long. */
  readonly unsent: number;
}

function Lane({ lane, seqs, unsent }: LaneProps) {
  const head = seqs.at(-1) ?? 0;
  const first = seqs[0] ?? 1;
  const cells = seqs.length + unsent;
  const at = (Math.max(0, lane.received - first + 1) / Math.max(1, cells)) * 100;
  return (
    <li class={lane.isHere ? 'lane here' : 'lane'}>
      <p>
        <strong>{lane.userId}</strong> <span>{deviceName(lane)}</span>
        <span class="so-far">{soFar(lane, head)}</span>
      </p>
      <div class="track" aria-hidden="true" style={columnsOf(cells)}>
        {seqs.map((seq) => (
          <span key={seq} class={cellOf(lane, seq)} />
        ))}
        {Array.from({ length: lane.isHere ? unsent : 0 }, (_, index) => (
          <span key={`unsent ${index}`} class="cell unsent" />
        ))}
        <span class="cursor" style={{ left: `${at}%` }} />
      </div>
    </li>
  );
}

function columnsOf(cells: number) {
  const gridTemplateColumns = `repeat(${cells}, minmax(0, 1fr))`;
  return { gridTemplateColumns, maxWidth: `${cells * CELL_REM}rem` };
}

function cellOf({ received, read }: DeviceLane, seq: number): string {
  if (seq <= read) return 'cell read';
  return seq <= received ? 'cell received' : 'cell';
}

function deviceName({ deviceId, isHere }: DeviceLane): string {
  if (isHere) return `${deviceId}, this tab`;
  if (deviceId === '-') return 'no device yet';
  return deviceId === '' ? 'any device' : deviceId;
}

function soFar({ received, read }: DeviceLane, head: number): string {
  const lag = head - received;
  if (lag > 0) return `${lag} behind`;
  return read >= head ? 'has read all' : 'has all';
}
