// The door of the gateway: sessions of devices over WebSockets. What commands do, and where
// messages come from, it is given.

export { Gateway, type GatewayOptions, type GatewayStats } from './gateway.js';
export { listen } from './listener.js';
export type {
  Answer,
  Authenticated,
  Caller,
  ChatCommand,
  ChatCommandName,
  Sent,
  Services,
  Stream,
  StreamEvent,
  StreamSink,
  Window,
} from './services.js';
