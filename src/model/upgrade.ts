/** The runs of an upgrade, in their order: how it was, what was seen while it went on, and how it is. */
export const UPGRADE_PARTS = ['before', 'during', 'after'] as const;
export type UpgradePart = (typeof UPGRADE_PARTS)[number];
