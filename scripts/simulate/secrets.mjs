/** Planted: no history, manifest or log may have it. */
export const API_KEY = 'llx-simulated-planted-9c2f61';

/** In every presigned URL of the emulator. */
export const SIGNATURE = 'signature=';
