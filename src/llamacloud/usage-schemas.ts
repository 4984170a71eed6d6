import { z } from 'zod';

/** A bucket without credits is an error: leaving it out would make a total too small. */
export const usageSchema = z.looseObject({
  buckets: z.array(
    z.looseObject({
      /** Values that the bucket stands for, by the names of `groupBy`. */
      dimensions: z.record(z.string(), z.string()),
      total_credits: z.number(),
      /** Pages, or another unit of the `event_type`. */
      total_value: z.number().optional().catch(undefined),
      /** Records that were added up. */
      metric_count: z.number().optional().catch(undefined),
    }),
  ),
});
/** Credits that an organization has used, in groups. */
export type Usage = z.infer<typeof usageSchema>;
