// The door of receipts: how far each user has a chat, computed from the cursors of his devices.

export { ownerMarks } from './owner-marks.js';
