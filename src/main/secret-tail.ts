/**
 * Of a shorter secret no tail is shown. Four characters tell two keys apart, and what they leave of 16 is still twelve,
 * some 70 bits of a random key: too many to try. A shorter one is often a password, of which four characters say much.
 */
const MIN_LENGTH_FOR_TAIL = 16

/** What may be seen of a secret: its last four characters, or nothing of one with less than 16. */
export function tailOf(secret: string): string {
  return secret.length >= MIN_LENGTH_FOR_TAIL ? secret.slice(-4) : ''
}
