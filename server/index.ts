// The door of the broker, for the command line and for who embeds one.

export { type Broker, startBroker } from './broker.js';
export {
  type Config,
  configRows,
  envNameOf,
  flagNameOf,
  OPTIONS,
  type OptionName,
  readConfig,
} from './config.js';
