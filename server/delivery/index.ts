// The door of delivery: brings what the engine delivers to the sessions of devices.

export { DeliveryService } from './delivery-service.js';
export type {
  Attachment,
  DeliveryContext,
  DeviceSink,
  DeviceWindow,
  Later,
  SentEvent,
} from './types.js';
