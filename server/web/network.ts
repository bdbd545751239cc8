// The way to the broker, with a switch: while it is off the socket is closed and none is made, as
// on a phone in a tunnel. The client notices a lost connection, and what it is given to send waits
// in its outbox.

import type { Socket, SocketClass } from '../../protocol/client/index.js';

export class Network {
  #isOn: boolean;
  #wake: (() => void)[] = [];
  readonly #sockets = new Set<WebSocket>();

  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  switch(isOn: boolean): void {
    this.#isOn = isOn;
    if (isOn) for (const wake of this.#wake.splice(0)) wake();
    else for (const socket of this.#sockets) socket.close();
  }

  /** Resolves while it is on; a client waits for it before it connects. */
  on(): Promise<void> {
    return this.#isOn ? Promise.resolve() : new Promise((resolve) => this.#wake.push(resolve));
  }

  /** Makes sockets that this switch closes. */
  socketClass(): SocketClass {
    const make = (url: string, subprotocols: string[]) => {
      const socket = new WebSocket(url, subprotocols);
      this.#sockets.add(socket);
      socket.addEventListener('close', () => this.#sockets.delete(socket));
      if (!this.#isOn) socket.close();
      return socket as Socket;
    };
    // A constructor that returns an object makes that object.
    return function NetworkSocket(url: string, subprotocols: string[]) {
      return make(url, subprotocols);
    } as unknown as SocketClass;
  }
}
