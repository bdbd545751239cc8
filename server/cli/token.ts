// `foq token --user NAME`: a token for a device of a user, both made if they are missing.

import { type Admission, deviceToken } from './admission.js';
import { print } from './output.js';

export async function token(given: Admission): Promise<void> {
  await print(`${await deviceToken(given)}\n`);
}
