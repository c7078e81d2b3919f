/** The families of addresses that are tried. */
import { z } from 'zod';
import { FAMILIES } from '../../model/family.ts';

export const families = z
  .array(z.enum(FAMILIES))
  .min(1)
  .refine((listed) => new Set(listed).size === listed.length, { error: 'a family is listed twice' })
  .meta({ uniqueItems: true, examples: [['IPv4', 'IPv6']] });
