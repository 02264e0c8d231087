// Numbers for people, worded as in crates/report/src/numbers.rs.
import { known, type Interval, type Num, type Report } from "./data";

const SIGNS: Record<string, string> = {
  USD: "$", EUR: "€", GBP: "£", JPY: "¥", INR: "₹", KRW: "₩", NGN: "₦", UAH: "₴", VND: "₫", ILS: "₪",
  BRL: "R$", AUD: "A$", CAD: "C$", NZD: "NZ$", MXN: "MX$",
};
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const UNITS: [number, number, string][] = [
  [999.5e9, 1e12, "T"], [999.5e6, 1e9, "B"], [999.5e3, 1e6, "M"], [999.5, 1e3, "K"],
];

function trimmed(x: number, decimals: number): string {
  return x.toFixed(Math.abs(x - Math.round(x)) < 1e-9 ? 0 : decimals);
}

function unsigned(x: number): string {
  for (const [limit, unit, letter] of UNITS) {
    if (x >= limit) return trimmed(x / unit, x / unit < 99.95 ? 1 : 0) + letter;
  }
  if (x >= 99.95) return trimmed(x, 0);
  if (x >= 0.995) return trimmed(x, 1);
  if (x >= 0.0995) return trimmed(x, 2);
  if (x >= 0.000995) return trimmed(x, 3);
  return x < 1e-12 ? "0" : x.toExponential(1);
}

export function number(x: Num | undefined): string {
  if (!known(x)) return "n/a";
  const digits = unsigned(Math.abs(x));
  return x < 0 && digits !== "0" ? `−${digits}` : digits;
}

export function money(x: Num | undefined, code: string): string {
  const text = number(x);
  if (text === "n/a") return text;
  const sign = SIGNS[code];
  if (!sign) return `${text} ${code}`.trim();
  return text.startsWith("−") ? `−${sign}${text.slice(1)}` : sign + text;
}

/** Money on an axis: a code without a sign would crowd it, and stands in the text instead. */
export function tick(code: string): (x: Num) => string {
  return (x) => (SIGNS[code] ? money(x, code) : number(x));
}

export function percent(x: Num | undefined): string {
  if (!known(x)) return "n/a";
  const a = Math.abs(x * 100);
  const text = a >= 9.95 ? trimmed(a, 0) : a >= 0.995 ? trimmed(a, 1) : a >= 0.005 ? trimmed(a, 2) : "0";
  return `${x < 0 && text !== "0" ? "−" : ""}${text}%`;
}

/** A probability that never claims certainty. */
export function probability(p: Num | undefined): string {
  if (!known(p)) return "n/a";
  return p > 0.99 ? "over 99%" : p < 0.01 ? "under 1%" : `${(p * 100).toFixed(0)}%`;
}

/** The bracket after a number: `2.1–4.6`, or `−0.4 to 1.2` where a minus would read as a dash. */
export function span(low: string, high: string): string {
  if (low === "n/a" || high === "n/a") return "";
  return low.includes("−") || high.includes("−") ? ` (${low} to ${high})` : ` (${low}–${high})`;
}

export function interval(x: Interval | null, show: (x: Num) => string): string {
  return x ? show(x.mean) + span(show(x.q05), show(x.q95)) : "n/a";
}

export function date(iso: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})/.exec(iso);
  const month = match && MONTHS[Number(match[2]) - 1];
  return match && month ? `${Number(match[3])} ${month} ${match[1]}` : iso;
}

/** Formats an amount of the outcome. */
export function outcome(report: Report): (x: Num | undefined) => string {
  return (x) => (report.outcome_is_money ? money(x, report.currency) : number(x));
}
