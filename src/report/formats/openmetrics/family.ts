/** What a metric is made of. */

export type SeriesLabels = Readonly<Record<string, string>>;

export interface MetricFamily {
  readonly name: string;
  readonly type: 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** `_bucket`, `_sum` and `_count` of a histogram. */
  readonly suffix?: string;
  readonly labels?: SeriesLabels;
  readonly value: number;
}
