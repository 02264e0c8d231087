// What the pictures of plan and stress share: shapes of the data as in crates/report/src/plan.rs, and how changes are worded.
import { known, type Interval, type Num, type Report } from "./data";
import { COLOURS } from "./theme";

export interface Spread extends Interval {
  cvar10: Num;
}

export interface PlannedDriver {
  driver: string;
  kind: string;
  platform: string;
  last: Num;
  plan: Num;
  posts: number;
  incremental_mean: Num;
  incremental_q05: Num;
  incremental_q95: Num;
  mroi_mean: Num;
  extrapolated: boolean;
  plan_by_period: Num[];
  last_by_period: Num[];
  posts_by_period: number[];
}

export interface Plan {
  starts: string;
  ends: string;
  budget: Num;
  risk: Num;
  periods: string[];
  drivers: PlannedDriver[];
  frontier: { risk: number; profit: Spread; posts: number }[];
}

export interface Shock {
  shock: string;
  platform: string;
  per_year: Num;
  profit_change: Spread | null;
  outcome_change: Spread;
  source: string;
}

export interface Stress {
  dependence: { platform: string; share_mean: Num; share_q05: Num; share_q95: Num }[];
  effective_bets: Spread;
  shocks: Shock[];
}

/** What a driver of a plan is expected to bring. */
export function brings(d: PlannedDriver): Interval {
  return { mean: d.incremental_mean, q05: d.incremental_q05, q50: null, q95: d.incremental_q95 };
}

/** Change of money in percent, in words where there is nothing to compare. */
export function change(d: PlannedDriver): string {
  const [last, plan] = [d.last ?? 0, d.plan ?? 0];
  if (last <= 0) return plan > 0 ? "new" : "–";
  if (plan <= 0) return "none";
  const x = plan / last - 1;
  if (Math.abs(x) < 0.005) return "0%";
  // A small base makes percents that nobody can read.
  if (x >= 9.95) return `×${Math.round(plan / last)}`;
  return `${x > 0 ? "+" : "−"}${Math.abs(x * 100).toFixed(0)}%`;
}

/** Colour of a platform by name: that of the creators' pictures, and another where they do not know it. */
export function colourNamed(report: Report, platform: string, otherwise = "var(--accent)"): string {
  const index = report.creators?.platforms.findIndex((p) => platform === p.name || platform.startsWith(`${p.name} + `)) ?? -1;
  return index < 0 ? otherwise : COLOURS[index % COLOURS.length];
}

/** Most first; what is no number counts as none. */
export function most(a: Num, b: Num): number {
  return (known(b) ? b : 0) - (known(a) ? a : 0);
}
