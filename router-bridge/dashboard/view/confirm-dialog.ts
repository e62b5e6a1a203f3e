/** Asks a person before a hazardous action. One question at a time; leaving the dialog in any way means no. */
import { element, say, setText, uniqueId } from "./element.ts";

export interface Question {
  readonly details: string;
  /** What would be sent, one line each. */
  readonly values: readonly string[];
  /** The word on the button that does it. */
  readonly yes: string;
}

export class ConfirmDialog {
  readonly node: HTMLDialogElement;
  readonly #question: HTMLElement;
  readonly #details: HTMLElement;
  readonly #values = element("p", { class: "answer" });
  readonly #yes: HTMLButtonElement;

  constructor() {
    const [titleId, detailsId] = [uniqueId("confirm"), uniqueId("confirm")];
    this.#question = element("h2", { id: titleId });
    this.#details = element("p", { id: detailsId });
    this.#yes = element("button", { class: "button danger", value: "yes" });
    const no = element("button", { class: "button", value: "no", autofocus: true }, "Cancel");
    const form = element("form", { method: "dialog" }, element("div", { class: "dialog-buttons" }, no, this.#yes));
    this.node = element(
      "dialog",
      { class: "confirm", "aria-labelledby": titleId, "aria-describedby": detailsId },
      this.#question,
      this.#details,
      this.#values,
      form,
    );
  }

  ask(question: string, { details, values, yes }: Question): Promise<boolean> {
    if (this.node.open) return Promise.resolve(false);
    setText(this.#question, question);
    setText(this.#details, details);
    say(this.#values, values.join("\n"));
    setText(this.#yes, yes);
    this.node.returnValue = "no";
    this.node.showModal();
    return new Promise((resolve) => {
      this.node.addEventListener("close", () => resolve(this.node.returnValue === "yes"), { once: true });
    });
  }
}
