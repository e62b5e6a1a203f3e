/** Times in words. All are ms. */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3 s`, `12 min`, `5 h`, `2 d`; a time that lies ahead (clocks differ) counts as 0. */
export function durationWords(ms: number): string {
  const time = Math.max(0, ms);
  if (time < MINUTE) return `${String(Math.floor(time / SECOND))} s`;
  if (time < HOUR) return `${String(Math.floor(time / MINUTE))} min`;
  if (time < 2 * DAY) return `${String(Math.floor(time / HOUR))} h`;
  return `${String(Math.floor(time / DAY))} d`;
}

/** `just now` under one second, then `3 s ago`. */
export function ageWords(at: number, now: number): string {
  return now - at < SECOND ? "just now" : `${durationWords(now - at)} ago`;
}

/** `14:03:27`, with the date before it when that is not today's. Local time. */
export function momentWords(at: number, now: number): string {
  const moment = new Date(at);
  const two = (part: number): string => String(part).padStart(2, "0");
  const time = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(":");
  if (moment.toDateString() === new Date(now).toDateString()) return time;
  return `${String(moment.getFullYear())}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${time}`;
}
