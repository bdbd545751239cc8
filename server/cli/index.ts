// The door of the command line, for the demo: how one becomes a device of a broker in development.

export { admitted, type BrokerPlace, chatUrlOf, deviceToken } from './admission.js';
export { FileStorage } from './file-storage.js';
export { NodeWebSocket } from './web-socket.js';
