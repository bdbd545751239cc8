// One socket and its session: frames are decoded and handed to the session, and what the session
// asks for is done. Everything that waits or can fail is here, and nothing that decides.
//
// Invariants: actions are done in the order the session gave them; a socket that takes nothing for
// `SLOW_AFTER_MS` while its output is full is given up, and is not read from meanwhile.

import { CLOSE_CODES, type CloseReason, FoqError } from '../../protocol/index.js';
import {
  decodeCommands,
  encodeOutgoing,
  FRAME_LIMITS,
  HELLO_FRAME_BYTES_MAX,
  type Subprotocol,
} from '../../protocol/wire/index.js';
import type { Action } from './actions.js';
import type { Frames } from './frames.js';
import { Output, type OutputOptions, type Write } from './output.js';
import type {
  Authenticated,
  Caller,
  ChatCommand,
  Sent,
  Services,
  Stream,
  StreamEvent,
  StreamSink,
  Window,
} from './services.js';
import { Session } from './session.js';

const SLOW_AFTER_MS = 20_000;

/** What a connection needs of a socket. */
export interface Socket {
  readonly write: Write;
  /** Stops and goes on reading what the peer sends. */
  pause(): void;
  resume(): void;
  /** Ends by the closing handshake, and soon without it. */
  close(code: number, reason: string): void;
}

/** What a connection tells the gateway that made it. */
export interface ConnectionEvents {
  /** A `hello` came: 0 when it is let in, else ms until one more is. */
  enters(): number;
  /** Its `hello` was taken: an older connection of this device has to go. */
  welcome(connection: Connection): void;
  frame(direction: 'in' | 'out'): void;
  closed(connection: Connection, code: number): void;
}

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly subprotocol: Subprotocol;
  readonly services: Services;
  readonly events: ConnectionEvents;
  readonly sessionId: string;
  readonly durability: 'fsync' | 'page-cache-unsafe';
  readonly now: () => number;
  readonly output?: OutputOptions | undefined;
  readonly frames?: Frames | undefined;
}

const HELLO_LIMITS = { ...FRAME_LIMITS, frameBytesMax: HELLO_FRAME_BYTES_MAX };

export class Connection implements StreamSink {
  readonly #options: ConnectionOptions;
  readonly #session: Session;
  readonly #output: Output;
  /** Of the stream: attached, or on its way to be. */
  #stream: Promise<Stream> | undefined;
  #attached: Stream | undefined;
  /** The same, also when it is detached. */
  #last: Stream | undefined;
  #fullSince: number | undefined;

  constructor(options: ConnectionOptions) {
    const { subprotocol, sessionId, durability, now } = options;
    this.#options = options;
    this.#session = new Session({ sessionId, durability, openedAt: now() });
    this.#output = new Output({
      subprotocol,
      write: (frames, written) => this.#write(frames, written),
      drained: () => this.#drained(),
      options: options.output,
      frames: options.frames,
    });
  }

  get session(): Session {
    return this.#session;
  }

  /** A whole frame from the peer. */
  frame(bytes: Uint8Array): void {
    if (this.#session.isClosed) return;
    const { subprotocol, now, events } = this.#options;
    events.frame('in');
    const limits = this.#session.caller === undefined ? HELLO_LIMITS : FRAME_LIMITS;
    let actions: readonly Action[];
    try {
      const decoded = decodeCommands(bytes, subprotocol, limits);
      actions = this.#session.frame(decoded, now());
    } catch (error) {
      actions = this.#session.badFrame(this.#known(error), now());
    }
    this.#do(actions);
  }

  /** A frame that is wrong before it is whole: FOQ_TOO_LARGE, or FOQ_INVALID_ARGUMENT. */
  refuse(error: FoqError): void {
    this.#do(this.#session.badFrame(error, this.#options.now()));
  }

  /** The peer sent a sign of life that is no frame. */
  heard(): void {
    this.#session.heard(this.#options.now());
  }

  tick(): void {
    const { services, now } = this.#options;
    const { caller } = this.#session;
    const at = now();
    if (caller !== undefined && services.isRevoked(caller)) this.closeAs('DEVICE_REVOKED');
    const isStuck = this.#fullSince !== undefined && at - this.#fullSince >= SLOW_AFTER_MS;
    if (isStuck) this.closeAs('SLOW');
    this.#do(this.#session.tick(at));
  }

  goAway(retryAfterMs: number): void {
    this.#do(this.#session.goAway(retryAfterMs, this.#options.now()));
  }

  closeAs(reason: CloseReason): void {
    this.#do(this.#session.closeAs(reason, this.#options.now()));
  }

  /** The socket is gone, whoever ended it. */
  gone(): void {
    this.closeAs('GO_AWAY');
    this.#detach();
  }

  /** Of the stream; false when the session is closed, for it may be over its limit. */
  send(events: readonly StreamEvent[]): boolean {
    this.#do(this.#session.events(events, this.#options.now()));
    return !this.#session.isClosed;
  }

  close(code: number): void {
    const known = Object.entries(CLOSE_CODES).find(([, known]) => known === code);
    this.closeAs((known?.[0] ?? 'GO_AWAY') as CloseReason);
  }

  #do(actions: readonly Action[]): void {
    for (const action of actions) this.#doOne(action);
  }

  #doOne(action: Action): void {
    const { subprotocol } = this.#options;
    switch (action.do) {
      case 'send':
        this.#send(encodeOutgoing(action.outgoing, subprotocol));
        break;
      case 'stream':
        for (const event of action.events) this.#send(event.encoded(subprotocol));
        break;
      case 'verify':
        this.#verify(action.ticket, action.token);
        break;
      case 'run':
        this.#run(action.ticket, action.command);
        break;
      case 'attach':
        this.#attach(action.window);
        break;
      case 'detach':
        this.#detach();
        break;
      case 'flow':
        this.#flow(action.window);
        break;
      case 'acknowledged':
        this.#attached?.serverAcked(action.chatId, action.seq);
        break;
      case 'close':
        this.#close(action.code, action.reason);
        break;
    }
  }

  #send(map: Uint8Array): void {
    if (!this.#output.send(map)) this.closeAs('SLOW');
    else if (this.#output.isFull && this.#fullSince === undefined) {
      this.#fullSince = this.#options.now();
      this.#options.socket.pause();
    }
  }

  #drained(): void {
    this.#fullSince = undefined;
    this.#options.socket.resume();
  }

  #write(frames: readonly Uint8Array[], written: () => void): void {
    for (const _ of frames) this.#options.events.frame('out');
    this.#options.socket.write(frames, written);
  }

  #verify(ticket: number, token: string): void {
    const { services, events, now } = this.#options;
    // Before any cryptography, so that a storm of devices costs no more than their frames.
    const retryAfterMs = this.#session.caller === undefined ? events.enters() : 0;
    if (retryAfterMs > 0) {
      const error = new FoqError('FOQ_BUSY', { details: { retryAfterMs } });
      this.#do(this.#session.failed(ticket, error, now()));
      return;
    }
    services.authenticate(token).then(
      (who) => this.#verified(ticket, who),
      (error: unknown) => this.#do(this.#session.failed(ticket, this.#known(error), now())),
    );
  }

  #verified(ticket: number, who: Authenticated): void {
    const { services, events, now } = this.#options;
    if (this.#session.isClosed) return;
    if (services.isRevoked(who)) {
      this.closeAs('DEVICE_REVOKED');
      return;
    }
    const isNew = this.#session.caller === undefined;
    const actions = this.#session.verified(ticket, who, now());
    if (isNew) events.welcome(this);
    this.#do(actions);
  }

  #run(ticket: number, command: ChatCommand): void {
    const { services, now } = this.#options;
    const { caller } = this.#session;
    if (caller === undefined) return;
    const stream = this.#sentTo(caller);
    services.run(stream === undefined ? caller : { ...caller, stream }, command).then(
      (answer) => this.#do(this.#session.done(ticket, answer, now())),
      (error: unknown) => this.#do(this.#session.failed(ticket, this.#known(error), now())),
    );
  }

  /** Undefined before the stream: then nothing can be received. */
  #sentTo(caller: Caller): Sent | undefined {
    const last = this.#last;
    if (last === undefined || last === this.#attached) return last;
    // Detached, because its token has expired: what it was sent can still be acked.
    return {
      sentUpTo: (chatId) => last.sentUpTo(chatId),
      received: (chatId, upToSeq) => this.#options.services.received(caller, chatId, upToSeq),
    };
  }

  #flow(window: Window): void {
    this.#attached?.flow(window).catch((error: unknown) => this.#lost(error));
  }

  /** A stream could not begin, or not go on: the device connects again, unless it has. */
  #lost(error: unknown): void {
    const isFenced = this.#known(error).code === 'FOQ_FENCED';
    this.closeAs(isFenced ? 'CONNECTED_ELSEWHERE' : 'GO_AWAY');
  }

  /** One at a time: a token that was renewed in between finds the stream of before detached. */
  #attach(window: Window): void {
    const { services } = this.#options;
    const { caller } = this.#session;
    if (caller === undefined) return;
    const stream = services.attach(caller, this, window);
    this.#stream = stream;
    stream.then(
      (attached) => {
        if (this.#stream !== stream) return attached.detach();
        this.#attached = attached;
        this.#last = attached;
        return undefined;
      },
      (error: unknown) => {
        if (this.#stream === stream) this.#lost(error);
      },
    );
  }

  #detach(): void {
    this.#stream = undefined;
    this.#attached?.detach();
    this.#attached = undefined;
  }

  #close(code: number, reason: string): void {
    this.#output.writeOut();
    this.#detach();
    this.#options.socket.close(code, reason);
    this.#options.events.closed(this, code);
  }

  /** What is no failure of the world is reported, and told as INTERNAL. */
  #known(error: unknown): FoqError {
    if (error instanceof FoqError) return error;
    this.#options.services.report(error);
    return new FoqError('FOQ_INTERNAL', { cause: error });
  }
}
