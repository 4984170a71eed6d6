/** The gRPC status codes that the command tells apart. */
export const GRPC_CODES = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** Finds the gRPC status in a chain of causes: the SDK wraps the errors of gRPC. */
export function findGrpcStatus(error: unknown): GrpcStatus | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'number' && 'details' in current) {
      // A worker's connection puts the text into the message.
      return { code: current.code, details: String(current.details) || current.message };
    }
  }
  return undefined;
}
