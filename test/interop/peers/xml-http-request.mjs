/*
 * What autobahn's long-poll transport needs of a browser, on fetch. Requests to one address go one after the other, as over one
 * connection: it does not wait for one message to be sent before it sends the next. It takes 202, by which the specification wants
 * a message that was sent to be answered, for a failure (Crossbar.io answers 204), so it is told 204.
 */
const lines = new Map();

export class XMLHttpRequest {
  readyState = 0;
  status = 0;
  statusText = "";
  responseText = "";
  #method = "GET";
  #url = "";
  #headers = {};

  open(method, url) {
    this.#method = method;
    this.#url = url;
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  send(body) {
    const before = lines.get(this.#url) ?? Promise.resolve();
    lines.set(
      this.#url,
      before.then(() => this.#run(body)),
    );
  }

  async #run(body) {
    try {
      const response = await fetch(this.#url, { method: this.#method, headers: this.#headers, body });
      this.responseText = await response.text();
      this.status = response.status === 202 ? 204 : response.status;
      this.statusText = response.statusText;
    } catch (error) {
      this.statusText = String(error);
    }
    this.readyState = 4;
    this.onreadystatechange?.();
  }
}
