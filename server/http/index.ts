// The door of HTTP: an app that answers health, metrics, users, devices and chats to read.

export { type HttpOptions, httpApp } from './app.js';
export type { Development, HttpServices, SocketStats } from './services.js';
