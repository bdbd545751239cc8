// The door of tokens: who sends, checked before anything he says is used.

export {
  type DevelopmentKey,
  developmentKey,
  existingDevelopmentKey,
  type TokenClaims,
} from './development-key.js';
export { type Identity, type Scope, TOKEN_BYTES_MAX, type TokenVerifier } from './identity.js';
export { KeySet, type KeySetOptions } from './key-set.js';
export { type Algorithm, type IssuerKey, tokenVerifier, type VerifierKeys } from './verifier.js';
