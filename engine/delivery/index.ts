// The door of delivery: a hub per queue handle, which makes its consumers.

export { DeliveryHub, type Later } from './hub.js';
