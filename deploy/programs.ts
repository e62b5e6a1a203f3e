/** The programs that Pinion ships: where each starts, what it may weigh, what its bundle must never hold. */
export interface Program {
  /** The file's name without extension, and the command's. */
  readonly name: string;
  /** Relative to the repository's root. */
  readonly entry: string;
  /** Further programs in its folder, which share its parts: names without extension, and entries. */
  readonly further?: Readonly<Record<string, string>>;
  /** Octets of its minified parts together, addons not counted; a board loads those that it uses. A change that needs more says why here. */
  readonly budget: number;
  /** Whether native addons are shipped beside it. */
  readonly addons: boolean;
  /** What its start script hands to Node. */
  readonly nodeOptions: readonly string[];
  /** Packages, files of packages, and parts of Node, that its dependencies load and this program never uses: each is replaced by what refuses. */
  readonly leftOut: readonly string[];
  /** Whether the dashboard's files are shipped beside it. */
  readonly dashboard: boolean;
  /** Whether the files that `pinion create` begins with are shipped beside it. */
  readonly project?: true;
}

export const programs: readonly Program[] = [
  {
    name: "pinion-device",
    entry: "device/program.ts",
    further: { "pinion-driver-guest": "device/guest/inside/main.ts" },
    // 40 kB of it are releases and configurations from afar, of which 30 are loaded when somebody asks
    // 60 kB more are the doctor and the suite that tries drivers, loaded when somebody asks
    // 70 kB are the rest of TypeBox, for drivers of others alone
    // what an idle board loads of it is held to 400 kB by test/system/parts-on-demand.test.ts
    budget: 1_000_000,
    addons: true,
    dashboard: false,
    // left to grow, the space for new objects takes 25 MB more at 1,000 readings a second, for the same processor time
    nodeOptions: ["--max-semi-space-size=1"],
    leftOut: [],
  },
  // 100 kB of it are prom-client, which is loaded only where metrics are configured
  {
    name: "pinion-router-bridge",
    entry: "router-bridge/main.ts",
    budget: 780_000,
    addons: false,
    dashboard: true,
    nodeOptions: [],
    leftOut: ["thread-stream"],
  },
  {
    name: "pinion",
    entry: "packages/cli/main.ts",
    // 200 kB of it are the client library that `pinion create` lays down in a project
    budget: 560_000,
    addons: false,
    dashboard: false,
    nodeOptions: [],
    leftOut: [],
    project: true,
  },
];

/** The dashboard: one script, one style sheet, one page. */
export const dashboard = {
  entry: "router-bridge/dashboard/main.ts",
  page: "router-bridge/dashboard/index.html",
  /** Octets of script and style together, minified, before compression. */
  budget: 260_000,
} as const;
