// Shapes of the data that the report carries; they mirror crates/report/src/data.rs and creators.rs; plan and stress are in plan.ts. A missing number is null.
import type { Plan, Stress } from "./plan";

export type Num = number | null;

export interface Interval {
  mean: Num;
  q05: Num;
  q50: Num;
  q95: Num;
}

export interface Driver {
  name: string;
  kind: "channel" | "creator" | "organic" | "treatment";
  spend: Num;
  incremental: Interval;
  roi: Interval | null;
  mroi: Interval | null;
  cost_per_increment: Interval | null;
  share: Interval;
  prob_roi_above_1: Num;
  moved_from_prior: Num;
  identified: boolean;
}

export interface Series {
  driver: string;
  kind: "baseline" | "controls" | "driver";
  mean: Num[];
  q05: Num[];
  q95: Num[];
}

export interface FitSeries {
  observed: Num[];
  expected_mean: Num[];
  expected_q05: Num[];
  expected_q95: Num[];
  predicted_q05: Num[];
  predicted_q95: Num[];
}

export interface Curve {
  driver: string;
  spend: number[];
  mean: Num[];
  q05: Num[];
  q95: Num[];
  current_spend: Num;
  observed_max: Num;
  unit: string;
}

export interface Density {
  driver: string;
  parameter: string;
  label: string;
  x: number[];
  prior: Num[];
  posterior: Num[];
}

export interface Decay {
  driver: string;
  lags: number[];
  mean: Num[];
  q05: Num[];
  q95: Num[];
}

export interface Platform {
  name: string;
  views: Num[];
  effect_per_thousand: Interval;
}

export interface Creator {
  name: string;
  platforms: number[];
  posts: number;
  views: Num;
  views_by_date: Num[];
  effect: Interval;
  per_view: Interval;
  cost: { fixed: Num; by_views: Num; by_sales: Num; product: Num } | null;
  roi: Interval | null;
  prob_roi_above_1: Num;
  fee_paid: Num;
  fair_fee: Num;
  break_even_fee: Interval | null;
  tracked: Num;
  capture: Interval | null;
  leak: Interval | null;
  identified: boolean;
  verdict: string;
}

export interface PostMark {
  creator: number;
  platform: number;
  date: string;
  name: string;
  views: Num;
}

export interface Kernel {
  platform: number;
  format: string;
  days: number[];
  mean: Num[];
  q05: Num[];
  q95: Num[];
  half_life_days: Interval;
  learned: boolean;
  observed: { days: Num; share: Num }[];
}

export interface Concentration {
  hhi: Interval;
  effective: Interval;
}

export interface Creators {
  platforms: Platform[];
  roster: Creator[];
  posts: PostMark[];
  kernels: Kernel[];
  dependence: {
    shares: { platform: string; creators: Interval | null; channels: Interval | null; together: Interval }[];
    creators: Concentration;
    channels: Concentration | null;
  };
  channel_exposure: Num[];
  traits: { name: string; change: string; factor: Interval }[];
  not_incremental: Interval | null;
}

export interface Report {
  currency: string;
  outcome_name: string;
  outcome_is_money: boolean;
  returns_are_money: boolean;
  return_word: string;
  cadence_word: string;
  dates: string[];
  geos: string[];
  drivers: Driver[];
  baseline_share: Interval;
  controls_share: Interval | null;
  total_outcome: Num;
  contributions: Series[];
  fit: { national: FitSeries; by_geo: FitSeries[] };
  curves: Curve[];
  prior_posterior: Density[];
  adstock: Decay[];
  creators?: Creators;
  plan?: Plan;
  stress?: Stress;
}

/** The report's data, from the page. */
export function read(): Report {
  return JSON.parse(document.getElementById("report-data")!.textContent!) as Report;
}

/** Whether it is a number that can be drawn. */
export function known(x: Num | undefined): x is number {
  return typeof x === "number" && Number.isFinite(x);
}
