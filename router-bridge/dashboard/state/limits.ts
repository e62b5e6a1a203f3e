/** What the page holds at most, whatever boards and strangers send. Beyond a limit things are left out and counted. */
export const limits = {
  boards: 32,
  channelsPerBoard: 128,
  actionsPerChannel: 16,
  argumentsPerAction: 8,
  streamsPerChannel: 32,
  /** Streams of all boards, and topics that no board described. */
  streams: 512,
  detailsPerChannel: 16,
  /** Characters of a title, a name, a unit; longer ones are cut. */
  text: 200,
  /** Characters of a URI; longer ones are refused. */
  uri: 300,
  /** Lines kept of a stream of text. */
  lines: 50,
  /** Time that a chart shows, ms. */
  chartSpan: 5 * 60_000,
  /** Slots over that time; each keeps its lowest and its highest value. */
  chartSlots: 750,
  /** Items of a JSON value that are shown. */
  jsonText: 400,
} as const;
