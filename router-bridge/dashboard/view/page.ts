/**
 * The whole page: header with the state of the link, boards, and topics that no board described. Owns which views exist;
 * reads everything else from the store.
 */
import type { Request } from "../session/acting.ts";
import { plainText } from "../state/untrusted.ts";
import type { Store } from "../state/store.ts";
import { linkWords, type LinkWords, titleWords } from "../words/link.ts";
import { type AccountActions, AccountView } from "./account-view.ts";
import { boardView, type BoardView } from "./board-view.ts";
import { forgetPalette } from "./chart.ts";
import { ConfirmDialog } from "./confirm-dialog.ts";
import { element, say, setAttribute, setText, show } from "./element.ts";
import type { ItemView } from "./item-view.ts";
import { type LoginActions, LoginForm } from "./login-form.ts";
import type { PageContext } from "./page-context.ts";
import { sensorView } from "./sensor-view.ts";
import { themeButton } from "./theme.ts";

export class Page {
  readonly #context: PageContext;
  readonly #boards = element("div", { class: "boards" });
  readonly #strangers = element("ul", { class: "items" });
  readonly #strangersSection = element(
    "section",
    { class: "board strangers", hidden: true, "aria-label": "Other readings" },
    element(
      "header",
      { class: "board-head" },
      element("h2", {}, "Other readings"),
      element("p", { class: "about" }, "Topics under sensor. that no board on this page has described"),
    ),
    element("div", { class: "sensors" }, this.#strangers),
  );
  readonly #empty = emptyPage();
  readonly #pill = element("span", { class: "pill" });
  readonly #banner = element("p", { class: "banner", hidden: true });
  readonly #notice = element("p", { class: "banner", role: "alert", hidden: true });
  /** Read aloud when the link or a board comes or goes, and not with each second of a countdown. */
  readonly #announcer = element("p", { class: "unseen", role: "status" });
  readonly #loginForm: LoginForm;
  readonly #account: AccountView;
  readonly #boardViews = new Map<string, BoardView>();
  readonly #strangerViews = new Map<string, ItemView>();
  #structure = -1;

  /** @param actions carries out what a person asks for. */
  constructor(root: HTMLElement, store: Store, { act, login }: PageActions) {
    this.#loginForm = new LoginForm(login);
    this.#account = new AccountView(login);
    const dialog = new ConfirmDialog();
    this.#context = {
      store,
      act,
      confirm: async (action, what, args) =>
        action.safety !== "hazardous" ||
        dialog.ask(`${what}?`, {
          details: action.description || "This can do harm when it is done by mistake.",
          values: action.args.slice(0, args.length).map(({ name }, index) => `${name}: ${plainText(args[index])}`),
          yes: action.title,
        }),
    };
    const brand = element("h1", { class: "brand" }, "Pinion");
    const bar = element(
      "div",
      { class: "bar" },
      brand,
      this.#pill,
      this.#account.node,
      themeButton(() => this.#recolour()),
    );
    const main = element("main", {}, this.#loginForm.node, this.#empty, this.#boards, this.#strangersSection);
    root.replaceChildren(
      element("header", { class: "top" }, bar, this.#banner, this.#notice, this.#announcer),
      main,
      dialog.node,
    );
  }

  paint(): void {
    const { store } = this.#context;
    const now = Date.now();
    const asked = store.login.kind === "needed" || store.login.kind === "trying";
    const outside = asked && !(store.login.kind === "needed" && store.login.offered);
    const words = outside ? OUTSIDE : linkWords(store.link, now);
    this.#loginForm.paint(store.login);
    this.#account.paint(store.login);
    setText(this.#pill, words.short);
    setAttribute(this.#pill, "data-tone", words.tone);
    const away = store.boards.filter(({ presence }) => presence.kind === "offline");
    setText(this.#announcer, [words.short, ...away.map(({ model }) => `${model.title} is offline`)].join(". "));
    say(this.#banner, words.long);
    say(this.#notice, [store.notice ?? "", leftOutWords(store)].join(" ").trim());
    const title = outside ? "Log in · Pinion" : titleWords(store.link, store.boards);
    if (document.title !== title) document.title = title;
    if (this.#structure !== store.structure) this.#rebuild();
    for (const view of this.#boardViews.values()) view.paint(now);
    for (const view of this.#strangerViews.values()) view.paint(now);
    // what was seen before belongs to whoever was logged in
    show(this.#boards, !outside);
    show(this.#strangersSection, !outside && store.strangers.length > 0);
    show(this.#empty, !outside && store.boards.length === 0 && store.link.kind === "connected");
  }

  #recolour(): void {
    forgetPalette();
    // The first call comes while the page is still being made.
    if (this.#structure >= 0) this.paint();
  }

  #rebuild(): void {
    const { store } = this.#context;
    this.#structure = store.structure;
    const boards = store.boards.toSorted((a, b) => a.model.title.localeCompare(b.model.title));
    for (const [id, view] of this.#boardViews) {
      if (store.board(id)?.revision === view.revision) continue;
      view.destroy?.();
      view.node.remove();
      this.#boardViews.delete(id);
    }
    for (const [index, board] of boards.entries()) {
      const view = this.#boardViews.get(board.model.id) ?? boardView(this.#context, board);
      this.#boardViews.set(board.model.id, view);
      // Moving a node that is in its place already would drop its focus.
      const present = this.#boards.children[index];
      if (present !== view.node) this.#boards.insertBefore(view.node, present ?? null);
    }
    this.#rebuildStrangers();
  }

  #rebuildStrangers(): void {
    const { strangers } = this.#context.store;
    const topics = new Set(strangers.map(({ topic }) => topic));
    for (const [topic, view] of this.#strangerViews) {
      if (topics.has(topic)) continue;
      view.destroy?.();
      view.node.remove();
      this.#strangerViews.delete(topic);
    }
    for (const topic of topics) {
      if (this.#strangerViews.has(topic)) continue;
      const view = sensorView(this.#context, {
        topic,
        title: topic.replace(/^sensor\./, ""),
        model: undefined,
        board: undefined,
      });
      this.#strangerViews.set(topic, view);
      this.#strangers.append(view.node);
    }
    show(this.#strangersSection, topics.size > 0);
  }
}

/** What can be asked of the page's session. */
export interface PageActions {
  readonly act: (request: Request) => Promise<boolean>;
  readonly login: LoginActions & AccountActions;
}

const OUTSIDE: LinkWords = { tone: "busy", short: "Logged out", long: "" };

function leftOutWords({ leftOut }: Store): string {
  const parts = [
    leftOut.boards > 0 ? `${String(leftOut.boards)} boards` : "",
    leftOut.streams > 0 ? "readings of further topics" : "",
  ].filter((part) => part !== "");
  const limited = parts.length === 0 ? "" : `Not shown, over this page's limits: ${parts.join(" and ")}.`;
  return `${limited} ${slowWords(leftOut.readings)}`.trim();
}

function slowWords(readings: number): string {
  if (readings === 0) return "";
  return `The router left out ${String(readings)} readings that this page was too slow for; charts are filled from the boards' history.`;
}

function emptyPage(): HTMLElement {
  const code = (text: string): HTMLElement => element("code", {}, text);
  return element(
    "section",
    { class: "empty", hidden: true },
    element("h2", {}, "No board has announced itself yet"),
    element(
      "p",
      {},
      "This page is connected to the router and asks every board to describe itself. A board shows up here by itself as soon as it joins.",
    ),
    element(
      "ul",
      {},
      element("li", {}, "Start a board: ", code("pinion-device --config board.yaml")),
      element(
        "li",
        {},
        "Check that ",
        code("router.url"),
        " in its configuration names this router, and that the realm is the same.",
      ),
      element("li", {}, "To try Pinion without a board, ", code("npm start"), " brings a simulated one."),
    ),
  );
}
