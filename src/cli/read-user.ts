import { userInfo } from 'node:os';

/** Who pauses something. Empty where the operating system knows no user, as in some containers. */
export function readUser(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}
