// The door of the command line, for the demo: how one becomes a device of a broker in development.

export { admitted, type BrokerPlace, chatUrlOf, makeUser } from './admission.js';
export { NodeWebSocket } from './web-socket.js';
